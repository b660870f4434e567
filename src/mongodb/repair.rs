//! Changes of links that are kept, where the two stored sides of a relationship disagree.
//!
//! Each finds the documents that it changes, so that it finds nothing once it is done: that is how
//! the runner knows.

use super::value::{Value, json};

use super::check::{Sides, other, shared};
use super::command::{Change, Repair, aggregate};
use super::expression::{Reading, having, holding, is_id, lookup, path};
use crate::step::{DocumentField, Owner};

/// The repairs of a relationship whose kept side holds one id.
pub(super) fn repairs(sides: &Sides<'_>, dropped: Owner) -> Vec<Repair> {
    let kept = sides.of(other(dropped));
    let is_one_to_one = !sides.of(dropped).many;
    let is_lenient = sides.reading == Reading::Lenient;
    let mut repairs = Vec::new();
    if is_lenient {
        repairs.push(converted(sides.relationship, kept));
    }
    if is_one_to_one {
        repairs.push(released(sides));
    }
    if is_lenient {
        let found = if is_one_to_one { unheld(sides) } else { named(sides, dropped) };
        repairs.push(adopted(sides, dropped, found));
    }
    repairs
}

/// Strings of 24 hex digits become ids.
fn converted(relationship: &str, kept: &DocumentField) -> Repair {
    let field = &kept.field;
    let pipeline = vec![
        json!({ "$match": { field: { "$type": "string" } } }),
        json!({ "$project": { field: Reading::Lenient.id(&path(field)) } }),
        holding(kept),
    ];
    Repair {
        says: format!("{relationship}: strings in {kept} that become ids"),
        collection: kept.collection.clone(),
        field: field.clone(),
        how: Change::Merge,
        run: aggregate(&kept.collection, pipeline),
    }
}

/// Of several holders of one document that one keeps it which the document itself names, else (with
/// `--reconcile`) the one with the highest id.
fn released(sides: &Sides<'_>) -> Repair {
    let kept = sides.left;
    let settled = (sides.reading == Reading::Strict).then_some(true);
    let mut pipeline = shared(sides, settled);
    pipeline.extend([
        json!({ "$project": { "holders": 1, "keeps": { "$cond": [
            { "$eq": ["$named", []] },
            { "$max": "$holders" },
            { "$arrayElemAt": ["$named", 0] },
        ] } } }),
        json!({ "$unwind": "$holders" }),
        json!({ "$match": { "$expr": { "$ne": ["$holders", "$keeps"] } } }),
        json!({ "$project": { "_id": "$holders" } }),
    ]);
    Repair {
        says: format!(
            "{}: documents that are released in {kept}, because another one holds the same",
            sides.relationship
        ),
        collection: kept.collection.clone(),
        field: kept.field.clone(),
        how: Change::Release,
        run: aggregate(&kept.collection, pipeline),
    }
}

/// Where the kept side holds no id, it takes what the other side says.
fn adopted(sides: &Sides<'_>, dropped: Owner, mut found: (String, Vec<Value>)) -> Repair {
    let kept = sides.of(other(dropped));
    let field = &kept.field;
    found.1.extend([
        lookup(&kept.collection, "_id", "own"),
        json!({ "$match": { "own": { "$ne": [] } } }),
        json!({ "$match": { "$expr": { "$not": [{ "$let": {
            "vars": { "own": { "$arrayElemAt": ["$own", 0] } },
            "in": is_id(format!("$$own.{field}")),
        } }] } } }),
        json!({ "$project": { field: "$found" } }),
    ]);
    Repair {
        says: format!(
            "{}: links that {kept} adopts from {}",
            sides.relationship,
            sides.of(dropped)
        ),
        collection: kept.collection.clone(),
        field: field.clone(),
        how: Change::Merge,
        run: aggregate(&found.0, found.1),
    }
}

/// For 1:N: what the arrays say of each document; of several the highest id.
fn named(sides: &Sides<'_>, dropped: Owner) -> (String, Vec<Value>) {
    let array = sides.of(dropped);
    let pipeline = vec![
        having(array),
        json!({ "$project": { "ids": sides.reading.ids(&path(&array.field)) } }),
        json!({ "$unwind": "$ids" }),
        json!({ "$group": { "_id": "$ids", "found": { "$max": "$_id" } } }),
    ];
    (array.collection.clone(), pipeline)
}

/// For 1:1: what documents of the right side that nobody holds say of each document of the left; of
/// several the highest id.
fn unheld(sides: &Sides<'_>) -> (String, Vec<Value>) {
    let (left, right) = (sides.left, sides.right);
    let naming = vec![
        having(right),
        json!({ "$project": { "names": sides.reading.id(&path(&right.field)) } }),
        json!({ "$match": { "names": { "$type": "objectId" } } }),
    ];
    let pipeline = vec![
        holding(left),
        json!({ "$project": { "_id": path(&left.field), "held": { "$literal": 1 } } }),
        json!({ "$unionWith": { "coll": &right.collection, "pipeline": naming } }),
        json!({ "$group": {
            "_id": "$_id",
            "held": { "$sum": "$held" },
            "names": { "$max": "$names" },
        } }),
        json!({ "$match": { "held": 0, "names": { "$type": "objectId" } } }),
        json!({ "$group": { "_id": "$names", "found": { "$max": "$_id" } } }),
    ];
    (left.collection.clone(), pipeline)
}
