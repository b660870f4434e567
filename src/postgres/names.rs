//! The names of constraints and indexes, which follow those of tables and columns.

use super::quote::{dollar, literal};
use super::statement::Statements;
use crate::step::JoinTable;

/// A `DO` statement that gives the foreign keys, indexes and NOT NULL constraints of join tables the
/// names that the new Keystone gives them.
///
/// It asks the catalogue what is there, because the old names need not be Keystone's: they may have
/// been made by hand, or clipped at 63 bytes. NOT NULL constraints have names from PostgreSQL 18 on.
pub(super) fn rename<'a>(
    statements: &Statements<'_>,
    tables: impl Iterator<Item = &'a JoinTable>,
) -> String {
    let rows: Vec<String> = tables
        .flat_map(|table| table.columns().map(|column| (table, column)))
        .map(|(table, column)| {
            format!(
                "        ({}, {}, {}, {}, {})",
                literal(&statements.qualified(&table.name)),
                literal(&column.name),
                literal(&column.foreign_key),
                literal(&column.index),
                literal(&column.not_null),
            )
        })
        .collect();
    let body = format!(
        "\
DECLARE
  command text;
BEGIN
  FOR command IN
    WITH wanted (tab, col, foreign_key, index_name, not_null) AS (
      VALUES
{}
    ), target AS (
      SELECT wanted.*, attrelid, attnum
      FROM wanted JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
    )
    SELECT format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', tab, conname, name)
    FROM target
      JOIN pg_constraint ON conrelid = attrelid AND conkey = ARRAY[attnum]
      JOIN LATERAL (VALUES ('f', foreign_key), ('n', not_null)) AS named (type, name) ON contype = type::\"char\"
    WHERE conname <> name
    UNION ALL
    SELECT format('ALTER INDEX %s RENAME TO %I', indexrelid::regclass, index_name)
    FROM target
      JOIN pg_index ON indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
        AND NOT indisunique AND indpred IS NULL
      JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relname <> index_name
  LOOP
    EXECUTE command;
  END LOOP;
END",
        rows.join(",\n")
    );
    format!("DO {}", dollar(&body))
}
