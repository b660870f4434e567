//! What the catalogue has of the tables that a migration changes, against what Keystone makes: the names of
//! constraints and indexes, and whose new tables are.

use super::change::{Change, Item};
use super::names;
use super::ownership;
use super::quote::literal;
use super::statement::Statements;

/// The columns of the answer: see [`crate::inspection::Fact`].
pub(super) const COLUMNS: [&str; 7] =
    ["relationship", "isAfter", "part", "kind", "place", "expected", "actual"];

/// A query for them before and after. None where nothing changes.
pub(super) fn query(statements: &Statements<'_>, changes: &[Change<'_>]) -> Option<String> {
    let mut rows = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        for (is_after, item) in [(false, change.from()), (true, change.to())] {
            let Some(item) = item else { continue };
            for (column, name, kind, expected) in expected(item) {
                let texts = [item.table(), name, kind, &expected].map(literal);
                rows.push(format!(
                    "({}, {is_after}, {}, {})",
                    change.relationship,
                    2 * at + column,
                    texts.join(", ")
                ));
            }
        }
    }
    if rows.is_empty() {
        return None;
    }
    let created: Vec<&Change<'_>> =
        changes.iter().filter(|it| it.created().is_some_and(Item::is_table)).collect();
    let owners = match created.is_empty() {
        true => String::new(),
        false => owners(statements, &created),
    };
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
        rows = rows.join(",\n    "),
        schema = literal(statements.schema_name()),
    ))
}

/// The names that Keystone gives: the number of the column, the column, what it is, and the name.
fn expected(item: Item<'_>) -> Vec<(usize, &str, &'static str, String)> {
    let mut facts = Vec::new();
    for (part, column) in item.columns().into_iter().enumerate() {
        let cascade = if item.is_table() { ", on delete cascade" } else { "" };
        let reference = format!("{} to {}{cascade}", column.foreign_key, column.references);
        let mut add = |kind, name| facts.push((part, &*column.name, kind, name));
        add("foreign key", reference);
        if column.options.is_unique {
            add("unique", column.index.to_string());
        } else if column.options.is_indexed {
            add("index", column.index.to_string());
        }
        if column.options.is_not_nullable {
            add("not null", column.not_null.to_string());
        }
    }
    facts
}

/// The owners and grants of new tables, which are those of their sisters.
fn owners(statements: &Statements<'_>, created: &[&Change<'_>]) -> String {
    let rows = created.iter().filter_map(|change| {
        let [name, sister] = ownership::sisters(change)?;
        Some(format!("    ({}, {}, {})", change.relationship, literal(name), literal(sister)))
    });
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
        rows = rows.collect::<Vec<_>>().join(",\n"),
        schema = literal(statements.schema_name()),
    )
}
