//! What people have added to a table or column that is about to be dropped, and that would go with
//! it without a word from the server.

use super::quote::{dollar, literal};
use super::statement::Statements;
use crate::step::TableStep;

/// A `DO` statement that raises an error when something hangs on what the steps drop: further
/// columns, indexes, constraints, triggers, policies, rules, comments, privileges. Views, functions
/// and foreign keys of other tables make the server refuse the drop by itself.
///
/// None when the steps drop nothing.
pub(super) fn none_left<'a>(
    statements: &Statements<'_>,
    steps: impl Iterator<Item = &'a TableStep>,
) -> Option<String> {
    let rows: Vec<String> = steps
        .flat_map(|step| match step {
            TableStep::DropColumn { table, column, .. } => vec![(table, column, true)],
            TableStep::DropJoinTable { table, .. } | TableStep::DiscardJoinTable { table } => {
                table.columns().map(|column| (&table.name, column, false)).to_vec()
            }
            _ => Vec::new(),
        })
        .map(|(table, column, is_column)| {
            let table = literal(&statements.qualified(table));
            format!("        ({table}, {}, {is_column})", literal(&column.name))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let body = format!(
        "\
DECLARE
  found text;
BEGIN
  WITH dropped (tab, attnum, is_column) AS (
    SELECT attrelid, attnum, is_column
    FROM (
      VALUES
{}
    ) AS named (tab, col, is_column)
    JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
  ), tables AS (
    SELECT DISTINCT pg_class.* , pg_class.oid AS tab FROM dropped JOIN pg_class ON pg_class.oid = tab WHERE NOT is_column
  ), dependent (what) AS (
    SELECT format('column %I of %s', attname, tab::regclass)
    FROM tables JOIN pg_attribute ON attrelid = tab AND attnum > 0 AND NOT attisdropped
    WHERE attnum NOT IN (SELECT attnum FROM dropped WHERE dropped.tab = tables.tab)
    UNION ALL
    SELECT format('trigger %I of %s', tgname, tab::regclass)
    FROM tables JOIN pg_trigger ON tgrelid = tab AND NOT tgisinternal
    UNION ALL
    SELECT format('policy %I of %s', polname, tab::regclass) FROM tables JOIN pg_policy ON polrelid = tab
    UNION ALL
    SELECT format('row-level security of %s', tab::regclass) FROM tables WHERE relrowsecurity
    UNION ALL
    SELECT format('rule %I of %s', rulename, tab::regclass) FROM tables JOIN pg_rewrite ON ev_class = tab
    UNION ALL
    SELECT format('privileges of %s on %s', coalesce(nullif(grantee, 0)::regrole::text, 'public'), tab::regclass)
    FROM (SELECT DISTINCT tab, (aclexplode(relacl)).grantee, relowner FROM tables) AS granted
    WHERE grantee <> relowner
    UNION ALL
    SELECT format('privileges on column %I of %s', attname, tab::regclass)
    FROM dropped JOIN pg_attribute ON attrelid = tab AND pg_attribute.attnum = dropped.attnum
    WHERE attacl IS NOT NULL
    UNION ALL
    SELECT format('default of column %I of %s', attname, tab::regclass)
    FROM dropped JOIN pg_attribute ON attrelid = tab AND pg_attribute.attnum = dropped.attnum
    WHERE atthasdef
    UNION ALL
    SELECT format('comment on %s', pg_describe_object(classoid, objoid, objsubid))
    FROM pg_description
    WHERE classoid = 'pg_class'::regclass AND (
      objoid IN (SELECT tab FROM tables) OR (objoid, objsubid) IN (SELECT tab, attnum FROM dropped)
    )
    UNION ALL
    -- Keystone itself makes foreign keys and unique constraints of one column, one of each
    SELECT format('constraint %I of %s', conname, tab::regclass)
    FROM (
      SELECT DISTINCT ON (pg_constraint.oid) conname, conrelid AS tab, contype, conkey,
        row_number() OVER (PARTITION BY conrelid, contype, conkey ORDER BY pg_constraint.oid) AS position
      FROM dropped JOIN pg_constraint ON conrelid = tab AND (NOT is_column OR attnum = ANY (conkey))
      WHERE contype <> 'n'
    ) AS constraints
    WHERE contype NOT IN ('f', 'u') OR cardinality(conkey) > 1 OR position > 1
    UNION ALL
    SELECT format('index %s', indexrelid::regclass)
    FROM (
      SELECT DISTINCT ON (indexrelid) indexrelid, indnatts, indpred, indexprs,
        row_number() OVER (PARTITION BY indrelid, indkey::text ORDER BY indexrelid) AS position
      FROM dropped JOIN pg_index ON indrelid = tab AND (NOT is_column OR attnum = ANY (indkey))
      WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ) AS indexes
    WHERE indnatts > 1 OR indpred IS NOT NULL OR indexprs IS NOT NULL OR position > 1
  )
  SELECT string_agg(what, ', ' ORDER BY what) INTO found FROM dependent;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'This would vanish with the tables and columns that are dropped: ' || found,
      HINT = 'The old Keystone does not make these. Nothing has been changed. Keep what you need of them elsewhere, drop them (REVOKE privileges), then run the migration again.';
  END IF;
END",
        rows.join(",\n")
    );
    Some(format!("DO {}", dollar(&body)))
}
