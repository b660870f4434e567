//! Copying the links of an array into a join collection.

use serde_json::{Value, json};

use super::command::{Command, Severity, found};
use super::expression::{ids, path};
use crate::step::{DocumentField, JoinCollection};

/// The check that a join collection holds nothing yet: what is written there replaces it.
pub(super) fn is_empty(into: &JoinCollection, relationship: &str) -> Command {
    let mut pipeline = vec![json!({ "$project": { "_id": 1 } })];
    pipeline.extend(found());
    Command::Check {
        collection: into.name.clone(),
        pipeline,
        message: format!(
            "{relationship}: the join collection {} already holds documents, so this migration has been run before. Nothing has been changed",
            into.name
        ),
        severity: Severity::Stop,
    }
}

/// The copy and its indexes.
///
/// Each link is copied once, in the order of the array. `$out` makes the collection whole or not at
/// all, on the server.
pub(super) fn copy(from: &DocumentField, into: &JoinCollection) -> Vec<Command> {
    let JoinCollection { name, near, far } = into;
    let pipeline = vec![
        with_field(from),
        json!({ "$project": { "ids": ids(&path(&from.field)) } }),
        json!({ "$project": { "_id": 0, near: "$_id", far: distinct("$ids") } }),
        json!({ "$unwind": path(far) }),
        json!({ "$out": name }),
    ];
    let index =
        |field: &String| Command::CreateIndex { collection: name.clone(), field: field.clone() };
    vec![
        Command::Aggregate { collection: from.collection.clone(), pipeline },
        index(near),
        index(far),
    ]
}

/// The check that as many links have arrived as there were, counted in another way than they were
/// copied: by the sizes of sets.
pub(super) fn is_complete(
    from: &DocumentField,
    into: &JoinCollection,
    relationship: &str,
) -> Command {
    let mut pipeline = vec![
        with_field(from),
        json!({ "$group": {
            "_id": null,
            "links": { "$sum": { "$size": { "$setUnion": [ids(&path(&from.field)), []] } } },
        } }),
        json!({ "$lookup": {
            "from": into.name,
            "let": {},
            "pipeline": [{ "$group": { "_id": null, "n": { "$sum": 1 } } }],
            "as": "copied",
        } }),
        json!({ "$project": {
            "_id": 0,
            "links": 1,
            "copied": { "$let": {
                "vars": { "first": { "$arrayElemAt": ["$copied", 0] } },
                "in": { "$ifNull": ["$$first.n", 0] },
            } },
        } }),
        json!({ "$match": { "$expr": { "$ne": ["$links", "$copied"] } } }),
    ];
    pipeline.extend(found());
    Command::Check {
        collection: from.collection.clone(),
        pipeline,
        message: format!(
            "{relationship}: {}.{} and its copy {} do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop {} and run the script again",
            from.collection, from.field, into.name, into.name
        ),
        severity: Severity::Stop,
    }
}

fn with_field(field: &DocumentField) -> Value {
    json!({ "$match": { &field.field: { "$exists": true } } })
}

/// The elements of an array, each once, where it occurs first.
fn distinct(array: &str) -> Value {
    let element = json!({ "$arrayElemAt": [array, "$$at"] });
    json!({ "$map": {
        "input": { "$filter": {
            "input": { "$range": [0, { "$size": array }] },
            "as": "at",
            "cond": { "$eq": ["$$at", { "$indexOfArray": [array, element] }] },
        } },
        "as": "at",
        "in": element,
    } })
}
