//! A migration as data: which relationships, in which direction. The functions of
//! `lib/database/mongodb/vocabulary.js` make commands of it, and `runner.js` there sends them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::{CollectionPlan, Direction, Options, UpgradePlan};
use crate::relationship::Kind;
use crate::step::{
    CollectionStep, DocumentField, DocumentPlace, FieldIndex, Indexes, JoinCollection, Owner,
    Planned,
};

/// A migration of one database.
#[derive(Debug, Serialize)]
pub(super) struct Migration<'a> {
    #[serde(flatten)]
    pub(super) options: Options,
    /// The oldest server that can run it, `[4, 0]`.
    pub(super) server: [u32; 2],
    /// Differs where the plan does: a migration that was stopped is only continued by its own.
    pub(super) plan: String,
    /// The collections that it is about. A database that has none of them is the wrong one: a
    /// Keystone that starts makes those of all its lists.
    pub(super) collections: BTreeSet<&'a str>,
    pub(super) relationships: Vec<Task<'a>>,
    /// What is made on the way up, and dropped on the way back.
    pub(super) indexes: &'a Indexes,
}

/// A relationship that changes.
#[derive(Debug, Serialize)]
pub(super) struct Task<'a> {
    /// The relationship's index in the plan.
    #[serde(skip)]
    pub(super) relationship: usize,
    /// The name of a function of the vocabulary.
    kind: &'static str,
    /// `Todo.readers -> User.readPosts`.
    pub(super) name: String,
    left: Side<'a>,
    right: Side<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<Join<'a>>,
}

/// A side of a relationship in the old schema.
#[derive(Debug, Default, Serialize)]
pub(super) struct Side<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    many: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<FieldIndex>,
}

impl<'a> From<&'a DocumentField> for Side<'a> {
    fn from(it: &'a DocumentField) -> Self {
        let DocumentField { collection, field, many, index } = it;
        Side { collection: Some(collection), field: Some(field), many: *many, index: *index }
    }
}

/// A join collection, with the names of its fields.
#[derive(Debug, Serialize)]
pub(super) struct Join<'a> {
    collection: &'a str,
    left: &'a str,
    right: &'a str,
}

impl<'a> From<&'a JoinCollection> for Join<'a> {
    fn from(JoinCollection { name, near, far }: &'a JoinCollection) -> Self {
        Join { collection: name, left: near, right: far }
    }
}

/// The migration that a plan's steps on one adapter make.
pub(super) fn migration<'a>(
    plan: &UpgradePlan,
    CollectionPlan { steps, indexes }: &'a CollectionPlan,
    options: Options,
) -> Migration<'a> {
    let mut tasks: BTreeMap<usize, Task<'a>> = BTreeMap::new();
    for Planned { relationship, step } in steps {
        let it = &plan.relationships[*relationship];
        let task = tasks.entry(*relationship).or_insert_with(|| Task {
            relationship: *relationship,
            kind: function(it.kind),
            name: it.to_string(),
            left: Side::default(),
            right: Side::default(),
            join: None,
        });
        match step {
            CollectionStep::CopyLinks { from, also, target, into } => {
                let target = Side { collection: target.as_deref(), ..Side::default() };
                task.left = from.into();
                task.right = also.as_ref().map_or(target, Side::from);
                task.join = Some(into.into());
            }
            CollectionStep::UnsetField { field, owner, kept: DocumentPlace::Field(kept) } => {
                let fields = if *owner == Owner::Left { [field, kept] } else { [kept, field] };
                [task.left, task.right] = fields.map(Side::from);
            }
            // The step that copies its links says more.
            CollectionStep::UnsetField { kept: DocumentPlace::JoinCollection(_), .. } => {}
        }
    }
    // The way back has one stored side to read from, so there is nothing to reconcile.
    let reconcile = options.reconcile && options.direction == Direction::Up;
    let options = Options { reconcile, ..options };
    Migration {
        options,
        server: needs(options, &tasks),
        plan: fingerprint(steps),
        collections: collections(&tasks),
        relationships: tasks.into_values().collect(),
        indexes,
    }
}

/// The oldest server that has what the commands for relationships use.
fn needs(options: Options, tasks: &BTreeMap<usize, Task<'_>>) -> [u32; 2] {
    let has_right = || tasks.values().any(|task| task.right.field.is_some());
    match options.direction {
        // `$unionWith`, and `$merge` into a collection that is read from.
        Direction::Up if options.reconcile && has_right() => [4, 4],
        Direction::Up => [4, 0],
        // `$merge`.
        Direction::Down => [4, 2],
    }
}

/// What the vocabulary calls a kind.
fn function(kind: Kind) -> &'static str {
    match kind {
        Kind::OneSidedOneToMany => unreachable!("it is stored the same in both schemas"),
        Kind::OneSidedManyToMany => "oneSidedManyToMany",
        Kind::TwoSidedOneToOne => "twoSidedOneToOne",
        Kind::TwoSidedOneToMany => "twoSidedOneToMany",
        Kind::TwoSidedManyToMany => "twoSidedManyToMany",
    }
}

/// The collections in which something changes.
fn collections<'a>(tasks: &BTreeMap<usize, Task<'a>>) -> BTreeSet<&'a str> {
    let of = |Task { left, right, join, .. }: &Task<'a>| {
        let right = right.collection.filter(|_| right.field.is_some());
        [left.collection, right, join.as_ref().map(|it| it.collection)]
    };
    tasks.values().flat_map(of).flatten().collect()
}

/// Tells plans apart, whatever the order in which the lists are defined: FNV-1a in 64 bits, the same
/// on every machine and in every version.
fn fingerprint(steps: &[Planned<CollectionStep>]) -> String {
    let hash = |text: String| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let step = |it: &Planned<CollectionStep>| serde_json::to_string(&it.step).expect("plain data");
    let sum = steps.iter().map(step).map(hash).fold(0, u64::wrapping_add);
    format!("{sum:016x}")
}
