-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column

BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;

-- What is there must be the old schema
DO $$
DECLARE
  missing text;
  taken text;
BEGIN
  SELECT string_agg(concat_ws('.', tab, col), ', ') INTO missing
  FROM (
    VALUES
      ('public."Person"', 'husband'),
      ('public."Person"', 'wife')
  ) AS expected (tab, col)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
  );
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Not in the database: ' || missing,
      HINT = CASE WHEN taken IS NULL THEN 'Is this the right database, and public the right schema (the schemaName of the adapter)? Has another migration been run in part? Nothing has been changed.' ELSE 'The database seems to be in the new schema already: there is nothing left to do. Is this the right database, and public the right schema (the schemaName of the adapter)? Has another migration been run in part? Nothing has been changed.' END;
  ELSIF taken IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Already in the database, where the migration would put its own: ' || taken,
      HINT = 'Did the new Keystone create it? Drop it if it is empty, or rename it. Nothing has been changed.';
  END IF;
END
$$;

-- No one else uses the tables meanwhile
DO $$
BEGIN
  LOCK TABLE
    public."Person"
  IN ACCESS EXCLUSIVE MODE;
EXCEPTION
  WHEN lock_not_available THEN
    RAISE EXCEPTION USING
      ERRCODE = 'lock_not_available',
      MESSAGE = 'Other sessions are using the tables: ' || SQLERRM,
      HINT = 'Stop the application, or wait for the sessions that pg_stat_activity shows, then run the migration again. Nothing has been changed.';
  WHEN undefined_table THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Another session has changed the tables meanwhile: ' || SQLERRM,
      HINT = 'Is another migration running? Nothing has been changed by this one.';
END
$$;

-- Nothing of yours goes with what is dropped
DO $$
DECLARE
  found text;
BEGIN
  WITH dropped (tab, attnum, is_column) AS (
    SELECT attrelid, attnum, is_column
    FROM (
      VALUES
        ('public."Person"', 'wife', true)
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
END
$$;

-- Check Person.husband -> Person.wife: both stored sides hold the same links
DO $$
DECLARE
  only_kept bigint;
  only_dropped bigint;
  examples text;
BEGIN
  SELECT count(*) FILTER (WHERE is_kept), count(*) FILTER (WHERE NOT is_kept),
    string_agg(format('(%s, %s)', left_id, right_id), ', ' ORDER BY position) FILTER (WHERE position <= 5)
  INTO only_kept, only_dropped, examples
  FROM (
    SELECT *, row_number() OVER (ORDER BY left_id, right_id) AS position
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT id AS left_id, husband AS right_id FROM public."Person" WHERE husband IS NOT NULL) AS kept
      FULL JOIN (SELECT wife AS left_id, id AS right_id FROM public."Person" WHERE wife IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Person.husband -> Person.wife: the two stored sides disagree, and Person.wife would be dropped. Links that only Person.husband has: %s; that only Person.wife has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Person.husband -> Person.wife (two-sided: one to one)
ALTER TABLE public."Person" DROP COLUMN wife;

COMMIT;
