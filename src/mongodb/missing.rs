//! Lists whose collections are not in the database. A Keystone that starts makes those of all its lists.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plan::{AdapterPlan, UpgradePlan};
use crate::snapshot::Snapshot;

/// Each in words, and whether the list has relationships.
pub(super) fn missing_lists(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: &AdapterPlan,
    database: &str,
    there: &[String],
) -> Vec<(String, bool)> {
    let relationships = plan.relationships_of(adapter);
    let related: BTreeSet<&str> =
        relationships.flat_map(|(_, it)| [&*it.left.key, &*it.target_key]).collect();
    let lists = snapshot.lists.iter();
    let lists: Vec<(&str, &str)> = lists
        .filter(|list| list.adapter == adapter.index)
        .filter_map(|list| Some((&*list.key, list.collection.as_deref()?)))
        .collect();
    let is_taken = |name: &str| lists.iter().any(|(_, own)| *own == name);
    let missing = lists.iter().filter(|(_, own)| !there.iter().any(|it| it == own));
    missing
        .map(|(key, own)| {
            let is_like = |it: &&String| {
                let stem = stem(it);
                !is_taken(it) && (stem == self::stem(own) || stem == self::stem(key))
            };
            let like = there.iter().find(is_like);
            let like = like.map(|it| format!(" There is one named {it}.")).unwrap_or_default();
            let message = format!(
                "The database {database} has no collection {own} of the list {key}.{like} Does the Keystone that runs on this database give it another name? If the list is new, create its collection in mongosh: db.createCollection({})",
                Value::from(*own)
            );
            (message, related.contains(key))
        })
        .collect()
}

/// What a name has in common with its plural, and with the same in other case.
fn stem(name: &str) -> String {
    let name = name.to_lowercase();
    let ends = [("ies", "y"), ("es", ""), ("s", ""), ("e", "")];
    let stem = ends.iter().find_map(|(end, by)| Some([name.strip_suffix(end)?, *by].concat()));
    stem.unwrap_or(name)
}
