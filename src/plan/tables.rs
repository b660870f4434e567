//! The steps on PostgreSQL.
//!
//! Which tables and columns there were: `adapter-knex` 8, `lib/adapter-knex.js` (`_createTables`:
//! a column for each side without `many`, a join table for each side with it). Which there are:
//! the same file from `adapter-knex` 9 on. What was measured on real databases goes before both.

use std::cmp::Reverse;

use std::collections::HashMap;

use super::part::Part;
use crate::error::Problem;
use crate::name::{self, Name};
use crate::naming::{self, Namespace};
use crate::relationship::{Kind, Relationship, Side};
use crate::snapshot::ColumnOptions;
use crate::step::{ForeignKeyColumn, JoinTable, Links, Owner, Planned, TablePlace, TableStep};

pub(super) fn plan(
    part: &Part<'_>,
    warnings: &mut Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> Vec<Planned<TableStep>> {
    let mut names = TableNames::new(part);
    let mut met = Vec::new();
    let mut old_tables = names.old_join_tables(part, problems);
    let mut old_table = |side: &Side| {
        let table = old_tables.remove(&(side.list, side.field));
        table.expect("a side with many has a table, which one step takes")
    };
    let mut steps = Vec::new();
    for (at, relationship) in part.relationships() {
        let planned = |step| Planned { relationship: at, step };
        match (relationship.kind, &relationship.right) {
            (Kind::TwoSidedOneToOne, Some(right)) => {
                steps.push(planned(TableStep::DropColumn {
                    table: name::stored(&right.key),
                    column: Box::new(column(part, right, relationship.left.list)),
                    kept: column_links(&relationship.left, Owner::Left),
                }));
            }
            // Before Arcade a list could not be related to itself by a join table: both of its
            // columns would have had one name, so that the table never came to be.
            (Kind::TwoSidedOneToMany, Some(right)) if !relationship.is_self() => {
                let (many, kept) = if relationship.left.many {
                    (&relationship.left, column_links(right, Owner::Right))
                } else {
                    (right, column_links(&relationship.left, Owner::Left))
                };
                let table = old_table(many);
                steps.push(planned(TableStep::DropJoinTable { table, kept }));
            }
            (Kind::OneSidedManyToMany | Kind::TwoSidedManyToMany, right) => {
                let to = names.new_join_table(part, relationship, &mut met, problems);
                if relationship.is_self() {
                    let message = format!(
                        "{relationship}: the old Keystone could not store these links. A rollback drops {} with all its links.",
                        to.name
                    );
                    let Side { key, path, .. } = &relationship.left;
                    warnings.push(Problem::new("NO_WAY_BACK", message).on_field(key, path));
                    steps.push(planned(TableStep::CreateJoinTable { table: to }));
                    continue;
                }
                let left = &relationship.left;
                let from = old_table(left);
                if let Some(right) = right {
                    let table = old_table(right);
                    let kept = Links { owner: Owner::Left, place: from.place() };
                    steps.push(planned(TableStep::DropJoinTable { table, kept }));
                }
                steps.push(planned(TableStep::RenameJoinTable { from, to }));
            }
            _ => {}
        }
    }
    if !met.is_empty() {
        let message = format!(
            "Keystone's names for indexes and foreign keys are the same once they are in lower case and cut at 63 bytes. The new Keystone leaves out what it cannot name. The migration keeps what the database has, under names of its own: {}.",
            met.join("; ")
        );
        warnings.push(Problem::new("NAME_TAKEN", message));
    }
    steps.sort_by_key(|planned| match &planned.step {
        TableStep::DropColumn { .. } => (0, Reverse(0)),
        TableStep::DropJoinTable { .. } => (1, Reverse(0)),
        TableStep::RenameJoinTable { from, .. } => (2, Reverse(from.name.len())),
        TableStep::CreateJoinTable { .. } => (3, Reverse(0)),
    });
    steps
}

fn column_links(side: &Side, owner: Owner) -> Links<TablePlace> {
    Links { owner, place: TablePlace::column_of(side) }
}

struct TableNames {
    old: SchemaNames,
    new: SchemaNames,
}

/// Tables and indexes share one namespace in PostgreSQL.
struct SchemaNames {
    /// `old` or `new`.
    generation: &'static str,
    /// What to do where two things have one name.
    advice: &'static str,
    /// Who has each table, in the words of a message.
    tables: HashMap<Name, String>,
    relations: Namespace,
}

impl TableNames {
    fn new(part: &Part<'_>) -> Self {
        let schema = |generation, advice| SchemaNames {
            generation,
            advice,
            tables: HashMap::new(),
            relations: Namespace::default(),
        };
        let mut names = TableNames {
            old: schema(
                "old",
                "The old Keystone could keep only one of them, so the database does not say whose links these are: separate them by hand before you migrate.",
            ),
            new: schema(
                "new",
                "The new Keystone would keep only one of them. Rename the field or the list before you upgrade.",
            ),
        };
        for list in part.lists() {
            for schema in [&mut names.old, &mut names.new] {
                let name = name::stored(&list.key);
                schema.relations.take(Name::clone(&name));
                schema.tables.insert(name, format!("the table of the list {}", list.key));
            }
        }
        // Keystone creates the columns of lists, and so their indexes, before any join table.
        for (_, relationship) in part.relationships() {
            let columns = relationship.sides().enumerate().filter(|(_, side)| !side.many);
            for (at, side) in columns {
                let Some(named) = index_of(side.options) else { continue };
                let index = Name::from(naming::knex_name(&side.key, &side.path, named));
                names.old.relations.take(Name::clone(&index));
                if relationship.kind != Kind::TwoSidedOneToOne || at == 0 {
                    names.new.relations.take(index);
                }
            }
        }
        names
    }

    /// The join tables before Arcade by the list and field of their side. The old Keystone made them
    /// list by list and field by field, which decides who gets a name where two meet.
    fn old_join_tables(
        &mut self,
        part: &Part<'_>,
        problems: &mut Vec<Problem>,
    ) -> HashMap<(usize, usize), Box<JoinTable>> {
        let mut sides: Vec<(&Side, usize)> = part
            .relationships()
            .filter(|(_, relationship)| !relationship.is_self())
            .flat_map(|(_, relationship)| {
                let left = Some((&relationship.left, relationship.target));
                let right = relationship.right.as_ref().map(|side| (side, relationship.left.list));
                [left, right].into_iter().flatten()
            })
            .filter(|(side, _)| side.many)
            .collect();
        sides.sort_by_key(|(side, _)| (side.list, side.field));
        sides
            .into_iter()
            .map(|(side, target)| {
                let name = naming::old_join_table(&side.key, &side.path);
                let lists = [side.list, target];
                let columns = lists.map(|list| naming::old_join_column(&part.list(list).key));
                let (table, _) = self.old.join_table(part, side, name, columns, lists, problems);
                ((side.list, side.field), table)
            })
            .collect()
    }

    fn new_join_table(
        &mut self,
        part: &Part<'_>,
        relationship: &Relationship,
        met: &mut Vec<String>,
        problems: &mut Vec<Problem>,
    ) -> Box<JoinTable> {
        let side = &relationship.left;
        let columns = [naming::new_near_column(relationship), naming::new_far_column(relationship)];
        let (table, distinct) = self.new.join_table(
            part,
            side,
            naming::new_join_table(relationship),
            columns,
            [side.list, relationship.target],
            problems,
        );
        if !distinct.is_empty() {
            met.push(format!("on {} {}", table.name, distinct.join(" and ")));
        }
        table
    }
}

impl SchemaNames {
    /// A join table with all its names, and those that had to be made distinct.
    fn join_table(
        &mut self,
        part: &Part<'_>,
        side: &Side,
        name: String,
        columns: [String; 2],
        lists: [usize; 2],
        problems: &mut Vec<Problem>,
    ) -> (Box<JoinTable>, Vec<Name>) {
        let stored = Name::from(name::clip(&name));
        let why = if *stored == *name { "" } else { " (PostgreSQL keeps 63 bytes of a name)" };
        let mut collides = |thing: String, first: &str, second: &str| {
            // TableNames that meet now have often met before: once is enough.
            let message = format!("{thing} is {first} and also {second}{why}. {}", self.advice);
            let problem = Problem::new("NAME_COLLISION", message).on_field(&side.key, &side.path);
            let is_here = |it: &Problem| (&it.list, &it.field) == (&problem.list, &problem.field);
            if !problems.iter().any(is_here) {
                problems.push(problem);
            }
        };
        let holder = format!("the {} join table of {side}", self.generation);
        if let Some(other) = self.tables.get(&stored) {
            collides(format!("The table {stored}"), other, &holder);
        }
        let [near, far] = columns.each_ref().map(|column| name::clip(column));
        if near == far {
            let [first, second] = &columns;
            collides(format!("The column {stored}.{near}"), first, second);
        }
        self.relations.take(Name::clone(&stored));
        self.tables.insert(Name::clone(&stored), holder);

        let mut constraints = Namespace::default();
        let mut distinct = Vec::new();
        let mut column = |at: usize| {
            let options =
                ColumnOptions { is_indexed: true, is_not_nullable: true, is_unique: false };
            let [index, foreign_key] =
                ["index", "foreign"].map(|label| naming::knex_name(&name, &columns[at], label));
            let (index, index_differs) = self.relations.take_distinct(&index);
            let (foreign_key, foreign_key_differs) = constraints.take_distinct(&foreign_key);
            distinct.extend(index_differs.then(|| Name::clone(&index)));
            distinct.extend(foreign_key_differs.then(|| Name::clone(&foreign_key)));
            let names = [index, foreign_key];
            let column = foreign_key_column(part, (&name, &columns[at]), lists[at], options, names);
            ForeignKeyColumn { is_distinct: index_differs || foreign_key_differs, ..column }
        };
        let (near, mut far) = (column(0), column(1));
        if far.not_null == near.not_null {
            far.not_null = naming::not_null_name(&stored, &far.name, "not_null1").into();
        }
        (Box::new(JoinTable { name: stored, near, far }), distinct)
    }
}

/// The foreign key column of a side without `many`.
fn column(part: &Part<'_>, side: &Side, target: usize) -> ForeignKeyColumn {
    let index = if side.options.is_unique { "unique" } else { "index" };
    let names = [index, "foreign"]
        .map(|label| name::clip(&naming::knex_name(&side.key, &side.path, label)).into());
    foreign_key_column(part, (&side.key, &side.path), target, side.options, names)
}

fn foreign_key_column(
    part: &Part<'_>,
    (table, column): (&str, &str),
    target: usize,
    options: ColumnOptions,
    [index, foreign_key]: [Name; 2],
) -> ForeignKeyColumn {
    let list = part.list(target);
    let name = name::clip(column);
    ForeignKeyColumn {
        references: name::stored(&list.key),
        data_type: list.foreign_key_type.clone(),
        foreign_key,
        index,
        not_null: naming::not_null_name(name::clip(table), name, "not_null").into(),
        name: name.into(),
        options,
        is_distinct: false,
    }
}

fn index_of(options: ColumnOptions) -> Option<&'static str> {
    if options.is_unique {
        Some("unique")
    } else if options.is_indexed {
        Some("index")
    } else {
        None
    }
}
