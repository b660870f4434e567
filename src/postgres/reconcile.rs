//! The repair of two stored sides that disagree, by the rules in the README.

use serde::Deserialize;

use super::agreement::{Copies, Homeless};
use super::check::fill;
use super::quote::{block, identifier, literal, values};
use super::statement::Statements;
use crate::reconcile::{Link, Reconciled, Repair, Repaired};
use crate::step::{Links, Owner, TablePlace};

/// A `DO` statement for N:N, whose kept table can hold the links of both sides. It says how many it has
/// added, and raises an error if one is still missing.
///
/// None where there is no such relationship.
pub(super) fn unite(statements: &Statements<'_>, all: &[Copies<'_>]) -> Option<String> {
    let rows: Vec<[String; 5]> = all
        .iter()
        .filter_map(|copies| {
            let TablePlace::JoinTable { table, near, far } = &copies.kept.place else {
                return None;
            };
            Some([
                literal(&copies.relationship.name),
                literal(&statements.qualified(table)),
                literal(&[identifier(near), identifier(far)].join(", ")),
                literal(&copies.dropped.place.name()),
                literal(&statements.links(&copies.dropped, copies.kept.owner)),
            ])
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
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
    let rows: Vec<[String; 7]> = all
        .iter()
        .filter_map(|copies| {
            let TablePlace::Column { table, column } = &copies.kept.place else { return None };
            // Each link as the item whose column it is in, and the item that it leads to.
            let links = statements.links(&copies.dropped, copies.kept.owner);
            let is_one_to_one = matches!(copies.dropped.place, TablePlace::Column { .. });
            Some([
                literal(&copies.relationship.name),
                literal(&copies.kept.place.name()),
                literal(&statements.qualified(table)),
                literal(&identifier(column)),
                literal(&copies.dropped.place.name()),
                literal(&links),
                is_one_to_one.to_string(),
            ])
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
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

pub(super) const COLUMNS: [&str; 5] = ["added", "cleared", "dropped", "kept", "examples"];

/// Counts what [`unite`] and [`adopt`] would do, for [`fill`]: the links of the kept place and of the dropped
/// one, the links that stay of the kept place, and those that it takes from the other.
const PREVIEW: &str = "WITH kept (holder, target) AS (%s), dropped (holder, target) AS (%s),
  ranked AS (%s), candidate AS (%s),
  united AS (
    SELECT holder, target FROM ranked WHERE position = 1 UNION ALL SELECT holder, target FROM candidate
  ), repaired (action, holder, target) AS (
    SELECT 'added', holder, target FROM candidate
    UNION ALL SELECT 'cleared', holder, target FROM ranked WHERE position > 1
    UNION ALL SELECT 'dropped', holder, target FROM (SELECT * FROM dropped EXCEPT SELECT * FROM united) AS lost
  ), example AS (
    SELECT action, holder::text, target::text, (
        SELECT json_agg(json_build_array(united.holder::text, united.target::text))
        FROM united
        WHERE action <> 'added' AND (united.holder = repaired.holder OR %s)
      ) AS instead
    FROM repaired ORDER BY action DESC, repaired.holder, repaired.target LIMIT 5
  )
  SELECT count(*) FILTER (WHERE action = 'added'), count(*) FILTER (WHERE action = 'cleared'),
    count(*) FILTER (WHERE action = 'dropped'), (
      SELECT count(*) FROM (
        SELECT holder, target FROM ranked WHERE position = 1 EXCEPT SELECT * FROM dropped
      ) AS kept
    ), (SELECT json_agg(row_to_json(example)) FROM example)
  FROM repaired";

/// The links of a column as they stay: of several items linked to the same one, one.
const RANKED: &str = "SELECT kept.*, row_number() OVER (
    PARTITION BY kept.target ORDER BY dropped.holder IS NOT NULL DESC, kept.holder DESC
  ) AS position
  FROM kept LEFT JOIN dropped ON dropped.holder = kept.holder AND dropped.target = kept.target";

/// The links that a column takes from the other side.
const CANDIDATES: &str = "SELECT DISTINCT ON (holder) holder, target FROM dropped
  WHERE NOT EXISTS (SELECT FROM ranked WHERE position = 1 AND ranked.holder = dropped.holder)%s
  ORDER BY holder, target DESC";

const IS_FREE: &str =
    " AND NOT EXISTS (SELECT FROM ranked WHERE position = 1 AND ranked.target = dropped.target)";

/// A query for one row: what a repair would do to a relationship.
pub(super) fn preview(statements: &Statements<'_>, copies: &Copies<'_>) -> String {
    let [kept, dropped] =
        [copies.kept, &copies.dropped].map(|it| statements.links(it, copies.kept.owner));
    let all = "SELECT kept.*, 1 AS position FROM kept";
    let (ranked, candidates, contradicts) = match (&copies.kept.place, &copies.dropped.place) {
        (TablePlace::JoinTable { .. }, _) => {
            (all, "SELECT * FROM dropped EXCEPT SELECT * FROM kept".to_owned(), "false")
        }
        (_, TablePlace::Column { .. }) => {
            (RANKED, fill(CANDIDATES, &[IS_FREE]), "united.target = repaired.target")
        }
        _ => (all, fill(CANDIDATES, &[""]), "false"),
    };
    fill(PREVIEW, &[&kept, &dropped, ranked, &candidates, contradicts])
}

/// Likewise for links that the old schema has no place for.
pub(super) fn farewell(statements: &Statements<'_>, (_, table): &Homeless<'_>) -> String {
    let links = Links { owner: Owner::Left, place: table.place() };
    let links = statements.links(&links, Owner::Left);
    format!(
        "SELECT 0, 0, count(*), 0, (
    SELECT json_agg(row_to_json(example)) FROM (
      SELECT 'dropped' AS action, holder::text, target::text, NULL AS instead
      FROM ({links}) AS links (holder, target) ORDER BY links.holder, links.target LIMIT 5
    ) AS example
  ) FROM ({links}) AS links"
    )
}

#[derive(Default, Deserialize)]
pub(super) struct Answer {
    added: u64,
    cleared: u64,
    dropped: u64,
    kept: u64,
    examples: Option<Vec<Example>>,
}

#[derive(Deserialize)]
struct Example {
    action: Repair,
    holder: String,
    target: String,
    instead: Option<Vec<[String; 2]>>,
}

impl Answer {
    /// It for a relationship, whose kept place is `owner`'s.
    pub(super) fn read(self, owner: Owner, [kept, dropped]: [&str; 2]) -> Reconciled {
        let link = |[holder, target]: [String; 2]| match owner {
            Owner::Left => Link { left: holder, right: target },
            Owner::Right => Link { left: target, right: holder },
        };
        let examples = self.examples.into_iter().flatten().map(|it| Repaired {
            action: it.action,
            place: if it.action == Repair::Cleared { kept } else { dropped }.to_owned(),
            link: link([it.holder, it.target]),
            instead: it.instead.into_iter().flatten().map(link).collect(),
        });
        Reconciled {
            added: self.added,
            cleared: self.cleared,
            dropped: self.dropped,
            kept: self.kept,
            examples: examples.collect(),
        }
    }
}

fn counted(variable: &str) -> String {
    format!("CASE {variable} WHEN 1 THEN '1 link' ELSE {variable} || ' links' END")
}
