//! What a PostgreSQL database is asked before and after a migration. All of it is read only.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    Asked, Database, Disagreement, Fact, Finding, Inspected, Inspection, Interview, Query, Related,
    State, Stored, Touched, Within,
};
use crate::locale;
use crate::name;
use crate::naming;
use crate::plan::{self, AdapterPlan, Direction, Engine, Tables, UpgradePlan};
use crate::reconcile::Reconciled;
use crate::relationship::{Kind, Relationship};
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
    let interview = Interview::new(asked.answers);
    let all_changes = changes(steps, Direction::Up);
    let mut all = by_relationship(&all_changes);
    let related = || plan.relationships_of(adapter);

    let session = session(&interview, &statements)?;
    let unchanged =
        related().filter(|(at, _)| !all.contains_key(at)).map(|(_, it)| Links::in_column(it));
    let there =
        There::ask(&interview, &statements, steps, &unchanged.collect::<Vec<_>>(), direction)?;
    let catalogue: Vec<Fact> = match facts::query(&statements, &changes(steps, direction)) {
        Some(query) if asked.is_running => rows(&interview, "catalogue", &query, &facts::COLUMNS)?,
        _ => Vec::new(),
    };
    if let Some(questions) = interview.open() {
        return Ok(questions);
    }

    let located = plan::locate(steps, &there.all);
    let left = match direction {
        Direction::Up => plan::rest(steps, &located, &there.all),
        Direction::Down => steps.to_vec(),
    };
    let changes_up = changes(&left, Direction::Up);
    let changes = changes(&left, direction);
    let (mut left_up, mut remaining) = (by_relationship(&changes_up), by_relationship(&changes));
    let relationships: Vec<Places<'_>> = related()
        .map(|(at, it)| {
            let [all, left, remaining] = [&mut all, &mut left_up, &mut remaining]
                .map(|changes| changes.remove(&at).unwrap_or_default());
            Places::new(at, it, &all, &left, remaining, located.get(&at), plan)
        })
        .collect();
    let lists: Vec<(String, &str)> = snapshot
        .lists
        .iter()
        .filter(|list| list.adapter == adapter.index)
        .map(|list| (name::clip(&list.key).to_owned(), &*list.key))
        .collect();
    let mirrored = mirrored(&relationships, &lists);
    let inspector = Inspector {
        plan,
        snapshot,
        statements,
        asked,
        interview: &interview,
        there,
        changes,
        relationships,
        lists,
        mirrored,
    };

    let tables = inspector.tables()?;
    let locked = inspector.locked()?;
    let expected = preflight::expected_schema(&statements, &inspector.changes, direction);
    let troubles = match inspector.changes.is_empty() {
        true => Troubles::default(),
        false => inspector.troubles("expected", &expected)?,
    };
    if let Some(questions) = interview.open() {
        return Ok(questions);
    }

    let relationships = inspector.related()?;
    let mut warnings = inspector.held_twice(&relationships);
    warnings.extend(relationships.iter().filter_map(|it| inspector.repaired(it)));
    warnings.extend(inspector.missing_lists(&tables, false));
    let mut problems: Vec<Finding> = inspector.other_locale(&tables).into_iter().collect();
    problems.extend(inspector.problems(&expected, &troubles, &tables, &relationships)?);
    problems.extend(inspector.privileges(&session, &locked));
    if let Some(questions) = interview.open() {
        return Ok(questions);
    }
    let dropped = inspector.changes.iter().filter_map(Change::dropped);
    let is_done = inspector.changes.is_empty() || troubles.get("done").is_some_and(Option::is_some);
    let inspection = Inspection {
        adapter: adapter.name.clone(),
        engine: Engine::PostgreSql { schema_name: schema.to_owned(), steps: left.clone() },
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

fn by_relationship<'a>(changes: &[Change<'a>]) -> HashMap<usize, Vec<Change<'a>>> {
    let mut found: HashMap<usize, Vec<Change<'a>>> = HashMap::new();
    for change in changes {
        found.entry(change.relationship).or_default().push(*change);
    }
    found
}

/// The places of a relationship in both schemas.
struct Places<'a> {
    at: usize,
    relationship: &'a Relationship,
    places: Vec<Place>,
    /// The two copies of the old schema, where one is left to drop.
    copies: Option<Copies<'a>>,
    /// Its join table that the old schema has no place for.
    homeless: Option<Homeless<'a>>,
    remaining: Vec<Change<'a>>,
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
    fn parts(&self) -> Vec<(&str, &str)> {
        plan::parts_of(&self.links.place)
    }
}

impl<'a> Places<'a> {
    /// From its changes on the way up, those of them that are left, and what remains of the script.
    /// `located` is its join table as it is called now.
    fn new(
        at: usize,
        relationship: &'a Relationship,
        changes: &[Change<'a>],
        left: &[Change<'a>],
        remaining: Vec<Change<'a>>,
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
            let links = Links::in_column(relationship);
            places.push(Place { links, schema: Within::Both, is_kept: true });
        }
        let homeless =
            remaining.iter().find_map(|change| agreement::homeless(change, &plan.relationships));
        Places { at, relationship, places, copies, homeless, remaining, is_changed, is_between }
    }
}

/// The join tables as they are called where left and right are the other way round, but for names that other
/// tables of either schema have: clipped at 63 bytes, they may meet.
fn mirrored<'a>(
    relationships: &[Places<'a>],
    lists: &[(String, &str)],
) -> Vec<(&'a Relationship, String)> {
    let relationships = || relationships.iter().map(|it| it.relationship);
    let clipped = |name: String| name::clip(&name).to_owned();
    let joins = relationships().map(|it| clipped(naming::new_join_table(it)));
    let sides = relationships().flat_map(Relationship::sides);
    let old = sides.map(|it| clipped(naming::old_join_table(&it.key, &it.path)));
    let lists = lists.iter().map(|(table, _)| table.clone());
    let own: HashSet<String> = joins.chain(old).chain(lists).collect();
    relationships()
        .filter_map(|it| Some((it, clipped(naming::mirrored_join_table(it)?))))
        .filter(|(_, table)| !own.contains(table))
        .collect()
}

struct Inspector<'a> {
    plan: &'a UpgradePlan,
    snapshot: &'a Snapshot,
    statements: Statements<'a>,
    asked: Asked<'a>,
    interview: &'a Interview<'a>,
    there: There,
    changes: Vec<Change<'a>>,
    relationships: Vec<Places<'a>>,
    lists: Vec<(String, &'a str)>,
    mirrored: Vec<(&'a Relationship, String)>,
}

#[derive(Default, Deserialize)]
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

fn session(interview: &Interview<'_>, statements: &Statements<'_>) -> Result<Session, String> {
    let query = format!(
        "SELECT current_database(), current_user, current_setting('server_version'), pg_is_in_recovery(),
    current_setting('default_transaction_read_only')::boolean,
    (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = {})",
        literal(statements.schema_name())
    );
    let columns = ["name", "user", "version", "is_standby", "is_read_only", "can_create"];
    row(interview, "session", &query, &columns)
}

impl Inspector<'_> {
    /// Those of the tables of lists, and of join tables under another locale, that are there.
    fn tables(&self) -> Result<HashSet<String>, String> {
        let lists = self.lists.iter().map(|(table, _)| &**table);
        let mirrored = self.mirrored.iter().map(|(_, table)| &**table);
        let tables: BTreeSet<&str> = lists.chain(mirrored).collect();
        if tables.is_empty() || self.asked.is_running {
            return Ok(HashSet::new());
        }
        let query = format!(
            "SELECT name FROM (VALUES\n{}\n  ) AS named (name) WHERE to_regclass(format('%I.%I', {}, name)) IS NOT NULL",
            values("    ", tables.into_iter().map(|table| [Cell::Text(table)])),
            literal(self.statements.schema_name())
        );
        let found: Vec<Named> = rows(self.interview, "tables", &query, &["tab"])?;
        Ok(found.into_iter().map(|it| it.tab).collect())
    }

    fn locked(&self) -> Result<Vec<Locked>, String> {
        if self.changes.is_empty() {
            return Ok(Vec::new());
        }
        let tables = preflight::touched(&self.changes).into_iter();
        let query = format!(
            "SELECT name, coalesce(pg_total_relation_size(oid), 0), relowner::regrole::text, pg_has_role(relowner, 'USAGE')
  FROM (VALUES
{}
  ) AS touched (name) JOIN pg_class ON oid = to_regclass(format('%I.%I', {}, name))
  ORDER BY name",
            values("    ", tables.map(|table| [Cell::Text(table)])),
            literal(self.statements.schema_name())
        );
        rows(self.interview, "locks", &query, &["tab", "bytes", "owner", "is_owned"])
    }

    fn related(&self) -> Result<Vec<Related>, String> {
        let meeting = self.meeting_places();
        let related = self.relationships.iter().map(|it| {
            let mut places = Vec::new();
            for (number, place) in it.places.iter().enumerate() {
                let count = self.count(it, number, place)?;
                places.push(Stored {
                    name: place.links.place.name().into_owned(),
                    owner: place.links.owner,
                    schema: place.schema,
                    is_kept: place.is_kept,
                    links: count.as_ref().map(|it| it.links),
                    targets: count.and_then(|it| it.targets),
                });
            }
            let mut related = Related {
                relationship: it.at,
                name: it.relationship.to_string(),
                kind: it.relationship.kind,
                state: self.there.state(it, &meeting),
                places,
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

    /// The links of a place, as far as it is there.
    fn count(
        &self,
        it: &Places<'_>,
        number: usize,
        place: &Place,
    ) -> Result<Option<Count>, String> {
        if !self.there.holds(&place.links.place) {
            return Ok(None);
        }
        // Only a column of a 1:1 can hold one item twice where it should not.
        let is_single = it.relationship.kind == Kind::TwoSidedOneToOne;
        let (columns, names): (_, &[&str]) = match is_single {
            true => ("count(*), count(DISTINCT other)", &["links", "targets"]),
            false => ("count(*)", &["links"]),
        };
        let links = self.statements.links(&place.links, place.links.owner);
        let query = format!("SELECT {columns} FROM ({links}) AS stored (own, other)");
        row(self.interview, &format!("links {} {number}", it.at), &query, names).map(Some)
    }

    /// How the two copies differ. A migration that runs checks that itself.
    fn disagreement(&self, it: &Places<'_>) -> Result<Option<Disagreement>, String> {
        let Some(copies) = self.there.comparable(it).filter(|_| !self.asked.is_running) else {
            return Ok(None);
        };
        let query = copies.comparison(&self.statements);
        let key = format!("agreement {}", it.at);
        let Compared { only_kept, only_dropped, examples } =
            row(self.interview, &key, &query, &agreement::COLUMNS)?;
        let examples = examples.unwrap_or_default();
        let found = Disagreement { only_kept, only_dropped, examples };
        Ok(Some(found).filter(|_| only_kept + only_dropped > 0))
    }

    /// What a migration that reconciles does to a relationship, where it does something.
    fn preview(&self, it: &Places<'_>, names: [&str; 2]) -> Result<Option<Reconciled>, String> {
        let (query, owner) = match self.asked.options.direction {
            _ if !self.asked.options.reconcile => return Ok(None),
            Direction::Up => match self.there.comparable(it) {
                Some(copies) => (reconcile::preview(&self.statements, copies), copies.kept.owner),
                None => return Ok(None),
            },
            Direction::Down => match self.there.homeless(it) {
                Some(table) => (reconcile::farewell(&self.statements, table), Owner::Left),
                None => return Ok(None),
            },
        };
        let key = format!("reconcile {}", it.at);
        let answer: reconcile::Answer = row(self.interview, &key, &query, &reconcile::COLUMNS)?;
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

    /// What stands in the way, as the migration itself would find.
    fn problems(
        &self,
        expected: &Check,
        troubles: &Troubles,
        tables: &HashSet<String>,
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
            problems.extend(self.missing_lists(tables, true));
        }
        // A migration that runs checks these itself.
        if !self.asked.is_running {
            let is_whole = troubles.get("missing").is_none_or(Option::is_none);
            let check = dependents::no_dependents(&self.statements, &self.changes);
            if let Some(check) = check.filter(|_| is_whole) {
                problems.extend(worst(&check, &self.troubles("dependents", &check)?));
            }
        }
        if self.asked.options.reconcile {
            return Ok(problems);
        }
        for it in self.relationships.iter().filter(|_| !self.asked.is_running) {
            let Some(table) = self.there.homeless(it) else { continue };
            let check = agreement::nothing_homeless(&self.statements, &[*table]);
            let troubles = self.troubles(&format!("homeless {}", it.at), &check)?;
            let found = worst(&check, &troubles);
            problems.extend(found.map(|found| found.about(it.at)));
        }
        problems.extend(relationships.iter().filter_map(disagreement));
        Ok(problems)
    }

    /// What a check has found, by the column of the trouble.
    fn troubles(&self, key: &str, check: &Check) -> Result<Troubles, String> {
        row(self.interview, key, &check.query, &check.columns())
    }

    /// The tables of lists that are not in the database, though nothing has to change on them: of lists with
    /// relationships, or of others.
    fn missing_lists(&self, there: &HashSet<String>, are_related: bool) -> Option<Finding> {
        // In a database without any of them that is said already.
        if self.asked.is_running || there.is_empty() {
            return None;
        }
        let relationships = self.relationships.iter().map(|it| it.relationship);
        let related: HashSet<&str> =
            relationships.flat_map(|it| [&*it.left.key, &*it.target_key]).collect();
        let missing = self.lists.iter().filter(|(table, list)| {
            !there.contains(table) && related.contains(list) == are_related
        });
        let names: Vec<String> =
            missing.map(|(table, list)| format!("{table} of the list {list}")).collect();
        let message = format!(
            "Not in the schema {}: the table {}. Does the Keystone that runs on this database give the list's table another name, or has the list never been in this database?",
            self.statements.schema_name(),
            names.join(", the table ")
        );
        (!names.is_empty()).then(|| Finding::new("MISSING", message))
    }

    /// Join tables of a process whose locale orders left and right the other way round.
    fn other_locale(&self, there: &HashSet<String>) -> Option<Finding> {
        let mirrored = self.mirrored.iter().filter(|(_, table)| there.contains(table));
        let found: Vec<_> =
            mirrored.map(|(it, table)| (*it, &**table, naming::new_join_table(it))).collect();
        let found: Vec<_> = found.iter().map(|(it, a, b)| (*it, *a, name::clip(b))).collect();
        locale::problem(self.snapshot, &found).map(|message| Finding::new("LOCALE", message))
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
                    "{}: in {} {many} links lead to an item that another one holds as well. {} gets back one of them for each item, the one with the highest id, so that the two sides will disagree.",
                    it.name, kept.name, dropped.name,
                );
                Finding::new("HELD_TWICE", message).about(it.relationship)
            })
        };
        relationships.iter().filter(|_| is_down).filter_map(held).collect()
    }

    /// What the migration would not be allowed to do.
    fn privileges(&self, session: &Session, locked: &[Locked]) -> Vec<Finding> {
        let Session { user, is_standby, is_read_only, can_create, .. } = session;
        let schema = self.statements.schema_name();
        let others = locked.iter().filter(|it| !it.is_owned);
        let others: Vec<String> =
            others.map(|it| format!("{} (owner {})", it.tab, it.owner)).collect();
        // To drop what one owns takes no more than that.
        let creates = self.changes.iter().any(|change| change.dropped().is_none());
        let standby =
            "This server is a standby, which is read only. Connect to the primary server.";
        let read_only = format!(
            "Transactions of the user {user} only read here (default_transaction_read_only). Run the migration as a user who may write."
        );
        let not_owner = format!(
            "The user {user} does not own the tables that have to change: {}. Run the migration as their owner.",
            others.join(", ")
        );
        let no_privilege = format!(
            "The user {user} may not create in the schema {schema}, which renaming takes as well. GRANT CREATE ON SCHEMA {schema} TO that user, or run the migration as another."
        );
        let problems = [
            (*is_standby, Finding::new("STANDBY", standby.to_owned())),
            (*is_read_only, Finding::new("READ_ONLY", read_only)),
            (!others.is_empty(), Finding::new("NOT_OWNER", not_owner)),
            (creates && *can_create == Some(false), Finding::new("NO_PRIVILEGE", no_privilege)),
        ];
        problems.into_iter().filter(|(applies, _)| *applies).map(|(_, it)| it).collect()
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
}

/// The answer to a query, whose columns get the given names: its rows, and none while it is not there.
fn rows<T: DeserializeOwned>(
    interview: &Interview<'_>,
    key: &str,
    query: &str,
    names: &[&str],
) -> Result<Vec<T>, String> {
    Ok(ask(interview, key, query, names)?.unwrap_or_default())
}

fn row<T: DeserializeOwned + Default>(
    interview: &Interview<'_>,
    key: &str,
    query: &str,
    names: &[&str],
) -> Result<T, String> {
    match ask::<T>(interview, key, query, names)? {
        None => Ok(T::default()),
        Some(mut rows) => rows.pop().ok_or_else(|| format!("the answer to {key}: no row")),
    }
}

fn ask<T: DeserializeOwned>(
    interview: &Interview<'_>,
    key: &str,
    query: &str,
    names: &[&str],
) -> Result<Option<Vec<T>>, String> {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let query = format!(
        "SELECT coalesce(json_agg(row_to_json(found)), '[]')::text AS answer FROM (\n  {query}\n) AS found ({})",
        names.join(", ")
    );
    interview.ask(key, Query::Sql(query))
}

/// The columns and tables that are in the database.
struct There {
    all: Tables,
    /// Those of which the rows may be read.
    ours: HashSet<(String, String)>,
}

impl There {
    fn ask(
        interview: &Interview<'_>,
        statements: &Statements<'_>,
        steps: &[Planned<TableStep>],
        unchanged: &[Links<TablePlace>],
        direction: Direction,
    ) -> Result<Self, String> {
        let mut places = plan::parts(steps);
        places.extend(unchanged.iter().flat_map(|links| plan::parts_of(&links.place)));
        let mut found: Vec<Found> = Vec::new();
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
                values("    ", places.into_iter().map(|(tab, col)| [tab, col].map(Cell::Text))),
                schema = literal(statements.schema_name()),
            );
            found = rows(interview, "places", &query, &["tab", "col", "is_there", "is_ours"])?;
        }
        let renames = steps.iter().filter_map(|planned| match &planned.step {
            TableStep::RenameJoinTable { from, to } => Some((&**from, &**to)),
            _ => None,
        });
        let renames: Vec<_> = renames.filter(|_| direction == Direction::Up).collect();
        let misnamed: Vec<Named> = match renames.is_empty() {
            true => Vec::new(),
            false => rows(interview, "names", &names::misnamed(statements, &renames), &["tab"])?,
        };
        let there = || found.iter().filter(|it| it.is_there);
        let part = |it: &Found| (it.tab.clone(), it.col.clone());
        Ok(There {
            all: Tables {
                parts: there().map(part).collect(),
                misnamed: misnamed.into_iter().map(|it| it.tab).collect(),
            },
            ours: there().filter(|it| it.is_ours).map(part).collect(),
        })
    }

    fn contains(&self, (table, column): (&str, &str)) -> bool {
        self.ours.contains(&(table.to_owned(), column.to_owned()))
    }

    fn holds(&self, place: &TablePlace) -> bool {
        plan::parts_of(place).into_iter().all(|part| self.contains(part))
    }

    /// Both copies of the old schema, where they are there.
    fn comparable<'a>(&self, it: &'a Places<'_>) -> Option<&'a Copies<'a>> {
        let are_there =
            |it: &&Copies<'_>| self.holds(&it.kept.place) && self.holds(&it.dropped.place);
        it.copies.as_ref().filter(are_there)
    }

    /// The join table that the old schema has no place for, where it is there.
    fn homeless<'a>(&self, it: &'a Places<'_>) -> Option<&'a Homeless<'a>> {
        it.homeless.as_ref().filter(|(_, table)| self.holds(&table.place()))
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

/// What a check has found that is wrong: the worst, unless that means that there is nothing to do.
fn worst(check: &Check, troubles: &Troubles) -> Option<Finding> {
    let found = check.troubles.iter().find_map(|trouble| {
        let what = troubles.get(trouble.column)?.as_deref()?;
        let message = fill(trouble.message, &[what]);
        Some(Finding::new(trouble.code, format!("{message}. {}", trouble.hint)))
    });
    found.filter(|it| it.code != preflight::DONE)
}

fn disagreement(related: &Related) -> Option<Finding> {
    let found = related.disagreement.as_ref()?;
    let message = agreement::message(
        &related.name,
        related.names(),
        [found.only_kept, found.only_dropped],
        &found.examples,
    );
    let message = format!("{message}. {}", agreement::HINT);
    Some(Finding::new("DISAGREEMENT", message).about(related.relationship))
}
