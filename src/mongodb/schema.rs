//! A schema as text for mongosh: statements that create the collections and indexes, and a comment
//! for each field, which MongoDB itself does not know of.

use serde_json::json;

use super::javascript::{literal, string};
use crate::comment::push_comment;
use crate::plan::{CollectionPlan, Engine, UpgradePlan};
use crate::schema::{Which, by_field};
use crate::snapshot::{List, Snapshot};
use crate::step::CollectionStep;

/// The collections of an adapter before or since Arcade: those of lists in order of definition, then
/// join collections. Empty where the adapter is not on MongoDB.
pub fn schema(plan: &UpgradePlan, snapshot: &Snapshot, adapter: usize, which: Which) -> String {
    let Engine::MongoDb(CollectionPlan { steps, indexes }) = &plan.adapters[adapter].engine else {
        return String::new();
    };
    let sides = by_field(plan, adapter);
    let mut text = String::new();
    for (at, list) in snapshot.lists.iter().enumerate().filter(|(_, it)| it.adapter == adapter) {
        let collection = collection(list);
        create(&mut text, &format!("List {}", list.key), collection);
        let mut statements = String::new();
        for (field_at, field) in list.fields.iter().enumerate() {
            let line = match sides.get(&(at, field_at)) {
                None => field.kind.clone(),
                Some((relationship, side, target))
                    if which == Which::Old || relationship.keeps(side) =>
                {
                    let id = format!("ObjectId of {}", self::collection(&snapshot.lists[*target]));
                    if side.many { format!("[{id}]") } else { id }
                }
                Some(_) => continue,
            };
            push_comment(&mut text, "//", &format!("  {}: {line}", field.path));
            let is_new = which == Which::New
                && indexes.get(collection).is_some_and(|fields| fields.contains(&*field.path));
            if field.is_indexed || field.is_unique || is_new {
                create_index(&mut statements, collection, &field.path, field.is_unique);
            }
        }
        text += &statements;
    }
    if which == Which::New {
        for planned in steps {
            let CollectionStep::CopyLinks { from, into, .. } = &planned.step else { continue };
            let relationship = &plan.relationships[planned.relationship];
            create(&mut text, &format!("Join collection of {relationship}"), &into.name);
            let target = collection(&snapshot.lists[relationship.target]);
            for (field, target) in [(&into.near, &*from.collection), (&into.far, target)] {
                push_comment(&mut text, "//", &format!("  {field}: ObjectId of {target}"));
            }
            for field in [&into.near, &into.far] {
                create_index(&mut text, &into.name, field, false);
            }
        }
    }
    text
}

fn collection(list: &List) -> &str {
    list.collection.as_deref().unwrap_or_default()
}

fn create(text: &mut String, title: &str, collection: &str) {
    push_comment(text, "//", title);
    text.push_str(&format!("db.createCollection({});\n", string(collection)));
}

fn create_index(text: &mut String, collection: &str, field: &str, is_unique: bool) {
    let unique = if is_unique { "unique: true, " } else { "" };
    text.push_str(&format!(
        "db.getCollection({}).createIndex({}, {{ {unique}background: true }});\n",
        string(collection),
        literal(&json!({ field: 1 }))
    ));
}
