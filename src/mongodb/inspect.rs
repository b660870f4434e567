//! What a MongoDB database is asked before and after a migration. All of it is read only.
//!
//! A question is a call of a function in `lib/database/mongodb/check.js`, by its name and data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::access::Access;
use super::migration::{Join, Migration, Side, Steps, Task, migration};
use crate::inspection::{
    Asked, Copied, Database, Finding, Inspected, Inspection, Query, Question, Related, State,
    Stored, Touched, Within,
};
use crate::locale;
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};
use crate::reconcile::{Link, Reconciled, Repair, Repaired};
use crate::relationship::{self, Kind, Relationship};
use crate::snapshot::Snapshot;
use crate::step::{
    CollectionStep, DocumentField, DocumentPlace, JoinCollection, Owner, Planned, by_relationship,
};

/// Asks for what is not among the answers yet, or says what the answers come to.
///
/// # Errors
/// The key of a wrong answer.
pub fn inspect(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: &AdapterPlan,
    (steps, indexes): Steps<'_>,
    asked: Asked<'_>,
) -> Result<Inspected, String> {
    let mut steps_of = by_relationship(steps);
    let relationships = plan
        .relationships_of(adapter)
        .map(|(at, it)| Places::new(at, it, &steps_of.remove(&at).unwrap_or_default(), snapshot))
        .collect();
    let migration = migration(plan, (steps, indexes), asked.options);
    let copies = steps
        .iter()
        .map(|Planned { relationship, step }| (*relationship, copies(step, asked.options)))
        .collect();
    let tasks = migration.relationships.iter().map(|it| (it.relationship, it.clone())).collect();
    let joins = plan.relationships_of(adapter).filter_map(|(_, it)| join_of(&it.left, snapshot));
    let lists = snapshot.lists.iter().filter_map(|list| list.collection.as_deref());
    let own: BTreeSet<&str> = joins.chain(lists).collect();
    let mirrored = plan.relationships_of(adapter).filter_map(|it| mirrored(it, snapshot));
    // Pluralized and in lower case, both may have the same name.
    let mirrored = mirrored.filter(|(.., join)| !own.contains(&*join.name)).collect();
    Inspector { plan, snapshot, adapter, asked, relationships, mirrored, migration, tasks, copies }
        .inspect()
}

/// The join collection of a relationship as it is called where its sides are the other way round.
fn mirrored<'a>(
    (at, relationship): (usize, &'a Relationship),
    snapshot: &Snapshot,
) -> Option<(usize, &'a Relationship, JoinCollection)> {
    let right = relationship.right.as_ref().filter(|right| relationship.left.many && right.many)?;
    let join = JoinCollection {
        name: join_of(right, snapshot)?.to_owned(),
        near: [&right.key, "_left_id"].concat(),
        far: [&relationship.left.key, "_right_id"].concat(),
    };
    Some((at, relationship, join))
}

/// The join collection with a side on the left.
fn join_of<'a>(side: &relationship::Side, snapshot: &'a Snapshot) -> Option<&'a str> {
    let field = snapshot.lists[side.list].fields[side.field].relationship.as_ref()?;
    field.join_collection.as_ref().map(|join| &*join.name)
}

/// What a step copies, or its reverse on the way back: without sizes.
pub fn copies(step: &CollectionStep, options: Options) -> Vec<Copied> {
    let copied = |from: &DocumentPlace, into: String| {
        let collection = from.collection().clone();
        Copied { from: from.to_string(), into, collection, documents: None, bytes: None }
    };
    match (step, options.direction) {
        (CollectionStep::CopyLinks { from, also, into, .. }, Direction::Up) => {
            let also = also.iter().filter(|_| options.reconcile);
            let fields = std::iter::once(from).chain(also);
            let place = |field: &DocumentField| DocumentPlace::Field(field.clone());
            fields.map(|field| copied(&place(field), into.name.clone())).collect()
        }
        (CollectionStep::UnsetField { field, kept, .. }, Direction::Down) => {
            vec![copied(kept, field.to_string())]
        }
        _ => Vec::new(),
    }
}

/// The places of a relationship in both schemas.
struct Places<'a> {
    at: usize,
    relationship: &'a Relationship,
    places: Vec<Place>,
}

struct Place {
    place: DocumentPlace,
    owner: Owner,
    schema: Within,
    is_kept: bool,
}

impl Place {
    fn field(field: &DocumentField, owner: Owner, schema: Within, is_kept: bool) -> Self {
        Place { place: DocumentPlace::Field(field.clone()), owner, schema, is_kept }
    }

    fn name(&self) -> String {
        self.place.to_string()
    }

    /// What is asked about it.
    fn about(&self) -> Value {
        match &self.place {
            DocumentPlace::Field(field) => json!(Side::from(field)),
            DocumentPlace::JoinCollection(join) => json!({ "join": Join::from(join) }),
        }
    }
}

impl<'a> Places<'a> {
    /// From its steps of the way up.
    fn new(
        at: usize,
        relationship: &'a Relationship,
        steps: &[&CollectionStep],
        snapshot: &Snapshot,
    ) -> Self {
        let mut places = Vec::new();
        for step in steps {
            match step {
                CollectionStep::CopyLinks { from, also, into, .. } => {
                    places.push(Place::field(from, Owner::Left, Within::Old, true));
                    places.extend(
                        also.as_ref().map(|it| Place::field(it, Owner::Right, Within::Old, false)),
                    );
                    let place = DocumentPlace::JoinCollection(into.clone());
                    let (owner, schema) = (Owner::Left, Within::New);
                    places.push(Place { place, owner, schema, is_kept: true });
                }
                CollectionStep::UnsetField { field, owner, kept: DocumentPlace::Field(kept) } => {
                    let other = owner.other();
                    places.push(Place::field(kept, other, Within::Both, true));
                    places.push(Place::field(field, *owner, Within::Old, false));
                }
                _ => {}
            }
        }
        let left = &relationship.left;
        let collection = snapshot.lists[left.list].collection.as_ref();
        if let Some(collection) = collection.filter(|_| places.is_empty()) {
            let (collection, field) = (collection.clone(), left.path.to_string());
            let field = DocumentField { collection, field, many: left.many, index: None };
            places.push(Place::field(&field, Owner::Left, Within::Both, true));
        }
        Places { at, relationship, places }
    }

    fn is_changed(&self) -> bool {
        self.places.iter().any(|place| place.schema != Within::Both)
    }
}

struct Inspector<'a> {
    snapshot: &'a Snapshot,
    plan: &'a UpgradePlan,
    adapter: &'a AdapterPlan,
    asked: Asked<'a>,
    relationships: Vec<Places<'a>>,
    mirrored: Vec<(usize, &'a Relationship, JoinCollection)>,
    migration: Migration<'a>,
    /// Its relationships by their index in the plan.
    tasks: BTreeMap<usize, Task<'a>>,
    /// What each step copies, with the index of its relationship.
    copies: Vec<(usize, Vec<Copied>)>,
}

#[derive(Deserialize)]
struct Server {
    name: String,
    user: Option<String>,
    version: String,
    access: Option<Access>,
    /// Milliseconds.
    silence: Option<f64>,
}

/// As [`Reconciled`], without the places.
#[derive(Deserialize)]
struct Reconciling {
    added: u64,
    cleared: u64,
    dropped: u64,
    examples: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    action: Repair,
    #[serde(flatten)]
    link: Link,
    instead: Vec<Link>,
}

#[derive(Deserialize)]
struct Size {
    documents: u64,
    bytes: u64,
}

#[derive(Deserialize)]
struct Count {
    links: u64,
    #[serde(default)]
    targets: Option<u64>,
}

/// A run that did not end.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unfinished {
    is_resumed: bool,
    /// What there is to say of it, unless its copies are thrown away.
    found: Option<Found>,
}

#[derive(Deserialize)]
struct Found {
    message: String,
    stops: bool,
}

impl Inspector<'_> {
    fn inspect(self) -> Result<Inspected, String> {
        for questions in [self.presence(), self.contents()?] {
            let open: Vec<Question> = questions
                .into_iter()
                .filter(|it| !self.asked.answers.contains_key(&it.key))
                .collect();
            if !open.is_empty() {
                return Ok(Inspected::Questions(open));
            }
        }
        Ok(self.conclude()?.conclude())
    }

    /// What is there.
    fn presence(&self) -> Vec<Question> {
        let mut questions = vec![ask("server".to_owned(), json!(["server"]))];
        if !self.asked.is_running {
            questions.push(ask("at work before".to_owned(), json!(["atWork"])));
            questions.push(ask("collections".to_owned(), json!(["collections"])));
        }
        for name in ["wrongServer", "unfinished", "wrongDatabase"] {
            questions.push(ask(name.to_owned(), json!([name, self.migration])));
        }
        let reads_text = self.migration.options.reconcile;
        for (at, _, join) in self.mirrored.iter().filter(|_| !self.asked.is_running) {
            let place = json!({ "join": Join::from(join) });
            questions.push(ask(mirrored_key(*at), json!(["links", place, reads_text])));
        }
        for it in &self.relationships {
            for (number, place) in it.places.iter().enumerate() {
                questions.push(ask(
                    links_key(it.at, number),
                    json!(["links", place.about(), reads_text]),
                ));
            }
        }
        for (at, task) in &self.tasks {
            questions.push(self.ask_about(pending_key(*at), "isPending", task));
        }
        questions
    }

    /// What is to be copied, and what the checks find, where there is something to do.
    fn contents(&self) -> Result<Vec<Question>, String> {
        if self.presence().iter().any(|it| !self.asked.answers.contains_key(&it.key)) {
            return Ok(Vec::new());
        }
        let mut questions = Vec::new();
        // Which does not know what is asked.
        let is_old = self.answer::<Option<String>>("wrongServer")?.is_some();
        for (at, task) in &self.tasks {
            if !self.is_pending(*at)? || is_old {
                continue;
            }
            questions.push(self.ask_about(expected_key(*at), "expected", task));
            if self.migration.options.reconcile && !self.is_resumed()? {
                questions.push(self.ask_about(reconciled_key(*at), "reconciled", task));
            }
            // A migration that runs checks by itself, and one that was stopped has checked.
            if !self.asked.is_running && !self.is_resumed()? {
                questions.push(self.ask_about(checks_key(*at), "checks", task));
            }
        }
        if !self.asked.is_running {
            if self.is_any_pending()? {
                questions.push(ask("indexes".to_owned(), json!(["indexes", self.migration])));
            }
            for it in self.pending_copies()? {
                questions.push(ask(size_key(&it.collection), json!(["size", it.collection])));
            }
            questions.push(ask("at work after".to_owned(), json!(["atWork"])));
        }
        Ok(questions)
    }

    fn ask_about(&self, key: String, name: &str, task: &Task<'_>) -> Question {
        let options: Options = self.migration.options;
        ask(key, json!([name, options, task]))
    }

    /// What is copied where there is something to do.
    fn pending_copies(&self) -> Result<Vec<Copied>, String> {
        let mut copies = Vec::new();
        for (relationship, some) in &self.copies {
            if self.is_pending(*relationship)? {
                copies.extend(some.iter().cloned());
            }
        }
        Ok(copies)
    }

    /// The same with sizes, as far as the server has told them.
    fn sized_copies(&self) -> Result<Vec<Copied>, String> {
        let mut copies = self.pending_copies()?;
        for it in copies.iter_mut().filter(|_| !self.asked.is_running) {
            if let Some(size) = self.answer::<Option<Size>>(&size_key(&it.collection))? {
                (it.documents, it.bytes) = (Some(size.documents), Some(size.bytes));
            }
        }
        Ok(copies)
    }

    fn conclude(&self) -> Result<Inspection, String> {
        let server: Server = self.answer("server")?;
        let mut relationships = self
            .relationships
            .iter()
            .map(|it| self.related(it))
            .collect::<Result<Vec<_>, String>>()?;
        settle(&mut relationships);
        let (mut problems, mut warnings) = self.findings()?;
        warnings.extend(relationships.iter().filter_map(|it| self.repaired(it)));
        if self.asked.answers.contains_key("indexes") {
            let found: Vec<String> = self.answer("indexes")?;
            problems.extend(found.into_iter().map(|message| finding("DATA", message, None)));
        }
        for (code, key) in [("SERVER_VERSION", "wrongServer"), ("MISSING", "wrongDatabase")] {
            let message = self.answer::<Option<String>>(key)?;
            problems.extend(message.map(|message| finding(code, message, None)));
        }
        let other_locale = self.other_locale(&relationships)?;
        if let Some(message) = server.access.as_ref().and_then(|it| it.lacks(&server.name)) {
            problems.push(finding("NO_PRIVILEGE", message, None));
        }
        if let Some(silence) = server.silence {
            let message = format!(
                "The address sets socketTimeoutMS to {silence}. --check and --apply do without it. For mongosh, take it out of the address: a copy may take longer"
            );
            warnings.push(finding("SOCKET_TIMEOUT", message, None));
        }
        let unfinished = self.unfinished()?.and_then(|it| it.found);
        let at_work = self.at_work()?;
        let mut is_done = unfinished.is_none() && at_work.is_none() && !self.is_empty()?;
        is_done &= !self.is_any_pending()?;
        for (message, is_related) in self.missing_lists(&server.name)? {
            let list = if is_related && !is_done { &mut problems } else { &mut warnings };
            list.push(finding("MISSING", message, None));
        }
        if let Some(message) = other_locale {
            is_done = false;
            problems.insert(0, Finding { code: "LOCALE".to_owned(), message, relationship: None });
        }
        if let Some(Found { message, stops }) = unfinished {
            let list = if stops { &mut problems } else { &mut warnings };
            list.push(finding("UNFINISHED", message, None));
        }
        if let Some(message) = at_work {
            // What was found is what that run has come to, in parts.
            warnings.clear();
            problems = vec![finding("LOCKED", message, None)];
        }
        Ok(Inspection {
            adapter: self.adapter.name.clone(),
            engine: self.adapter.engine.clone(),
            direction: self.asked.options.direction,
            reconcile: self.asked.options.reconcile,
            database: Database {
                auth_source: server.access.and_then(Access::auth_source),
                name: server.name,
                user: server.user.unwrap_or_default(),
                version: server.version,
            },
            is_done,
            relationships,
            locks: Vec::<Touched>::new(),
            copies: self.sized_copies()?,
            drops: self.drops()?,
            problems,
            warnings,
            catalogue: Vec::new(),
        })
    }

    /// The lists whose collections are not in the database, in words, and whether they have relationships.
    /// A Keystone that starts makes those of all its lists.
    fn missing_lists(&self, database: &str) -> Result<Vec<(String, bool)>, String> {
        // In a database without any of them that is said already.
        if self.asked.is_running || self.is_empty()? {
            return Ok(Vec::new());
        }
        let there: Vec<String> = self.answer("collections")?;
        let own = self.plan.relationships_of(self.adapter);
        let related: BTreeSet<usize> = own.flat_map(|(_, it)| [it.left.list, it.target]).collect();
        let at = self.plan.adapters.iter().position(|it| std::ptr::eq(it, self.adapter));
        let lists = self.snapshot.lists.iter().enumerate();
        let lists: Vec<_> = lists
            .filter(|(_, list)| Some(list.adapter) == at)
            .filter_map(|(number, list)| Some((number, &*list.key, list.collection.as_deref()?)))
            .collect();
        let is_taken = |name: &str| lists.iter().any(|(.., own)| *own == name);
        let missing = lists.iter().filter(|(.., own)| !there.iter().any(|it| it == own));
        Ok(missing
            .map(|(number, key, own)| {
                let is_like = |it: &&String| {
                    let stem = stem(it);
                    !is_taken(it) && (stem == self::stem(own) || stem == self::stem(key))
                };
                let like = there.iter().find(is_like);
                let like = like.map(|it| format!(" There is one named {it}.")).unwrap_or_default();
                let message = format!(
                    "The database {database} has no collection {own} of the list {key}.{like} Does the Keystone that runs on this database give it another name? If the list is new, start that Keystone once, which makes the collections of all its lists"
                );
                (message, related.contains(number))
            })
            .collect())
    }

    /// Join collections with links, of a process whose locale orders left and right the other way round.
    fn other_locale(&self, relationships: &[Related]) -> Result<Option<String>, String> {
        let mut found = Vec::new();
        for (at, relationship, join) in self.mirrored.iter().filter(|_| !self.asked.is_running) {
            let count: Option<Count> = self.answer(&mirrored_key(*at))?;
            let is_new = |it: &&Stored| it.schema == Within::New;
            let own = relationships.iter().find(|it| it.relationship == *at);
            let own = own.and_then(|it| it.places.iter().find(is_new));
            if let (true, Some(own)) = (count.is_some_and(|it| it.links > 0), own) {
                found.push((*relationship, &*join.name, &*own.name));
            }
        }
        Ok(locale::problem(self.snapshot, &found))
    }

    fn related(&self, it: &Places<'_>) -> Result<Related, String> {
        let name = it.relationship.to_string();
        let mut places = Vec::new();
        for (number, place) in it.places.iter().enumerate() {
            let count: Option<Count> = self.answer(&links_key(it.at, number))?;
            let is_one_to_one = it.relationship.kind == Kind::TwoSidedOneToOne;
            places.push(Stored {
                name: place.name(),
                owner: place.owner,
                schema: place.schema,
                is_kept: place.is_kept,
                links: count.as_ref().map(|it| it.links),
                targets: count.and_then(|it| it.targets).filter(|_| is_one_to_one),
            });
        }
        let is_pending = self.is_pending(it.at)?;
        let state = if !it.is_changed() {
            State::Unchanged
        } else if self.is_empty()? {
            State::Neither
        } else {
            self.state(&places, is_pending)
        };
        let remaining = if is_pending { self.remaining(&places) } else { Vec::new() };
        let key = expected_key(it.at);
        let mut expected = match self.asked.answers.contains_key(&key) {
            true => self.answer::<Option<u64>>(&key)?,
            false => None,
        };
        // What is copied from has been removed by a part: the copy, which has been counted, is whole.
        if self.is_resumed()? {
            let copy = places.iter().find(|it| it.schema == Within::New).and_then(|it| it.links);
            expected = expected.map(|links| copy.filter(|it| *it > 0).unwrap_or(links));
        }
        let reconcile = self.reconciled(it.at, names_of(&places))?;
        Ok(Related {
            relationship: it.at,
            name,
            kind: it.relationship.kind,
            state,
            places,
            disagreement: None,
            reconcile,
            remaining,
            expected,
        })
    }

    /// What the migration does with a relationship, in words.
    fn remaining(&self, places: &[Stored]) -> Vec<String> {
        if self.asked.options.direction == Direction::Down {
            return Vec::new();
        }
        let holds = |place: &&Stored| place.links.is_some_and(|links| links > 0);
        let of = |schema| places.iter().filter(move |it| it.schema == schema);
        let copied = of(Within::New).filter(|place| !holds(place));
        let removed = of(Within::Old).filter(|place| place.links.is_some());
        let copies = copied.map(|place| format!("copy the links to {}", place.name));
        copies.chain(removed.map(|place| format!("remove {}", place.name))).collect()
    }

    /// The schema is told by what there is to do. An empty join collection is no sign: NEW makes it
    /// whenever it connects.
    fn state(&self, places: &[Stored], is_pending: bool) -> State {
        let holds = |schema| {
            places.iter().any(|it| it.schema == schema && it.links.is_some_and(|links| links > 0))
        };
        match (self.asked.options.direction, is_pending) {
            (Direction::Up, true) if holds(Within::New) => State::Both,
            (Direction::Up, true) | (Direction::Down, false) => State::Old,
            (Direction::Down, true) if holds(Within::Old) => State::Both,
            (Direction::Up, false) | (Direction::Down, true) => State::New,
        }
    }

    /// What a migration that reconciles does to a relationship, where it does something.
    fn reconciled(&self, at: usize, places: [&str; 2]) -> Result<Option<Reconciled>, String> {
        let key = reconciled_key(at);
        if !self.asked.answers.contains_key(&key) {
            return Ok(None);
        }
        let Some(Reconciling { added, cleared, dropped, examples }) = self.answer(&key)? else {
            return Ok(None);
        };
        let [kept, goes] = places;
        let examples = examples
            .into_iter()
            .map(|Change { action, link, instead }| {
                let place = if action == Repair::Cleared { kept } else { goes };
                Repaired { action, place: place.to_owned(), link, instead }
            })
            .collect();
        let reconciled = Reconciled { added, cleared, dropped, kept: 0, examples };
        Ok(Some(reconciled).filter(|it| !it.is_empty()))
    }

    /// The same as a warning.
    fn repaired(&self, related: &Related) -> Option<Finding> {
        let relationship = &self.plan.relationships[related.relationship];
        let names = names_of(&related.places);
        let message =
            related.reconcile.as_ref()?.message(relationship, names, self.asked.is_running);
        let (code, relationship) = ("DISAGREEMENT".to_owned(), Some(related.relationship));
        Some(Finding { code, message, relationship })
    }

    /// What the checks have found: what stops the migration, and what it warns of.
    fn findings(&self) -> Result<(Vec<Finding>, Vec<Finding>), String> {
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        for at in self.tasks.keys().filter(|at| self.asked.answers.contains_key(&checks_key(**at)))
        {
            for Found { message, stops } in self.answer::<Vec<Found>>(&checks_key(*at))? {
                let list = if stops { &mut problems } else { &mut warnings };
                list.push(finding("DATA", message, Some(*at)));
            }
        }
        Ok((problems, warnings))
    }

    fn drops(&self) -> Result<Vec<String>, String> {
        let is_up = self.asked.options.direction == Direction::Up;
        let goes = if is_up { Within::Old } else { Within::New };
        let mut drops = Vec::new();
        for it in &self.relationships {
            if self.is_pending(it.at)? {
                let places = it.places.iter().filter(|place| place.schema == goes);
                drops.extend(places.map(Place::name));
            }
        }
        Ok(drops)
    }

    /// Whether the database has no collection of the relationships that change.
    fn is_empty(&self) -> Result<bool, String> {
        Ok(self.answer::<Option<String>>("wrongDatabase")?.is_some())
    }

    fn is_pending(&self, at: usize) -> Result<bool, String> {
        if self.tasks.contains_key(&at) { self.answer(&pending_key(at)) } else { Ok(false) }
    }

    fn is_any_pending(&self) -> Result<bool, String> {
        let pending: Result<Vec<bool>, String> =
            self.tasks.keys().map(|at| self.is_pending(*at)).collect();
        Ok(pending?.contains(&true))
    }

    /// Who has migrated the database while it was looked at.
    fn at_work(&self) -> Result<Option<String>, String> {
        if self.asked.is_running {
            return Ok(None);
        }
        let before: Option<String> = self.answer("at work before")?;
        Ok(before.or(self.answer("at work after")?))
    }

    fn unfinished(&self) -> Result<Option<Unfinished>, String> {
        self.answer("unfinished")
    }

    /// Whether what runs has been stopped after its copies, and continues with its removals.
    fn is_resumed(&self) -> Result<bool, String> {
        Ok(self.unfinished()?.is_some_and(|it| it.is_resumed))
    }

    fn answer<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        let answer = self.asked.answers.get(key).ok_or_else(|| format!("no answer to {key}"))?;
        T::deserialize(answer).map_err(|error| format!("the answer to {key}: {error}"))
    }
}

/// A relationship without a trace of either schema is in the one that the others are in.
fn settle(relationships: &mut [Related]) {
    let is_traced = |it: &Related| {
        let tells = |place: &Stored| place.schema != Within::Both || place.links > Some(0);
        let stored = it.places.iter().filter(|place| place.links.is_some());
        it.state != State::Unchanged && stored.into_iter().any(tells)
    };
    let mut traced = relationships.iter().filter(|it| is_traced(it)).map(|it| it.state);
    let Some(state) = traced.next() else { return };
    if traced.any(|other| other != state) {
        return;
    }
    for it in relationships.iter_mut().filter(|it| it.state != State::Unchanged) {
        it.state = state;
    }
}

/// What a name has in common with its plural, and with the same in other case.
fn stem(name: &str) -> String {
    let name = name.to_lowercase();
    let ends = [("ies", "y"), ("es", ""), ("s", ""), ("e", "")];
    let stem = ends.iter().find_map(|(end, by)| Some([name.strip_suffix(end)?, *by].concat()));
    stem.unwrap_or(name)
}

fn mirrored_key(at: usize) -> String {
    format!("mirrored {at}")
}

fn links_key(at: usize, place: usize) -> String {
    format!("links {at} {place}")
}

fn pending_key(at: usize) -> String {
    format!("pending {at}")
}

/// The old schema's place that is kept, or copied, and the one that goes.
fn names_of(places: &[Stored]) -> [&str; 2] {
    [true, false].map(|is_kept| {
        let is_it = |it: &&Stored| it.is_kept == is_kept && it.schema != Within::New;
        places.iter().find(is_it).map_or("", |it| &it.name)
    })
}

fn reconciled_key(at: usize) -> String {
    format!("reconciled {at}")
}

fn expected_key(at: usize) -> String {
    format!("expected {at}")
}

fn checks_key(at: usize) -> String {
    format!("checks {at}")
}

fn size_key(collection: &str) -> String {
    format!("size {collection}")
}

fn ask(key: String, call: Value) -> Question {
    Question { key, query: Query::Call(call) }
}

/// `message` is without the full stop at its end.
fn finding(code: &str, message: String, relationship: Option<usize>) -> Finding {
    Finding { code: code.to_owned(), message: format!("{message}."), relationship }
}
