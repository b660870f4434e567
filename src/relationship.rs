//! Pairing the relationship fields of all lists into relationships: their sides, kind and
//! cardinality.
//!
//! The rules are those of `_consolidateRelationships()` in `lib/Keystone/index.js` of
//! `@keystonejs/keystone` from 8.0.0 on, except that they report the first mistake alone.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use similar::get_close_matches;

use crate::error::Problem;
use crate::name::Name;
use crate::snapshot::{ColumnOptions, Field, Order, RelationshipField, Snapshot};

/// The five headings of Keystone's relationship migration guide, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    OneSidedOneToMany,
    OneSidedManyToMany,
    TwoSidedOneToOne,
    TwoSidedOneToMany,
    TwoSidedManyToMany,
}

impl Kind {
    pub fn heading(self) -> &'static str {
        match self {
            Kind::OneSidedOneToMany => "One-sided: one to many",
            Kind::OneSidedManyToMany => "One-sided: many to many",
            Kind::TwoSidedOneToOne => "Two-sided: one to one",
            Kind::TwoSidedOneToMany => "Two-sided: one to many",
            Kind::TwoSidedManyToMany => "Two-sided: many to many",
        }
    }
}

/// One side of a relationship: the field that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    #[serde(skip)]
    pub list: usize,
    #[serde(skip)]
    pub field: usize,
    #[serde(rename = "list")]
    pub key: Name,
    pub path: Name,
    pub many: bool,
    #[serde(skip)]
    pub options: ColumnOptions,
    /// Its place in Keystone's order: by `localeCompare` of the list keys, and only where those are
    /// equal, of the paths. The snapshot has the ranks, because the order depends on the process's locale.
    #[serde(skip)]
    rank: (u32, u32),
}

/// `Todo.author`.
impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.path)
    }
}

/// A relationship: a field that refers to a list, or two fields that refer to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relationship {
    /// `Todo.author -> User` or `Todo.readers -> User.readPosts`, as in the guide.
    pub name: String,
    #[serde(skip)]
    pub adapter: usize,
    #[serde(rename = "adapter")]
    adapter_name: String,
    pub kind: Kind,
    /// How many items of each side it links, left to right: `1:1`, `1:N`, `N:1` or `N:N`.
    pub cardinality: &'static str,
    /// The first side in Keystone's order.
    pub left: Side,
    pub right: Option<Side>,
    /// Index of the list that the left side refers to.
    #[serde(skip)]
    pub target: usize,
    #[serde(rename = "target")]
    pub target_key: Name,
}

impl Relationship {
    pub fn is_self(&self) -> bool {
        self.left.list == self.target
    }

    pub fn sides(&self) -> impl Iterator<Item = &Side> {
        std::iter::once(&self.left).chain(&self.right)
    }

    /// Whether a side has a field of its own in the documents of the new schema.
    pub fn keeps(&self, side: &Side) -> bool {
        let is_dropped = self.kind == Kind::TwoSidedOneToOne && self.right.as_ref() == Some(side);
        !(side.many || is_dropped)
    }

    /// Whether its sides are the other way round in another order of names.
    pub fn is_mirrored(&self, order: &Order) -> bool {
        let rank = |side: &Side| (order.lists.get(&*side.key), order.paths.get(&*side.path));
        self.right.as_ref().is_some_and(|right| rank(&self.left) > rank(right))
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Pairs the fields of all lists, in the order in which the first side of each is defined.
///
/// Appends to `problems` what cannot be paired: refs to unknown lists or fields, sides that do not
/// point back, fields that refer to themselves, relationships across adapters.
pub fn pair(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Vec<Relationship> {
    let refs = Refs::new(snapshot);
    let mut relationships = Vec::new();
    for (list_at, list) in snapshot.lists.iter().enumerate() {
        for (field_at, field) in list.fields.iter().enumerate() {
            let Some(relationship) = &field.relationship else { continue };
            match refs.other_side(list_at, field, relationship) {
                Err(problem) => problems.push(problem),
                // Paired when the other side had its turn.
                Ok((target, Some(other))) if (target, other) < (list_at, field_at) => {}
                Ok((target, other)) => {
                    let own = side(snapshot, list_at, field_at);
                    let other = other.map(|field| side(snapshot, target, field));
                    relationships.push(match other {
                        Some(other) if other.rank < own.rank => {
                            relationship_of(snapshot, other, Some(own), list_at)
                        }
                        other => relationship_of(snapshot, own, other, target),
                    });
                }
            }
        }
    }
    relationships
}

fn relationship_of(
    snapshot: &Snapshot,
    left: Side,
    right: Option<Side>,
    target: usize,
) -> Relationship {
    let (cardinality, kind) = match (left.many, right.as_ref().map(|right| right.many)) {
        (false, None) => ("N:1", Kind::OneSidedOneToMany),
        (true, None) => ("N:N", Kind::OneSidedManyToMany),
        (false, Some(false)) => ("1:1", Kind::TwoSidedOneToOne),
        (true, Some(false)) => ("1:N", Kind::TwoSidedOneToMany),
        (false, Some(true)) => ("N:1", Kind::TwoSidedOneToMany),
        (true, Some(true)) => ("N:N", Kind::TwoSidedManyToMany),
    };
    let adapter = snapshot.lists[left.list].adapter;
    let target_key = snapshot.lists[target].key.clone();
    Relationship {
        name: match &right {
            Some(right) => format!("{left} -> {right}"),
            None => format!("{left} -> {target_key}"),
        },
        adapter,
        adapter_name: snapshot.adapters[adapter].name.clone(),
        kind,
        cardinality,
        left,
        right,
        target,
        target_key,
    }
}

fn side(snapshot: &Snapshot, list: usize, field: usize) -> Side {
    let owner = &snapshot.lists[list];
    let Field { path, relationship, .. } = &owner.fields[field];
    let relationship = relationship.as_ref().expect("a side is a relationship field");
    let &RelationshipField { many, rank, is_unique, is_indexed, is_not_nullable, .. } =
        relationship;
    Side {
        list,
        field,
        key: owner.key.clone(),
        path: path.clone(),
        many,
        options: ColumnOptions { is_unique, is_indexed, is_not_nullable },
        rank: (owner.rank, rank),
    }
}

struct Refs<'a> {
    snapshot: &'a Snapshot,
    lists: HashMap<&'a str, usize>,
    /// How many more suggestions are made: each compares a name with all others.
    suggestions: Cell<usize>,
}

/// Who has more mistakes than this sees from the first ones what they are.
const SUGGESTIONS: usize = 20;

impl<'a> Refs<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let lists = snapshot.lists.iter().enumerate().map(|(at, list)| (&*list.key, at));
        Refs { snapshot, lists: lists.collect(), suggestions: Cell::new(SUGGESTIONS) }
    }

    /// The list that a field refers to, and there the field that points back.
    fn other_side(
        &self,
        list_at: usize,
        field: &Field,
        relationship: &RelationshipField,
    ) -> Result<(usize, Option<usize>), Problem> {
        let list = &self.snapshot.lists[list_at];
        let (list_key, path) = (&list.key, &field.path);
        let problem = |code: &str, text: String| {
            let message = format!("{list_key}.{path} refers to {text}");
            Problem::new(code, message).on_field(list_key, path)
        };
        let (target_key, target_path) = match relationship.reference.split_once('.') {
            Some((key, path)) => (key, Some(path)),
            None => (relationship.reference.as_str(), None),
        };
        let Some(&target_at) = self.lists.get(target_key) else {
            let keys: Vec<&str> = self.snapshot.lists.iter().map(|list| &*list.key).collect();
            let guess = self.guess(target_key, &keys);
            return Err(problem(
                "UNKNOWN_LIST",
                format!(
                    "the list \"{target_key}\", which does not exist.{guess} Define that list or change the ref of {list_key}.{path}."
                ),
            ));
        };
        let target = &self.snapshot.lists[target_at];
        if target.adapter != list.adapter {
            let [own, other] = [list, target].map(|it| &self.snapshot.adapters[it.adapter].name);
            return Err(problem(
                "CROSS_ADAPTER",
                format!(
                    "{target_key}, but {list_key} is on the adapter {own} and {target_key} on {other}. Since Arcade, Keystone cannot store a relationship across adapters: move one of the lists, or replace the relationship with a field that holds the id."
                ),
            ));
        }
        let Some(target_path) = target_path else { return Ok((target_at, None)) };
        if target_at == list_at && target_path == &**path {
            return Err(problem(
                "SELF_REFERENCE",
                format!(
                    "itself. Use ref: '{list_key}' for a one-sided relationship between items of {list_key}, or name another field of {list_key}."
                ),
            ));
        }
        let Some(target_field_at) = target.fields.iter().position(|it| &*it.path == target_path)
        else {
            let paths: Vec<&str> = target.fields.iter().map(|field| &*field.path).collect();
            let guess = self.guess(target_path, &paths);
            return Err(problem(
                "UNKNOWN_FIELD",
                format!(
                    "{target_key}.{target_path}, but the list {target_key} has no field \"{target_path}\".{guess} Define that field, or make the relationship one-sided with ref: '{target_key}'."
                ),
            ));
        };
        let target_field = &target.fields[target_field_at];
        let instead = match &target_field.relationship {
            None => {
                let kind = &target_field.kind;
                return Err(problem(
                    "MISMATCHED_REF",
                    format!(
                        "{target_key}.{target_path}, but that is a {kind} field, not a relationship. Make it a relationship with ref: '{list_key}.{path}', or make {list_key}.{path} one-sided with ref: '{target_key}'."
                    ),
                ));
            }
            Some(RelationshipField { reference, .. }) => match reference.split_once('.') {
                Some(back) if back == (list_key, path) => {
                    return Ok((target_at, Some(target_field_at)));
                }
                Some(_) => format!("refers to {reference}"),
                None => format!("refers to the list {reference} one-sided"),
            },
        };
        Err(problem(
            "MISMATCHED_REF",
            format!(
                "{0}, but {0} {instead}. Change the ref of {0} to '{list_key}.{path}', or that of {list_key}.{path}.",
                relationship.reference
            ),
        ))
    }

    /// The name that is most like a wrong one, as a question, if any is.
    fn guess(&self, name: &str, names: &[&str]) -> String {
        let Some(left) = self.suggestions.get().checked_sub(1) else { return String::new() };
        self.suggestions.set(left);
        let closest = get_close_matches(name, names, 1, 0.7);
        closest.first().map(|name| format!(" Did you mean \"{name}\"?")).unwrap_or_default()
    }
}
