//! Whether the loaded Keystone sees the relationships as they are planned.

use crate::error::Problem;
use crate::naming;
use crate::relationship::{Relationship, Side};
use crate::snapshot::{Consolidated, Snapshot};

/// Appends a problem where the loaded Keystone refuses the lists, and for each difference between
/// what it says of the relationships and what it must say.
pub(super) fn compare(
    snapshot: &Snapshot,
    relationships: &[Relationship],
    problems: &mut Vec<Problem>,
) {
    let disagrees = |name: &str, difference: &str| {
        Problem::keystone_disagrees(snapshot.keystone.as_deref(), name, difference)
    };
    if let Some(error) = &snapshot.consolidation_error {
        problems.push(disagrees("these lists", &format!("it refuses them with \"{error}\"")));
        return;
    }
    let Some(theirs) = &snapshot.consolidated else { return };
    let mut theirs = theirs.iter();
    for ours in relationships.iter().map(consolidated) {
        let difference = match theirs.next() {
            Some(their) if *their == ours => continue,
            Some(their) => format!("{} instead of {}", describe(their), describe(&ours)),
            None => "Keystone does not know it".to_owned(),
        };
        problems.push(disagrees(&name(&ours), &difference));
    }
    problems.extend(theirs.map(|their| disagrees(&name(their), "only Keystone knows it")));
}

/// What Keystone itself must say of a relationship.
pub(super) fn consolidated(relationship: &Relationship) -> Consolidated {
    let Relationship { left, right, target_key, cardinality, .. } = relationship;
    let (table_name, column_name, [near, far]) = match relationship.sides().find(|it| !it.many) {
        Some(Side { key, path, .. }) => (key.to_string(), Some(path.to_string()), [None, None]),
        None => {
            let columns = naming::new_join_columns(&left.key, target_key).map(Some);
            (naming::new_join_table(relationship), None, columns)
        }
    };
    Consolidated {
        left: left.to_string(),
        right: right.as_ref().map(Side::to_string),
        cardinality: (*cardinality).to_owned(),
        table_name,
        column_name,
        near,
        far,
    }
}

fn name(Consolidated { left, right, .. }: &Consolidated) -> String {
    right.as_ref().map_or_else(|| left.clone(), |right| format!("{left} -> {right}"))
}

fn describe(relationship: &Consolidated) -> String {
    let Consolidated { cardinality, table_name, column_name, near, far, .. } = relationship;
    let sides = name(relationship);
    let columns = [column_name, near, far];
    let columns: Vec<&str> = columns.into_iter().flatten().map(String::as_str).collect();
    format!("{sides}, {cardinality}, stored in {table_name} ({})", columns.join(", "))
}
