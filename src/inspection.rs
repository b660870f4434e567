//! What a database holds: the questions that it is asked, and what the answers mean for a migration.
//!
//! Node asks the questions and hands back the answers, until there are enough of them to tell. Each
//! engine has its own questions; what comes of them is the same [`Inspection`] for all.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::{Direction, Engine, Options};
use crate::reconcile::Reconciled;
use crate::relationship::Kind;
use crate::step::Owner;

const JSON_VERSION: u32 = 1;

pub type Answers = BTreeMap<String, Value>;

/// A question, which changes nothing.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    pub key: String,
    #[serde(flatten)]
    pub query: Query,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Query {
    /// PostgreSQL: a query for one row with one text, the answer as JSON.
    Sql(String),
    /// MongoDB: the call of a question, `[name, ...arguments]`, answered as JSON.
    Call(Value),
}

#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub options: Options,
    /// It is for a migration that runs: what that checks itself need not be asked.
    pub is_running: bool,
    pub answers: &'a Answers,
}

/// Puts questions: the answers that are there are given at once, the questions without one are kept.
pub struct Interview<'a> {
    answers: &'a Answers,
    open: RefCell<Vec<Question>>,
}

impl<'a> Interview<'a> {
    pub fn new(answers: &'a Answers) -> Self {
        Interview { answers, open: RefCell::default() }
    }

    /// None while there is no answer.
    ///
    /// # Errors
    /// Says which answer is not what the question asks for.
    pub fn ask<T: DeserializeOwned>(&self, key: &str, query: Query) -> Result<Option<T>, String> {
        let Some(answer) = self.answers.get(key) else {
            self.open.borrow_mut().push(Question { key: key.to_owned(), query });
            return Ok(None);
        };
        let answer = T::deserialize(answer);
        answer.map(Some).map_err(|error| format!("the answer to {key}: {error}"))
    }

    /// The questions without an answer, if there are any.
    pub fn open(&self) -> Option<Inspected> {
        let mut open = self.open.take();
        let mut keys = HashSet::new();
        open.retain(|question| keys.insert(question.key.clone()));
        (!open.is_empty()).then_some(Inspected::Questions(open))
    }
}

/// What the answers so far come to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Inspected {
    Questions(Vec<Question>),
    #[serde(rename_all = "camelCase")]
    Inspection {
        version: u32,
        state: State,
        is_ready: bool,
        #[serde(flatten)]
        found: Box<Inspection>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    Unchanged,
    Old,
    New,
    /// What the old schema has, and what the new schema has.
    Both,
    /// A part of the old schema, or of the new, or of each.
    Mixed,
    Neither,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Within {
    Old,
    New,
    Both,
}

/// A place for the links of a relationship, as the database has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// As people call it: `User.leadPost`, `Todo_readers`.
    pub name: String,
    pub owner: Owner,
    pub schema: Within,
    /// Whether its links are what the migration keeps: the other copy goes.
    pub is_kept: bool,
    /// How many links it holds. None where it is not in the database.
    pub links: Option<u64>,
    /// 1:1: how many different items these links lead to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<u64>,
}

/// Where the two stored sides of a relationship do not hold the same links.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disagreement {
    pub only_kept: u64,
    pub only_dropped: u64,
    /// Up to five of them, as pairs of ids in text (left, right), each with the place that has it.
    pub examples: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    pub relationship: usize,
    pub name: String,
    pub kind: Kind,
    pub state: State,
    pub places: Vec<Stored>,
    /// None where the sides agree, or are not stored twice, or cannot be compared.
    pub disagreement: Option<Disagreement>,
    /// What a migration that reconciles does to them. None where it does nothing, or is not to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<Reconciled>,
    /// What the migration does with it, as far as that is left to do, in words.
    #[serde(default)]
    pub remaining: Vec<String>,
    /// How many links the migration is to make of them, where that is known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
}

impl Related {
    /// The place in the database that is kept, and the one that goes: where there is but one, that.
    pub fn names(&self) -> [&str; 2] {
        let there = || self.places.iter().filter(|it| it.links.is_some());
        [true, false].map(|is_kept| {
            let stored = there().find(|it| it.is_kept == is_kept).or(there().next());
            stored.map(|it| it.name.as_str()).unwrap_or_default()
        })
    }
}

/// Something that the catalogue must have of a table that the migration changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    pub relationship: usize,
    pub is_after: bool,
    /// The same before and after for what is the same thing.
    pub part: i64,
    pub kind: String,
    pub place: String,
    /// Its name as Keystone gives it, and what goes with that.
    pub expected: String,
    pub actual: Vec<String>,
}

impl Fact {
    pub fn holds(&self) -> bool {
        self.actual.contains(&self.expected)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Touched {
    pub name: String,
    /// What it takes on disk, with its indexes.
    pub bytes: u64,
}

/// Links that the migration copies from one place to another: how much there is to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Copied {
    pub from: String,
    pub into: String,
    pub collection: String,
    /// How many documents that has, where it may be asked.
    pub documents: Option<u64>,
    /// What they take, in bytes without compression, where it may be asked.
    pub bytes: Option<u64>,
}

/// The server's own word on where we are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    pub name: String,
    pub user: String,
    /// MongoDB: the database that this user is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_source: Option<String>,
    pub version: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    pub code: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<usize>,
}

impl Finding {
    pub fn new(code: &str, message: String) -> Self {
        Finding { code: code.to_owned(), message, relationship: None }
    }

    pub fn about(self, relationship: usize) -> Self {
        Finding { relationship: Some(relationship), ..self }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    pub adapter: String,
    /// The engine, with the steps that are left to do.
    #[serde(flatten)]
    pub engine: Engine,
    pub direction: Direction,
    pub reconcile: bool,
    pub database: Database,
    pub is_done: bool,
    pub relationships: Vec<Related>,
    pub locks: Vec<Touched>,
    pub copies: Vec<Copied>,
    /// What it drops, as people call it.
    pub drops: Vec<String>,
    pub problems: Vec<Finding>,
    pub warnings: Vec<Finding>,
    /// PostgreSQL, while it runs: what the catalogue has of the tables that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub catalogue: Vec<Fact>,
}

impl Inspection {
    /// Which schema the relationships that change are in, all together.
    pub fn state(&self) -> State {
        let states = self.relationships.iter().map(|it| it.state);
        let mut changing = states.filter(|state| *state != State::Unchanged);
        match changing.next() {
            None => State::Unchanged,
            Some(first) if changing.all(|other| other == first) => first,
            Some(_) => State::Mixed,
        }
    }

    pub fn is_ready(&self) -> bool {
        !self.is_done && self.problems.is_empty()
    }

    /// Whether a part of the migration has been done, and another is left to do.
    pub fn is_partly(&self) -> bool {
        let is_on_the_way = matches!(self.state(), State::Mixed | State::Both | State::New);
        self.direction == Direction::Up && !self.is_done && is_on_the_way
    }

    pub fn conclude(mut self) -> Inspected {
        if self.is_done {
            self.problems.clear();
        }
        let (state, is_ready) = (self.state(), self.is_ready());
        Inspected::Inspection { version: JSON_VERSION, state, is_ready, found: Box::new(self) }
    }
}
