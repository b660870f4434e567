//! The steps on MongoDB.
//!
//! Where links were: `fields` 8, `types/Relationship/Implementation.js` (an id, or an array of ids,
//! on every side). Where they are: the same file from `fields` 9 on, and `_createAdjacencyTable` of
//! `adapter-mongoose` 8, `lib/adapter-mongoose.js`.

use std::collections::HashMap;

use super::Part;
use crate::error::Problem;
use crate::naming;
use crate::relationship::{Kind, Relationship, Side};
use crate::step::{CollectionStep, Copies, DocumentField, JoinCollection, Links, Owner, Planned};

/// Plans one adapter's collections.
pub(super) fn plan(part: &Part<'_>, problems: &mut Vec<Problem>) -> Vec<Planned<CollectionStep>> {
    let mut names = Names::new(part);
    let (mut copied, mut removed) = (Vec::new(), Vec::new());
    for (at, relationship) in part.relationships() {
        let planned = |step| Planned { relationship: at, step };
        let left = document_field(part, &relationship.left);
        let right = relationship.right.as_ref().map(|right| document_field(part, right));
        match (relationship.kind, right) {
            (Kind::OneSidedManyToMany, _) => {
                let into = names.join_collection(part, relationship, problems);
                names.removes(part, &relationship.left, problems);
                copied.push(planned(CollectionStep::CopyLinks { from: left.clone(), into }));
                removed.push(planned(CollectionStep::UnsetField { field: left, copies: None }));
            }
            (Kind::TwoSidedManyToMany, Some(right)) => {
                let into = names.join_collection(part, relationship, problems);
                for side in [Some(&relationship.left), relationship.right.as_ref()] {
                    side.into_iter().for_each(|side| names.removes(part, side, problems));
                }
                copied.push(planned(CollectionStep::CopyLinks { from: left.clone(), into }));
                let copies = copies((left.clone(), Owner::Left), (right.clone(), Owner::Right));
                removed.push(planned(CollectionStep::UnsetField { field: left, copies: None }));
                removed.push(planned(CollectionStep::UnsetField {
                    field: right,
                    copies: Some(copies),
                }));
            }
            (Kind::TwoSidedOneToOne | Kind::TwoSidedOneToMany, Some(right)) => {
                // The side with `many` goes; of two without it, the right one.
                let (kept, dropped) = if relationship.left.many {
                    ((right, Owner::Right), (left, Owner::Left))
                } else {
                    ((left, Owner::Left), (right, Owner::Right))
                };
                let side = match (&relationship.right, dropped.1) {
                    (Some(right), Owner::Right) => right,
                    _ => &relationship.left,
                };
                names.removes(part, side, problems);
                removed.push(planned(CollectionStep::UnsetField {
                    field: dropped.0.clone(),
                    copies: Some(copies(kept, dropped)),
                }));
            }
            _ => {}
        }
    }
    copied.into_iter().chain(removed).collect()
}

fn copies(kept: (DocumentField, Owner), dropped: (DocumentField, Owner)) -> Copies<DocumentField> {
    let links = |(place, owner)| Links { owner, place };
    Copies { kept: links(kept), dropped: links(dropped) }
}

fn collection<'a>(part: &Part<'a>, list: usize) -> &'a str {
    part.list(list).collection.as_deref().expect("a snapshot's mongoose lists have collections")
}

fn document_field(part: &Part<'_>, side: &Side) -> DocumentField {
    DocumentField {
        collection: collection(part, side.list).to_owned(),
        field: side.path.clone(),
        many: side.many,
    }
}

/// The collections in use, each with whose it is.
struct Names {
    collections: HashMap<String, Vec<String>>,
}

impl Names {
    fn new(part: &Part<'_>) -> Self {
        let mut collections: HashMap<String, Vec<String>> = HashMap::new();
        for list in part.lists() {
            if let Some(collection) = &list.collection {
                let owners = collections.entry(collection.clone()).or_default();
                owners.push(format!("the collection of the list {}", list.key));
            }
        }
        Names { collections }
    }

    /// A field is about to be removed from every document of its collection: no other list may have
    /// its documents there.
    fn removes(&self, part: &Part<'_>, side: &Side, problems: &mut Vec<Problem>) {
        let name = collection(part, side.list);
        if let [first, second, ..] = self.collections[name].as_slice() {
            problems.push(collision(name, first, second, side, "The migration would change the documents of both lists. Give each list a collection of its own first."));
        }
    }

    fn join_collection(
        &mut self,
        part: &Part<'_>,
        relationship: &Relationship,
        problems: &mut Vec<Problem>,
    ) -> JoinCollection {
        let left = &relationship.left;
        let model = naming::new_join_table(relationship);
        let field = &part.list(left.list).fields[left.field];
        let stored = field
            .relationship
            .as_ref()
            .and_then(|field| field.join_collection.as_ref())
            .filter(|collection| collection.model == model);
        let Some(stored) = stored else {
            problems.push(Problem::InvalidSnapshot {
                place: Some(format!("field {left}")),
                reason: format!("has no collection name for the model {model}"),
            });
            return JoinCollection { name: model, near: String::new(), far: String::new() };
        };
        let owners = self.collections.entry(stored.name.clone()).or_default();
        let purpose = format!("the join collection of {left}");
        if let Some(other) = owners.first() {
            problems.push(collision(&stored.name, other, &purpose, left, "Keystone would mix their documents. Rename the field or the list before you upgrade."));
        }
        owners.push(purpose);
        JoinCollection {
            name: stored.name.clone(),
            near: naming::new_near_column(relationship),
            far: naming::new_far_column(relationship),
        }
    }
}

fn collision(name: &str, first: &str, second: &str, side: &Side, advice: &'static str) -> Problem {
    Problem::NameCollision {
        thing: "collection",
        name: name.to_owned(),
        first: first.to_owned(),
        second: second.to_owned(),
        why: "",
        advice,
        list: side.key.clone(),
        field: side.path.clone(),
    }
}
