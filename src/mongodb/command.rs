//! What the server is told, typed: commands of its own protocol, which mongosh and every driver can
//! send. `lib/mongodb-runner.js` decides when each is sent.

use super::migration::Task;
use super::value::{Value, json};
use serde::Serialize;

use crate::step::FieldIndex;

/// A migration of one database: what the script for mongosh holds and what a driver is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Migration {
    /// `up` or `down`.
    pub(super) direction: &'static str,
    /// The oldest server that can run it, `[4, 0]`.
    pub(super) server: [u32; 2],
    /// Differs where the plan does: a migration that was stopped is only continued by its own.
    pub(super) plan: String,
    /// What is to do, relationship by relationship.
    pub(super) relationships: Vec<Task>,
}

/// What is to do for one relationship. All checks of all relationships come first, then all copies,
/// counts, repairs and removals: nothing is removed before everything is copied.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Section {
    /// Its name, `Todo.readers -> User.readPosts`.
    pub(super) name: String,
    /// Finds something as long as there is anything to do.
    pub(super) pending: Vec<Value>,
    /// Before anything changes.
    pub(super) checks: Vec<Check>,
    /// Copies, which leave the place that they copy from as it is.
    pub(super) copies: Vec<Step>,
    /// That the copies are whole.
    pub(super) counts: Vec<Check>,
    /// Changes of links that are kept.
    pub(super) repairs: Vec<Repair>,
    /// What the repairs have left out, to be told.
    pub(super) leftovers: Vec<Check>,
    /// In place of the checks, where a migration that was stopped goes on with its removals.
    pub(super) guards: Vec<Check>,
    /// What indexes there have to be, whether or not there are links. Comes before the removals.
    pub(super) ensures: Vec<Value>,
    /// Removals, each of which may run again.
    pub(super) removals: Vec<Value>,
}

/// An aggregation that must find nothing. The runner ends it with a stage that counts what it finds and
/// keeps the first five.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "Value")]
pub(super) struct Check {
    /// What is wrong when it finds something.
    pub(super) says: String,
    /// Whether the migration stops then. If not, it goes on with a warning.
    pub(super) stops: bool,
    /// The fields of what it finds that are numbers to sum up.
    pub(super) sums: &'static [&'static str],
    /// The aggregation.
    pub(super) run: Value,
}

/// A step of copying.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "Value")]
pub(super) enum Step {
    /// An aggregation whose result becomes a collection with two indexes.
    Fill {
        /// The collection.
        into: String,
        /// The fields that get an index each.
        indexes: [String; 2],
        /// The aggregation.
        run: Value,
        /// An aggregation that gives the number of documents to expect, as `n`.
        count: Value,
    },
    /// Any other command.
    Run {
        /// The command.
        run: Value,
    },
}

/// A change of links that are kept: the aggregation finds the `_id`s of documents whose field is to
/// change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "Value")]
pub(super) struct Repair {
    /// What is done to that many links.
    pub(super) says: String,
    /// The collection of the documents.
    pub(super) collection: String,
    /// The field.
    pub(super) field: String,
    /// `merge`: it becomes what the aggregation has found for it. `release`: it becomes null.
    pub(super) how: Change,
    /// The aggregation.
    pub(super) run: Value,
}

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The value found.
    Merge,
    /// Null.
    Release,
}

/// As `lib/mongodb-runner.js` takes it, like the two below.
impl From<Check> for Value {
    fn from(Check { says, stops, sums, run }: Check) -> Self {
        match sums {
            [] => json!({ "says": says, "stops": stops, "run": run }),
            _ => json!({ "says": says, "stops": stops, "sums": sums.to_vec(), "run": run }),
        }
    }
}

impl From<Step> for Value {
    fn from(step: Step) -> Self {
        match step {
            Step::Fill { into, indexes, run, count } => {
                json!({ "into": into, "indexes": indexes.to_vec(), "run": run, "count": count })
            }
            Step::Run { run } => json!({ "run": run }),
        }
    }
}

impl From<Repair> for Value {
    fn from(Repair { says, collection, field, how, run }: Repair) -> Self {
        let how = match how {
            Change::Merge => "merge",
            Change::Release => "release",
        };
        json!({ "says": says, "collection": collection, "field": field, "how": how, "run": run })
    }
}

/// An aggregation.
pub(super) fn aggregate(collection: &str, pipeline: Vec<Value>) -> Value {
    json!({ "aggregate": collection, "pipeline": pipeline })
}

/// A check that stops the migration.
pub(super) fn stop(says: String, collection: &str, pipeline: Vec<Value>) -> Check {
    Check { says, stops: true, sums: &[], run: aggregate(collection, pipeline) }
}

/// A check that warns.
pub(super) fn warn(says: String, collection: &str, pipeline: Vec<Value>) -> Check {
    Check { says, stops: false, sums: &[], run: aggregate(collection, pipeline) }
}

/// Finds a document that has the field.
pub(super) fn find_having(collection: &str, field: &str, exists: bool) -> Value {
    json!({
        "find": collection,
        "filter": { field: { "$exists": exists } },
        "projection": { "_id": 1 },
        "limit": 1,
    })
}

/// Finds the collection of that name.
pub(super) fn find_collection(name: &str) -> Value {
    json!({ "listCollections": 1, "filter": { "name": name }, "nameOnly": true })
}

/// An index on one field, as Keystone makes it: without `background` it would clash with Keystone's.
pub(super) fn create_index(collection: &str, field: &str, index: FieldIndex) -> Value {
    let mut spec = json!({ "key": { field: 1 }, "name": format!("{field}_1") });
    // In the order in which mongoose sends them: some servers mind.
    if index == FieldIndex::Unique {
        spec.set("unique", json!(true));
    }
    spec.set("background", json!(true));
    json!({ "createIndexes": collection, "indexes": [spec] })
}

/// Removes the index on one field.
pub(super) fn drop_index(collection: &str, field: &str) -> Value {
    json!({ "dropIndexes": collection, "index": { field: 1 } })
}

/// Sets a field of all documents that match.
pub(super) fn update(collection: &str, filter: Value, change: Value) -> Value {
    json!({ "update": collection, "updates": [{ "q": filter, "u": change, "multi": true }] })
}
