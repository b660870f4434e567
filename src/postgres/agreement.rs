//! The checks of the links before a drop: what goes is kept elsewhere.

use super::change::{Change, Item};
use super::check::{Check, Trouble, fill, unchanged};
use super::quote::{block, literal, values};
use super::statement::Statements;
use crate::inspection::{Disagreement, Finding, Related};
use crate::relationship::Relationship;
use crate::step::{Links, Owner, TablePlace};

/// What to do about two sides that disagree.
const HINT: &str = "Bring both sides into agreement, or use --reconcile, which repairs them by the rules in the README.";

/// Compares the links that two queries find, and says which place has an example: for the server's `format`.
/// A full join tells in one pass which links one of them lacks.
const COMPARISON: &str = "      WITH difference AS (
        SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
        FROM (%s) AS kept (left_id, right_id)
          FULL JOIN (%s) AS dropped (left_id, right_id) USING (left_id, right_id)
        WHERE kept.left_id IS NULL OR dropped.left_id IS NULL
      ), numbered AS (
        SELECT *, row_number() OVER (ORDER BY left_id, right_id) AS position FROM difference
      )
      SELECT count(*) FILTER (WHERE is_kept) AS only_kept,
        count(*) FILTER (WHERE NOT is_kept) AS only_dropped,
        string_agg(concat('(', left_id, ', ', right_id, ') only in ', CASE WHEN is_kept THEN %L ELSE %L END),
          ', ' ORDER BY position) FILTER (WHERE position <= 5) AS examples
      FROM numbered";

pub(super) const COLUMNS: [&str; 3] = ["only_kept", "only_dropped", "examples"];

/// What is wrong: the relationship, the kept place with what only it has, the dropped place
/// likewise, and examples.
const MESSAGE: &str = "%s: the two stored sides disagree. Links that only %s has: %s; that only %s has: %s. For example (left id, right id): %s";

/// The two copies of a relationship's links before Arcade.
pub(super) struct Copies<'a> {
    pub(super) relationship: &'a Relationship,
    pub(super) kept: &'a Links<TablePlace>,
    pub(super) dropped: Links<TablePlace>,
}

impl<'a> Copies<'a> {
    /// Those of which a change drops, or on the way back creates, the one.
    pub(super) fn of(change: &Change<'a>, relationships: &'a [Relationship]) -> Option<Self> {
        let kept = change.kept?;
        let item = change.dropped().or(change.created())?;
        Some(Copies {
            relationship: &relationships[change.relationship],
            kept,
            dropped: Links { owner: kept.owner.other(), place: item.place() },
        })
    }

    fn queries(&self, statements: &Statements<'_>) -> [String; 2] {
        [self.kept, &self.dropped].map(|links| statements.links(links, Owner::Left))
    }

    pub(super) fn comparison(&self, statements: &Statements<'_>) -> String {
        let [kept, dropped] = self.queries(statements);
        let [only_kept, only_dropped] =
            [self.kept, &self.dropped].map(|links| literal(&links.place.name()));
        fill(&COMPARISON.replace("%L", "%s"), &[&kept, &dropped, &only_kept, &only_dropped])
    }
}

/// A `DO` statement that raises an error that names every relationship whose two sides do not hold the
/// same links.
pub(super) fn statement(statements: &Statements<'_>, all: &[Copies<'_>]) -> String {
    let rows = all.iter().map(|copies| {
        let [kept, dropped] = [copies.kept, &copies.dropped].map(|it| it.place.name());
        let [kept_links, dropped_links] = copies.queries(statements);
        [&*copies.relationship.name, &kept, &kept_links, &dropped, &dropped_links].map(literal)
    });
    let body = format!(
        "\
DECLARE
  sides record;
  difference record;
  problems text;
BEGIN
  FOR sides IN
    SELECT * FROM (VALUES
{rows}
    ) AS stored (relationship, kept, kept_links, dropped, dropped_links)
  LOOP
    EXECUTE format($query$
{COMPARISON}
    $query$, sides.kept_links, sides.dropped_links, sides.kept, sides.dropped) INTO difference;
    IF difference.only_kept + difference.only_dropped > 0 THEN
      problems := concat_ws(chr(10), problems, format({message},
        sides.relationship, sides.kept, difference.only_kept, sides.dropped, difference.only_dropped,
        difference.examples));
    END IF;
  END LOOP;
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = problems,
      HINT = {hint};
  END IF;
END",
        rows = values("      ", rows),
        message = literal(MESSAGE),
        hint = literal(&unchanged(HINT)),
    );
    block(&body)
}

/// The same as a problem of `--check`.
pub(super) fn problem(related: &Related) -> Option<Finding> {
    let Disagreement { only_kept, only_dropped, examples } = related.disagreement.as_ref()?;
    let [kept, dropped] = related.names();
    let [only_kept, only_dropped] = [only_kept, only_dropped].map(u64::to_string);
    let values = [&*related.name, kept, &only_kept, dropped, &only_dropped, examples];
    let message = format!("{}. {HINT}", fill(MESSAGE, &values));
    Some(Finding::new("DISAGREEMENT", message).about(related.relationship))
}

/// Join tables that are about to be dropped although nothing else holds their links: those of lists related to
/// themselves, on the way back.
pub(super) type Homeless<'a> = (&'a Relationship, Item<'a>);

pub(super) fn homeless<'a>(
    change: &Change<'a>,
    relationships: &'a [Relationship],
) -> Option<Homeless<'a>> {
    let table = change.dropped().filter(|_| change.kept.is_none())?;
    Some((&relationships[change.relationship], table))
}

/// A `VALUES` list of them, each with how many links it holds.
fn homeless_rows(statements: &Statements<'_>, tables: &[Homeless<'_>]) -> String {
    let rows = tables.iter().map(|(relationship, item)| {
        let count = format!("(SELECT count(*) FROM {})", statements.qualified(item.table()));
        [literal(&relationship.name), literal(item.table()), count]
    });
    values("      ", rows)
}

/// Finds links that the old schema has no place for.
pub(super) fn nothing_homeless(statements: &Statements<'_>, tables: &[Homeless<'_>]) -> Check {
    Check {
        query: format!(
            "    SELECT string_agg(
      format('%s: %s holds %s links', relationship, tab, links), chr(10) ORDER BY relationship
    ) AS homeless
    FROM (VALUES
{}
    ) AS stored (relationship, tab, links)
    WHERE links > 0",
            homeless_rows(statements, tables)
        ),
        troubles: vec![Trouble {
            column: "homeless",
            code: "NO_OLD_PLACE",
            message: "%s, for which the old schema has no place",
            hint: "Keep them elsewhere and empty the table, or use --reconcile, which drops them."
                .to_owned(),
            is_idle: false,
        }],
    }
}

/// A `DO` statement that says how many links go with each of the tables.
pub(super) fn say_goodbye(statements: &Statements<'_>, tables: &[Homeless<'_>]) -> String {
    let body = format!(
        "\
DECLARE
  stored record;
BEGIN
  FOR stored IN
    SELECT * FROM (VALUES
{}
    ) AS stored (relationship, tab, links)
  LOOP
    RAISE NOTICE '%: % links are dropped with %, because the old schema has no place for them',
      stored.relationship, stored.links, stored.tab;
  END LOOP;
END",
        homeless_rows(statements, tables)
    );
    block(&body)
}
