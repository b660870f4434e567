//! What a MongoDB database is asked before and after a migration. All of it is read only.
//!
//! A question is a call of a function in `lib/database/mongodb/check.js`, by its name and data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::access::Access;
use super::migration::{Migration, Task, migration};
use super::missing::missing_lists;
use super::places::{join_of, mirrored, names_of, places};
use crate::inspection::{
    Asked, Copied, Database, Finding, Inspected, Inspection, Interview, Query, Related, State,
    Stored, Within,
};
use crate::locale;
use crate::plan::{AdapterPlan, CollectionPlan, Direction, Options, UpgradePlan};
use crate::reconcile::{Reconciled, Repair};
use crate::relationship::{Kind, Relationship};
use crate::snapshot::Snapshot;
use crate::step::{CollectionStep, Planned, by_relationship};

/// Asks for what is not among the answers yet, or says what the answers come to.
///
/// # Errors
/// The key of a wrong answer.
pub fn inspect(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: &AdapterPlan,
    collections: &CollectionPlan,
    asked: Asked<'_>,
) -> Result<Inspected, String> {
    let interview = Interview::new(asked.answers);
    let migration = migration(plan, collections, asked.options);
    let steps = &collections.steps;
    Inspector { plan, snapshot, adapter, steps, asked, interview, migration }.inspect()
}

/// What a step copies, or its reverse on the way back: without sizes.
pub fn copies(step: &CollectionStep, options: Options) -> Vec<Copied> {
    let copied = |from: &dyn Display, collection: &String, into: String| {
        let collection = collection.clone();
        Copied { from: from.to_string(), into, collection, documents: None, bytes: None }
    };
    match (step, options.direction) {
        (CollectionStep::CopyLinks { from, also, into, .. }, Direction::Up) => {
            let also = also.iter().filter(|_| options.reconcile);
            let fields = std::iter::once(from).chain(also);
            fields.map(|field| copied(field, &field.collection, into.name.clone())).collect()
        }
        (CollectionStep::UnsetField { field, kept, .. }, Direction::Down) => {
            vec![copied(kept, kept.collection(), field.to_string())]
        }
        _ => Vec::new(),
    }
}

struct Inspector<'a> {
    plan: &'a UpgradePlan,
    snapshot: &'a Snapshot,
    adapter: &'a AdapterPlan,
    steps: &'a [Planned<CollectionStep>],
    asked: Asked<'a>,
    interview: Interview<'a>,
    migration: Migration<'a>,
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
        let server: Server = self.ask("server", json!(["server"]))?;
        let at_work: Option<String> = self.ask_ahead("at work before", json!(["atWork"]))?;
        let collections: Vec<String> = self.ask_ahead("collections", json!(["collections"]))?;
        let wrong_server: Option<String> = self.ask_all("wrongServer")?;
        let unfinished: Option<Unfinished> = self.ask_all("unfinished")?;
        let wrong_database: Option<String> = self.ask_all("wrongDatabase")?;
        let other_locale = self.other_locale()?;
        let mut steps = by_relationship(self.steps);
        let mut relationships = Vec::new();
        for (at, it) in self.plan.relationships_of(self.adapter) {
            relationships.push(self.counted(at, it, &steps.remove(&at).unwrap_or_default())?);
        }
        let mut pending = BTreeMap::new();
        for task in &self.migration.relationships {
            if self.ask_about("pending", "isPending", task)? {
                pending.insert(task.relationship, task);
            }
        }
        if let Some(questions) = self.interview.open() {
            return Ok(questions);
        }

        let is_resumed = unfinished.as_ref().is_some_and(|it| it.is_resumed);
        let is_wrong_database = wrong_database.is_some();
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        for it in &mut relationships {
            let task = pending.get(&it.relationship);
            it.state = self.state(&it.places, task.is_some());
            if is_wrong_database && it.state != State::Unchanged {
                it.state = State::Neither;
            }
            let Some(task) = task else { continue };
            it.remaining = self.remaining(&it.places);
            // Another server does not know what is asked.
            if wrong_server.is_some() {
                continue;
            }
            for Found { message, stops } in self.foresee(it, task, is_resumed)? {
                let list = if stops { &mut problems } else { &mut warnings };
                list.push(finding("DATA", message).about(it.relationship));
            }
        }
        settle(&mut relationships);
        warnings.extend(relationships.iter().filter_map(|it| self.repaired(it)));
        if !is_running && !pending.is_empty() {
            let found: Vec<String> = self.ask_all("indexes")?;
            problems.extend(found.into_iter().map(|message| finding("DATA", message)));
        }
        let copies = self.copies(&pending)?;
        let at_work = at_work.or(self.ask_ahead("at work after", json!(["atWork"]))?);
        if let Some(questions) = self.interview.open() {
            return Ok(questions);
        }

        let mut is_done = unfinished.as_ref().is_none_or(|it| it.found.is_none())
            && at_work.is_none()
            && !is_wrong_database
            && pending.is_empty();
        problems.extend(wrong_server.map(|message| finding("SERVER_VERSION", message)));
        problems.extend(wrong_database.map(|message| finding("MISSING", message)));
        let lacks = server.access.as_ref().and_then(|it| it.lacks(&server.name));
        problems.extend(lacks.map(|message| finding("NO_PRIVILEGE", message)));
        if let Some(silence) = server.silence {
            let message = format!(
                "The address sets socketTimeoutMS to {silence}. --check and --apply do without it. For mongosh, take it out of the address: a copy may take longer"
            );
            warnings.push(finding("SOCKET_TIMEOUT", message));
        }
        // In a database without any of them that is said already.
        if !is_running && !is_wrong_database {
            let Inspector { plan, snapshot, adapter, .. } = self;
            let missing = missing_lists(plan, snapshot, adapter, &server.name, &collections);
            for (message, is_related) in missing {
                let list = if is_related && !is_done { &mut problems } else { &mut warnings };
                list.push(finding("MISSING", message));
            }
        }
        if let Some(message) = other_locale {
            is_done = false;
            problems.insert(0, Finding::new("LOCALE", message));
        }
        if let Some(Found { message, stops }) = unfinished.and_then(|it| it.found) {
            let list = if stops { &mut problems } else { &mut warnings };
            list.push(finding("UNFINISHED", message));
        }
        if let Some(message) = at_work {
            // What was found is what that run has come to, in parts.
            warnings.clear();
            problems = vec![finding("LOCKED", message)];
        }
        let goes = if options.direction == Direction::Up { Within::Old } else { Within::New };
        let dropped = relationships.iter().filter(|it| pending.contains_key(&it.relationship));
        let dropped = dropped.flat_map(|it| &it.places).filter(|it| it.schema == goes);
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
            drops: dropped.map(|it| it.name.clone()).collect(),
            relationships,
            locks: Vec::new(),
            copies,
            problems,
            warnings,
            catalogue: Vec::new(),
        };
        Ok(inspection.conclude())
    }

    /// The answer to a call. While it is not there, it is as if nothing had been found.
    fn ask<T: DeserializeOwned + Default>(&self, key: &str, call: Value) -> Result<T, String> {
        Ok(self.interview.ask(key, Query::Call(call))?.unwrap_or_default())
    }

    /// The same, but not for a migration that runs, which finds it out by itself.
    fn ask_ahead<T: DeserializeOwned + Default>(
        &self,
        key: &str,
        call: Value,
    ) -> Result<T, String> {
        if self.asked.is_running { Ok(T::default()) } else { self.ask(key, call) }
    }

    /// The same about the whole migration.
    fn ask_all<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, String> {
        self.ask(name, json!([name, self.migration]))
    }

    /// The same about a relationship.
    fn ask_about<T: DeserializeOwned + Default>(
        &self,
        key: &str,
        name: &str,
        task: &Task<'_>,
    ) -> Result<T, String> {
        let key = format!("{key} {}", task.relationship);
        self.ask(&key, json!([name, self.migration.options, task]))
    }

    /// How many links a place holds. None where it is not there.
    fn count(&self, key: &str, place: &Value) -> Result<Option<Count>, String> {
        let reads_text = self.migration.options.reconcile;
        self.ask(key, json!(["links", place, reads_text]))
    }

    /// What is said where join collections hold links under the names of another locale.
    fn other_locale(&self) -> Result<Option<String>, String> {
        if self.asked.is_running {
            return Ok(None);
        }
        let relationships = || self.plan.relationships_of(self.adapter);
        let join = |it: &Relationship| join_of(&it.left, self.snapshot);
        let lists = self.snapshot.lists.iter().filter_map(|list| list.collection.as_deref());
        let own: BTreeSet<&str> =
            relationships().filter_map(|(_, it)| join(it)).chain(lists).collect();
        let mut found = Vec::new();
        for (at, it) in relationships() {
            // Pluralized and in lower case, both may have the same name.
            let mirrored = mirrored(it, self.snapshot).filter(|(name, _)| !own.contains(name));
            let Some(((name, place), join)) = mirrored.zip(join(it)) else { continue };
            let count = self.count(&format!("mirrored {at}"), &place)?;
            if count.is_some_and(|it| it.links > 0) {
                found.push((it, name, join));
            }
        }
        Ok(locale::problem(self.snapshot, &found))
    }

    /// A relationship with the number of links in each place. What is left to do is found out later.
    fn counted(
        &self,
        at: usize,
        relationship: &Relationship,
        steps: &[&CollectionStep],
    ) -> Result<Related, String> {
        let kind = relationship.kind;
        let mut counted = Vec::new();
        let places = places(relationship, steps, self.snapshot);
        for (number, (about, place)) in places.into_iter().enumerate() {
            let count = self.count(&format!("links {at} {number}"), &about)?;
            counted.push(Stored {
                links: count.as_ref().map(|it| it.links),
                targets: count.and_then(|it| it.targets).filter(|_| kind == Kind::TwoSidedOneToOne),
                ..place
            });
        }
        Ok(Related {
            relationship: at,
            name: relationship.to_string(),
            kind,
            state: State::Unchanged,
            places: counted,
            disagreement: None,
            reconcile: None,
            remaining: Vec::new(),
            expected: None,
        })
    }

    /// What is copied where there is something to do, with sizes as far as the server tells them.
    fn copies(&self, pending: &BTreeMap<usize, &Task<'_>>) -> Result<Vec<Copied>, String> {
        let steps = self.steps.iter().filter(|it| pending.contains_key(&it.relationship));
        let copies = steps.flat_map(|it| copies(&it.step, self.asked.options));
        let mut copies: Vec<Copied> = copies.collect();
        for it in &mut copies {
            let key = format!("size {}", it.collection);
            let size: Option<Size> = self.ask_ahead(&key, json!(["size", it.collection]))?;
            it.documents = size.as_ref().map(|size| size.documents);
            it.bytes = size.map(|size| size.bytes);
        }
        Ok(copies)
    }

    /// Asks what the migration will make of a relationship, and returns what its checks find.
    fn foresee(
        &self,
        it: &mut Related,
        task: &Task<'_>,
        is_resumed: bool,
    ) -> Result<Vec<Found>, String> {
        it.expected = self.ask_about("expected", "expected", task)?;
        // One that was stopped has reconciled and checked.
        if is_resumed {
            // What is copied from has been removed by a part: the copy, which has been counted, is whole.
            let copy = it.places.iter().find(|place| place.schema == Within::New);
            let copied = copy.and_then(|place| place.links).filter(|links| *links > 0);
            it.expected = it.expected.map(|links| copied.unwrap_or(links));
            return Ok(Vec::new());
        }
        if self.migration.options.reconcile {
            it.reconcile = self.reconciled(task, &it.places)?;
        }
        // A migration that runs checks by itself.
        if self.asked.is_running {
            return Ok(Vec::new());
        }
        self.ask_about("checks", "checks", task)
    }

    /// What the migration does with a relationship, in words.
    fn remaining(&self, places: &[Stored]) -> Vec<String> {
        if self.asked.options.direction == Direction::Down {
            return Vec::new();
        }
        let of = |schema| places.iter().filter(move |it| it.schema == schema);
        let copied = of(Within::New).filter(|place| place.links.unwrap_or(0) == 0);
        let removed = of(Within::Old).filter(|place| place.links.is_some());
        let copies = copied.map(|place| format!("copy the links to {}", place.name));
        copies.chain(removed.map(|place| format!("remove {}", place.name))).collect()
    }

    /// What there is to do tells the schema. An empty join collection is not a sign: NEW makes it
    /// whenever it connects.
    fn state(&self, places: &[Stored], is_pending: bool) -> State {
        if places.iter().all(|it| it.schema == Within::Both) {
            return State::Unchanged;
        }
        let holds = |schema| places.iter().any(|it| it.schema == schema && it.links > Some(0));
        match (self.asked.options.direction, is_pending) {
            (Direction::Up, true) if holds(Within::New) => State::Both,
            (Direction::Up, true) | (Direction::Down, false) => State::Old,
            (Direction::Down, true) if holds(Within::Old) => State::Both,
            (Direction::Up, false) | (Direction::Down, true) => State::New,
        }
    }

    /// What a migration that reconciles does to a relationship, where it does something.
    fn reconciled(&self, task: &Task<'_>, places: &[Stored]) -> Result<Option<Reconciled>, String> {
        let mut reconciled: Option<Reconciled> =
            self.ask_about("reconciled", "reconciled", task)?;
        let [kept, goes] = names_of(places);
        for it in reconciled.iter_mut().flat_map(|it| &mut it.examples) {
            it.place.clone_from(if it.action == Repair::Cleared { &kept } else { &goes });
        }
        Ok(reconciled.filter(|it| !it.is_empty()))
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
}

/// A relationship without a trace of either schema is in the one that the others are in.
fn settle(relationships: &mut [Related]) {
    let is_traced = |it: &Related| {
        let mut stored = it.places.iter().filter(|place| place.links.is_some());
        it.state != State::Unchanged
            && stored.any(|place| place.schema != Within::Both || place.links > Some(0))
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

/// `message` is without the full stop at its end.
fn finding(code: &str, message: String) -> Finding {
    Finding::new(code, message + ".")
}
