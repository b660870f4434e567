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
    'public."Ab"',
    'public."aB"',
    'public."aB_upper_Ab_lower"'
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
        ('stays', 'public."Ab"', 'id'),
        ('stays', 'public."aB"', 'id'),
        ('stays', 'public."aB"', 'second'),
        ('goes', 'public."aB_upper_Ab_lower"', 'aB_left_id'),
        ('goes', 'public."aB_upper_Ab_lower"', 'Ab_right_id'),
        ('comes', 'public."aB_upper"', ''),
        ('comes', 'public."Ab_lower"', ''),
        ('comes', 'public."Ab"', 'first'),
        ('ends', 'public."aB_upper"', 'aB_id'),
        ('ends', 'public."aB_upper"', 'Ab_id'),
        ('ends', 'public."Ab_lower"', 'Ab_id'),
        ('ends', 'public."Ab_lower"', 'aB_id')
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

-- aB.upper -> Ab.lower (two-sided: many to many)
ALTER TABLE public."aB_upper_Ab_lower" RENAME TO "aB_upper";
ALTER TABLE public."aB_upper" RENAME COLUMN "aB_left_id" TO "aB_id";
ALTER TABLE public."aB_upper" RENAME COLUMN "Ab_right_id" TO "Ab_id";

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
        ('public."aB_upper"', 'aB_id', 'foreign key', 'ab_upper_ab_lower_ab_left_id_foreign', 'ab_upper_ab_id_foreign'),
        ('public."aB_upper"', 'aB_id', 'index', 'ab_upper_ab_lower_ab_left_id_index', 'ab_upper_ab_id_index'),
        ('public."aB_upper"', 'aB_id', 'not null', 'aB_upper_Ab_lower_aB_left_id_not_null', 'aB_upper_aB_id_not_null'),
        ('public."aB_upper"', 'Ab_id', 'foreign key', 'ab_upper_ab_lower_ab_right_id_foreign', 'ab_upper_ab_id_foreign_2'),
        ('public."aB_upper"', 'Ab_id', 'index', 'ab_upper_ab_lower_ab_right_id_index', 'ab_upper_ab_id_index_2'),
        ('public."aB_upper"', 'Ab_id', 'not null', 'aB_upper_Ab_lower_Ab_right_id_not_null', 'aB_upper_Ab_id_not_null')
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

-- aB.upper -> Ab.lower (two-sided: many to many)
CREATE TABLE public."Ab_lower" (
  "Ab_id" integer NOT NULL,
  "aB_id" integer NOT NULL
);
INSERT INTO public."Ab_lower" ("Ab_id", "aB_id") SELECT link."Ab_id" AS near, link."aB_id" AS far FROM public."aB_upper" AS link;
CREATE INDEX ab_lower_ab_id_index ON public."Ab_lower" ("Ab_id");
CREATE INDEX ab_lower_ab_id_index_2 ON public."Ab_lower" ("aB_id");
ALTER TABLE public."Ab_lower" ADD CONSTRAINT ab_lower_ab_id_foreign FOREIGN KEY ("Ab_id") REFERENCES public."Ab" (id) ON DELETE CASCADE;
ALTER TABLE public."Ab_lower" ADD CONSTRAINT ab_lower_ab_id_foreign_2 FOREIGN KEY ("aB_id") REFERENCES public."aB" (id) ON DELETE CASCADE;

-- aB.second -> Ab.first (two-sided: one to one)
ALTER TABLE public."Ab" ADD COLUMN first integer;
UPDATE public."Ab" AS item SET first = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.second AS holder, link.id AS target FROM public."aB" AS link WHERE link.second IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX ab_first_index ON public."Ab" (first);
ALTER TABLE public."Ab" ADD CONSTRAINT ab_first_foreign FOREIGN KEY (first) REFERENCES public."aB" (id);

COMMIT;
