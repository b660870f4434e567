//! Which of the lists' tables a database lacks, and which join tables it has under another locale.

use std::collections::{BTreeSet, HashSet};

use super::questions::Questions;
use super::quote::{literal, values};
use crate::inspection::Finding;
use crate::locale;
use crate::name;
use crate::naming;
use crate::plan::{AdapterPlan, UpgradePlan};
use crate::relationship::Relationship;
use crate::snapshot::Snapshot;

#[derive(Default)]
pub(super) struct Lists {
    /// The tables of lists that are not in the database, though nothing has to change on them: of lists with
    /// relationships, and of others.
    pub(super) missing_related: Option<Finding>,
    pub(super) missing_others: Option<Finding>,
    /// Join tables of a process whose locale orders left and right the other way round.
    pub(super) other_locale: Option<Finding>,
}

impl Lists {
    pub(super) fn ask(
        questions: &Questions<'_>,
        plan: &UpgradePlan,
        snapshot: &Snapshot,
        adapter: &AdapterPlan,
    ) -> Result<Self, String> {
        let relationships: Vec<_> = plan.relationships_of(adapter).map(|(_, it)| it).collect();
        let lists = snapshot.lists.iter();
        let lists = lists.filter(|list| list.adapter == adapter.index);
        let lists: Vec<(&str, &str)> =
            lists.map(|list| (name::clip(&list.key), &*list.key)).collect();
        let own = lists.iter().map(|(table, _)| *table);
        let mirrored = mirrored(&relationships, own.clone());
        let tables: BTreeSet<&str> =
            own.chain(mirrored.iter().map(|(_, table, _)| &**table)).collect();
        if tables.is_empty() {
            return Ok(Lists::default());
        }
        let schema = questions.statements.schema_name();
        let query = format!(
            "SELECT name FROM (VALUES\n{}\n  ) AS named (name) WHERE to_regclass(format('%I.%I', {}, name)) IS NOT NULL",
            values("    ", tables.into_iter().map(|table| [literal(table)])),
            literal(schema)
        );
        let there = questions.tables("tables", &query)?;
        // In a database without any of them that is said already.
        if there.is_empty() {
            return Ok(Lists::default());
        }

        let ends = relationships.iter().flat_map(|it| [&*it.left.key, &*it.target_key]);
        let ends: HashSet<&str> = ends.collect();
        let missing = lists.iter().filter(|(table, _)| !there.contains(*table));
        let (related, others): (Vec<_>, Vec<_>) = missing.partition(|(_, key)| ends.contains(key));
        let found = mirrored.iter().filter(|(_, table, _)| there.contains(table));
        let found: Vec<_> = found.map(|(it, table, usual)| (*it, &**table, &**usual)).collect();
        let other_locale = locale::problem(snapshot, &found);
        Ok(Lists {
            missing_related: missing_tables(schema, &related),
            missing_others: missing_tables(schema, &others),
            other_locale: other_locale.map(|message| Finding::new("LOCALE", message)),
        })
    }
}

fn missing_tables(schema: &str, lists: &[&(&str, &str)]) -> Option<Finding> {
    let names: Vec<String> =
        lists.iter().map(|(table, list)| format!("{table} of the list {list}")).collect();
    let message = format!(
        "Not in the schema {schema}: the table {}. Does the Keystone that runs on this database give the list's table another name, or has the list never been in this database?",
        names.join(", the table ")
    );
    (!names.is_empty()).then(|| Finding::new("MISSING", message))
}

/// The join tables as they are called where left and right are the other way round, and as they should be, but
/// for names that other tables of either schema have: clipped at 63 bytes, they may meet.
fn mirrored<'a>(
    relationships: &[&'a Relationship],
    lists: impl Iterator<Item = &'a str>,
) -> Vec<(&'a Relationship, String, String)> {
    let clipped = |name: String| name::clip(&name).to_owned();
    let usual = |it: &Relationship| clipped(naming::new_join_table(it));
    let joins = relationships.iter().map(|it| usual(it));
    let sides = relationships.iter().flat_map(|it| it.sides());
    let old = sides.map(|it| clipped(naming::old_join_table(&it.key, &it.path)));
    let own: HashSet<String> = joins.chain(old).chain(lists.map(str::to_owned)).collect();
    let mirrored = relationships
        .iter()
        .filter_map(|it| Some((*it, clipped(naming::mirrored_join_table(it)?), usual(it))));
    mirrored.filter(|(_, table, _)| !own.contains(table)).collect()
}
