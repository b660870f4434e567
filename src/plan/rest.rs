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
                parts.extend(table_parts(table));
                parts.extend(parts_of(&kept.place));
            }
            TableStep::RenameJoinTable { from, to } => {
                for name in [from, to].map(|table| &*table.name) {
                    let columns = [from, to].into_iter().flat_map(|table| table.columns());
                    parts.insert((name, ""));
                    parts.extend(columns.map(|column| (name, &*column.name)));
                }
            }
            TableStep::CreateJoinTable { table } => parts.extend(table_parts(table)),
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

fn table_parts(table: &JoinTable) -> [Part<'_>; 3] {
    let [near, far] = table.columns().map(|column| &*column.name);
    [(&*table.name, ""), (&*table.name, near), (&*table.name, far)]
}

/// The join tables that are renamed as a database has them, by the index of their relationship: under
/// the old names, the new ones, or some of each. One that cannot be found is not among them.
///
/// One's new name may be another's old name. The shorter old name is looked for first: no other has it as
/// its new one, and so on along a chain of names.
pub fn locate(steps: &[Planned<TableStep>], there: &Tables) -> BTreeMap<usize, JoinTable> {
    let mut renames: Vec<_> = steps
        .iter()
        .filter_map(|Planned { relationship, step }| match step {
            TableStep::RenameJoinTable { from, to } => Some((*relationship, from, to)),
            _ => None,
        })
        .collect();
    renames.sort_by_key(|(_, from, _)| from.name.len());
    let dropped = dropped(steps);
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

/// The join tables that are dropped. One of them may have the new name of another.
fn dropped(steps: &[Planned<TableStep>]) -> HashSet<&str> {
    let dropped = steps.iter().filter_map(|planned| match &planned.step {
        TableStep::DropJoinTable { table, .. } => Some(&*table.name),
        _ => None,
    });
    dropped.collect()
}

fn find(
    tables: [&JoinTable; 2],
    dropped: &HashSet<&str>,
    taken: &HashSet<Name>,
    there: &Tables,
) -> Option<JoinTable> {
    let [from, to] = tables;
    let columns = [[from, from], [to, from], [from, to], [to, to]];
    tables.into_iter().filter(|named| !taken.contains(&named.name)).find_map(|named| {
        // Under the name of one that is dropped only all columns together say whose it is.
        let is_doubtful = dropped.contains(&*named.name);
        columns.iter().find_map(|[near, far]| {
            let (near_name, far_name) = (&near.near.name, &far.far.name);
            let is_whole = std::ptr::eq(*near, named) && std::ptr::eq(*far, named);
            let is_there = near_name != far_name
                && (is_whole || !is_doubtful)
                && [near_name, far_name].into_iter().all(|it| there.has((&named.name, it)));
            is_there.then(|| JoinTable {
                name: named.name.clone(),
                near: ForeignKeyColumn { name: near_name.clone(), ..from.near.clone() },
                far: ForeignKeyColumn { name: far_name.clone(), ..from.far.clone() },
            })
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
    let has_all = |parts: &[Part<'_>]| parts.iter().all(|part| there.has(*part));
    let taken: HashSet<&str> = located.values().map(|it| &*it.name).collect();
    let is_taken = |table: &JoinTable| taken.contains(&*table.name);
    let is_gone = |table: &JoinTable| is_taken(table) || !there.has((&table.name, ""));
    let is_kept = |kept: &Links<TablePlace>| has_all(&parts_of(&kept.place));
    steps
        .iter()
        .filter_map(|Planned { relationship, step }| {
            let found = located.get(relationship);
            let step = match step {
                TableStep::DropColumn { table, column, kept } => {
                    let is_done = !there.has((table, &column.name)) && is_kept(kept);
                    (!is_done).then(|| step.clone())
                }
                TableStep::DropJoinTable { table, kept } => {
                    let place = found.map_or_else(|| kept.place.clone(), JoinTable::place);
                    let kept = Links { owner: kept.owner, place };
                    let is_done = is_gone(table) && is_kept(&kept);
                    (!is_done).then(|| TableStep::DropJoinTable { table: table.clone(), kept })
                }
                TableStep::RenameJoinTable { to, .. } => {
                    let Some(found) = found else {
                        return Some(Planned { relationship: *relationship, step: step.clone() });
                    };
                    let is_done =
                        found.place() == to.place() && !there.misnamed.contains(&*to.name);
                    (!is_done).then(|| TableStep::RenameJoinTable {
                        from: Box::new(found.clone()),
                        to: to.clone(),
                    })
                }
                TableStep::CreateJoinTable { table } => {
                    let is_done = !is_taken(table) && has_all(&table_parts(table));
                    (!is_done).then(|| step.clone())
                }
            };
            step.map(|step| Planned { relationship: *relationship, step })
        })
        .collect()
}
