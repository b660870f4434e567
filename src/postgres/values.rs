//! The rows of a `VALUES` list.

use super::quote::literal;

#[derive(Clone)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    Texts(Vec<&'a str>),
    Is(bool),
    /// A query for one value.
    Query(String),
}

impl Cell<'_> {
    fn sql(&self) -> String {
        match self {
            Cell::Null => "NULL".to_owned(),
            Cell::Text(text) => literal(text),
            Cell::Texts(texts) => {
                let literals: Vec<String> = texts.iter().map(|text| literal(text)).collect();
                format!("ARRAY[{}]", literals.join(", "))
            }
            Cell::Is(value) => value.to_string(),
            Cell::Query(query) => format!("({query})"),
        }
    }
}

/// The rows, each on a line of its own after that indentation.
pub(super) fn values<'a, const CELLS: usize>(
    indent: &str,
    rows: impl IntoIterator<Item = [Cell<'a>; CELLS]>,
) -> String {
    let rows: Vec<String> = rows
        .into_iter()
        .map(|cells| format!("{indent}({})", cells.map(|cell| cell.sql()).join(", ")))
        .collect();
    rows.join(",\n")
}
