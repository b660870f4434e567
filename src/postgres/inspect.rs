//! What a PostgreSQL database is asked before and after a migration. All of it is read only.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::agreement;
use super::change::{Change, changes};
use super::check::{Check, fill};
use super::lists::Lists;
use super::places::{Place, Places, There, meeting_parts};
use super::questions::Questions;
use super::session::{self, Session};
use super::statement::Statements;
use super::{dependents, facts, preflight, reconcile};
use crate::inspection::{
    Asked, Database, Disagreement, Fact, Finding, Inspected, Inspection, Interview, Related, State,
    Stored, Touched,
};
use crate::plan::{self, AdapterPlan, Direction, Engine, TablePlan, UpgradePlan};
use crate::reconcile::{Reconciled, links};
use crate::relationship::Kind;
use crate::snapshot::Snapshot;
use crate::step::{Owner, TablePlace};

/// Asks for what is not among the answers yet, or says what the answers come to.
///
/// # Errors
/// The key of an answer that is none.
pub fn inspect(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: &AdapterPlan,
    TablePlan { schema_name, steps }: &TablePlan,
    asked: Asked<'_>,
) -> Result<Inspected, String> {
    let direction = asked.options.direction;
    let statements = Statements::new(schema_name);
    let questions = Questions { interview: Interview::new(asked.answers), statements };

    let session = Session::ask(&questions)?;
    let there = There::ask(&questions, plan, adapter, steps, direction)?;
    let catalogue: Vec<Fact> = match facts::query(&statements, &changes(steps, direction)) {
        Some(query) if asked.is_running => questions.rows("catalogue", &query, &facts::COLUMNS)?,
        _ => Vec::new(),
    };
    if let Some(open) = questions.interview.open() {
        return Ok(open);
    }

    let left = match direction {
        Direction::Up => plan::rest(steps, &there.located, &there.all),
        Direction::Down => steps.to_vec(),
    };
    let changes = changes(&left, direction);
    let relationships = Places::all(plan, adapter, steps, &changes, &there);
    let inspector = Inspector { plan, asked, questions, there, changes, relationships };

    let Inspector { questions, changes, .. } = &inspector;
    let lists = match asked.is_running {
        true => Lists::default(),
        false => Lists::ask(questions, plan, snapshot, adapter)?,
    };
    let locked = session::locked(questions, changes)?;
    let expected = preflight::expected_schema(&statements, changes, direction);
    let troubles = match changes.is_empty() {
        true => Troubles::default(),
        false => inspector.troubles("expected", &expected)?,
    };
    if let Some(open) = questions.interview.open() {
        return Ok(open);
    }

    let relationships = inspector.related()?;
    let mut warnings = inspector.held_twice(&relationships);
    warnings.extend(relationships.iter().filter_map(|it| inspector.repaired(it)));
    warnings.extend(lists.missing_others);
    let mut problems: Vec<Finding> = lists.other_locale.into_iter().collect();
    let missing = lists.missing_related;
    problems.extend(inspector.problems(&expected, &troubles, missing, &relationships)?);
    problems.extend(session.problems(schema_name, &locked, changes));
    if let Some(open) = questions.interview.open() {
        return Ok(open);
    }
    let dropped = changes.iter().filter_map(Change::dropped);
    let is_done = changes.is_empty() || troubles.get("done").is_some_and(Option::is_some);
    let inspection = Inspection {
        adapter: adapter.name.clone(),
        engine: Engine::PostgreSql(TablePlan {
            schema_name: schema_name.clone(),
            steps: left.clone(),
        }),
        direction,
        reconcile: asked.options.reconcile,
        database: Database {
            name: session.name,
            user: session.user,
            auth_source: None,
            version: session.version,
        },
        is_done,
        relationships,
        locks: locked.into_iter().map(|it| Touched { name: it.tab, bytes: it.bytes }).collect(),
        copies: Vec::new(),
        drops: dropped.map(|item| item.to_string()).collect(),
        problems,
        warnings,
        catalogue,
    };
    Ok(inspection.conclude())
}

struct Inspector<'a> {
    plan: &'a UpgradePlan,
    asked: Asked<'a>,
    questions: Questions<'a>,
    there: There,
    changes: Vec<Change<'a>>,
    relationships: Vec<Places<'a>>,
}

#[derive(Default, Deserialize)]
struct Count {
    links: u64,
    targets: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Compared {
    only_kept: u64,
    only_dropped: u64,
    examples: Option<String>,
}

/// What a check has found, by the column of the trouble.
type Troubles = BTreeMap<String, Option<String>>;

impl Inspector<'_> {
    fn related(&self) -> Result<Vec<Related>, String> {
        let meeting = meeting_parts(&self.relationships);
        let related = self.relationships.iter().map(|it| {
            let places = it.places.iter().enumerate();
            let places = places.map(|(number, place)| self.stored(it, number, place));
            let mut related = Related {
                relationship: it.at,
                name: it.relationship.to_string(),
                kind: it.relationship.kind,
                state: it.state(&self.there, &meeting),
                places: places.collect::<Result<_, _>>()?,
                disagreement: self.disagreement(it)?,
                reconcile: None,
                remaining: it.remaining.iter().map(Change::words).collect(),
                expected: None,
            };
            related.reconcile = self.preview(it, related.names())?;
            Ok(related)
        });
        related.collect()
    }

    /// A place with its links, as far as it is there.
    fn stored(&self, it: &Places<'_>, number: usize, place: &Place) -> Result<Stored, String> {
        let mut stored = Stored {
            name: place.links.place.name().into_owned(),
            owner: place.links.owner,
            schema: place.schema,
            is_kept: place.is_kept,
            links: None,
            targets: None,
        };
        if self.there.holds(&place.links.place) {
            // Only a column of a 1:1 can hold one item twice where it should not.
            let is_single = it.relationship.kind == Kind::TwoSidedOneToOne;
            let (columns, names): (_, &[&str]) = match is_single {
                true => ("count(*), count(DISTINCT other)", &["links", "targets"]),
                false => ("count(*)", &["links"]),
            };
            let links = self.questions.statements.links(&place.links, place.links.owner);
            let query = format!("SELECT {columns} FROM ({links}) AS stored (own, other)");
            let key = format!("links {} {number}", it.at);
            let [Count { links, targets }] = self.questions.rows(&key, &query, names)?;
            (stored.links, stored.targets) = (Some(links), targets);
        }
        Ok(stored)
    }

    /// How the two copies differ. A migration that runs checks that itself.
    fn disagreement(&self, it: &Places<'_>) -> Result<Option<Disagreement>, String> {
        let Some(copies) = it.copies.as_ref().filter(|_| !self.asked.is_running) else {
            return Ok(None);
        };
        let query = copies.comparison(&self.questions.statements);
        let key = format!("agreement {}", it.at);
        let [Compared { only_kept, only_dropped, examples }] =
            self.questions.rows(&key, &query, &agreement::COLUMNS)?;
        let examples = examples.unwrap_or_default();
        let found = Disagreement { only_kept, only_dropped, examples };
        Ok(Some(found).filter(|_| only_kept + only_dropped > 0))
    }

    /// What a migration that reconciles does to a relationship, where it does something.
    fn preview(&self, it: &Places<'_>, names: [&str; 2]) -> Result<Option<Reconciled>, String> {
        let statements = &self.questions.statements;
        let (query, owner) = match (self.asked.options.direction, &it.copies, &it.homeless) {
            _ if !self.asked.options.reconcile => return Ok(None),
            (Direction::Up, Some(copies), _) => {
                (reconcile::preview(statements, copies), copies.kept.owner)
            }
            (Direction::Down, _, Some(table)) => {
                (reconcile::farewell(statements, table), Owner::Left)
            }
            _ => return Ok(None),
        };
        let key = format!("reconcile {}", it.at);
        let [answer]: [reconcile::Answer; 1] =
            self.questions.rows(&key, &query, &reconcile::COLUMNS)?;
        Ok(Some(answer.read(owner, names)).filter(|it| !it.is_empty()))
    }

    /// What a migration that reconciles does to a relationship, as a warning.
    fn repaired(&self, related: &Related) -> Option<Finding> {
        let reconciled = related.reconcile.as_ref()?;
        let relationship = &self.plan.relationships[related.relationship];
        let (names, is_done) = (related.names(), self.asked.is_running);
        let (code, message) = match self.asked.options.direction {
            Direction::Up => ("DISAGREEMENT", reconciled.message(relationship, names, is_done)),
            Direction::Down => ("NO_OLD_PLACE", reconciled.farewell(relationship, names, is_done)),
        };
        Some(Finding::new(code, message).about(related.relationship))
    }

    /// What stands in the way, as the migration itself would find. `missing` are tables of lists.
    fn problems(
        &self,
        expected: &Check,
        troubles: &Troubles,
        missing: Option<Finding>,
        relationships: &[Related],
    ) -> Result<Vec<Finding>, String> {
        let mut problems: Vec<Finding> = worst(expected, troubles).into_iter().collect();
        let is_somewhere =
            relationships.iter().any(|it| !matches!(it.state, State::Unchanged | State::Neither));
        let is_about_places = |it: &&mut Finding| matches!(&*it.code, "MISSING" | "NAME_TAKEN");
        for problem in problems.iter_mut().filter(|it| is_somewhere && is_about_places(it)) {
            problem.message += &self.doubts(relationships);
        }
        if !problems.iter().any(|it| it.code == "MISSING") {
            problems.extend(missing);
        }
        // A migration that runs checks the rest itself.
        if self.asked.is_running {
            return Ok(problems);
        }
        let is_whole = troubles.get("missing").is_none_or(Option::is_none);
        let check = dependents::no_dependents(&self.questions.statements, &self.changes);
        if let Some(check) = check.filter(|_| is_whole) {
            problems.extend(worst(&check, &self.troubles("dependents", &check)?));
        }
        if self.asked.options.reconcile {
            return Ok(problems);
        }
        for it in &self.relationships {
            let Some(table) = it.homeless else { continue };
            let check = agreement::nothing_homeless(&self.questions.statements, &[table]);
            let found = worst(&check, &self.troubles(&format!("homeless {}", it.at), &check)?);
            problems.extend(found.map(|found| found.about(it.at)));
        }
        problems.extend(relationships.iter().filter_map(agreement::problem));
        Ok(problems)
    }

    fn troubles(&self, key: &str, check: &Check) -> Result<Troubles, String> {
        let [troubles] = self.questions.rows(key, &check.query, &check.columns())?;
        Ok(troubles)
    }

    /// Which relationships of a database that is in neither schema cannot be judged, and what to do.
    fn doubts(&self, relationships: &[Related]) -> String {
        if self.asked.options.direction == Direction::Down {
            return " The rollback starts from a database that is in the new schema as a whole: --apply finishes a migration that was run in part.".to_owned();
        }
        let is_there = |place: &TablePlace| {
            plan::parts_of(place).into_iter().all(|part| self.there.all.has(part))
        };
        let sentences = relationships.iter().zip(&self.relationships).filter_map(|(it, places)| {
            let is_whole = places.remaining.iter().all(|change| {
                change.from().is_none_or(|item| is_there(&item.place()))
                    && change.kept.is_none_or(|kept| is_there(&kept.place))
            });
            if is_whole && it.state != State::Both {
                return None;
            }
            let found: Vec<String> = it
                .places
                .iter()
                .filter_map(|place| Some(format!("{} in {}", place.links?, place.name)))
                .collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            Some(format!(" Links of {} that are there: {found}.", it.name))
        });
        let sentences: String = sentences.collect();
        if sentences.is_empty() {
            return sentences;
        }
        format!(
            "{sentences} Look at these tables. Drop the empty ones that are not needed. If one is missing, restore it from a backup, or give its name to the table that holds the links. Then run this again."
        )
    }

    /// On the way back: 1:1 relationships in which several items hold the same one, which the new Keystone
    /// allows.
    fn held_twice(&self, relationships: &[Related]) -> Vec<Finding> {
        let is_down = self.asked.options.direction == Direction::Down;
        let held = |it: &Related| {
            let kept = it.places.iter().find(|place| place.is_kept && place.targets.is_some())?;
            let dropped = it.places.iter().find(|place| !place.is_kept)?;
            let many = kept.links? - kept.targets?;
            (many > 0).then(|| {
                let message = format!(
                    "{}: in {}, several items link to the same one ({} too many). {} gets back one link for each item, the one of the item with the highest id, so the two sides will disagree.",
                    it.name, kept.name, links(many), dropped.name,
                );
                Finding::new("HELD_TWICE", message).about(it.relationship)
            })
        };
        relationships.iter().filter(|_| is_down).filter_map(held).collect()
    }
}

/// What a check has found that is wrong: the worst, unless that means that there is nothing to do.
fn worst(check: &Check, troubles: &Troubles) -> Option<Finding> {
    let found = check.troubles.iter().find_map(|trouble| {
        let what = troubles.get(trouble.column)?.as_deref()?;
        let message = fill(trouble.message, &[what]);
        Some(Finding::new(trouble.code, format!("{message}. {}", trouble.hint)))
    });
    found.filter(|it| it.code != preflight::DONE)
}
