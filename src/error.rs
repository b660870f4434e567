//! What is wrong with a project, or worth knowing of it: what it is, where, and what to do about it.

use serde::{Deserialize, Serialize};

/// A mistake, or where nothing has to stop for it, a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub code: String,
    pub message: String,
    /// The list and the field to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    pub fn new(code: &str, message: String) -> Self {
        Problem { code: code.to_owned(), message, list: None, field: None }
    }

    pub fn on_list(self, list: &str) -> Self {
        Problem { list: Some(list.to_owned()), ..self }
    }

    pub fn on_field(self, list: &str, field: &str) -> Self {
        Problem { field: Some(field.to_owned()), ..self.on_list(list) }
    }

    pub fn invalid_snapshot(place: Option<&str>, reason: &str) -> Self {
        let place = place.map(|place| format!(", {place}")).unwrap_or_default();
        Problem::new("INVALID_SNAPSHOT", format!("Invalid snapshot{place}: {reason}."))
    }

    /// knex could not be asked what refers to the id of a list.
    pub fn unknown_type(column: &str, list: &str) -> Self {
        let message = format!(
            "The SQL type of {column} is unknown: knex could not say which type a foreign key to the list {list} has. Install @keystonejs/adapter-knex where the project finds it, and make the id of {list} of a field type that a relationship can refer to."
        );
        Problem::new("UNKNOWN_TYPE", message).on_list(list)
    }

    /// The loaded Keystone does not see a relationship as this package does.
    pub fn keystone_disagrees(version: Option<&str>, relationship: &str, difference: &str) -> Self {
        let version = version.unwrap_or("of this project");
        let message = format!(
            "Keystone {version} itself sees {relationship} differently: {difference}. Nothing was planned, because a plan that Keystone disagrees with could lose data. Please report this with the output of --json and your list definitions."
        );
        Problem::new("KEYSTONE_DISAGREES", message)
    }
}

/// All mistakes found in one run: at least one, in the order in which they are reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problems(pub Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}
