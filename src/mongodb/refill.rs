//! The way back: filling arrays and fields again from what was kept. Running it again changes nothing.

use super::block::blocks;
use super::check::place;
use super::command::{aggregate, stop, update};
use super::expression::{holding, is_id, items, lookup, only, path};
use super::value::{Value, json, text};

blocks! {
    /// The links of a join collection, one document each: `own` id of the owner of a field to fill,
    /// `id` of the other side.
    fn joined(own, other) {
        json!([
            { "$match": {
                [own.at("inJoin")]: { "$type": "objectId" },
                [other.at("inJoin")]: { "$type": "objectId" },
            } },
            { "$project": { "own": path(own.at("inJoin")), "id": path(other.at("inJoin")) } },
        ])
    }

    /// The links of a field that was kept, as `own` id of the owner of the field to fill and as `id`.
    fn held(kept) {
        json!([
            holding(kept.at("field")),
            { "$project": { "own": path(kept.at("field")), "id": "$_id" } },
        ])
    }

    /// Gives documents without the array an empty one, as the old Keystone does.
    fn default_to_empty(side) {
        let default = json!({ "$set": { [side.at("field")]: [] } });
        let missing = json!({ [side.at("field")]: { "$exists": false } });
        json!({ "run": update(side.at("collection"), missing, default) })
    }

    /// Fills a field with what is `gathered` of the links of a collection. An `_id` tells the order in which
    /// links were copied, and so that of the left arrays.
    fn refill(collection, links, side, gathered) {
        json!({ "run": aggregate(collection, json!([
            ..links,
            { "$sort": { "_id": 1 } },
            { "$group": { "_id": "$own", [side.at("field")]: gathered } },
            { "$merge": {
                "into": side.at("collection"),
                "on": "_id",
                "whenMatched": "merge",
                "whenNotMatched": "discard",
            } },
        ])) })
    }

    /// Fills an array.
    fn refill_array(collection, links, side) {
        refill(collection, links, side, json!({ "$push": "$id" }))
    }

    /// Fills a field that is for one id.
    fn refill_field(collection, links, side) {
        refill(collection, links, side, json!({ "$max": "$id" }))
    }

    /// That the arrays have all links, as far as their documents exist. By number: an array may be long,
    /// and looking each link up in it would take its square.
    fn all_in_arrays(name, collection, links, side) {
        let size = json!({ "$size": { "$ifNull": [items(path(side.at("field"))), []] } });
        stop(incomplete(name, collection, side), collection, json!([
            ..links,
            lookup(side.at("collection"), "own", "document"),
            { "$match": { "document": { "$ne": [] } } },
            { "$group": { "_id": null, "kept": { "$sum": 1 } } },
            { "$lookup": {
                "from": side.at("collection"),
                "let": {},
                "pipeline": [{ "$group": { "_id": null, "n": { "$sum": size } } }],
                "as": "filled",
            } },
            { "$project": {
                "_id": 0,
                "kept": 1,
                "filled": { "$let": {
                    "vars": { "first": { "$arrayElemAt": ["$filled", 0] } },
                    "in": "$$first.n",
                } },
            } },
            { "$match": { "$expr": { "$ne": ["$kept", "$filled"] } } },
        ]))
    }

    /// That the fields have all links, as far as their documents exist.
    fn all_in_fields(name, collection, links, side) {
        let is_filled = only("document", is_id(text!["$$document.", side.at("field")]));
        stop(incomplete(name, collection, side), collection, json!([
            ..links,
            lookup(side.at("collection"), "own", "document"),
            { "$match": { "document": { "$ne": [] } } },
            { "$match": { "$expr": { "$not": [is_filled] } } },
            { "$project": { "own": 1, "id": 1 } },
        ]))
    }
}

fn incomplete(name: &Value, collection: &Value, side: &Value) -> Value {
    text![
        name,
        ": ",
        place(side),
        " does not hold all links of ",
        collection,
        ". Nothing has been removed. Is the application running? Run it again",
    ]
}
