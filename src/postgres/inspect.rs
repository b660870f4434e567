//! What a PostgreSQL database is asked before and after a migration. All of it is read only.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::agreement::{self, Copies, Homeless};
use super::change::{Change, changes};
use super::check::{Check, fill};
use super::quote::literal;
use super::statement::Statements;
use super::values::{Cell, values};
use super::{dependents, facts, names, preflight, reconcile};
use crate::inspection::{
    Answers, Asked, Database, Disagreement, Finding, Findings, Inspected, Inspection, Query,
    Question, Related, State, Stored, Touched, Within,
};
use crate::locale;
use crate::name;
use crate::naming;
use crate::plan::{self, AdapterPlan, Direction, Engine, Options, Tables, UpgradePlan};
use crate::relationship::{Kind, Relationship, Side};
use crate::snapshot::Snapshot;
use crate::step::{JoinTable, Links, Owner, Planned, TablePlace, TableStep};

/// Asks for what is not among the answers yet, or says what the answers come to.
///
/// # Errors
/// The key of an answer that is none.
pub fn inspect(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: &AdapterPlan,
    schema: &str,
    steps: &[Planned<TableStep>],
    asked: Asked<'_>,
) -> Result<Inspected, String> {
    let direction = asked.options.direction;
    let statements = Statements::new(schema);
    let is_open = |it: &Question| !asked.answers.contains_key(&it.key);
    let mut questions = catalogue(plan, adapter, &statements, steps, direction);
    let facts = facts::query(&statements, &changes(steps, direction));
    if let Some(query) = facts.filter(|_| asked.is_running) {
        questions.push(question("catalogue", &query, &facts::COLUMNS));
    }
    questions.retain(is_open);
    if !questions.is_empty() {
        return Ok(Inspected::Questions(questions));
    }
    let there = There::new(asked.answers)?;
    let located = plan::locate(steps, &there);
    let left = match direction {
        Direction::Up => plan::rest(steps, &located, &there),
        Direction::Down => steps.to_vec(),
    };
    let up = [changes(steps, Direction::Up), changes(&left, Direction::Up)];
    let relationships = plan
        .relationships_of(adapter)
        .map(|(at, it)| {
            let [all, left] = up.each_ref().map(|changes| own(changes, at));
            Places::new(at, it, &all, &left, located.get(&at), plan)
        })
        .collect();
    let changes = changes(&left, direction);
    let inspector = Inspector {
        plan,
        snapshot,
        adapter,
        schema,
        asked,
        expected: preflight::expected_schema(&statements, &changes, direction),
        no_dependents: dependents::no_dependents(&statements, &changes),
        changes,
        relationships,
        there,
        left: &left,
        statements,
    };
    for mut questions in [inspector.preflight(), inspector.contents()?] {
        questions.retain(is_open);
        if !questions.is_empty() {
            return Ok(Inspected::Questions(questions));
        }
    }
    Ok(Inspected::Inspection(Box::new(inspector.conclude()?)))
}

/// The changes of one relationship.
fn own<'a>(changes: &[Change<'a>], relationship: usize) -> Vec<Change<'a>> {
    changes.iter().filter(|change| change.relationship == relationship).copied().collect()
}

/// The places of a relationship in both schemas.
struct Places<'a> {
    at: usize,
    relationship: &'a Relationship,
    places: Vec<Place>,
    /// The two copies of the old schema, where one is left to drop.
    copies: Option<Copies<'a>>,
    is_changed: bool,
    /// Its join table has some of its new names, and some of the old.
    is_between: bool,
}

struct Place {
    links: Links<TablePlace>,
    schema: Within,
    is_kept: bool,
}

impl Place {
    /// What it consists of.
    fn parts(&self) -> Vec<(&str, &str)> {
        plan::parts_of(&self.links.place)
    }
}

impl<'a> Places<'a> {
    /// From its changes on the way up, and those of them that are left. `located` is its join table
    /// as it is called now.
    fn new(
        at: usize,
        relationship: &'a Relationship,
        changes: &[Change<'a>],
        left: &[Change<'a>],
        located: Option<&JoinTable>,
        plan: &'a UpgradePlan,
    ) -> Self {
        let owned_by_left = |place| Links { owner: Owner::Left, place };
        let copies = |changes: &[Change<'a>]| {
            changes.iter().find_map(|change| Copies::of(change, &plan.relationships))
        };
        let mut places = Vec::new();
        let renamed = changes.iter().find_map(|it| Some((it.from()?.place(), it.to()?.place())));
        let mut is_between = false;
        if let Some((from, to)) = &renamed {
            let now = located.map(JoinTable::place).filter(|now| now != to);
            is_between = now.as_ref().is_some_and(|now| now != from);
            // Under some of its new names it is what was there before.
            let links = owned_by_left(now.unwrap_or_else(|| from.clone()));
            places.push(Place { links, schema: Within::Old, is_kept: true });
        }
        if let Some(Copies { kept, dropped, .. }) = copies(changes) {
            if renamed.is_none() {
                places.push(Place { links: kept.clone(), schema: Within::Both, is_kept: true });
            }
            places.push(Place { links: dropped, schema: Within::Old, is_kept: false });
        }
        for to in changes.iter().filter_map(Change::to) {
            let links = owned_by_left(to.place());
            places.push(Place { links, schema: Within::New, is_kept: true });
        }
        let copies = copies(left);
        let is_changed = !places.is_empty();
        if !is_changed {
            let links = unchanged(relationship);
            places.push(Place { links, schema: Within::Both, is_kept: true });
        }
        Places { at, relationship, places, copies, is_changed, is_between }
    }
}

/// The column of a relationship without steps, on the side without `many`.
fn unchanged(relationship: &Relationship) -> Links<TablePlace> {
    let (side, owner): (&Side, Owner) = match &relationship.right {
        Some(right) if relationship.left.many => (right, Owner::Right),
        _ => (&relationship.left, Owner::Left),
    };
    Links { owner, place: TablePlace::column_of(side) }
}

struct Inspector<'a> {
    plan: &'a UpgradePlan,
    snapshot: &'a Snapshot,
    adapter: &'a AdapterPlan,
    schema: &'a str,
    asked: Asked<'a>,
    /// In the direction of the script.
    changes: Vec<Change<'a>>,
    expected: Check,
    no_dependents: Option<Check>,
    relationships: Vec<Places<'a>>,
    there: There,
    /// The steps that are left to do.
    left: &'a [Planned<TableStep>],
    statements: Statements<'a>,
}

#[derive(Deserialize)]
struct Session {
    name: String,
    user: String,
    version: String,
    is_standby: bool,
    is_read_only: bool,
    can_create: Option<bool>,
}

#[derive(Deserialize)]
struct Found {
    tab: String,
    col: String,
    is_there: bool,
    is_ours: bool,
}

#[derive(Deserialize)]
struct Misnamed {
    tab: String,
}

#[derive(Deserialize)]
struct Named {
    tab: String,
}

#[derive(Deserialize)]
struct Locked {
    tab: String,
    bytes: u64,
    owner: String,
    is_owned: bool,
}

#[derive(Deserialize)]
struct Count {
    links: u64,
    #[serde(default)]
    targets: Option<u64>,
}

#[derive(Deserialize)]
struct Compared {
    only_kept: u64,
    only_dropped: u64,
    examples: Option<String>,
}

/// What a check has found, by the column of the trouble.
type Troubles = BTreeMap<String, Option<String>>;

/// What the catalogue knows.
fn catalogue(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    statements: &Statements<'_>,
    steps: &[Planned<TableStep>],
    direction: Direction,
) -> Vec<Question> {
    let schema = literal(statements.schema_name());
    let mut questions = vec![question(
        "session",
        &format!(
            "SELECT current_database(), current_user, current_setting('server_version'), pg_is_in_recovery(),
    current_setting('default_transaction_read_only')::boolean,
    (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = {schema})"
        ),
        &["name", "user", "version", "is_standby", "is_read_only", "can_create"],
    )];
    let unchanged: Vec<Links<TablePlace>> = plan
        .relationships_of(adapter)
        .filter(|(at, _)| steps.iter().all(|step| step.relationship != *at))
        .map(|(_, it)| unchanged(it))
        .collect();
    let mut places = plan::parts(steps);
    places.extend(unchanged.iter().flat_map(|links| plan::parts_of(&links.place)));
    if !places.is_empty() {
        // Of a view, or a table of someone else's, not even the rows are counted: that could run code.
        let query = format!(
            "WITH place (tab, col) AS (VALUES
{}
  ), owned AS (
    SELECT name, pg_class.oid, relowner, rolsuper OR rolname = current_user AS is_trusted,
      relkind IN ('r', 'p') AS is_table
    FROM (SELECT DISTINCT tab FROM place) AS named (name)
      JOIN pg_class ON pg_class.oid = to_regclass(format('%I.%I', {schema}, name))
      JOIN pg_roles ON pg_roles.oid = relowner
  )
  SELECT tab, col,
    oid IS NOT NULL AND (col = '' OR EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = oid AND attname = col AND NOT attisdropped
    )),
    coalesce(is_table, false) AND (is_trusted OR relowner = (
      SELECT mode() WITHIN GROUP (ORDER BY relowner) FROM owned WHERE is_table
    ))
  FROM place LEFT JOIN owned ON name = tab",
            values("    ", places.into_iter().map(|(tab, col)| [tab, col].map(Cell::Text)))
        );
        questions.push(question("places", &query, &["tab", "col", "is_there", "is_ours"]));
    }
    let renamed: Vec<_> = steps
        .iter()
        .filter_map(|planned| match &planned.step {
            TableStep::RenameJoinTable { from, to } => Some((&**from, &**to)),
            _ => None,
        })
        .collect();
    if direction == Direction::Up && !renamed.is_empty() {
        questions.push(question("names", &names::misnamed(statements, &renamed), &["tab"]));
    }
    questions
}

impl Inspector<'_> {
    /// What the migration starts from.
    fn preflight(&self) -> Vec<Question> {
        let schema = literal(self.schema);
        let mut questions = Vec::new();
        let lists = self.lists().into_iter().map(|(table, _)| table);
        let mirrored = self.mirrored().into_iter().map(|(_, table)| table);
        let tables: BTreeSet<String> = lists.chain(mirrored).collect();
        if !tables.is_empty() && !self.asked.is_running {
            let rows = tables.iter().map(|table| [Cell::Text(table)]);
            let query = format!(
                "SELECT name FROM (VALUES\n{}\n  ) AS named (name) WHERE to_regclass(format('%I.%I', {schema}, name)) IS NOT NULL",
                values("    ", rows)
            );
            questions.push(question("tables", &query, &["tab"]));
        }
        if self.changes.is_empty() {
            return questions;
        }
        let tables = preflight::touched(&self.changes).into_iter();
        let query = format!(
            "SELECT name, coalesce(pg_total_relation_size(oid), 0), relowner::regrole::text, pg_has_role(relowner, 'USAGE')
  FROM (VALUES
{}
  ) AS touched (name) JOIN pg_class ON oid = to_regclass(format('%I.%I', {schema}, name))
  ORDER BY name",
            values("    ", tables.map(|table| [Cell::Text(table)]))
        );
        questions.push(check_question("expected", &self.expected));
        questions.push(question("locks", &query, &["tab", "bytes", "owner", "is_owned"]));
        questions
    }

    /// The lists with their tables.
    fn lists(&self) -> Vec<(String, &str)> {
        let at = self.plan.adapters.iter().position(|it| std::ptr::eq(it, self.adapter));
        let lists = self.snapshot.lists.iter().filter(|list| Some(list.adapter) == at);
        lists.map(|list| (name::clip(&list.key).to_owned(), &*list.key)).collect()
    }

    /// The join tables as they are called where left and right are the other way round.
    fn mirrored(&self) -> Vec<(&Relationship, String)> {
        let relationships = || self.relationships.iter().map(|it| it.relationship);
        let clipped = |name: String| name::clip(&name).to_owned();
        let joins = relationships().map(|it| clipped(naming::new_join_table(it)));
        let own: BTreeSet<String> =
            joins.chain(self.lists().into_iter().map(|(table, _)| table)).collect();
        relationships()
            .filter_map(|it| Some((it, clipped(naming::mirrored_join_table(it)?))))
            .filter(|(_, table)| !own.contains(table))
            .collect()
    }

    /// What the tables hold, as far as they are there.
    fn contents(&self) -> Result<Vec<Question>, String> {
        let answered = |it: &Question| self.asked.answers.contains_key(&it.key);
        if !self.preflight().iter().all(answered) {
            return Ok(Vec::new());
        }
        let mut questions = Vec::new();
        for it in &self.relationships {
            let counted = it.places.iter().enumerate().filter(|(_, place)| self.there.has(place));
            for (number, place) in counted {
                // Only a column of a 1:1 can hold one item twice where it should not.
                let is_single = it.relationship.kind == Kind::TwoSidedOneToOne;
                let links = self.statements.links(&place.links, place.links.owner);
                let (columns, names): (_, &[&str]) = if is_single {
                    ("count(*), count(DISTINCT other)", &["links", "targets"])
                } else {
                    ("count(*)", &["links"])
                };
                let query = format!("SELECT {columns} FROM ({links}) AS stored (own, other)");
                questions.push(question(&links_key(it.at, number), &query, names));
            }
            if let Some(copies) = it.copies.as_ref().filter(|_| self.compares(it)) {
                let query = copies.comparison(&self.statements);
                questions.push(question(&agreement_key(it.at), &query, &agreement::COLUMNS));
            }
            if let Some(query) = self.preview(it) {
                questions.push(question(&reconcile_key(it.at), &query, &reconcile::COLUMNS));
            }
        }
        // The migration checks these itself.
        if self.asked.is_running {
            return Ok(questions);
        }
        if self.troubles("expected")?.get("missing").is_none_or(Option::is_none) {
            let check = self.no_dependents.as_ref();
            questions.extend(check.map(|check| check_question("dependents", check)));
        }
        for (at, check) in self.homeless_checks() {
            questions.push(check_question(&homeless_key(at), &check));
        }
        Ok(questions)
    }

    /// The join tables that are in the database and that the old schema has no place for, by the indexes of
    /// their relationships.
    fn homeless(&self) -> Vec<(usize, Homeless<'_>)> {
        let is_there = |(_, item): &Homeless<'_>| {
            let mut parts = item.column_names().into_iter();
            parts.all(|column| self.there.contains((item.table(), column)))
        };
        let tables = self.changes.iter().filter_map(|change| {
            let table = agreement::homeless(change, &self.plan.relationships).filter(is_there)?;
            Some((change.relationship, table))
        });
        tables.collect()
    }

    /// The checks of their links, by the indexes of their relationships.
    fn homeless_checks(&self) -> Vec<(usize, Check)> {
        if self.asked.options.reconcile {
            return Vec::new();
        }
        let checks = self.homeless().into_iter();
        checks
            .map(|(at, table)| (at, agreement::nothing_homeless(&self.statements, &[table])))
            .collect()
    }

    /// Whether to compare the copies of a relationship. A migration that runs checks that itself.
    fn compares(&self, it: &Places<'_>) -> bool {
        !self.asked.is_running && self.there.are_comparable(it)
    }

    /// The query for what a migration that reconciles does to a relationship.
    fn preview(&self, it: &Places<'_>) -> Option<String> {
        let Options { direction, reconcile, .. } = self.asked.options;
        match direction {
            _ if !reconcile => None,
            Direction::Up => {
                let copies = it.copies.as_ref().filter(|_| self.there.are_comparable(it))?;
                Some(reconcile::preview(&self.statements, copies))
            }
            Direction::Down => {
                let tables = self.homeless().into_iter();
                let table = tables.filter(|(at, _)| *at == it.at).map(|(_, table)| table).next()?;
                Some(reconcile::farewell(&self.statements, &table))
            }
        }
    }

    fn conclude(&self) -> Result<Inspection, String> {
        let session: Session = self.row("session")?;
        let moves = self.meeting_places();
        let relationships = self
            .relationships
            .iter()
            .map(|it| self.related(it, &moves))
            .collect::<Result<Vec<_>, _>>()?;
        let locked: Vec<Locked> = self.rows("locks")?;
        let mut warnings = self.held_twice(&relationships);
        warnings.extend(relationships.iter().filter_map(|it| self.repaired(it)));
        warnings.extend(self.missing_lists(false)?);
        let mut problems = self.problems(&relationships)?;
        problems.extend(self.privileges(&session, &locked));
        let dropped = self.changes.iter().filter_map(Change::dropped);
        let drops = dropped.map(|item| item.to_string()).collect();
        let troubles = self.troubles("expected")?;
        let is_done = self.changes.is_empty() || troubles.get("done").is_some_and(Option::is_some);
        Ok(Inspection::new(Findings {
            adapter: self.adapter.name.clone(),
            engine: Engine::PostgreSql {
                schema_name: self.schema.to_owned(),
                steps: self.left.to_vec(),
            },
            direction: self.asked.options.direction,
            reconcile: self.asked.options.reconcile,
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
            drops,
            problems,
            warnings,
            catalogue: self.rows("catalogue")?,
        }))
    }

    fn related(&self, it: &Places<'_>, moves: &HashSet<(&str, &str)>) -> Result<Related, String> {
        let mut places = Vec::new();
        for (number, place) in it.places.iter().enumerate() {
            let count: Option<Count> = match self.there.has(place) {
                true => Some(self.row(&links_key(it.at, number))?),
                false => None,
            };
            places.push(Stored {
                name: place.links.place.name().into_owned(),
                owner: place.links.owner,
                schema: place.schema,
                is_kept: place.is_kept,
                links: count.as_ref().map(|it| it.links),
                targets: count.and_then(|it| it.targets),
            });
        }
        let compared: Option<Compared> = match &it.copies {
            Some(_) if self.compares(it) => Some(self.row(&agreement_key(it.at))?),
            _ => None,
        };
        let disagreement =
            compared.filter(|it| it.only_kept + it.only_dropped > 0).map(|it| Disagreement {
                only_kept: it.only_kept,
                only_dropped: it.only_dropped,
                examples: it.examples.unwrap_or_default(),
            });
        let reconcile = match self.preview(it) {
            Some(_) => {
                let answer: reconcile::Answer = self.row(&reconcile_key(it.at))?;
                let owner = it.copies.as_ref().map_or(Owner::Left, |copies| copies.kept.owner);
                Some(answer.read(owner, names_of(&places))).filter(|it| !it.is_empty())
            }
            None => None,
        };
        Ok(Related {
            relationship: it.at,
            name: it.relationship.to_string(),
            kind: it.relationship.kind,
            state: self.there.state(it, moves),
            places,
            disagreement,
            reconcile,
            remaining: own(&self.changes, it.at).iter().map(Change::words).collect(),
            expected: None,
        })
    }

    /// What a migration that reconciles does to a relationship, as a warning.
    fn repaired(&self, related: &Related) -> Option<Finding> {
        let reconciled = related.reconcile.as_ref()?;
        let relationship = &self.plan.relationships[related.relationship];
        let (names, is_done) = (names_of(&related.places), self.asked.is_running);
        let (code, message) = match self.asked.options.direction {
            Direction::Up => ("DISAGREEMENT", reconciled.message(relationship, names, is_done)),
            Direction::Down => ("NO_OLD_PLACE", reconciled.farewell(relationship, names, is_done)),
        };
        Some(Finding { relationship: Some(related.relationship), ..finding(code, message) })
    }

    /// What stands in the way, as the migration itself would find.
    fn problems(&self, relationships: &[Related]) -> Result<Vec<Finding>, String> {
        let mut problems: Vec<Finding> = self.other_locale()?.into_iter().collect();
        problems.extend(self.found("expected", &self.expected)?);
        let is_somewhere =
            relationships.iter().any(|it| !matches!(it.state, State::Unchanged | State::Neither));
        let is_about_places = |it: &&mut Finding| matches!(&*it.code, "MISSING" | "NAME_TAKEN");
        for problem in problems.iter_mut().filter(|it| is_somewhere && is_about_places(it)) {
            problem.message += &self.doubts(relationships);
        }
        if !problems.iter().any(|it| it.code == "MISSING") {
            problems.extend(self.missing_lists(true)?);
        }
        if let Some(check) = &self.no_dependents {
            problems.extend(self.found("dependents", check)?);
        }
        for (at, check) in self.homeless_checks() {
            let found = self.found(&homeless_key(at), &check)?.into_iter();
            problems.extend(found.map(|it| Finding { relationship: Some(at), ..it }));
        }
        if !self.asked.options.reconcile {
            problems.extend(relationships.iter().filter_map(disagreement));
        }
        Ok(problems)
    }

    /// The tables of lists that are not in the database, though nothing has to change on them: of lists with
    /// relationships, or of others.
    fn missing_lists(&self, are_related: bool) -> Result<Option<Finding>, String> {
        let there: Vec<Named> = self.rows("tables")?;
        let is_related = |key: &str| {
            let mut all = self.relationships.iter().map(|it| it.relationship);
            all.any(|it| *it.left.key == *key || *it.target_key == *key)
        };
        let missing = self.lists().into_iter().filter(|(table, key)| {
            !there.iter().any(|it| it.tab == *table) && is_related(key) == are_related
        });
        let names: Vec<String> =
            missing.map(|(table, list)| format!("{table} of the list {list}")).collect();
        let message = format!(
            "Not in the schema {}: the table {}. Does the Keystone that runs on this database give the list's table another name, or has the list never been in this database?",
            self.schema,
            names.join(", the table ")
        );
        // In a database without any of them that is said already.
        let is_said = self.asked.is_running || there.is_empty();
        Ok((!names.is_empty() && !is_said).then(|| finding("MISSING", message)))
    }

    /// Join tables of a process whose locale orders left and right the other way round.
    fn other_locale(&self) -> Result<Option<Finding>, String> {
        let there: Vec<Named> = self.rows("tables")?;
        let mirrored = self.mirrored().into_iter();
        let found: Vec<_> = mirrored
            .filter(|(_, table)| there.iter().any(|it| it.tab == *table))
            .map(|(it, table)| (it, table, naming::new_join_table(it)))
            .collect();
        let found: Vec<_> = found.iter().map(|(it, a, b)| (*it, a.as_str(), b.as_str())).collect();
        Ok(locale::problem(self.snapshot, &found).map(|message| finding("LOCALE", message)))
    }

    /// Which relationships of a database that is in neither schema cannot be judged, and what to do.
    fn doubts(&self, relationships: &[Related]) -> String {
        if self.asked.options.direction == Direction::Down {
            return " The rollback starts from a database that is in the new schema as a whole: --apply finishes a migration that was run in part.".to_owned();
        }
        let is_there = |place: &TablePlace| {
            plan::parts_of(place).into_iter().all(|part| Tables::has(&self.there, part))
        };
        let sentences = relationships.iter().filter_map(|it| {
            let is_whole = own(&self.changes, it.relationship).iter().all(|change| {
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
            "{sentences} Look at these tables: restore from a backup what is missing, or give the table that holds the links the missing name, and drop what is not needed; then run this again."
        )
    }

    /// What a check has found that is wrong: the worst.
    fn found(&self, key: &str, check: &Check) -> Result<Vec<Finding>, String> {
        let troubles = self.troubles(key)?;
        let found = check.troubles.iter().find_map(|trouble| {
            let what = troubles.get(trouble.column)?.as_deref()?;
            let message = fill(trouble.message, &[what]);
            Some(finding(trouble.code, format!("{message}. {}", trouble.hint)))
        });
        Ok(found.into_iter().filter(|it| it.code != preflight::DONE).collect())
    }

    /// The answer to a check, empty where there was no question.
    fn troubles(&self, key: &str) -> Result<Troubles, String> {
        Ok(self.rows(key)?.pop().unwrap_or_default())
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
                    "{}: in {} {many} links lead to an item that another one holds as well. {} gets back one of them for each item, the one with the highest id, so that the two sides will disagree.",
                    it.name, kept.name, dropped.name,
                );
                Finding {
                    relationship: Some(it.relationship),
                    ..finding("HELD_TWICE", message)
                }
            })
        };
        relationships.iter().filter(|_| is_down).filter_map(held).collect()
    }

    /// What the migration would not be allowed to do.
    fn privileges(&self, session: &Session, locked: &[Locked]) -> Vec<Finding> {
        let mut problems = Vec::new();
        if session.is_standby {
            let message =
                "This server is a standby, which is read only. Connect to the primary server.";
            problems.push(finding("STANDBY", message.to_owned()));
        }
        if session.is_read_only {
            problems.push(finding(
                "READ_ONLY",
                format!(
                    "Transactions of the user {} only read here (default_transaction_read_only). Run the migration as a user who may write.",
                    session.user
                ),
            ));
        }
        let others: Vec<String> = locked
            .iter()
            .filter(|it| !it.is_owned)
            .map(|it| format!("{} (owner {})", it.tab, it.owner))
            .collect();
        if !others.is_empty() {
            problems.push(finding(
                "NOT_OWNER",
                format!(
                    "The user {} does not own the tables that have to change: {}. Run the migration as their owner.",
                    session.user,
                    others.join(", ")
                ),
            ));
        }
        if session.can_create == Some(false) {
            problems.push(finding(
                "NO_PRIVILEGE",
                format!(
                    "The user {} may not create in the schema {schema}, which renaming takes as well. GRANT CREATE ON SCHEMA {schema} TO that user, or run the migration as another.",
                    session.user,
                    schema = self.schema
                ),
            ));
        }
        problems
    }

    /// What one relationship has in the old schema and another in the new: that it is there says
    /// nothing.
    fn meeting_places(&self) -> HashSet<(&str, &str)> {
        let parts = |schema: Within| -> HashSet<(&str, &str)> {
            self.relationships
                .iter()
                .flat_map(|it| &it.places)
                .filter(|place| place.schema == schema)
                .flat_map(Place::parts)
                .collect()
        };
        let (old, new) = (parts(Within::Old), parts(Within::New));
        old.intersection(&new).copied().collect()
    }

    fn rows<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>, String> {
        rows(self.asked.answers, key)
    }

    fn row<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        self.rows(key)?.pop().ok_or_else(|| format!("the answer to {key}: no row"))
    }
}

/// The rows of an answer; none where there was no question.
fn rows<T: DeserializeOwned>(answers: &Answers, key: &str) -> Result<Vec<T>, String> {
    match answers.get(key) {
        None => Ok(Vec::new()),
        Some(answer) => {
            Vec::deserialize(answer).map_err(|error| format!("the answer to {key}: {error}"))
        }
    }
}

/// The columns and tables that are in the database.
struct There {
    all: HashSet<(String, String)>,
    /// Those of which the rows may be read.
    ours: HashSet<(String, String)>,
    /// Join tables, of which constraints or indexes have other names than they should.
    misnamed: HashSet<String>,
}

impl There {
    fn new(answers: &Answers) -> Result<Self, String> {
        let found: Vec<Found> = rows(answers, "places")?;
        let misnamed: Vec<Misnamed> = rows(answers, "names")?;
        let there = || found.iter().filter(|it| it.is_there);
        let part = |it: &Found| (it.tab.clone(), it.col.clone());
        Ok(There {
            all: there().map(part).collect(),
            ours: there().filter(|it| it.is_ours).map(part).collect(),
            misnamed: misnamed.into_iter().map(|it| it.tab).collect(),
        })
    }

    fn contains(&self, (table, column): (&str, &str)) -> bool {
        self.ours.contains(&(table.to_owned(), column.to_owned()))
    }

    fn holds(&self, place: &TablePlace) -> bool {
        plan::parts_of(place).into_iter().all(|part| self.contains(part))
    }

    fn has(&self, place: &Place) -> bool {
        self.holds(&place.links.place)
    }

    /// Whether both copies of the old schema are there.
    fn are_comparable(&self, it: &Places<'_>) -> bool {
        let Some(copies) = &it.copies else { return false };
        [&copies.kept.place, &copies.dropped.place].into_iter().all(|place| self.holds(place))
    }

    fn state(&self, it: &Places<'_>, moves: &HashSet<(&str, &str)>) -> State {
        if !it.is_changed {
            return State::Unchanged;
        }
        if it.is_between {
            return State::Mixed;
        }
        let parts = |schema: Within| -> Vec<bool> {
            it.places
                .iter()
                .filter(|place| place.schema == schema)
                .flat_map(Place::parts)
                .filter(|part| !moves.contains(part))
                .map(|part| self.contains(part))
                .collect()
        };
        let [stays, goes, comes] = [Within::Both, Within::Old, Within::New].map(parts);
        let all = |there: &[bool]| there.iter().all(|it| *it);
        let none = |there: &[bool]| !there.contains(&true);
        // Where a schema has nothing that the other has not, the other decides.
        match (all(&stays), all(&goes), none(&goes), all(&comes), none(&comes)) {
            (true, true, false, _, true) => State::Old,
            (true, _, true, true, false) => State::New,
            (true, true, false, true, false) => State::Both,
            // Nothing comes: it is new where what goes is gone.
            (true, _, true, true, true) => State::New,
            // Nothing goes: it is old where what comes is not there.
            (true, true, true, false, true) => State::Old,
            (true, false, true, false, true) if stays.is_empty() => State::Neither,
            (false, _, true, _, true) => State::Neither,
            _ => State::Mixed,
        }
    }
}

impl Tables for There {
    fn has(&self, (table, column): (&str, &str)) -> bool {
        self.all.contains(&(table.to_owned(), column.to_owned()))
    }

    fn is_misnamed(&self, table: &JoinTable) -> bool {
        self.misnamed.contains(&*table.name)
    }
}

fn links_key(at: usize, place: usize) -> String {
    format!("links {at} {place}")
}

fn agreement_key(at: usize) -> String {
    format!("agreement {at}")
}

fn reconcile_key(at: usize) -> String {
    format!("reconcile {at}")
}

fn homeless_key(at: usize) -> String {
    format!("homeless {at}")
}

fn check_question(key: &str, check: &Check) -> Question {
    question(key, &check.query, &check.columns())
}

/// A question whose answer is an array of objects with the given names for the query's columns.
fn question(key: &str, query: &str, names: &[&str]) -> Question {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    Question {
        key: key.to_owned(),
        query: Query::Sql(format!(
            "SELECT coalesce(json_agg(row_to_json(found)), '[]')::text AS answer FROM (\n  {query}\n) AS found ({})",
            names.join(", ")
        )),
    }
}

fn finding(code: &str, message: String) -> Finding {
    Finding { code: code.to_owned(), message, relationship: None }
}

/// The place in the database that is kept, and the one that goes: where there is but one, that.
fn names_of(places: &[Stored]) -> [&str; 2] {
    let there = || places.iter().filter(|it| it.links.is_some());
    [true, false].map(|is_kept| {
        let stored = there().find(|it| it.is_kept == is_kept).or(there().next());
        stored.map(|it| it.name.as_str()).unwrap_or_default()
    })
}

/// That two sides do not hold the same links.
fn disagreement(related: &Related) -> Option<Finding> {
    let found = related.disagreement.as_ref()?;
    let message = agreement::message(
        &related.name,
        names_of(&related.places),
        [found.only_kept, found.only_dropped],
        &found.examples,
    );
    Some(Finding {
        relationship: Some(related.relationship),
        ..finding("DISAGREEMENT", format!("{message}. {}", agreement::HINT))
    })
}
