//! What comes before the data is looked at: the locks, and whether the database is in the schema that
//! the script starts from.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::change::{Change, Item};
use super::check::{Check, Trouble};
use super::quote::{array, block, literal, values};
use super::statement::Statements;
use crate::plan::Direction;
use crate::step::TablePlace;

/// Stands for all troubles: the migration has been done.
pub(super) const DONE: &str = "DONE";

/// Finds tables and columns that the script starts from and that are missing, names that it gives and
/// that are taken, and a database on which it has been run already or that has none of the tables.
pub(super) fn expected_schema(
    statements: &Statements<'_>,
    changes: &[Change<'_>],
    direction: Direction,
) -> Check {
    let schema = literal(statements.schema_name());
    // A new table may have the name of an index of a table that goes, which is out of the way by then.
    let reused: Vec<String> =
        reused(changes).into_iter().map(|table| literal(&statements.qualified(table))).collect();
    let unless_reused = match reused.is_empty() {
        true => String::new(),
        false => format!("\n          AND tab NOT IN ({})", reused.join(", ")),
    };
    let query = format!(
        "    WITH places (old, old_columns, new, new_columns) AS (VALUES
{rows}
    ), columns (tab, col, is_old) AS (
      SELECT format('%I.%I', {schema}, old), col, true FROM places, unnest(old_columns::text[]) AS col
      UNION ALL
      SELECT format('%I.%I', {schema}, new), col, false FROM places, unnest(new_columns::text[]) AS col
    ), looked_up AS (
      SELECT tab, col, bool_or(is_old) AS is_old, NOT bool_and(is_old) AS is_new,
        bool_or(bool_or(is_old)) OVER (PARTITION BY tab) AS has_table,
        EXISTS (SELECT FROM pg_attribute
          WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped) AS is_there
      FROM columns GROUP BY tab, col
    ), tables AS (
      SELECT DISTINCT tab, relowner, rolname, NOT rolsuper AND rolname <> current_user AS is_foreign,
        coalesce(CASE WHEN relkind NOT IN ('r', 'p') THEN ' is not a table' END, (SELECT ' has the rule '
          || min(rulename) FROM pg_rewrite WHERE ev_class = pg_class.oid AND ev_type IN ('2', '3'))) AS oddity
      FROM columns, pg_class, pg_roles WHERE is_old AND pg_class.oid = to_regclass(tab) AND pg_roles.oid = relowner
    ), strange (what) AS (
      SELECT tab || coalesce(oddity, ' belongs to ' || rolname) FROM tables WHERE oddity IS NOT NULL
        OR is_foreign AND relowner <> (SELECT mode() WITHIN GROUP (ORDER BY relowner) FROM tables)
    )
    SELECT (SELECT string_agg(what, ', ' ORDER BY what) FROM strange) AS strange,
      CASE WHEN bool_and(is_there = is_new) AND bool_or(is_old <> is_new) THEN 'yes' END AS done,
      CASE WHEN bool_and(to_regclass(tab) IS NULL) THEN string_agg(DISTINCT tab, ', ') FILTER (WHERE is_old) END AS absent,
      string_agg(concat_ws('.', tab, col), ', ' ORDER BY tab, col) FILTER (WHERE is_old AND NOT is_there) AS missing,
      string_agg(DISTINCT CASE
        WHEN has_table AND is_there THEN concat_ws('.', tab, col)
        WHEN NOT has_table AND to_regclass(tab) IS NOT NULL{unless_reused} THEN tab
      END, ', ') FILTER (WHERE NOT is_old) AS taken
    FROM looked_up",
        rows = values("        ", rows(changes)),
    );
    let (_, to) = direction.schemas();
    let is_right = format!(
        "Is this the right database, and {} the right schema (the schemaName of the adapter)?",
        statements.schema_name()
    );
    Check {
        query,
        troubles: vec![
            Trouble {
                column: "strange",
                code: "NOT_OUR_TABLE",
                message: "Someone else's code could run with your rights: %s",
                hint: "Keystone makes ordinary tables without rules, all for one owner. Rename what is not Keystone's, or give it to the owner of the other tables (ALTER TABLE … OWNER TO); drop a rule until the migration is done. Then run the migration again.".to_owned(),
                is_idle: false,
            },
            Trouble {
                column: "done",
                code: DONE,
                message: match direction {
                    Direction::Up => "The database is in the new schema already",
                    Direction::Down => "The database is in the old schema already",
                },
                hint: format!("There is nothing left to do on the way to {to}."),
                is_idle: true,
            },
            Trouble {
                column: "absent",
                code: "MISSING",
                message: "None of these tables is in the database: %s",
                hint: format!("{is_right} In a new one there is nothing to migrate."),
                is_idle: true,
            },
            Trouble {
                column: "missing",
                code: "MISSING",
                message: "Not in the database: %s",
                hint: format!("{is_right} Has another migration been run in part?"),
                is_idle: false,
            },
            Trouble {
                column: "taken",
                code: "NAME_TAKEN",
                message: "Already in the database, where the migration would put its own: %s",
                hint: "Has another Keystone been started on it, the new or the old one? Drop what is empty, or rename it.".to_owned(),
                is_idle: false,
            },
        ],
    }
}

/// Tables with their columns before and after.
fn rows(changes: &[Change<'_>]) -> Vec<[String; 4]> {
    let mut stays: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for change in changes {
        // A join table that is kept is renamed as well.
        if let Some(TablePlace::Column { table, column }) = change.kept.map(|kept| &kept.place) {
            stays.entry(table).or_default().insert(column);
        }
        match change.created() {
            Some(Item::Column { table, .. }) => {
                stays.entry(table).or_default().insert("id");
            }
            Some(Item::JoinTable(_)) => {
                for list in change.references() {
                    stays.entry(list).or_default().insert("id");
                }
            }
            None => {}
        }
    }
    let stays = stays.into_iter().map(|(table, columns)| {
        let columns = array(columns);
        [literal(table), columns.clone(), literal(table), columns]
    });
    let cells = |item: Option<Item<'_>>| match item {
        Some(item) => [literal(item.table()), array(item.column_names())],
        None => ["NULL", "NULL"].map(str::to_owned),
    };
    let changes = changes.iter().map(|change| {
        let ([old, old_columns], [new, new_columns]) = (cells(change.from()), cells(change.to()));
        [old, old_columns, new, new_columns]
    });
    stays.chain(changes).collect()
}

/// The new tables that have the name of an index of a table that goes.
fn reused<'a>(changes: &[Change<'a>]) -> BTreeSet<&'a str> {
    let indexes: HashSet<&str> = changes
        .iter()
        .filter_map(Change::from)
        .filter(|item| item.is_table())
        .flat_map(Item::columns)
        .map(|column| &*column.index)
        .collect();
    let new = changes.iter().filter_map(Change::to).filter(|item| item.is_table());
    new.map(Item::table).filter(|table| indexes.contains(table)).collect()
}

/// The tables that the script touches, by name. To drop a foreign key, and to add one, takes a lock on the
/// table that it refers to as well.
pub(super) fn touched<'a>(changes: &[Change<'a>]) -> BTreeSet<&'a str> {
    let mut tables = BTreeSet::new();
    for change in changes {
        // A new table is not there yet.
        let own = change.from().or(change.created().filter(|item| !item.is_table()));
        tables.extend(own.map(Item::table));
        tables.extend(change.references());
    }
    tables
}

/// A `DO` statement that locks all tables that the script touches, for the rest of the transaction. It leaves
/// what is missing to the check of the schema, which comes after: that must see what others have done
/// before the locks were free.
///
/// By name: sessions that lock them all in one order cannot wait in a circle.
pub(super) fn locks(statements: &Statements<'_>, changes: &[Change<'_>]) -> String {
    let tables = touched(changes).into_iter().map(|table| literal(&statements.qualified(table)));
    let body = format!(
        "\
DECLARE
  tab text;
BEGIN
  FOREACH tab IN ARRAY ARRAY[
{}
  ]
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tab);
    EXCEPTION WHEN undefined_table OR invalid_schema_name OR wrong_object_type THEN
      NULL; -- The next check reports what is missing, or not a table.
    END;
  END LOOP;
EXCEPTION
  WHEN lock_not_available OR deadlock_detected THEN
    RAISE EXCEPTION USING
      ERRCODE = 'lock_not_available',
      MESSAGE = 'Other sessions are using the tables: ' || SQLERRM,
      HINT = 'Nothing has been changed. Stop the application, or wait for the sessions that pg_stat_activity shows, then run the migration again.';
END",
        wrap("    ", tables)
    );
    block(&body)
}

/// The parts on lines of up to 100 characters, separated by commas.
fn wrap(indent: &str, parts: impl Iterator<Item = String>) -> String {
    const WIDTH: usize = 100;
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + part.chars().count() + 3 <= WIDTH => {
                *line = format!("{line}, {part}");
            }
            _ => lines.push(format!("{indent}{part}")),
        }
    }
    lines.join(",\n")
}
