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
    'public."group"',
    'public.group_constructor_many',
    'public."order"',
    'public.order_where_user_select',
    'public."user"',
    'public.user_group_many'
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
        ('stays', 'public."group"', 'id'),
        ('stays', 'public."order"', 'id'),
        ('stays', 'public."order"', 'table'),
        ('stays', 'public."user"', 'id'),
        ('stays', 'public."order"', 'user'),
        ('goes', 'public.group_constructor_many', 'group_left_id'),
        ('goes', 'public.group_constructor_many', 'group_right_id'),
        ('goes', 'public.user_group_many', 'user_left_id'),
        ('goes', 'public.user_group_many', 'group_right_id'),
        ('goes', 'public.order_where_user_select', 'order_left_id'),
        ('goes', 'public.order_where_user_select', 'user_right_id'),
        ('comes', 'public.user_group', ''),
        ('comes', 'public.order_where', ''),
        ('comes', 'public.group_references', ''),
        ('comes', 'public.user_select', ''),
        ('comes', 'public."user"', 'order'),
        ('ends', 'public.user_group', 'user_id'),
        ('ends', 'public.user_group', 'group_id'),
        ('ends', 'public.order_where', 'order_id'),
        ('ends', 'public.order_where', 'user_id'),
        ('ends', 'public.group_references', 'group_id'),
        ('ends', 'public.group_references', 'order_id'),
        ('ends', 'public.user_select', 'user_id'),
        ('ends', 'public.user_select', 'order_id')
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
        ('public.group_constructor_many', 'group_left_id', false, false, true),
        ('public.group_constructor_many', 'group_right_id', false, false, true)
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

-- Check group.constructor -> group: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public.group_constructor_many;
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('group.constructor -> group: group_constructor_many holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public.group_constructor_many), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- group.constructor -> group (one-sided: many to many)
DROP TABLE public.group_constructor_many;

-- user.group -> group (one-sided: many to many)
ALTER TABLE public.user_group_many RENAME TO user_group;
ALTER TABLE public.user_group RENAME COLUMN user_left_id TO user_id;
ALTER TABLE public.user_group RENAME COLUMN group_right_id TO group_id;

-- order.where -> user.select (two-sided: many to many)
ALTER TABLE public.order_where_user_select RENAME TO order_where;
ALTER TABLE public.order_where RENAME COLUMN order_left_id TO order_id;
ALTER TABLE public.order_where RENAME COLUMN user_right_id TO user_id;

-- Foreign keys, indexes and NOT NULL constraints follow the new names
DO $$
DECLARE
  item record;
  command text;
  temporary text;
  pending text[] := '{}';
BEGIN
  FOR item IN
    WITH renamed (tab, col, kind, old, new) AS (
      VALUES
        ('public.user_group', 'user_id', 'foreign key', 'user_group_many_user_left_id_foreign', 'user_group_user_id_foreign'),
        ('public.user_group', 'user_id', 'index', 'user_group_many_user_left_id_index', 'user_group_user_id_index'),
        ('public.user_group', 'user_id', 'not null', 'user_group_many_user_left_id_not_null', 'user_group_user_id_not_null'),
        ('public.user_group', 'group_id', 'foreign key', 'user_group_many_group_right_id_foreign', 'user_group_group_id_foreign'),
        ('public.user_group', 'group_id', 'index', 'user_group_many_group_right_id_index', 'user_group_group_id_index'),
        ('public.user_group', 'group_id', 'not null', 'user_group_many_group_right_id_not_null', 'user_group_group_id_not_null'),
        ('public.order_where', 'order_id', 'foreign key', 'order_where_user_select_order_left_id_foreign', 'order_where_order_id_foreign'),
        ('public.order_where', 'order_id', 'index', 'order_where_user_select_order_left_id_index', 'order_where_order_id_index'),
        ('public.order_where', 'order_id', 'not null', 'order_where_user_select_order_left_id_not_null', 'order_where_order_id_not_null'),
        ('public.order_where', 'user_id', 'foreign key', 'order_where_user_select_user_right_id_foreign', 'order_where_user_id_foreign'),
        ('public.order_where', 'user_id', 'index', 'order_where_user_select_user_right_id_index', 'order_where_user_id_index'),
        ('public.order_where', 'user_id', 'not null', 'order_where_user_select_user_right_id_not_null', 'order_where_user_id_not_null')
    )
    SELECT renamed.*, actual.name,
      row_number() OVER (
        PARTITION BY tab, col, kind
        ORDER BY actual.name = new DESC, actual.name = old DESC, actual.name
      ) AS position
    FROM renamed
      JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
      LEFT JOIN LATERAL (
        SELECT conname
        FROM pg_constraint
        WHERE conrelid = attrelid AND conkey = ARRAY[attnum]
          AND contype = CASE kind WHEN 'foreign key' THEN 'f' WHEN 'not null' THEN 'n' END::"char"
        UNION ALL
        SELECT relname
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE kind = 'index' AND indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
          AND NOT indisunique AND indpred IS NULL
      ) AS actual (name) ON true
    ORDER BY tab, col, kind, position
  LOOP
    IF item.name IS NULL THEN
      IF item.kind <> 'not null' THEN
        RAISE NOTICE '%.% has no %', item.tab, item.col, item.kind;
      END IF;
    ELSIF item.position > 1 THEN
      RAISE NOTICE '%.% has one more %, which keeps its name %', item.tab, item.col, item.kind, item.name;
    ELSIF item.name <> item.new THEN
      command := CASE item.kind
        WHEN 'index' THEN format('ALTER INDEX %s.%%I RENAME TO %%I', 'public')
        ELSE format('ALTER TABLE %s RENAME CONSTRAINT %%I TO %%I', replace(item.tab, '%', '%%'))
      END;
      temporary := 'keystone_renames_' || coalesce(array_length(pending, 1), 0);
      EXECUTE format(command, item.name, temporary);
      pending := pending || ARRAY[ARRAY[command, temporary, item.name, item.new]];
    END IF;
  END LOOP;
  FOR at IN 1 .. coalesce(array_length(pending, 1), 0)
  LOOP
    BEGIN
      EXECUTE format(pending[at][1], pending[at][2], pending[at][4]);
    EXCEPTION WHEN duplicate_table OR duplicate_object THEN
      RAISE NOTICE '% keeps its name, because % is taken', pending[at][3], pending[at][4];
      EXECUTE format(pending[at][1], pending[at][2], pending[at][3]);
    END;
  END LOOP;
END
$$;

-- group.references -> order.table (two-sided: one to many)
CREATE TABLE public.group_references (
  group_id integer NOT NULL,
  order_id integer NOT NULL
);
INSERT INTO public.group_references (group_id, order_id) SELECT link."table" AS near, link.id AS far FROM public."order" AS link WHERE link."table" IS NOT NULL;
CREATE INDEX group_references_group_id_index ON public.group_references (group_id);
CREATE INDEX group_references_order_id_index ON public.group_references (order_id);
ALTER TABLE public.group_references ADD CONSTRAINT group_references_group_id_foreign FOREIGN KEY (group_id) REFERENCES public."group" (id) ON DELETE CASCADE;
ALTER TABLE public.group_references ADD CONSTRAINT group_references_order_id_foreign FOREIGN KEY (order_id) REFERENCES public."order" (id) ON DELETE CASCADE;

-- order.where -> user.select (two-sided: many to many)
CREATE TABLE public.user_select (
  user_id integer NOT NULL,
  order_id integer NOT NULL
);
INSERT INTO public.user_select (user_id, order_id) SELECT link.user_id AS near, link.order_id AS far FROM public.order_where AS link;
CREATE INDEX user_select_user_id_index ON public.user_select (user_id);
CREATE INDEX user_select_order_id_index ON public.user_select (order_id);
ALTER TABLE public.user_select ADD CONSTRAINT user_select_user_id_foreign FOREIGN KEY (user_id) REFERENCES public."user" (id) ON DELETE CASCADE;
ALTER TABLE public.user_select ADD CONSTRAINT user_select_order_id_foreign FOREIGN KEY (order_id) REFERENCES public."order" (id) ON DELETE CASCADE;

-- order.user -> user.order (two-sided: one to one)
ALTER TABLE public."user" ADD COLUMN "order" integer;
UPDATE public."user" AS item SET "order" = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link."user" AS holder, link.id AS target FROM public."order" AS link WHERE link."user" IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX user_order_index ON public."user" ("order");
ALTER TABLE public."user" ADD CONSTRAINT user_order_foreign FOREIGN KEY ("order") REFERENCES public."order" (id);

COMMIT;
