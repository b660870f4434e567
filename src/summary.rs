//! The summary: Keystone's relationship migration guide, filled in for the project at hand.

use crate::error::Problem;
use crate::plan::{AdapterPlan, Engine, UpgradePlan};
use crate::relationship::Kind;
use crate::step::{CollectionStep, Planned, TableStep};

/// Renders the summary in the words of the guide: the five headings in its order (those without
/// relationships left out), an arrow for each relationship and a line for each action.
///
/// `color` adds ANSI colours and changes nothing else. Where a project has several adapters, each
/// gets a part of its own under its name, or `adapter` picks one.
pub fn render(plan: &UpgradePlan, adapter: Option<&str>, color: bool) -> Result<String, Problem> {
    let paint = Paint { color };
    let mut text = String::new();
    let parts: Vec<&AdapterPlan> = match adapter {
        Some(_) => vec![plan.adapter(adapter)?],
        None => plan.adapters.iter().collect(),
    };
    for part in &parts {
        if plan.adapters.len() > 1 {
            let name = paint.bold(&format!("Adapter {} ({})", part.name, part.engine_name()));
            push(&mut text, &name);
        }
        let mut actions = actions(part, &paint, plan.relationships.len());
        let mut is_empty = true;
        for kind in Kind::ALL {
            let mut heading = Some(kind.heading());
            for (at, relationship) in plan.relationships_of(part).filter(|(_, it)| it.kind == kind)
            {
                is_empty = false;
                if let Some(heading) = heading.take() {
                    push(&mut text, &paint.bold(heading));
                }
                push(&mut text, &format!("  {relationship}"));
                let lines = std::mem::take(&mut actions[at]);
                if lines.is_empty() {
                    push(&mut text, "    * No action required");
                }
                for line in lines {
                    push(&mut text, &format!("    * {line}"));
                }
            }
        }
        if is_empty {
            push(&mut text, "No relationships: no action required");
        }
    }
    Ok(text)
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The lines for each relationship, by its index.
fn actions(part: &AdapterPlan, paint: &Paint, relationships: usize) -> Vec<Vec<String>> {
    let mut actions = vec![Vec::new(); relationships];
    match &part.engine {
        Engine::PostgreSql { steps, .. } => {
            for Planned { relationship, step } in steps {
                table_actions(step, paint, &mut actions[*relationship]);
            }
        }
        Engine::MongoDb { steps, .. } => {
            for Planned { relationship, step } in steps {
                collection_actions(step, paint, &mut actions[*relationship]);
            }
        }
    }
    actions
}

fn table_actions(step: &TableStep, paint: &Paint, lines: &mut Vec<String>) {
    let name = |name: &str| paint.cyan(name);
    match step {
        TableStep::DropColumn { table, column, .. } => {
            lines.push(format!("Delete column {}", name(&format!("{table}.{}", column.name))));
        }
        TableStep::DropJoinTable { table, .. } => {
            lines.push(format!("Drop table {}", name(&table.name)));
        }
        TableStep::RenameJoinTable { from, to } => {
            let mut rename = |thing, from: &str, to: &str| {
                if from != to {
                    lines.push(format!("Rename {thing} {} to {}", name(from), name(to)));
                }
            };
            rename("table", &from.name, &to.name);
            rename("column", &from.near.name, &to.near.name);
            rename("column", &from.far.name, &to.far.name);
        }
        TableStep::CreateJoinTable { table } => {
            let [near, far] = table.columns().map(|column| name(&column.name));
            lines.push(format!("Create table {} with columns {near} and {far}", name(&table.name)));
        }
    }
}

fn collection_actions(step: &CollectionStep, paint: &Paint, lines: &mut Vec<String>) {
    let name = |name: &str| paint.cyan(name);
    match step {
        CollectionStep::CopyLinks { from, into, .. } => {
            let [collection, near, far] = [&into.name, &into.near, &into.far].map(|it| name(it));
            lines.push(format!("Create a collection {collection} with fields {near} and {far}"));
            let field = name(&from.to_string());
            lines.push(format!("Move the data from {field} into {collection}"));
        }
        CollectionStep::UnsetField { field, .. } => {
            lines.push(format!("Delete {}", name(&field.to_string())));
        }
    }
}

struct Paint {
    color: bool,
}

impl Paint {
    fn bold(&self, text: &str) -> String {
        self.wrap(text, 1, 22)
    }

    fn cyan(&self, text: &str) -> String {
        self.wrap(text, 36, 39)
    }

    fn wrap(&self, text: &str, on: u8, off: u8) -> String {
        match self.color {
            true => format!("\x1b[{on}m{text}\x1b[{off}m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GUIDE, project};

    fn summary(kind: &str, color: bool) -> String {
        let plan = UpgradePlan::new(&project(kind, GUIDE)).unwrap();
        render(&plan, None, color).unwrap()
    }

    #[test]
    fn colours_change_nothing_else() {
        let colored = summary("knex", true);
        assert!(colored.contains("\x1b[1mOne-sided: one to many\x1b[22m\n"));
        assert!(colored.contains("Drop table \x1b[36mUser_published\x1b[39m\n"));
        let mut plain = colored;
        for code in ["\x1b[1m", "\x1b[22m", "\x1b[36m", "\x1b[39m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, summary("knex", false));
    }

    #[test]
    fn says_so_when_there_is_nothing() {
        let plan = UpgradePlan::new(&project("knex", &[("Post", &[])])).unwrap();
        assert_eq!(render(&plan, None, false).unwrap(), "No relationships: no action required\n");
    }
}
