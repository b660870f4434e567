//! The script: a transaction around the statements, terminators and comments. Only here.

use std::borrow::Cow;

use serde::Serialize;

use super::statement::Statements;
use super::{check, dependents, names, preflight, reconcile};
use crate::comment::push_comment;
use crate::error::Problem;
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};
use crate::relationship::Relationship;
use crate::step::{JoinTable, Planned, TableStep};

/// How long the migration waits for other sessions before it gives up.
const LOCK_TIMEOUT: &str = "5s";

/// The migration of one adapter's database from the old schema to the new, or back, as a script for
/// `psql`. It is one transaction: after an error nothing has changed.
///
/// # Errors
/// As for [`statements`].
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    schema: &str,
    steps: &[Planned<TableStep>],
    options: Options,
) -> Result<String, Problem> {
    let steps = directed(steps, options.direction);
    types_are_known(&steps)?;
    let mut script = String::new();
    let mut comment = |text: &str| push_comment(&mut script, "--", text);
    header(&mut comment, plan, adapter, schema, options);
    if steps.is_empty() {
        comment("Nothing to do: the relationships are stored the same in both schemas.");
        return Ok(script);
    }
    comment("Take a backup first (pg_dump) and stop the application. Then run it whole:");
    comment("  psql -v ON_ERROR_STOP=1 -f <this file> <database>");
    comment("It is one transaction: it ends in the other schema, or with an error and no change.");
    comment(
        "Its settings end with it: how long it waits for locks, no limit of time for a statement, up to",
    );
    comment(
        "64 MB of memory for each sort, and an error where row-level security would hide rows.",
    );
    comment(&format!("squawk-ignore-file {}", inherent_rules(&steps).join(", ")));
    let mut last = None;
    for Section { title, statements, .. } in sections(plan, schema, &steps, options) {
        if last.as_ref() != Some(&title) {
            script.push('\n');
            if let Some(title) = &title {
                push_comment(&mut script, "--", title);
            }
            last = Some(title);
        }
        for sql in statements {
            script.extend([&sql, ";\n"]);
        }
    }
    Ok(script)
}

/// What a statement is there for. The migration has them in this order, but that changes and the
/// names that follow them take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Begins the transaction.
    Begin,
    /// Settings of the transaction.
    Setting,
    /// Locks all tables: from here on no other session changes them.
    Lock,
    /// Raises an error where something is not as it must be, and changes nothing.
    Check,
    /// Repairs two sides that disagree.
    Repair,
    /// Changes the schema.
    Change,
    /// Ends the transaction.
    Commit,
}

/// A statement of the migration, without a terminator.
#[derive(Debug, Clone, Serialize)]
pub struct Statement {
    /// What it is there for.
    pub role: Role,
    /// What it does, in words. Statements in a row that have one title belong together; those around
    /// the transaction have none.
    pub title: Option<String>,
    /// Index of the relationship that it is for, when it is for one alone.
    pub relationship: Option<usize>,
    /// The statement.
    pub sql: String,
}

/// The statements of the migration in order, which are those of the script: none when there is
/// nothing to do.
///
/// # Errors
/// [`Problem::InvalidSnapshot`] when the type of a column that it creates is not known.
pub fn statements(
    plan: &UpgradePlan,
    schema: &str,
    steps: &[Planned<TableStep>],
    options: Options,
) -> Result<Vec<Statement>, Problem> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let steps = directed(steps, options.direction);
    types_are_known(&steps)?;
    let statements = sections(plan, schema, &steps, options).flat_map(
        |Section { role, title, relationship, statements }| {
            statements.into_iter().map(move |sql| Statement {
                role,
                title: title.clone(),
                relationship,
                sql,
            })
        },
    );
    Ok(statements.collect())
}

/// The checks read whole tables: a limit set for the role's usual queries would end them.
const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";

/// The checks compare whole tables. With more memory than usual they sort them there, and not in files:
/// that takes two thirds of the time.
const MORE_MEMORY: &str = "\
DO $$
BEGIN
  PERFORM set_config('work_mem', '64MB', true)
  WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB');
END
$$";

/// Row-level security that hides rows from the checks is an error, not a filter.
const NO_FILTER: &str = "SET LOCAL row_security = off";

/// The steps as they are taken in a direction.
pub(super) fn directed(
    steps: &[Planned<TableStep>],
    direction: Direction,
) -> Cow<'_, [Planned<TableStep>]> {
    match direction {
        Direction::Up => Cow::Borrowed(steps),
        Direction::Down => steps.iter().rev().cloned().map(Planned::reverse).collect(),
    }
}

fn header(
    comment: &mut impl FnMut(&str),
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    schema: &str,
    options: Options,
) {
    let (from, to) = options.direction.schemas();
    comment(&format!(
        "{} {}: the relationships of Keystone 5 from {from} to {to} (Arcade)",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    ));
    comment(&format!(
        "Adapter {}, PostgreSQL schema {schema}. Order of left and right: locale {}.",
        adapter.name, plan.locale
    ));
    if options.reconcile {
        comment("Made with --reconcile: where the two stored sides disagree, it repairs them.");
    }
}

/// Statements under a comment, or without one.
struct Section {
    role: Role,
    title: Option<String>,
    relationship: Option<usize>,
    statements: Vec<String>,
}

impl Section {
    fn new(role: Role, title: impl Into<String>, statements: Vec<String>) -> Self {
        Section { role, title: Some(title.into()), relationship: None, statements }
    }

    fn untitled(role: Role, statement: impl Into<String>) -> Self {
        Section { role, title: None, relationship: None, statements: vec![statement.into()] }
    }

    /// It as one for a single relationship.
    fn of(self, relationship: usize) -> Self {
        Section { relationship: Some(relationship), ..self }
    }
}

/// The transaction with all that happens within it, in order, each part made when it is asked for.
fn sections<'a>(
    plan: &'a UpgradePlan,
    schema: &'a str,
    planned: &'a [Planned<TableStep>],
    options: Options,
) -> impl Iterator<Item = Section> {
    let statements = Statements::new(schema);
    let before = before(&statements, schema, planned, options.direction);
    let checks = planned.iter().filter_map({
        let statements = statements.clone();
        move |Planned { relationship, step }| {
            let name = &plan.relationships[*relationship];
            Some(data_check(&statements, step, name, options.reconcile)?.of(*relationship))
        }
    });
    let renamed: Vec<(&JoinTable, &JoinTable)> = planned
        .iter()
        .filter_map(|planned| match &planned.step {
            TableStep::RenameJoinTable { from, to } => Some((&**from, &**to)),
            _ => None,
        })
        .collect();
    let room = names::make_room(&statements, renamed.iter().copied());
    let room = (!room.is_empty()).then(|| {
        let title = "Indexes whose names tables are about to have";
        Section::new(Role::Change, title, room)
    });
    let mut waiting = renamed.len();
    let changes = planned.iter().flat_map(move |Planned { relationship: at, step }| {
        let relationship = &plan.relationships[*at];
        let kind = relationship.kind.heading().to_lowercase();
        let title = [&relationship.name(), " (", &kind, ")"].concat();
        let change = Section::new(Role::Change, title, statements.of(step)).of(*at);
        waiting -= usize::from(matches!(step, TableStep::RenameJoinTable { .. }));
        let is_last = matches!(step, TableStep::RenameJoinTable { .. }) && waiting == 0;
        // Before anything is created, which may use the names that have become free.
        let names = is_last.then(|| {
            Section::new(
                Role::Change,
                "Foreign keys, indexes and NOT NULL constraints follow the new names",
                vec![names::rename(&statements, schema, &renamed)],
            )
        });
        [Some(change), names].into_iter().flatten()
    });
    let commit = Section::untitled(Role::Commit, "COMMIT");
    before.into_iter().chain(checks).chain(room).chain(changes).chain([commit])
}

/// What comes before the data is looked at.
fn before(
    statements: &Statements<'_>,
    schema: &str,
    planned: &[Planned<TableStep>],
    direction: Direction,
) -> Vec<Section> {
    let steps: Vec<&TableStep> = planned.iter().map(|planned| &planned.step).collect();
    let (from, to) = direction.schemas();
    let mut sections = vec![
        // Each check must see what others have committed before it got the locks.
        Section::untitled(Role::Begin, "BEGIN ISOLATION LEVEL READ COMMITTED"),
        Section::untitled(Role::Setting, format!("SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")),
        Section::untitled(Role::Setting, NO_TIMEOUT),
        Section::untitled(Role::Setting, MORE_MEMORY),
        // A deferred trigger would wait in the way of the drops.
        Section::untitled(Role::Setting, "SET CONSTRAINTS ALL IMMEDIATE"),
        Section::untitled(Role::Setting, NO_FILTER),
        Section::new(
            Role::Lock,
            "No one else uses the tables meanwhile",
            vec![preflight::locks(statements, &steps)],
        ),
        Section::new(
            Role::Check,
            format!("What is there must be {from}"),
            vec![preflight::expectations(statements, &steps, schema, to)],
        ),
    ];
    if let Some(check) = dependents::none_left(statements, steps.into_iter()) {
        let title = "Nothing of yours goes with what is dropped";
        sections.push(Section::new(Role::Check, title, vec![check]));
    }
    sections
}

/// What makes sure, before anything changes, that what a step drops is kept elsewhere.
fn data_check(
    statements: &Statements<'_>,
    step: &TableStep,
    relationship: &Relationship,
    reconcile: bool,
) -> Option<Section> {
    let name = &relationship.name();
    match step {
        TableStep::DropColumn { copies, .. } | TableStep::DropJoinTable { copies, .. } => {
            Some(if reconcile {
                Section::new(
                    Role::Repair,
                    format!("Reconcile {name}: the kept side takes what only the other has"),
                    vec![reconcile::repair(statements, copies, name)],
                )
            } else {
                Section::new(
                    Role::Check,
                    ["Check ", name, ": both stored sides hold the same links"].concat(),
                    vec![check::agreement(statements, copies, name)],
                )
            })
        }
        TableStep::DiscardJoinTable { table } => Some(if reconcile {
            Section::new(
                Role::Check,
                format!("The links of {name} are lost: the old Keystone had no place for them"),
                vec![preflight::say_goodbye(statements, &table.name, name)],
            )
        } else {
            Section::new(
                Role::Check,
                format!("Check {name}: the old Keystone had no place for its links"),
                vec![preflight::is_empty(statements, &table.name, name)],
            )
        }),
        _ => None,
    }
}

/// The rules of the SQL linter squawk that the steps cannot keep, for the reasons of the job itself.
fn inherent_rules(steps: &[Planned<TableStep>]) -> Vec<&'static str> {
    let mut rules = vec!["renaming-table", "renaming-column", "ban-drop-table", "ban-drop-column"];
    let has = |matches: fn(&TableStep) -> bool| steps.iter().any(|planned| matches(&planned.step));
    if has(|step| {
        matches!(
            step,
            TableStep::CreateJoinTable { .. }
                | TableStep::RestoreJoinTable { .. }
                | TableStep::RestoreColumn { .. }
        )
    }) {
        // A foreign key has the type of the id that it refers to.
        rules.push("prefer-bigint-over-int");
    }
    if has(|step| matches!(step, TableStep::RestoreColumn { .. })) {
        // The column comes back filled, with all that it had, while the table is locked anyway.
        rules.extend([
            "require-concurrent-index-creation",
            "adding-foreign-key-constraint",
            "constraint-missing-not-valid",
            "adding-not-nullable-field",
            "disallowed-unique-constraint",
        ]);
    }
    rules
}

/// Columns that are created need types, which Node could not find out if it could not load knex.
fn types_are_known(steps: &[Planned<TableStep>]) -> Result<(), Problem> {
    let created = steps.iter().flat_map(|planned| match &planned.step {
        TableStep::CreateJoinTable { table } | TableStep::RestoreJoinTable { table, .. } => {
            table.columns().to_vec()
        }
        TableStep::RestoreColumn { column, .. } => vec![&**column],
        _ => Vec::new(),
    });
    match created.into_iter().find(|column| column.data_type.is_none()) {
        None => Ok(()),
        Some(column) => Err(Problem::InvalidSnapshot {
            place: Some(format!("list {}", column.references)),
            reason: format!(
                "has no foreignKeyType, which the column {} needs. Were @keystonejs/adapter-knex and its knex found from resolveFrom?",
                column.name
            ),
        }),
    }
}
