//! What the server is told, typed, without shell text.

use serde_json::Value;

/// A command to the server.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// An aggregation that must find nothing. What it finds has `count` and `examples` in the form
    /// of [`found`], and is told with the message.
    Check { collection: String, pipeline: Vec<Value>, message: String, severity: Severity },
    /// An aggregation that writes its result into a collection.
    Aggregate { collection: String, pipeline: Vec<Value> },
    /// An index on one field, as Keystone makes it.
    CreateIndex { collection: String, field: String },
    /// Removes a field from all documents that have it.
    Unset { collection: String, field: String },
}

/// What happens when a check finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The script stops.
    Stop,
    /// The script says so and goes on.
    Warn,
}

/// The stage that ends a check's pipeline: how many documents there are, and the first five.
pub(super) fn found() -> [Value; 2] {
    [
        serde_json::json!({ "$facet": {
            "count": [{ "$count": "n" }],
            "examples": [{ "$limit": 5 }],
        } }),
        serde_json::json!({ "$match": { "examples": { "$ne": [] } } }),
    ]
}
