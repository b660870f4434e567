//! The way back: filling arrays and fields again from what was kept.

use super::value::{Value, json};

use super::command::{Check, Step, aggregate, stop, update};
use super::expression::{holding, is_id, items, lookup, path};
use crate::step::{DocumentField, DocumentPlace, Owner};

/// The commands that fill a field. Running them again changes nothing.
pub(super) fn refill(field: &DocumentField, owner: Owner, kept: &DocumentPlace) -> Vec<Step> {
    let mut steps = Vec::new();
    if field.many {
        // The old Keystone writes an empty array where there are no links.
        let default = json!({ "$set": { &field.field: [] } });
        let missing = json!({ &field.field: { "$exists": false } });
        steps.push(Step::Run { run: update(&field.collection, missing, default) });
    }
    let (from, mut pipeline) = links(owner, kept);
    let value = if field.many { json!({ "$push": "$id" }) } else { json!({ "$max": "$id" }) };
    pipeline.extend([
        // An `_id` tells the order in which links were copied, and so that of the left arrays.
        json!({ "$sort": { "_id": 1 } }),
        json!({ "$group": { "_id": "$own", &field.field: value } }),
        json!({ "$merge": {
            "into": &field.collection,
            "on": "_id",
            "whenMatched": "merge",
            "whenNotMatched": "discard",
        } }),
    ]);
    steps.push(Step::Run { run: aggregate(from, pipeline) });
    steps
}

/// That a field has all links that were kept, as far as its document exists.
pub(super) fn is_complete(
    relationship: &str,
    field: &DocumentField,
    owner: Owner,
    kept: &DocumentPlace,
) -> Check {
    let (from, mut pipeline) = links(owner, kept);
    pipeline.extend([
        lookup(&field.collection, "own", "document"),
        json!({ "$match": { "document": { "$ne": [] } } }),
    ]);
    if field.many {
        // By number: an array may be long, and looking each link up in it would take its square.
        pipeline.extend(number_differs(field));
    } else {
        pipeline.push(json!({ "$match": { "$expr": { "$not": [{ "$let": {
            "vars": { "document": { "$arrayElemAt": ["$document", 0] } },
            "in": is_id(format!("$$document.{}", field.field)),
        } }] } } }));
        pipeline.push(json!({ "$project": { "own": 1, "id": 1 } }));
    }
    stop(
        format!(
            "{relationship}: {field} does not hold all links of {from}. Nothing has been removed. Is the application running? Run it again"
        ),
        from,
        pipeline,
    )
}

fn number_differs(field: &DocumentField) -> [Value; 4] {
    let filled = json!({ "$sum": { "$size": { "$ifNull": [items(&path(&field.field)), []] } } });
    [
        json!({ "$group": { "_id": null, "kept": { "$sum": 1 } } }),
        json!({ "$lookup": {
            "from": &field.collection,
            "let": {},
            "pipeline": [{ "$group": { "_id": null, "n": filled } }],
            "as": "filled",
        } }),
        json!({ "$project": {
            "_id": 0,
            "kept": 1,
            "filled": { "$let": {
                "vars": { "first": { "$arrayElemAt": ["$filled", 0] } },
                "in": "$$first.n",
            } },
        } }),
        json!({ "$match": { "$expr": { "$ne": ["$kept", "$filled"] } } }),
    ]
}

/// The links of a place, one document each: `own` id of the owner of the field, `id` of the other
/// side.
fn links(owner: Owner, kept: &DocumentPlace) -> (&str, Vec<Value>) {
    match kept {
        DocumentPlace::JoinCollection(join) => {
            let (own, far) = join.fields(owner);
            let both = json!({ own: { "$type": "objectId" }, far: { "$type": "objectId" } });
            let project = json!({ "$project": { "own": path(own), "id": path(far) } });
            (&join.name, vec![json!({ "$match": both }), project])
        }
        DocumentPlace::Field(kept) => {
            let project = json!({ "$project": { "own": path(&kept.field), "id": "$_id" } });
            (&kept.collection, vec![holding(kept), project])
        }
    }
}
