//! What the user should know, but which stops nothing.

use serde::{Deserialize, Serialize};

/// A remark on a project or its database. In shape it is a [`crate::error::Problem`] as JavaScript
/// gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable, for programs.
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
