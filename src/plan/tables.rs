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
use crate::relationship::{Kind, Side};
use crate::snapshot::ColumnOptions;
use crate::step::{ForeignKeyColumn, JoinTable, Links, Owner, Planned, TableStep};

pub(super) fn plan(
    part: &Part<'_>,
    warnings: &mut Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> Vec<Planned<TableStep>> {
    let mut old_tables = old_join_tables(part, problems);
    let mut new = SchemaNames::new(part, "new", problems);
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
                    kept: Links::in_column(relationship),
                }));
            }
            // Before Arcade a list could not be related to itself by a join table: both of its
            // columns would have had one name, so that the table never came to be.
            (Kind::TwoSidedOneToMany, Some(right)) if !relationship.is_self() => {
                let many = if relationship.left.many { &relationship.left } else { right };
                let table = old_table(many);
                let kept = Links::in_column(relationship);
                steps.push(planned(TableStep::DropJoinTable { table, kept }));
            }
            (Kind::OneSidedManyToMany | Kind::TwoSidedManyToMany, right) => {
                let left = &relationship.left;
                let columns = naming::new_join_columns(&left.key, &relationship.target_key);
                let name = naming::new_join_table(relationship);
                let to = new.join_table(left, relationship.target, name, columns);
                if relationship.is_self() {
                    let message = format!(
                        "{relationship}: the old Keystone could not store these links. A rollback drops {} with all its links.",
                        to.name
                    );
                    let warning = Problem::new("NO_WAY_BACK", message);
                    warnings.push(warning.on_field(&left.key, &left.path));
                    steps.push(planned(TableStep::CreateJoinTable { table: to }));
                    continue;
                }
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
    if !new.met.is_empty() {
        let message = format!(
            "Keystone's names for indexes and foreign keys are the same once they are in lower case and cut at 63 bytes. The new Keystone leaves out what it cannot name. The migration keeps what the database has, under names of its own: {}.",
            new.met.join("; ")
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

/// The names in use in one schema. Tables and indexes share one namespace in PostgreSQL.
struct SchemaNames<'a> {
    part: &'a Part<'a>,
    /// `old` or `new`.
    generation: &'static str,
    problems: &'a mut Vec<Problem>,
    /// Who has each table, in the words of a message.
    tables: HashMap<Name, String>,
    relations: Namespace,
    /// The indexes and foreign keys whose own names were taken.
    met: Vec<String>,
}

/// The join tables before Arcade by the list and field of their side. The old Keystone made them
/// list by list and field by field, which decides who gets a name where two meet.
fn old_join_tables(
    part: &Part<'_>,
    problems: &mut Vec<Problem>,
) -> HashMap<(usize, usize), Box<JoinTable>> {
    let mut names = SchemaNames::new(part, "old", problems);
    let relationships = part.relationships().filter(|(_, it)| !it.is_self());
    let sides = relationships.flat_map(|(_, it)| it.sides().zip([it.target, it.left.list]));
    let mut sides: Vec<(&Side, usize)> = sides.filter(|(side, _)| side.many).collect();
    sides.sort_by_key(|(side, _)| (side.list, side.field));
    let tables = sides.into_iter().map(|(side, target)| {
        let name = naming::old_join_table(&side.key, &side.path);
        let keys = [&side.key, &part.list(target).key];
        let columns = keys.map(|key| naming::old_join_column(key));
        ((side.list, side.field), names.join_table(side, target, name, columns))
    });
    tables.collect()
}

impl<'a> SchemaNames<'a> {
    fn new(part: &'a Part<'a>, generation: &'static str, problems: &'a mut Vec<Problem>) -> Self {
        let (mut tables, mut relations) = (HashMap::new(), Namespace::default());
        for list in part.lists() {
            let name = name::stored(&list.key);
            relations.take(Name::clone(&name));
            tables.insert(name, format!("the table of the list {}", list.key));
        }
        // Keystone creates the columns of lists, and so their indexes, before any join table.
        for (_, relationship) in part.relationships() {
            for side in relationship.sides() {
                let has_column = !side.many && (generation == "old" || relationship.keeps(side));
                let label = match side.options {
                    _ if !has_column => continue,
                    ColumnOptions { is_unique: true, .. } => "unique",
                    ColumnOptions { is_indexed: true, .. } => "index",
                    _ => continue,
                };
                relations.take(naming::knex_name(&side.key, &side.path, label).into());
            }
        }
        SchemaNames { part, generation, problems, tables, relations, met: Vec::new() }
    }

    /// A join table with all its names.
    fn join_table(
        &mut self,
        side: &Side,
        target: usize,
        name: String,
        columns: [String; 2],
    ) -> Box<JoinTable> {
        let stored = Name::from(name::clip(&name));
        let why = if *stored == *name { "" } else { " (PostgreSQL keeps 63 bytes of a name)" };
        let advice = match self.generation {
            "old" => {
                "The old Keystone could keep only one of them, so the database does not say whose links these are: separate them by hand before you migrate."
            }
            _ => {
                "The new Keystone would keep only one of them. Rename the field or the list before you upgrade."
            }
        };
        let mut collides = |thing: String, first: &str, second: &str| {
            // Names that meet now have often met before: once is enough.
            let message = format!("{thing} is {first} and also {second}{why}. {advice}");
            let problem = Problem::new("NAME_COLLISION", message).on_field(&side.key, &side.path);
            let is_here = |it: &Problem| (&it.list, &it.field) == (&problem.list, &problem.field);
            if !self.problems.iter().any(is_here) {
                self.problems.push(problem);
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
        let mut column = |column: &str, list: usize| {
            let options =
                ColumnOptions { is_indexed: true, is_not_nullable: true, is_unique: false };
            let [index, foreign_key] =
                ["index", "foreign"].map(|label| naming::knex_name(&name, column, label));
            let names =
                [self.relations.take_distinct(&index), constraints.take_distinct(&foreign_key)];
            let differing = names.iter().filter(|(_, is_distinct)| *is_distinct);
            distinct.extend(differing.map(|(name, _)| Name::clone(name)));
            foreign_key_column(self.part, (&name, column), list, options, names)
        };
        let (near, mut far) = (column(&columns[0], side.list), column(&columns[1], target));
        if far.not_null == near.not_null {
            far.not_null = naming::not_null_name(&stored, &far.name, "not_null1").into();
        }
        if !distinct.is_empty() {
            self.met.push(format!("on {stored} {}", distinct.join(" and ")));
        }
        Box::new(JoinTable { name: stored, near, far })
    }
}

/// The foreign key column of a side without `many`.
fn column(part: &Part<'_>, side: &Side, target: usize) -> ForeignKeyColumn {
    let index = if side.options.is_unique { "unique" } else { "index" };
    let names = [index, "foreign"]
        .map(|label| (name::clip(&naming::knex_name(&side.key, &side.path, label)).into(), false));
    foreign_key_column(part, (&side.key, &side.path), target, side.options, names)
}

/// With the names of its index and foreign key comes whether they differ from Keystone's own.
fn foreign_key_column(
    part: &Part<'_>,
    (table, column): (&str, &str),
    target: usize,
    options: ColumnOptions,
    [(index, index_differs), (foreign_key, foreign_key_differs)]: [(Name, bool); 2],
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
        is_distinct: index_differs || foreign_key_differs,
    }
}
