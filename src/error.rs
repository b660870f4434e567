//! Every mistake the core reports: what is wrong, where, and what to do about it.

use std::fmt;

use serde::Serialize;

/// One mistake in a project or its snapshot.
///
/// [`Problem::code`] is stable and meant for programs; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error(
        "{list}.{field} refers to the list \"{target}\", which does not exist.{} Define that list or change the ref of {list}.{field}.",
        guess(.suggestion)
    )]
    UnknownList { list: String, field: String, target: String, suggestion: Option<String> },
    #[error(
        "{list}.{field} refers to {target}.{target_field}, but the list {target} has no field \"{target_field}\".{} Define that field, or make the relationship one-sided with ref: '{target}'.",
        guess(.suggestion)
    )]
    UnknownField {
        list: String,
        field: String,
        target: String,
        target_field: String,
        suggestion: Option<String>,
    },
    #[error(
        "{list}.{field} refers to {target}, but {target} {instead}. Change the ref of {target} to '{list}.{field}', or that of {list}.{field}."
    )]
    MismatchedRef { list: String, field: String, target: String, instead: String },
    #[error(
        "{list}.{field} refers to {target}.{target_field}, but that is a {kind} field, not a relationship. Make it a relationship with ref: '{list}.{field}', or make {list}.{field} one-sided with ref: '{target}'."
    )]
    NotARelationship {
        list: String,
        field: String,
        target: String,
        target_field: String,
        kind: String,
    },
    #[error(
        "{list}.{field} refers to itself. Use ref: '{list}' for a one-sided relationship between items of {list}, or name another field of {list}."
    )]
    SelfReference { list: String, field: String },
    #[error(
        "{list}.{field} refers to {target}, but {list} is on the adapter {adapter} and {target} on {target_adapter}. Since Arcade, Keystone cannot store a relationship across adapters: move one of the lists, or replace the relationship with a field that holds the id."
    )]
    CrossAdapter {
        list: String,
        field: String,
        target: String,
        adapter: String,
        target_adapter: String,
    },
    #[error("The adapter {adapter} {reason}")]
    UnsupportedAdapter { adapter: String, reason: String },
    /// An option that changes names in ways that no plan can foresee.
    #[error("{place} {reason}")]
    UnsupportedOption { place: String, list: Option<String>, reason: String },
    #[error("{thing} is {first} and also {second}{why}. {advice}")]
    NameCollision {
        /// `The table Post_tags_many`.
        thing: String,
        first: String,
        second: String,
        why: &'static str,
        advice: &'static str,
        list: String,
        field: String,
    },
    #[error(
        "The collection of the list {list} is unknown, because its configureMongooseSchema failed on a copy of the schema: {reason}. Make it work on a schema with all fields and without a connection."
    )]
    UnknownCollection { list: String, reason: String },
    #[error(
        "Keystone {version} itself sees {relationship} differently: {difference}. Nothing was planned, because a plan that Keystone disagrees with could lose data. Please report this with the output of --json and your list definitions."
    )]
    KeystoneDisagrees { version: String, relationship: String, difference: String },
    #[error(
        "The SQL type of {column} is unknown: knex could not say which type a foreign key to the list {list} has. Install @keystonejs/adapter-knex where the project finds it, and make the id of {list} of a field type that a relationship can refer to."
    )]
    UnknownType { column: String, list: String },
    #[error(
        "The project has no lists, so there is nothing to plan. Create all lists with keystone.createList() first."
    )]
    NoLists,
    #[error("Invalid snapshot{}: {reason}.", .place.as_ref().map(|place| format!(", {place}")).unwrap_or_default())]
    InvalidSnapshot { place: Option<String>, reason: String },
    #[error(
        "This project has {} adapters: {}. Choose one with --adapter <name> (the option `adapter` in the API).",
        .adapters.len(),
        .adapters.join(", ")
    )]
    AdapterRequired { adapters: Vec<String> },
    /// What was handed to a report does not come from a database of this project.
    #[error(
        "The option inspection is not what check or apply has returned for this project: {reason}."
    )]
    InvalidInspection { reason: String },
    #[error("The project has no adapter \"{name}\". It has: {}.", .adapters.join(", "))]
    UnknownAdapter { name: String, adapters: Vec<String> },
}

fn guess(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" Did you mean \"{name}\"?")).unwrap_or_default()
}

impl Problem {
    pub fn code(&self) -> &'static str {
        match self {
            Problem::UnknownList { .. } => "UNKNOWN_LIST",
            Problem::UnknownField { .. } => "UNKNOWN_FIELD",
            Problem::MismatchedRef { .. } | Problem::NotARelationship { .. } => "MISMATCHED_REF",
            Problem::SelfReference { .. } => "SELF_REFERENCE",
            Problem::CrossAdapter { .. } => "CROSS_ADAPTER",
            Problem::UnsupportedAdapter { .. } => "UNSUPPORTED_ADAPTER",
            Problem::UnsupportedOption { .. } => "UNSUPPORTED_OPTION",
            Problem::NameCollision { .. } => "NAME_COLLISION",
            Problem::UnknownCollection { .. } => "UNKNOWN_COLLECTION",
            Problem::KeystoneDisagrees { .. } => "KEYSTONE_DISAGREES",
            Problem::UnknownType { .. } => "UNKNOWN_TYPE",
            Problem::NoLists => "NO_LISTS",
            Problem::InvalidSnapshot { .. } => "INVALID_SNAPSHOT",
            Problem::AdapterRequired { .. } => "ADAPTER_REQUIRED",
            Problem::InvalidInspection { .. } => "INVALID_OPTION",
            Problem::UnknownAdapter { .. } => "UNKNOWN_ADAPTER",
        }
    }

    /// The list and the field to look at.
    pub fn location(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Problem::UnknownList { list, field, .. }
            | Problem::UnknownField { list, field, .. }
            | Problem::MismatchedRef { list, field, .. }
            | Problem::NotARelationship { list, field, .. }
            | Problem::SelfReference { list, field }
            | Problem::CrossAdapter { list, field, .. }
            | Problem::NameCollision { list, field, .. } => (Some(list), Some(field)),
            Problem::UnsupportedOption { list, .. } => (list.as_deref(), None),
            Problem::UnknownCollection { list, .. } | Problem::UnknownType { list, .. } => {
                (Some(list), None)
            }
            _ => (None, None),
        }
    }
}

/// All mistakes found in one run: at least one, in the order in which they are reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// One problem as it goes to JavaScript.
#[derive(Serialize)]
struct Report<'a> {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problems {
    /// # Panics
    /// Without any problem: that would not be an error.
    pub fn new(problems: Vec<Problem>) -> Self {
        assert!(!problems.is_empty(), "an error needs a problem");
        Problems(problems)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `[{ code, message, list?, field? }]`, for JavaScript.
    pub fn to_json(&self) -> String {
        let reports: Vec<Report<'_>> = self
            .iter()
            .map(|problem| {
                let (list, field) = problem.location();
                Report { code: problem.code(), message: problem.to_string(), list, field }
            })
            .collect();
        serde_json::to_string(&reports).expect("strings serialize")
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
