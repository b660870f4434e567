//! The old and the new schema as a model: what each generation of Keystone creates on an empty
//! database.
//!
//! The columns of fields other than relationships are the same in both, as the loaded Keystone's own
//! knex compiles them. What relationships add follows from the plan.

use std::collections::HashMap;

use crate::error::Problem;
use crate::name::{self, Name};
use crate::naming;
use crate::plan::{Engine, TablePlan, UpgradePlan};
use crate::relationship::{Relationship, Side};
use crate::snapshot::{CompiledKey, KeyKind, List, Snapshot};
use crate::sql::without_quoted;
use crate::step::{ForeignKeyColumn, JoinTable, TableStep};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Old,
    New,
}

/// A PostgreSQL schema: lists in order of definition, then join tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    pub name: String,
    pub tables: Vec<Table>,
    /// Whether the tables have all of their columns, or those of relationships alone.
    pub is_complete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: Name,
    pub columns: Vec<Column>,
    /// Indexes, and the keys of several columns.
    pub keys: Vec<TableKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    pub kind: KeyKind,
    pub name: Name,
    pub columns: Vec<Name>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: Name,
    /// Its type, with a check where knex has it there.
    pub data_type: Name,
    pub is_not_null: bool,
    pub default: Option<String>,
    pub primary_key: Option<Name>,
    pub unique: Option<Name>,
    pub foreign_key: Option<ForeignKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: Name,
    pub references: Name,
    /// Whether rows go with those that they refer to.
    pub cascades: bool,
}

/// The sides of an adapter's relationships by their lists and fields, each with the list that it refers
/// to.
pub type ByField<'a> = HashMap<(usize, usize), (&'a Relationship, &'a Side, usize)>;

pub fn by_field(plan: &UpgradePlan, adapter: usize) -> ByField<'_> {
    let mut sides = ByField::new();
    for it in plan.relationships.iter().filter(|it| it.adapter == adapter) {
        for (side, target) in it.sides().zip([it.target, it.left.list]) {
            sides.insert((side.list, side.field), (it, side, target));
        }
    }
    sides
}

impl TableSchema {
    /// The schema of an adapter, or None where that is not on PostgreSQL.
    pub fn new(
        plan: &UpgradePlan,
        snapshot: &Snapshot,
        adapter: usize,
        which: Which,
    ) -> Option<Self> {
        let Engine::PostgreSql(TablePlan { schema_name, steps }) = &plan.adapters[adapter].engine
        else {
            return None;
        };
        let relationships = by_field(plan, adapter);
        let lists = snapshot.lists.iter().enumerate().filter(|(_, list)| list.adapter == adapter);
        let mut tables: Vec<Table> =
            lists.map(|(at, list)| list_table(snapshot, &relationships, at, list, which)).collect();
        let mut joins: Vec<((usize, bool), &JoinTable)> = steps
            .iter()
            .filter_map(|planned| {
                let (is_dropped, table) = match (&planned.step, which) {
                    (TableStep::DropJoinTable { table, .. }, Which::Old) => (true, table),
                    (TableStep::CreateJoinTable { table }, Which::New) => (false, table),
                    (TableStep::RenameJoinTable { from, .. }, Which::Old) => (false, from),
                    (TableStep::RenameJoinTable { to, .. }, Which::New) => (false, to),
                    _ => return None,
                };
                Some(((planned.relationship, is_dropped), &**table))
            })
            .collect();
        // In order of definition, and not in that of the steps; what stays first, for the diff.
        joins.sort_by_key(|(order, _)| *order);
        tables.extend(joins.into_iter().map(|(_, table)| join_table(table)));
        Some(TableSchema {
            name: schema_name.clone(),
            tables,
            is_complete: snapshot.adapters[adapter].has_columns,
        })
    }

    /// The schema, unless a column has no type: what is printed creates what it says, or is an error.
    pub fn with_types(self) -> Result<Self, Problem> {
        for table in &self.tables {
            for column in table.columns.iter().filter(|column| column.data_type.is_empty()) {
                if let Some(key) = &column.foreign_key {
                    let name = format!("{}.{}", table.name, column.name);
                    return Err(Problem::unknown_type(&name, &key.references));
                }
            }
        }
        Ok(self)
    }
}

fn list_table(
    snapshot: &Snapshot,
    relationships: &ByField<'_>,
    at: usize,
    list: &List,
    which: Which,
) -> Table {
    let name = name::stored(&list.key);
    let mut table = Table { name, columns: Vec::new(), keys: Vec::new() };
    for (field_at, field) in list.fields.iter().enumerate() {
        match relationships.get(&(at, field_at)) {
            None => {
                let columns = field.columns.iter();
                table.columns.extend(
                    columns.map(|column| {
                        Column::compiled(&list.key, &column.name, &column.definition)
                    }),
                );
                field.keys.iter().for_each(|key| table.add_key(&list.key, key));
            }
            Some((relationship, side, target)) => {
                if !side.many && (which == Which::Old || relationship.keeps(side)) {
                    table.add_foreign_key(side, &snapshot.lists[*target]);
                }
            }
        }
    }
    table
}

impl Table {
    fn add_key(&mut self, list: &str, key: &CompiledKey) {
        let columns: Vec<Name> =
            key.columns.iter().map(|column| name::clip(column).into()).collect();
        let joined = key.columns.join("_");
        let default = match key.kind {
            KeyKind::Index => naming::knex_name(list, &joined, "index"),
            KeyKind::Unique => naming::knex_name(list, &joined, "unique"),
            KeyKind::Primary => format!("{list}_pkey"),
        };
        let name = Name::from(name::clip(key.name.as_ref().unwrap_or(&default)));
        let own = match &columns[..] {
            [only] => self.columns.iter_mut().find(|column| column.name == *only),
            _ => None,
        };
        match (key.kind, own) {
            (KeyKind::Unique, Some(column)) => column.unique = Some(name),
            (KeyKind::Primary, Some(column)) => column.primary_key = Some(name),
            (kind, _) => self.keys.push(TableKey { kind, name, columns }),
        }
    }

    /// The column of a side without `many`; see `addToTableSchema` of `Relationship`.
    fn add_foreign_key(&mut self, side: &Side, target: &List) {
        let stored =
            |named| Name::from(name::clip(&naming::knex_name(&side.key, &side.path, named)));
        let name = name::stored(&side.path);
        if !side.options.is_unique && side.options.is_indexed {
            let columns = vec![name.clone()];
            self.keys.push(TableKey { kind: KeyKind::Index, name: stored("index"), columns });
        }
        self.columns.push(Column {
            name,
            data_type: target.foreign_key_type.clone().unwrap_or_default(),
            is_not_null: side.options.is_not_nullable,
            unique: side.options.is_unique.then(|| stored("unique")),
            foreign_key: Some(ForeignKey {
                name: stored("foreign"),
                references: name::stored(&target.key),
                cascades: false,
            }),
            ..Column::default()
        });
    }
}

/// A join table, without what Keystone could not create: of the statements that make its indexes and
/// foreign keys, none comes after one that failed.
fn join_table(table: &JoinTable) -> Table {
    let [near, far] = table.columns();
    let has_near = !near.is_distinct;
    let has_far = has_near && !far.is_distinct;
    let columns = [(near, has_near), (far, has_far)];
    let column = |(column, is_whole): (&ForeignKeyColumn, bool)| Column {
        name: column.name.clone(),
        data_type: column.data_type.clone().unwrap_or_default(),
        is_not_null: true,
        foreign_key: is_whole.then(|| ForeignKey {
            name: column.foreign_key.clone(),
            references: column.references.clone(),
            cascades: true,
        }),
        ..Column::default()
    };
    let index = |(column, _): (&ForeignKeyColumn, bool)| TableKey {
        kind: KeyKind::Index,
        name: column.index.clone(),
        columns: vec![column.name.clone()],
    };
    Table {
        name: table.name.clone(),
        columns: columns.map(column).to_vec(),
        keys: columns.into_iter().filter(|(_, is_whole)| *is_whole).map(index).collect(),
    }
}

impl Column {
    /// A column as knex compiles it: the type, then `not null`, then the default.
    fn compiled(table: &str, name: &str, definition: &str) -> Self {
        const DEFAULT: &str = " default ";
        // A check may have the word in quotes or brackets.
        let bare = without_quoted(definition).unwrap_or_default();
        let count = |at: usize, bracket: char| bare[..at].matches(bracket).count();
        let mut found = bare.match_indices(DEFAULT).map(|(at, _)| at);
        let at = found.find(|&at| count(at, '(') == count(at, ')'));
        let default = at.map(|at| definition[at + DEFAULT.len()..].trim().to_owned());
        let mut rest = definition[..at.unwrap_or(definition.len())].trim();
        let mut strip = |end: &str| {
            let stripped = rest.strip_suffix(end);
            rest = stripped.unwrap_or(rest).trim_end();
            stripped.is_some()
        };
        let is_primary = strip(" primary key");
        let is_not_null = strip(" not null");
        strip(" null");
        Column {
            name: name::clip(name).into(),
            data_type: rest.into(),
            is_not_null: is_not_null || is_primary,
            default,
            primary_key: is_primary.then(|| naming::primary_key_name(name::clip(table)).into()),
            ..Column::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(definition: &str) -> (String, bool, Option<String>, Option<String>) {
        let column = Column::compiled("Post", "c", definition);
        let owned = |name: Name| name.to_string();
        let (data_type, primary_key) = (owned(column.data_type), column.primary_key.map(owned));
        (data_type, column.is_not_null, column.default, primary_key)
    }

    #[test]
    fn takes_apart_what_knex_compiles() {
        let text = |text: &str| text.to_owned();
        assert_eq!(compiled("text"), (text("text"), false, None, None));
        assert_eq!(compiled("text null"), (text("text"), false, None, None));
        assert_eq!(
            compiled("varchar(255) not null default 'a default not null'"),
            (text("varchar(255)"), true, Some(text("'a default not null'")), None)
        );
        assert_eq!(
            compiled("text check (\"s\" in ('a default b', 'b')) not null"),
            (text("text check (\"s\" in ('a default b', 'b'))"), true, None, None)
        );
        assert_eq!(
            compiled("serial primary key"),
            (text("serial"), true, None, Some(text("Post_pkey")))
        );
    }
}
