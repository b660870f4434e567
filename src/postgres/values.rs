//! The rows of a `VALUES` list, of which a large project has very many.

use super::quote::{push_identifier, push_literal};
use super::statement::Statements;

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
    /// Room for a name, used again and again.
    name: String,
}

impl<'a> Values<'a> {
    pub(super) fn new(statements: &'a Statements<'a>, indent: &'static str) -> Self {
        Values { statements, indent, text: String::new(), name: String::new() }
    }

    pub(super) fn row<const CELLS: usize>(&mut self, cells: [Cell<'_>; CELLS]) {
        if !self.text.is_empty() {
            self.text.push_str(",\n");
        }
        self.text.push_str(self.indent);
        for (at, cell) in cells.into_iter().enumerate() {
            self.text.push_str(if at == 0 { "(" } else { ", " });
            match cell {
                Cell::Table(table) => {
                    self.name.clear();
                    self.name.push_str(self.statements.schema());
                    self.name.push('.');
                    push_identifier(&mut self.name, table);
                    push_literal(&mut self.text, &self.name);
                }
                Cell::Text(text) => push_literal(&mut self.text, text),
                Cell::Is(value) => self.text.push_str(if value { "true" } else { "false" }),
            }
        }
        self.text.push(')');
    }

    /// The rows, or none.
    pub(super) fn text(self) -> Option<String> {
        (!self.text.is_empty()).then_some(self.text)
    }
}
