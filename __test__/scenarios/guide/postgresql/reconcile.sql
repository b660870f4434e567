-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
-- Made with --reconcile: where the two stored sides disagree, it repairs them.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- Its settings end with it: how long it waits for locks, no limit of time for a statement, up to
-- 64 MB of memory for each sort, and an error where row-level security would hide rows.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column

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
    'public."Todo"',
    'public."Todo_readers"',
    'public."Todo_reviewers"',
    'public."User"',
    'public."User_published"',
    'public."User_readPosts"'
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

-- What is there must be the old schema
DO $$
DECLARE
  missing text;
  taken text;
  is_done boolean;
BEGIN
  WITH places (role, tab, col) AS (
    VALUES
        ('stays', 'public."Todo"', 'leadAuthor'),
        ('stays', 'public."Todo"', 'publisher'),
        ('goes', 'public."User"', 'leadPost'),
        ('goes', 'public."User_published"', 'User_id'),
        ('goes', 'public."User_published"', 'Todo_id'),
        ('goes', 'public."User_readPosts"', 'User_id'),
        ('goes', 'public."User_readPosts"', 'Todo_id'),
        ('goes', 'public."Todo_reviewers"', 'Todo_id'),
        ('goes', 'public."Todo_reviewers"', 'User_id'),
        ('goes', 'public."Todo_readers"', 'Todo_id'),
        ('goes', 'public."Todo_readers"', 'User_id'),
        ('comes', 'public."Todo_reviewers_many"', ''),
        ('comes', 'public."Todo_readers_User_readPosts"', ''),
        ('ends', 'public."Todo_reviewers_many"', 'Todo_left_id'),
        ('ends', 'public."Todo_reviewers_many"', 'User_right_id'),
        ('ends', 'public."Todo_readers_User_readPosts"', 'Todo_left_id'),
        ('ends', 'public."Todo_readers_User_readPosts"', 'User_right_id')
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
      MESSAGE = 'The database is in the new schema already',
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
        ('public."User"', 'leadPost', true, false, true),
        ('public."User_published"', 'User_id', false, false, true),
        ('public."User_published"', 'Todo_id', false, false, true),
        ('public."User_readPosts"', 'User_id', false, false, true),
        ('public."User_readPosts"', 'Todo_id', false, false, true)
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

-- Reconcile Todo.leadAuthor -> User.leadPost: the kept side takes what only the other has
DO $$
DECLARE
  released bigint := 0;
  adopted bigint;
  contradicted bigint;
BEGIN
-- Of several items that hold one, that keeps it which the other side names, else the highest id
  UPDATE public."Todo" AS item SET "leadAuthor" = NULL
  FROM (
    SELECT kept.id, row_number() OVER (
      PARTITION BY kept."leadAuthor" ORDER BY dropped.holder IS NOT NULL DESC, kept.id DESC
    ) AS position
    FROM public."Todo" AS kept
    LEFT JOIN (SELECT link."leadPost" AS holder, link.id AS target FROM public."User" AS link WHERE link."leadPost" IS NOT NULL) AS dropped ON dropped.holder = kept.id AND dropped.target = kept."leadAuthor"
    WHERE kept."leadAuthor" IS NOT NULL
  ) AS ranked
  WHERE ranked.id = item.id AND ranked.position > 1;
  GET DIAGNOSTICS released = ROW_COUNT;
  -- What only the dropped side knows is adopted where the kept side is empty, the highest id first
  UPDATE public."Todo" AS item SET "leadAuthor" = candidate.target
  FROM (
    SELECT DISTINCT ON (holder) holder, target
    FROM (SELECT link."leadPost" AS holder, link.id AS target FROM public."User" AS link WHERE link."leadPost" IS NOT NULL) AS dropped
    WHERE NOT EXISTS (SELECT FROM public."Todo" AS other WHERE other."leadAuthor" = dropped.target)
    ORDER BY holder, target DESC
  ) AS candidate
  WHERE candidate.holder = item.id AND item."leadAuthor" IS NULL;
  GET DIAGNOSTICS adopted = ROW_COUNT;
  SELECT count(*) INTO contradicted FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.id AS left_id, link."leadAuthor" AS right_id FROM public."Todo" AS link WHERE link."leadAuthor" IS NOT NULL) AS kept
      FULL JOIN (SELECT link."leadPost" AS left_id, link.id AS right_id FROM public."User" AS link WHERE link."leadPost" IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference WHERE NOT is_kept;
  RAISE NOTICE '%: adopted % links that only % had; released % that % held of an item linked elsewhere; left out % that % contradicts, because an item can have one', 'Todo.leadAuthor -> User.leadPost', adopted, 'User.leadPost', released, 'Todo.leadAuthor', contradicted, 'Todo.leadAuthor';
  IF EXISTS (
    SELECT FROM (SELECT link."leadPost" AS holder, link.id AS target FROM public."User" AS link WHERE link."leadPost" IS NOT NULL) AS dropped JOIN public."Todo" AS item ON item.id = dropped.holder
    WHERE item."leadAuthor" IS NULL AND NOT EXISTS (SELECT FROM public."Todo" AS other WHERE other."leadAuthor" = dropped.target)
  ) THEN
    RAISE EXCEPTION '%: links are missing after the repair', 'Todo.leadAuthor -> User.leadPost';
  END IF;
END
$$;

-- Reconcile Todo.publisher -> User.published: the kept side takes what only the other has
DO $$
DECLARE
  released bigint := 0;
  adopted bigint;
  contradicted bigint;
BEGIN
  -- What only the dropped side knows is adopted where the kept side is empty, the highest id first
  UPDATE public."Todo" AS item SET publisher = candidate.target
  FROM (
    SELECT DISTINCT ON (holder) holder, target
    FROM (SELECT link."Todo_id" AS holder, link."User_id" AS target FROM public."User_published" AS link) AS dropped
    WHERE true
    ORDER BY holder, target DESC
  ) AS candidate
  WHERE candidate.holder = item.id AND item.publisher IS NULL;
  GET DIAGNOSTICS adopted = ROW_COUNT;
  SELECT count(*) INTO contradicted FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.id AS left_id, link.publisher AS right_id FROM public."Todo" AS link WHERE link.publisher IS NOT NULL) AS kept
      FULL JOIN (SELECT link."Todo_id" AS left_id, link."User_id" AS right_id FROM public."User_published" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference WHERE NOT is_kept;
  RAISE NOTICE '%: adopted % links that only % had; released % that % held of an item linked elsewhere; left out % that % contradicts, because an item can have one', 'Todo.publisher -> User.published', adopted, 'User_published', released, 'Todo.publisher', contradicted, 'Todo.publisher';
  IF EXISTS (
    SELECT FROM (SELECT link."Todo_id" AS holder, link."User_id" AS target FROM public."User_published" AS link) AS dropped JOIN public."Todo" AS item ON item.id = dropped.holder
    WHERE item.publisher IS NULL AND true
  ) THEN
    RAISE EXCEPTION '%: links are missing after the repair', 'Todo.publisher -> User.published';
  END IF;
END
$$;

-- Reconcile Todo.readers -> User.readPosts: the kept side takes what only the other has
DO $$
DECLARE
  adopted bigint;
BEGIN
  INSERT INTO public."Todo_readers" ("Todo_id", "User_id")
    SELECT link."Todo_id" AS near, link."User_id" AS far FROM public."User_readPosts" AS link
    EXCEPT SELECT link."Todo_id" AS near, link."User_id" AS far FROM public."Todo_readers" AS link;
  GET DIAGNOSTICS adopted = ROW_COUNT;
  RAISE NOTICE '%: adopted % links that only % had', 'Todo.readers -> User.readPosts', adopted, 'User_readPosts';
  IF EXISTS (
    SELECT FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link."Todo_id" AS left_id, link."User_id" AS right_id FROM public."Todo_readers" AS link) AS kept
      FULL JOIN (SELECT link."Todo_id" AS left_id, link."User_id" AS right_id FROM public."User_readPosts" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference WHERE NOT is_kept
  ) THEN
    RAISE EXCEPTION '%: links are missing after the repair', 'Todo.readers -> User.readPosts';
  END IF;
END
$$;

-- Todo.leadAuthor -> User.leadPost (two-sided: one to one)
ALTER TABLE public."User" DROP COLUMN "leadPost";

-- Todo.publisher -> User.published (two-sided: one to many)
DROP TABLE public."User_published";

-- Todo.readers -> User.readPosts (two-sided: many to many)
DROP TABLE public."User_readPosts";

-- Todo.reviewers -> User (one-sided: many to many)
ALTER TABLE public."Todo_reviewers" RENAME TO "Todo_reviewers_many";
ALTER TABLE public."Todo_reviewers_many" RENAME COLUMN "Todo_id" TO "Todo_left_id";
ALTER TABLE public."Todo_reviewers_many" RENAME COLUMN "User_id" TO "User_right_id";

-- Todo.readers -> User.readPosts (two-sided: many to many)
ALTER TABLE public."Todo_readers" RENAME TO "Todo_readers_User_readPosts";
ALTER TABLE public."Todo_readers_User_readPosts" RENAME COLUMN "Todo_id" TO "Todo_left_id";
ALTER TABLE public."Todo_readers_User_readPosts" RENAME COLUMN "User_id" TO "User_right_id";

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
        ('public."Todo_reviewers_many"', 'Todo_left_id', 'foreign key', 'todo_reviewers_todo_id_foreign', 'todo_reviewers_many_todo_left_id_foreign'),
        ('public."Todo_reviewers_many"', 'Todo_left_id', 'index', 'todo_reviewers_todo_id_index', 'todo_reviewers_many_todo_left_id_index'),
        ('public."Todo_reviewers_many"', 'Todo_left_id', 'not null', 'Todo_reviewers_Todo_id_not_null', 'Todo_reviewers_many_Todo_left_id_not_null'),
        ('public."Todo_reviewers_many"', 'User_right_id', 'foreign key', 'todo_reviewers_user_id_foreign', 'todo_reviewers_many_user_right_id_foreign'),
        ('public."Todo_reviewers_many"', 'User_right_id', 'index', 'todo_reviewers_user_id_index', 'todo_reviewers_many_user_right_id_index'),
        ('public."Todo_reviewers_many"', 'User_right_id', 'not null', 'Todo_reviewers_User_id_not_null', 'Todo_reviewers_many_User_right_id_not_null'),
        ('public."Todo_readers_User_readPosts"', 'Todo_left_id', 'foreign key', 'todo_readers_todo_id_foreign', 'todo_readers_user_readposts_todo_left_id_foreign'),
        ('public."Todo_readers_User_readPosts"', 'Todo_left_id', 'index', 'todo_readers_todo_id_index', 'todo_readers_user_readposts_todo_left_id_index'),
        ('public."Todo_readers_User_readPosts"', 'Todo_left_id', 'not null', 'Todo_readers_Todo_id_not_null', 'Todo_readers_User_readPosts_Todo_left_id_not_null'),
        ('public."Todo_readers_User_readPosts"', 'User_right_id', 'foreign key', 'todo_readers_user_id_foreign', 'todo_readers_user_readposts_user_right_id_foreign'),
        ('public."Todo_readers_User_readPosts"', 'User_right_id', 'index', 'todo_readers_user_id_index', 'todo_readers_user_readposts_user_right_id_index'),
        ('public."Todo_readers_User_readPosts"', 'User_right_id', 'not null', 'Todo_readers_User_id_not_null', 'Todo_readers_User_readPosts_User_right_id_not_null')
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

COMMIT;
