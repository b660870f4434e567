//! Where the links of a relationship are in the old schema and in the new.

use serde_json::{Value, json};

use super::migration::{Join, Side};
use crate::inspection::{Stored, Within};
use crate::naming;
use crate::relationship::{self, Relationship};
use crate::snapshot::Snapshot;
use crate::step::{CollectionStep, DocumentField, DocumentPlace, JoinCollection, Owner};

/// The places of a relationship, by its steps of the way up: how the database is asked about each, and the
/// place itself, not counted yet.
pub(super) fn places(
    relationship: &Relationship,
    steps: &[&CollectionStep],
    snapshot: &Snapshot,
) -> Vec<(Value, Stored)> {
    let place = |about, name, owner, schema, is_kept| {
        (about, Stored { name, owner, schema, is_kept, links: None, targets: None })
    };
    let field = |it: &DocumentField, owner, schema, is_kept| {
        place(json!(Side::from(it)), it.to_string(), owner, schema, is_kept)
    };
    let mut places = Vec::new();
    for step in steps {
        match step {
            CollectionStep::CopyLinks { from, also, into, .. } => {
                places.push(field(from, Owner::Left, Within::Old, true));
                places.extend(also.iter().map(|it| field(it, Owner::Right, Within::Old, false)));
                let name = into.name.clone();
                places.push(place(about_join(into), name, Owner::Left, Within::New, true));
            }
            CollectionStep::UnsetField { field: gone, owner, kept: DocumentPlace::Field(kept) } => {
                places.push(field(kept, owner.other(), Within::Both, true));
                places.push(field(gone, *owner, Within::Old, false));
            }
            // The step that copies its links says more.
            CollectionStep::UnsetField { kept: DocumentPlace::JoinCollection(_), .. } => {}
        }
    }
    let left = &relationship.left;
    let collection = snapshot.lists[left.list].collection.clone();
    if let Some(collection) = collection.filter(|_| places.is_empty()) {
        let path = left.path.to_string();
        let only = DocumentField { collection, field: path, many: left.many, index: None };
        places.push(field(&only, Owner::Left, Within::Both, true));
    }
    places
}

/// How the database is asked about a join collection.
fn about_join(join: &JoinCollection) -> Value {
    json!({ "join": Join::from(join) })
}

/// The join collection of a relationship as it is called where the sides are the other way round: its name,
/// and how the database is asked about it.
pub(super) fn mirrored<'a>(
    relationship: &Relationship,
    snapshot: &'a Snapshot,
) -> Option<(&'a str, Value)> {
    let left = &relationship.left;
    let right = relationship.right.as_ref().filter(|right| left.many && right.many)?;
    let name = join_of(right, snapshot)?;
    let [near, far] = naming::new_join_columns(&right.key, &left.key);
    Some((name, about_join(&JoinCollection { name: name.to_owned(), near, far })))
}

/// The name of the join collection with a side on the left.
pub(super) fn join_of<'a>(side: &relationship::Side, snapshot: &'a Snapshot) -> Option<&'a str> {
    let field = snapshot.lists[side.list].fields[side.field].relationship.as_ref()?;
    field.join_collection.as_ref().map(|join| &*join.name)
}

/// The old schema's place that is kept, or copied, and the one that goes. A join collection that holds links
/// already is kept, and what else holds them goes.
pub(super) fn names_of(places: &[Stored]) -> [String; 2] {
    let (new, old): (Vec<_>, Vec<_>) = places.iter().partition(|it| it.schema == Within::New);
    if let Some(join) = new.into_iter().find(|it| it.links > Some(0)) {
        let there = old.into_iter().filter(|it| it.links.is_some());
        let names: Vec<_> = there.map(|it| &*it.name).collect();
        return [join.name.clone(), names.join(" or ")];
    }
    [true, false].map(|is_kept| {
        let place = old.iter().find(|it| it.is_kept == is_kept);
        place.map_or_else(String::new, |it| it.name.clone())
    })
}
