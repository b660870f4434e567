//! The script for mongosh: header, commands as literals, the runner. Only here.

use super::command::{Migration, Section};
use super::javascript::{string, write};
use super::migration::migration as commands;
use super::value::Value;
use crate::plan::{AdapterPlan, Direction, Script, UpgradePlan};
use crate::step::{CollectionStep, Planned};

/// What sends the commands, in mongosh as in Node.
const RUNNER: &str = include_str!("../../lib/mongodb-runner.js");

/// How mongosh runs it.
const SHELL: &str = "\
migrate(migration, {
  database: db.getName(),
  command: async (document) => db.runCommand(document),
  adminCommand: async (document) => db.adminCommand(document),
  process: { host: require('os').hostname(), pid: process.pid },
  isAlive(pid) {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      return error.code === 'EPERM';
    }
  },
  report({ text, isWarning, done, rate }) {
    const count = done === undefined ? '' : ': ' + done + (rate ? ' (' + rate + '/s)' : '');
    print((isWarning ? 'Warning: ' : '') + text + count);
  },
});
";

/// The migration of one adapter's database, or the way back, as a script for mongosh.
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    steps: &[Planned<CollectionStep>],
    options: Script,
) -> String {
    let migration = commands(plan, steps, options);
    let mut script = Text::default();
    script.header(plan, adapter, &migration, options);
    if migration.relationships.is_empty() {
        script.comment("Nothing to do: the relationships are stored the same in both schemas.");
        return script.text;
    }
    script.migration(&migration);
    script.text.push('\n');
    script.text.push_str(runner());
    script.text.push('\n');
    script.text.push_str(SHELL);
    script.text
}

/// The same migration as data, for a driver: JSON as `lib/mongodb-runner.js` takes it.
pub fn statements(
    plan: &UpgradePlan,
    steps: &[Planned<CollectionStep>],
    options: Script,
) -> String {
    serde_json::to_string(&commands(plan, steps, options)).expect("commands are plain data")
}

/// The runner without what makes it a module.
fn runner() -> &'static str {
    let text = RUNNER.trim_start_matches("'use strict';").trim_start();
    text.split("\nmodule.exports").next().unwrap_or(text)
}

#[derive(Default)]
struct Text {
    text: String,
}

impl Text {
    /// A line of comment. Line breaks in a name would end the comment, so they become spaces.
    fn comment(&mut self, text: &str) {
        self.text.push_str("//");
        if !text.is_empty() {
            self.text.push(' ');
        }
        let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        self.text.extend(text.chars().map(|c| if is_break(c) { ' ' } else { c }));
        self.text.push('\n');
    }

    fn header(
        &mut self,
        plan: &UpgradePlan,
        adapter: &AdapterPlan,
        migration: &Migration,
        options: Script,
    ) {
        let (from, to) = options.direction.schemas();
        self.comment(&format!(
            "{} {}: the relationships of Keystone 5 from {from} to {to}{}",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            if options.direction == Direction::Up { " (Arcade)" } else { "" }
        ));
        self.comment(&format!(
            "Adapter {}, MongoDB. Order of left and right: locale {}.",
            adapter.name, plan.locale
        ));
        if migration.relationships.is_empty() {
            return;
        }
        let [major, minor] = migration.server;
        for line in [
            "",
            "Take a backup first (mongodump) and stop the application until the end. Then:",
            "  mongosh <connection string> <this file>",
        ] {
            self.comment(line);
        }
        self.comment(&format!(
            "It needs MongoDB {major}.{minor} or later, a standalone server, a replica set or a sharded cluster, and"
        ));
        for line in [
            "a user who may read and write this database (the role readWrite). Lists in sharded collections",
            "need 5.1 for the checks. Join collections that are sharded already are filled where they are.",
            "",
            "All checks come first, then all copies, all counts, and the removals at last. It stops at the first",
            "error. Stopped at any point, by whatever, it can be run again: before the removals it starts over,",
            "from then on it goes on. The collection keystone_upgrade_relationships tells how far it has come,",
            "and keeps a second run out. In the end it is gone.",
            "",
        ] {
            self.comment(line);
        }
    }

    fn migration(&mut self, migration: &Migration) {
        let [major, minor] = migration.server;
        self.line(0, "const migration = {");
        self.line(1, &format!("direction: {},", string(migration.direction)));
        self.line(1, &format!("server: [{major}, {minor}],"));
        self.line(1, &format!("plan: {},", string(&migration.plan)));
        self.line(1, "relationships: [");
        for task in &migration.relationships {
            self.text.push_str("    ");
            self.comment(&format!("{} ({})", task.name, task.kind.to_lowercase()));
            self.section(task.section());
        }
        self.line(1, "],");
        self.line(0, "};");
    }

    fn section(&mut self, section: Section) {
        self.line(2, "{");
        self.line(3, &format!("name: {},", string(&section.name)));
        self.list("pending", "finds something as long as there is anything to do", section.pending);
        self.list("checks", "before anything changes", section.checks);
        self.list("copies", "", section.copies);
        self.list("counts", "of the copies", section.counts);
        self.list("repairs", "of links that are kept", section.repairs);
        self.list("leftovers", "what the repairs have left out", section.leftovers);
        self.list("guards", "in place of the checks, when going on with removals", section.guards);
        self.list("ensures", "whether or not there are links", section.ensures);
        self.list("removals", "", section.removals);
        self.line(2, "},");
    }

    fn list<T: Into<Value>>(&mut self, name: &str, comment: &str, items: Vec<T>) {
        if items.is_empty() {
            return self.line(3, &format!("{name}: [],"));
        }
        if comment.is_empty() {
            self.line(3, &format!("{name}: ["));
        } else {
            self.line(3, &format!("// {comment}"));
            self.line(3, &format!("{name}: ["));
        }
        for item in items {
            self.text.push_str("        ");
            write(&mut self.text, &item.into(), 4);
            self.text.push_str(",\n");
        }
        self.line(3, "],");
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.text.push_str(&"  ".repeat(indent));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Engine;
    use crate::testing::{FieldSpec, GUIDE, project};

    fn script(lists: &[(&str, &[FieldSpec<'_>])], direction: Direction, reconcile: bool) -> String {
        let plan = UpgradePlan::new(&project("mongoose", lists)).unwrap();
        let part = &plan.adapters[0];
        let Engine::MongoDb { steps } = &part.engine else { panic!("mongoose") };
        let script = migration(&plan, part, steps, Script { direction, reconcile });
        script.replace(env!("CARGO_PKG_VERSION"), "<version>").replace(runner(), "<the runner>")
    }

    #[test]
    fn migrates_the_guide_s_example() {
        insta::assert_snapshot!(script(GUIDE, Direction::Up, false));
    }

    #[test]
    fn reconciles_the_guide_s_example() {
        insta::assert_snapshot!(script(GUIDE, Direction::Up, true));
    }

    #[test]
    fn takes_the_guide_s_example_back() {
        insta::assert_snapshot!(script(GUIDE, Direction::Down, false));
    }

    #[test]
    fn is_a_remark_when_there_is_nothing_to_do() {
        let lists: &[(&str, &[FieldSpec<'_>])] = &[("Post", &[("author", "Post", false)])];
        insta::assert_snapshot!(script(lists, Direction::Up, false));
    }

    #[test]
    fn the_runner_is_no_module_in_a_script() {
        assert!(runner().starts_with("/** "));
        assert!(
            !runner().contains("module.exports") && runner().contains("async function migrate(")
        );
    }
}
