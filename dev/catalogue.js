'use strict';

// What is in a database, as text that can be compared: schema and rows.

const USER_SCHEMAS = `
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'`;

/**
 * Every object of the user's schemas as one line, in the manner of `pg_dump --schema-only`, without
 * what depends on history alone: the order of columns, and object identifiers.
 */
const SCHEMA = `
WITH schemas AS (${USER_SCHEMAS}), relations AS (
  SELECT pg_class.*, format('%I.%I', nspname, relname) AS name, nspname
  FROM pg_class JOIN schemas ON schemas.oid = relnamespace
), lines (line) AS (
  SELECT format('schema %I', nspname) FROM schemas
  UNION ALL
  SELECT concat_ws(' ', 'relation', name, 'kind', relkind, relpersistence,
    CASE WHEN relrowsecurity THEN 'row security' END,
    CASE WHEN relforcerowsecurity THEN 'forced' END,
    'owner', relowner::regrole::text, reloptions::text)
  FROM relations WHERE relkind NOT IN ('i', 'I')
  UNION ALL
  SELECT concat_ws(' ', 'column', name || '.' || quote_ident(attname),
    format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN 'not null' END,
    'default ' || pg_get_expr(adbin, adrelid),
    'identity ' || nullif(attidentity::text, ''), 'generated ' || nullif(attgenerated::text, ''),
    'collate ' || (SELECT quote_ident(collname) FROM pg_collation WHERE pg_collation.oid =
      nullif(attcollation, (SELECT typcollation FROM pg_type WHERE pg_type.oid = atttypid))))
  FROM relations JOIN pg_attribute ON attrelid = relations.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT concat_ws(' ', 'constraint', quote_ident(conname), 'on', name, pg_get_constraintdef(pg_constraint.oid))
  FROM relations JOIN pg_constraint ON conrelid = relations.oid
  UNION ALL
  SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid),
    CASE WHEN indisprimary THEN 'primary' END, CASE WHEN NOT indisvalid THEN 'invalid' END,
    CASE WHEN indisclustered THEN 'clustered' END, CASE WHEN indisreplident THEN 'replica identity' END)
  FROM relations JOIN pg_index ON indrelid = relations.oid
  UNION ALL
  SELECT concat_ws(' ', 'sequence', name, format_type(seqtypid, NULL), 'start', seqstart, 'increment', seqincrement,
    'min', seqmin, 'max', seqmax, CASE WHEN seqcycle THEN 'cycle' END,
    'owned by ' || (
      SELECT pg_describe_object(refclassid, refobjid, refobjsubid) FROM pg_depend
      WHERE classid = 'pg_class'::regclass AND objid = relations.oid AND deptype IN ('a', 'i')
        AND refclassid = 'pg_class'::regclass AND refobjsubid > 0
    ))
  FROM relations JOIN pg_sequence ON seqrelid = relations.oid
  UNION ALL
  SELECT concat_ws(' ', 'view', name, pg_get_viewdef(oid)) FROM relations WHERE relkind IN ('v', 'm')
  UNION ALL
  SELECT concat_ws(' ', 'privileges of', grantee::regrole::text, 'on', name, string_agg(privilege_type, ', ' ORDER BY privilege_type))
  FROM (SELECT name, (aclexplode(relacl)).* FROM relations WHERE relacl IS NOT NULL) AS granted GROUP BY name, grantee
  UNION ALL
  SELECT concat_ws(' ', 'privileges of', grantee::regrole::text, 'on column', place, string_agg(privilege_type, ', ' ORDER BY privilege_type))
  FROM (
    SELECT name || '.' || quote_ident(attname) AS place, (aclexplode(attacl)).*
    FROM relations JOIN pg_attribute ON attrelid = relations.oid WHERE attacl IS NOT NULL AND NOT attisdropped
  ) AS granted GROUP BY place, grantee
  UNION ALL
  SELECT concat_ws(' ', 'comment on', pg_describe_object(classoid, objoid, objsubid), description)
  FROM pg_description JOIN relations ON objoid = relations.oid AND classoid = 'pg_class'::regclass
  UNION ALL
  SELECT concat_ws(' ', 'comment on', pg_describe_object(classoid, objoid, objsubid), description)
  FROM pg_description JOIN pg_constraint ON objoid = pg_constraint.oid AND classoid = 'pg_constraint'::regclass
    JOIN relations ON conrelid = relations.oid
  UNION ALL
  SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(pg_trigger.oid), 'enabled', tgenabled)
  FROM relations JOIN pg_trigger ON tgrelid = relations.oid WHERE NOT tgisinternal
  UNION ALL
  SELECT concat_ws(' ', 'policy', quote_ident(polname), 'on', name, polcmd, polpermissive, polroles::regrole[]::text,
    'using ' || pg_get_expr(polqual, polrelid), 'check ' || pg_get_expr(polwithcheck, polrelid))
  FROM relations JOIN pg_policy ON polrelid = relations.oid
  UNION ALL
  SELECT concat_ws(' ', 'rule', pg_get_ruledef(pg_rewrite.oid))
  FROM relations JOIN pg_rewrite ON ev_class = relations.oid WHERE rulename <> '_RETURN'
  UNION ALL
  SELECT concat_ws(' ', 'function', oid::regprocedure, pg_get_functiondef(oid))
  FROM pg_proc WHERE pronamespace IN (SELECT oid FROM schemas) AND prokind IN ('f', 'p')
  UNION ALL
  SELECT concat_ws(' ', 'enum', enumtypid::regtype, string_agg(enumlabel, ', ' ORDER BY enumsortorder))
  FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
  WHERE typnamespace IN (SELECT oid FROM schemas) GROUP BY enumtypid
)
SELECT line FROM lines ORDER BY line COLLATE "C"`;

const TABLES = `
  SELECT format('%I.%I', nspname, relname) AS name, relkind AS kind
  FROM pg_class JOIN (${USER_SCHEMAS}) AS schemas ON schemas.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'S') ORDER BY nspname COLLATE "C", relname COLLATE "C"`;

/**
 * The schema of a database as text: one line for each object, sorted. The order of columns does not
 * show.
 *
 * @param {import('pg').Client} client
 * @returns {Promise<string>}
 */
async function schemaText(client) {
  const { rows } = await client.query(SCHEMA);
  return rows.map(({ line }) => `${line}\n`).join('');
}

/**
 * All rows of all tables as text, one line each, and the state of the sequences. The order of rows
 * and of columns does not show; equal rows show as often as they are there.
 *
 * @param {import('pg').Client} client
 * @returns {Promise<string>}
 */
async function rowsText(client) {
  const { rows: tables } = await client.query(TABLES);
  const queries = tables.map(({ name, kind }) => {
    // The keys of jsonb have an order of their own.
    const row = kind === 'S' ? 't.last_value, t.is_called' : 'to_jsonb(t)';
    return `SELECT concat_ws(' ', '${name.replaceAll("'", "''")}', ${row}) AS line FROM ${name} AS t`;
  });
  if (queries.length === 0) return '';
  const union = queries.join('\nUNION ALL\n');
  const { rows } = await client.query(
    `SELECT line FROM (${union}) AS lines ORDER BY line COLLATE "C"`,
  );
  return rows.map(({ line }) => `${line}\n`).join('');
}

module.exports = { rowsText, schemaText };
