//! The steps on MongoDB.
//!
//! Where links were: `fields` 8, `types/Relationship/Implementation.js` (an id, or an array of ids,
//! on every side). Where they are: the same file from `fields` 9 on, and `_createAdjacencyTable` of
//! `adapter-mongoose` 8, `lib/adapter-mongoose.js`.

use std::collections::{HashMap, HashSet};

use super::part::Part;
use crate::error::Problem;
use crate::naming;
use crate::relationship::{Kind, Relationship, Side};
use crate::step::{
    CollectionStep, DocumentField, DocumentPlace, FieldIndex, Indexes, JoinCollection, Owner,
    Planned,
};

pub(super) fn plan(part: &Part<'_>, problems: &mut Vec<Problem>) -> Vec<Planned<CollectionStep>> {
    let mut names = CollectionNames::new(part, problems);
    let (mut copied, mut removed) = (Vec::new(), Vec::new());
    for (at, relationship) in part.relationships() {
        if relationship.kind == Kind::OneSidedOneToMany {
            continue;
        }
        let planned = |step| Planned { relationship: at, step };
        let left = names.field(&relationship.left);
        let right = relationship.right.as_ref().map(|right| names.field(right));
        if matches!(relationship.kind, Kind::OneSidedManyToMany | Kind::TwoSidedManyToMany) {
            let into = names.join_collection(relationship);
            let unset = |field: DocumentField, owner| CollectionStep::UnsetField {
                field,
                owner,
                kept: DocumentPlace::JoinCollection(into.clone()),
            };
            removed.push(planned(unset(left.clone(), Owner::Left)));
            removed.extend(right.clone().map(|right| planned(unset(right, Owner::Right))));
            let target = part.list(relationship.target).collection.clone();
            copied.push(planned(CollectionStep::CopyLinks {
                from: left,
                also: right,
                target,
                into,
            }));
        } else if let Some(right) = right {
            // For 1:N the side with `many` goes, else the right one.
            let (field, owner, kept) =
                if left.many { (left, Owner::Left, right) } else { (right, Owner::Right, left) };
            let kept = DocumentPlace::Field(kept);
            removed.push(planned(CollectionStep::UnsetField { field, owner, kept }));
        }
    }
    copied.into_iter().chain(removed).collect()
}

/// The fields of lists that only the new Keystone indexes: also those that stay as they are.
pub(super) fn indexes(part: &Part<'_>) -> Indexes {
    let mut indexes = Indexes::new();
    for (_, relationship) in part.relationships() {
        for side in relationship.sides().filter(|side| relationship.keeps(side)) {
            let list = part.list(side.list);
            let field = list.fields[side.field].relationship.as_ref();
            let is_indexed = field.is_some_and(|it| it.is_indexed_by_new);
            if let Some(collection) = list.collection.as_ref().filter(|_| is_indexed) {
                indexes.entry(collection.clone()).or_default().insert(side.path.to_string());
            }
        }
    }
    indexes
}

struct CollectionNames<'a> {
    part: &'a Part<'a>,
    problems: &'a mut Vec<Problem>,
    /// Whose each collection is.
    owners: HashMap<String, Vec<String>>,
    /// The collections, or lists without a known one, that have been looked at: a problem of one is
    /// reported once.
    seen: HashSet<String>,
}

impl<'a> CollectionNames<'a> {
    fn new(part: &'a Part<'a>, problems: &'a mut Vec<Problem>) -> Self {
        let mut owners: HashMap<String, Vec<String>> = HashMap::new();
        for list in part.lists() {
            if let Some(collection) = &list.collection {
                let owner = format!("the collection of the list {}", list.key);
                owners.entry(collection.clone()).or_default().push(owner);
            }
        }
        CollectionNames { part, problems, owners, seen: HashSet::new() }
    }

    /// The field of a side of a relationship that changes: its list's collection must be known, and
    /// no other list may have its documents there, because fields are removed from all of them.
    fn field(&mut self, side: &Side) -> DocumentField {
        let list = self.part.list(side.list);
        let collection = list.collection.clone().unwrap_or_default();
        let problem = match (
            &list.collection_error,
            self.owners.get(&collection).map(Vec::as_slice),
        ) {
            (Some(reason), _) => {
                let message = format!(
                    "The collection of the list {} is unknown, because its configureMongooseSchema failed on a copy of the schema: {reason}. Make it work on a schema with all fields and without a connection.",
                    side.key
                );
                Some(Problem::new("UNKNOWN_COLLECTION", message).on_list(&side.key))
            }
            (None, Some([first, second, ..])) => Some(collision(
                side,
                format!(
                    "The collection {collection} is {first} and also {second}. The migration would change the documents of both. Give each a collection of its own first."
                ),
            )),
            _ => None,
        };
        let subject = if collection.is_empty() { &*side.key } else { &collection };
        if self.seen.insert(subject.to_owned()) {
            self.problems.extend(problem);
        }
        let field = &list.fields[side.field];
        let index = match (field.is_unique, field.is_indexed) {
            (true, _) => Some(FieldIndex::Unique),
            (_, true) => Some(FieldIndex::Plain),
            _ => None,
        };
        DocumentField { collection, field: side.path.to_string(), many: side.many, index }
    }

    fn join_collection(&mut self, relationship: &Relationship) -> JoinCollection {
        let left = &relationship.left;
        let model = naming::new_join_table(relationship);
        let field = &self.part.list(left.list).fields[left.field];
        let pluralized = field
            .relationship
            .as_ref()
            .and_then(|field| field.join_collection.as_ref())
            .filter(|collection| collection.model == model);
        let name = match pluralized {
            Some(collection) => collection.name.clone(),
            None => {
                let reason = format!("has no collection name for the model {model}");
                let place = format!("field {left}");
                self.problems.push(Problem::invalid_snapshot(Some(&place), &reason));
                model
            }
        };
        let owners = self.owners.entry(name.clone()).or_default();
        let purpose = format!("the join collection of {left}");
        if let Some(other) = owners.first() {
            let message = format!(
                "The collection {name} is {other} and also {purpose}. The new Keystone would mix their documents. Rename the field or the list before you upgrade."
            );
            self.problems.push(collision(left, message));
        }
        owners.push(purpose);
        let [near, far] = naming::new_join_columns(&left.key, &relationship.target_key);
        JoinCollection { name, near, far }
    }
}

fn collision(side: &Side, message: String) -> Problem {
    Problem::new("NAME_COLLISION", message).on_field(&side.key, &side.path)
}
