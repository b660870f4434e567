//! The check before a drop: what goes must be kept elsewhere.

use super::quote::{block, literal};
use super::statement::Statements;
use crate::inspection::DISAGREEMENT;
use crate::step::{Copies, Owner, TablePlace};

/// A query for one row: how many links only the kept place has, how many only the dropped one, and
/// examples. `into` follows its select list.
pub(super) fn disagreement(
    statements: &Statements<'_>,
    copies: &Copies<TablePlace>,
    into: &str,
) -> String {
    [
        "\
  SELECT count(*) FILTER (WHERE is_kept), count(*) FILTER (WHERE NOT is_kept),
    string_agg(format('(%s, %s)', left_id, right_id), ', ' ORDER BY position) FILTER (WHERE position <= 5)",
        into,
        "
  FROM (
    SELECT *, row_number() OVER (ORDER BY left_id, right_id) AS position
    FROM (",
        &difference(statements, copies),
        ") AS difference
  ) AS numbered",
    ]
    .concat()
}

/// A `DO` statement that raises an error where the two places do not hold the same links.
///
/// A full join of the two tells in one pass which links one of them lacks. `relationship` names it
/// in the message.
pub(super) fn agreement(
    statements: &Statements<'_>,
    copies: &Copies<TablePlace>,
    relationship: &str,
) -> String {
    let (kept, dropped) = (copies.kept.place.name(), copies.dropped.place.name());
    let message = [
        relationship,
        ": the two stored sides disagree, and ",
        &dropped,
        " would be dropped. Links that only ",
        &kept,
        " has: %s; that only ",
        &dropped,
        " has: %s. For example (left id, right id): %s",
    ]
    .concat();
    block(&[
        "\
DECLARE
  only_kept bigint;
  only_dropped bigint;
  examples text;
BEGIN
  ",
        &disagreement(statements, copies, "\n  INTO only_kept, only_dropped, examples"),
        ";
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format(",
        &literal(&message),
        ", only_kept, only_dropped, examples),
      HINT = ",
        &literal(&["Nothing has been changed. ", DISAGREEMENT].concat()),
        ";
  END IF;
END",
    ])
}

/// A query for the links that one place has and the other has not: `left_id`, `right_id`, `is_kept`.
pub(super) fn difference(statements: &Statements<'_>, copies: &Copies<TablePlace>) -> String {
    let links = |links| statements.links(links, Owner::Left, ["left_id", "right_id"]);
    [
        "\
SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (",
        &links(&copies.kept),
        ") AS kept
      FULL JOIN (",
        &links(&copies.dropped),
        ") AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL",
    ]
    .concat()
}
