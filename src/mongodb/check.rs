//! The checks before anything changes: what is found that would be lost, or read differently.
//!
//! What counts as a link follows what both Keystones read: an ObjectId of a document that exists.
//!
//! A side (`from`, `to`, `kept`, `dropped`) is what [`Sides`](super::migration::Sides) says of it.

use super::block::blocks;
use super::command::{aggregate, stop, warn};
use super::expression::{
    Reading, having, holding, ids, is_id, is_nothing, items, lookup, only, path,
};
use super::value::{Value, json, text};

blocks! {
    /// The links of a field, one document each: `_id` of its own document, `id` of the other.
    fn each_link[reading](field) {
        json!([
            having(field),
            { "$project": { "id": ids(reading, text!["$", field]) } },
            { "$unwind": "$id" },
        ])
    }

    /// The links of one side that the other does not have, between documents that exist, with
    /// `back`: the ids that the other side holds in place of it.
    fn unreturned[reading](from, to) {
        json!([
            ..each_link(reading, from.at("field")),
            lookup(to.at("collection"), "id", "other"),
            { "$match": { "other": { "$ne": [] } } },
            { "$project": {
                "id": 1,
                "back": only("other", ids(reading, text!["$$other.", to.at("field")])),
            } },
            { "$match": { "$expr": { "$not": [{ "$in": ["$_id", "$back"] }] } } },
        ])
    }

    /// The documents that several documents of the kept side hold: with these as `holders`, and as `named`
    /// those of them that their own field names.
    fn shared[reading](kept, dropped) {
        json!([
            holding(kept.at("field")),
            { "$group": { "_id": text!["$", kept.at("field")], "holders": { "$push": "$_id" } } },
            { "$match": { "holders.1": { "$exists": true } } },
            lookup(dropped.at("collection"), "_id", "other"),
            { "$match": { "other": { "$ne": [] } } },
            { "$project": {
                "holders": 1,
                "named": only("other", json!({ "$setIntersection": [
                    ids(reading, text!["$$other.", dropped.at("field")]),
                    "$holders",
                ] })),
            } },
        ])
    }

    /// That a field holds ObjectIds and nothing else. `values` is what it holds, as an array.
    fn only_ids[reading](name, from, values) {
        let is_wrong = json!({ "$not": [{ "$or": [is_nothing("$$this"), is_id("$$this")] }] });
        let pipeline = json!([
            having(from.at("field")),
            { "$project": { "wrong": { "$filter": { "input": values, "cond": is_wrong } } } },
            { "$match": { "wrong": { "$ne": [] } } },
            { "$project": {
                "wrong": 1,
                "types": { "$map": { "input": "$wrong", "in": { "$type": "$$this" } } },
            } },
        ]);
        let says = text![
            name, ": documents with something in ", place(from), " that is no ObjectId. ",
        ];
        match reading {
            Reading::Strict => stop(
                text![
                    says,
                    "Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else",
                ],
                from.at("collection"),
                pipeline,
            ),
            Reading::Lenient => warn(
                text![
                    says, "Strings of 24 hex digits are taken as ids, everything else is left out",
                ],
                from.at("collection"),
                pipeline,
            ),
        }
    }

    /// That an array holds ObjectIds and nothing else.
    fn array_has_ids[reading](name, from) {
        only_ids(reading, name, from, items(path(from.at("field"))))
    }

    /// That a field for one id holds an ObjectId, or nothing.
    fn field_has_id[reading](name, from) {
        only_ids(reading, name, from, json!([path(from.at("field"))]))
    }

    /// That documents with links have an ObjectId as their own `_id`.
    fn owners_have_ids(name, from) {
        stop(
            text![
                name, ": documents of ", from.at("collection"),
                " whose own _id is no ObjectId have links in ", from.at("field"),
                ". Neither Keystone can follow them. Give these documents an ObjectId, or remove the links",
            ],
            from.at("collection"),
            json!([
                { "$match": {
                    [from.at("field")]: { "$exists": true },
                    "_id": { "$not": { "$type": "objectId" } },
                } },
                { "$project": {
                    "type": { "$type": "$_id" },
                    "links": { "$filter": {
                        "input": items(path(from.at("field"))),
                        "cond": { "$not": [is_nothing("$$this")] },
                    } },
                } },
                { "$match": { "links": { "$ne": [] } } },
            ]),
        )
    }

    /// That an array holds links which are each there once, and nothing else.
    fn no_oddities(name, from) {
        let value = path(from.at("field"));
        let size = |array: Value| json!({ "$size": array });
        let pipeline = json!([
            having(from.at("field")),
            { "$project": {
                "all": items(&value),
                "lone": { "$cond": [{ "$or": [{ "$isArray": [&value] }, is_nothing(&value)] }, 0, 1] },
                "array": { "$cond": [{ "$isArray": [&value] }, 1, 0] },
            } },
            { "$project": {
                "all": 1,
                "lone": 1,
                "array": 1,
                "links": { "$filter": {
                    "input": "$all",
                    "cond": { "$not": [is_nothing("$$this")] },
                } },
            } },
            { "$project": {
                "lone": 1,
                "nulls": { "$multiply": [
                    "$array",
                    { "$subtract": [size(json!("$all")), size(json!("$links"))] },
                ] },
                "duplicates": { "$subtract": [
                    size(json!("$links")),
                    size(json!({ "$setUnion": ["$links", []] })),
                ] },
            } },
            { "$match": { "$or": [
                { "lone": { "$gt": 0 } },
                { "nulls": { "$gt": 0 } },
                { "duplicates": { "$gt": 0 } },
            ] } },
        ]);
        json!({
            "says": text![
                name, ": documents with nulls or duplicates in ", place(from),
                ", or with a lone value in place of an array. Each link is copied once, nulls are left out",
            ],
            "stops": false,
            "sums": ["nulls", "duplicates", "lone"],
            "run": aggregate(from.at("collection"), pipeline),
        })
    }

    /// The links of a field to documents that do not exist (any more).
    fn dangling[reading](from, to) {
        json!([
            ..each_link(reading, from.at("field")),
            lookup(to.at("collection"), "id", "other"),
            { "$match": { "other": [] } },
            from.at("ends"),
        ])
    }

    /// That the documents exist which a field names whose links are copied.
    fn targets_exist[reading](name, from, to) {
        warn(
            text![missing_targets(name, from, to), "They are copied as they are"],
            from.at("collection"),
            dangling(reading, from, to),
        )
    }

    /// That the documents exist which a field names whose links are not copied: the other side has them.
    fn dropped_targets_exist[reading](name, from, to) {
        warn(
            text![missing_targets(name, from, to), "They go with the field"],
            from.at("collection"),
            dangling(reading, from, to),
        )
    }

    /// That one side of an N:N relationship has no links that the other lacks.
    fn other_side_agrees[reading](name, from, to) {
        let says = text![
            name, ": links that only ", place(from), " has, and ", place(to), " has not. ",
        ];
        let pipeline = json!([..unreturned(reading, from, to), from.at("ends")]);
        match reading {
            Reading::Strict => stop(
                text![
                    says,
                    "Bring both sides into agreement, or use --reconcile, which takes the links of both",
                ],
                from.at("collection"),
                pipeline,
            ),
            Reading::Lenient => warn(text![
                says, "They are taken",
            ], from.at("collection"), pipeline),
        }
    }

    /// That every link of a field exists on the kept side, unless that holds another id.
    fn nothing_lost[reading](name, from, kept) {
        stop(
            text![
                name, ": links that only ", place(from), " has would be lost. Add them to ",
                place(kept), ", or remove them, or use --reconcile, which adopts them",
            ],
            from.at("collection"),
            json!([
                ..unreturned(reading, from, kept),
                { "$match": { "back": [] } },
                from.at("ends"),
            ]),
        )
    }

    /// That the kept side contradicts no link of a field. The kept side decides where it holds an id:
    /// the old Keystone leaves stale ids on the other one whenever it is re-assigned.
    fn nothing_stale[reading](name, from, kept) {
        warn(
            text![
                name, ": links in ", place(from), " that ", place(kept),
                " contradicts. The old Keystone leaves such stale links behind. ", place(kept),
                " decides",
            ],
            from.at("collection"),
            json!([
                ..unreturned(reading, from, kept),
                { "$match": { "back": { "$ne": [] } } },
                from.at("ends"),
            ]),
        )
    }

    /// That the array of the other side has all links of the kept side.
    fn array_agrees[reading](name, kept, dropped) {
        warn(
            only_kept(name, kept),
            kept.at("collection"),
            json!([..unreturned(reading, kept, dropped), kept.at("ends")]),
        )
    }

    /// That the field of the other side holds an id where the kept side has a link.
    fn field_agrees[reading](name, kept, dropped) {
        warn(
            only_kept(name, kept),
            kept.at("collection"),
            json!([
                ..unreturned(reading, kept, dropped),
                { "$match": { "back": [] } },
                kept.at("ends"),
            ]),
        )
    }

    /// That a document which several documents of the kept side hold names one of these.
    fn holders_are_settled[reading](name, kept, dropped) {
        stop(
            text![
                name, ": documents that several documents hold in ", place(kept),
                ", and whose own ", place(dropped),
                " names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id",
            ],
            kept.at("collection"),
            json!([..shared(reading, kept, dropped), { "$match": { "named": [] } }]),
        )
    }

    /// On the way back: that one document at most has no link, where the old Keystone's unique index takes
    /// a missing id for a value like any other.
    fn one_is_without(name, side, kept) {
        let linked = json!([
            holding(kept.at("field")),
            { "$group": { "_id": path(kept.at("field")) } },
            lookup(side.at("collection"), "_id", "other"),
            { "$match": { "other": { "$ne": [] } } },
            { "$group": { "_id": null, "n": { "$sum": 1 } } },
        ]);
        json!({
            "says": text![
                name, ": documents of ", side.at("collection"), " that ", place(kept),
                " does not hold. The old Keystone has a unique index on ", place(side),
                ", which has room for one of them. Link the others, or remove them",
            ],
            "stops": true,
            "sums": ["without"],
            "run": aggregate(side.at("collection"), json!([
                { "$group": { "_id": null, "all": { "$sum": 1 } } },
                { "$lookup": {
                    "from": kept.at("collection"),
                    "let": {},
                    "pipeline": linked,
                    "as": "linked",
                } },
                { "$project": { "_id": 0, "without": { "$subtract": [
                    "$all",
                    { "$ifNull": [only("linked", "$$linked.n"), 0] },
                ] } } },
                { "$match": { "without": { "$gt": 1 } } },
            ])),
        })
    }

    /// After all repairs: that the kept side has had room for all links of a field.
    fn nothing_left_out[reading](name, from, kept) {
        warn(
            text![
                name, ": links in ", place(from), " that are left out: ", place(kept),
                " holds others",
            ],
            from.at("collection"),
            json!([..unreturned(reading, from, kept), from.at("ends")]),
        )
    }

    /// The links of an array that a join collection does not have.
    fn unjoined[reading](from, to, join) {
        json!([
            having(from.at("field")),
            { "$project": { "ids": ids(reading, path(from.at("field"))) } },
            { "$lookup": {
                "from": join,
                "localField": "_id",
                "foreignField": from.at("inJoin"),
                "as": "rows",
            } },
            { "$project": { "id": { "$setDifference": [
                "$ids",
                { "$map": { "input": "$rows", "in": text!["$$this.", to.at("inJoin")] } },
            ] } } },
            { "$unwind": "$id" },
        ])
    }

    /// That every link of an array is in the join collection.
    fn all_copied[reading](name, from, to, join) {
        stop(
            uncopied(name, from, join),
            from.at("collection"),
            json!([..unjoined(reading, from, to, join), from.at("ends")]),
        )
    }

    /// That every link of an array is in the join collection, as far as the other document exists.
    fn all_existing_copied[reading](name, from, to, join) {
        stop(
            uncopied(name, from, join),
            from.at("collection"),
            json!([
                ..unjoined(reading, from, to, join),
                lookup(to.at("collection"), "id", "other"),
                { "$match": { "other": { "$ne": [] } } },
                from.at("ends"),
            ]),
        )
    }

    /// On the way back: that an array has no links that the join collection lacks.
    fn no_array_overwritten(name, from, to, join) {
        stop(
            text![name, ": ", place(from), " holds links that ", join, OVERWRITTEN],
            from.at("collection"),
            json!([..unjoined(Reading::Strict, from, to, join), from.at("ends")]),
        )
    }

    /// On the way back: that a field has no links that the kept side lacks.
    fn no_field_overwritten(name, from, kept) {
        stop(
            text![name, ": ", place(from), " holds links that ", place(kept), OVERWRITTEN],
            from.at("collection"),
            json!([..unreturned(Reading::Strict, from, kept), from.at("ends")]),
        )
    }
}

const OVERWRITTEN: &str =
    " does not have. They would be overwritten: is the database in the old schema already?";

/// A field, as people name it.
pub(super) fn place(side: &Value) -> Value {
    text![side.at("collection"), ".", side.at("field")]
}

fn missing_targets(name: &Value, from: &Value, to: &Value) -> Value {
    text![
        name,
        ": ids in ",
        place(from),
        " of documents that ",
        to.at("collection"),
        " does not have. No Keystone shows them. "
    ]
}

fn only_kept(name: &Value, kept: &Value) -> Value {
    text![
        name,
        ": links that only ",
        place(kept),
        " has. The new Keystone shows them from both sides"
    ]
}

fn uncopied(name: &Value, from: &Value, join: &Value) -> Value {
    text![
        name,
        ": links in ",
        place(from),
        " that ",
        join,
        " does not have, so they came after it was made: was the application running? Add them there, or remove them from ",
        place(from)
    ]
}
