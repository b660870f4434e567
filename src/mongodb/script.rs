//! The script for mongosh: header, building blocks, commands that call them, the runner. Only here.

use std::collections::HashSet;

use super::block::Block;
use super::command::{Migration, Section};
use super::javascript::{define, each_call, string, write};
use super::migration::{self, Sides, Task, migration as commands};
use super::value::Value;
use super::{check, command, copy, expression, refill, repair};
use crate::comment::push_comment;
use crate::plan::{AdapterPlan, Direction, Options, UpgradePlan};
use crate::step::{CollectionStep, Planned};

/// What sends the commands, in mongosh as in Node.
const RUNNER: &str = include_str!("../../lib/database/mongodb/runner.js");

/// What the order is, and what a run that was stopped leaves behind.
const UP: [&str; 6] = [
    "All checks come first, and tell all that is wrong. Then come the copies and their counts. Until then",
    "nothing of yours has changed. From then on it only goes forward: the join collections get their",
    "names, links are repaired, and what is kept elsewhere by now is removed.",
    "Stopped at any point, by whatever, it can be run again: before the names it starts over, from then",
    "on it goes on. The collection keystone_upgrade_relationships tells how far it has come, and keeps a",
    "second run out. In the end it is gone.",
];

/// The same for the way back.
const DOWN: [&str; 5] = [
    "All checks come first, and tell all that is wrong. Then the links are copied into the documents of",
    "the lists again, and counted there. After that the join collections are removed.",
    "Stopped at any point, by whatever, it can be run again: before the removals it starts over, from",
    "then on it goes on. The collection keystone_upgrade_relationships tells how far it has come, and",
    "keeps a second run out. In the end it is gone.",
];

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

/// All building blocks, in the order in which scripts define them.
const BLOCKS: [&[&[Block]]; 7] = [
    expression::BLOCKS,
    command::BLOCKS,
    check::BLOCKS,
    copy::BLOCKS,
    refill::BLOCKS,
    repair::BLOCKS,
    migration::BLOCKS,
];

fn blocks() -> impl Iterator<Item = &'static Block> {
    BLOCKS.into_iter().flatten().copied().flatten()
}

/// The migration of one adapter's database, or the way back, as a script for mongosh.
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    steps: &[Planned<CollectionStep>],
    options: Options,
) -> String {
    let migration = commands(plan, steps, options);
    let mut top = Text::default();
    top.header(plan, adapter, &migration, options);
    if migration.relationships.is_empty() {
        top.comment("Nothing to do: the relationships are stored the same in both schemas.");
        return top.text;
    }
    // They come first, and only they tell which blocks there have to be.
    let mut relationships = Text::default();
    let mut used = Used::default();
    for task in &migration.relationships {
        relationships.relationship(task, &mut used);
    }
    top.blocks(&used);
    let mut end = Text::default();
    end.migration(&migration);
    [&top.text, &relationships.text, &end.text, runner(), "\n", SHELL].concat()
}

/// The same migration as data, for a driver: JSON as `lib/database/mongodb/runner.js` takes it.
pub fn statements(
    plan: &UpgradePlan,
    steps: &[Planned<CollectionStep>],
    options: Options,
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
    fn comment(&mut self, text: &str) {
        push_comment(&mut self.text, "//", text);
    }

    fn header(
        &mut self,
        plan: &UpgradePlan,
        adapter: &AdapterPlan,
        migration: &Migration,
        options: Options,
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
        if options.reconcile {
            self.comment(
                "Made with --reconcile: where the two stored sides disagree, it repairs them.",
            );
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
        ] {
            self.comment(line);
        }
        let order: &[&str] = if options.direction == Direction::Up { &UP } else { &DOWN };
        order.iter().for_each(|line| self.comment(line));
    }

    fn blocks(&mut self, used: &Used) {
        self.line(0, "");
        for line in [
            "The building blocks: each gives a part of what the server is told, and does nothing by itself.",
            "What they know of a side of a relationship (left, right, from, to, kept, dropped) is the collection",
            "of its documents, the field of its links there, by which name the join collection has its ids, and",
            "the stage that ends a search for its links.",
        ] {
            self.comment(line);
        }
        for block in blocks() {
            if used.has(block) {
                self.text.push('\n');
                define(&mut self.text, block);
            }
        }
        self.line(0, "");
        self.comment("What is to do for a relationship. Each list is done for all of them before the next one:");
        self.line(0, "const nothing = {");
        for (name, about, _) in Section::default().lists() {
            self.line(1, &format!("{name}: [], // {about}"));
        }
        self.line(0, "};");
        self.line(0, "const relationships = [];");
    }

    fn relationship(&mut self, task: &Task, used: &mut Used) {
        self.line(0, "");
        self.comment(&format!("{} ({})", task.name, task.kind.to_lowercase()));
        self.line(0, "{");
        let Sides { name, left, right, join } = task.sides();
        for (key, value) in [("name", name), ("left", left), ("right", right), ("join", join)] {
            if !matches!(value, Value::Null) {
                self.text.push_str(&format!("  const {key} = "));
                self.value(&value, 1, used);
                self.text.push_str(";\n");
            }
        }
        self.line(1, "relationships.push({");
        self.line(2, "...nothing,");
        self.line(2, "name,");
        for (name, _, items) in task.section(&Sides::by_name()).lists() {
            if !items.is_empty() {
                self.text.push_str(&format!("    {name}: "));
                self.value(&Value::Array(items), 2, used);
                self.text.push_str(",\n");
            }
        }
        self.line(1, "});");
        self.line(0, "}");
    }

    fn value(&mut self, value: &Value, indent: usize, used: &mut Used) {
        write(&mut self.text, value, indent);
        used.add(value);
    }

    fn migration(&mut self, migration: &Migration) {
        let [major, minor] = migration.server;
        self.line(0, "");
        self.line(0, "const migration = {");
        self.line(1, &format!("direction: {},", string(migration.direction)));
        self.line(1, &format!("server: [{major}, {minor}],"));
        self.line(
            1,
            "// Differs where the lists do: a run that was stopped is only continued by its own.",
        );
        self.line(1, &format!("plan: {},", string(&migration.plan)));
        self.text.push_str("  collections: ");
        let names = migration.collections.iter().map(Value::from).collect();
        write(&mut self.text, &Value::Array(names), 1);
        self.text.push_str(",\n");
        self.line(1, "relationships,");
        self.line(0, "};");
        self.line(0, "");
        self.comment("Up to here nothing has been sent. From here on it is the same in every script: what sends the");
        self.comment("above, in that order. It begins with the call of `migrate` at the end.");
        self.line(0, "");
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.text.push_str(&"  ".repeat(indent));
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// The blocks that a script calls, and those that these call.
#[derive(Default)]
struct Used(HashSet<*const Block>);

impl Used {
    fn add(&mut self, value: &Value) {
        each_call(value, &mut |block| {
            if self.0.insert(block) {
                self.add(&block.definition());
            }
        });
    }

    fn has(&self, block: &Block) -> bool {
        self.0.contains(&std::ptr::from_ref(block))
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
        let options = Options { direction, reconcile };
        let script = migration(&plan, part, steps, options);
        script.replace(env!("CARGO_PKG_VERSION"), "<version>").replace(runner(), "<the runner>")
    }

    /// What a script has at its top beside the blocks, and what mongosh and JavaScript have.
    fn taken() -> Vec<&'static str> {
        let word = |text: &'static str| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            text.split(|c| !is_part(c)).next().unwrap_or(text)
        };
        let declared = |line: &'static str| {
            ["async function ", "function ", "const ", "let ", "class "]
                .iter()
                .find_map(|keyword| line.strip_prefix(keyword))
        };
        let mut taken: Vec<_> = runner().lines().filter_map(declared).map(word).collect();
        assert!(taken.contains(&"migrate") && taken.contains(&"STATE") && taken.len() > 30);
        taken.extend(["migration", "relationships", "nothing", "name", "left", "right", "join"]);
        taken.extend("db rs sh sp cls config connect convertShardKeyToHashed disableTelemetry edit enableTelemetry exit help isInteractive it load log passwordPrompt print printjson process quit require show sleep snippet tojson use version console global globalThis module exports fetch undefined".split(' '));
        taken.extend("break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof let new null return static super switch this throw true try typeof var void while with yield await async eval arguments".split(' '));
        taken
    }

    #[test]
    fn blocks_have_names_of_their_own() {
        let names: HashSet<&str> = blocks().map(|it| it.name).collect();
        for name in taken() {
            assert!(!names.contains(name), "{name}");
        }
        for parameter in blocks().flat_map(|it| it.parameters) {
            assert!(!names.contains(parameter), "{parameter} would hide a block");
        }
        for (at, block) in blocks().enumerate() {
            let reading = blocks().skip(at + 1).position(|other| other.name == block.name);
            assert!(matches!(reading, None | Some(0)), "{block:?} is there twice");
        }
    }

    #[test]
    fn blocks_call_those_before_them() {
        let mut before = HashSet::new();
        for block in blocks() {
            each_call(&block.definition(), &mut |called| {
                assert!(before.contains(called.name), "{block:?} calls {called:?}");
            });
            before.insert(block.name);
        }
    }

    #[test]
    fn a_script_reads_ids_in_one_way() {
        for (direction, reconcile) in
            [(Direction::Up, false), (Direction::Up, true), (Direction::Down, false)]
        {
            let script = script(GUIDE, direction, reconcile);
            let functions: Vec<_> = script.lines().filter(|it| it.starts_with("const ")).collect();
            assert!(functions.len() > 20);
            let names: HashSet<_> =
                functions.iter().filter_map(|it| it.split(" = ").next()).collect();
            assert_eq!(names.len(), functions.len(), "{functions:?}");
        }
    }

    #[test]
    fn the_runner_is_no_module_in_a_script() {
        assert!(runner().starts_with("/** "));
        assert!(
            !runner().contains("module.exports") && runner().contains("async function migrate(")
        );
    }
}
