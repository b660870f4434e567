//! Pairing the relationship fields of all lists into relationships: their sides, kind and
//! cardinality.
//!
//! The rules are those of `_consolidateRelationships()` in `lib/Keystone/index.js` of
//! `@keystonejs/keystone` from 8.0.0 on, except that they report the first mistake alone.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use similar::get_close_matches;

use crate::error::Problem;
use crate::name::Name;
use crate::snapshot::{ColumnOptions, Consolidated, Field, Order, RelationshipField, Snapshot};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub list: usize,
    pub field: usize,
    pub key: Name,
    pub path: Name,
    pub many: bool,
    pub options: ColumnOptions,
}

/// `Todo.author`.
impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.path)
    }
}

/// A relationship: a field that refers to a list, or two fields that refer to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    pub adapter: usize,
    /// The left side in Keystone's order (`localeCompare` of the list keys, then of the paths).
    pub left: Side,
    pub right: Option<Side>,
    /// Index of the list that the left side refers to.
    pub target: usize,
    pub target_key: Name,
    /// How many items of each side it links, left to right: `1:1`, `1:N`, `N:1` or `N:N`.
    pub cardinality: &'static str,
    pub kind: Kind,
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

    /// `Todo.author -> User` or `Todo.readers -> User.readPosts`, as in the guide.
    pub fn name(&self) -> String {
        match &self.right {
            Some(right) => format!("{} -> {right}", self.left),
            None => format!("{} -> {}", self.left, self.target_key),
        }
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Pairs the fields of all lists, in the order in which the first side of each is defined.
///
/// Appends to `problems` what cannot be paired: refs to unknown lists or fields, sides that do not
/// point back, fields that refer to themselves, relationships across adapters.
pub fn pair(snapshot: &Snapshot, problems: &mut Vec<Problem>) -> Vec<Relationship> {
    let refs = Refs::new(snapshot);
    let mut relationships = Vec::new();
    let mut paired: HashSet<(usize, usize)> = HashSet::new();
    for (list_at, list) in snapshot.lists.iter().enumerate() {
        for (field_at, field) in list.fields.iter().enumerate() {
            let Some(relationship) = &field.relationship else { continue };
            if paired.contains(&(list_at, field_at)) {
                continue;
            }
            match refs.other_side(list_at, field, relationship) {
                Err(problem) => problems.push(problem),
                Ok((target, None)) => {
                    let left = side(snapshot, list_at, field_at);
                    relationships.push(relationship_of(snapshot, left, None, target));
                }
                Ok((target, Some(target_field))) => {
                    let other = (target, target_field);
                    paired.insert(other);
                    let (left, right) = in_order(snapshot, (list_at, field_at), other);
                    let [left, right] =
                        [left, right].map(|(list, field)| side(snapshot, list, field));
                    let target = right.list;
                    relationships.push(relationship_of(snapshot, left, Some(right), target));
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
    Relationship { adapter, left, right, target, target_key, cardinality, kind }
}

/// Keystone's order of two sides: list keys by `localeCompare`, and only where those are equal the
/// field paths. The snapshot has the ranks, because the order depends on the process's locale.
fn in_order(
    snapshot: &Snapshot,
    first: (usize, usize),
    second: (usize, usize),
) -> ((usize, usize), (usize, usize)) {
    let rank = |(list, field): (usize, usize)| {
        let list = &snapshot.lists[list];
        let path = list.fields[field].relationship.as_ref().map_or(0, |field| field.rank);
        (list.rank, path)
    };
    if rank(first) > rank(second) { (second, first) } else { (first, second) }
}

fn side(snapshot: &Snapshot, list: usize, field: usize) -> Side {
    let owner = &snapshot.lists[list];
    let Field { path, relationship, .. } = &owner.fields[field];
    let relationship = relationship.as_ref().expect("a side is a relationship field");
    Side {
        list,
        field,
        key: owner.key.clone(),
        path: path.clone(),
        many: relationship.many,
        options: relationship.options(),
    }
}

struct Refs<'a> {
    snapshot: &'a Snapshot,
    lists: HashMap<&'a str, usize>,
    fields: HashMap<(usize, &'a str), usize>,
    /// How many more suggestions are made: each compares a name with all others.
    suggestions: Cell<usize>,
}

/// Who has more mistakes than this sees from the first ones what they are.
const SUGGESTIONS: usize = 20;

impl<'a> Refs<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut lists = HashMap::new();
        let mut fields = HashMap::new();
        for (list_at, list) in snapshot.lists.iter().enumerate() {
            lists.insert(&*list.key, list_at);
            for (field_at, field) in list.fields.iter().enumerate() {
                fields.insert((list_at, &*field.path), field_at);
            }
        }
        Refs { snapshot, lists, fields, suggestions: Cell::new(SUGGESTIONS) }
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
        let Some(&target_field_at) = self.fields.get(&(target_at, target_path)) else {
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
            Some(back) if back.reference.split_once('.') == Some((list_key, path)) => {
                return Ok((target_at, Some(target_field_at)));
            }
            Some(back) => match back.reference.split_once('.') {
                None => format!("refers to the list {} one-sided", back.reference),
                Some(_) => format!("refers to {}", back.reference),
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

/// Appends a problem for each difference between what the loaded Keystone says of the relationships
/// and what it must say.
pub fn compare(
    snapshot: &Snapshot,
    expected: impl Iterator<Item = Consolidated>,
    problems: &mut Vec<Problem>,
) {
    let Some(consolidated) = &snapshot.consolidated else { return };
    let disagrees = |relationship: &Consolidated, difference: &str| {
        let name = name(relationship);
        Problem::keystone_disagrees(snapshot.keystone.as_deref(), &name, difference)
    };
    let mut theirs = consolidated.iter();
    for ours in expected {
        match theirs.next() {
            Some(their) if *their == ours => {}
            Some(their) => {
                let difference = format!("{} instead of {}", describe(their), describe(&ours));
                problems.push(disagrees(&ours, &difference));
            }
            None => problems.push(disagrees(&ours, "Keystone does not know it")),
        }
    }
    problems.extend(theirs.map(|their| disagrees(their, "only Keystone knows it")));
}

fn name(Consolidated { left, right, .. }: &Consolidated) -> String {
    right.as_ref().map_or_else(|| left.clone(), |right| format!("{left} -> {right}"))
}

fn describe(relationship: &Consolidated) -> String {
    let Consolidated { cardinality, table_name, column_name, near, far, .. } = relationship;
    let sides = name(relationship);
    let columns = [column_name, near, far];
    let columns: Vec<&str> = columns.into_iter().flatten().map(String::as_str).collect();
    format!("{sides}, {cardinality}, stored in {table_name} ({})", columns.join(", "))
}
