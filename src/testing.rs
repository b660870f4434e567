//! Small projects for the tests: snapshots as Node would send them.

use crate::snapshot::{
    Adapter, Field, List, PluralizedModel, RelationshipField, Snapshot, VERSION,
};

/// A relationship field: its path, its ref, and whether it is many.
pub(crate) type FieldSpec<'a> = (&'a str, &'a str, bool);

/// The example of Keystone's guide.
pub(crate) const GUIDE: &[(&str, &[FieldSpec<'static>])] = &[
    (
        "Todo",
        &[
            ("author", "User", false),
            ("reviewers", "User", true),
            ("leadAuthor", "User.leadPost", false),
            ("publisher", "User.published", false),
            ("readers", "User.readPosts", true),
        ],
    ),
    (
        "User",
        &[
            ("leadPost", "Todo.leadAuthor", false),
            ("published", "Todo.publisher", true),
            ("readPosts", "Todo.readers", true),
        ],
    ),
];

/// A project with one adapter of that kind. Names rank by their lower case, which is enough of
/// `localeCompare` for tests; collections are named by adding an s.
pub(crate) fn project(kind: &str, lists: &[(&str, &[FieldSpec<'_>])]) -> Snapshot {
    let rank = |name: &str, names: &[&str]| {
        let lower = name.to_lowercase();
        names.iter().filter(|other| other.to_lowercase() < lower).count() as u32
    };
    let keys: Vec<&str> = lists.iter().map(|(key, _)| *key).collect();
    let paths: Vec<&str> =
        lists.iter().flat_map(|(_, fields)| fields.iter().map(|field| field.0)).collect();
    let field = |key: &str, &(path, reference, many): &FieldSpec<'_>| {
        let model = match reference.split_once('.') {
            Some((list, back)) => format!("{key}_{path}_{list}_{back}"),
            None => format!("{key}_{path}_many"),
        };
        Field {
            path: (*path).into(),
            kind: "Relationship".to_owned(),
            relationship: Some(RelationshipField {
                reference: reference.to_owned(),
                many,
                rank: rank(path, &paths),
                is_unique: false,
                is_indexed: true,
                is_not_nullable: false,
                is_indexed_by_new: !many,
                join_collection: many
                    .then(|| PluralizedModel { name: format!("{}s", model.to_lowercase()), model }),
            }),
            columns: Vec::new(),
            keys: Vec::new(),
            is_indexed: false,
            is_unique: false,
        }
    };
    Snapshot {
        version: VERSION,
        keystone: None,
        locale: "en-US".to_owned(),
        orders: Vec::new(),
        adapters: vec![Adapter {
            name: kind.to_owned(),
            kind: kind.to_owned(),
            client: None,
            schema_name: None,
            wraps_identifiers: false,
            has_columns: false,
        }],
        lists: lists
            .iter()
            .map(|(key, fields)| List {
                key: (*key).into(),
                adapter: 0,
                rank: rank(key, &keys),
                table_name: None,
                foreign_key_type: Some("integer".into()),
                collection: Some(format!("{}s", key.to_lowercase())),
                collection_error: None,
                fields: fields.iter().map(|it| field(key, it)).collect(),
            })
            .collect(),
        consolidated: None,
        consolidation_error: None,
        warnings: Vec::new(),
    }
}
