//! Every old and new name in one place.
//!
//! Old names: `adapter-knex` 8, `lib/adapter-knex.js` (`_manyTable`, `_createAdjacencyTable`). New
//! names: `@keystonejs/keystone` 8.0.0 and later, `lib/Keystone/index.js`
//! (`_consolidateRelationships`). Names of indexes and constraints: knex's formula, the same in
//! 0.19 to 0.95.

use std::collections::HashSet;

use crate::name::{MAX_BYTES, Name, clip, clip_to, stored};
use crate::relationship::Relationship;

/// The table of a field with `many` before Arcade: `Todo_reviewers`.
pub fn old_join_table(list: &str, path: &str) -> String {
    [list, "_", path].concat()
}

/// A column of that table: `Todo_id`.
pub fn old_join_column(list: &str) -> String {
    [list, "_id"].concat()
}

/// The join table of an N:N relationship since Arcade: `Todo_reviewers_many` or
/// `Todo_readers_User_readPosts`.
pub fn new_join_table(relationship: &Relationship) -> String {
    let left = &relationship.left;
    match &relationship.right {
        Some(right) => [&left.key, "_", &left.path, "_", &right.key, "_", &right.path].concat(),
        None => [&left.key, "_", &left.path, "_many"].concat(),
    }
}

/// The same table where the sides are the other way round, under another locale.
pub fn mirrored_join_table(relationship: &Relationship) -> Option<String> {
    let Relationship { left, right, .. } = relationship;
    let right = right.as_ref().filter(|right| left.many && right.many)?;
    Some([&right.key, "_", &right.path, "_", &left.key, "_", &left.path].concat())
}

/// The near and the far column of a join table since Arcade, by the keys of the lists on the left and on the
/// right: `Todo_left_id` and `User_right_id`.
pub fn new_join_columns(left: &str, right: &str) -> [String; 2] {
    [[left, "_left_id"].concat(), [right, "_right_id"].concat()]
}

/// knex's name of an index or constraint, before PostgreSQL clips it. `label` says what it names: `index`,
/// `unique` or `foreign`.
pub fn knex_name(table: &str, column: &str, label: &str) -> String {
    let is_odd = |byte: u8| matches!(byte, b'.' | b'-') || !byte.is_ascii();
    let mut start = [table, "_", column, "_"].concat();
    if start.bytes().any(is_odd) {
        let table = table.replace(['.', '-'], "_");
        start = [&table, "_", column, "_"].concat().to_lowercase();
    } else {
        start.make_ascii_lowercase();
    }
    start + label
}

/// PostgreSQL 18's own name of a column's NOT NULL constraint (`makeObjectName` in
/// `src/backend/commands/indexcmds.c`): the longer of the two names is shortened until all fits.
///
/// `label` is `not_null`, or `not_null1` where the first is taken.
pub fn not_null_name(table: &str, column: &str, label: &str) -> String {
    let room = MAX_BYTES - label.len() - 2;
    let (mut table_bytes, mut column_bytes) = (table.len(), column.len());
    while table_bytes + column_bytes > room {
        if table_bytes > column_bytes {
            table_bytes -= 1;
        } else {
            column_bytes -= 1;
        }
    }
    [clip_to(table, table_bytes), "_", clip_to(column, column_bytes), "_", label].concat()
}

/// PostgreSQL's own name of a table's primary key, by the same rule.
pub fn primary_key_name(table: &str) -> String {
    const LABEL: &str = "_pkey";
    format!("{}{LABEL}", clip_to(table, MAX_BYTES - LABEL.len()))
}

/// Names in use within one namespace of the database, each at most 63 bytes.
#[derive(Debug, Default)]
pub struct Namespace {
    taken: HashSet<Name>,
}

impl Namespace {
    /// Takes the name as it is stored; says whether it was free.
    pub fn take(&mut self, name: Name) -> bool {
        self.taken.insert(stored(&name))
    }

    /// Takes the name, or where that is taken a distinct one in its place.
    ///
    /// Returns the name as it is stored, and whether it is another than the one asked for.
    pub fn take_distinct(&mut self, name: &str) -> (Name, bool) {
        let own = Name::from(clip(name));
        if self.take(Name::clone(&own)) {
            return (own, false);
        }
        let distinct = (2..)
            .map(|number| {
                let suffix = format!("_{number}");
                let room = MAX_BYTES - suffix.len();
                Name::from(format!("{}{suffix}", clip_to(name, room)))
            })
            .find(|candidate| self.take(Name::clone(candidate)))
            .expect("numbers do not end");
        (distinct, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knex_lower_cases_and_replaces_dots_and_dashes() {
        let name = knex_name("Post_readers", "Post_id", "index");
        assert_eq!(name, "post_readers_post_id_index");
        assert_eq!(knex_name("a.b-c", "D", "foreign"), "a_b_c_d_foreign");
    }

    #[test]
    fn not_null_names_shorten_the_longer_part_first() {
        assert_eq!(not_null_name("Post_tags", "Post_id", "not_null"), "Post_tags_Post_id_not_null");
        let name = not_null_name(&"t".repeat(60), &"c".repeat(20), "not_null");
        assert_eq!(name.len(), 63);
        assert!(name.ends_with(&format!("_{}_not_null", "c".repeat(20))), "{name}");
        // Of two that are as long, the second one.
        let even = not_null_name(&"t".repeat(40), &"c".repeat(40), "not_null");
        assert_eq!(even, format!("{}_{}_not_null", "t".repeat(27), "c".repeat(26)));
    }

    #[test]
    fn a_taken_name_gets_a_distinct_one_of_at_most_63_bytes() {
        let mut names = Namespace::default();
        let long = "x".repeat(80);
        assert_eq!(names.take_distinct(&long), ("x".repeat(63).into(), false));
        let (second, distinct) = names.take_distinct(&long);
        assert!(distinct && second.len() == 63 && second.ends_with("_2"), "{second}");
        let (third, _) = names.take_distinct(&long);
        assert!(third.ends_with("_3"), "{third}");
    }
}
