//! Whose the new tables are.

use super::quote::{block, literal};
use super::statement::Statements;
use super::values::{Cell, values};
use crate::step::JoinTable;

/// A `DO` statement that gives each new join table the owner of the list that it belongs to, and the
/// privileges that this list grants to others. Otherwise it would belong to whoever runs the script, and the
/// application could not use it.
pub(super) fn adopt(statements: &Statements<'_>, tables: &[&JoinTable]) -> String {
    let rows = tables.iter().map(|table| [&*table.name, &*table.near.references].map(Cell::Text));
    block(&format!(
        "\
DECLARE
  created record;
  granted record;
BEGIN
  FOR created IN
    SELECT made.oid::regclass AS tab, list.relowner::regrole AS owner, list.relacl,
      made.relowner <> list.relowner AS is_foreign
    FROM (VALUES
{rows}
    ) AS tables (name, list_name)
      JOIN pg_class AS made ON made.oid = to_regclass(format('%I.%I', {schema}, name))
      JOIN pg_class AS list ON list.oid = to_regclass(format('%I.%I', {schema}, list_name))
  LOOP
    IF created.is_foreign THEN
      EXECUTE format('ALTER TABLE %s OWNER TO %s', created.tab, created.owner);
    END IF;
    FOR granted IN
      SELECT privilege_type, is_grantable,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS grantee
      FROM aclexplode(created.relacl) WHERE grantee <> created.owner
    LOOP
      EXECUTE format('GRANT %s ON %s TO %s%s', granted.privilege_type, created.tab, granted.grantee,
        CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END);
    END LOOP;
  END LOOP;
END",
        rows = values("      ", rows),
        schema = literal(statements.schema_name()),
    ))
}
