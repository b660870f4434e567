//! What is left to do on a PostgreSQL database that has been taken a part of the way already, by Keystone's
//! own script or by hand.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::name::Name;
use crate::step::{ForeignKeyColumn, JoinTable, Links, Planned, TablePlace, TableStep};

/// A column of a table, or with no column, the table.
pub type Part<'a> = (&'a str, &'a str);

pub struct Tables {
    /// What is there, whoever made it.
    pub parts: HashSet<(String, String)>,
    /// Join tables of which constraints or indexes have other names than they should.
    pub misnamed: HashSet<String>,
}

impl Tables {
    pub fn has(&self, (table, column): Part<'_>) -> bool {
        self.parts.contains(&(table.to_owned(), column.to_owned()))
    }
}

/// What [`rest`] has to know of a database.
pub fn parts(steps: &[Planned<TableStep>]) -> BTreeSet<Part<'_>> {
    let mut parts = BTreeSet::new();
    for Planned { step, .. } in steps {
        match step {
            TableStep::DropColumn { table, column, kept } => {
                parts.insert((&**table, &*column.name));
                parts.extend(parts_of(&kept.place));
            }
            TableStep::DropJoinTable { table, kept } => {
                parts.extend(table_parts(&[table]));
                parts.extend(parts_of(&kept.place));
            }
            TableStep::RenameJoinTable { from, to } => parts.extend(table_parts(&[from, to])),
            TableStep::CreateJoinTable { table } => parts.extend(table_parts(&[table])),
        }
    }
    parts
}

pub fn parts_of(place: &TablePlace) -> Vec<Part<'_>> {
    match place {
        TablePlace::Column { table, column } => vec![(table, column)],
        TablePlace::JoinTable { table, near, far } => {
            vec![(table, ""), (table, near), (table, far)]
        }
    }
}

/// Each table with the columns of all.
fn table_parts<'a>(tables: &[&'a JoinTable]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for name in tables.iter().map(|table| &*table.name) {
        let columns = tables.iter().flat_map(|table| table.columns());
        parts.push((name, ""));
        parts.extend(columns.map(|column| (name, &*column.name)));
    }
    parts
}

/// The join tables that are renamed as a database has them, by the index of their relationship: under
/// the old names, the new ones, or some of each. One that cannot be found is not among them.
///
/// One's new name may be another's old name. The shorter old name is looked for first: no other has it as
/// its new one, and so on along a chain of names.
pub fn locate(steps: &[Planned<TableStep>], there: &Tables) -> BTreeMap<usize, JoinTable> {
    let mut renames = Vec::new();
    let mut dropped = HashSet::new();
    for Planned { relationship, step } in steps {
        match step {
            TableStep::RenameJoinTable { from, to } => renames.push((*relationship, from, to)),
            TableStep::DropJoinTable { table, .. } => dropped.extend([&*table.name]),
            _ => {}
        }
    }
    renames.sort_by_key(|(_, from, _)| from.name.len());
    let mut taken: HashSet<Name> = HashSet::new();
    let mut located = BTreeMap::new();
    for (relationship, from, to) in renames {
        if let Some(table) = find([from, to], &dropped, &taken, there) {
            taken.insert(table.name.clone());
            located.insert(relationship, table);
        }
    }
    located
}

fn find(
    tables: [&JoinTable; 2],
    dropped: &HashSet<&str>,
    taken: &HashSet<Name>,
    there: &Tables,
) -> Option<JoinTable> {
    let [from, to] = tables;
    let columns = [[from, from], [to, from], [from, to], [to, to]];
    let columns = columns.map(|[near, far]| [&near.near.name, &far.far.name]);
    tables.into_iter().filter(|named| !taken.contains(&named.name)).find_map(|named| {
        // A join table that is dropped may have the new name of another. Then only all columns together
        // say whose it is.
        let is_doubtful = dropped.contains(&*named.name);
        let [near, far] = columns.into_iter().find(|[near, far]| {
            let is_whole = [*near, *far] == [&named.near.name, &named.far.name];
            near != far
                && (is_whole || !is_doubtful)
                && [near, far].into_iter().all(|it| there.has((&named.name, it)))
        })?;
        Some(JoinTable {
            name: named.name.clone(),
            near: ForeignKeyColumn { name: near.clone(), ..from.near.clone() },
            far: ForeignKeyColumn { name: far.clone(), ..from.far.clone() },
        })
    })
}

/// The steps that are left, from where the database is. What cannot be judged stays as it was
/// planned: the checks that come before any change say what is missing, or in the way.
///
/// A join table that only lacks the names of its constraints and indexes is renamed from itself to itself.
pub fn rest(
    steps: &[Planned<TableStep>],
    located: &BTreeMap<usize, JoinTable>,
    there: &Tables,
) -> Vec<Planned<TableStep>> {
    let has_all = |parts: Vec<Part<'_>>| parts.into_iter().all(|part| there.has(part));
    let taken: HashSet<&str> = located.values().map(|it| &*it.name).collect();
    let is_taken = |table: &JoinTable| taken.contains(&*table.name);
    let is_gone = |table: &JoinTable| is_taken(table) || !there.has((&table.name, ""));
    let is_kept = |kept: &Links<TablePlace>| has_all(parts_of(&kept.place));
    let mut steps = steps.to_vec();
    steps.retain_mut(|Planned { relationship, step }| {
        let found = located.get(relationship);
        let is_done = match step {
            TableStep::DropColumn { table, column, kept } => {
                !there.has((table, &column.name)) && is_kept(kept)
            }
            TableStep::DropJoinTable { table, kept } => {
                if let Some(found) = found {
                    kept.place = found.place();
                }
                is_gone(table) && is_kept(kept)
            }
            TableStep::RenameJoinTable { from, to } => found.is_some_and(|found| {
                **from = found.clone();
                found.place() == to.place() && !there.misnamed.contains(&*to.name)
            }),
            TableStep::CreateJoinTable { table } => {
                !is_taken(table) && has_all(table_parts(&[table]))
            }
        };
        !is_done
    });
    steps
}
