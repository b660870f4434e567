//! A schema as SQL text, in the style of Keystone's guide to the new schema.

use std::borrow::Cow;
use std::collections::HashMap;

use super::quote::identifier;
use crate::name::Name;
use crate::schema::{Column, ForeignKey, Table, TableKey, TableSchema};
use crate::snapshot::KeyKind;

/// The statements that create a schema on an empty database: lists in order of definition, then join
/// tables. A foreign key to a table that comes later is added after that.
pub fn schema(schema: &TableSchema) -> String {
    let mut text = String::new();
    if !schema.is_complete {
        text.push_str(
            "-- The columns of relationships only: knex could not be asked for the others.\n",
        );
    }
    if schema.name != "public" {
        text.push_str(&format!("create schema if not exists {};\n", identifier(&schema.name)));
    }
    let waiting = schema.tables.iter().map(|table| (&*table.name, Vec::new())).collect();
    let mut writer = Writer { schema, waiting };
    for table in &schema.tables {
        writer.table(&mut text, table);
    }
    text
}

struct Writer<'a> {
    schema: &'a TableSchema,
    /// The tables that are to come, each with the foreign keys that wait for it.
    waiting: HashMap<&'a str, Vec<(&'a Table, &'a Column, &'a ForeignKey)>>,
}

impl<'a> Writer<'a> {
    fn table(&mut self, text: &mut String, table: &'a Table) {
        let waited = self.waiting.remove(&*table.name).unwrap_or_default();
        let mut lines = Vec::with_capacity(table.columns.len());
        for column in &table.columns {
            let mut inline = column.foreign_key.as_ref();
            if let Some(key) = inline
                && let Some(waiting) = self.waiting.get_mut(&*key.references)
            {
                waiting.push((table, column, key));
                inline = None;
            }
            lines.push(self.column(column, inline));
        }
        for TableKey { kind, name, columns } in &table.keys {
            let kind = match kind {
                KeyKind::Primary => "primary key",
                KeyKind::Unique => "unique",
                KeyKind::Index => continue,
            };
            let (name, columns) = (identifier(name), list(columns));
            lines.push(format!("\tconstraint {name}\n\t\t{kind} ({columns})"));
        }
        text.extend(["create table ", &self.qualified(&table.name), "\n(\n"]);
        text.push_str(&lines.join(",\n"));
        text.push_str("\n);\n");
        for (owner, column, key) in waited {
            text.push_str(&format!(
                "alter table {}\n\tadd constraint {}\n\t\tforeign key ({}) references {};\n",
                self.qualified(&owner.name),
                identifier(&key.name),
                identifier(&column.name),
                self.qualified(&key.references),
            ));
        }
        for index in table.keys.iter().filter(|key| key.kind == KeyKind::Index) {
            let (name, columns) = (identifier(&index.name), list(&index.columns));
            let table = self.qualified(&table.name);
            text.push_str(&format!("create index {name}\n\ton {table} ({columns});\n"));
        }
    }

    fn column(&self, column: &Column, foreign_key: Option<&ForeignKey>) -> String {
        let mut text = ["\t", &identifier(&column.name), " ", &column.data_type].concat();
        if column.is_not_null {
            text.push_str(" not null");
        }
        if let Some(default) = &column.default {
            text.extend([" default ", default]);
        }
        let mut constraint = |name: &str, what: &str| {
            text.extend(["\n\t\tconstraint ", &identifier(name), "\n\t\t\t", what]);
        };
        if let Some(name) = &column.primary_key {
            constraint(name, "primary key");
        }
        if let Some(name) = &column.unique {
            constraint(name, "unique");
        }
        if let Some(key) = foreign_key {
            constraint(&key.name, &["references ", &self.qualified(&key.references)].concat());
            if key.cascades {
                text.push_str("\n\t\t\t\ton delete cascade");
            }
        }
        text
    }

    /// A table, with its schema where that is not the usual one.
    fn qualified<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.schema.name.as_str() {
            "public" => identifier(name),
            schema => Cow::Owned([&identifier(schema), ".", &identifier(name)].concat()),
        }
    }
}

fn list(columns: &[Name]) -> String {
    columns.iter().map(|column| identifier(column)).collect::<Vec<Cow<'_, str>>>().join(", ")
}
