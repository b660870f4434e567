//! The script: a transaction around the statements, terminators and comments. Only here.

use serde::Serialize;

use super::agreement::{self, Copies};
use super::change::{Action, Change, Item, changes};
use super::quote::block;
use super::statement::Statements;
use super::{dependents, names, ownership, preflight, reconcile};
use crate::comment::push_comment;
use crate::error::Problem;
use crate::plan::{AdapterPlan, Direction, Options, TablePlan, UpgradePlan};
use crate::step::ForeignKeyColumn;

/// The migration of one adapter's database from the old schema to the new, or back, as a script for
/// `psql`. It is one transaction: after an error nothing has changed.
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    tables: &TablePlan,
    options: Options,
) -> Result<String, Problem> {
    let all = statements(plan, tables, options)?;
    let changes = changes(&tables.steps, options.direction);
    let mut text = header(plan, adapter, &tables.schema_name, &changes, options);
    // Statements of one line need no more than their comments between them.
    let is_short = |section: &[Statement]| {
        section.iter().all(|it| it.role == Role::Change && !it.sql.contains('\n'))
    };
    let mut was_short = false;
    for section in all.chunk_by(|one, next| one.title == next.title) {
        if !(was_short && is_short(section)) {
            text.push('\n');
        }
        section[0].title.iter().for_each(|title| push_comment(&mut text, "--", title));
        section.iter().for_each(|it| text.extend([&it.sql, ";\n"]));
        was_short = is_short(section);
    }
    Ok(text)
}

/// What a statement is there for. The migration has them in this order, but that changes and the
/// names that follow them take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    Begin,
    Setting,
    /// Locks all tables: from here on no other session changes them.
    Lock,
    /// Raises an error where something is not as it must be, and changes nothing.
    Check,
    Repair,
    Change,
    Commit,
}

/// A statement of the migration, without a terminator.
#[derive(Debug, Clone, Serialize)]
pub struct Statement {
    pub role: Role,
    /// What it does, in words. Statements in a row that have one title belong together; those around
    /// the transaction have none.
    pub title: Option<String>,
    pub relationship: Option<usize>,
    pub sql: String,
}

/// The statements of the migration in order, which are those of the script: the transaction with all that
/// happens within it. None when there is nothing to do.
pub fn statements(
    plan: &UpgradePlan,
    tables: &TablePlan,
    options: Options,
) -> Result<Vec<Statement>, Problem> {
    let changes = changes(&tables.steps, options.direction);
    types_are_known(&changes)?;
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let statements = Statements::new(&tables.schema_name);
    let (mut all, end) = match options.transaction {
        true => own_transaction(),
        false => foreign_transaction(),
    };
    all.extend(preconditions(&statements, &changes, options.direction));
    all.extend(data_checks(plan, &statements, &changes, options.reconcile));
    all.extend(schema_changes(plan, &statements, &changes));
    all.push(end);
    Ok(all)
}

pub fn locked(tables: &TablePlan, direction: Direction) -> Vec<String> {
    let changes = changes(&tables.steps, direction);
    preflight::touched(&changes).into_iter().map(str::to_owned).collect()
}

/// A deferred trigger would wait in the way of the drops. What waits already runs with the settings that it
/// knows.
const NOT_DEFERRED: &str = "SET CONSTRAINTS ALL IMMEDIATE";

const SETTINGS: [(&str, &str); 5] = [
    // What the script calls without a schema is the server's own: no one else's function or operator of
    // the same name runs with the rights of the migration.
    ("search_path", "pg_catalog, pg_temp"),
    // How long the migration waits for other sessions before it gives up.
    ("lock_timeout", "'5s'"),
    // The checks read whole tables: a limit set for the role's usual queries would end them.
    ("statement_timeout", "0"),
    // The checks compare whole tables. With this they sort them in memory, and not in files, which takes
    // two thirds of the time.
    ("work_mem", "'64MB'"),
    // Row-level security that hides rows from the checks is an error, not a filter.
    ("row_security", "off"),
];

/// Fails where no transaction is open, and does nothing in one.
const NEEDS_TRANSACTION: [&str; 2] =
    ["SAVEPOINT keystone_needs_a_transaction", "RELEASE SAVEPOINT keystone_needs_a_transaction"];

/// Each check must see what others have committed before the script got the locks.
const NEEDS_READ_COMMITTED: &str = "\
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION USING
      MESSAGE = 'The migration needs a transaction that is READ COMMITTED',
      HINT = 'Nothing has been changed. Begin it with BEGIN ISOLATION LEVEL READ COMMITTED.';
  END IF;
END";

fn header(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    schema: &str,
    changes: &[Change<'_>],
    options: Options,
) -> String {
    let (from, to) = options.direction.schemas();
    let mut text = String::new();
    let mut add = |line: &str| push_comment(&mut text, "--", line);
    add(&format!(
        "{} {}: the relationships of Keystone 5 from {from} to {to} (Arcade)",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    ));
    add(&format!(
        "Adapter {}, PostgreSQL schema {schema}. Order of left and right: locale {}.",
        adapter.name, plan.locale
    ));
    if options.reconcile {
        add("Made with --reconcile: where the two stored sides disagree, it repairs them.");
    }
    if changes.is_empty() {
        add("Nothing to do: the relationships are stored the same in both schemas.");
    } else {
        if options.transaction {
            add("Take a backup first (pg_dump) and stop the application. Then run it whole:");
            add("  psql -v ON_ERROR_STOP=1 -f <this file> <database>");
            add(
                "It is one transaction: it ends in the other schema, or with an error and no change.",
            );
        } else {
            add(
                "Take a backup first (pg_dump) and stop the application. Then run it whole, within a",
            );
            add("transaction that is READ COMMITTED and is rolled back after an error.");
        }
        add(&format!("squawk-ignore-file {}", inherent_rules(changes).join(", ")));
    }
    text
}

impl Statement {
    fn new(role: Role, title: &str, sql: String) -> Self {
        Statement { role, title: Some(title.to_owned()), relationship: None, sql }
    }

    fn untitled(role: Role, sql: impl Into<String>) -> Self {
        Statement { role, title: None, relationship: None, sql: sql.into() }
    }
}

fn own_transaction() -> (Vec<Statement>, Statement) {
    let mut begin = vec![Statement::untitled(Role::Begin, "BEGIN ISOLATION LEVEL READ COMMITTED")];
    begin.extend(settings());
    (begin, Statement::untitled(Role::Commit, "COMMIT"))
}

/// How one begins and ends that runs in the transaction of someone else, who gets the settings back.
fn foreign_transaction() -> (Vec<Statement>, Statement) {
    const SAVED: &str = "keystone_before.";
    let mut begin = NEEDS_TRANSACTION.map(|it| Statement::untitled(Role::Begin, it)).to_vec();
    begin.push(copy_settings(SAVED, ""));
    begin.extend(settings());
    begin.push(Statement::untitled(Role::Check, block(NEEDS_READ_COMMITTED)));
    (begin, copy_settings("", SAVED))
}

/// Copies the settings between those that the server knows by their names and those with a prefix.
fn copy_settings(to: &str, from: &str) -> Statement {
    let calls = SETTINGS.map(|(name, _)| {
        // By their full names: the search path is someone else's here.
        format!("  PERFORM pg_catalog.set_config('{to}{name}', pg_catalog.current_setting('{from}{name}'), true);\n")
    });
    Statement::untitled(Role::Setting, block(&format!("BEGIN\n{}END", calls.concat())))
}

fn settings() -> impl Iterator<Item = Statement> {
    let set = SETTINGS.iter().map(|(name, value)| format!("SET LOCAL {name} = {value}"));
    let all = [NOT_DEFERRED.to_owned()].into_iter().chain(set);
    all.map(|setting| Statement::untitled(Role::Setting, setting))
}

/// What comes before the data is looked at.
fn preconditions(
    statements: &Statements<'_>,
    changes: &[Change<'_>],
    direction: Direction,
) -> Vec<Statement> {
    let (from, _) = direction.schemas();
    let locking = format!("Locking {}", counted(preflight::touched(changes).len(), "table"));
    let checking = format!("Checking that the database is in {from}");
    let schema = preflight::expected_schema(statements, changes, direction);
    let mut all = vec![
        Statement::new(Role::Lock, &locking, preflight::locks(statements, changes)),
        Statement::new(Role::Check, &checking, schema.statement()),
    ];
    if let Some(check) = dependents::no_dependents(statements, changes) {
        let title = "Checking for views, triggers and grants on what is dropped";
        all.push(Statement::new(Role::Check, title, check.statement()));
    }
    all
}

/// What makes sure, before anything changes, that what is dropped is kept elsewhere.
fn data_checks(
    plan: &UpgradePlan,
    statements: &Statements<'_>,
    changes: &[Change<'_>],
    reconcile: bool,
) -> Vec<Statement> {
    let dropped = changes.iter().filter(|change| change.dropped().is_some());
    let copies: Vec<Copies<'_>> =
        dropped.filter_map(|change| Copies::of(change, &plan.relationships)).collect();
    let homeless: Vec<_> = changes
        .iter()
        .filter_map(|change| agreement::homeless(change, &plan.relationships))
        .collect();
    let mut all = Vec::new();
    if !copies.is_empty() {
        let number = counted(copies.len(), "relationship");
        if reconcile {
            let title = format!("Reconciling the two sides of {number}");
            let repairs =
                [reconcile::adopt(statements, &copies), reconcile::unite(statements, &copies)];
            let repairs = repairs.into_iter().flatten();
            all.extend(repairs.map(|sql| Statement::new(Role::Repair, &title, sql)));
        } else {
            let title = format!("Checking that both sides of {number} hold the same links");
            let sql = agreement::statement(statements, &copies);
            all.push(Statement::new(Role::Check, &title, sql));
        }
    }
    if !homeless.is_empty() {
        let title = "Checking for links that the old schema has no place for";
        let sql = match reconcile {
            true => agreement::say_goodbye(statements, &homeless),
            false => agreement::nothing_homeless(statements, &homeless).statement(),
        };
        all.push(Statement::new(Role::Check, title, sql));
    }
    all
}

fn schema_changes(
    plan: &UpgradePlan,
    statements: &Statements<'_>,
    changes: &[Change<'_>],
) -> Vec<Statement> {
    let renamed = names::renamed(changes);
    let room = "Renaming indexes that have the new name of a table";
    let room = names::make_room(statements, &renamed)
        .into_iter()
        .map(|sql| Statement::new(Role::Change, room, sql));
    let mut all: Vec<Statement> = room.collect();
    let last_rename = changes.iter().rposition(|it| matches!(it.action, Action::Rename { .. }));
    for (at, change) in changes.iter().enumerate() {
        let relationship = &plan.relationships[change.relationship];
        let title = format!("{relationship} ({})", relationship.kind.heading().to_lowercase());
        all.extend(statements.of(change).into_iter().map(|sql| Statement {
            relationship: Some(change.relationship),
            ..Statement::new(Role::Change, &title, sql)
        }));
        // Before anything is created, which may use the names that have become free.
        if Some(at) == last_rename {
            let title = "Renaming foreign keys, indexes and NOT NULL constraints";
            all.push(Statement::new(Role::Change, title, names::rename(statements, &renamed)));
        }
    }
    let created: Vec<_> = changes.iter().filter_map(ownership::sisters).collect();
    if !created.is_empty() {
        let title = format!("Giving {} an owner and grants", counted(created.len(), "new table"));
        all.push(Statement::new(Role::Change, &title, ownership::adopt(statements, &created)));
    }
    all
}

fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The rules of the SQL linter squawk that the changes cannot keep, for the reasons of the job itself.
fn inherent_rules(changes: &[Change<'_>]) -> Vec<&'static str> {
    let mut rules = vec!["renaming-table", "renaming-column", "ban-drop-table", "ban-drop-column"];
    if changes.iter().any(|change| change.created().is_some()) {
        // A foreign key has the type of the id that it refers to.
        rules.push("prefer-bigint-over-int");
    }
    if changes.iter().any(|change| matches!(change.action, Action::Create(Item::Column { .. }))) {
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
fn types_are_known(changes: &[Change<'_>]) -> Result<(), Problem> {
    let mut created = changes.iter().filter_map(Change::created).flat_map(Item::columns);
    match created.find(|column| column.data_type.is_none()) {
        None => Ok(()),
        Some(ForeignKeyColumn { name, references, .. }) => {
            Err(Problem::unknown_type(&format!("the column {name}"), references))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Engine;
    use crate::testing::{FieldSpec, GUIDE, project};

    fn script(lists: &[(&str, &[FieldSpec<'_>])]) -> String {
        let plan = UpgradePlan::new(&project("knex", lists)).unwrap();
        let part = &plan.adapters[0];
        let Engine::PostgreSql(tables) = &part.engine else { panic!("knex") };
        let options = Options { direction: Direction::Up, reconcile: false, transaction: true };
        migration(&plan, part, tables, options).unwrap()
    }

    /// People read it before they run it.
    #[test]
    fn is_short_enough_to_be_read() {
        let lines = |text: &str| text.lines().count();
        let guide = script(GUIDE);
        assert!(lines(&guide) <= 300, "{}", lines(&guide));
        let (todo, user) = (GUIDE[0].1, GUIDE[1].1);
        let more: [(FieldSpec<'_>, Option<FieldSpec<'_>>); 4] = [
            (("more", "User", true), None),
            (("more", "User.other", false), Some(("other", "Todo.more", false))),
            (("more", "User.other", false), Some(("other", "Todo.more", true))),
            (("more", "User.other", true), Some(("other", "Todo.more", true))),
        ];
        for (field, back) in more {
            let todo = [todo, &[field]].concat();
            let user: Vec<FieldSpec<'_>> = user.iter().copied().chain(back).collect();
            let longer = script(&[("Todo", &todo), ("User", &user)]);
            let added = lines(&longer) - lines(&guide);
            assert!((2..=12).contains(&added), "{field:?} adds {added} lines");
            assert!(longer.len() - guide.len() < 1200);
        }
    }
}
