//! What people have added to a table or column that is about to be dropped: most of it would go with
//! it without a word from the server, and for some the server would refuse.

use super::change::Change;
use super::check::{Check, Trouble};
use super::quote::{array, literal, values};
use super::statement::Statements;

/// Finds what depends on what is dropped: further columns, indexes, constraints, triggers, policies,
/// rules, statistics, publications, comments, privileges, views, foreign keys of other tables, tables
/// that inherit from them.
///
/// None when nothing is dropped.
pub(super) fn no_dependents(statements: &Statements<'_>, changes: &[Change<'_>]) -> Option<Check> {
    let dropped: Vec<_> = changes.iter().filter_map(Change::dropped).collect();
    if dropped.is_empty() {
        return None;
    }
    let rows = dropped.iter().map(|item| {
        // Both columns of a join table have the same.
        let options = item.columns()[0].options;
        [
            literal(item.table()),
            array(item.column_names()),
            item.is_table().to_string(),
            options.is_unique.to_string(),
            (options.is_indexed && !options.is_unique).to_string(),
        ]
    });
    let schema = literal(statements.schema_name());
    let query = format!(
        "    WITH dropped (tab, attnum, is_table, is_unique, is_indexed) AS (
      SELECT attrelid, attnum, is_table, is_unique, is_indexed
      FROM (VALUES
{rows}
      ) AS named (tab, cols, is_table, is_unique, is_indexed)
      JOIN pg_attribute ON attrelid = to_regclass(format('%I.%I', {schema}, tab)) AND attname = ANY (cols)
    ), tables AS (
      SELECT oid AS tab, relacl, relowner, relrowsecurity
      FROM pg_class WHERE oid IN (SELECT tab FROM dropped WHERE is_table)
    ), part (classid, objid, objsubid) AS (
      -- What the server drops along without a word, and what keeps it from dropping
      SELECT classid, objid, objsubid
      FROM pg_depend JOIN dropped ON refobjid = tab AND (is_table OR refobjsubid = attnum)
      WHERE refclassid = 'pg_class'::regclass AND deptype IN ('a', 'n')
    ), keystones (classid, objid) AS (
      -- What Keystone itself makes for a column, one of each
      SELECT 'pg_constraint'::regclass, min(pg_constraint.oid::bigint)::oid
      FROM dropped JOIN pg_constraint ON conrelid = tab AND conkey = ARRAY[attnum]
      WHERE contype IN ('f', 'n') OR contype = 'u' AND is_unique
      GROUP BY tab, attnum, contype
      UNION ALL
      SELECT 'pg_class'::regclass, min(indexrelid::bigint)::oid
      FROM dropped JOIN pg_index ON indrelid = tab AND indnatts = 1 AND indkey[0] = attnum
      WHERE is_indexed AND NOT indisunique AND indpred IS NULL
      GROUP BY tab, attnum
    ), dependent (what) AS (
      SELECT pg_describe_object(classid, objid, objsubid) FROM part
      WHERE (classid, objid) NOT IN (SELECT classid, objid FROM keystones)
      UNION
      SELECT pg_describe_object('pg_class'::regclass, tab, pg_attribute.attnum)
      FROM tables JOIN pg_attribute ON attrelid = tab AND attnum > 0 AND NOT attisdropped
      WHERE (tab, attnum) NOT IN (SELECT tab, attnum FROM dropped)
      UNION
      SELECT format('row-level security of %s', tab::regclass) FROM tables WHERE relrowsecurity
      UNION
      SELECT format('privileges of %s on %s', coalesce(nullif(grantee, 0)::regrole::text, 'public'), tab::regclass)
      FROM (SELECT tab, relowner, (aclexplode(relacl)).grantee FROM tables) AS granted
      WHERE grantee <> relowner
      UNION
      SELECT 'privileges on ' || pg_describe_object('pg_class'::regclass, attrelid, pg_attribute.attnum)
      FROM dropped JOIN pg_attribute ON attrelid = tab AND pg_attribute.attnum = dropped.attnum
      WHERE attacl IS NOT NULL
      UNION
      SELECT 'comment on ' || pg_describe_object(classoid, objoid, objsubid)
      FROM pg_description
      WHERE (classoid, objoid, objsubid) IN (
        SELECT classid, objid, objsubid FROM part
        UNION ALL SELECT 'pg_class'::regclass, tab, attnum FROM dropped
        UNION ALL SELECT 'pg_class'::regclass, tab, 0 FROM tables
      )
    )
    SELECT string_agg(regexp_replace(what, '^rule _RETURN on ', ''), ', ' ORDER BY what) AS dependents FROM dependent",
        rows = values("        ", rows),
    );
    Some(Check {
        query,
        troubles: vec![Trouble {
            column: "dependents",
            code: "DEPENDENTS",
            message: "This depends on the tables and columns that are dropped: %s",
            hint: "Keystone does not make these. Keep what you need of them elsewhere, drop them (REVOKE privileges), then run the migration again.".to_owned(),
            is_idle: false,
        }],
    })
}
