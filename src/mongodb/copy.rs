//! Copying the links of arrays into a join collection.
//!
//! Each link is copied once, in the order of the array. The runner adds the stage that writes, since
//! it depends on the server.

use super::block::blocks;
use super::command::aggregate;
use super::expression::{Reading, distinct, having, ids, items, path};
use super::value::{Value, json};

/// What mongoose, and so Keystone, writes into every document that it makes: `versionKey` of its schemas,
/// which is 0 in a new one.
const VERSION: &str = "__v";

/// More than a document has room for.
const BEHIND: u32 = 1_000_000_000;

blocks! {
    /// Copies the links of an array into the join collection, each once, in the order of the array.
    /// Counts them in another way than it copies them: by the sizes of sets.
    fn copy_array[reading](left, right, join) {
        let value = path(left.at("field"));
        let set = match reading {
            Reading::Strict => json!({ "$setDifference": [items(&value), [null]] }),
            Reading::Lenient => json!({ "$setUnion": [ids(reading, &value), []] }),
        };
        json!({
            "into": join,
            "indexes": [left.at("inJoin"), right.at("inJoin")],
            "run": aggregate(left.at("collection"), json!([
                having(left.at("field")),
                { "$project": { "ids": ids(reading, &value) } },
                { "$project": {
                    "_id": 0,
                    [left.at("inJoin")]: "$_id",
                    [right.at("inJoin")]: distinct("$ids"),
                    [VERSION]: { "$literal": 0 },
                } },
                { "$unwind": path(right.at("inJoin")) },
            ])),
            "count": aggregate(left.at("collection"), json!([
                having(left.at("field")),
                { "$group": { "_id": null, "n": { "$sum": { "$size": set } } } },
            ])),
        })
    }

    /// The ids in an array with their places in it, one document each.
    fn each_id(field) {
        json!([
            having(field),
            { "$project": { "ids": ids(Reading::Lenient, path(field)) } },
            { "$unwind": { "path": "$ids", "includeArrayIndex": "at" } },
        ])
    }

    /// The links of both arrays as `near` and `far`, with the place in the left array, or a place
    /// behind all those of a left array.
    fn both_arrays(left, right) {
        json!([
            ..each_id(left.at("field")),
            { "$project": { "_id": 0, "near": "$_id", "far": "$ids", "at": 1 } },
            { "$unionWith": { "coll": right.at("collection"), "pipeline": [
                ..each_id(right.at("field")),
                { "$project": {
                    "_id": 0,
                    "near": "$ids",
                    "far": "$_id",
                    "at": { "$literal": BEHIND },
                } },
            ] } },
        ])
    }

    /// Copies the links of both arrays: those of the left array in its order, then those that only the
    /// right array has.
    fn copy_both_arrays(left, right, join) {
        let link = json!({ "near": "$near", "far": "$far" });
        json!({
            "into": join,
            "indexes": [left.at("inJoin"), right.at("inJoin")],
            "run": aggregate(left.at("collection"), json!([
                ..both_arrays(left, right),
                { "$group": { "_id": &link, "at": { "$min": "$at" } } },
                { "$sort": { "_id.near": 1, "at": 1, "_id.far": 1 } },
                { "$project": {
                    "_id": 0,
                    [left.at("inJoin")]: "$_id.near",
                    [right.at("inJoin")]: "$_id.far",
                    [VERSION]: { "$literal": 0 },
                } },
            ])),
            "count": aggregate(left.at("collection"), json!([
                ..both_arrays(left, right),
                { "$group": { "_id": link } },
                { "$group": { "_id": null, "n": { "$sum": 1 } } },
            ])),
        })
    }
}
