//! The aggregation expressions that more than one pipeline uses.

use serde_json::{Value, json};

/// The ids that a field holds, as an array without nulls: old Keystone stores an id, an array of
/// ids or null; by hand there may also be a lone id where an array should be, or nulls inside.
pub(super) fn ids(field: &str) -> Value {
    json!({ "$filter": {
        "input": { "$cond": [{ "$isArray": [field] }, field, [field]] },
        // `$ifNull` also catches a field that is missing, which is not equal to null.
        "cond": { "$ne": [{ "$ifNull": ["$$this", null] }, null] },
    } })
}

/// The field path of a document's field, as an expression.
pub(super) fn path(field: &str) -> String {
    format!("${field}")
}
