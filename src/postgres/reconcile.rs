//! The repair of two stored sides that disagree, by the rules in the README.

use super::check::difference;
use super::quote::{block, identifier, literal};
use super::statement::Statements;
use crate::step::{Copies, TablePlace};

/// A `DO` statement that takes into the kept place all links that it can hold, says how many, and
/// raises an error if one that it could hold is still missing.
pub(super) fn repair(
    statements: &Statements<'_>,
    copies: &Copies<TablePlace>,
    relationship: &str,
) -> String {
    let body = match &copies.kept.place {
        TablePlace::JoinTable { table, near, far } => {
            union(statements, copies, relationship, table, [near, far])
        }
        TablePlace::Column { table, column } => {
            adopt(statements, copies, relationship, table, column)
        }
    };
    block(&[&body])
}

/// N:N can hold the links of both sides.
fn union(
    statements: &Statements<'_>,
    copies: &Copies<TablePlace>,
    relationship: &str,
    table: &str,
    columns: [&str; 2],
) -> String {
    let [near, far] = columns.map(|column| identifier(column));
    let owner = copies.kept.owner;
    let links = |links| statements.links(links, owner, ["near", "far"]);
    let dropped = &copies.dropped.place;
    format!(
        "\
DECLARE
  adopted bigint;
BEGIN
  INSERT INTO {} ({near}, {far})
    {}
    EXCEPT {};
  GET DIAGNOSTICS adopted = ROW_COUNT;
  RAISE NOTICE '%: adopted % links that only % had', {}, adopted, {};
  IF EXISTS (
    SELECT FROM ({}) AS difference WHERE NOT is_kept
  ) THEN
    RAISE EXCEPTION '%: links are missing after the repair', {};
  END IF;
END",
        statements.qualified(table),
        links(&copies.dropped),
        links(&copies.kept),
        literal(relationship),
        literal(&dropped.name()),
        difference(statements, copies),
        literal(relationship),
    )
}

/// A column holds one id for each item: where it holds one, that stays.
fn adopt(
    statements: &Statements<'_>,
    copies: &Copies<TablePlace>,
    relationship: &str,
    table: &str,
    column: &str,
) -> String {
    let (table, column) = (statements.qualified(table), identifier(column));
    // Each link as the item whose column it is in, and the item that it points to.
    let dropped = statements.links(&copies.dropped, copies.kept.owner, ["holder", "target"]);
    let is_one_to_one = matches!(copies.dropped.place, TablePlace::Column { .. });
    let (release, is_free) = if is_one_to_one {
        (
            format!(
                "\
  -- Of several items that hold one, that keeps it which the other side names, else the highest id
  UPDATE {table} AS item SET {column} = NULL
  FROM (
    SELECT kept.id, row_number() OVER (
      PARTITION BY kept.{column} ORDER BY dropped.holder IS NOT NULL DESC, kept.id DESC
    ) AS position
    FROM {table} AS kept
    LEFT JOIN ({dropped}) AS dropped ON dropped.holder = kept.id AND dropped.target = kept.{column}
    WHERE kept.{column} IS NOT NULL
  ) AS ranked
  WHERE ranked.id = item.id AND ranked.position > 1;
  GET DIAGNOSTICS released = ROW_COUNT;
"
            ),
            format!(
                "NOT EXISTS (SELECT FROM {table} AS other WHERE other.{column} = dropped.target)"
            ),
        )
    } else {
        (String::new(), "true".to_owned())
    };
    format!(
        "\
DECLARE
  released bigint := 0;
  adopted bigint;
  contradicted bigint;
BEGIN
{release}  -- What only the dropped side knows is adopted where the kept side is empty, the highest id first
  UPDATE {table} AS item SET {column} = candidate.target
  FROM (
    SELECT DISTINCT ON (holder) holder, target
    FROM ({dropped}) AS dropped
    WHERE {is_free}
    ORDER BY holder, target DESC
  ) AS candidate
  WHERE candidate.holder = item.id AND item.{column} IS NULL;
  GET DIAGNOSTICS adopted = ROW_COUNT;
  SELECT count(*) INTO contradicted FROM ({}) AS difference WHERE NOT is_kept;
  RAISE NOTICE '%: adopted % links that only % had; released % that % held of an item linked elsewhere; left out % that % contradicts, because an item can have one', {}, adopted, {}, released, {}, contradicted, {};
  IF EXISTS (
    SELECT FROM ({dropped}) AS dropped JOIN {table} AS item ON item.id = dropped.holder
    WHERE item.{column} IS NULL AND {is_free}
  ) THEN
    RAISE EXCEPTION '%: links are missing after the repair', {};
  END IF;
END",
        difference(statements, copies),
        literal(relationship),
        literal(&copies.dropped.place.name()),
        literal(&copies.kept.place.name()),
        literal(&copies.kept.place.name()),
        literal(relationship),
    )
}
