-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
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
    'public.passport',
    'public.person',
    'public.person_posts',
    'public.post',
    'public.post_editors',
    'public.post_tags',
    'public.tag',
    'public.tag_posts'
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
        ('stays', 'public.passport', 'person'),
        ('stays', 'public.post', 'author'),
        ('goes', 'public.person', 'passport'),
        ('goes', 'public.person_posts', 'person_id'),
        ('goes', 'public.person_posts', 'post_id'),
        ('goes', 'public.tag_posts', 'tag_id'),
        ('goes', 'public.tag_posts', 'post_id'),
        ('goes', 'public.post_editors', 'post_id'),
        ('goes', 'public.post_editors', 'person_id'),
        ('goes', 'public.post_tags', 'post_id'),
        ('goes', 'public.post_tags', 'tag_id'),
        ('comes', 'public.post_editors_many', ''),
        ('comes', 'public.post_tags_tag_posts', ''),
        ('ends', 'public.post_editors_many', 'post_left_id'),
        ('ends', 'public.post_editors_many', 'person_right_id'),
        ('ends', 'public.post_tags_tag_posts', 'post_left_id'),
        ('ends', 'public.post_tags_tag_posts', 'tag_right_id')
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
        ('public.person', 'passport', true, false, true),
        ('public.person_posts', 'person_id', false, false, true),
        ('public.person_posts', 'post_id', false, false, true),
        ('public.tag_posts', 'tag_id', false, false, true),
        ('public.tag_posts', 'post_id', false, false, true)
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

-- Check passport.person -> person.passport: both stored sides hold the same links
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
    FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.id AS left_id, link.person AS right_id FROM public.passport AS link WHERE link.person IS NOT NULL) AS kept
      FULL JOIN (SELECT link.passport AS left_id, link.id AS right_id FROM public.person AS link WHERE link.passport IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('passport.person -> person.passport: the two stored sides disagree, and person.passport would be dropped. Links that only passport.person has: %s; that only person.passport has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check person.posts -> post.author: both stored sides hold the same links
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
    FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.author AS left_id, link.id AS right_id FROM public.post AS link WHERE link.author IS NOT NULL) AS kept
      FULL JOIN (SELECT link.person_id AS left_id, link.post_id AS right_id FROM public.person_posts AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('person.posts -> post.author: the two stored sides disagree, and person_posts would be dropped. Links that only post.author has: %s; that only person_posts has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check post.tags -> tag.posts: both stored sides hold the same links
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
    FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.post_id AS left_id, link.tag_id AS right_id FROM public.post_tags AS link) AS kept
      FULL JOIN (SELECT link.post_id AS left_id, link.tag_id AS right_id FROM public.tag_posts AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('post.tags -> tag.posts: the two stored sides disagree, and tag_posts would be dropped. Links that only post_tags has: %s; that only tag_posts has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- passport.person -> person.passport (two-sided: one to one)
ALTER TABLE public.person DROP COLUMN passport;

-- person.posts -> post.author (two-sided: one to many)
DROP TABLE public.person_posts;

-- post.tags -> tag.posts (two-sided: many to many)
DROP TABLE public.tag_posts;

-- post.editors -> person (one-sided: many to many)
ALTER TABLE public.post_editors RENAME TO post_editors_many;
ALTER TABLE public.post_editors_many RENAME COLUMN post_id TO post_left_id;
ALTER TABLE public.post_editors_many RENAME COLUMN person_id TO person_right_id;

-- post.tags -> tag.posts (two-sided: many to many)
ALTER TABLE public.post_tags RENAME TO post_tags_tag_posts;
ALTER TABLE public.post_tags_tag_posts RENAME COLUMN post_id TO post_left_id;
ALTER TABLE public.post_tags_tag_posts RENAME COLUMN tag_id TO tag_right_id;

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
        ('public.post_editors_many', 'post_left_id', 'foreign key', 'post_editors_post_id_foreign', 'post_editors_many_post_left_id_foreign'),
        ('public.post_editors_many', 'post_left_id', 'index', 'post_editors_post_id_index', 'post_editors_many_post_left_id_index'),
        ('public.post_editors_many', 'post_left_id', 'not null', 'post_editors_post_id_not_null', 'post_editors_many_post_left_id_not_null'),
        ('public.post_editors_many', 'person_right_id', 'foreign key', 'post_editors_person_id_foreign', 'post_editors_many_person_right_id_foreign'),
        ('public.post_editors_many', 'person_right_id', 'index', 'post_editors_person_id_index', 'post_editors_many_person_right_id_index'),
        ('public.post_editors_many', 'person_right_id', 'not null', 'post_editors_person_id_not_null', 'post_editors_many_person_right_id_not_null'),
        ('public.post_tags_tag_posts', 'post_left_id', 'foreign key', 'post_tags_post_id_foreign', 'post_tags_tag_posts_post_left_id_foreign'),
        ('public.post_tags_tag_posts', 'post_left_id', 'index', 'post_tags_post_id_index', 'post_tags_tag_posts_post_left_id_index'),
        ('public.post_tags_tag_posts', 'post_left_id', 'not null', 'post_tags_post_id_not_null', 'post_tags_tag_posts_post_left_id_not_null'),
        ('public.post_tags_tag_posts', 'tag_right_id', 'foreign key', 'post_tags_tag_id_foreign', 'post_tags_tag_posts_tag_right_id_foreign'),
        ('public.post_tags_tag_posts', 'tag_right_id', 'index', 'post_tags_tag_id_index', 'post_tags_tag_posts_tag_right_id_index'),
        ('public.post_tags_tag_posts', 'tag_right_id', 'not null', 'post_tags_tag_id_not_null', 'post_tags_tag_posts_tag_right_id_not_null')
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
