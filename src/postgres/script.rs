//! The script: a transaction around the statements, terminators and comments. Only here.

use std::borrow::Cow;

use serde::Serialize;

use super::statement::Statements;
use super::{check, dependents, names, preflight, reconcile};
use crate::error::Problem;
use crate::plan::{AdapterPlan, Direction, Script, UpgradePlan};
use crate::step::{Planned, TableStep};

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
    script: Script,
) -> Result<String, Problem> {
    let statements = statements(plan, schema, steps, script)?;
    let length: usize = statements.iter().map(|statement| statement.sql.len() + 100).sum();
    let mut text = Text(String::with_capacity(length));
    header(&mut text, plan, adapter, schema, script);
    if statements.is_empty() {
        text.comment("Nothing to do: the relationships are stored the same in both schemas.");
        return Ok(text.0);
    }
    text.comment("Take a backup first (pg_dump) and stop the application. Then run it whole:");
    text.comment("  psql -v ON_ERROR_STOP=1 -f <this file> <database>");
    text.comment(
        "It is one transaction: it ends in the other schema, or with an error and no change.",
    );
    let rules = inherent_rules(&directed(steps, script.direction));
    text.comment(&format!("squawk-ignore-file {}", rules.join(", ")));
    let mut title = None;
    for statement in statements {
        if title.as_ref() != Some(&statement.title) {
            text.blank();
            if let Some(title) = &statement.title {
                text.comment(title);
            }
            title = Some(statement.title);
        }
        text.statement(&statement.sql);
    }
    Ok(text.0)
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
    script: Script,
) -> Result<Vec<Statement>, Problem> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let steps = directed(steps, script.direction);
    types_are_known(&steps)?;
    let untitled = |role, sql: String| Statement { role, title: None, relationship: None, sql };
    let mut statements = vec![
        // Each check must see what others have committed before it got the locks.
        untitled(Role::Begin, "BEGIN ISOLATION LEVEL READ COMMITTED".to_owned()),
        untitled(Role::Setting, format!("SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")),
    ];
    // A deferred trigger would wait in the way of the drops.
    let settings = [NO_TIMEOUT, "SET CONSTRAINTS ALL IMMEDIATE", NO_FILTER];
    statements.extend(settings.map(|sql| untitled(Role::Setting, sql.to_owned())));
    for Section { role, title, relationship, statements: sql } in
        sections(plan, schema, &steps, script)
    {
        statements.extend(sql.into_iter().map(|sql| Statement {
            role,
            title: Some(title.clone()),
            relationship,
            sql,
        }));
    }
    statements.push(untitled(Role::Commit, "COMMIT".to_owned()));
    Ok(statements)
}

/// The checks read whole tables: a limit set for the role's usual queries would end them.
const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";

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
    text: &mut Text,
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    schema: &str,
    script: Script,
) {
    let (from, to) = script.direction.schemas();
    text.comment(&format!(
        "{} {}: the relationships of Keystone 5 from {from} to {to} (Arcade)",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    ));
    text.comment(&format!(
        "Adapter {}, PostgreSQL schema {schema}. Order of left and right: locale {}.",
        adapter.name, plan.locale
    ));
    if script.reconcile {
        text.comment(
            "Made with --reconcile: where the two stored sides disagree, it repairs them.",
        );
    }
}

/// Statements under a comment.
struct Section {
    role: Role,
    title: String,
    relationship: Option<usize>,
    statements: Vec<String>,
}

impl Section {
    fn new(role: Role, title: impl Into<String>, statements: Vec<String>) -> Self {
        Section { role, title: title.into(), relationship: None, statements }
    }

    /// It as one for a single relationship.
    fn of(self, relationship: usize) -> Self {
        Section { relationship: Some(relationship), ..self }
    }
}

/// All that happens within the transaction, in order.
fn sections(
    plan: &UpgradePlan,
    schema: &str,
    planned: &[Planned<TableStep>],
    script: Script,
) -> Vec<Section> {
    let statements = Statements::new(schema);
    let steps: Vec<&TableStep> = planned.iter().map(|planned| &planned.step).collect();
    let (from, to) = script.direction.schemas();
    let mut sections = vec![
        Section::new(
            Role::Lock,
            "No one else uses the tables meanwhile",
            vec![preflight::locks(&statements, &steps)],
        ),
        Section::new(
            Role::Check,
            format!("What is there must be {from}"),
            vec![preflight::expectations(&statements, &steps, schema, to)],
        ),
    ];
    if let Some(check) = dependents::none_left(&statements, steps.iter().copied()) {
        let title = "Nothing of yours goes with what is dropped";
        sections.push(Section::new(Role::Check, title, vec![check]));
    }
    for Planned { relationship, step } in planned {
        let name = plan.relationships[*relationship].to_string();
        let section = match step {
            TableStep::DropColumn { copies, .. } | TableStep::DropJoinTable { copies, .. } => {
                if script.reconcile {
                    Section::new(
                        Role::Repair,
                        format!("Reconcile {name}: the kept side takes what only the other has"),
                        vec![reconcile::repair(&statements, copies, &name)],
                    )
                } else {
                    Section::new(
                        Role::Check,
                        format!("Check {name}: both stored sides hold the same links"),
                        vec![check::agreement(&statements, copies, &name)],
                    )
                }
            }
            TableStep::DiscardJoinTable { table } => {
                if script.reconcile {
                    Section::new(
                        Role::Check,
                        format!(
                            "The links of {name} are lost: the old Keystone had no place for them"
                        ),
                        vec![preflight::say_goodbye(&statements, &table.name, &name)],
                    )
                } else {
                    Section::new(
                        Role::Check,
                        format!("Check {name}: the old Keystone had no place for its links"),
                        vec![preflight::is_empty(&statements, &table.name, &name)],
                    )
                }
            }
            _ => continue,
        };
        sections.push(section.of(*relationship));
    }
    let renamed = steps.iter().filter_map(|step| match *step {
        TableStep::RenameJoinTable { from, to } => Some((from, to)),
        _ => None,
    });
    let room = names::make_room(&statements, renamed.clone());
    if !room.is_empty() {
        let title = "Indexes whose names tables are about to have";
        sections.push(Section::new(Role::Change, title, room));
    }
    let mut waiting = renamed.clone().count();
    for Planned { relationship: at, step } in planned {
        let relationship = &plan.relationships[*at];
        let title = format!("{relationship} ({})", relationship.kind.heading().to_lowercase());
        sections.push(Section::new(Role::Change, title, statements.of(step)).of(*at));
        if matches!(step, TableStep::RenameJoinTable { .. }) {
            waiting -= 1;
            // Before anything is created, which may use the names that have become free.
            if waiting == 0 {
                sections.push(Section::new(
                    Role::Change,
                    "Foreign keys, indexes and NOT NULL constraints follow the new names",
                    vec![names::rename(&statements, schema, renamed.clone())],
                ));
            }
        }
    }
    sections
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
        TableStep::RestoreColumn { column, .. } => vec![column],
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

/// The text of a script.
#[derive(Default)]
struct Text(String);

impl Text {
    /// A line of comment. Line breaks in a name would end the comment, so they become spaces.
    fn comment(&mut self, text: &str) {
        self.0.push_str("-- ");
        self.0.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        self.0.push('\n');
    }

    fn statement(&mut self, sql: &str) {
        self.0.push_str(sql);
        self.0.push_str(";\n");
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Engine;
    use crate::testing::{FieldSpec, GUIDE, project};

    fn script(lists: &[(&str, &[FieldSpec<'_>])], options: Script) -> String {
        let plan = UpgradePlan::new(&project("knex", lists)).unwrap();
        let part = &plan.adapters[0];
        let Engine::PostgreSql { schema_name, steps } = &part.engine else { panic!("knex") };
        let script = migration(&plan, part, schema_name, steps, options).unwrap();
        script.replace(env!("CARGO_PKG_VERSION"), "<version>")
    }

    const UP: Script = Script { direction: Direction::Up, reconcile: false };
    const DOWN: Script = Script { direction: Direction::Down, reconcile: false };

    #[test]
    fn migrates_the_guide_s_example() {
        insta::assert_snapshot!(script(GUIDE, UP));
    }

    #[test]
    fn reconciles_the_guide_s_example() {
        insta::assert_snapshot!(script(GUIDE, Script { reconcile: true, ..UP }));
    }

    #[test]
    fn takes_the_guide_s_example_back() {
        insta::assert_snapshot!(script(GUIDE, DOWN));
    }

    #[test]
    fn has_no_old_place_for_a_list_related_to_itself() {
        let lists: &[(&str, &[FieldSpec<'_>])] = &[("User", &[("friends", "User", true)])];
        insta::assert_snapshot!(script(lists, DOWN));
    }

    #[test]
    fn is_a_remark_when_there_is_nothing_to_do() {
        insta::assert_snapshot!(script(&[("Post", &[("author", "Post", false)])], UP));
    }
}
