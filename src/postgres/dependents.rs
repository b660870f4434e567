//! What people have added to a table or column that is about to be dropped: most of it would go with
//! it without a word from the server, and for some the server would refuse.

use super::quote::{block, literal};
use super::statement::Statements;
use super::values::{Cell, Values};
use crate::step::{ForeignKeyColumn, TableStep};

/// What to do about what depends on them.
pub(super) const VANISHING: &str = "Keep what you need of them elsewhere, drop them (REVOKE privileges), then run the migration again.";

/// A query for what hangs on what the steps drop: further columns, indexes, constraints, triggers,
/// policies, rules, statistics, publications, comments, privileges, views, foreign keys of other tables,
/// tables that inherit from them. One row; `into` follows its select list.
///
/// None when the steps drop nothing.
pub(super) fn vanishing<'a>(
    statements: &Statements<'_>,
    steps: impl Iterator<Item = &'a TableStep>,
    into: &str,
) -> Option<String> {
    let mut rows = Values::new(statements, "        ", 2 * steps.size_hint().0);
    let mut row = |table: &str, column: &ForeignKeyColumn, is_column: bool| {
        let options = column.options;
        rows.row([
            Cell::Table(table),
            Cell::Text(&column.name),
            Cell::Is(is_column),
            Cell::Is(options.is_unique),
            Cell::Is(options.is_indexed && !options.is_unique),
        ]);
    };
    for step in steps {
        match step {
            TableStep::DropColumn { table, column, .. } => row(table, column, true),
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                table.columns().into_iter().for_each(|column| row(&table.name, column, false));
            }
            _ => {}
        }
    }
    let rows = rows.text()?;
    let query = [
        "\
  WITH dropped (tab, attnum, is_column, is_unique, is_indexed) AS (
    SELECT attrelid, attnum, is_column, is_unique, is_indexed
    FROM (
      VALUES
",
        &rows,
        "
    ) AS named (tab, col, is_column, is_unique, is_indexed)
    JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
  ), tables AS (
    SELECT oid AS tab, relacl, relowner, relrowsecurity
    FROM pg_class WHERE oid IN (SELECT tab FROM dropped WHERE NOT is_column)
  ), part (classid, objid, objsubid) AS (
    -- What the server drops along without a word, and what keeps it from dropping
    SELECT classid, objid, objsubid
    FROM pg_depend JOIN dropped ON refobjid = tab AND (NOT is_column OR refobjsubid = attnum)
    WHERE refclassid = 'pg_class'::regclass AND deptype IN ('a', 'n')
  ), keystones (classid, objid) AS (
    -- What Keystone itself makes for a column, one of each
    SELECT 'pg_constraint'::regclass, min(pg_constraint.oid::bigint)::oid
    FROM dropped JOIN pg_constraint ON conrelid = tab AND conkey = ARRAY[attnum]
    WHERE contype IN ('f', 'n') OR contype = 'u' AND is_unique
    GROUP BY tab, attnum, contype
    UNION ALL
    SELECT 'pg_class'::regclass, min(indexrelid::bigint)::oid
    FROM dropped JOIN pg_index ON indrelid = tab AND indnatts = 1 AND indkey[0] = attnum
    WHERE is_indexed AND NOT indisunique AND indpred IS NULL
    GROUP BY tab, attnum
  ), dependent (what) AS (
    SELECT pg_describe_object(classid, objid, objsubid) FROM part
    WHERE (classid, objid) NOT IN (SELECT classid, objid FROM keystones)
    UNION
    SELECT pg_describe_object('pg_class'::regclass, tab, pg_attribute.attnum)
    FROM tables JOIN pg_attribute ON attrelid = tab AND attnum > 0 AND NOT attisdropped
    WHERE (tab, attnum) NOT IN (SELECT tab, attnum FROM dropped)
    UNION
    SELECT format('row-level security of %s', tab::regclass) FROM tables WHERE relrowsecurity
    UNION
    SELECT format('privileges of %s on %s', coalesce(nullif(grantee, 0)::regrole::text, 'public'), tab::regclass)
    FROM (SELECT tab, relowner, (aclexplode(relacl)).grantee FROM tables) AS granted
    WHERE grantee <> relowner
    UNION
    SELECT 'privileges on ' || pg_describe_object('pg_class'::regclass, attrelid, pg_attribute.attnum)
    FROM dropped JOIN pg_attribute ON attrelid = tab AND pg_attribute.attnum = dropped.attnum
    WHERE attacl IS NOT NULL
    UNION
    SELECT 'comment on ' || pg_describe_object(classoid, objoid, objsubid)
    FROM pg_description
    WHERE (classoid, objoid, objsubid) IN (
      SELECT classid, objid, objsubid FROM part
      UNION ALL SELECT 'pg_class'::regclass, tab, attnum FROM dropped
      UNION ALL SELECT 'pg_class'::regclass, tab, 0 FROM tables
    )
  )
  SELECT string_agg(what, ', ' ORDER BY what)",
        into,
        " FROM dependent",
    ];
    Some(query.concat())
}

/// A `DO` statement that raises an error when something hangs on what the steps drop: see
/// [`vanishing`].
///
/// None when the steps drop nothing.
pub(super) fn none_left<'a>(
    statements: &Statements<'_>,
    steps: impl Iterator<Item = &'a TableStep>,
) -> Option<String> {
    let query = vanishing(statements, steps, " INTO vanishing")?;
    Some(block(&[
        "\
DECLARE
  vanishing text;
BEGIN
  ",
        &query,
        ";
  IF vanishing IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'This depends on the tables and columns that are dropped: ' || vanishing,
      HINT = ",
        &literal(&format!("Keystone does not make these. Nothing has been changed. {VANISHING}")),
        ";
  END IF;
END",
    ]))
}
