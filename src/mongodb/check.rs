//! The checks before anything changes: what is found that would be lost, or read differently.
//!
//! What counts as a link follows what both Keystones read: an ObjectId of a document that exists.

use super::value::{Value, json};

use super::command::{Check, aggregate, stop, warn};
use super::expression::{Reading, having, holding, is_id, is_nothing, items, lookup, path};
use crate::step::{DocumentField, JoinCollection, Owner};

/// The two fields of a two-sided relationship, and how ids are read from them.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) relationship: &'a str,
    pub(super) reading: Reading,
    pub(super) left: &'a DocumentField,
    pub(super) right: &'a DocumentField,
}

/// A field of a relationship, seen by whose it is.
impl<'a> Sides<'a> {
    pub(super) fn of(&self, owner: Owner) -> &'a DocumentField {
        match owner {
            Owner::Left => self.left,
            Owner::Right => self.right,
        }
    }
}

pub(super) fn other(owner: Owner) -> Owner {
    match owner {
        Owner::Left => Owner::Right,
        Owner::Right => Owner::Left,
    }
}

/// That a field holds ObjectIds and nothing else, in documents whose own `_id` is one.
pub(super) fn ids(relationship: &str, field: &DocumentField, reading: Reading) -> Vec<Check> {
    let value = path(&field.field);
    let all = if field.many { items(&value) } else { json!([&value]) };
    let is_wrong = json!({ "$not": [{ "$or": [is_nothing("$$this"), is_id("$$this")] }] });
    let wrong = vec![
        having(field),
        json!({ "$project": { "wrong": { "$filter": { "input": all, "cond": is_wrong } } } }),
        json!({ "$match": { "wrong": { "$ne": [] } } }),
        json!({ "$project": {
            "wrong": 1,
            "types": { "$map": { "input": "$wrong", "in": { "$type": "$$this" } } },
        } }),
    ];
    let something = json!({ "$not": [is_nothing("$$this")] });
    let own = vec![
        json!({ "$match": {
            &field.field: { "$exists": true },
            "_id": { "$not": { "$type": "objectId" } },
        } }),
        json!({ "$project": {
            "type": { "$type": "$_id" },
            "links": { "$filter": { "input": items(&value), "cond": something } },
        } }),
        json!({ "$match": { "links": { "$ne": [] } } }),
    ];
    let wrong = match reading {
        Reading::Strict => stop(
            format!(
                "{relationship}: documents with something in {field} that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else"
            ),
            &field.collection,
            wrong,
        ),
        Reading::Lenient => warn(
            format!(
                "{relationship}: documents with something in {field} that is no ObjectId. Strings of 24 hex digits are taken as ids, everything else is left out"
            ),
            &field.collection,
            wrong,
        ),
    };
    let own = stop(
        format!(
            "{relationship}: documents of {} whose own _id is no ObjectId have links in {}. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links",
            field.collection, field.field
        ),
        &field.collection,
        own,
    );
    vec![wrong, own]
}

/// What an array holds beside links that are each there once.
pub(super) fn oddities(relationship: &str, field: &DocumentField) -> Check {
    let value = path(&field.field);
    let size = |array: Value| json!({ "$size": array });
    let links = json!({ "$filter": {
        "input": "$all",
        "cond": { "$not": [is_nothing("$$this")] },
    } });
    let pipeline = vec![
        having(field),
        json!({ "$project": {
            "all": items(&value),
            "lone": { "$cond": [{ "$or": [{ "$isArray": [&value] }, is_nothing(&value)] }, 0, 1] },
            "array": { "$cond": [{ "$isArray": [&value] }, 1, 0] },
        } }),
        json!({ "$project": { "all": 1, "lone": 1, "array": 1, "links": links } }),
        json!({ "$project": {
            "lone": 1,
            "nulls": { "$multiply": [
                "$array",
                { "$subtract": [size(json!("$all")), size(json!("$links"))] },
            ] },
            "duplicates": { "$subtract": [
                size(json!("$links")),
                size(json!({ "$setUnion": ["$links", []] })),
            ] },
        } }),
        json!({ "$match": { "$or": [
            { "lone": { "$gt": 0 } },
            { "nulls": { "$gt": 0 } },
            { "duplicates": { "$gt": 0 } },
        ] } }),
    ];
    Check {
        says: format!(
            "{relationship}: documents with nulls or duplicates in {field}, or with a lone value in place of an array. Each link is copied once, nulls are left out"
        ),
        stops: false,
        sums: &["nulls", "duplicates", "lone"],
        run: aggregate(&field.collection, pipeline),
    }
}

/// The ids in an array of documents that do not exist (any more).
pub(super) fn dangling(
    relationship: &str,
    (field, owner): (&DocumentField, Owner),
    target: &str,
    reading: Reading,
) -> Check {
    let mut pipeline = links(field, reading);
    pipeline.push(lookup(target, "id", "other"));
    pipeline.push(json!({ "$match": { "other": [] } }));
    pipeline.push(ends(owner));
    let fate = match (owner, reading) {
        (Owner::Right, Reading::Strict) => "They go with the field",
        _ => "They are copied as they are",
    };
    warn(
        format!(
            "{relationship}: ids in {field} of documents that {target} does not have. No Keystone shows them. {fate}"
        ),
        &field.collection,
        pipeline,
    )
}

/// That each side of an N:N relationship has all links of the other.
pub(super) fn both_sides_agree(sides: &Sides<'_>) -> Vec<Check> {
    [Owner::Left, Owner::Right]
        .map(|owner| {
            let (field, without) = (sides.of(owner), sides.of(other(owner)));
            let (links, name) = (missing(sides, owner, None), sides.relationship);
            let says = format!("{name}: links that only {field} has, and {without} has not");
            match sides.reading {
                Reading::Strict => stop(
                    format!(
                        "{says}. Bring both sides into agreement, or use --reconcile, which takes the links of both"
                    ),
                    &field.collection,
                    links,
                ),
                Reading::Lenient => {
                    warn(format!("{says}. They are taken"), &field.collection, links)
                }
            }
        })
        .into()
}

/// That no link is lost with a field, where the other side is kept and holds one id.
///
/// The kept side decides where it holds an id: the old Keystone leaves stale ids on the other one
/// whenever it is re-assigned.
pub(super) fn kept_side_agrees(sides: &Sides<'_>, dropped: Owner) -> Vec<Check> {
    let Sides { relationship, reading, .. } = *sides;
    let (from, kept) = (sides.of(dropped), sides.of(other(dropped)));
    let stale = json!({ "$match": { "back": { "$ne": [] } } });
    let unknown = json!({ "$match": { "back": [] } });
    let is_strict = reading == Reading::Strict;
    let mut checks = Vec::new();
    if is_strict {
        checks.push(nothing_lost(sides, dropped));
        checks.push(warn(
            format!(
                "{relationship}: links in {from} that {kept} contradicts. The old Keystone leaves such stale links behind. {kept} decides"
            ),
            &from.collection,
            missing(sides, dropped, Some(stale)),
        ));
    }
    checks.push(warn(
        format!(
            "{relationship}: links that only {kept} has. The new Keystone shows them from both sides"
        ),
        &kept.collection,
        missing(sides, other(dropped), (!from.many).then_some(unknown)),
    ));
    if !from.many && is_strict {
        checks.push(stop(
            format!(
                "{relationship}: documents that several documents hold in {kept}, and whose own {from} names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id"
            ),
            &kept.collection,
            shared(sides, Some(false)),
        ));
    }
    checks
}

/// After all repairs: the links of a field that the kept side has no room for.
pub(super) fn left_out(sides: &Sides<'_>, dropped: Owner) -> Check {
    let (from, kept) = (sides.of(dropped), sides.of(other(dropped)));
    warn(
        format!("{}: links in {from} that are left out: {kept} holds others", sides.relationship),
        &from.collection,
        missing(sides, dropped, None),
    )
}

/// That every link of a field exists on the kept side, unless that holds another id.
pub(super) fn nothing_lost(sides: &Sides<'_>, dropped: Owner) -> Check {
    let (from, kept) = (sides.of(dropped), sides.of(other(dropped)));
    stop(
        format!(
            "{}: links that only {from} has would be lost. Add them to {kept}, or remove them, or use --reconcile, which adopts them",
            sides.relationship
        ),
        &from.collection,
        missing(sides, dropped, Some(json!({ "$match": { "back": [] } }))),
    )
}

/// That every link of an array is in the join collection, as far as both ends exist.
pub(super) fn nothing_uncopied(
    relationship: &str,
    (field, owner): (&DocumentField, Owner),
    join: &JoinCollection,
    (target, reading): (Option<&str>, Reading),
) -> Check {
    let mut pipeline = not_joined(field, owner, join, reading);
    if let Some(target) = target {
        pipeline.push(lookup(target, "id", "other"));
        pipeline.push(json!({ "$match": { "other": { "$ne": [] } } }));
    }
    pipeline.push(ends(owner));
    stop(
        format!(
            "{relationship}: links in {field} that {} does not have, so they came after it was made: was the application running? Add them there, or remove them from {field}",
            join.name
        ),
        &field.collection,
        pipeline,
    )
}

/// On the way back: that an array has no links that the join collection lacks, which would be
/// overwritten.
pub(super) fn nothing_overwritten_in_array(
    relationship: &str,
    field: (&DocumentField, Owner),
    join: &JoinCollection,
) -> Check {
    let mut pipeline = not_joined(field.0, field.1, join, Reading::Strict);
    pipeline.push(ends(field.1));
    stop(overwrites(relationship, field.0, &join.name), &field.0.collection, pipeline)
}

/// On the way back: that a field has no links that the kept side lacks, which would be overwritten.
pub(super) fn nothing_overwritten(sides: &Sides<'_>, dropped: Owner) -> Check {
    let (field, kept) = (sides.of(dropped), sides.of(other(dropped)));
    stop(
        overwrites(sides.relationship, field, &kept.to_string()),
        &field.collection,
        missing(sides, dropped, None),
    )
}

fn overwrites(relationship: &str, field: &DocumentField, kept: &str) -> String {
    format!(
        "{relationship}: {field} holds links that {kept} does not have. They would be overwritten: is the database in the old schema already?"
    )
}

/// The documents of the right side that several documents of the left side hold, with their holders
/// and with those `named` by their own field. Without the ones that are settled, or that are not.
pub(super) fn shared(sides: &Sides<'_>, settled: Option<bool>) -> Vec<Value> {
    let (kept, dropped) = (sides.left, sides.right);
    let named = sides.reading.ids(&format!("$$other.{}", dropped.field));
    let mut pipeline = vec![
        holding(kept),
        json!({ "$group": { "_id": path(&kept.field), "holders": { "$push": "$_id" } } }),
        json!({ "$match": { "holders.1": { "$exists": true } } }),
        lookup(&dropped.collection, "_id", "other"),
        json!({ "$match": { "other": { "$ne": [] } } }),
        json!({ "$project": {
            "holders": 1,
            "named": { "$let": {
                "vars": { "other": { "$arrayElemAt": ["$other", 0] } },
                "in": { "$setIntersection": [named, "$holders"] },
            } },
        } }),
    ];
    match settled {
        Some(true) => pipeline.push(json!({ "$match": { "named": { "$ne": [] } } })),
        Some(false) => pipeline.push(json!({ "$match": { "named": [] } })),
        None => {}
    }
    pipeline
}

/// The links of one side that the other does not have, between documents that exist.
///
/// `filter` may look at `back`: the ids that the other side holds in place of it.
pub(super) fn missing(sides: &Sides<'_>, owner: Owner, filter: Option<Value>) -> Vec<Value> {
    let (field, from) = (sides.of(owner), sides.of(other(owner)));
    let mut pipeline = links(field, sides.reading);
    pipeline.extend([
        lookup(&from.collection, "id", "other"),
        json!({ "$match": { "other": { "$ne": [] } } }),
        json!({ "$project": {
            "id": 1,
            "back": { "$let": {
                "vars": { "other": { "$arrayElemAt": ["$other", 0] } },
                "in": sides.reading.ids(&format!("$$other.{}", from.field)),
            } },
        } }),
        json!({ "$match": { "$expr": { "$not": [{ "$in": ["$_id", "$back"] }] } } }),
    ]);
    pipeline.extend(filter);
    pipeline.push(ends(owner));
    pipeline
}

/// The links of an array that a join collection does not have.
fn not_joined(
    field: &DocumentField,
    owner: Owner,
    join: &JoinCollection,
    reading: Reading,
) -> Vec<Value> {
    let (own, far) = join.fields(owner);
    vec![
        having(field),
        json!({ "$project": { "ids": reading.ids(&path(&field.field)) } }),
        json!({ "$lookup": {
            "from": &join.name,
            "localField": "_id",
            "foreignField": own,
            "as": "rows",
        } }),
        json!({ "$project": { "id": { "$setDifference": [
            "$ids",
            { "$map": { "input": "$rows", "in": format!("$$this.{far}") } },
        ] } } }),
        json!({ "$unwind": "$id" }),
    ]
}

/// The links of a field, one document each: `_id` of its own document, `id` of the other.
fn links(field: &DocumentField, reading: Reading) -> Vec<Value> {
    vec![
        having(field),
        json!({ "$project": { "id": reading.ids(&path(&field.field)) } }),
        json!({ "$unwind": "$id" }),
    ]
}

/// The stage that names both ends of a link that its owner's field holds.
fn ends(owner: Owner) -> Value {
    let (left, right) = match owner {
        Owner::Left => ("$_id", "$id"),
        Owner::Right => ("$id", "$_id"),
    };
    json!({ "$project": { "_id": 0, "left": left, "right": right } })
}
