//! The checks before a removal: what goes must be kept elsewhere.

use serde_json::{Value, json};

use super::command::{Command, Severity, found};
use super::expression::{ids, path};
use crate::step::{Copies, DocumentField, Links, Owner};

/// The checks that the kept field of a two-sided relationship has every link that the dropped one
/// has, as far as both ends of the link exist.
///
/// A kept field with `many` must agree in both directions. A kept field for one id decides by
/// itself: the old Keystone leaves stale pointers on the dropped side whenever such a field is
/// re-assigned. So only a link is refused whose kept field is empty.
pub(super) fn agreement(copies: &Copies<DocumentField>, relationship: &str) -> Vec<Command> {
    let Copies { kept, dropped } = copies;
    let lost = format!(
        "{relationship}: links that only {} has would be lost. Nothing has been changed. Add them to {}, or remove them, then run the script again",
        name(dropped),
        name(kept)
    );
    if kept.place.many {
        let only_kept = format!(
            "{relationship}: links that only {} has, and not {}. Nothing has been changed. Bring both sides into agreement, then run the script again",
            name(kept),
            name(dropped)
        );
        return vec![
            missing(dropped, kept, None, lost, Severity::Stop),
            missing(kept, dropped, None, only_kept, Severity::Stop),
        ];
    }
    let stale = format!(
        "{relationship}: {} has links that {} contradicts. The new Keystone reads {}; stale links like these are left by the old one",
        name(dropped),
        name(kept),
        name(kept)
    );
    let is_empty = json!({ "$match": { "back": [] } });
    let is_not_empty = json!({ "$match": { "back": { "$ne": [] } } });
    let mut checks = vec![
        missing(dropped, kept, Some(is_empty), lost, Severity::Stop),
        missing(dropped, kept, Some(is_not_empty), stale, Severity::Warn),
    ];
    if !dropped.place.many {
        checks.push(shared(&kept.place, relationship));
    }
    checks
}

/// The links of one field that the other field does not have.
fn missing(
    of: &Links<DocumentField>,
    from: &Links<DocumentField>,
    filter: Option<Value>,
    message: String,
    severity: Severity,
) -> Command {
    let other_field = format!("$$other.{}", from.place.field);
    let mut pipeline = vec![
        json!({ "$match": { &of.place.field: { "$exists": true } } }),
        json!({ "$project": { "id": ids(&path(&of.place.field)) } }),
        json!({ "$unwind": "$id" }),
        json!({ "$lookup": {
            "from": from.place.collection,
            "localField": "id",
            "foreignField": "_id",
            "as": "other",
        } }),
        json!({ "$match": { "other": { "$ne": [] } } }),
        json!({ "$project": {
            "id": 1,
            "back": { "$let": {
                "vars": { "other": { "$arrayElemAt": ["$other", 0] } },
                "in": ids(&other_field),
            } },
        } }),
        json!({ "$match": { "$expr": { "$not": [{ "$in": ["$_id", "$back"] }] } } }),
    ];
    pipeline.extend(filter);
    let (left, right) = match of.owner {
        Owner::Left => ("$_id", "$id"),
        Owner::Right => ("$id", "$_id"),
    };
    pipeline.push(json!({ "$project": { "_id": 0, "left": left, "right": right } }));
    pipeline.extend(found());
    Command::Check { collection: of.place.collection.clone(), pipeline, message, severity }
}

/// The ids that a field of a 1:1 relationship holds more than once.
fn shared(kept: &DocumentField, relationship: &str) -> Command {
    let field = &kept.field;
    let mut pipeline = vec![
        json!({ "$match": { field: { "$ne": null } } }),
        json!({ "$group": { "_id": path(field), "holders": { "$sum": 1 } } }),
        json!({ "$match": { "holders": { "$gt": 1 } } }),
    ];
    pipeline.extend(found());
    Command::Check {
        collection: kept.collection.clone(),
        pipeline,
        message: format!(
            "{relationship}: several documents hold the same id in {}.{field}, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again",
            kept.collection
        ),
        severity: Severity::Stop,
    }
}

fn name(links: &Links<DocumentField>) -> String {
    format!("{}.{}", links.place.collection, links.place.field)
}
