-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- Its settings end with it: how long it waits for locks, no limit of time for a statement, up to
-- 64 MB of memory for each sort, and an error where row-level security would hide rows.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column, prefer-bigint-over-int, require-concurrent-index-creation, adding-foreign-key-constraint, constraint-missing-not-valid, adding-not-nullable-field, disallowed-unique-constraint

BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;
DO $$
BEGIN
  PERFORM set_config('work_mem', '64MB', true)
  WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB');
END
$$;
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL row_security = off;

-- No one else uses the tables meanwhile
DO $$
DECLARE
  tab text;
BEGIN
  FOREACH tab IN ARRAY ARRAY[
    'public."Node"',
    'public."Node_Next_Node_next_of"',
    'public."Node_ab_Node_aB"'
  ]
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tab);
    EXCEPTION WHEN undefined_table OR invalid_schema_name THEN
      NULL; -- What is missing is told below
    END;
  END LOOP;
EXCEPTION
  WHEN lock_not_available OR deadlock_detected THEN
    RAISE EXCEPTION USING
      ERRCODE = 'lock_not_available',
      MESSAGE = 'Other sessions are using the tables: ' || SQLERRM,
      HINT = 'Stop the application, or wait for the sessions that pg_stat_activity shows, then run the migration again. Nothing has been changed.';
END
$$;

-- What is there must be the new schema
DO $$
DECLARE
  missing text;
  taken text;
  is_done boolean;
BEGIN
  WITH places (role, tab, col) AS (
    VALUES
        ('stays', 'public."Node"', 'id'),
        ('stays', 'public."Node"', 'link_to'),
        ('stays', 'public."Node"', 'a'),
        ('goes', 'public."Node_ab_Node_aB"', 'Node_left_id'),
        ('goes', 'public."Node_ab_Node_aB"', 'Node_right_id'),
        ('goes', 'public."Node_Next_Node_next_of"', 'Node_left_id'),
        ('goes', 'public."Node_Next_Node_next_of"', 'Node_right_id'),
        ('comes', 'public."Node"', 'link2'),
        ('comes', 'public."Node"', 'B')
  ), found AS (
    SELECT role, concat_ws('.', tab, nullif(col, '')) AS place,
      CASE col WHEN '' THEN to_regclass(tab) IS NOT NULL
        ELSE EXISTS (
          SELECT FROM pg_attribute
          WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
        ) END AS is_there
    FROM places
  )
  SELECT string_agg(place, ', ') FILTER (WHERE role NOT IN ('comes', 'ends') AND NOT is_there),
    string_agg(place, ', ') FILTER (WHERE role = 'comes' AND is_there),
    bool_and(role = 'moves' OR is_there = (role <> 'goes'))
  INTO missing, taken, is_done
  FROM found;
  IF is_done THEN
    RAISE EXCEPTION USING
      MESSAGE = 'The database is in the old schema already',
      HINT = 'There is nothing left to do. Nothing has been changed.';
  ELSIF missing IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Not in the database: ' || missing,
      HINT = 'Is this the right database, and public the right schema (the schemaName of the adapter)? Has another migration been run in part? Nothing has been changed.';
  ELSIF taken IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Already in the database, where the migration would put its own: ' || taken,
      HINT = 'Has Keystone of the other generation been started on it? Drop what is empty, or rename it. Nothing has been changed.';
  END IF;
END
$$;

-- Nothing of yours goes with what is dropped
DO $$
DECLARE
  vanishing text;
BEGIN
  WITH dropped (tab, attnum, is_column, is_unique, is_indexed) AS (
    SELECT attrelid, attnum, is_column, is_unique, is_indexed
    FROM (
      VALUES
        ('public."Node_ab_Node_aB"', 'Node_left_id', false, false, true),
        ('public."Node_ab_Node_aB"', 'Node_right_id', false, false, true),
        ('public."Node_Next_Node_next_of"', 'Node_left_id', false, false, true),
        ('public."Node_Next_Node_next_of"', 'Node_right_id', false, false, true)
    ) AS named (tab, col, is_column, is_unique, is_indexed)
    JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
  ), tables AS (
    SELECT oid AS tab, relacl, relowner, relrowsecurity
    FROM pg_class WHERE oid IN (SELECT tab FROM dropped WHERE NOT is_column)
  ), part (classid, objid, objsubid) AS (
    -- What the server drops along without a word, and what keeps it from dropping
    SELECT classid, objid, objsubid
    FROM pg_depend JOIN dropped ON refobjid = tab AND (NOT is_column OR refobjsubid = attnum)
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
  SELECT string_agg(what, ', ' ORDER BY what) INTO vanishing FROM dependent;
  IF vanishing IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'This depends on the tables and columns that are dropped: ' || vanishing,
      HINT = 'Keystone does not make these. Nothing has been changed. Keep what you need of them elsewhere, drop them (REVOKE privileges), then run the migration again.';
  END IF;
END
$$;

-- Check Node.ab -> Node.aB: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public."Node_ab_Node_aB";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Node.ab -> Node.aB: Node_ab_Node_aB holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public."Node_ab_Node_aB"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- Check Node.Next -> Node.next_of: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public."Node_Next_Node_next_of";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Node.Next -> Node.next_of: Node_Next_Node_next_of holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public."Node_Next_Node_next_of"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- Node.ab -> Node.aB (two-sided: many to many)
DROP TABLE public."Node_ab_Node_aB";

-- Node.Next -> Node.next_of (two-sided: many to many)
DROP TABLE public."Node_Next_Node_next_of";

-- Node.link_to -> Node.link2 (two-sided: one to one)
ALTER TABLE public."Node" ADD COLUMN link2 integer;
UPDATE public."Node" AS item SET link2 = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.link_to AS holder, link.id AS target FROM public."Node" AS link WHERE link.link_to IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX node_link2_index ON public."Node" (link2);
ALTER TABLE public."Node" ADD CONSTRAINT node_link2_foreign FOREIGN KEY (link2) REFERENCES public."Node" (id);

-- Node.a -> Node.B (two-sided: one to one)
ALTER TABLE public."Node" ADD COLUMN "B" integer;
UPDATE public."Node" AS item SET "B" = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.a AS holder, link.id AS target FROM public."Node" AS link WHERE link.a IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX node_b_index ON public."Node" ("B");
ALTER TABLE public."Node" ADD CONSTRAINT node_b_foreign FOREIGN KEY ("B") REFERENCES public."Node" (id);

COMMIT;
