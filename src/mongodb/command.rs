//! What the server is told, typed: commands of its own protocol, which mongosh and every driver can
//! send. `lib/database/mongodb/runner.js` decides when each is sent.

use serde::Serialize;

use super::block::blocks;
use super::migration::Task;
use super::value::{Value, json, text};
use crate::step::FieldIndex;

/// A migration of one database: what the script for mongosh holds and what a driver is told.
#[derive(Debug, Serialize)]
pub(super) struct Migration {
    /// `up` or `down`.
    pub(super) direction: &'static str,
    /// The oldest server that can run it, `[4, 0]`.
    pub(super) server: [u32; 2],
    /// Differs where the plan does: a migration that was stopped is only continued by its own.
    pub(super) plan: String,
    /// The collections that it is about: where there is none of them, it is the wrong database, for a
    /// Keystone that is started makes those of all its lists.
    pub(super) collections: Vec<String>,
    /// What is to do, relationship by relationship.
    pub(super) relationships: Vec<Task>,
}

/// What is to do for one relationship. All checks of all relationships come first, then all copies,
/// counts, repairs and removals: nothing is removed before everything is copied.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Commands that find something as long as there is anything to do.
    pub(super) pending: Vec<Value>,
    /// Before anything changes. A check is an aggregation that must find nothing, `run`, with what is
    /// wrong when it finds something, `says`, whether the migration `stops` then or goes on with a
    /// warning, and which numbers of what it finds to sum up, `sums`. The runner ends it with a stage
    /// that counts what it finds and keeps the first five.
    pub(super) checks: Vec<Value>,
    /// Copies, which leave the place that they copy from as it is: `run` alone is a command. With
    /// `into`, its result becomes that collection with `indexes` on two fields, and `count` gives the
    /// number of documents to expect, as `n`.
    pub(super) copies: Vec<Value>,
    /// Checks that the copies are whole.
    pub(super) counts: Vec<Value>,
    /// Checks in place of the first ones, where a migration that was stopped goes on with what follows.
    pub(super) guards: Vec<Value>,
    /// Changes of links that are kept: `run` finds the documents of a `collection` whose `field` is to
    /// change, `how` is `merge` where it becomes what was found for it, or `release` where it becomes
    /// null, and `says` what is done to that many links.
    pub(super) repairs: Vec<Value>,
    /// Checks for what the repairs have left out, to be told.
    pub(super) leftovers: Vec<Value>,
    /// Commands that make and drop indexes, whether or not there are links. They come before the
    /// removals.
    pub(super) ensures: Vec<Value>,
    /// Commands that remove, each of which may run again.
    pub(super) removals: Vec<Value>,
}

impl Section {
    /// All of it: what it is called, what it is in a few words, and what is to do.
    pub(super) fn lists(self) -> [(&'static str, &'static str, Vec<Value>); 9] {
        [
            ("pending", "they find something as long as there is anything to do", self.pending),
            (
                "checks",
                "before anything changes: those that stop must find nothing, others warn",
                self.checks,
            ),
            ("copies", "of links, to where they will be", self.copies),
            ("counts", "checks of the copies", self.counts),
            (
                "guards",
                "checks in place of the first ones, where a stopped run goes on from here",
                self.guards,
            ),
            ("repairs", "of links that stay where they are", self.repairs),
            ("leftovers", "checks for what the repairs have left out", self.leftovers),
            ("ensures", "indexes, made or removed whether or not there are links", self.ensures),
            ("removals", "of what is no longer needed", self.removals),
        ]
    }
}

blocks! {
    /// A check that stops the migration when it finds something.
    fn stop(says, collection, pipeline) {
        json!({ "says": says, "stops": true, "run": aggregate(collection, pipeline) })
    }

    /// A check that warns.
    fn warn(says, collection, pipeline) {
        json!({ "says": says, "stops": false, "run": aggregate(collection, pipeline) })
    }

    /// Finds a document that has the field.
    fn any_with(side) {
        json!({
            "find": side.at("collection"),
            "filter": { [side.at("field")]: { "$exists": true } },
            "projection": { "_id": 1 },
            "limit": 1,
        })
    }

    /// Finds a document that does not have the field.
    fn any_without(side) {
        json!({
            "find": side.at("collection"),
            "filter": { [side.at("field")]: { "$exists": false } },
            "projection": { "_id": 1 },
            "limit": 1,
        })
    }

    /// Finds a collection with one of the names.
    fn any_collection(names) {
        json!({ "listCollections": 1, "filter": { "name": { "$in": names } }, "nameOnly": true })
    }

    /// Finds the collection with that name.
    fn collection_named(name) {
        json!({ "listCollections": 1, "filter": { "name": name }, "nameOnly": true })
    }

    /// An index on a field, as Keystone makes it: without `background` it would clash with Keystone's.
    fn plain_index(collection, field) {
        json!({ "createIndexes": collection, "indexes": [
            { "key": { [field]: 1 }, "name": text![field, "_1"], "background": true },
        ] })
    }

    /// An index on a field that holds no value twice, as Keystone makes it. Some servers mind the order
    /// of the options.
    fn unique_index(collection, field) {
        json!({ "createIndexes": collection, "indexes": [
            { "key": { [field]: 1 }, "name": text![field, "_1"], "unique": true, "background": true },
        ] })
    }

    /// Removes the index on a field.
    fn drop_index(side) {
        json!({ "dropIndexes": side.at("collection"), "index": { [side.at("field")]: 1 } })
    }

    /// Removes a field.
    fn unset(side) {
        update(
            side.at("collection"),
            json!({ [side.at("field")]: { "$exists": true } }),
            json!({ "$unset": { [side.at("field")]: 1 } }),
        )
    }
}

/// An aggregation.
pub(super) fn aggregate(collection: impl Into<Value>, pipeline: impl Into<Value>) -> Value {
    let (collection, pipeline) = (collection.into(), pipeline.into());
    json!({ "aggregate": collection, "pipeline": pipeline })
}

/// An index on one field.
pub(super) fn create_index(
    collection: impl Into<Value>,
    field: impl Into<Value>,
    index: FieldIndex,
) -> Value {
    match index {
        FieldIndex::Plain => plain_index(collection, field),
        FieldIndex::Unique => unique_index(collection, field),
    }
}

/// Changes all documents that match.
pub(super) fn update(collection: Value, filter: Value, change: Value) -> Value {
    json!({ "update": collection, "updates": [{ "q": filter, "u": change, "multi": true }] })
}
