//! The names of constraints and indexes, which follow those of tables and columns.

use std::collections::HashSet;

use super::quote::{block, identifier, literal};
use super::statement::Statements;
use super::values::{Cell, Values};
use crate::step::JoinTable;

/// A `DO` statement that gives the foreign keys, indexes and NOT NULL constraints of renamed join
/// tables the names that Keystone gives them.
///
/// It asks the catalogue what is there, because the old names need not be Keystone's: they may have
/// been made by hand, or clipped at 63 bytes, or be missing. A name alone is no reason to fail: what
/// cannot be renamed is told as a notice. NOT NULL constraints have names from PostgreSQL 18 on.
///
/// One's new name may be another's old one, so all get temporary names first.
pub(super) fn rename<'a>(
    statements: &Statements<'_>,
    schema: &str,
    tables: &[(&'a JoinTable, &'a JoinTable)],
) -> String {
    let mut rows = Values::new(statements, "        ", 6 * tables.len());
    for (from, to) in tables {
        for (old, new) in from.columns().into_iter().zip(to.columns()) {
            for (kind, old_name, new_name) in [
                ("foreign key", &old.foreign_key, &new.foreign_key),
                ("index", &old.index, &new.index),
                ("not null", &old.not_null, &new.not_null),
            ] {
                rows.row([
                    Cell::Table(&to.name),
                    Cell::Text(&new.name),
                    Cell::Text(kind),
                    Cell::Text(old_name),
                    Cell::Text(new_name),
                ]);
            }
        }
    }
    block(&[
        "\
DECLARE
  item record;
  command text;
  temporary text;
  pending text[] := '{}';
BEGIN
  FOR item IN
    WITH renamed (tab, col, kind, old, new) AS (
      VALUES
",
        &rows.text().unwrap_or_default(),
        "
    )
    SELECT renamed.*, actual.name,
      row_number() OVER (
        PARTITION BY tab, col, kind
        ORDER BY actual.name = new DESC, actual.name = old DESC, actual.name
      ) AS position
    FROM renamed
      JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
      LEFT JOIN LATERAL (
        SELECT conname
        FROM pg_constraint
        WHERE conrelid = attrelid AND conkey = ARRAY[attnum]
          AND contype = CASE kind WHEN 'foreign key' THEN 'f' WHEN 'not null' THEN 'n' END::\"char\"
        UNION ALL
        SELECT relname
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE kind = 'index' AND indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
          AND NOT indisunique AND indpred IS NULL
      ) AS actual (name) ON true
    ORDER BY tab, col, kind, position
  LOOP
    IF item.name IS NULL THEN
      IF item.kind <> 'not null' THEN
        RAISE NOTICE '%.% has no %', item.tab, item.col, item.kind;
      END IF;
    ELSIF item.position > 1 THEN
      RAISE NOTICE '%.% has one more %, which keeps its name %', item.tab, item.col, item.kind, item.name;
    ELSIF item.name <> item.new THEN
      command := CASE item.kind
        WHEN 'index' THEN format('ALTER INDEX %s.%%I RENAME TO %%I', ",
        &literal(&identifier(schema).replace('%', "%%")),
        ")
        ELSE format('ALTER TABLE %s RENAME CONSTRAINT %%I TO %%I', replace(item.tab, '%', '%%'))
      END;
      temporary := 'keystone_renames_' || coalesce(array_length(pending, 1), 0);
      EXECUTE format(command, item.name, temporary);
      pending := pending || ARRAY[ARRAY[command, temporary, item.name, item.new]];
    END IF;
  END LOOP;
  FOR at IN 1 .. coalesce(array_length(pending, 1), 0)
  LOOP
    BEGIN
      EXECUTE format(pending[at][1], pending[at][2], pending[at][4]);
    EXCEPTION WHEN duplicate_table OR duplicate_object THEN
      RAISE NOTICE '% keeps its name, because % is taken', pending[at][3], pending[at][4];
      EXECUTE format(pending[at][1], pending[at][2], pending[at][3]);
    END;
  END LOOP;
END",
    ])
}

/// Statements that take the names of new tables from indexes that have them still. It takes names of
/// 63 bytes for them to meet; [`rename`] gives the indexes their own names afterwards.
pub(super) fn make_room<'a>(
    statements: &Statements<'_>,
    tables: impl Iterator<Item = (&'a JoinTable, &'a JoinTable)> + Clone,
) -> Vec<String> {
    let given: HashSet<&str> = tables.clone().map(|(_, to)| &*to.name).collect();
    tables
        .flat_map(|(from, _)| from.columns())
        .filter(|column| given.contains(&*column.index))
        .enumerate()
        .map(|(number, column)| {
            let index = statements.qualified(&column.index);
            format!("ALTER INDEX IF EXISTS {index} RENAME TO keystone_makes_room_{number}")
        })
        .collect()
}
