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
use super::{dependents, preflight, reconcile};
use crate::inspection::{
    Asked, Database, Disagreement, Finding, Findings, Inspected, Inspection, Query, Question,
    Related, State, Stored, Touched, Within,
};
use crate::name;
use crate::naming;
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};
use crate::relationship::{Kind, Relationship, Side};
use crate::snapshot::Snapshot;
use crate::step::{Links, Owner, Planned, TablePlace, TableStep};

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
    let up = changes(steps, Direction::Up);
    let relationships = plan
        .relationships_of(adapter)
        .map(|(at, it)| {
            let own = up.iter().filter(|change| change.relationship == at);
            Places::new(at, it, &own.copied().collect::<Vec<_>>(), plan)
        })
        .collect();
    let changes = changes(steps, asked.options.direction);
    let statements = Statements::new(schema);
    let inspector = Inspector {
        plan,
        snapshot,
        adapter,
        schema,
        asked,
        expected: preflight::expected_schema(&statements, &changes, asked.options.direction),
        no_dependents: dependents::no_dependents(&statements, &changes),
        changes,
        relationships,
        statements,
    };
    inspector.inspect()
}

/// The places of a relationship in both schemas.
struct Places<'a> {
    at: usize,
    relationship: &'a Relationship,
    places: Vec<Place>,
    /// The two copies of the old schema.
    copies: Option<Copies<'a>>,
    is_changed: bool,
}

struct Place {
    links: Links<TablePlace>,
    schema: Within,
    is_kept: bool,
}

impl Place {
    /// What it consists of: columns, and with no column, a table.
    fn parts(&self) -> Vec<(&str, &str)> {
        match &self.links.place {
            TablePlace::Column { table, column } => vec![(table, column)],
            TablePlace::JoinTable { table, near, far } => {
                vec![(table, ""), (table, near), (table, far)]
            }
        }
    }
}

impl<'a> Places<'a> {
    /// From its changes on the way up.
    fn new(
        at: usize,
        relationship: &'a Relationship,
        changes: &[Change<'a>],
        plan: &'a UpgradePlan,
    ) -> Self {
        let left = |place| Links { owner: Owner::Left, place };
        let mut places = Vec::new();
        let copies = changes.iter().find_map(|change| Copies::of(change, &plan.relationships));
        let renamed = changes.iter().any(|it| it.from().is_some() && it.to().is_some());
        if let Some(Copies { kept, dropped, .. }) = &copies {
            let schema = if renamed { Within::Old } else { Within::Both };
            places.push(Place { links: (*kept).clone(), schema, is_kept: true });
            places.push(Place { links: dropped.clone(), schema: Within::Old, is_kept: false });
        }
        for change in changes {
            let Some(to) = change.to() else { continue };
            if let (Some(from), None) = (change.from(), &copies) {
                places.push(Place {
                    links: left(from.place()),
                    schema: Within::Old,
                    is_kept: true,
                });
            }
            places.push(Place { links: left(to.place()), schema: Within::New, is_kept: true });
        }
        let is_changed = !places.is_empty();
        if !is_changed {
            let links = unchanged(relationship);
            places.push(Place { links, schema: Within::Both, is_kept: true });
        }
        Places { at, relationship, places, copies, is_changed }
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

impl Inspector<'_> {
    fn inspect(self) -> Result<Inspected, String> {
        let open = |questions: Vec<Question>| -> Vec<Question> {
            let is_open = |it: &Question| !self.asked.answers.contains_key(&it.key);
            questions.into_iter().filter(is_open).collect()
        };
        let questions = open(self.catalogue());
        if !questions.is_empty() {
            return Ok(Inspected::Questions(questions));
        }
        let there = self.there()?;
        let questions = open(self.contents(&there)?);
        if !questions.is_empty() {
            return Ok(Inspected::Questions(questions));
        }
        Ok(Inspected::Inspection(Box::new(self.conclude(&there)?)))
    }

    /// What the catalogue knows.
    fn catalogue(&self) -> Vec<Question> {
        let schema = literal(self.schema);
        let mut questions = vec![question(
            "session",
            &format!(
                "SELECT current_database(), current_user, current_setting('server_version'), pg_is_in_recovery(),
    current_setting('default_transaction_read_only')::boolean,
    (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = {schema})"
            ),
            &["name", "user", "version", "is_standby", "is_read_only", "can_create"],
        )];
        let places: BTreeSet<(&str, &str)> =
            self.relationships.iter().flat_map(|it| &it.places).flat_map(Place::parts).collect();
        if !places.is_empty() {
            let rows = places.into_iter().map(|place| place.into());
            let rows: Vec<[&str; 2]> = rows.collect();
            // Of a view, or a table of someone else's, not even the rows are counted: that could run code.
            let query = format!(
                "WITH place (tab, col) AS (VALUES
{}
  ), owned AS (
    SELECT name, pg_class.oid, relowner, rolsuper OR rolname = current_user AS is_trusted
    FROM (SELECT DISTINCT tab FROM place) AS named (name)
      JOIN pg_class ON pg_class.oid = to_regclass(format('%I.%I', {schema}, name))
      JOIN pg_roles ON pg_roles.oid = relowner
    WHERE relkind IN ('r', 'p')
  ), tables AS (
    SELECT name, oid FROM owned
    WHERE is_trusted OR relowner = (SELECT mode() WITHIN GROUP (ORDER BY relowner) FROM owned)
  )
  SELECT tab, col, tables.oid IS NOT NULL AND (col = '' OR EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = tables.oid AND attname = col AND NOT attisdropped
  ))
  FROM place LEFT JOIN tables ON name = tab",
                values("    ", rows.into_iter().map(|row| row.map(Cell::Text)))
            );
            questions.push(question("places", &query, &["tab", "col", "is_there"]));
        }
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
        if !self.changes.is_empty() {
            questions.push(check_question("expected", &self.expected));
            let tables = preflight::touched(&self.changes).into_iter();
            let query = format!(
                "SELECT name, coalesce(pg_total_relation_size(oid), 0), relowner::regrole::text, pg_has_role(relowner, 'USAGE')
  FROM (VALUES
{}
  ) AS touched (name) JOIN pg_class ON oid = to_regclass(format('%I.%I', {schema}, name))
  ORDER BY name",
                values("    ", tables.map(|table| [Cell::Text(table)]))
            );
            questions.push(question("locks", &query, &["tab", "bytes", "owner", "is_owned"]));
        }
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
        let relationships = self.relationships.iter().map(|it| it.relationship);
        let named = |it| Some((it, name::clip(&naming::mirrored_join_table(it)?).to_owned()));
        relationships.filter_map(named).collect()
    }

    /// What the tables hold, as far as they are there.
    fn contents(&self, there: &There) -> Result<Vec<Question>, String> {
        let mut questions = Vec::new();
        for it in &self.relationships {
            let counted = it.places.iter().enumerate().filter(|(_, place)| there.has(place));
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
            if let Some(copies) = it.copies.as_ref().filter(|_| self.compares(it, there)) {
                let query = copies.comparison(&self.statements);
                questions.push(question(&agreement_key(it.at), &query, &agreement::COLUMNS));
            }
            if let Some(query) = self.preview(it, there) {
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
        for (at, check) in self.homeless_checks(there) {
            questions.push(check_question(&homeless_key(at), &check));
        }
        Ok(questions)
    }

    /// The join tables that are in the database and that the old schema has no place for, by the indexes of
    /// their relationships.
    fn homeless(&self, there: &There) -> Vec<(usize, Homeless<'_>)> {
        let is_there = |(_, item): &Homeless<'_>| {
            let mut parts = item.column_names().into_iter();
            parts.all(|column| there.contains((item.table(), column)))
        };
        let tables = self.changes.iter().filter_map(|change| {
            let table = agreement::homeless(change, &self.plan.relationships).filter(is_there)?;
            Some((change.relationship, table))
        });
        tables.collect()
    }

    /// The checks of their links, by the indexes of their relationships.
    fn homeless_checks(&self, there: &There) -> Vec<(usize, Check)> {
        if self.asked.options.reconcile {
            return Vec::new();
        }
        let checks = self.homeless(there).into_iter();
        checks
            .map(|(at, table)| (at, agreement::nothing_homeless(&self.statements, &[table])))
            .collect()
    }

    /// Whether to compare the copies of a relationship. A migration that runs checks that itself.
    fn compares(&self, it: &Places<'_>, there: &There) -> bool {
        !self.asked.is_running && there.are_comparable(it)
    }

    /// The query for what a migration that reconciles does to a relationship.
    fn preview(&self, it: &Places<'_>, there: &There) -> Option<String> {
        let Options { direction, reconcile, .. } = self.asked.options;
        match direction {
            _ if !reconcile => None,
            Direction::Up => {
                let copies = it.copies.as_ref().filter(|_| there.are_comparable(it))?;
                Some(reconcile::preview(&self.statements, copies))
            }
            Direction::Down => {
                let tables = self.homeless(there).into_iter();
                let table = tables.filter(|(at, _)| *at == it.at).map(|(_, table)| table).next()?;
                Some(reconcile::farewell(&self.statements, &table))
            }
        }
    }

    fn conclude(&self, there: &There) -> Result<Inspection, String> {
        let session: Session = self.row("session")?;
        let moves = self.meeting_places();
        let relationships = self
            .relationships
            .iter()
            .map(|it| self.related(it, there, &moves))
            .collect::<Result<Vec<_>, _>>()?;
        let locked: Vec<Locked> = self.rows("locks")?;
        let mut warnings = self.held_twice(&relationships);
        warnings.extend(relationships.iter().filter_map(|it| self.repaired(it)));
        warnings.extend(self.missing_lists(false)?);
        let mut problems = self.problems(there, &relationships)?;
        problems.extend(self.privileges(&session, &locked));
        let dropped = self.changes.iter().filter_map(Change::dropped);
        let drops = dropped.map(|item| item.to_string()).collect();
        let troubles = self.troubles("expected")?;
        let is_done = self.changes.is_empty() || troubles.get("done").is_some_and(Option::is_some);
        Ok(Inspection::new(Findings {
            adapter: self.adapter.name.clone(),
            engine: "postgresql",
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
        }))
    }

    fn related(
        &self,
        it: &Places<'_>,
        there: &There,
        moves: &HashSet<(&str, &str)>,
    ) -> Result<Related, String> {
        let mut places = Vec::new();
        for (number, place) in it.places.iter().enumerate() {
            let count: Option<Count> = match there.has(place) {
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
            Some(_) if self.compares(it, there) => Some(self.row(&agreement_key(it.at))?),
            _ => None,
        };
        let disagreement =
            compared.filter(|it| it.only_kept + it.only_dropped > 0).map(|it| Disagreement {
                only_kept: it.only_kept,
                only_dropped: it.only_dropped,
                examples: it.examples.unwrap_or_default(),
            });
        let reconcile = match self.preview(it, there) {
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
            state: there.state(it, moves),
            places,
            disagreement,
            reconcile,
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
    fn problems(&self, there: &There, relationships: &[Related]) -> Result<Vec<Finding>, String> {
        let mut problems: Vec<Finding> = self.other_locale()?.into_iter().collect();
        problems.extend(self.found("expected", &self.expected)?);
        for problem in problems.iter_mut().filter(|it| it.code == "MISSING") {
            let names = |wanted: State| {
                let those = relationships.iter().filter(|it| it.state == wanted);
                those.map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
            };
            let (old, new) = (names(State::Old), names(State::New));
            if !old.is_empty() && !new.is_empty() {
                problem.message += &format!(" In the old schema: {old}. In the new schema: {new}.");
            }
        }
        if !problems.iter().any(|it| it.code == "MISSING") {
            problems.extend(self.missing_lists(true)?);
        }
        if let Some(check) = &self.no_dependents {
            problems.extend(self.found("dependents", check)?);
        }
        for (at, check) in self.homeless_checks(there) {
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
        let found: Vec<_> =
            mirrored.filter(|(_, table)| there.iter().any(|it| it.tab == *table)).collect();
        // Those that turn round all of them. The first is the most likely.
        let orders = self.snapshot.orders.iter();
        let turning = orders.filter(|order| found.iter().all(|(it, _)| it.is_mirrored(order)));
        let locales: Vec<&str> = turning.map(|order| &*order.locale).take(3).collect();
        let names: Vec<String> = found
            .iter()
            .map(|(it, table)| format!("{table} in place of {}", naming::new_join_table(it)))
            .collect();
        let message = format!(
            "The new schema in this database was made under another locale than {}, that of this process: it has {}. {}",
            self.plan.locale,
            names.join(", "),
            match locales.is_empty() {
                true => "Set LC_ALL to the locale that your server ran in.".to_owned(),
                false => format!(
                    "So it is under {0}: set LC_ALL to that, here and for your server.",
                    locales.join(" or ")
                ),
            }
        );
        Ok((!names.is_empty()).then(|| finding("LOCALE", message)))
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

    fn there(&self) -> Result<There, String> {
        let found: Vec<Found> = self.rows("places")?;
        let columns = found.into_iter().filter(|it| it.is_there);
        Ok(There(columns.map(|it| (it.tab, it.col)).collect()))
    }

    /// The rows of an answer; none where there was no question.
    fn rows<T: DeserializeOwned>(&self, key: &str) -> Result<Vec<T>, String> {
        match self.asked.answers.get(key) {
            None => Ok(Vec::new()),
            Some(answer) => {
                Vec::deserialize(answer).map_err(|error| format!("the answer to {key}: {error}"))
            }
        }
    }

    fn row<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        self.rows(key)?.pop().ok_or_else(|| format!("the answer to {key}: no row"))
    }
}

/// The columns and tables that are in the database.
struct There(HashSet<(String, String)>);

impl There {
    fn contains(&self, (table, column): (&str, &str)) -> bool {
        self.0.contains(&(table.to_owned(), column.to_owned()))
    }

    fn has(&self, place: &Place) -> bool {
        place.parts().into_iter().all(|part| self.contains(part))
    }

    /// Whether both copies of the old schema are there.
    fn are_comparable(&self, it: &Places<'_>) -> bool {
        it.copies.is_some()
            && it.places.iter().filter(|it| it.schema != Within::New).all(|it| self.has(it))
    }

    fn state(&self, it: &Places<'_>, moves: &HashSet<(&str, &str)>) -> State {
        if !it.is_changed {
            return State::Unchanged;
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
