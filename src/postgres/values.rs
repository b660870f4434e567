//! The rows of a `VALUES` list, of which a large project has very many.

use super::quote::push_literal;
use super::statement::Statements;

/// About as many bytes as a row has.
const USUAL_LENGTH: usize = 128;

/// What is in a row.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    /// A table with its schema, as a literal for `regclass`.
    Table(&'a str),
    /// A literal.
    Text(&'a str),
    /// A Boolean.
    Is(bool),
}

/// Writes rows, each on a line of its own.
pub(super) struct Values<'a> {
    statements: &'a Statements<'a>,
    /// What each line begins with.
    indent: &'static str,
    text: String,
    /// The last table and its literal: most often the next row has the same.
    table: String,
    literal: String,
}

impl<'a> Values<'a> {
    /// For about that many rows.
    pub(super) fn new(
        statements: &'a Statements<'a>,
        indent: &'static str,
        expected: usize,
    ) -> Self {
        let text = String::with_capacity(expected * USUAL_LENGTH);
        Values { statements, indent, text, table: String::new(), literal: String::new() }
    }

    pub(super) fn row<const CELLS: usize>(&mut self, cells: [Cell<'_>; CELLS]) {
        if !self.text.is_empty() {
            self.text.push_str(",\n");
        }
        self.text.push_str(self.indent);
        for (at, cell) in cells.into_iter().enumerate() {
            self.text.push_str(if at == 0 { "(" } else { ", " });
            match cell {
                Cell::Table(table) => self.table(table),
                Cell::Text(text) => push_literal(&mut self.text, text),
                Cell::Is(value) => self.text.push_str(if value { "true" } else { "false" }),
            }
        }
        self.text.push(')');
    }

    fn table(&mut self, table: &str) {
        if self.literal.is_empty() || self.table != table {
            self.table.clear();
            self.table.push_str(table);
            self.literal.clear();
            push_literal(&mut self.literal, &self.statements.qualified(table));
        }
        self.text.push_str(&self.literal);
    }

    /// The rows, or none.
    pub(super) fn text(self) -> Option<String> {
        (!self.text.is_empty()).then_some(self.text)
    }
}
