//! The aggregation expressions and stages that more than one pipeline uses.

use super::block::blocks;
use super::value::{Value, json, text};

/// How ids are read from fields that the old Keystone, seeds and people have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Ids as they are: whatever is no ObjectId is nothing.
    Strict,
    /// Strings of 24 hex digits are ids too (`--reconcile`).
    Lenient,
}

blocks! {
    /// What an expression gives, as an array: an array by itself, anything else as its only item.
    fn items(value) {
        json!({ "$cond": [{ "$isArray": [value] }, value, [value]] })
    }

    /// Whether an expression gives an ObjectId: neither Keystone sees anything else as an id.
    fn is_id(value) {
        json!({ "$eq": [{ "$type": value }, "objectId"] })
    }

    /// Whether an expression gives null, or nothing.
    fn is_nothing(value) {
        json!({ "$in": [{ "$type": value }, ["missing", "null", "undefined"]] })
    }

    /// What an expression gives, as an ObjectId, also if it is a string of 24 hex digits, or else null.
    fn to_id(value) {
        json!({ "$convert": { "input": value, "to": "objectId", "onError": null, "onNull": null } })
    }

    /// The ids that an expression gives, as an array: of an array, of one id, of null or nothing.
    fn ids[reading](value) {
        let input = match reading {
            Reading::Strict => items(value),
            Reading::Lenient => {
                json!({ "$map": { "input": items(value), "in": to_id("$$this") } })
            }
        };
        json!({ "$filter": { "input": input, "cond": is_id("$$this") } })
    }

    /// The elements of an array, each once, where it occurs first.
    fn distinct(array) {
        let element = json!({ "$arrayElemAt": [array, "$$at"] });
        json!({ "$map": {
            "input": { "$filter": {
                "input": { "$range": [0, { "$size": array }] },
                "as": "at",
                "cond": { "$eq": ["$$at", { "$indexOfArray": [array, &element] }] },
            } },
            "as": "at",
            "in": element,
        } })
    }

    /// An expression on the only document in an array, which it knows by the name of the array.
    fn only(array, value) {
        json!({ "$let": {
            "vars": { [array]: { "$arrayElemAt": [text!["$", array], 0] } },
            "in": value,
        } })
    }

    /// The stage that leaves the documents that have the field, even if it is null. `$exists` it must be:
    /// comparisons with null skip arrays that contain one.
    fn having(field) {
        json!({ "$match": { [field]: { "$exists": true } } })
    }

    /// The stage that leaves the documents whose field holds an id, where the field is for one id.
    fn holding(field) {
        json!({ "$match": { [field]: { "$type": "objectId" } } })
    }

    /// The stage that looks up the document whose `_id` a field holds, as the only item of an array.
    fn lookup(collection, field, array) {
        json!({ "$lookup": {
            "from": collection,
            "localField": field,
            "foreignField": "_id",
            "as": array,
        } })
    }

    /// The stage that names both ends of a link that a field of the left side holds.
    fn from_left() {
        json!({ "$project": { "_id": 0, "left": "$_id", "right": "$id" } })
    }

    /// The stage that names both ends of a link that a field of the right side holds.
    fn from_right() {
        json!({ "$project": { "_id": 0, "left": "$id", "right": "$_id" } })
    }
}

/// The path of a document's field, as an expression.
pub(super) fn path(field: impl Into<Value>) -> Value {
    text!["$", field.into()]
}
