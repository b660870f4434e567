//! The commands of a migration, relationship by relationship.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::block::blocks;
use super::command::{
    Migration, Section, aggregate, any_with, any_without, collection_named, create_index,
    drop_index, unset,
};
use super::expression::{Reading, from_left, from_right};
use super::value::{Value, json};
use super::{check, copy, refill, repair};
use crate::plan::{Direction, Options, UpgradePlan};
use crate::step::{
    CollectionStep, DocumentField, DocumentPlace, FieldIndex, JoinCollection, Owner, Planned,
};

/// The migration that a plan's steps on one adapter make.
pub(super) fn migration(
    plan: &UpgradePlan,
    steps: &[Planned<CollectionStep>],
    options: Options,
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
            relationship: *relationship,
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
        collections: collections(steps),
        relationships: tasks.into_values().collect(),
    }
}

/// What is to do for one relationship, before it is put into commands: those of all relationships at
/// once would be many times as large as their text.
#[derive(Debug)]
pub(super) struct Task {
    /// The relationship's index in the plan.
    pub(super) relationship: usize,
    /// The relationship's name, `Todo.readers -> User.readPosts`.
    pub(super) name: String,
    /// Its kind, in the words of the guide.
    pub(super) kind: &'static str,
    steps: Vec<CollectionStep>,
    reading: Reading,
}

/// What the commands of a relationship are about.
#[derive(Debug)]
pub(super) struct Sides {
    /// The relationship's name.
    pub(super) name: Value,
    /// The left side, as an object: the `collection` of its documents, its `field` if it has a place
    /// of its own there, with the stage that `ends` what finds links in it, and what its ids are called
    /// `inJoin`.
    pub(super) left: Value,
    /// The right side.
    pub(super) right: Value,
    /// The name of the join collection.
    pub(super) join: Value,
}

impl Sides {
    /// By the names of these properties.
    pub(super) fn by_name() -> Self {
        let [name, left, right, join] = ["name", "left", "right", "join"].map(Value::parameter);
        Sides { name, left, right, join }
    }

    fn of(&self, owner: Owner) -> &Value {
        match owner {
            Owner::Left => &self.left,
            Owner::Right => &self.right,
        }
    }
}

impl Task {
    /// What the commands are about, as data.
    pub(super) fn sides(&self) -> Sides {
        let (mut fields, mut known_target, mut join) = ([None, None], None, None);
        for step in &self.steps {
            match step {
                CollectionStep::CopyLinks { from, also, target, into }
                | CollectionStep::DropJoinCollection { from, also, target, into } => {
                    fields = [Some(from), also.as_ref()];
                    known_target = target.as_ref();
                    join = Some(into);
                }
                CollectionStep::UnsetField { field, owner, kept: DocumentPlace::Field(kept) }
                | CollectionStep::RefillField { field, owner, kept: DocumentPlace::Field(kept) } => {
                    fields = match owner {
                        Owner::Left => [Some(field), Some(kept)],
                        Owner::Right => [Some(kept), Some(field)],
                    };
                }
                // Where links are copied from a join collection or into it, another step says more.
                CollectionStep::UnsetField { .. } | CollectionStep::RefillField { .. } => {}
            }
        }
        let [left, right] = fields;
        Sides {
            name: Value::from(&self.name),
            left: side(Owner::Left, left, None, join),
            right: side(Owner::Right, right, known_target, join),
            join: join.map_or(Value::Null, |it| Value::from(&it.name)),
        }
    }

    /// The commands on what [`Task::sides`] gives, or on its names.
    pub(super) fn section(&self, sides: &Sides) -> Section {
        let mut section = Section::default();
        for step in &self.steps {
            add(&mut section, step, self.reading, sides);
        }
        section
    }
}

/// As `lib/database/mongodb/runner.js` takes it.
impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        for (name, _, items) in self.section(&self.sides()).lists() {
            map.serialize_entry(name, &items)?;
        }
        map.end()
    }
}

/// A side of a relationship, as far as it is known: see [`Sides::left`].
pub(super) fn side(
    owner: Owner,
    field: Option<&DocumentField>,
    collection: Option<&String>,
    join: Option<&JoinCollection>,
) -> Value {
    let mut properties = Vec::new();
    let mut set = |key: &'static str, value: Value| properties.push((key.into(), value));
    if let Some(collection) = field.map(|it| &it.collection).or(collection) {
        set("collection", Value::from(collection));
    }
    if let Some(DocumentField { field, .. }) = field {
        set("field", Value::from(field));
    }
    if let Some(join) = join {
        set("inJoin", Value::from(join.fields(owner).0));
    }
    if field.is_some() {
        let ends = if owner == Owner::Left { from_left() } else { from_right() };
        set("ends", ends);
    }
    Value::Object(properties)
}

/// The oldest server that has what a step uses.
fn needs(step: &CollectionStep, options: Options) -> [u32; 2] {
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

fn add(section: &mut Section, step: &CollectionStep, reading: Reading, sides: &Sides) {
    let Sides { name, left, right, join } = sides;
    match step {
        CollectionStep::CopyLinks { from: _, also, target, into: _ } => {
            add_checks_of_array(section, reading, sides, Owner::Left, target.is_some());
            section.copies.push(match (also, reading) {
                (Some(_), Reading::Lenient) => copy::copy_both_arrays(left, right, join),
                _ => copy::copy_array(reading, left, right, join),
            });
            if also.is_some() {
                add_checks_of_array(section, reading, sides, Owner::Right, true);
                section.checks.extend([
                    check::other_side_agrees(reading, name, left, right),
                    check::other_side_agrees(reading, name, right, left),
                ]);
            }
            let index = |side: &Value| create_index(join, side.at("inJoin"), FieldIndex::Plain);
            section.ensures.extend([left, right].map(index));
        }
        CollectionStep::UnsetField { field, owner, kept } => {
            let dropped = sides.of(*owner);
            section.pending.push(any_with(dropped));
            if let DocumentPlace::Field(kept_field) = kept {
                add_kept_side(section, reading, sides, *owner, (field, kept_field));
            }
            // Before the field: a unique index would refuse a second document without it.
            section.ensures.push(drop_index(dropped));
            section.removals.push(unset(dropped));
        }
        CollectionStep::RefillField { field, owner, kept } => {
            let (side, other) = (sides.of(*owner), sides.of(owner.other()));
            let (from, links) = match kept {
                DocumentPlace::JoinCollection(_) => {
                    section.checks.push(check::no_array_overwritten(name, side, other, join));
                    (join.clone(), refill::joined(side, other))
                }
                DocumentPlace::Field(_) => {
                    section.checks.push(check::no_field_overwritten(name, side, other));
                    section.pending.push(match field.many {
                        true => any_without(side),
                        false => any_unfilled(other, side),
                    });
                    (other.at("collection"), refill::held(other))
                }
            };
            if field.many {
                section.copies.push(refill::default_to_empty(side));
                section.copies.push(refill::refill_array(&from, &links, side));
                section.counts.push(refill::all_in_arrays(name, from, links, side));
            } else {
                section.copies.push(refill::refill_field(&from, &links, side));
                section.counts.push(refill::all_in_fields(name, from, links, side));
            }
            if let Some(index) = field.index {
                if index == FieldIndex::Unique {
                    section.checks.push(check::one_is_without(name, side, other));
                }
                section.ensures.push(create_index(side.at("collection"), side.at("field"), index));
            }
        }
        CollectionStep::DropJoinCollection { .. } => {
            section.pending.push(collection_named(join));
            section.removals.push(json!({ "drop": join }));
        }
    }
}

/// The checks of an array whose links are to be in a join collection. The collection of the other side
/// may be unknown.
fn add_checks_of_array(
    section: &mut Section,
    reading: Reading,
    sides: &Sides,
    owner: Owner,
    is_other_known: bool,
) {
    let Sides { name, join, .. } = sides;
    let (side, other) = (sides.of(owner), sides.of(owner.other()));
    section.checks.extend([
        check::array_has_ids(reading, name, side),
        check::owners_have_ids(name, side),
        check::no_oddities(name, side),
    ]);
    if is_other_known {
        section.checks.push(match (owner, reading) {
            (Owner::Right, Reading::Strict) => {
                check::dropped_targets_exist(reading, name, side, other)
            }
            _ => check::targets_exist(reading, name, side, other),
        });
        section.guards.push(check::all_existing_copied(reading, name, side, other, join));
    } else {
        section.guards.push(check::all_copied(reading, name, side, other, join));
    }
}

/// The checks and repairs where a field goes and the other side, which holds one id, is kept.
fn add_kept_side(
    section: &mut Section,
    reading: Reading,
    sides: &Sides,
    owner: Owner,
    (dropped_field, kept_field): (&DocumentField, &DocumentField),
) {
    let name = &sides.name;
    let (dropped, kept) = (sides.of(owner), sides.of(owner.other()));
    let is_strict = reading == Reading::Strict;
    for (side, field) in [(dropped, dropped_field), (kept, kept_field)] {
        section.checks.extend([
            match field.many {
                true => check::array_has_ids(reading, name, side),
                false => check::field_has_id(reading, name, side),
            },
            check::owners_have_ids(name, side),
        ]);
    }
    if is_strict {
        section.checks.extend([
            check::nothing_lost(reading, name, dropped, kept),
            check::nothing_stale(reading, name, dropped, kept),
        ]);
        section.guards.push(check::nothing_lost(reading, name, dropped, kept));
    } else {
        section.repairs.push(repair::strings_become_ids(name, kept));
        section.leftovers.push(check::nothing_left_out(reading, name, dropped, kept));
    }
    if dropped_field.many {
        section.checks.push(check::array_agrees(reading, name, kept, dropped));
        if !is_strict {
            section.repairs.push(repair::adopt_from_arrays(reading, name, kept, dropped));
        }
    } else {
        section.checks.push(check::field_agrees(reading, name, kept, dropped));
        section.repairs.push(repair::others_release(reading, name, kept, dropped));
        if is_strict {
            section.checks.extend([
                check::holders_are_settled(reading, name, kept, dropped),
                repair::none_releases(reading, name, kept, dropped),
            ]);
        } else {
            section.repairs.push(repair::adopt_from_fields(name, kept, dropped));
        }
        section.pending.push(any_shared(reading, kept, dropped));
    }
}

blocks! {
    /// Finds a document that several documents of the kept side hold.
    fn any_shared[reading](kept, dropped) {
        aggregate(kept.at("collection"), json!([
            ..check::shared(reading, kept, dropped),
            { "$limit": 1 },
        ]))
    }

    /// On the way back: finds a link of the kept side that the field to fill does not have yet.
    fn any_unfilled(kept, side) {
        aggregate(kept.at("collection"), json!([
            ..check::unreturned(Reading::Strict, kept, side),
            kept.at("ends"),
            { "$limit": 1 },
        ]))
    }
}

/// All collections of the steps of the way up, by name.
fn collections(steps: &[Planned<CollectionStep>]) -> Vec<String> {
    let names = steps.iter().flat_map(|Planned { step, .. }| match step {
        CollectionStep::CopyLinks { from, also, into, .. }
        | CollectionStep::DropJoinCollection { from, also, into, .. } => {
            [Some(&from.collection), also.as_ref().map(|it| &it.collection), Some(&into.name)]
        }
        CollectionStep::UnsetField { field, kept, .. }
        | CollectionStep::RefillField { field, kept, .. } => {
            [Some(&field.collection), Some(kept.collection()), None]
        }
    });
    let names: BTreeSet<&String> = names.flatten().collect();
    names.into_iter().cloned().collect()
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
