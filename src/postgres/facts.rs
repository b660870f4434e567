//! What the catalogue has of the tables that a migration changes, against what Keystone makes: the names of
//! constraints and indexes, and whose new tables are.

use super::change::{Change, Item};
use super::names;
use super::ownership;
use super::quote::{literal, values};
use super::statement::Statements;

/// The columns of the answer: see [`crate::inspection::Fact`].
pub(super) const COLUMNS: [&str; 7] =
    ["relationship", "isAfter", "part", "kind", "place", "expected", "actual"];

/// A query for them before and after. None where nothing changes.
pub(super) fn query(statements: &Statements<'_>, changes: &[Change<'_>]) -> Option<String> {
    let mut rows = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        for (is_after, item) in [(false, change.from()), (true, change.to())] {
            for (part, [table, column, kind, name]) in item.into_iter().flat_map(expected) {
                let relationship = change.relationship.to_string();
                let part = (2 * at + part).to_string();
                rows.push([relationship, is_after.to_string(), part, table, column, kind, name]);
            }
        }
    }
    if rows.is_empty() {
        return None;
    }
    Some(format!(
        "SELECT relationship, is_after, part, kind, concat_ws('.', tab, col), expected, (
    SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM (
      SELECT concat(conname, CASE kind WHEN 'foreign key' THEN
        ' to ' || (SELECT relname FROM pg_class WHERE oid = confrelid)
          || CASE confdeltype WHEN 'c' THEN ', on delete cascade' ELSE '' END END)
      FROM pg_constraint
      WHERE conrelid = attrelid AND conkey = ARRAY[attnum]
        AND contype = CASE kind WHEN 'foreign key' THEN 'f' WHEN 'unique' THEN 'u' END::\"char\"
      UNION ALL
      SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE kind = 'index' AND indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
        AND NOT indisunique AND indpred IS NULL
      UNION ALL
      -- Named from PostgreSQL 18 on
      SELECT coalesce((SELECT conname FROM pg_constraint
        WHERE conrelid = attrelid AND conkey = ARRAY[attnum] AND contype = 'n' AND NOT {numbered}), expected)
      WHERE kind = 'not null' AND attnotnull
    ) AS found (name)
  )
  FROM (VALUES
{rows}
  ) AS facts (relationship, is_after, part, tab, col, kind, expected)
    LEFT JOIN pg_attribute
      ON attrelid = to_regclass(format('%I.%I', {schema}, tab)) AND attname = col{owners}",
        numbered = names::numbered("conname", ["tab", "col"]),
        rows = values("    ", rows),
        schema = literal(statements.schema_name()),
        owners = owners(statements, changes),
    ))
}

/// The names that Keystone gives: the number of the column, then the table, the column, what it is, and the
/// name.
fn expected(item: Item<'_>) -> Vec<(usize, [String; 4])> {
    let mut facts = Vec::new();
    for (part, column) in item.columns().into_iter().enumerate() {
        let cascade = if item.is_table() { ", on delete cascade" } else { "" };
        let reference = format!("{} to {}{cascade}", column.foreign_key, column.references);
        let mut add = |kind: &str, name: &str| {
            facts.push((part, [item.table(), &column.name, kind, name].map(literal)));
        };
        add("foreign key", &reference);
        if column.options.is_unique {
            add("unique", &column.index);
        } else if column.options.is_indexed {
            add("index", &column.index);
        }
        if column.options.is_not_nullable {
            add("not null", &column.not_null);
        }
    }
    facts
}

/// The owners and grants of new tables, which are those of their sisters.
fn owners(statements: &Statements<'_>, changes: &[Change<'_>]) -> String {
    let created = changes.iter().filter_map(|change| {
        let [name, sister] = ownership::sisters(change)?.map(literal);
        Some([change.relationship.to_string(), name, sister])
    });
    let rows = values("    ", created);
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "
  UNION ALL
  SELECT relationship, true, -1, kind, name, expected, CASE WHEN is_there THEN json_build_array(expected) ELSE '[]' END
  FROM (VALUES
{rows}
  ) AS tables (relationship, name, sister_name)
    JOIN pg_class AS made ON made.oid = to_regclass(format('%I.%I', {schema}, name))
    JOIN pg_class AS sister ON sister.oid = to_regclass(format('%I.%I', {schema}, sister_name))
    CROSS JOIN LATERAL (
      SELECT 'owner' AS kind, sister.relowner::regrole::text AS expected, made.relowner = sister.relowner AS is_there
      UNION ALL
      SELECT 'grant', format('%s to %s', privilege_type, grantee::regrole), EXISTS (
        SELECT FROM aclexplode(made.relacl) AS own
        WHERE (own.privilege_type, own.grantee) = (granted.privilege_type, granted.grantee)
      )
      FROM aclexplode(sister.relacl) AS granted WHERE grantee NOT IN (0, sister.relowner)
    ) AS rights",
        schema = literal(statements.schema_name()),
    )
}
