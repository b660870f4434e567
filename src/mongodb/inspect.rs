//! What a MongoDB database is asked before and after a migration. All of it is read only.
//!
//! Whether there is anything to do, and what stands in the way, is asked by the migration's own
//! commands.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

use super::access::Access;
use super::command::{Migration, Section, aggregate, any_collection, any_with, collection_named};
use super::expression::{having, holding, items, path};
use super::migration::{migration, side};
use super::value::{Value, json};
use crate::inspection::{
    Asked, Copied, Database, Finding, Findings, Inspected, Inspection, Query, Question, Related,
    State, Stored, Touched, Within,
};
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};
use crate::relationship::{Kind, Relationship};
use crate::snapshot::Snapshot;
use crate::step::{
    CollectionStep, DocumentField, DocumentPlace, JoinCollection, Owner, Planned, by_relationship,
};

/// Asks for what is not among the answers yet, or says what the answers come to.
///
/// # Errors
/// The key of an answer that is none.
pub fn inspect(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: &AdapterPlan,
    steps: &[Planned<CollectionStep>],
    asked: Asked<'_>,
) -> Result<Inspected, String> {
    let mut steps_of = by_relationship(steps);
    let relationships = plan
        .relationships_of(adapter)
        .map(|(at, it)| Places::new(at, it, &steps_of.remove(&at).unwrap_or_default(), snapshot))
        .collect();
    let migration = migration(plan, steps, asked.options);
    let sections = migration.relationships.iter().map(|it| it.section(&it.sides())).collect();
    let copies = steps
        .iter()
        .map(|Planned { relationship, step }| (*relationship, copies(step, asked.options)))
        .collect();
    let tasks = migration.relationships.iter().enumerate();
    let section_of = tasks.map(|(at, task)| (task.relationship, at)).collect();
    Inspector { adapter, asked, relationships, migration, sections, section_of, copies }.inspect()
}

/// What a step of the way up, or its reverse on the way back, copies: without sizes.
fn copies(step: &CollectionStep, options: Options) -> Vec<Copied> {
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

    /// Finds something when the place is in the database.
    fn exists(&self) -> Value {
        match &self.place {
            DocumentPlace::Field(field) => any_with(side(self.owner, Some(field), None, None)),
            DocumentPlace::JoinCollection(join) => collection_named(&join.name),
        }
    }

    /// Counts its links, each once, and for 1:1 the items that they lead to.
    fn count(&self) -> Value {
        match &self.place {
            DocumentPlace::Field(field) if field.many => count_in_arrays(field),
            DocumentPlace::Field(field) => count_single(field),
            DocumentPlace::JoinCollection(join) => count_joined(join),
        }
    }
}

fn count_in_arrays(field: &DocumentField) -> Value {
    let set = json!({ "$setDifference": [items(path(&field.field)), [null]] });
    let sum = json!({ "$group": { "_id": null, "links": { "$sum": { "$size": set } } } });
    aggregate(&field.collection, vec![having(&field.field), sum])
}

fn count_single(field: &DocumentField) -> Value {
    aggregate(
        &field.collection,
        vec![
            holding(&field.field),
            json!({ "$group": { "_id": path(&field.field), "n": { "$sum": 1 } } }),
            json!({ "$group": { "_id": null, "links": { "$sum": "$n" }, "targets": { "$sum": 1 } } }),
        ],
    )
}

fn count_joined(join: &JoinCollection) -> Value {
    let link = json!({ "near": path(&join.near), "far": path(&join.far) });
    aggregate(
        &join.name,
        vec![
            json!({ "$group": { "_id": link } }),
            json!({ "$group": { "_id": null, "links": { "$sum": 1 } } }),
        ],
    )
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
    adapter: &'a AdapterPlan,
    asked: Asked<'a>,
    relationships: Vec<Places<'a>>,
    migration: Migration,
    sections: Vec<Section>,
    /// Where the section of a relationship is, by the relationship's index.
    section_of: HashMap<usize, usize>,
    /// What each step copies, with the index of its relationship.
    copies: Vec<(usize, Vec<Copied>)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    name: String,
    user: Option<String>,
    version: String,
    version_array: Vec<u32>,
    access: Option<Access>,
}

#[derive(Deserialize)]
struct Size {
    documents: u64,
    bytes: u64,
}

#[derive(Deserialize, Default)]
struct Count {
    links: u64,
    #[serde(default)]
    targets: Option<u64>,
}

#[derive(Deserialize)]
struct Expected {
    n: u64,
}

#[derive(Deserialize)]
struct Unfinished {
    phase: String,
    direction: String,
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
        Ok(Inspected::Inspection(Box::new(self.conclude()?)))
    }

    /// What is there.
    fn presence(&self) -> Vec<Question> {
        let mut questions = vec![
            Question { key: "server".to_owned(), query: Query::Server {} },
            Question { key: "unfinished".to_owned(), query: Query::Unfinished {} },
        ];
        if !self.sections.is_empty() {
            let names = self.migration.collections.iter().map(Value::from).collect();
            let any = any_collection(Value::Array(names));
            questions.push(command("collections".to_owned(), any));
        }
        for it in &self.relationships {
            for (number, place) in it.places.iter().enumerate() {
                questions.push(command(there_key(it.at, number), place.exists()));
            }
        }
        for (at, section) in self.sections.iter().enumerate() {
            for (number, pending) in section.pending.iter().enumerate() {
                questions.push(command(pending_key(at, number), pending.clone()));
            }
        }
        questions
    }

    /// What the places hold, as far as they are there, and what the checks find where there is
    /// something to do.
    fn contents(&self) -> Result<Vec<Question>, String> {
        if self.presence().iter().any(|it| !self.asked.answers.contains_key(&it.key)) {
            return Ok(Vec::new());
        }
        let mut questions = Vec::new();
        for it in &self.relationships {
            for (number, place) in it.places.iter().enumerate() {
                if self.found(&there_key(it.at, number))? {
                    questions.push(command(links_key(it.at, number), place.count()));
                }
            }
        }
        for (at, section) in self.sections.iter().enumerate() {
            if !self.is_pending(at)? {
                continue;
            }
            for (number, step) in section.copies.iter().enumerate() {
                if let Some(count) = step.property("count") {
                    questions.push(command(expected_key(at, number), count));
                }
            }
            // A migration that runs checks by itself, and one that was stopped has checked.
            if self.asked.is_running || self.is_resumed()? {
                continue;
            }
            for (number, check) in section.checks.iter().enumerate() {
                let check = serde_json::to_value(check).expect("plain data");
                let query = Query::Check(check);
                questions.push(Question { key: check_key(at, number), query });
            }
        }
        if !self.asked.is_running {
            for it in self.pending_copies()? {
                let query = Query::Optional(
                    serde_json::to_value(size(&it.collection)).expect("plain data"),
                );
                questions.push(Question { key: size_key(&it.collection), query });
            }
        }
        Ok(questions)
    }

    /// What is copied where there is something to do.
    fn pending_copies(&self) -> Result<Vec<Copied>, String> {
        let mut copies = Vec::new();
        for (relationship, some) in &self.copies {
            let section = self.section_of.get(relationship);
            if section.map_or(Ok(false), |at| self.is_pending(*at))? {
                copies.extend(some.iter().cloned());
            }
        }
        Ok(copies)
    }

    /// The same with sizes, as far as the server has told them.
    fn sized_copies(&self) -> Result<Vec<Copied>, String> {
        let mut copies = self.pending_copies()?;
        for it in copies.iter_mut().filter(|_| !self.asked.is_running) {
            if let Some(size) = self.one::<Size>(&size_key(&it.collection))? {
                (it.documents, it.bytes) = (Some(size.documents), Some(size.bytes));
            }
        }
        Ok(copies)
    }

    fn conclude(&self) -> Result<Inspection, String> {
        let server: Server = self.one("server")?.ok_or("the answer to server")?;
        let unfinished = self.unfinished()?;
        let mut relationships = self
            .relationships
            .iter()
            .map(|it| self.related(it))
            .collect::<Result<Vec<_>, String>>()?;
        settle(&mut relationships);
        let is_empty = self.is_empty()?;
        let mut is_done = unfinished.is_none() && !is_empty;
        for at in 0..self.sections.len() {
            is_done &= !self.is_pending(at)?;
        }
        let (mut problems, mut warnings) = self.findings()?;
        problems.extend(self.overlaps(&relationships)?);
        let [major, minor] = self.migration.server;
        let version: Vec<u32> = server.version_array.iter().copied().take(2).collect();
        if version.as_slice() < [major, minor].as_slice() {
            problems.push(finding(
                "SERVER_VERSION",
                format!(
                    "This needs MongoDB {major}.{minor}, and the server is {}.",
                    server.version
                ),
                None,
            ));
        }
        let database = &server.name;
        if is_empty {
            let shown = self.migration.collections.iter().take(5).map(String::as_str);
            problems.push(finding(
                "MISSING",
                format!(
                    "The database {database} has no collection of these relationships, such as {}. Is this the right database? In one that is new there is nothing to migrate.",
                    shown.collect::<Vec<_>>().join(", ")
                ),
                None,
            ));
        }
        if let Some(message) = server.access.as_ref().and_then(|it| it.lacks(database)) {
            problems.push(finding("NO_PRIVILEGE", message, None));
        }
        if let Some(it) = unfinished {
            let what = if it.direction == "up" { "migration" } else { "way back" };
            let message = |first| {
                format!(
                    "A {what} was stopped half-way. Run that {what} again{first}: it goes on where it was stopped."
                )
            };
            if it.direction == self.migration.direction {
                warnings.push(finding("UNFINISHED", message(""), None));
            } else {
                problems.push(finding("UNFINISHED", message(" first"), None));
            }
        }
        Ok(Inspection::new(Findings {
            adapter: self.adapter.name.clone(),
            engine: "mongodb",
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
            drops: self.drops(),
            problems,
            warnings,
        }))
    }

    fn related(&self, it: &Places<'_>) -> Result<Related, String> {
        let name = it.relationship.to_string();
        let mut places = Vec::new();
        for (number, place) in it.places.iter().enumerate() {
            let count: Option<Count> = match self.found(&there_key(it.at, number))? {
                true => Some(self.one(&links_key(it.at, number))?.unwrap_or_default()),
                false => None,
            };
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
        let section = self.section_of.get(&it.at).copied();
        let is_pending = match section {
            Some(at) => self.is_pending(at)?,
            None => false,
        };
        let state = if !it.is_changed() {
            State::Unchanged
        } else if self.is_empty()? {
            State::Neither
        } else {
            self.state(&places, is_pending)
        };
        let mut expected = match section.filter(|_| is_pending) {
            Some(at) => self.expected(at)?,
            None => None,
        };
        // What is copied from has been removed by a part: the copy, which has been counted, is whole.
        if self.is_resumed()? {
            let copy = places.iter().find(|it| it.schema == Within::New).and_then(|it| it.links);
            expected = expected.map(|links| copy.filter(|it| *it > 0).unwrap_or(links));
        }
        Ok(Related {
            relationship: it.at,
            name,
            kind: it.relationship.kind,
            state,
            places,
            disagreement: None,
            expected,
        })
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

    /// How many links a copy is to make.
    fn expected(&self, at: usize) -> Result<Option<u64>, String> {
        let copies = &self.sections[at].copies;
        let Some(number) = copies.iter().position(|step| step.property("count").is_some()) else {
            return Ok(None);
        };
        let counted: Option<Expected> = self.one(&expected_key(at, number))?;
        Ok(Some(counted.map_or(0, |it| it.n)))
    }

    /// What the checks have found: what stops the migration, and what it warns of.
    fn findings(&self) -> Result<(Vec<Finding>, Vec<Finding>), String> {
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        for (at, section) in self.sections.iter().enumerate() {
            let relationship = self.migration.relationships[at].relationship;
            for (number, check) in section.checks.iter().enumerate() {
                let key = check_key(at, number);
                let Some(serde_json::Value::String(text)) = self.asked.answers.get(&key) else {
                    continue;
                };
                let found = finding("DATA", format!("{text}."), Some(relationship));
                match check.at("stops") {
                    Value::Bool(false) => warnings.push(found),
                    _ => problems.push(found),
                }
            }
        }
        Ok((problems, warnings))
    }

    /// Join collections that are to be filled and hold links already.
    fn overlaps(&self, relationships: &[Related]) -> Result<Vec<Finding>, String> {
        let mut found = Vec::new();
        // What an earlier run has left may be there.
        let is_first = self.one::<serde_json::Value>("unfinished")?.is_none();
        if self.asked.is_running || self.asked.options.direction == Direction::Down || !is_first {
            return Ok(found);
        }
        for (it, related) in self.relationships.iter().zip(relationships) {
            let pending = match self.section_of.get(&it.at) {
                Some(at) => self.is_pending(*at)?,
                None => false,
            };
            let join = it.places.iter().zip(&related.places).find(|(place, stored)| {
                place.schema == Within::New && stored.links.is_some_and(|links| links > 0)
            });
            if let Some((place, _)) = join.filter(|_| pending) {
                let message = format!(
                    "{}: the collection {} holds documents already, and documents still have links in the old place. An earlier migration by other means, or a new Keystone, has written them. Compare the two, and empty one of them.",
                    related.name,
                    place.place.collection(),
                );
                found.push(finding("DATA", message, Some(it.at)));
            }
        }
        Ok(found)
    }

    fn drops(&self) -> Vec<String> {
        let is_up = self.asked.options.direction == Direction::Up;
        let goes = if is_up { Within::Old } else { Within::New };
        let places = self.relationships.iter().flat_map(|it| &it.places);
        places.filter(|place| place.schema == goes).map(Place::name).collect()
    }

    /// Whether the database has no collection of the relationships that change.
    fn is_empty(&self) -> Result<bool, String> {
        Ok(!self.sections.is_empty() && !self.found("collections")?)
    }

    fn is_pending(&self, at: usize) -> Result<bool, String> {
        for number in 0..self.sections[at].pending.len() {
            if self.found(&pending_key(at, number))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A migration that was stopped half-way. One whose copies are thrown away is none.
    fn unfinished(&self) -> Result<Option<Unfinished>, String> {
        let found: Option<Unfinished> = self.one("unfinished")?;
        Ok(found.filter(|it| it.direction == "down" || it.phase == "removing"))
    }

    /// Whether what runs has been stopped after its copies, and goes on with its removals.
    fn is_resumed(&self) -> Result<bool, String> {
        Ok(self.unfinished()?.is_some_and(|it| it.phase == "removing"))
    }

    /// Whether a command has found a document.
    fn found(&self, key: &str) -> Result<bool, String> {
        Ok(self.one::<serde_json::Value>(key)?.is_some())
    }

    /// The first document of an answer.
    fn one<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, String> {
        let answer = self.asked.answers.get(key).ok_or_else(|| format!("no answer to {key}"))?;
        let documents = Vec::<T>::deserialize(answer)
            .map_err(|error| format!("the answer to {key}: {error}"))?;
        Ok(documents.into_iter().next())
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

fn there_key(at: usize, place: usize) -> String {
    format!("there {at} {place}")
}

fn links_key(at: usize, place: usize) -> String {
    format!("links {at} {place}")
}

fn pending_key(at: usize, number: usize) -> String {
    format!("pending {at} {number}")
}

fn expected_key(at: usize, number: usize) -> String {
    format!("expected {at} {number}")
}

fn size_key(collection: &str) -> String {
    format!("size {collection}")
}

/// Asks the server what it knows of a collection without reading it, on all shards.
fn size(collection: &str) -> Value {
    let sum = |field: &str| json!({ "$sum": format!("$storageStats.{field}") });
    let group = json!({ "_id": null, "documents": sum("count"), "bytes": sum("size") });
    aggregate(
        collection,
        vec![json!({ "$collStats": { "storageStats": {} } }), json!({ "$group": group })],
    )
}

fn check_key(at: usize, number: usize) -> String {
    format!("check {at} {number}")
}

fn command(key: String, command: Value) -> Question {
    let command = serde_json::to_value(command).expect("plain data");
    Question { key, query: Query::Command(command) }
}

fn finding(code: &str, message: String, relationship: Option<usize>) -> Finding {
    Finding { code: code.to_owned(), message, relationship }
}
