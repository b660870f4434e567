//! Every mistake the core reports: what is wrong, where, and what to do about it.

use std::fmt;

use serde::Serialize;

/// One mistake in a project or its snapshot.
///
/// [`Problem::code`] is stable and meant for programs; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A `ref` to a list that does not exist.
    #[error(
        "{list}.{field} refers to the list {target}, which does not exist.{} Define that list or change the ref of {list}.{field}.",
        guess(.suggestion)
    )]
    UnknownList {
        /// The list with the `ref`.
        list: String,
        /// The field with the `ref`.
        field: String,
        /// The list it names.
        target: String,
        /// A list with nearly that name.
        suggestion: Option<String>,
    },
    /// A `ref` to a field that does not exist.
    #[error(
        "{list}.{field} refers to {target}.{target_field}, but the list {target} has no field {target_field}.{} Define that field, or make the relationship one-sided with ref: '{target}'.",
        guess(.suggestion)
    )]
    UnknownField {
        /// The list with the `ref`.
        list: String,
        /// The field with the `ref`.
        field: String,
        /// The list it names.
        target: String,
        /// The field it names there.
        target_field: String,
        /// A field of that list with nearly that name.
        suggestion: Option<String>,
    },
    /// A `ref` to a field that does not point back.
    #[error(
        "{list}.{field} refers to {target}, but {target} {instead}. Change the ref of {target} to '{list}.{field}', or that of {list}.{field}."
    )]
    MismatchedRef {
        /// The list with the `ref`.
        list: String,
        /// The field with the `ref`.
        field: String,
        /// The `List.path` it names.
        target: String,
        /// What that field does in place of pointing back.
        instead: String,
    },
    /// A `ref` to a field that is no relationship.
    #[error(
        "{list}.{field} refers to {target}.{target_field}, but that is a {kind} field and no relationship. Make it one, with ref: '{list}.{field}', or make {list}.{field} one-sided with ref: '{target}'."
    )]
    NotARelationship {
        /// The list with the `ref`.
        list: String,
        /// The field with the `ref`.
        field: String,
        /// The list it names.
        target: String,
        /// The field it names there.
        target_field: String,
        /// The type of that field.
        kind: String,
    },
    /// A `ref` of a field to itself.
    #[error(
        "{list}.{field} refers to itself. Use ref: '{list}' for a one-sided relationship between items of {list}, or name another field of {list}."
    )]
    SelfReference {
        /// The list.
        list: String,
        /// The field.
        field: String,
    },
    /// A relationship between lists on different adapters.
    #[error(
        "{list}.{field} refers to {target}, but {list} is on the adapter {adapter} and {target} on {target_adapter}. Keystone cannot store a relationship across adapters since Arcade: move one of the lists, or replace the relationship by a field that holds the id."
    )]
    CrossAdapter {
        /// The list with the `ref`.
        list: String,
        /// The field with the `ref`.
        field: String,
        /// The list it names.
        target: String,
        /// The adapter of `list`.
        adapter: String,
        /// The adapter of `target`.
        target_adapter: String,
    },
    /// An adapter for which there is no migration.
    #[error("The adapter {adapter} {reason}")]
    UnsupportedAdapter {
        /// The adapter's name.
        adapter: String,
        /// Why, and what to do.
        reason: String,
    },
    /// An option that changes names in ways that cannot be foreseen here.
    #[error("{place} {reason}")]
    UnsupportedOption {
        /// The adapter or list that has it.
        place: String,
        /// The list, when it is a list's option.
        list: Option<String>,
        /// What it is, why it is refused, and what to do.
        reason: String,
    },
    /// Two things with one name in the database.
    #[error("{thing} is {first} and also {second}{why}. {advice}")]
    NameCollision {
        /// What has the name, with the name: `The table Post_tags_many`.
        thing: String,
        /// The one that has it.
        first: String,
        /// The other.
        second: String,
        /// A remark on how the names came to be equal.
        why: &'static str,
        /// What to do.
        advice: &'static str,
        /// The list to change.
        list: String,
        /// The field to change.
        field: String,
    },
    /// A list whose collection could not be found out.
    #[error(
        "The collection of the list {list} is not known, because its configureMongooseSchema could not be run on a copy of its schema: {reason}. Make it work there: it gets a schema with all fields, before any connection."
    )]
    UnknownCollection {
        /// The list.
        list: String,
        /// What it threw.
        reason: String,
    },
    /// The loaded Keystone's own view of a relationship differs from this plan.
    #[error(
        "Keystone {version} itself sees {relationship} differently: {difference}. Nothing is planned, because a plan that Keystone disagrees with could lose data. Please report this with the output of --json and your list definitions."
    )]
    KeystoneDisagrees {
        /// The loaded Keystone's version.
        version: String,
        /// The relationship.
        relationship: String,
        /// What is different.
        difference: String,
    },
    /// A snapshot that is not one.
    #[error("Invalid snapshot{}: {reason}.", .place.as_ref().map(|place| format!(", {place}")).unwrap_or_default())]
    InvalidSnapshot {
        /// Where in the snapshot.
        place: Option<String>,
        /// What is wrong there.
        reason: String,
    },
    /// An output for one adapter was asked of a plan with several.
    #[error(
        "This project has {} adapters: {}. Say which one with --adapter <name> (the option `adapter` in the API).",
        .adapters.len(),
        .adapters.join(", ")
    )]
    AdapterRequired {
        /// The names of the adapters.
        adapters: Vec<String>,
    },
    /// An adapter was asked for that the project does not have.
    #[error("The project has no adapter {name}. It has: {}.", .adapters.join(", "))]
    UnknownAdapter {
        /// The name asked for.
        name: String,
        /// The names of the adapters.
        adapters: Vec<String>,
    },
}

fn guess(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" Did you mean {name}?")).unwrap_or_default()
}

impl Problem {
    /// The stable code, for programs.
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
            Problem::InvalidSnapshot { .. } => "INVALID_SNAPSHOT",
            Problem::AdapterRequired { .. } => "ADAPTER_REQUIRED",
            Problem::UnknownAdapter { .. } => "UNKNOWN_ADAPTER",
        }
    }

    /// The list and the field to look at, as far as the problem has them.
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
            Problem::UnknownCollection { list, .. } => (Some(list), None),
            _ => (None, None),
        }
    }
}

/// All mistakes found in one run, at least one.
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
    /// Takes the mistakes in the order in which they are to be told.
    ///
    /// # Panics
    /// When there is none: that would be no error.
    pub fn new(problems: Vec<Problem>) -> Self {
        assert!(!problems.is_empty(), "an error needs a problem");
        Problems(problems)
    }

    /// The problems, first to last.
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
