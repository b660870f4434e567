//! Each step's SQL. Statements carry no terminator: the script adds those.

use super::change::{Action, Change, Item};
use super::quote::identifier;
use crate::step::{ForeignKeyColumn, JoinTable, Links, Owner, TablePlace};

#[derive(Clone, Copy)]
pub(super) struct Statements<'a> {
    schema: &'a str,
}

impl<'a> Statements<'a> {
    pub(super) fn new(schema: &'a str) -> Self {
        Statements { schema }
    }

    pub(super) fn schema_name(&self) -> &'a str {
        self.schema
    }

    /// A table or index with its schema.
    pub(super) fn qualified(&self, name: &str) -> String {
        [&identifier(self.schema), ".", &identifier(name)].concat()
    }

    /// A query for all links of a place: the ids of the side `first`, then those of the other side.
    pub(super) fn links(&self, links: &Links<TablePlace>, first: Owner) -> String {
        let (table, own, other, filter) = match &links.place {
            TablePlace::Column { table, column } => {
                let column = identifier(column);
                let filter = format!(" WHERE {column} IS NOT NULL");
                (table, identifier("id"), column, filter)
            }
            TablePlace::JoinTable { table, near, far } => {
                (table, identifier(near), identifier(far), String::new())
            }
        };
        let [id, other_id] = if first == links.owner { [own, other] } else { [other, own] };
        format!("SELECT {id}, {other_id} FROM {}{filter}", self.qualified(table))
    }

    /// The statements of a change, without its checks.
    pub(super) fn of(&self, change: &Change<'_>) -> Vec<String> {
        match change.action {
            Action::Drop(Item::Column { table, column }) => {
                let (table, column) = (self.qualified(table), identifier(&column.name));
                vec![format!("ALTER TABLE {table} DROP COLUMN {column}")]
            }
            Action::Drop(Item::JoinTable(table)) => {
                vec![format!("DROP TABLE {}", self.qualified(&table.name))]
            }
            Action::Rename { from, to } => self.rename(from, to),
            Action::Create(Item::Column { table, column }) => {
                self.restore_column(table, column, change.kept)
            }
            Action::Create(Item::JoinTable(table)) => {
                let fill = change.kept.map(|kept| {
                    let columns = table.columns().map(|column| identifier(&column.name)).join(", ");
                    let links = self.links(kept, kept.owner.other());
                    format!("INSERT INTO {} ({columns}) {links}", self.qualified(&table.name))
                });
                let columns = table.columns();
                let indexes = columns.map(|column| self.create_index(&table.name, column));
                let keys = columns
                    .map(|column| self.add_foreign_key(&table.name, column) + " ON DELETE CASCADE");
                // Indexes and foreign keys are quicker to make when the rows are there.
                let create = [self.create(table)].into_iter().chain(fill);
                create.chain(indexes).chain(keys).collect()
            }
        }
    }

    fn rename(&self, from: &JoinTable, to: &JoinTable) -> Vec<String> {
        let mut statements = Vec::new();
        if from.name != to.name {
            let (old, new) = (self.qualified(&from.name), identifier(&to.name));
            statements.push(format!("ALTER TABLE {old} RENAME TO {new}"));
        }
        let table = self.qualified(&to.name);
        let mut columns = [(&from.near, &to.near), (&from.far, &to.far)];
        // As among tables: one column's new name may be the other's old one (`Post_left_id`).
        if columns[1].0.name == columns[0].1.name {
            columns.reverse();
        }
        for (old, new) in columns.into_iter().filter(|(old, new)| old.name != new.name) {
            let (old, new) = (identifier(&old.name), identifier(&new.name));
            statements.push(format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"));
        }
        statements
    }

    /// As `_createAdjacencyTable` of `adapter-knex` does it, before its indexes and foreign keys.
    fn create(&self, table: &JoinTable) -> String {
        let columns = table
            .columns()
            .map(|column| format!("  {} {} NOT NULL", identifier(&column.name), data_type(column)));
        format!("CREATE TABLE {} (\n{}\n)", self.qualified(&table.name), columns.join(",\n"))
    }

    fn restore_column(
        &self,
        table: &str,
        column: &ForeignKeyColumn,
        kept: Option<&Links<TablePlace>>,
    ) -> Vec<String> {
        let (name, qualified) = (identifier(&column.name), self.qualified(table));
        let mut statements =
            vec![format!("ALTER TABLE {qualified} ADD COLUMN {name} {}", data_type(column))];
        statements.extend(kept.map(|kept| {
            let links = self.links(kept, kept.owner.other());
            // One link for each item, should the kept column hold an id twice.
            format!(
                "UPDATE {qualified} AS item SET {name} = link.target\nFROM (\n  SELECT DISTINCT ON (holder) holder, target\n  FROM ({links}) AS links (holder, target)\n  ORDER BY holder, target DESC\n) AS link\nWHERE link.holder = item.id"
            )
        }));
        if column.options.is_not_nullable {
            statements.push(format!("ALTER TABLE {qualified} ALTER COLUMN {name} SET NOT NULL"));
        }
        if column.options.is_unique {
            let unique = identifier(&column.index);
            statements
                .push(format!("ALTER TABLE {qualified} ADD CONSTRAINT {unique} UNIQUE ({name})"));
        } else if column.options.is_indexed {
            statements.push(self.create_index(table, column));
        }
        statements.push(self.add_foreign_key(table, column));
        statements
    }

    fn create_index(&self, table: &str, column: &ForeignKeyColumn) -> String {
        let (index, name) = (identifier(&column.index), identifier(&column.name));
        format!("CREATE INDEX {index} ON {} ({name})", self.qualified(table))
    }

    fn add_foreign_key(&self, table: &str, column: &ForeignKeyColumn) -> String {
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} (id)",
            self.qualified(table),
            identifier(&column.foreign_key),
            identifier(&column.name),
            self.qualified(&column.references),
        )
    }
}

fn data_type(column: &ForeignKeyColumn) -> &str {
    column.data_type.as_deref().expect("the script asks for the types of what it creates first")
}
