//! What a migration has made of the links: what was there before against what is there after.

use serde::{Deserialize, Serialize};

use crate::inspection::{Fact, Finding, Inspection, Related, State, Stored, Within};
use crate::plan::{Direction, Engine};
use crate::reconcile::{Reconciled, links};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    pub relationship: usize,
    pub name: String,
    pub before: u64,
    pub after: u64,
    /// Why the numbers are not the same, where that is as it must be.
    pub explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile: Option<Reconciled>,
}

/// Whether a migration did what it must.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Whether nothing is missing and nothing is left to do.
    pub is_verified: bool,
    pub relationships: Vec<Kept>,
    pub problems: Vec<Finding>,
    /// What the migration has warned of, such as what it has repaired.
    pub warnings: Vec<Finding>,
}

impl Outcome {
    /// Compares. `before` and `after` are of one plan, in the direction that was taken.
    pub fn new(before: &Inspection, after: &Inspection) -> Self {
        let mut problems = Vec::new();
        if !after.is_done {
            let message = "The database is not in the schema that the migration leads to.";
            problems.push(Finding::new("NOT_DONE", message.to_owned()));
        }
        let mut relationships = Vec::new();
        for (was, is) in before.relationships.iter().zip(&after.relationships) {
            let (kept, problem) = compare(was, is, before);
            let problem = problem.map(|message| Finding::new("LINKS_DIFFER", message));
            problems.extend(problem.map(|it| it.about(was.relationship)));
            relationships.push(kept);
        }
        let mut warnings = before.warnings.clone();
        for fact in after.catalogue.iter().filter(|it| it.is_after && !it.holds()) {
            let Fact { relationship, part, kind, place, expected, actual, .. } = fact;
            let found = match actual.is_empty() {
                true => "is missing".to_owned(),
                false => format!("is {}", actual.join(" and ")),
            };
            // What was otherwise than Keystone makes it stays so: that is not the migration's doing.
            let mut known = before.catalogue.iter().filter(|it| !it.is_after && !it.holds());
            let was_wrong = known.any(|it| it.part == *part && it.kind == *kind);
            let list = if was_wrong { &mut warnings } else { &mut problems };
            let message = format!("{place}: the {kind} {found}; Keystone makes {expected}.");
            list.push(Finding::new("SCHEMA_DIFFERS", message).about(*relationship));
        }
        Outcome { is_verified: problems.is_empty(), relationships, problems, warnings }
    }
}

/// The place whose links count in the schema that the database is in.
fn kept(related: &Related) -> Option<&Stored> {
    let wanted = if related.state == State::New { Within::New } else { Within::Old };
    let mut places = related.places.iter().filter(|it| it.is_kept && it.links.is_some());
    places.find(|it| it.schema == wanted || it.schema == Within::Both)
}

/// The place that held all links before. A migration that was stopped has emptied the one or filled the
/// other by a part, and the other of the two is whole.
fn whole(related: &Related) -> Option<&Stored> {
    let kept = related.places.iter().filter(|it| it.is_kept && it.links.is_some());
    kept.rev().max_by_key(|it| it.links)
}

fn count(place: Option<&Stored>) -> u64 {
    place.and_then(|it| it.links).unwrap_or(0)
}

/// The old schema's other copy.
fn dropped(related: &Related) -> Option<&Stored> {
    related.places.iter().find(|it| !it.is_kept)
}

fn compare(before: &Related, after: &Related, inspection: &Inspection) -> (Kept, Option<String>) {
    let (from, to) = (whole(before), kept(after));
    let (had, has) = (count(from), count(to));
    let (least, most, explanation) = expected(before, from, to, inspection);
    let mut problem = (has < least || has > most).then(|| {
        format!(
            "{}: there {} {}, now there are {has}, and there should be {}.",
            before.name,
            if had == 1 { "was" } else { "were" },
            links(had),
            if least == most { least.to_string() } else { format!("{least} to {most}") },
        )
    });
    // On MongoDB there may be links to documents that are gone, which nothing can hold but the join
    // collection. The migration has counted by itself there.
    let is_postgres = matches!(inspection.engine, Engine::PostgreSql(_));
    if inspection.direction == Direction::Down && is_postgres && problem.is_none() {
        problem = restored(after, from);
    }
    let kept = Kept {
        relationship: before.relationship,
        name: before.name.clone(),
        before: had,
        after: has,
        explanation: explanation.filter(|_| had != has),
        reconcile: before.reconcile.clone(),
    };
    (kept, problem)
}

/// The fewest and the most links that there may be afterwards, and why that is not as many as before.
fn expected(
    before: &Related,
    from: Option<&Stored>,
    to: Option<&Stored>,
    inspection: &Inspection,
) -> (u64, u64, Option<String>) {
    let had = count(from);
    let exactly = |links, why: &str| (links, links, Some(why.to_owned()));
    if inspection.direction == Direction::Down {
        // A list related to itself had no join table.
        return match from.is_some() && to.is_none() {
            true => exactly(0, "the old Keystone had no place for them"),
            false => (had, had, None),
        };
    }
    // A join collection that held links already is not what had them all.
    let reconcile = before.reconcile.as_ref().filter(|_| before.state != State::Both);
    if let Some(Reconciled { added, cleared, .. }) = reconcile {
        let links = (had + added).saturating_sub(*cleared);
        return exactly(links, &format!("--reconcile added {added} and cleared {cleared}"));
    }
    if let Some(links) = before.expected {
        let why = match inspection.reconcile {
            true => "--reconcile took what it could of both sides, see the messages",
            false => "entries that are not links are left out, see the warnings",
        };
        return exactly(links, why);
    }
    let other = count(dropped(before));
    if other == 0 || matches!(inspection.engine, Engine::PostgreSql(_)) {
        return (had, had, None);
    }
    // The repairs of fields: released where an item was held twice, or adopted.
    let least = from.and_then(|it| it.targets).unwrap_or(had);
    let most = if inspection.reconcile { had + other } else { had };
    (least, most, Some("repaired, see the warnings".to_owned()))
}
/// The way back fills the second copy from the first.
fn restored(after: &Related, from: Option<&Stored>) -> Option<String> {
    let copy = dropped(after)?;
    // A column holds one link for each item.
    let expected = from.and_then(|it| it.targets.or(it.links)).unwrap_or(0);
    let has = copy.links.unwrap_or(0);
    (has != expected).then(|| {
        format!("{}: {} should hold {}, and holds {has}.", after.name, copy.name, links(expected))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Both copies of an N:N relationship, before in the old schema and after in the new.
    fn before(kept: u64, dropped: u64) -> Value {
        json!({
            "relationship": 0, "name": "A.b -> B.a", "kind": "two-sided-many-to-many", "state": "old",
            "places": [place("A_b", "old", true, Some(kept)), place("B_a", "old", false, Some(dropped)),
                place("A_b_B_a", "new", true, None)],
            "disagreement": null,
        })
    }

    fn after(links: u64) -> Value {
        json!({
            "relationship": 0, "name": "A.b -> B.a", "kind": "two-sided-many-to-many", "state": "new",
            "places": [place("A_b", "old", true, None), place("B_a", "old", false, None),
                place("A_b_B_a", "new", true, Some(links))],
            "disagreement": null,
        })
    }

    fn place(name: &str, schema: &str, is_kept: bool, links: Option<u64>) -> Value {
        json!({
            "name": name, "owner": "left", "schema": schema, "isKept": is_kept, "links": links,
        })
    }

    fn inspection(related: &Value, is_done: bool, changes: &[(&str, Value)]) -> Inspection {
        let mut value = json!({
            "version": 1, "adapter": "knex", "engine": "postgresql", "schemaName": "public", "steps": [],
            "direction": "up",
            "reconcile": false, "database": { "name": "d", "user": "u", "version": "15" },
            "state": related["state"], "isDone": is_done, "isReady": !is_done,
            "relationships": [related], "locks": [], "copies": [], "drops": [], "problems": [],
            "warnings": [],
        });
        for (key, change) in changes {
            value[key] = change.clone();
        }
        serde_json::from_value(value).expect("an inspection")
    }

    /// The codes of what is not as it must be.
    fn codes(before: &Inspection, after: &Inspection) -> Vec<String> {
        let outcome = Outcome::new(before, after);
        assert_eq!(outcome.is_verified, outcome.problems.is_empty());
        outcome.problems.into_iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn as_many_links_as_before_are_verified() {
        let changes = [("reconcile", json!(true))];
        for changes in [&[][..], &changes] {
            let (from, to) = (inspection(&before(3, 3), false, changes), after(3));
            assert!(codes(&from, &inspection(&to, true, &[])).is_empty());
        }
    }

    #[test]
    fn fewer_links_and_more_are_not() {
        let from = inspection(&before(3, 3), false, &[]);
        for links in [0, 2, 4] {
            assert_eq!(codes(&from, &inspection(&after(links), true, &[])), ["LINKS_DIFFER"]);
        }
    }

    #[test]
    fn a_database_that_is_not_in_the_other_schema_is_not() {
        let from = inspection(&before(3, 3), false, &[]);
        assert_eq!(codes(&from, &inspection(&after(3), false, &[])), ["NOT_DONE"]);
        let both = ["NOT_DONE", "LINKS_DIFFER"];
        assert_eq!(codes(&from, &inspection(&after(2), false, &[])), both);
    }

    #[test]
    fn a_repair_adds_all_links_that_only_the_other_side_had() {
        let mut related = before(3, 3);
        related["reconcile"] = json!({ "added": 2, "cleared": 1, "dropped": 0, "examples": [] });
        let from = inspection(&related, false, &[("reconcile", json!(true))]);
        assert!(codes(&from, &inspection(&after(4), true, &[])).is_empty());
        for links in [3, 5] {
            assert_eq!(codes(&from, &inspection(&after(links), true, &[])), ["LINKS_DIFFER"]);
        }
    }

    #[test]
    fn no_more_can_be_cleared_than_there_was() {
        let mut related = before(1, 1);
        related["reconcile"] = json!({ "added": 0, "cleared": 3, "dropped": 0, "examples": [] });
        let from = inspection(&related, false, &[("reconcile", json!(true))]);
        assert_eq!(codes(&from, &inspection(&after(1), true, &[])), ["LINKS_DIFFER"]);
    }

    #[test]
    fn the_way_back_restores_both_copies() {
        let down = [("direction", json!("down"))];
        let from = inspection(&after(3), false, &down);
        let to = |kept, dropped| inspection(&before(kept, dropped), true, &down);
        assert!(codes(&from, &to(3, 3)).is_empty());
        assert_eq!(codes(&from, &to(2, 3)), ["LINKS_DIFFER"]);
        assert_eq!(codes(&from, &to(3, 2)), ["LINKS_DIFFER"]);
    }
}
