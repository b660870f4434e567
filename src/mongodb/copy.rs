//! Copying the links of arrays into a join collection.

use super::value::{Value, json};

use super::command::{Step, aggregate};
use super::expression::{Reading, distinct, having, items, path};
use crate::step::{DocumentField, JoinCollection};

/// What mongoose, and so Keystone, writes into every document that it makes: `versionKey` of its schemas,
/// which is 0 in a new one.
const VERSION: &str = "__v";

/// The copy of the left side's array, or with [`Reading::Lenient`] of both arrays.
///
/// Each link is copied once, in the order of the array. The runner adds the stage that writes, since
/// it depends on the server.
pub(super) fn copy(
    from: &DocumentField,
    also: Option<&DocumentField>,
    into: &JoinCollection,
    reading: Reading,
) -> Step {
    let (pipeline, count) = match also.filter(|_| reading == Reading::Lenient) {
        None => (links(from, into, reading), number(from, reading)),
        Some(also) => (union(from, also, into), union_number(from, also)),
    };
    Step::Fill {
        into: into.name.clone(),
        indexes: [into.near.clone(), into.far.clone()],
        run: aggregate(&from.collection, pipeline),
        count: aggregate(&from.collection, count),
    }
}

fn links(from: &DocumentField, into: &JoinCollection, reading: Reading) -> Vec<Value> {
    let JoinCollection { near, far, .. } = into;
    vec![
        having(from),
        json!({ "$project": { "ids": reading.ids(&path(&from.field)) } }),
        json!({ "$project": {
            "_id": 0,
            near: "$_id",
            far: distinct("$ids"),
            VERSION: { "$literal": 0 },
        } }),
        json!({ "$unwind": path(far) }),
    ]
}

/// How many links there are, counted in another way than they are copied: by the sizes of sets.
fn number(from: &DocumentField, reading: Reading) -> Vec<Value> {
    let value = path(&from.field);
    let set = match reading {
        Reading::Strict => json!({ "$setDifference": [items(&value), [null]] }),
        Reading::Lenient => json!({ "$setUnion": [reading.ids(&value), []] }),
    };
    vec![having(from), json!({ "$group": { "_id": null, "n": { "$sum": { "$size": set } } } })]
}

/// The links of both arrays: those of the left array in its order, then those that only the right
/// array has.
fn union(from: &DocumentField, also: &DocumentField, into: &JoinCollection) -> Vec<Value> {
    let JoinCollection { near, far, .. } = into;
    let mut pipeline = both(from, also);
    pipeline.extend([
        json!({ "$group": { "_id": { "near": "$near", "far": "$far" }, "at": { "$min": "$at" } } }),
        json!({ "$sort": { "_id.near": 1, "at": 1, "_id.far": 1 } }),
        json!({ "$project": {
            "_id": 0,
            near: "$_id.near",
            far: "$_id.far",
            VERSION: { "$literal": 0 },
        } }),
    ]);
    pipeline
}

fn union_number(from: &DocumentField, also: &DocumentField) -> Vec<Value> {
    let mut pipeline = both(from, also);
    pipeline.extend([
        json!({ "$group": { "_id": { "near": "$near", "far": "$far" } } }),
        json!({ "$group": { "_id": null, "n": { "$sum": 1 } } }),
    ]);
    pipeline
}

/// The links of both arrays as `near` and `far`, with the place in the left array, or a place behind
/// all those of a left array.
fn both(from: &DocumentField, also: &DocumentField) -> Vec<Value> {
    // More than a document has room for.
    const BEHIND: u32 = 1_000_000_000;
    let unwound = |field: &DocumentField| {
        [
            having(field),
            json!({ "$project": { "ids": Reading::Lenient.ids(&path(&field.field)) } }),
            json!({ "$unwind": { "path": "$ids", "includeArrayIndex": "at" } }),
        ]
    };
    let mut pipeline = unwound(from).to_vec();
    pipeline.push(json!({ "$project": { "_id": 0, "near": "$_id", "far": "$ids", "at": 1 } }));
    let mut right = unwound(also).to_vec();
    right.push(json!({ "$project": {
        "_id": 0,
        "near": "$ids",
        "far": "$_id",
        "at": { "$literal": BEHIND },
    } }));
    pipeline.push(json!({ "$unionWith": { "coll": &also.collection, "pipeline": right } }));
    pipeline
}
