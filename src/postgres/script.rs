//! The script: a transaction around the statements, the locks, terminators and comments. Only here.

use std::collections::BTreeSet;

use super::statement::Statements;
use super::{check, names};
use crate::plan::{AdapterPlan, UpgradePlan};
use crate::step::{Planned, TableStep};

/// How long the migration waits for other sessions before it gives up.
const LOCK_TIMEOUT: &str = "5s";

/// The migration of one adapter's database from the old schema to the new, as a script for `psql`.
///
/// It is one transaction: after an error nothing has changed.
pub fn migration(
    plan: &UpgradePlan,
    adapter: &AdapterPlan,
    schema: &str,
    steps: &[Planned<TableStep>],
) -> String {
    let mut script = Script::default();
    script.comment(&format!(
        "{} {}: the relationships of Keystone 5 from the old schema to the new (Arcade)",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    ));
    script.comment(&format!(
        "Adapter {}, PostgreSQL schema {schema}. Order of left and right: locale {}.",
        adapter.name, plan.locale
    ));
    if steps.is_empty() {
        script.comment("Nothing to do: the relationships are stored the same in both schemas.");
        return script.text;
    }
    script.comment("Take a backup first (pg_dump) and stop the application. Then run it whole:");
    script.comment("  psql -v ON_ERROR_STOP=1 -f <this file> <database>");
    script.comment(
        "It is one transaction: it ends in the new schema, or with an error and no change.",
    );
    script.comment(
        "squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column",
    );
    script.blank();
    script.statement("BEGIN");
    script.statement(&format!("SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"));
    let statements = Statements::new(schema);
    let tables: Vec<String> =
        touched(steps).into_iter().map(|table| statements.qualified(table)).collect();
    script.statement(&format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", tables.join(", ")));

    let name = |planned: &Planned<TableStep>| plan.relationships[planned.relationship].to_string();
    for planned in steps {
        let Some(copies) = planned.step.copies() else { continue };
        script.blank();
        script.comment(&format!("Check {}: both stored sides hold the same links", name(planned)));
        script.statement(&check::agreement(&statements, copies, &name(planned)));
    }
    for planned in steps {
        script.blank();
        let relationship = &plan.relationships[planned.relationship];
        script.comment(&format!("{}: {relationship}", relationship.kind.heading()));
        statements.of(&planned.step).iter().for_each(|sql| script.statement(sql));
    }
    let mut renamed = steps
        .iter()
        .filter_map(|planned| match &planned.step {
            TableStep::RenameJoinTable { to, .. } => Some(to),
            _ => None,
        })
        .peekable();
    if renamed.peek().is_some() {
        script.blank();
        script.comment("Foreign keys, indexes and NOT NULL constraints follow the new names");
        script.statement(&names::rename(&statements, renamed));
    }
    script.blank();
    script.statement("COMMIT");
    script.text
}

/// The tables to lock, by name: all sessions that lock them in one order cannot wait in a circle.
/// To drop a foreign key, and to add one, takes a lock on the table it references as well.
fn touched(steps: &[Planned<TableStep>]) -> BTreeSet<&str> {
    let mut tables = BTreeSet::new();
    for Planned { step, .. } in steps {
        match step {
            TableStep::DropColumn { table, column, .. }
            | TableStep::RestoreColumn { table, column, .. } => {
                tables.extend([table.as_str(), &column.references]);
            }
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                tables.insert(table.name.as_str());
                tables.extend(table.columns().map(|column| column.references.as_str()));
            }
            TableStep::RenameJoinTable { from, .. } => {
                tables.insert(from.name.as_str());
            }
            TableStep::CreateJoinTable { table } | TableStep::RestoreJoinTable { table, .. } => {
                tables.extend(table.columns().map(|column| column.references.as_str()));
            }
        }
        if let Some(copies) = step.copies() {
            tables.insert(copies.kept.place.table());
        }
    }
    tables
}

#[derive(Default)]
struct Script {
    text: String,
}

impl Script {
    /// A line of comment. Line breaks in a name would end the comment, so they become spaces.
    fn comment(&mut self, text: &str) {
        self.text.push_str("-- ");
        self.text.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        self.text.push('\n');
    }

    fn statement(&mut self, sql: &str) {
        self.text.push_str(sql);
        self.text.push_str(";\n");
    }

    fn blank(&mut self) {
        self.text.push('\n');
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
        let Engine::PostgreSql { schema_name, steps } = &part.engine else { panic!("knex") };
        let script = migration(&plan, part, schema_name, steps);
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
