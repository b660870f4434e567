//! What has to be there before anything else happens, and the locks.

use std::borrow::Cow;

use std::collections::HashSet;

use super::quote::{block, identifier, literal};
use super::statement::Statements;
use super::values::{Cell, Values};
use crate::step::{TablePlace, TableStep};

/// What to do about names that are already taken.
pub(super) const TAKEN: &str =
    "Has Keystone of the other generation been started on it? Drop what is empty, or rename it.";

/// What to do about tables and columns that are missing.
pub(super) fn missing(schema: &str) -> String {
    format!(
        "Is this the right database, and {schema} the right schema (the schemaName of the adapter)? Has another migration been run in part?"
    )
}

/// A query for one row: what the steps start from and is missing; the names that they give and that
/// are already taken; whether the steps have been taken already. `into` follows its select list. In
/// parts, which can be very long.
pub(super) fn expected<'a>(
    statements: &Statements<'_>,
    steps: &[&TableStep],
    into: &'a str,
) -> [Cow<'a, str>; 5] {
    // What stays, what goes, and what comes; a column or, with no column, a table. The new columns
    // only tell whether all has been done.
    let (mut stays, mut goes, mut comes) = (Vec::new(), Vec::new(), Vec::new());
    let mut new_columns = Vec::new();
    // Several steps may need the same list.
    let mut lists = HashSet::new();
    for &step in steps {
        match step {
            TableStep::DropColumn { table, column, .. } => {
                goes.push((&**table, &*column.name));
            }
            TableStep::RestoreColumn { table, column, .. } => {
                stays.extend(lists.insert(&**table).then_some((&**table, "id")));
                comes.push((&**table, &*column.name));
            }
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                goes.extend(table.columns().map(|it| (&*table.name, &*it.name)));
            }
            TableStep::RenameJoinTable { from, to } => {
                goes.extend(from.columns().map(|it| (&*from.name, &*it.name)));
                comes.push((&*to.name, ""));
                new_columns.extend(to.columns().map(|it| (&*to.name, &*it.name)));
            }
            TableStep::CreateJoinTable { table } | TableStep::RestoreJoinTable { table, .. } => {
                let related = table.columns().map(|it| &*it.references);
                stays
                    .extend(related.into_iter().filter(|it| lists.insert(it)).map(|it| (it, "id")));
                comes.push((&*table.name, ""));
                new_columns.extend(table.columns().map(|it| (&*table.name, &*it.name)));
            }
        }
        // A kept join table is one that is renamed as well.
        if let Some(TablePlace::Column { table, column }) = step.copies().map(|it| &it.kept.place) {
            stays.push((&**table, &**column));
        }
    }
    // A new table may have the name of one that goes, or of its index: that it is there says nothing. So
    // it is with a column that such a table has before and after.
    let new_tables = comes.iter().filter(|(_, column)| column.is_empty());
    let reused = reused(steps, new_tables.map(|(table, _)| *table).collect());
    comes.retain(|(table, column)| !column.is_empty() || !reused.contains(table));
    let ends: HashSet<(&str, &str)> =
        new_columns.iter().filter(|(table, _)| reused.contains(table)).copied().collect();
    let (moves, goes) = goes.into_iter().partition(|place| ends.contains(place));
    let roles = [
        ("stays", stays),
        ("goes", goes),
        ("moves", moves),
        ("comes", comes),
        ("ends", new_columns),
    ];
    let number = roles.iter().map(|(_, places)| places.len()).sum();
    let mut rows = Values::new(statements, "        ", number);
    for (role, places) in roles {
        for (table, column) in places {
            rows.row([Cell::Text(role), Cell::Table(table), Cell::Text(column)]);
        }
    }
    [
        "\
  WITH places (role, tab, col) AS (
    VALUES
"
        .into(),
        rows.text().unwrap_or_default().into(),
        "
  ), found AS (
    SELECT role, concat_ws('.', tab, nullif(col, '')) AS place,
      CASE col WHEN '' THEN to_regclass(tab) IS NOT NULL
        ELSE EXISTS (
          SELECT FROM pg_attribute
          WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
        ) END AS is_there
    FROM places
  )
  SELECT string_agg(place, ', ') FILTER (WHERE role NOT IN ('comes', 'ends') AND NOT is_there),
    string_agg(place, ', ') FILTER (WHERE role = 'comes' AND is_there),
    bool_and(role = 'moves' OR is_there = (role <> 'goes'))"
            .into(),
        into.into(),
        "
  FROM found"
            .into(),
    ]
}

/// Those of the new tables whose names tables have that go, or indexes of these.
fn reused<'a>(steps: &[&'a TableStep], new: HashSet<&'a str>) -> HashSet<&'a str> {
    let freed = steps.iter().filter_map(|step| match step {
        TableStep::DropJoinTable { table, .. }
        | TableStep::DiscardJoinTable { table }
        | TableStep::RenameJoinTable { from: table, .. } => Some(table),
        _ => None,
    });
    let names = freed.flat_map(|table| {
        let [near, far] = table.columns();
        [&*table.name, &*near.index, &*far.index]
    });
    names.filter(|name| new.contains(name)).collect()
}

/// A `DO` statement that raises an error when a table or column that the steps start from is not
/// there, or a name that they give is already taken. Both have likely causes, which it names.
pub(super) fn expectations(
    statements: &Statements<'_>,
    steps: &[&TableStep],
    schema: &str,
    ends_in: &str,
) -> String {
    let query = expected(statements, steps, "\n  INTO missing, taken, is_done");
    let [with, places, found, into, from] = &query;
    block(&[
        "\
DECLARE
  missing text;
  taken text;
  is_done boolean;
BEGIN
  ",
        with,
        places,
        found,
        into,
        from,
        ";
  IF is_done THEN
    RAISE EXCEPTION USING
      MESSAGE = ",
        &literal(&format!("The database is in {ends_in} already")),
        ",
      HINT = 'There is nothing left to do. Nothing has been changed.';
  ELSIF missing IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Not in the database: ' || missing,
      HINT = ",
        &literal(&format!("{} Nothing has been changed.", missing(schema))),
        ";
  ELSIF taken IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Already in the database, where the migration would put its own: ' || taken,
      HINT = ",
        &literal(&format!("{TAKEN} Nothing has been changed.")),
        ";
  END IF;
END",
    ])
}

/// The tables that the steps touch, by name. To drop a foreign key, and to add one, takes a lock on the table
/// it references as well.
pub(super) fn touched<'a>(steps: &[&'a TableStep]) -> Vec<&'a str> {
    let mut tables = Vec::new();
    let mut seen = HashSet::new();
    let mut touch = |table: &'a str| tables.extend(seen.insert(table).then_some(table));
    for &step in steps {
        match step {
            TableStep::DropColumn { table, column, .. }
            | TableStep::RestoreColumn { table, column, .. } => {
                touch(table);
                touch(&column.references);
            }
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                touch(&table.name);
                table.columns().into_iter().for_each(|column| touch(&column.references));
            }
            TableStep::RenameJoinTable { from, .. } => touch(&from.name),
            TableStep::CreateJoinTable { table } | TableStep::RestoreJoinTable { table, .. } => {
                table.columns().into_iter().for_each(|column| touch(&column.references));
            }
        }
        if let Some(TablePlace::Column { table, .. }) = step.copies().map(|it| &it.kept.place) {
            touch(table);
        }
    }
    // They come in a few runs that are in order already, which this sort makes use of.
    tables.sort();
    tables
}

/// A `DO` statement that locks all tables that the steps touch, for the rest of the transaction. What
/// is not there is left to [`expectations`], which come after: they must see what others have done
/// before the locks were free.
///
/// By name: sessions that lock them all in one order cannot wait in a circle.
pub(super) fn locks(statements: &Statements<'_>, steps: &[&TableStep]) -> String {
    let tables: Vec<String> =
        touched(steps).into_iter().map(|table| literal(&statements.qualified(table))).collect();
    block(&[
        "\
DECLARE
  tab text;
BEGIN
  FOREACH tab IN ARRAY ARRAY[
    ",
        &tables.join(",\n    "),
        "
  ]
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tab);
    EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
      NULL; -- What is missing is told below
    END;
  END LOOP;
EXCEPTION
  WHEN lock_not_available OR deadlock_detected THEN
    RAISE EXCEPTION USING
      ERRCODE = 'lock_not_available',
      MESSAGE = 'Other sessions are using the tables: ' || SQLERRM,
      HINT = 'Stop the application, or wait for the sessions that pg_stat_activity shows, then run the migration again. Nothing has been changed.';
END",
    ])
}

/// A `DO` statement that raises an error when a table still holds rows.
pub(super) fn is_empty(statements: &Statements<'_>, table: &str, relationship: &str) -> String {
    let qualified = statements.qualified(table);
    let body = format!(
        "\
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM {qualified};
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format({}, links),
      HINT = {};
  END IF;
END",
        literal(&format!(
            "{relationship}: {table} holds %s links, for which the old schema has no place"
        )),
        literal(&format!(
            "Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM {qualified}), or make the way back with --reconcile, which drops them."
        )),
    );
    block(&[&body])
}

/// A `DO` statement that says how many rows are about to go with a table.
pub(super) fn say_goodbye(statements: &Statements<'_>, table: &str, relationship: &str) -> String {
    let body = format!(
        "BEGIN\n  RAISE NOTICE '%: % links are dropped with %, for which the old schema has no place', {}, (SELECT count(*) FROM {}), {};\nEND",
        literal(relationship),
        statements.qualified(table),
        literal(&identifier(table)),
    );
    block(&[&body])
}
