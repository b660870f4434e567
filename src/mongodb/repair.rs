//! Changes of links that are kept, where the two stored sides of a relationship disagree.
//!
//! Each finds the documents that it changes, so that it finds nothing once it is done: that is how
//! the runner knows.

use super::block::blocks;
use super::check::{place, shared};
use super::command::{aggregate, warn};
use super::expression::{Reading, having, holding, ids, is_id, lookup, only, path, to_id};
use super::value::{Value, json, text};

blocks! {
    /// Strings of 24 hex digits become ids.
    fn strings_become_ids(name, kept) {
        json!({
            "says": text![name, ": strings in ", place(kept), " that become ids"],
            "collection": kept.at("collection"),
            "field": kept.at("field"),
            "how": "merge",
            "run": aggregate(kept.at("collection"), json!([
                { "$match": { [kept.at("field")]: { "$type": "string" } } },
                { "$project": { [kept.at("field")]: to_id(path(kept.at("field"))) } },
                holding(kept.at("field")),
            ])),
        })
    }

    /// Of several documents that hold the same one, all but one: it stays with the one that it names
    /// itself, or else with the one with the highest id.
    fn released[reading](kept, dropped) {
        let mut pipeline = vec![Value::spread(shared(reading, kept, dropped))];
        // Without a name there is nothing to go by, and the checks have stopped.
        if reading == Reading::Strict {
            pipeline.push(json!({ "$match": { "named": { "$ne": [] } } }));
        }
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
        Value::Array(pipeline)
    }

    /// That no document has to release the one that it holds.
    fn none_releases[reading](name, kept, dropped) {
        warn(
            text![
                name, ": documents that release what they hold in ", place(kept),
                ", because another one holds the same and is named by it. The old Keystone leaves such stale links behind",
            ],
            kept.at("collection"),
            released(reading, kept, dropped),
        )
    }

    /// Of several documents that hold the same one, all but one release it.
    fn others_release[reading](name, kept, dropped) {
        json!({
            "says": text![
                name, ": documents that are released in ", place(kept),
                ", because another one holds the same",
            ],
            "collection": kept.at("collection"),
            "field": kept.at("field"),
            "how": "release",
            "run": aggregate(kept.at("collection"), released(reading, kept, dropped)),
        })
    }

    /// Where the kept side holds no id, it takes the one that is `found` for it in a collection.
    fn adopt(name, kept, dropped, collection, found) {
        let is_held = only("own", is_id(text!["$$own.", kept.at("field")]));
        json!({
            "says": text![name, ": links that ", place(kept), " adopts from ", place(dropped)],
            "collection": kept.at("collection"),
            "field": kept.at("field"),
            "how": "merge",
            "run": aggregate(collection, json!([
                ..found,
                lookup(kept.at("collection"), "_id", "own"),
                { "$match": { "own": { "$ne": [] } } },
                { "$match": { "$expr": { "$not": [is_held] } } },
                { "$project": { [kept.at("field")]: "$found" } },
            ])),
        })
    }

    /// Where the kept side of a 1:N holds no id, it takes what the arrays say; of several the highest id.
    fn adopt_from_arrays[reading](name, kept, dropped) {
        adopt(name, kept, dropped, dropped.at("collection"), json!([
            having(dropped.at("field")),
            { "$project": { "ids": ids(reading, path(dropped.at("field"))) } },
            { "$unwind": "$ids" },
            { "$group": { "_id": "$ids", "found": { "$max": "$_id" } } },
        ]))
    }

    /// Where the left side of a 1:1 holds no id, it takes what documents say that nobody holds; of several
    /// the highest id.
    fn adopt_from_fields(name, left, right) {
        adopt(name, left, right, left.at("collection"), json!([
            holding(left.at("field")),
            { "$project": { "_id": path(left.at("field")), "held": { "$literal": 1 } } },
            { "$unionWith": { "coll": right.at("collection"), "pipeline": [
                having(right.at("field")),
                { "$project": { "names": to_id(path(right.at("field"))) } },
                { "$match": { "names": { "$type": "objectId" } } },
            ] } },
            { "$group": {
                "_id": "$_id",
                "held": { "$sum": "$held" },
                "names": { "$max": "$names" },
            } },
            { "$match": { "held": 0, "names": { "$type": "objectId" } } },
            { "$group": { "_id": "$names", "found": { "$max": "$_id" } } },
        ]))
    }
}
