//! The summary: Keystone's relationship migration guide, filled in for the project at hand.

use std::collections::BTreeMap;

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
    let paint = |text: &str, on: u8, off: u8| match color {
        true => format!("\x1b[{on}m{text}\x1b[{off}m"),
        false => text.to_owned(),
    };
    let bold = |text: &str| paint(text, 1, 22);
    let cyan = |text: &str| paint(text, 36, 39);
    let parts: Vec<&AdapterPlan> = match adapter {
        Some(_) => vec![plan.adapter(adapter)?],
        None => plan.adapters.iter().collect(),
    };
    let mut lines = Vec::new();
    for part in parts {
        if plan.adapters.len() > 1 {
            lines.push(bold(&format!("Adapter {} ({})", part.name, part.engine_name())));
        }
        let mut groups: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
        for (at, relationship) in plan.relationships_of(part) {
            groups.entry(relationship.kind).or_default().push((at, relationship));
        }
        if groups.is_empty() {
            lines.push("No relationships: no action required".to_owned());
        }
        let actions = actions(part, &cyan, plan.relationships.len());
        for (kind, relationships) in groups {
            lines.push(bold(kind.heading()));
            for (at, relationship) in relationships {
                lines.push(format!("  {relationship}"));
                if actions[at].is_empty() {
                    lines.push("    * No action required".to_owned());
                }
                lines.extend(actions[at].iter().map(|action| format!("    * {action}")));
            }
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// Paints a name.
type Paint<'a> = &'a dyn Fn(&str) -> String;

/// The lines for each relationship, by its index.
fn actions(part: &AdapterPlan, name: Paint<'_>, relationships: usize) -> Vec<Vec<String>> {
    let mut actions = vec![Vec::new(); relationships];
    match &part.engine {
        Engine::PostgreSql(tables) => {
            for Planned { relationship, step } in &tables.steps {
                table_actions(step, name, &mut actions[*relationship]);
            }
        }
        Engine::MongoDb(collections) => {
            for Planned { relationship, step } in &collections.steps {
                collection_actions(step, name, &mut actions[*relationship]);
            }
        }
    }
    actions
}

fn table_actions(step: &TableStep, name: Paint<'_>, lines: &mut Vec<String>) {
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

fn collection_actions(step: &CollectionStep, name: Paint<'_>, lines: &mut Vec<String>) {
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
