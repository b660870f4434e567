//! The aggregation expressions that more than one pipeline uses.

use super::value::{Value, json};

use crate::step::DocumentField;

/// How ids are read from fields that the old Keystone, seeds and people have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Ids as they are: whatever is no ObjectId is nothing.
    Strict,
    /// Strings of 24 hex digits are ids too (`--reconcile`).
    Lenient,
}

impl Reading {
    /// The ids that an expression gives, as an array: of an array, of one id, of null or nothing.
    pub(super) fn ids(self, value: &str) -> Value {
        let input = match self {
            Reading::Strict => items(value),
            Reading::Lenient => {
                json!({ "$map": { "input": items(value), "in": to_id("$$this") } })
            }
        };
        json!({ "$filter": { "input": input, "cond": is_id("$$this") } })
    }

    /// The one id that an expression gives, or something that is no id.
    pub(super) fn id(self, value: &str) -> Value {
        match self {
            Reading::Strict => json!(value),
            Reading::Lenient => to_id(value),
        }
    }
}

/// What an expression gives, as an array: an array by itself, anything else as its only item.
pub(super) fn items(value: &str) -> Value {
    json!({ "$cond": [{ "$isArray": [value] }, value, [value]] })
}

/// Whether it is an ObjectId: neither Keystone sees anything else as an id.
pub(super) fn is_id(value: impl Into<Value>) -> Value {
    json!({ "$eq": [{ "$type": value.into() }, "objectId"] })
}

/// Whether it is null, or missing.
pub(super) fn is_nothing(value: &str) -> Value {
    json!({ "$in": [{ "$type": value }, ["missing", "null", "undefined"]] })
}

fn to_id(value: &str) -> Value {
    json!({ "$convert": { "input": value, "to": "objectId", "onError": null, "onNull": null } })
}

/// The path of a document's field, as an expression.
pub(super) fn path(field: &str) -> String {
    format!("${field}")
}

/// The stage that leaves the documents that have the field, even if it is null.
///
/// `$exists` it must be: comparisons with null skip arrays that contain one.
pub(super) fn having(field: &DocumentField) -> Value {
    json!({ "$match": { &field.field: { "$exists": true } } })
}

/// The stage that leaves the documents whose field holds an id, where the field is for one id.
pub(super) fn holding(field: &DocumentField) -> Value {
    json!({ "$match": { &field.field: { "$type": "objectId" } } })
}

/// The document of another collection that has the `_id` which `local` holds, as the only item of
/// `into` or none.
pub(super) fn lookup(from: &str, local: &str, into: &str) -> Value {
    json!({ "$lookup": {
        "from": from,
        "localField": local,
        "foreignField": "_id",
        "as": into,
    } })
}

/// The elements of an array, each once, where it occurs first.
pub(super) fn distinct(array: &str) -> Value {
    let element = json!({ "$arrayElemAt": [array, "$$at"] });
    json!({ "$map": {
        "input": { "$filter": {
            "input": { "$range": [0, { "$size": array }] },
            "as": "at",
            "cond": { "$eq": ["$$at", { "$indexOfArray": [array, element.clone()] }] },
        } },
        "as": "at",
        "in": element,
    } })
}
