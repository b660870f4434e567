//! Each step's SQL. Statements carry no terminator: the script adds those.

use super::quote::identifier;
use crate::step::{ForeignKeyColumn, JoinTable, TableStep};

/// Writes statements for the tables of one schema.
pub(super) struct Statements<'a> {
    schema: &'a str,
}

impl<'a> Statements<'a> {
    pub(super) fn new(schema: &'a str) -> Self {
        Statements { schema }
    }

    /// A table or index with its schema.
    pub(super) fn qualified(&self, name: &str) -> String {
        format!("{}.{}", identifier(self.schema), identifier(name))
    }

    /// The statements of a step, without its checks.
    pub(super) fn of(&self, step: &TableStep) -> Vec<String> {
        match step {
            TableStep::DropColumn { table, column, .. } => {
                let (table, column) = (self.qualified(table), identifier(&column.name));
                vec![format!("ALTER TABLE {table} DROP COLUMN {column}")]
            }
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                vec![format!("DROP TABLE {}", self.qualified(&table.name))]
            }
            TableStep::RenameJoinTable { from, to } => self.rename(from, to),
            TableStep::CreateJoinTable { table } => self.create(table),
            TableStep::RestoreJoinTable { .. } | TableStep::RestoreColumn { .. } => {
                unreachable!("no migration has a way back yet")
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
        for (old, new) in from.columns().into_iter().zip(to.columns()) {
            if old.name != new.name {
                let (old, new) = (identifier(&old.name), identifier(&new.name));
                statements.push(format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"));
            }
        }
        statements
    }

    /// As `_createAdjacencyTable` of `adapter-knex` does it.
    fn create(&self, table: &JoinTable) -> Vec<String> {
        let columns = table.columns().map(|column| self.column(column)).join(",\n");
        let name = self.qualified(&table.name);
        let mut statements = vec![format!("CREATE TABLE {name} (\n{columns}\n)")];
        for column in table.columns() {
            let (index, column) = (identifier(&column.index), identifier(&column.name));
            statements.push(format!("CREATE INDEX {index} ON {name} ({column})"));
        }
        statements
    }

    fn column(&self, column: &ForeignKeyColumn) -> String {
        let data_type = column.data_type.as_deref().expect("a plan creates columns of known types");
        format!(
            "  {} {data_type} NOT NULL\n    CONSTRAINT {} REFERENCES {} ON DELETE CASCADE",
            identifier(&column.name),
            identifier(&column.foreign_key),
            self.qualified(&column.references),
        )
    }
}
