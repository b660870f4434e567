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
    Asked, Copied, Database, Finding, Inspected, Inspection, Interview, Query, Related, State,
    Stored, Within,
};
use crate::locale;
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};
use crate::reconcile::{Reconciled, Repair};
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
    let interview = Interview::new(asked.answers);
    let inspector = Inspector {
        plan,
        snapshot,
        adapter,
        asked,
        interview,
        relationships,
        mirrored,
        migration,
        tasks,
        copies,
    };
    inspector.inspect()
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
    interview: Interview<'a>,
    relationships: Vec<Places<'a>>,
    mirrored: Vec<(usize, &'a Relationship, JoinCollection)>,
    migration: Migration<'a>,
    /// Its relationships by their index in the plan.
    tasks: BTreeMap<usize, Task<'a>>,
    /// What each step copies, with the index of its relationship.
    copies: Vec<(usize, Vec<Copied>)>,
}

#[derive(Default, Deserialize)]
struct Server {
    name: String,
    user: Option<String>,
    version: String,
    access: Option<Access>,
    /// Milliseconds.
    silence: Option<f64>,
}

#[derive(Deserialize)]
struct Size {
    documents: u64,
    bytes: u64,
}

#[derive(Deserialize)]
struct Count {
    links: u64,
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
    fn inspect(&self) -> Result<Inspected, String> {
        let Asked { options, is_running, .. } = self.asked;
        let server: Server = self.ask("server", json!(["server"]))?.unwrap_or_default();
        let mut at_work: Option<String> = match is_running {
            true => None,
            false => self.ask("at work before", json!(["atWork"]))?.flatten(),
        };
        let collections: Vec<String> = match is_running {
            true => Vec::new(),
            false => self.ask("collections", json!(["collections"]))?.unwrap_or_default(),
        };
        let wrong_server: Option<String> = self.ask_all("wrongServer")?.flatten();
        let unfinished: Option<Unfinished> = self.ask_all("unfinished")?.flatten();
        let wrong_database: Option<String> = self.ask_all("wrongDatabase")?.flatten();
        let turned = self.turned()?;
        let mut places = Vec::new();
        for it in &self.relationships {
            places.push(self.places(it)?);
        }
        let mut pending = BTreeSet::new();
        for (at, task) in &self.tasks {
            if self.ask_about("pending", "isPending", *at, task)? == Some(true) {
                pending.insert(*at);
            }
        }
        if let Some(questions) = self.interview.open() {
            return Ok(questions);
        }

        let is_resumed = unfinished.as_ref().is_some_and(|it| it.is_resumed);
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        let mut relationships = Vec::new();
        for (it, places) in self.relationships.iter().zip(places) {
            let is_pending = pending.contains(&it.at);
            let mut related = self.related(it, places, is_pending);
            if wrong_database.is_some() && related.state != State::Unchanged {
                related.state = State::Neither;
            }
            // Another server does not know what is asked.
            let task = self.tasks.get(&it.at).filter(|_| is_pending && wrong_server.is_none());
            if let Some(task) = task {
                related.expected = self.expected(task, &related, is_resumed)?;
                // One that was stopped has reconciled and checked.
                if !is_resumed && self.migration.options.reconcile {
                    related.reconcile = self.reconciled(task, &names_of(&related.places))?;
                }
                // A migration that runs checks by itself.
                if !is_resumed && !is_running {
                    let found: Option<Vec<Found>> =
                        self.ask_about("checks", "checks", it.at, task)?;
                    for Found { message, stops } in found.into_iter().flatten() {
                        let list = if stops { &mut problems } else { &mut warnings };
                        list.push(finding("DATA", message, Some(it.at)));
                    }
                }
            }
            relationships.push(related);
        }
        settle(&mut relationships);
        warnings.extend(relationships.iter().filter_map(|it| self.repaired(it)));
        if !is_running && !pending.is_empty() {
            let found: Option<Vec<String>> = self.ask_all("indexes")?;
            let found = found.into_iter().flatten();
            problems.extend(found.map(|message| finding("DATA", message, None)));
        }
        let copies = self.copies(&pending)?;
        if !is_running {
            at_work = at_work.or(self.ask("at work after", json!(["atWork"]))?.flatten());
        }
        if let Some(questions) = self.interview.open() {
            return Ok(questions);
        }

        let mut is_done = unfinished.as_ref().is_none_or(|it| it.found.is_none())
            && at_work.is_none()
            && wrong_database.is_none()
            && pending.is_empty();
        // In a database without any of them that is said already.
        let missing = match is_running || wrong_database.is_some() {
            true => Vec::new(),
            false => self.missing_lists(&server.name, &collections),
        };
        let stops = [("SERVER_VERSION", wrong_server), ("MISSING", wrong_database)];
        problems.extend(
            stops.into_iter().filter_map(|(code, message)| Some(finding(code, message?, None))),
        );
        if let Some(message) = server.access.as_ref().and_then(|it| it.lacks(&server.name)) {
            problems.push(finding("NO_PRIVILEGE", message, None));
        }
        if let Some(silence) = server.silence {
            let message = format!(
                "The address sets socketTimeoutMS to {silence}. --check and --apply do without it. For mongosh, take it out of the address: a copy may take longer"
            );
            warnings.push(finding("SOCKET_TIMEOUT", message, None));
        }
        for (message, is_related) in missing {
            let list = if is_related && !is_done { &mut problems } else { &mut warnings };
            list.push(finding("MISSING", message, None));
        }
        if let Some(message) = self.other_locale(&turned, &relationships) {
            is_done = false;
            problems.insert(0, Finding::new("LOCALE", message));
        }
        if let Some(Found { message, stops }) = unfinished.and_then(|it| it.found) {
            let list = if stops { &mut problems } else { &mut warnings };
            list.push(finding("UNFINISHED", message, None));
        }
        if let Some(message) = at_work {
            // What was found is what that run has come to, in parts.
            warnings.clear();
            problems = vec![finding("LOCKED", message, None)];
        }
        let inspection = Inspection {
            adapter: self.adapter.name.clone(),
            engine: self.adapter.engine.clone(),
            direction: options.direction,
            reconcile: options.reconcile,
            database: Database {
                auth_source: server.access.and_then(Access::auth_source),
                name: server.name,
                user: server.user.unwrap_or_default(),
                version: server.version,
            },
            is_done,
            relationships,
            locks: Vec::new(),
            copies,
            drops: self.drops(&pending),
            problems,
            warnings,
            catalogue: Vec::new(),
        };
        Ok(inspection.conclude())
    }

    /// The answer to a call; none while it is not there.
    fn ask<T: DeserializeOwned>(&self, key: &str, call: Value) -> Result<Option<T>, String> {
        self.interview.ask(key, Query::Call(call))
    }

    /// The same about the whole migration.
    fn ask_all<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, String> {
        self.ask(name, json!([name, self.migration]))
    }

    /// The same about a relationship.
    fn ask_about<T: DeserializeOwned>(
        &self,
        key: &str,
        name: &str,
        at: usize,
        task: &Task<'_>,
    ) -> Result<Option<T>, String> {
        self.ask(&format!("{key} {at}"), json!([name, self.migration.options, task]))
    }

    /// How many links a place holds. None where it is not there.
    fn count(&self, key: &str, place: &Value) -> Result<Option<Count>, String> {
        let reads_text = self.migration.options.reconcile;
        Ok(self.ask(key, json!(["links", place, reads_text]))?.flatten())
    }

    /// Join collections with links, of a process whose locale orders left and right the other way round.
    fn turned(&self) -> Result<Vec<(usize, &Relationship, &str)>, String> {
        let mut turned = Vec::new();
        for (at, relationship, join) in self.mirrored.iter().filter(|_| !self.asked.is_running) {
            let place = json!({ "join": Join::from(join) });
            let count = self.count(&format!("mirrored {at}"), &place)?;
            if count.is_some_and(|it| it.links > 0) {
                turned.push((*at, *relationship, &*join.name));
            }
        }
        Ok(turned)
    }

    /// The lists whose collections are not in the database, in words, and whether they have relationships.
    /// A Keystone that starts makes those of all its lists.
    fn missing_lists(&self, database: &str, there: &[String]) -> Vec<(String, bool)> {
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
        missing
            .map(|(number, key, own)| {
                let is_like = |it: &&String| {
                    let stem = stem(it);
                    !is_taken(it) && (stem == self::stem(own) || stem == self::stem(key))
                };
                let like = there.iter().find(is_like);
                let like = like.map(|it| format!(" There is one named {it}.")).unwrap_or_default();
                let message = format!(
                    "The database {database} has no collection {own} of the list {key}.{like} Does the Keystone that runs on this database give it another name? If the list is new, create its collection in mongosh: db.createCollection({})",
                    Value::from(*own)
                );
                (message, related.contains(number))
            })
            .collect()
    }

    fn other_locale(
        &self,
        turned: &[(usize, &Relationship, &str)],
        relationships: &[Related],
    ) -> Option<String> {
        let found = turned.iter().filter_map(|(at, relationship, name)| {
            let own = relationships.iter().find(|it| it.relationship == *at)?;
            let new = own.places.iter().find(|it| it.schema == Within::New)?;
            Some((*relationship, *name, &*new.name))
        });
        locale::problem(self.snapshot, &found.collect::<Vec<_>>())
    }

    fn places(&self, it: &Places<'_>) -> Result<Vec<Stored>, String> {
        let mut places = Vec::new();
        let is_one_to_one = it.relationship.kind == Kind::TwoSidedOneToOne;
        for (number, place) in it.places.iter().enumerate() {
            let count = self.count(&format!("links {} {number}", it.at), &place.about())?;
            places.push(Stored {
                name: place.name(),
                owner: place.owner,
                schema: place.schema,
                is_kept: place.is_kept,
                links: count.as_ref().map(|it| it.links),
                targets: count.and_then(|it| it.targets).filter(|_| is_one_to_one),
            });
        }
        Ok(places)
    }

    /// What is copied where there is something to do, with sizes as far as the server tells them.
    fn copies(&self, pending: &BTreeSet<usize>) -> Result<Vec<Copied>, String> {
        let copies = self.copies.iter().filter(|(at, _)| pending.contains(at));
        let mut copies: Vec<Copied> = copies.flat_map(|(_, some)| some).cloned().collect();
        for it in copies.iter_mut().filter(|_| !self.asked.is_running) {
            let key = format!("size {}", it.collection);
            let size: Option<Option<Size>> = self.ask(&key, json!(["size", it.collection]))?;
            if let Some(size) = size.flatten() {
                (it.documents, it.bytes) = (Some(size.documents), Some(size.bytes));
            }
        }
        Ok(copies)
    }

    fn related(&self, it: &Places<'_>, places: Vec<Stored>, is_pending: bool) -> Related {
        Related {
            relationship: it.at,
            name: it.relationship.to_string(),
            kind: it.relationship.kind,
            state: match it.is_changed() {
                true => self.state(&places, is_pending),
                false => State::Unchanged,
            },
            disagreement: None,
            reconcile: None,
            remaining: if is_pending { self.remaining(&places) } else { Vec::new() },
            places,
            expected: None,
        }
    }

    /// How many links the migration is to make of a relationship.
    fn expected(
        &self,
        task: &Task<'_>,
        related: &Related,
        is_resumed: bool,
    ) -> Result<Option<u64>, String> {
        let at = related.relationship;
        let expected: Option<u64> = self.ask_about("expected", "expected", at, task)?.flatten();
        // What is copied from has been removed by a part: the copy, which has been counted, is whole.
        let copy = related.places.iter().find(|it| it.schema == Within::New);
        let copy = copy.and_then(|it| it.links).filter(|links| is_resumed && *links > 0);
        Ok(expected.map(|links| copy.unwrap_or(links)))
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

    /// What there is to do tells the schema. An empty join collection is not a sign: NEW makes it
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
    fn reconciled(
        &self,
        task: &Task<'_>,
        [kept, goes]: &[String; 2],
    ) -> Result<Option<Reconciled>, String> {
        let found: Option<Option<Reconciled>> =
            self.ask_about("reconciled", "reconciled", task.relationship, task)?;
        let Some(mut reconciled) = found.flatten() else { return Ok(None) };
        for it in &mut reconciled.examples {
            it.place.clone_from(if it.action == Repair::Cleared { kept } else { goes });
        }
        Ok(Some(reconciled).filter(|it| !it.is_empty()))
    }

    /// The same as a warning.
    fn repaired(&self, related: &Related) -> Option<Finding> {
        let relationship = &self.plan.relationships[related.relationship];
        let [kept, goes] = names_of(&related.places);
        let names = [&*kept, &*goes];
        let message =
            related.reconcile.as_ref()?.message(relationship, names, self.asked.is_running);
        Some(Finding::new("DISAGREEMENT", message).about(related.relationship))
    }

    fn drops(&self, pending: &BTreeSet<usize>) -> Vec<String> {
        let is_up = self.asked.options.direction == Direction::Up;
        let goes = if is_up { Within::Old } else { Within::New };
        let relationships = self.relationships.iter().filter(|it| pending.contains(&it.at));
        let places = relationships.flat_map(|it| &it.places).filter(|it| it.schema == goes);
        places.map(Place::name).collect()
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

/// The old schema's place that is kept, or copied, and the one that goes. A join collection that holds links
/// already is kept, and what else holds them goes.
fn names_of(places: &[Stored]) -> [String; 2] {
    let (new, old): (Vec<_>, Vec<_>) = places.iter().partition(|it| it.schema == Within::New);
    if let Some(join) = new.into_iter().find(|it| it.links > Some(0)) {
        let there = old.into_iter().filter(|it| it.links.is_some());
        let names: Vec<_> = there.map(|it| &*it.name).collect();
        return [join.name.clone(), names.join(" or ")];
    }
    [true, false].map(|is_kept| {
        let place = old.iter().find(|it| it.is_kept == is_kept);
        place.map_or_else(String::new, |it| it.name.clone())
    })
}

/// `message` is without the full stop at its end.
fn finding(code: &str, message: String, relationship: Option<usize>) -> Finding {
    Finding { code: code.to_owned(), message: format!("{message}."), relationship }
}
