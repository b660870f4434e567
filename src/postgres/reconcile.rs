//! The repair of two stored sides that disagree, by the rules in the README.

use super::agreement::Copies;
use super::quote::{block, identifier};
use super::statement::Statements;
use super::values::{Cell, values};
use crate::step::TablePlace;

/// A `DO` statement for N:N, whose kept table can hold the links of both sides. It says how many it has
/// added, and raises an error if one is still missing.
///
/// None where there is no such relationship.
pub(super) fn unite(statements: &Statements<'_>, all: &[Copies<'_>]) -> Option<String> {
    let texts: Vec<[String; 5]> = all
        .iter()
        .filter_map(|copies| {
            let TablePlace::JoinTable { table, near, far } = &copies.kept.place else {
                return None;
            };
            Some([
                copies.relationship.name(),
                statements.qualified(table),
                [identifier(near), identifier(far)].join(", "),
                copies.dropped.place.name().into_owned(),
                statements.links(&copies.dropped, copies.kept.owner),
            ])
        })
        .collect();
    if texts.is_empty() {
        return None;
    }
    let rows = texts.iter().map(|cells| cells.each_ref().map(|text| Cell::Text(text)));
    Some(block(&format!(
        "\
DECLARE
  sides record;
  added bigint;
  is_missing boolean;
BEGIN
  FOR sides IN
    SELECT * FROM (VALUES
{}
    ) AS stored (relationship, tab, cols, dropped, links)
  LOOP
    EXECUTE format('INSERT INTO %1$s (%2$s) %3$s EXCEPT SELECT %2$s FROM %1$s',
      sides.tab, sides.cols, sides.links);
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added > 0 THEN
      RAISE NOTICE '%: added % that only % had', sides.relationship,
        {}, sides.dropped;
    END IF;
    EXECUTE format('SELECT EXISTS (%3$s EXCEPT SELECT %2$s FROM %1$s)',
      sides.tab, sides.cols, sides.links) INTO is_missing;
    IF is_missing THEN
      RAISE EXCEPTION '%: links are missing after the repair', sides.relationship;
    END IF;
  END LOOP;
END",
        values("      ", rows),
        counted("added"),
    )))
}

/// A `DO` statement for 1:1 and 1:N, whose kept column holds one id for each item: where it holds one, that
/// stays. It says how many links it has cleared, added and left out, and raises an error if one that it
/// could hold is still missing.
///
/// None where there is no such relationship.
pub(super) fn adopt(statements: &Statements<'_>, all: &[Copies<'_>]) -> Option<String> {
    let texts: Vec<([String; 6], bool)> = all
        .iter()
        .filter_map(|copies| {
            let TablePlace::Column { table, column } = &copies.kept.place else { return None };
            let texts = [
                copies.relationship.name(),
                copies.kept.place.name().into_owned(),
                statements.qualified(table),
                identifier(column).into_owned(),
                copies.dropped.place.name().into_owned(),
                // Each link as the item whose column it is in, and the item that it leads to.
                statements.links(&copies.dropped, copies.kept.owner),
            ];
            Some((texts, matches!(copies.dropped.place, TablePlace::Column { .. })))
        })
        .collect();
    if texts.is_empty() {
        return None;
    }
    let rows = texts.iter().map(|(texts, is_one_to_one)| {
        let [name, kept, table, column, dropped, links] = texts.each_ref().map(|it| Cell::Text(it));
        [name, kept, table, column, dropped, links, Cell::Is(*is_one_to_one)]
    });
    Some(block(&format!(
        "\
DECLARE
  sides record;
  is_free text;
  cleared bigint;
  added bigint;
  lost bigint;
  is_missing boolean;
BEGIN
  FOR sides IN
    SELECT * FROM (VALUES
{}
    ) AS stored (relationship, kept, tab, col, dropped, links, is_one_to_one)
  LOOP
    cleared := 0;
    is_free := 'true';
    IF sides.is_one_to_one THEN
      -- Of several items linked to the same one, the item that the other side names keeps its link, else
      -- the item with the highest id.
      EXECUTE format($query$
        UPDATE %1$s AS item SET %2$s = NULL
        FROM (
          SELECT kept.id, row_number() OVER (
            PARTITION BY kept.%2$s ORDER BY dropped.holder IS NOT NULL DESC, kept.id DESC
          ) AS position
          FROM %1$s AS kept LEFT JOIN (%3$s) AS dropped (holder, target)
            ON dropped.holder = kept.id AND dropped.target = kept.%2$s
          WHERE kept.%2$s IS NOT NULL
        ) AS ranked
        WHERE ranked.id = item.id AND ranked.position > 1
      $query$, sides.tab, sides.col, sides.links);
      GET DIAGNOSTICS cleared = ROW_COUNT;
      is_free := format('NOT EXISTS (SELECT FROM %s AS other WHERE other.%s = dropped.target)',
        sides.tab, sides.col);
    END IF;
    -- Links that only the dropped side has are added where the kept side is empty, the highest id first.
    EXECUTE format($query$
      UPDATE %1$s AS item SET %2$s = candidate.target
      FROM (
        SELECT DISTINCT ON (holder) holder, target
        FROM (%3$s) AS dropped (holder, target) WHERE %4$s
        ORDER BY holder, target DESC
      ) AS candidate
      WHERE candidate.holder = item.id AND item.%2$s IS NULL
    $query$, sides.tab, sides.col, sides.links, is_free);
    GET DIAGNOSTICS added = ROW_COUNT;
    EXECUTE format($query$
      SELECT count(*) FROM (%3$s EXCEPT SELECT id, %2$s FROM %1$s) AS lost
    $query$, sides.tab, sides.col, sides.links) INTO lost;
    IF added > 0 THEN
      RAISE NOTICE '%: added % that only % had', sides.relationship,
        {}, sides.dropped;
    END IF;
    IF cleared > 0 THEN
      RAISE NOTICE '%: cleared % in % whose target is linked elsewhere', sides.relationship,
        {}, sides.kept;
    END IF;
    IF lost > 0 THEN
      RAISE NOTICE '%: dropped % in % that % contradicts', sides.relationship,
        {}, sides.dropped, sides.kept;
    END IF;
    EXECUTE format($query$
      SELECT EXISTS (
        SELECT FROM (%3$s) AS dropped (holder, target) JOIN %1$s AS item ON item.id = dropped.holder
        WHERE item.%2$s IS NULL AND %4$s
      )
    $query$, sides.tab, sides.col, sides.links, is_free) INTO is_missing;
    IF is_missing THEN
      RAISE EXCEPTION '%: links are missing after the repair', sides.relationship;
    END IF;
  END LOOP;
END",
        values("      ", rows),
        counted("added"),
        counted("cleared"),
        counted("lost"),
    )))
}

/// `1 link` or `2 links`.
fn counted(variable: &str) -> String {
    format!("CASE {variable} WHEN 1 THEN '1 link' ELSE {variable} || ' links' END")
}
