//! What Node knows of a project: its lists, serialized to JSON by `lib/snapshot/index.js`.
//!
//! A snapshot is plain data that can be stored and planned later, on another machine. Whatever
//! depends on the running process (the order of names under its locale, mongoose's plural forms) is
//! in it as a value, so that the core computes the same plan from it everywhere.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use crate::error::{Problem, Problems};
use crate::name::Name;
use crate::sql::{is_type, is_within_one_statement};

/// The version of the snapshot's shape that this core reads.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub version: u32,
    /// Version of the loaded `@keystonejs/keystone`, when it could be found out.
    pub keystone: Option<String>,
    /// Locale of the process that computed the ranks (`en-US`): Keystone orders the two sides of a
    /// relationship with `localeCompare`, which depends on it.
    pub locale: String,
    /// What other locales order in another way.
    #[serde(default)]
    pub orders: Vec<Order>,
    pub adapters: Vec<Adapter>,
    /// All lists, aux lists included, in order of definition.
    pub lists: Vec<List>,
    /// What the loaded Keystone's own `_consolidateRelationships()` says, from 8.0.0 on.
    pub consolidated: Option<Vec<Consolidated>>,
    /// The message with which it refused the lists, if it did.
    pub consolidation_error: Option<String>,
    /// What could not be found out about the project.
    #[serde(default)]
    pub warnings: Vec<Problem>,
}

/// The order of names under a locale, each with its rank.
#[derive(Debug, Clone, Deserialize)]
pub struct Order {
    pub locale: String,
    pub lists: HashMap<String, u32>,
    pub paths: HashMap<String, u32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adapter {
    /// Its name in `keystone.adapters`, or its kind where a project has just one.
    pub name: String,
    /// The adapter's own `name`: `knex`, `mongoose`, `prisma_postgresql`, ….
    pub kind: String,
    /// knex's client: `postgres`, `pg` or `postgresql` for PostgreSQL.
    pub client: Option<String>,
    pub schema_name: Option<String>,
    /// Whether `knexOptions.wrapIdentifier` is set, which renames tables and columns.
    #[serde(default)]
    pub wraps_identifiers: bool,
    /// Whether the fields have all of their columns.
    #[serde(default)]
    pub has_columns: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    pub key: Name,
    pub adapter: usize,
    /// Position of the key among all list keys in the order of `localeCompare`.
    pub rank: u32,
    /// The table of a knex list. Keystone always uses the list key.
    pub table_name: Option<String>,
    /// SQL type of a foreign key to this list (`integer`, `uuid`), as knex compiles it.
    pub foreign_key_type: Option<Name>,
    pub collection: Option<String>,
    pub collection_error: Option<String>,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    pub path: Name,
    /// Name of its type, for messages.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Set when the field is a relationship (`field.isRelationship`).
    pub relationship: Option<RelationshipField>,
    /// The columns of a field of a knex list other than a relationship, when the snapshot has columns.
    #[serde(default)]
    pub columns: Vec<CompiledColumn>,
    #[serde(default)]
    pub keys: Vec<CompiledKey>,
    #[serde(default)]
    pub is_indexed: bool,
    #[serde(default)]
    pub is_unique: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct CompiledColumn {
    pub name: String,
    /// What follows the name in SQL: the type and its modifiers.
    pub definition: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct CompiledKey {
    pub kind: KeyKind,
    pub columns: Vec<String>,
    /// Its name, where the field gives one in place of knex's.
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyKind {
    Index,
    Unique,
    Primary,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RelationshipField {
    /// `List` (one-sided) or `List.path` (two-sided).
    #[serde(rename = "ref")]
    pub reference: String,
    pub many: bool,
    /// Position of the path among all relationship paths in the order of `localeCompare`.
    pub rank: u32,
    /// Whether its column has a unique constraint, as the knex field adapter sees it.
    #[serde(default)]
    pub is_unique: bool,
    #[serde(default)]
    pub is_indexed: bool,
    /// Whether its column is NOT NULL (`knexOptions.isNotNullable`).
    #[serde(default)]
    pub is_not_nullable: bool,
    /// Whether the new Keystone indexes it and the old one does not, as long as it holds one id; on
    /// mongoose only.
    #[serde(default)]
    pub is_indexed_by_new: bool,
    /// The join collection there would be with this field as the left side; on mongoose only.
    pub join_collection: Option<PluralizedModel>,
}

/// The options of a relationship that show in the DDL of its column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnOptions {
    /// The column has a unique constraint (and then no index of its own).
    pub is_unique: bool,
    pub is_indexed: bool,
    pub is_not_nullable: bool,
}

/// A mongoose model's name and the collection that mongoose derives from it.
#[derive(Debug, Clone, Deserialize)]
pub struct PluralizedModel {
    pub model: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consolidated {
    pub left: String,
    /// `List.path` of the right side of a two-sided relationship.
    pub right: Option<String>,
    pub cardinality: String,
    pub table_name: String,
    pub column_name: Option<String>,
    /// The join table's column for the left side.
    pub near: Option<String>,
    /// The join table's column for the right side.
    pub far: Option<String>,
}

impl Snapshot {
    /// Reads a snapshot and checks that it is consistent in itself.
    ///
    /// # Errors
    /// Each place that is malformed: not JSON, another version, a missing or mistyped property, an
    /// index out of range, a list or field named twice.
    pub fn parse(json: &str) -> Result<Self, Problems> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let read = serde_path_to_error::deserialize(&mut deserializer);
        let snapshot: Snapshot = read.map_err(|error| {
            let place = error.path().to_string();
            let place = Some(&*place).filter(|place| *place != ".");
            Problem::invalid_snapshot(place, &error.into_inner().to_string())
        })?;
        let end = deserializer.end();
        end.map_err(|error| Problem::invalid_snapshot(None, &error.to_string()))?;
        let problems = snapshot.mistakes();
        if problems.is_empty() { Ok(snapshot) } else { Err(Problems(problems)) }
    }

    fn mistakes(&self) -> Vec<Problem> {
        let mut mistakes = Mistakes::default();
        if self.version != VERSION {
            let reason = format!("is {}, but this release reads version {VERSION}", self.version);
            mistakes.add("version", &reason);
            return mistakes.0;
        }
        for adapter in &self.adapters {
            let place = format!("adapter {}", adapter.name);
            mistakes.check_names(&place, "name", [&adapter.name]);
            mistakes.check_names(&place, "schemaName", &adapter.schema_name);
        }
        let mut keys = HashSet::new();
        for list in &self.lists {
            let place = format!("list {}", list.key);
            if !keys.insert(&*list.key) {
                mistakes.add(&place, "is there twice");
            }
            match self.adapters.get(list.adapter) {
                Some(adapter) => list.check(adapter, &mut mistakes),
                None => {
                    let (at, many) = (list.adapter, self.adapters.len());
                    mistakes.add(&place, &format!("names adapter {at}, but there are {many}"));
                }
            }
        }
        mistakes.0
    }
}

impl List {
    fn check(&self, adapter: &Adapter, mistakes: &mut Mistakes) {
        let key = &self.key;
        let place = format!("list {key}");
        let is_mongoose = adapter.kind == "mongoose";
        mistakes.check_names(&place, "key", [key]);
        mistakes.check_names(&place, "collection", &self.collection);
        if is_mongoose && self.collection.is_none() && self.collection_error.is_none() {
            mistakes.add(&place, "has no collection");
        }
        if let Some(sql) = self.foreign_key_type.as_ref().filter(|sql| !is_type(sql)) {
            let reason = format!("has a foreignKeyType that is not a type of SQL: {sql:?}");
            mistakes.add(&place, &reason);
        }
        let mut paths = HashSet::new();
        for field in &self.fields {
            let place = format!("field {key}.{}", field.path);
            if !paths.insert(&*field.path) {
                mistakes.add(&place, "is there twice");
            }
            mistakes.check_names(&place, "path", [&field.path]);
            if let Some(RelationshipField { many, join_collection, .. }) = &field.relationship {
                if *many && is_mongoose && join_collection.is_none() {
                    mistakes.add(&place, "has no join collection");
                }
                let name = join_collection.as_ref().map(|it| &it.name);
                mistakes.check_names(&place, "joinCollection", name);
            }
            for CompiledColumn { name, definition } in &field.columns {
                mistakes.check_names(&place, "columns", [name]);
                if !is_within_one_statement(definition) {
                    let reason =
                        format!("has a column whose definition is not one of SQL: {definition:?}");
                    mistakes.add(&place, &reason);
                }
            }
            let names = field.keys.iter().flat_map(|it| it.columns.iter().chain(&it.name));
            mistakes.check_names(&place, "keys", names);
        }
    }
}

#[derive(Default)]
struct Mistakes(Vec<Problem>);

impl Mistakes {
    fn add(&mut self, place: &str, reason: &str) {
        let place = place.replace('\0', "\\0");
        self.0.push(Problem::invalid_snapshot(Some(&place), reason));
    }

    /// No database has an empty name, and none has room for a NUL.
    fn check_names<T: AsRef<str>>(
        &mut self,
        place: &str,
        property: &str,
        names: impl IntoIterator<Item = T>,
    ) {
        for name in names {
            if name.as_ref().is_empty() {
                self.add(place, &format!("has an empty name ({property})"));
            } else if name.as_ref().contains('\0') {
                self.add(place, &format!("has a NUL character in a name ({property})"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(json: &str) -> Vec<String> {
        let problems = Snapshot::parse(json).expect_err("a malformed snapshot");
        problems.0.into_iter().map(|it| it.message).collect()
    }

    #[test]
    fn names_the_place_of_a_mistyped_property() {
        let found = messages(
            r#"{"version":1,"locale":"en","adapters":[],"lists":[{"key":"A","adapter":0,"rank":"x","fields":[]}]}"#,
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("lists[0].rank"), "{}", found[0]);
    }

    #[test]
    fn reports_every_inconsistency() {
        let found = messages(
            r#"{"version":1,"locale":"en","adapters":[{"name":"m","kind":"mongoose"}],"lists":[
                {"key":"A","adapter":0,"rank":0,"fields":[]},
                {"key":"A","adapter":7,"rank":0,"collection":"a","fields":[]}]}"#,
        );
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn refuses_names_that_no_database_has_and_sql_that_is_more_than_it_says() {
        let found = messages(
            r#"{"version":1,"locale":"en","adapters":[{"name":"k","kind":"knex","schemaName":""}],"lists":[
                {"key":"A","adapter":0,"rank":0,"foreignKeyType":"int; drop table \"A\"","fields":[
                    {"path":"","columns":[{"name":"a\u0000","definition":"text"}]},
                    {"path":"b","columns":[{"name":"b","definition":"text); drop table c; --"}]},
                    {"path":"c","keys":[{"kind":"index","columns":[""]}]},
                    {"path":"d","relationship":{"ref":"A","many":true,"rank":0,
                        "joinCollection":{"model":"m","name":"x\u0000"}}}]},
                {"key":"","adapter":0,"rank":1,"collection":"","fields":[]}]}"#,
        );
        assert_eq!(found.len(), 9, "{found:#?}");
        assert!(found.iter().all(|message| !message.contains('\0')), "{found:#?}");
    }

    #[test]
    fn refuses_another_version_and_what_is_no_json() {
        assert!(
            messages(r#"{"version":9,"locale":"en","adapters":[],"lists":[]}"#)[0]
                .contains("version")
        );
        assert_eq!(messages("{").len(), 1);
        assert_eq!(
            messages(r#"{"version":1,"locale":"en","adapters":[],"lists":[]} and more"#).len(),
            1
        );
    }
}
