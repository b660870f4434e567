//! Whose the new tables are.

use super::change::{Action, Change, Item};
use super::quote::{block, literal, values};
use super::statement::Statements;
use crate::step::TablePlace;

/// The table that a change creates, and the one whose owner and grants it gets.
pub(super) fn sisters<'a>(change: &Change<'a>) -> Option<[&'a str; 2]> {
    let Action::Create(Item::JoinTable(created)) = change.action else { return None };
    let sister = match change.kept.map(|kept| &kept.place) {
        Some(TablePlace::Column { table, .. } | TablePlace::JoinTable { table, .. }) => table,
        None => &created.near.references,
    };
    Some([&created.name, sister])
}

/// A `DO` statement that gives each new join table the owner and the grants of the table that holds the
/// same links, or where there is none, of its list. Otherwise it would belong to whoever runs the script,
/// and the application could not use it.
pub(super) fn adopt(statements: &Statements<'_>, created: &[[&str; 2]]) -> String {
    block(&format!(
        "\
DECLARE
  created record;
  granted record;
BEGIN
  FOR created IN
    SELECT made.oid::regclass AS tab, sister.relowner::regrole AS owner, sister.relacl,
      made.relowner <> sister.relowner AS is_foreign
    FROM (VALUES
{rows}
    ) AS tables (name, sister_name)
      JOIN pg_class AS made ON made.oid = to_regclass(format('%I.%I', {schema}, name))
      JOIN pg_class AS sister ON sister.oid = to_regclass(format('%I.%I', {schema}, sister_name))
  LOOP
    IF created.is_foreign THEN
      EXECUTE format('ALTER TABLE %s OWNER TO %s', created.tab, created.owner);
    END IF;
    FOR granted IN
      -- To whom it may be open, but not to all: 0 is PUBLIC.
      SELECT privilege_type, is_grantable, grantee::regrole AS grantee
      FROM aclexplode(created.relacl) WHERE grantee NOT IN (0, created.owner)
    LOOP
      EXECUTE format('GRANT %s ON %s TO %s%s', granted.privilege_type, created.tab, granted.grantee,
        CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END);
    END LOOP;
  END LOOP;
END",
        rows = values("      ", created.iter().map(|names| names.map(literal))),
        schema = literal(statements.schema_name()),
    ))
}
