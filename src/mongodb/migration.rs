//! The commands of a migration, relationship by relationship.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};

use super::value::{Value, json};

use super::check::{self, Sides};
use super::command::{
    Migration, Section, aggregate, create_index, drop_index, find_collection, find_having, update,
};
use super::expression::Reading;
use super::{copy, refill, repair};
use crate::plan::{Direction, Script, UpgradePlan};
use crate::step::{CollectionStep, DocumentField, DocumentPlace, FieldIndex, Owner, Planned};

/// The migration that a plan's steps on one adapter make.
pub(super) fn migration(
    plan: &UpgradePlan,
    steps: &[Planned<CollectionStep>],
    options: Script,
) -> Migration {
    // The way back has one stored side to read from, so there is nothing to reconcile.
    let is_lenient = options.reconcile && options.direction == Direction::Up;
    let reading = if is_lenient { Reading::Lenient } else { Reading::Strict };
    let mut tasks: BTreeMap<usize, Task> = BTreeMap::new();
    let mut server = match options.direction {
        Direction::Up => [4, 0],
        Direction::Down => [4, 2],
    };
    for Planned { relationship, step } in steps {
        let task = tasks.entry(*relationship).or_insert_with(|| Task {
            name: plan.relationships[*relationship].to_string(),
            kind: plan.relationships[*relationship].kind.heading(),
            steps: Vec::new(),
            reading,
        });
        let step = match options.direction {
            Direction::Up => step.clone(),
            Direction::Down => step.clone().reverse(),
        };
        server = server.max(needs(&step, options));
        task.steps.push(step);
    }
    Migration {
        direction: match options.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        },
        server,
        plan: fingerprint(steps),
        relationships: tasks.into_values().collect(),
    }
}

/// What is to do for one relationship, before it is put into commands: those of all relationships at
/// once would be many times as large as their text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    /// The relationship's name, `Todo.readers -> User.readPosts`.
    pub(super) name: String,
    /// Its kind, in the words of the guide.
    pub(super) kind: &'static str,
    steps: Vec<CollectionStep>,
    reading: Reading,
}

impl Task {
    /// The commands.
    pub(super) fn section(&self) -> Section {
        let mut section = Section { name: self.name.clone(), ..Section::default() };
        for step in &self.steps {
            add(&mut section, step, self.reading);
        }
        section
    }
}

impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.section().serialize(serializer)
    }
}

/// The oldest server that has what a step uses.
fn needs(step: &CollectionStep, options: Script) -> [u32; 2] {
    match step {
        // `$unionWith`, and `$merge` into a collection that is read from.
        CollectionStep::CopyLinks { also: Some(_), .. }
        | CollectionStep::UnsetField { kept: DocumentPlace::Field(_), .. }
            if options.reconcile =>
        {
            [4, 4]
        }
        CollectionStep::RefillField { field, kept: DocumentPlace::Field(kept), .. }
            if field.collection == kept.collection =>
        {
            [4, 4]
        }
        _ => [4, 0],
    }
}

fn add(section: &mut Section, step: &CollectionStep, reading: Reading) {
    let name = section.name.clone();
    match step {
        CollectionStep::CopyLinks { from, also, target, into } => {
            let arrays = [Some((from, Owner::Left)), also.as_ref().map(|it| (it, Owner::Right))];
            for (field, owner) in arrays.into_iter().flatten() {
                section.checks.extend(check::ids(&name, field, reading));
                section.checks.push(check::oddities(&name, field));
                let target =
                    if owner == Owner::Left { target } else { &Some(from.collection.clone()) };
                let target = target.as_deref();
                if let Some(target) = target {
                    section.checks.push(check::dangling(&name, (field, owner), target, reading));
                }
                section.guards.push(check::nothing_uncopied(
                    &name,
                    (field, owner),
                    into,
                    (target, reading),
                ));
            }
            if let Some(also) = also {
                let sides = Sides { relationship: &name, reading, left: from, right: also };
                section.checks.extend(check::both_sides_agree(&sides));
            }
            section.copies.push(copy::copy(from, also.as_ref(), into, reading));
            let index = |field: &String| create_index(&into.name, field, FieldIndex::Plain);
            section.ensures.extend([&into.near, &into.far].map(index));
        }
        CollectionStep::UnsetField { field, owner, kept } => {
            section.pending.push(find_having(&field.collection, &field.field, true));
            if let DocumentPlace::Field(kept) = kept {
                let sides = sides(&name, reading, field, *owner, kept);
                section.checks.extend(check::ids(&name, field, reading));
                section.checks.extend(check::ids(&name, kept, reading));
                section.checks.extend(check::kept_side_agrees(&sides, *owner));
                section.repairs.extend(repair::repairs(&sides, *owner));
                match reading {
                    Reading::Strict => section.guards.push(check::nothing_lost(&sides, *owner)),
                    Reading::Lenient => section.leftovers.push(check::left_out(&sides, *owner)),
                }
                if !field.many {
                    section.pending.push(held_twice(&sides));
                }
            }
            // Before the field: a unique index would refuse a second document without it.
            section.ensures.push(drop_index(&field.collection, &field.field));
            section.removals.push(update(
                &field.collection,
                json!({ &field.field: { "$exists": true } }),
                json!({ "$unset": { &field.field: 1 } }),
            ));
        }
        CollectionStep::RefillField { field, owner, kept } => {
            match kept {
                DocumentPlace::JoinCollection(join) => {
                    section.checks.push(check::nothing_overwritten_in_array(
                        &name,
                        (field, *owner),
                        join,
                    ));
                }
                DocumentPlace::Field(kept) => {
                    let sides = sides(&name, reading, field, *owner, kept);
                    section.checks.push(check::nothing_overwritten(&sides, *owner));
                    section.pending.push(unfilled(&sides, field, *owner));
                }
            }
            section.copies.extend(refill::refill(field, *owner, kept));
            section.counts.push(refill::is_complete(&name, field, *owner, kept));
            if let Some(index) = field.index {
                section.ensures.push(create_index(&field.collection, &field.field, index));
            }
        }
        CollectionStep::DropJoinCollection { into, .. } => {
            section.pending.push(find_collection(&into.name));
            section.removals.push(json!({ "drop": &into.name }));
        }
    }
}

/// Finds a document of the right side that several of the left side hold.
fn held_twice(sides: &Sides<'_>) -> Value {
    let mut pipeline = check::shared(sides, None);
    pipeline.push(json!({ "$limit": 1 }));
    aggregate(&sides.left.collection, pipeline)
}

/// Finds a document that the way back has still to fill.
fn unfilled(sides: &Sides<'_>, field: &DocumentField, owner: Owner) -> Value {
    if field.many {
        return find_having(&field.collection, &field.field, false);
    }
    let kept = check::other(owner);
    let mut pipeline = check::missing(sides, kept, None);
    pipeline.push(json!({ "$limit": 1 }));
    aggregate(&sides.of(kept).collection, pipeline)
}

fn sides<'a>(
    relationship: &'a str,
    reading: Reading,
    dropped: &'a DocumentField,
    owner: Owner,
    kept: &'a DocumentField,
) -> Sides<'a> {
    let (left, right) = match owner {
        Owner::Left => (dropped, kept),
        Owner::Right => (kept, dropped),
    };
    Sides { relationship, reading, left, right }
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
