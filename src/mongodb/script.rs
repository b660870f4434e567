//! The script for mongosh: header, the relationships, the vocabulary, the runner.

use serde::Serialize;

use super::javascript::{key, literal, string};
use super::migration::{Migration, Steps, Task, migration as data};
use crate::comment::push_comment;
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};

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
    steps: Steps<'_>,
    options: Options,
) -> String {
    let migration = data(plan, steps, options);
    let (from, to) = options.direction.schemas();
    let mut text = Text::default();
    text.comment(&format!(
        "{} {}: the relationships of Keystone 5 from {from} to {to}{}",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        if options.direction == Direction::Up { " (Arcade)" } else { "" }
    ));
    text.comment(&format!(
        "Adapter {}, MongoDB. Order of left and right: locale {}.",
        adapter.name, plan.locale
    ));
    if migration.relationships.is_empty() {
        text.comment("Nothing to do: the relationships are stored the same in both schemas.");
        return text.0;
    }
    if options.reconcile {
        text.comment("With --reconcile: where the two stored sides disagree, it repairs them.");
    }
    text.0.push_str(BEFORE);
    let [major, minor] = migration.server;
    text.comment(&format!(
        "It needs MongoDB {major}.{minor} or later, standalone, as a replica set or sharded, and a user with the role"
    ));
    text.comment("readWrite on this database. Where lists or join collections are sharded, the checks need 5.1.");
    text.comment("A join collection that is sharded already is filled in place.");
    text.0.push_str(if options.direction == Direction::Up { UP } else { DOWN });
    text.data(&migration);
    text.comment("From here on, every script is the same. Nothing is sent before the call of `migrate` at the end.");
    for part in [body(VOCABULARY), body(RUNNER), SHELL] {
        text.0.push('\n');
        text.0.push_str(part);
    }
    text.0
}

/// The same migration as data, for a driver: JSON as `lib/database/mongodb/runner.js` takes it.
pub fn statements(plan: &UpgradePlan, steps: Steps<'_>, options: Options) -> String {
    serde_json::to_string(&data(plan, steps, options)).expect("plain data")
}

/// What the script says of each relationship, by the relationship's index.
pub fn calls(plan: &UpgradePlan, steps: Steps<'_>, options: Options) -> Vec<(usize, String)> {
    let text = |task: &Task<'_>| {
        let mut text = Text::default();
        text.task(task, "");
        (task.relationship, text.0)
    };
    data(plan, steps, options).relationships.iter().map(text).collect()
}

/// A file without what makes it a module.
fn body(module: &'static str) -> &'static str {
    let from = module.find("/**").unwrap_or(0);
    let to = module.find("\nmodule.exports").unwrap_or(module.len());
    &module[from..to]
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn comment(&mut self, text: &str) {
        push_comment(&mut self.0, "//", text);
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn data(&mut self, migration: &Migration<'_>) {
        let Migration { options, server, plan, collections, relationships, indexes } = migration;
        self.line("\nconst migration = {");
        for (name, value) in values(options) {
            self.line(&format!("  {name}: {value},"));
        }
        self.line(&format!("  server: [{}, {}],", server[0], server[1]));
        self.line(
            "  // Differs where the lists do: a run that was stopped is only continued by its own.",
        );
        self.line(&format!("  plan: {},", string(plan)));
        self.line("  // One of these has to be there, or this is the wrong database.");
        self.line("  collections: [");
        collections.iter().for_each(|name| self.line(&format!("    {},", string(name))));
        self.line("  ],");
        self.line("  relationships: [");
        relationships.iter().for_each(|task| self.task(task, "    "));
        self.line("  ],");
        self.line(
            "  // Fields that the new Keystone indexes and the old one did not, by collection.",
        );
        self.line("  indexes: {");
        for (collection, fields) in values(indexes) {
            self.line(&format!("    {}: {fields},", key(&collection)));
        }
        self.line("  },");
        self.line("};\n");
    }

    fn task(&mut self, task: &Task<'_>, indent: &str) {
        self.line(&format!("{indent}{{"));
        for (name, value) in values(task) {
            self.line(&format!("{indent}  {name}: {value},"));
        }
        self.line(&format!("{indent}}},"));
    }
}

/// The properties of an object with their values as literals.
fn values(object: impl Serialize) -> impl Iterator<Item = (String, String)> {
    let value = serde_json::to_value(object).expect("plain data");
    let serde_json::Value::Object(properties) = value else { panic!("not an object: {value}") };
    properties.into_iter().map(|(name, value)| (name, literal(&value)))
}
