//! The script: helpers, order, comments. Only here.

use serde_json::{Value, json};

use super::command::{Command, Severity};
use super::javascript::{string, write, write_lines};
use super::{check, copy};
use crate::error::Problem;
use crate::plan::{AdapterPlan, Direction, UpgradePlan};
use crate::step::{CollectionStep, Planned};

/// The functions that the commands of the script call.
const HELPERS: &str = "\
function find(collection, pipeline) {
  return db.getCollection(collection).aggregate(pipeline, { allowDiskUse: true }).toArray()[0];
}

function describe(message, found) {
  const examples = found.examples.map(example => EJSON.stringify(example)).join(', ');
  return `${message}. Found: ${found.count[0].n}, for example ${examples}`;
}

function stopIf(message, collection, pipeline) {
  const found = find(collection, pipeline);
  if (found) throw new Error(describe(message, found));
}

function warnIf(message, collection, pipeline) {
  const found = find(collection, pipeline);
  if (found) print('Warning: ' + describe(message, found));
}
";

/// The migration of one adapter's database from the old schema to the new, as a script for mongosh.
///
/// All checks come first, then all copies, then all counts, then the removals.
///
/// # Errors
/// [`Problem::Unsupported`] for the way back and for `--reconcile`.
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    steps: &[Planned<CollectionStep>],
    options: crate::plan::Script,
) -> Result<String, Problem> {
    if options.direction == Direction::Down || options.reconcile {
        return Err(Problem::Unsupported {
            what: "The way back and --reconcile are there for PostgreSQL only, so far.",
        });
    }
    let mut script = Script::default();
    script.comment(&format!(
        "{} {}: the relationships of Keystone 5 from the old schema to the new (Arcade)",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    ));
    script.comment(&format!(
        "Adapter {}, MongoDB. Order of left and right: locale {}.",
        adapter.name, plan.locale
    ));
    if steps.is_empty() {
        script.comment("Nothing to do: the relationships are stored the same in both schemas.");
        return Ok(script.text);
    }
    script.comment(
        "Take a backup first (mongodump) and stop the application. Then run it as a file:",
    );
    script.comment("  mongosh <connection string> <this file>");
    script.comment("It needs MongoDB 4.0. It stops at the first error; nothing is removed before all is copied.");
    script.blank();
    script.text.push_str(HELPERS);

    let [checks, copies, counts, removals] = phases(plan, steps);
    let titles = [
        ("Checks: nothing has been changed before all of them pass", checks),
        ("Copies", copies),
        ("Counts: nothing is removed before all of them are right", counts),
        ("Removals", removals),
    ];
    for (title, sections) in titles.iter().filter(|(_, sections)| !sections.is_empty()) {
        script.blank();
        script.comment(&format!("---- {title} ----"));
        for (at, (relationship, commands)) in sections.iter().enumerate() {
            if at > 0 {
                script.blank();
            }
            let relationship = &plan.relationships[*relationship];
            script.comment(&format!(
                "{relationship} ({})",
                relationship.kind.heading().to_lowercase()
            ));
            commands.iter().for_each(|command| script.command(command));
        }
    }
    Ok(script.text)
}

/// The commands for a relationship.
type Section = (usize, Vec<Command>);

/// The commands of all steps by their phase: checks, copies, counts, removals.
fn phases(plan: &UpgradePlan, steps: &[Planned<CollectionStep>]) -> [Vec<Section>; 4] {
    let mut phases: [Vec<Section>; 4] = Default::default();
    let [checks, copied, counts, removals] = &mut phases;
    for Planned { relationship, step } in steps {
        let name = plan.relationships[*relationship].to_string();
        match step {
            CollectionStep::CopyLinks { from, into } => {
                add(checks, *relationship, vec![copy::is_empty(into, &name)]);
                add(copied, *relationship, copy::copy(from, into));
                add(counts, *relationship, vec![copy::is_complete(from, into, &name)]);
            }
            CollectionStep::UnsetField { field, copies } => {
                if let Some(copies) = copies {
                    add(checks, *relationship, check::agreement(copies, &name));
                }
                let (collection, field) = (field.collection.clone(), field.field.clone());
                add(removals, *relationship, vec![Command::Unset { collection, field }]);
            }
            CollectionStep::RefillField { .. } | CollectionStep::DropJoinCollection { .. } => {
                unreachable!("no migration has a way back yet")
            }
        }
    }
    phases
}

/// Adds commands to the section of their relationship, which is the last one or a new one.
fn add(sections: &mut Vec<Section>, relationship: usize, commands: Vec<Command>) {
    match sections.last_mut() {
        Some((last, section)) if *last == relationship => section.extend(commands),
        _ => sections.push((relationship, commands)),
    }
}

#[derive(Default)]
struct Script {
    text: String,
}

impl Script {
    /// A line of comment. Line breaks in a name would end the comment, so they become spaces.
    fn comment(&mut self, text: &str) {
        self.text.push_str("// ");
        let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        self.text.extend(text.chars().map(|c| if is_break(c) { ' ' } else { c }));
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn command(&mut self, command: &Command) {
        let out = &mut self.text;
        match command {
            Command::Check { collection, pipeline, message, severity } => {
                let function = match severity {
                    Severity::Stop => "stopIf",
                    Severity::Warn => "warnIf",
                };
                let (message, collection) = (string(message), string(collection));
                out.push_str(&format!("{function}(\n  {message},\n  {collection},\n  "));
                write_pipeline(out, pipeline, 1);
                out.push_str("\n);\n");
            }
            Command::Aggregate { collection, pipeline } => {
                out.push_str(&format!("db.getCollection({}).aggregate(", string(collection)));
                write_pipeline(out, pipeline, 0);
                out.push_str(", { allowDiskUse: true });\n");
            }
            Command::CreateIndex { collection, field } => {
                out.push_str(&format!("db.getCollection({}).createIndex(", string(collection)));
                write(out, &json!({ field: 1 }), 0);
                out.push_str(", { background: true });\n");
            }
            Command::Unset { collection, field } => {
                out.push_str(&format!("db.getCollection({}).updateMany(", string(collection)));
                write(out, &json!({ field: { "$exists": true } }), 0);
                out.push_str(", ");
                write(out, &json!({ "$unset": { field: 1 } }), 0);
                out.push_str(");\n");
            }
        }
    }
}

/// A pipeline with one stage a line.
fn write_pipeline(out: &mut String, pipeline: &[Value], indent: usize) {
    write_lines(out, '[', ']', indent, pipeline.iter(), |out, stage| write(out, stage, indent + 1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Engine;
    use crate::testing::{FieldSpec, GUIDE, project};

    fn script(lists: &[(&str, &[FieldSpec<'_>])]) -> String {
        let plan = UpgradePlan::new(&project("mongoose", lists)).unwrap();
        let part = &plan.adapters[0];
        let Engine::MongoDb { steps } = &part.engine else { panic!("mongoose") };
        let up = crate::plan::Script { direction: Direction::Up, reconcile: false };
        let script = migration(&plan, part, steps, up).unwrap();
        script.replace(env!("CARGO_PKG_VERSION"), "<version>")
    }

    #[test]
    fn migrates_the_guide_s_example() {
        insta::assert_snapshot!(script(GUIDE));
    }

    #[test]
    fn is_a_remark_when_there_is_nothing_to_do() {
        insta::assert_snapshot!(script(&[("Post", &[("author", "Post", false)])]));
    }
}
