//! The check before a drop: what goes must be kept elsewhere.

use super::quote::{dollar, identifier, literal};
use super::statement::Statements;
use crate::step::{Copies, Links, Owner, TablePlace};

/// A `DO` statement that raises an error where the two places do not hold the same links.
///
/// A full join of the two tells in one pass which links one of them lacks. `relationship` names it
/// in the message.
pub(super) fn agreement(
    statements: &Statements<'_>,
    copies: &Copies<TablePlace>,
    relationship: &str,
) -> String {
    let Copies { kept, dropped } = copies;
    let message = format!(
        "{relationship}: the two stored sides disagree, and {} would be dropped. Links that only {} has: %s; that only {} has: %s. For example (left id, right id): %s",
        name(&dropped.place),
        name(&kept.place),
        name(&dropped.place),
    );
    let hint =
        "Nothing has been changed. Bring both sides into agreement, then run the migration again.";
    let body = format!(
        "\
DECLARE
  only_kept bigint;
  only_dropped bigint;
  examples text;
BEGIN
  SELECT count(*) FILTER (WHERE is_kept), count(*) FILTER (WHERE NOT is_kept),
    string_agg(format('(%s, %s)', left_id, right_id), ', ' ORDER BY position) FILTER (WHERE position <= 5)
  INTO only_kept, only_dropped, examples
  FROM (
    SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept,
      row_number() OVER (ORDER BY left_id, right_id) AS position
    FROM ({}) AS kept
    FULL JOIN ({}) AS dropped USING (left_id, right_id)
    WHERE kept.left_id IS NULL OR dropped.left_id IS NULL
  ) AS difference;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format({}, only_kept, only_dropped, examples),
      HINT = {};
  END IF;
END",
        select(statements, kept),
        select(statements, dropped),
        literal(&message),
        literal(hint),
    );
    format!("DO {}", dollar(&body))
}

/// All links of a place as `left_id` and `right_id`.
fn select(statements: &Statements<'_>, links: &Links<TablePlace>) -> String {
    let (table, near, far, filter) = match &links.place {
        TablePlace::Column { table, column } => {
            let column = identifier(column).into_owned();
            (table, "id".to_owned(), column.clone(), format!(" WHERE {column} IS NOT NULL"))
        }
        TablePlace::JoinTable { table, near, far } => {
            (table, identifier(near).into_owned(), identifier(far).into_owned(), String::new())
        }
    };
    let (left, right) = match links.owner {
        Owner::Left => (near, far),
        Owner::Right => (far, near),
    };
    let table = statements.qualified(table);
    format!("SELECT {left} AS left_id, {right} AS right_id FROM {table}{filter}")
}

/// The place as people name it. Keystone's names have no `%`, so they are safe in `format`.
fn name(place: &TablePlace) -> String {
    match place {
        TablePlace::Column { table, column } => format!("{table}.{column}"),
        TablePlace::JoinTable { table, .. } => table.clone(),
    }
}
