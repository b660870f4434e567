//! What a PostgreSQL database is asked before and after a migration. All of it is read only.

use std::collections::{BTreeSet, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::quote::literal;
use super::script::directed;
use super::statement::Statements;
use super::{check, dependents, preflight};
use crate::inspection::{
    Asked, Database, Disagreement, Finding, Findings, Inspected, Inspection, Query, Question,
    Related, State, Stored, Touched, Within,
};
use crate::plan::{AdapterPlan, Direction, UpgradePlan};
use crate::relationship::{Kind, Relationship, Side};
use crate::step::{Copies, Links, Owner, Planned, TablePlace, TableStep, by_relationship};

/// Asks for what is not among the answers yet, or says what the answers come to.
///
/// # Errors
/// The key of an answer that is none.
pub fn inspect(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    schema: &str,
    steps: &[Planned<TableStep>],
    asked: Asked<'_>,
) -> Result<Inspected, String> {
    let mut steps_of = by_relationship(steps);
    let relationships = plan
        .relationships_of(adapter)
        .map(|(at, it)| Places::new(at, it, &steps_of.remove(&at).unwrap_or_default()))
        .collect();
    let directed = directed(steps, asked.options.direction);
    let inspector = Inspector {
        adapter,
        schema,
        asked,
        steps: directed.iter().map(|planned| &planned.step).collect(),
        relationships,
        statements: Statements::new(schema),
    };
    inspector.inspect()
}

/// The places of a relationship in both schemas.
struct Places<'a> {
    at: usize,
    relationship: &'a Relationship,
    places: Vec<Place>,
    /// The two copies of the old schema.
    copies: Option<&'a Copies<TablePlace>>,
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
    /// From its steps of the way up.
    fn new(at: usize, relationship: &'a Relationship, steps: &[&'a TableStep]) -> Self {
        let left = |place| Links { owner: Owner::Left, place };
        let mut places = Vec::new();
        let copies = steps.iter().find_map(|step| step.copies());
        let renamed = steps.iter().any(|step| matches!(step, TableStep::RenameJoinTable { .. }));
        if let Some(Copies { kept, dropped }) = copies {
            let schema = if renamed { Within::Old } else { Within::Both };
            places.push(Place { links: kept.clone(), schema, is_kept: true });
            places.push(Place { links: dropped.clone(), schema: Within::Old, is_kept: false });
        }
        for step in steps {
            match step {
                TableStep::RenameJoinTable { from, to } => {
                    if copies.is_none() {
                        let links = left(from.place());
                        places.push(Place { links, schema: Within::Old, is_kept: true });
                    }
                    let links = left(to.place());
                    places.push(Place { links, schema: Within::New, is_kept: true });
                }
                TableStep::CreateJoinTable { table } => {
                    let links = left(table.place());
                    places.push(Place { links, schema: Within::New, is_kept: true });
                }
                _ => {}
            }
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
    adapter: &'a AdapterPlan,
    schema: &'a str,
    asked: Asked<'a>,
    /// In the direction of the script.
    steps: Vec<&'a TableStep>,
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
struct Expected {
    missing: Option<String>,
    taken: Option<String>,
    is_done: bool,
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

#[derive(Deserialize)]
struct Vanishing {
    vanishing: Option<String>,
}

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
        let expected = self.expected()?;
        let questions = open(self.contents(&there, &expected));
        if !questions.is_empty() {
            return Ok(Inspected::Questions(questions));
        }
        Ok(Inspected::Inspection(Box::new(self.conclude(&there, &expected)?)))
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
            let rows: Vec<String> = places
                .into_iter()
                .map(|(table, column)| {
                    let qualified = literal(&self.statements.qualified(table));
                    format!("({}, {qualified}, {})", literal(table), literal(column))
                })
                .collect();
            let query = format!(
                "SELECT tab, col, CASE col WHEN '' THEN to_regclass(qualified) IS NOT NULL
      ELSE EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass(qualified) AND attname = col AND NOT attisdropped
      ) END
  FROM (VALUES
    {}
  ) AS place (tab, qualified, col)",
                rows.join(",\n    ")
            );
            questions.push(question("places", &query, &["tab", "col", "is_there"]));
        }
        if !self.steps.is_empty() {
            let query = preflight::expected(&self.statements, &self.steps, "").concat();
            questions.push(question("expected", &query, &["missing", "taken", "is_done"]));
            let tables: Vec<String> = preflight::touched(&self.steps)
                .into_iter()
                .map(|table| {
                    let qualified = literal(&self.statements.qualified(table));
                    format!("({}, to_regclass({qualified}))", literal(table))
                })
                .collect();
            let query = format!(
                "SELECT name, pg_total_relation_size(oid), relowner::regrole::text, pg_has_role(relowner, 'USAGE')
  FROM (VALUES
    {}
  ) AS touched (name, tab) JOIN pg_class ON oid = tab
  ORDER BY name",
                tables.join(",\n    ")
            );
            questions.push(question("locks", &query, &["tab", "bytes", "owner", "is_owned"]));
        }
        questions
    }

    /// What the tables hold, as far as they are there.
    fn contents(&self, there: &There, expected: &Expected) -> Vec<Question> {
        let mut questions = Vec::new();
        for it in &self.relationships {
            let counted = it.places.iter().enumerate().filter(|(_, place)| there.has(place));
            for (number, place) in counted {
                // Only a column of a 1:1 can hold one item twice where it should not.
                let is_single = it.relationship.kind == Kind::TwoSidedOneToOne;
                let links =
                    self.statements.links(&place.links, place.links.owner, ["own", "other"]);
                let (columns, names): (_, &[&str]) = if is_single {
                    ("count(*), count(DISTINCT other)", &["links", "targets"])
                } else {
                    ("count(*)", &["links"])
                };
                let query = format!("SELECT {columns} FROM ({links}) AS stored");
                questions.push(question(&links_key(it.at, number), &query, names));
            }
            if let Some(copies) = it.copies.filter(|_| self.compares(it, there)) {
                let query = check::disagreement(&self.statements, copies, "");
                let names = ["only_kept", "only_dropped", "examples"];
                questions.push(question(&agreement_key(it.at), &query, &names));
            }
        }
        if expected.missing.is_none()
            && !self.asked.is_running
            && let Some(query) =
                dependents::vanishing(&self.statements, self.steps.iter().copied(), "")
        {
            questions.push(question("vanishing", &query, &["vanishing"]));
        }
        questions
    }

    /// Whether to compare the copies of a relationship. The check of a migration that runs does, but
    /// with a repair the difference explains what comes of it.
    fn compares(&self, it: &Places<'_>, there: &There) -> bool {
        let is_asked = !self.asked.is_running || self.asked.options.reconcile;
        is_asked && there.are_comparable(it)
    }

    fn conclude(&self, there: &There, expected: &Expected) -> Result<Inspection, String> {
        let session: Session = self.row("session")?;
        let moves = self.meeting_places();
        let relationships = self
            .relationships
            .iter()
            .map(|it| self.related(it, there, &moves))
            .collect::<Result<Vec<_>, _>>()?;
        let locked: Vec<Locked> = self.rows("locks")?;
        let warnings = self.held_twice(&relationships);
        let mut problems = self.problems(expected, &relationships)?;
        problems.extend(self.privileges(&session, &locked));
        let drops = self.steps.iter().copied().filter_map(dropped).collect();
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
            is_done: expected.is_done,
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
        let compared: Option<Compared> = match it.copies {
            Some(_) if self.compares(it, there) => Some(self.row(&agreement_key(it.at))?),
            _ => None,
        };
        let disagreement =
            compared.filter(|it| it.only_kept + it.only_dropped > 0).map(|it| Disagreement {
                only_kept: it.only_kept,
                only_dropped: it.only_dropped,
                examples: it.examples.unwrap_or_default(),
            });
        Ok(Related {
            relationship: it.at,
            name: it.relationship.to_string(),
            kind: it.relationship.kind,
            state: there.state(it, moves),
            places,
            disagreement,
            expected: None,
        })
    }

    /// What stands in the way, as the migration itself would find.
    fn problems(
        &self,
        expected: &Expected,
        relationships: &[Related],
    ) -> Result<Vec<Finding>, String> {
        let mut problems = Vec::new();
        let mut add = |code: &str, message: String| problems.push(finding(code, message));
        if let Some(missing) = &expected.missing {
            let advice = preflight::missing(self.schema);
            let names = |wanted: State| {
                let those = relationships.iter().filter(|it| it.state == wanted);
                those.map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")
            };
            let (old, new) = (names(State::Old), names(State::New));
            let parts = if old.is_empty() || new.is_empty() {
                String::new()
            } else {
                format!(" In the old schema are {old}; in the new schema {new}.")
            };
            add("MISSING", format!("Not in the database: {missing}.{parts} {advice}"));
        } else if let Some(taken) = &expected.taken {
            add(
                "NAME_TAKEN",
                format!(
                    "Already in the database, where the migration would put its own: {taken}. {}",
                    preflight::TAKEN
                ),
            );
        }
        if let Some(vanishing) =
            self.rows::<Vanishing>("vanishing")?.pop().and_then(|it| it.vanishing)
        {
            add(
                "DEPENDENTS",
                format!(
                    "This depends on the tables and columns that are dropped, and Keystone does not make it: {vanishing}. {}",
                    dependents::VANISHING
                ),
            );
        }
        if self.asked.options.direction == Direction::Down && !self.asked.options.reconcile {
            for it in relationships.iter().filter(|it| is_discarded(it)) {
                let links = it.places.iter().filter_map(|place| place.links).sum::<u64>();
                if links > 0 {
                    problems.push(Finding {
                        relationship: Some(it.relationship),
                        ..finding(
                            "NO_OLD_PLACE",
                            format!(
                                "{}: {} holds {links} links, for which the old schema has no place. Keep them elsewhere and empty the table, or make the way back with --reconcile, which drops them.",
                                it.name, it.places[0].name
                            ),
                        )
                    });
                }
            }
        }
        Ok(problems)
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

    fn expected(&self) -> Result<Expected, String> {
        if self.steps.is_empty() {
            return Ok(Expected { missing: None, taken: None, is_done: true });
        }
        self.row("expected")
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

/// Lists related to themselves, which the old Keystone could not have.
fn is_discarded(related: &Related) -> bool {
    related.places.iter().all(|place| place.schema == Within::New)
}

fn dropped(step: &TableStep) -> Option<String> {
    match step {
        TableStep::DropColumn { table, column, .. } => Some(format!("{table}.{}", column.name)),
        TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
            Some(table.name.to_string())
        }
        _ => None,
    }
}
