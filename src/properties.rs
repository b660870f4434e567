//! What must hold for every project: planned and rendered for random ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::name::{self, Name};
use crate::plan::{Direction, Engine, Options, TablePlan, UpgradePlan};
use crate::step::{ForeignKeyColumn, JoinTable, Planned, TableStep};
use crate::testing::{FieldSpec, project};
use crate::{mongodb, postgres, summary};

/// Lists by key, each with its fields: path, ref, many.
type Lists = Vec<(String, Vec<(String, String, bool)>)>;

/// A relationship to be: its lists and paths by number, whether it has a second side, and which of
/// the sides are many.
type Link = (usize, usize, u8, u8, bool, bool, bool);

const KEYS: [&str; 8] =
    ["User", "user", "Post", "Post_left", "Post_tags", "_Post", "order", "many_Post"];
const LONG: &str = "ThisListHasANameThatIsNearlyAsLongAsPostgresKeepsItInItsNames";

fn key(number: usize, is_long: bool) -> String {
    if is_long && number == 0 { LONG.to_owned() } else { KEYS[number % KEYS.len()].to_owned() }
}

/// Projects whose refs all lead somewhere; they may still be refused for names that meet.
fn projects() -> impl Strategy<Value = Lists> {
    let links = prop::collection::vec(any::<Link>(), 0..8);
    (1..KEYS.len(), any::<bool>(), links).prop_map(|(count, is_long, links)| {
        let mut lists: Lists = (0..count).map(|at| (key(at, is_long), Vec::new())).collect();
        let paths = ["a", "a_many", "tags", "Tags", "user", "left_id"];
        for (number, (from, to, path, back, two_sided, many, back_many)) in
            links.into_iter().enumerate()
        {
            let (from, to) = (from % count, to % count);
            let path = format!("{}{number}", paths[usize::from(path) % paths.len()]);
            let back = format!("{}_{number}", paths[usize::from(back) % paths.len()]);
            let (from_key, to_key) = (lists[from].0.clone(), lists[to].0.clone());
            let reference = if two_sided { format!("{to_key}.{back}") } else { to_key };
            lists[from].1.push((path.clone(), reference, many));
            if two_sided {
                lists[to].1.push((back, format!("{from_key}.{path}"), back_many));
            }
        }
        lists
    })
}

fn plan(kind: &str, lists: &Lists) -> Option<UpgradePlan> {
    let fields: Vec<Vec<FieldSpec<'_>>> = lists
        .iter()
        .map(|(_, fields)| {
            fields.iter().map(|(path, to, many)| (path.as_str(), to.as_str(), *many)).collect()
        })
        .collect();
    let lists: Vec<(&str, &[FieldSpec<'_>])> =
        lists.iter().zip(&fields).map(|((key, _), fields)| (key.as_str(), &fields[..])).collect();
    match UpgradePlan::new(&project(kind, &lists)) {
        Ok(plan) => Some(plan),
        Err(problems) => {
            let codes: BTreeSet<&str> = problems.0.iter().map(|problem| &*problem.code).collect();
            assert_eq!(codes, BTreeSet::from(["NAME_COLLISION"]), "{problems:?}");
            None
        }
    }
}

fn table_plan(plan: &UpgradePlan) -> &TablePlan {
    match &plan.adapters[0].engine {
        Engine::PostgreSql(tables) => tables,
        Engine::MongoDb(_) => unreachable!("planned for knex"),
    }
}

/// Tables with their columns, and what is named after each column.
#[derive(Debug, Clone, PartialEq)]
struct Tables(BTreeMap<Name, BTreeMap<Name, [Name; 3]>>);

impl Tables {
    /// The tables before Arcade, as far as the steps touch them.
    fn before(lists: &Lists, steps: &[Planned<TableStep>]) -> Self {
        let keys = lists.iter().map(|(key, _)| (Name::from(name::clip(key)), BTreeMap::new()));
        let mut tables = Tables(keys.collect());
        for Planned { step, .. } in steps {
            match step {
                TableStep::DropColumn { table, column, .. } => tables.add_column(table, column),
                TableStep::DropJoinTable { table, .. } => tables.create(table),
                TableStep::RenameJoinTable { from, .. } => tables.create(from),
                _ => {}
            }
        }
        tables
    }

    fn create(&mut self, table: &JoinTable) {
        assert_eq!(self.0.insert(table.name.clone(), BTreeMap::new()), None, "{}", table.name);
        table.columns().iter().for_each(|column| self.add_column(&table.name, column));
    }

    fn drop(&mut self, table: &JoinTable) {
        let columns = self.0.remove(&table.name).expect("a table that is there");
        assert_eq!(columns.len(), 2);
    }

    fn add_column(&mut self, table: &str, column: &ForeignKeyColumn) {
        let names = [&column.foreign_key, &column.index, &column.not_null].map(Name::clone);
        let columns = self.0.get_mut(table).expect("a table that is there");
        assert_eq!(columns.insert(column.name.clone(), names), None, "{table}.{}", column.name);
    }

    fn apply(&mut self, step: &TableStep, direction: Direction) {
        let is_up = direction == Direction::Up;
        match step {
            TableStep::DropColumn { table, column, .. } if is_up => {
                let columns = self.0.get_mut(table).expect("a table that is there");
                assert!(columns.remove(&column.name).is_some());
            }
            TableStep::DropColumn { table, column, .. } => self.add_column(table, column),
            TableStep::DropJoinTable { table, .. } if is_up => self.drop(table),
            TableStep::DropJoinTable { table, .. } => self.create(table),
            TableStep::RenameJoinTable { from, to } => {
                let (from, to) = if is_up { (from, to) } else { (to, from) };
                self.drop(from);
                self.create(to);
            }
            TableStep::CreateJoinTable { table } if is_up => self.create(table),
            TableStep::CreateJoinTable { table } => self.drop(table),
        }
    }
}

proptest! {
    #[test]
    fn every_script_is_rendered(lists in projects(), reconcile: bool, down: bool) {
        let direction = if down { Direction::Down } else { Direction::Up };
        if let Some(plan) = plan("knex", &lists) {
            let part = &plan.adapters[0];
            let options = Options { direction, reconcile, transaction: true };
            let sql = postgres::migration(&plan, part, table_plan(&plan), options);
            prop_assert!(sql.is_ok());
            prop_assert_eq!(sql.unwrap().contains("\nCOMMIT;\n"), plan.has_changes);
            prop_assert!(summary::render(&plan, None, true).is_ok());
        }
        if let Some(plan) = plan("mongoose", &lists) {
            let part = &plan.adapters[0];
            let Engine::MongoDb(collections) = &part.engine else { unreachable!() };
            let options = Options { direction, reconcile, transaction: true };
            let script = mongodb::migration(&plan, part, collections, options);
            prop_assert_eq!(script.contains("\nmigrate("), plan.has_changes);
            prop_assert!(summary::render(&plan, None, false).is_ok());
        }
    }

    /// No step finds a table or column that is not there, or a name that is taken, on the way up and
    /// on the way back, which ends where it began.
    #[test]
    fn the_way_back_undoes_the_way_up(lists in projects()) {
        let Some(plan) = plan("knex", &lists) else { return Ok(()) };
        let steps = &table_plan(&plan).steps;
        let before = Tables::before(&lists, steps);
        let mut tables = before.clone();
        steps.iter().for_each(|planned| tables.apply(&planned.step, Direction::Up));
        prop_assert_eq!(tables == before, steps.is_empty());
        steps.iter().rev().for_each(|planned| tables.apply(&planned.step, Direction::Down));
        prop_assert_eq!(tables, before);
    }

    #[test]
    fn the_order_of_definition_changes_no_name(lists in projects()) {
        let mut reversed = lists.clone();
        reversed.reverse();
        // The summary has all names but those of indexes and constraints, of which the later one
        // gets a number where two meet.
        let lines = |lists: &Lists| {
            let plan = plan("knex", lists)?;
            let summary = summary::render(&plan, None, false).unwrap();
            Some(summary.lines().map(str::to_owned).collect::<BTreeSet<_>>())
        };
        prop_assert_eq!(lines(&lists), lines(&reversed));
    }
}
