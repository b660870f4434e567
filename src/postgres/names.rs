//! The names of constraints and indexes, which follow those of tables and columns.

use std::collections::HashSet;

use super::change::{Action, Change};
use super::quote::{array, block, literal, values};
use super::statement::Statements;
use crate::name;
use crate::naming;
use crate::step::{ForeignKeyColumn, JoinTable};

/// A join table before and after.
type Renamed<'a> = (&'a JoinTable, &'a JoinTable);

pub(super) fn renamed<'a>(changes: &[Change<'a>]) -> Vec<Renamed<'a>> {
    let renamed = changes.iter().filter_map(|change| match change.action {
        Action::Rename { from, to } => Some((from, to)),
        _ => None,
    });
    renamed.collect()
}

/// A `DO` statement that gives the foreign keys, indexes and NOT NULL constraints of renamed join
/// tables the names that Keystone and PostgreSQL give them.
///
/// It asks the catalogue what is there, because the old names need not be Keystone's: they may have
/// been made by hand, or clipped at 63 bytes, or be missing. A name alone is no reason to fail: a notice says
/// what cannot be renamed. NOT NULL constraints have names from PostgreSQL 18 on.
///
/// One's new name may be another's old one, so all get temporary names first.
pub(super) fn rename(statements: &Statements<'_>, tables: &[Renamed<'_>]) -> String {
    let names = names(statements, tables);
    block(&format!(
        "\
DECLARE
  item record;
  command text;
  temporary text;
  pending text[] := '{{}}';
BEGIN
  FOR item IN
{names}
    ORDER BY tab, col, kind, position
  LOOP
    IF item.name IS NULL AND item.kind <> 'not null' THEN
      RAISE NOTICE '%.% has no %', item.tab, item.col, item.kind;
    ELSIF item.position > 1 THEN
      RAISE NOTICE '%.% has one more %, which keeps its name %',
        item.tab, item.col, item.kind, item.name;
    ELSIF item.name <> item.new_name THEN
      command := CASE item.kind
        WHEN 'index' THEN 'ALTER INDEX ' || replace(quote_ident({schema}), '%', '%%') || '.%I RENAME TO %I'
        ELSE 'ALTER TABLE ' || replace(item.tab, '%', '%%') || ' RENAME CONSTRAINT %I TO %I'
      END;
      temporary := 'keystone_renames_' || coalesce(array_length(pending, 1), 0);
      EXECUTE format(command, item.name, temporary);
      pending := pending || ARRAY[ARRAY[command, temporary, item.name, item.new_name]];
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
        schema = literal(statements.schema_name()),
    ))
}

/// A query for one row: the tables of which something has another name than it should, and could have that.
pub(super) fn misnamed(statements: &Statements<'_>, tables: &[Renamed<'_>]) -> String {
    format!(
        "WITH named AS (
{names}
  ), wrong AS (SELECT * FROM named WHERE position = 1 AND name <> new_name)
  SELECT DISTINCT relname::text FROM wrong JOIN pg_class ON pg_class.oid = to_regclass(tab)
  WHERE CASE kind
    WHEN 'index' THEN to_regclass(format('%I.%I', {schema}, new_name)) IS NULL
      OR new_name IN (SELECT name FROM wrong WHERE kind = 'index')
    ELSE NOT (kind = 'not null' AND {numbered}) AND (
      (tab, new_name) IN (SELECT tab, name FROM wrong WHERE kind <> 'index') OR NOT EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND conname = new_name
      )
    ) END",
        names = names(statements, tables),
        numbered = numbered("name", ["relname", "col"]),
        schema = literal(statements.schema_name()),
    )
}

/// A query for the names in [`rename`], as they are and as they are to be.
fn names(statements: &Statements<'_>, tables: &[Renamed<'_>]) -> String {
    let rows = tables.iter().map(|(from, to)| {
        let columns = |table: &JoinTable| array(table.columns().map(|column| &*column.name));
        [literal(&from.name), columns(from), literal(&to.name), columns(to)]
    });
    let exceptions: Vec<[String; 4]> = tables
        .iter()
        .flat_map(|(_, table)| table.columns().map(|column| exceptions(&table.name, column)))
        .flatten()
        .collect();
    // Names that are not made by the rule.
    let (open, close) = match exceptions.is_empty() {
        true => (String::new(), ""),
        false => (
            format!(
                "coalesce((\n          SELECT name FROM (VALUES\n{}\n          ) AS exceptions (tab, col, kind, name)\n          WHERE (tab, col, exceptions.kind) = (new, new_column, kinds.kind)\n        ), ",
                values("            ", exceptions)
            ),
            ")",
        ),
    };
    format!(
        "    SELECT attrelid::regclass::text AS tab, attname AS col, kind, actual.name, new_name,
      row_number() OVER (
        PARTITION BY attrelid, attnum, kind
        ORDER BY actual.name = new_name DESC, actual.name = old_name DESC, actual.name
      ) AS position
    FROM (VALUES
{rows}
      ) AS renamed (old, old_columns, new, new_columns)
      CROSS JOIN unnest(old_columns, new_columns) AS pair (old_column, new_column)
      CROSS JOIN (VALUES ('foreign key', 'foreign'), ('index', 'index'), ('not null', 'not_null')) AS kinds (kind, suffix)
      -- Keystone's names, and PostgreSQL's own for NOT NULL, of at most 63 bytes
      CROSS JOIN LATERAL (SELECT
        left(lower(concat_ws('_', old, old_column, suffix) COLLATE \"C\"), 63),
        {open}CASE kind WHEN 'not null'
          THEN concat_ws('_', left(new, greatest(27, 53 - length(new_column))),
            left(new_column, greatest(26, 53 - length(new))), suffix)
          ELSE left(lower(concat_ws('_', new, new_column, suffix) COLLATE \"C\"), 63) END{close}
      ) AS names (old_name, new_name)
      JOIN pg_attribute ON attrelid = to_regclass(format('%I.%I', {schema}, new)) AND attname = new_column
      LEFT JOIN LATERAL (
        SELECT conname FROM pg_constraint
        WHERE conrelid = attrelid AND conkey = ARRAY[attnum]
          AND contype = CASE kind WHEN 'foreign key' THEN 'f' WHEN 'not null' THEN 'n' END::\"char\"
        UNION ALL
        SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE kind = 'index' AND indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
          AND NOT indisunique AND indpred IS NULL
      ) AS actual (name) ON true",
        rows = values("        ", rows),
        schema = literal(statements.schema_name()),
    )
}

/// An expression for whether a name is what PostgreSQL gives to a NOT NULL constraint whose name is taken in
/// the schema: it has a number, for which table and column may be shortened further.
pub(super) fn numbered(name: &str, [table, column]: [&str; 2]) -> String {
    format!(
        "EXISTS (
          SELECT FROM regexp_replace({name}, '_not_null[0-9]+$', '') AS start, generate_series(1, length(start) - 2) AS size
          WHERE start <> {name} AND start = concat_ws('_', left({table}, size), left({column}, length(start) - 1 - size))
        )"
    )
}

/// The names of a column's constraints and index that the rule in [`rename`] does not give: table,
/// column, kind and name.
fn exceptions(table: &str, column: &ForeignKeyColumn) -> Vec<[String; 4]> {
    let [foreign_key, index] =
        ["foreign", "index"].map(|label| naming::knex_name(table, &column.name, label));
    let not_null = naming::not_null_name(table, &column.name, "not_null");
    [
        ("foreign key", &*column.foreign_key, name::clip(&foreign_key)),
        ("index", &*column.index, name::clip(&index)),
        ("not null", &*column.not_null, &*not_null),
    ]
    .into_iter()
    .filter(|(_, name, usual)| name != usual || !name.is_ascii() || table.contains(['.', '-']))
    .map(|(kind, name, _)| [table, &*column.name, kind, name].map(literal))
    .collect()
}

/// Statements that take the names of new tables from indexes that have them still. It takes names of
/// 63 bytes for them to meet; [`rename`] gives the indexes their own names afterwards.
pub(super) fn make_room(statements: &Statements<'_>, tables: &[Renamed<'_>]) -> Vec<String> {
    let renamed = tables.iter().filter(|(from, to)| from.name != to.name);
    let given: HashSet<&str> = renamed.map(|(_, to)| &*to.name).collect();
    tables
        .iter()
        .flat_map(|(from, _)| from.columns())
        .filter(|column| given.contains(&*column.index))
        .enumerate()
        .map(|(number, column)| {
            let index = statements.qualified(&column.index);
            format!("ALTER INDEX IF EXISTS {index} RENAME TO keystone_makes_room_{number}")
        })
        .collect()
}
