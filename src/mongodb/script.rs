//! The script for mongosh: header, the relationships, the vocabulary, the runner.

use serde::Serialize;
use serde_json::Value;

use super::javascript::{key, literal, string};
use super::migration::{Migration, Task, migration as data};
use crate::comment::push_comment;
use crate::plan::{AdapterPlan, CollectionPlan, Direction, Options, UpgradePlan};

/// What is done for each kind of relationship.
const VOCABULARY: &str = include_str!("../../lib/database/mongodb/vocabulary.js");

/// What sends the commands, in mongosh as in Node.
const RUNNER: &str = include_str!("../../lib/database/mongodb/runner.js");

const BEFORE: &str = "\
//
// Take a backup first (mongodump), and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// The connection string must not set socketTimeoutMS: a copy may take longer. mongosh 2.12 reaches MongoDB
// 4.4 and later, up to 2.10.0 also 4.2, up to 2.5.6 also 4.0. The old shell, mongo, cannot run this.
";

const UP: &str = "\
//
// First come all checks, which report everything that is wrong; then the copies, which are counted. Until
// then, nothing in the documents has changed. From then on it only goes forward: the join collections get
// their names, links are repaired, and what is stored elsewhere by then is removed.
// If it stops at any point, run it again: it starts over before the names, and continues after them. The
// collection keystone_upgrade_relationships records how far it has come, and keeps a second run out. It is
// gone in the end.
";

const DOWN: &str = "\
//
// First come all checks, which report everything that is wrong; then the copies, which are counted. Until
// then, nothing in the documents has changed. Then the links are written into the documents of the lists,
// and counted there. After that the join collections are dropped.
// If it stops at any point, run it again: it starts over before the removals, and continues after them.
// The collection keystone_upgrade_relationships records how far it has come, and keeps a second run out.
// It is gone in the end.
";

const REST: &str = "\
// From here on, every script is the same. Nothing is sent before the call of `migrate` at the end.
";

/// How mongosh runs it. The old shell of MongoDB 4.2 and later understands all of it, and so gets to the
/// message; earlier ones say that there is a syntax error.
const SHELL: &str = "\
if (typeof require === 'undefined') {
  print('This script needs mongosh, not the old shell: mongosh <connection string> <this file>');
  quit(1);
}
migrate(migration, {
  database: db.getName(),
  command: async (document) => db.runCommand(document),
  adminCommand: async (document) => db.adminCommand(document),
  report({ text, isWarning, done, rate }) {
    const count = done === undefined ? '' : `: ${done}${rate ? ` (${rate}/s)` : ''}`;
    print((isWarning ? 'Warning: ' : '') + text + count);
  },
});
";

/// The migration of one adapter's database, or the way back, as a script for mongosh.
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    collections: &CollectionPlan,
    options: Options,
) -> String {
    let migration = data(plan, collections, options);
    let (from, to) = options.direction.schemas();
    let is_up = options.direction == Direction::Up;
    let title = format!(
        "{} {}: the relationships of Keystone 5 from {from} to {to}{}",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        if is_up { " (Arcade)" } else { "" }
    );
    let (adapter, locale) = (&adapter.name, &plan.locale);
    let origin = format!("Adapter {adapter}, MongoDB. Order of left and right: locale {locale}.");
    let mut text = String::new();
    push_comment(&mut text, "//", &title);
    push_comment(&mut text, "//", &origin);
    if migration.relationships.is_empty() {
        return text + "// Nothing to do: the relationships are stored the same in both schemas.\n";
    }
    if options.reconcile {
        text += "// With --reconcile: where the two stored sides disagree, it repairs them.\n";
    }
    let [major, minor] = migration.server;
    let how = if is_up { UP } else { DOWN };
    let constant = constant(&migration);
    let rest = [&*constant, REST, body(VOCABULARY), body(RUNNER), SHELL].join("\n");
    text + &format!(
        "\
{BEFORE}// It needs MongoDB {major}.{minor} or later, standalone, as a replica set or sharded, and a user with the role
// readWrite on this database. Where lists or join collections are sharded, the checks need 5.1.
// A join collection that is sharded already is filled in place.
{how}
{rest}"
    )
}

/// The same migration as data, for a driver: JSON as `lib/database/mongodb/runner.js` takes it.
pub fn statements(plan: &UpgradePlan, collections: &CollectionPlan, options: Options) -> String {
    serde_json::to_string(&data(plan, collections, options)).expect("plain data")
}

/// What the script says of each relationship, by the relationship's index.
pub fn calls(
    plan: &UpgradePlan,
    collections: &CollectionPlan,
    options: Options,
) -> Vec<(usize, String)> {
    let tasks = data(plan, collections, options).relationships;
    tasks.iter().map(|task| (task.relationship, entry(task, ""))).collect()
}

/// A file without what makes it a module.
fn body(module: &'static str) -> &'static str {
    let from = module.find("/**").unwrap_or(0);
    let to = module.find("\nmodule.exports").unwrap_or(module.len());
    &module[from..to]
}

/// The migration as the constant that the call at the end takes.
fn constant(migration: &Migration<'_>) -> String {
    let Migration { options, server: [major, minor], plan, collections, relationships, indexes } =
        migration;
    let collections = collections.iter().map(|name| format!("    {},\n", string(name)));
    let relationships = relationships.iter().map(|task| entry(task, "    "));
    format!(
        "\
const migration = {{
{options}  server: [{major}, {minor}],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: {plan},
  // One of these has to be there, or this is the wrong database.
  collections: [
{collections}  ],
  relationships: [
{relationships}  ],
  // Fields that the new Keystone indexes and the old one did not, by collection.
  indexes: {{
{indexes}  }},
}};
",
        options = properties(options, "  "),
        plan = string(plan),
        collections = collections.collect::<String>(),
        relationships = relationships.collect::<String>(),
        indexes = properties(indexes, "    "),
    )
}

/// A relationship as it stands in that constant.
fn entry(task: &Task<'_>, indent: &str) -> String {
    let properties = properties(task, &format!("{indent}  "));
    format!("{indent}{{\n{properties}{indent}}},\n")
}

/// The properties of an object, a line for each.
fn properties(object: impl Serialize, indent: &str) -> String {
    let value = serde_json::to_value(object).expect("plain data");
    let Value::Object(properties) = value else { panic!("not an object: {value}") };
    let line =
        |(name, value): (&String, &Value)| format!("{indent}{}: {},\n", key(name), literal(value));
    properties.iter().map(line).collect()
}
