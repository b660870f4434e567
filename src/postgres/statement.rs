//! Each step's SQL. Statements carry no terminator: the script adds those.

use std::borrow::Cow;

use super::quote::identifier;
use crate::step::{ForeignKeyColumn, JoinTable, Links, Owner, TablePlace, TableStep};

/// Writes statements for the tables of one schema.
#[derive(Clone)]
pub(super) struct Statements<'a> {
    schema: Cow<'a, str>,
}

impl<'a> Statements<'a> {
    pub(super) fn new(schema: &'a str) -> Self {
        Statements { schema: identifier(schema) }
    }

    /// A table or index with its schema.
    pub(super) fn qualified(&self, name: &str) -> String {
        [&self.schema, ".", &identifier(name)].concat()
    }

    /// A query for all links of a place: the ids of the side `first`, then those of the other side,
    /// under the given names.
    pub(super) fn links(
        &self,
        links: &Links<TablePlace>,
        first: Owner,
        names: [&str; 2],
    ) -> String {
        let (table, own, other, filter) = match &links.place {
            TablePlace::Column { table, column } => {
                let column = identifier(column);
                let filter = [" WHERE link.", &column, " IS NOT NULL"].concat();
                (table, identifier("id"), column, filter)
            }
            TablePlace::JoinTable { table, near, far } => {
                (table, identifier(near), identifier(far), String::new())
            }
        };
        let ids = if first == links.owner { [own, other] } else { [other, own] };
        let ([id, other_id], [name, other_name]) = (ids, names);
        // Qualified: a bare name could be a variable of the block that the query is in.
        [
            "SELECT link.",
            &id,
            " AS ",
            name,
            ", link.",
            &other_id,
            " AS ",
            other_name,
            " FROM ",
            &self.schema,
            ".",
            &identifier(table),
            " AS link",
            &filter,
        ]
        .concat()
    }

    /// The statements of a step, without its checks.
    pub(super) fn of(&self, step: &TableStep) -> Vec<String> {
        match step {
            TableStep::DropColumn { table, column, .. } => {
                let (table, column) = (self.qualified(table), identifier(&column.name));
                vec![["ALTER TABLE ", &table, " DROP COLUMN ", &column].concat()]
            }
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                vec![["DROP TABLE ", &self.qualified(&table.name)].concat()]
            }
            TableStep::RenameJoinTable { from, to } => self.rename(from, to),
            TableStep::CreateJoinTable { table } => {
                [vec![self.create(table)], self.index(table), self.reference(table)].concat()
            }
            TableStep::RestoreJoinTable { table, copies } => {
                let columns = table.columns().map(|column| identifier(&column.name)).join(", ");
                let name = self.qualified(&table.name);
                let links = self.links(&copies.kept, copies.dropped.owner, ["near", "far"]);
                let fill = format!("INSERT INTO {name} ({columns}) {links}");
                // Indexes and foreign keys are quicker to make when the rows are there.
                [vec![self.create(table), fill], self.index(table), self.reference(table)].concat()
            }
            TableStep::RestoreColumn { table, column, copies } => {
                self.restore_column(table, column, &copies.kept, copies.dropped.owner)
            }
        }
    }

    fn rename(&self, from: &JoinTable, to: &JoinTable) -> Vec<String> {
        let mut statements = Vec::new();
        if from.name != to.name {
            let (old, new) = (self.qualified(&from.name), identifier(&to.name));
            statements.push(["ALTER TABLE ", &old, " RENAME TO ", &new].concat());
        }
        let table = self.qualified(&to.name);
        let mut columns = [(&from.near, &to.near), (&from.far, &to.far)];
        // As among tables: one column's new name may be the other's old one (`Post_left_id`).
        if columns[1].0.name == columns[0].1.name {
            columns.reverse();
        }
        for (old, new) in columns.into_iter().filter(|(old, new)| old.name != new.name) {
            let (old, new) = (identifier(&old.name), identifier(&new.name));
            statements
                .push(["ALTER TABLE ", &table, " RENAME COLUMN ", &old, " TO ", &new].concat());
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

    fn index(&self, table: &JoinTable) -> Vec<String> {
        table.columns().map(|column| self.create_index(&table.name, column)).to_vec()
    }

    fn reference(&self, table: &JoinTable) -> Vec<String> {
        let references = |column| self.add_foreign_key(&table.name, column) + " ON DELETE CASCADE";
        table.columns().map(references).to_vec()
    }

    fn restore_column(
        &self,
        table: &str,
        column: &ForeignKeyColumn,
        kept: &Links<TablePlace>,
        owner: Owner,
    ) -> Vec<String> {
        let (name, qualified) = (identifier(&column.name), self.qualified(table));
        let links = self.links(kept, owner, ["holder", "target"]);
        let mut statements = vec![
            format!("ALTER TABLE {qualified} ADD COLUMN {name} {}", data_type(column)),
            // One link for each item, should the kept column hold an id twice.
            format!(
                "UPDATE {qualified} AS item SET {name} = link.target\nFROM (SELECT DISTINCT ON (holder) holder, target FROM ({links}) AS links ORDER BY holder, target DESC) AS link\nWHERE link.holder = item.id"
            ),
        ];
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
