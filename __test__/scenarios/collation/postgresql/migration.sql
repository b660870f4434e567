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
    'public."Cherry"',
    'public."Post"',
    'public."Post1"',
    'public."Post1_underscores"',
    'public."PostTag"',
    'public."PostTag_posts"',
    'public."PostTag_underscores"',
    'public."Post_tags"',
    'public."Post_x"',
    'public."Post_x_digits"',
    'public."Post_x_tags"',
    'public."Zebra"',
    'public."Zebra_bananas"',
    'public.apple',
    'public.banana',
    'public.banana_zebras'
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
        ('stays', 'public."Post1"', 'tag'),
        ('stays', 'public.apple', 'zebra'),
        ('stays', 'public.banana', 'cherry'),
        ('goes', 'public."PostTag"', 'digit'),
        ('goes', 'public."Zebra"', 'apple'),
        ('goes', 'public."Cherry"', 'banana'),
        ('goes', 'public."PostTag_posts"', 'PostTag_id'),
        ('goes', 'public."PostTag_posts"', 'Post_id'),
        ('goes', 'public."PostTag_underscores"', 'PostTag_id'),
        ('goes', 'public."PostTag_underscores"', 'Post_x_id'),
        ('goes', 'public."Post1_underscores"', 'Post1_id'),
        ('goes', 'public."Post1_underscores"', 'Post_x_id'),
        ('goes', 'public."Zebra_bananas"', 'Zebra_id'),
        ('goes', 'public."Zebra_bananas"', 'banana_id'),
        ('goes', 'public."Post_x_digits"', 'Post_x_id'),
        ('goes', 'public."Post_x_digits"', 'Post1_id'),
        ('goes', 'public.banana_zebras', 'banana_id'),
        ('goes', 'public.banana_zebras', 'Zebra_id'),
        ('goes', 'public."Post_x_tags"', 'Post_x_id'),
        ('goes', 'public."Post_x_tags"', 'PostTag_id'),
        ('goes', 'public."Post_tags"', 'Post_id'),
        ('goes', 'public."Post_tags"', 'PostTag_id'),
        ('comes', 'public."Post_x_digits_Post1_underscores"', ''),
        ('comes', 'public."banana_zebras_Zebra_bananas"', ''),
        ('comes', 'public."Post_x_tags_PostTag_underscores"', ''),
        ('comes', 'public."Post_tags_PostTag_posts"', ''),
        ('ends', 'public."Post_x_digits_Post1_underscores"', 'Post_x_left_id'),
        ('ends', 'public."Post_x_digits_Post1_underscores"', 'Post1_right_id'),
        ('ends', 'public."banana_zebras_Zebra_bananas"', 'banana_left_id'),
        ('ends', 'public."banana_zebras_Zebra_bananas"', 'Zebra_right_id'),
        ('ends', 'public."Post_x_tags_PostTag_underscores"', 'Post_x_left_id'),
        ('ends', 'public."Post_x_tags_PostTag_underscores"', 'PostTag_right_id'),
        ('ends', 'public."Post_tags_PostTag_posts"', 'Post_left_id'),
        ('ends', 'public."Post_tags_PostTag_posts"', 'PostTag_right_id')
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
        ('public."PostTag"', 'digit', true, false, true),
        ('public."Zebra"', 'apple', true, false, true),
        ('public."Cherry"', 'banana', true, false, true),
        ('public."PostTag_posts"', 'PostTag_id', false, false, true),
        ('public."PostTag_posts"', 'Post_id', false, false, true),
        ('public."PostTag_underscores"', 'PostTag_id', false, false, true),
        ('public."PostTag_underscores"', 'Post_x_id', false, false, true),
        ('public."Post1_underscores"', 'Post1_id', false, false, true),
        ('public."Post1_underscores"', 'Post_x_id', false, false, true),
        ('public."Zebra_bananas"', 'Zebra_id', false, false, true),
        ('public."Zebra_bananas"', 'banana_id', false, false, true)
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

-- Check Post1.tag -> PostTag.digit: both stored sides hold the same links
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
      FROM (SELECT link.id AS left_id, link.tag AS right_id FROM public."Post1" AS link WHERE link.tag IS NOT NULL) AS kept
      FULL JOIN (SELECT link.digit AS left_id, link.id AS right_id FROM public."PostTag" AS link WHERE link.digit IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post1.tag -> PostTag.digit: the two stored sides disagree, and PostTag.digit would be dropped. Links that only Post1.tag has: %s; that only PostTag.digit has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check apple.zebra -> Zebra.apple: both stored sides hold the same links
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
      FROM (SELECT link.id AS left_id, link.zebra AS right_id FROM public.apple AS link WHERE link.zebra IS NOT NULL) AS kept
      FULL JOIN (SELECT link.apple AS left_id, link.id AS right_id FROM public."Zebra" AS link WHERE link.apple IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('apple.zebra -> Zebra.apple: the two stored sides disagree, and Zebra.apple would be dropped. Links that only apple.zebra has: %s; that only Zebra.apple has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check banana.cherry -> Cherry.banana: both stored sides hold the same links
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
      FROM (SELECT link.id AS left_id, link.cherry AS right_id FROM public.banana AS link WHERE link.cherry IS NOT NULL) AS kept
      FULL JOIN (SELECT link.banana AS left_id, link.id AS right_id FROM public."Cherry" AS link WHERE link.banana IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('banana.cherry -> Cherry.banana: the two stored sides disagree, and Cherry.banana would be dropped. Links that only banana.cherry has: %s; that only Cherry.banana has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Post.tags -> PostTag.posts: both stored sides hold the same links
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
      FROM (SELECT link."Post_id" AS left_id, link."PostTag_id" AS right_id FROM public."Post_tags" AS link) AS kept
      FULL JOIN (SELECT link."Post_id" AS left_id, link."PostTag_id" AS right_id FROM public."PostTag_posts" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post.tags -> PostTag.posts: the two stored sides disagree, and PostTag_posts would be dropped. Links that only Post_tags has: %s; that only PostTag_posts has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Post_x.tags -> PostTag.underscores: both stored sides hold the same links
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
      FROM (SELECT link."Post_x_id" AS left_id, link."PostTag_id" AS right_id FROM public."Post_x_tags" AS link) AS kept
      FULL JOIN (SELECT link."Post_x_id" AS left_id, link."PostTag_id" AS right_id FROM public."PostTag_underscores" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post_x.tags -> PostTag.underscores: the two stored sides disagree, and PostTag_underscores would be dropped. Links that only Post_x_tags has: %s; that only PostTag_underscores has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Post_x.digits -> Post1.underscores: both stored sides hold the same links
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
      FROM (SELECT link."Post_x_id" AS left_id, link."Post1_id" AS right_id FROM public."Post_x_digits" AS link) AS kept
      FULL JOIN (SELECT link."Post_x_id" AS left_id, link."Post1_id" AS right_id FROM public."Post1_underscores" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post_x.digits -> Post1.underscores: the two stored sides disagree, and Post1_underscores would be dropped. Links that only Post_x_digits has: %s; that only Post1_underscores has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check banana.zebras -> Zebra.bananas: both stored sides hold the same links
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
      FROM (SELECT link.banana_id AS left_id, link."Zebra_id" AS right_id FROM public.banana_zebras AS link) AS kept
      FULL JOIN (SELECT link.banana_id AS left_id, link."Zebra_id" AS right_id FROM public."Zebra_bananas" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('banana.zebras -> Zebra.bananas: the two stored sides disagree, and Zebra_bananas would be dropped. Links that only banana_zebras has: %s; that only Zebra_bananas has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Post1.tag -> PostTag.digit (two-sided: one to one)
ALTER TABLE public."PostTag" DROP COLUMN digit;

-- apple.zebra -> Zebra.apple (two-sided: one to one)
ALTER TABLE public."Zebra" DROP COLUMN apple;

-- banana.cherry -> Cherry.banana (two-sided: one to one)
ALTER TABLE public."Cherry" DROP COLUMN banana;

-- Post.tags -> PostTag.posts (two-sided: many to many)
DROP TABLE public."PostTag_posts";

-- Post_x.tags -> PostTag.underscores (two-sided: many to many)
DROP TABLE public."PostTag_underscores";

-- Post_x.digits -> Post1.underscores (two-sided: many to many)
DROP TABLE public."Post1_underscores";

-- banana.zebras -> Zebra.bananas (two-sided: many to many)
DROP TABLE public."Zebra_bananas";

-- Post_x.digits -> Post1.underscores (two-sided: many to many)
ALTER TABLE public."Post_x_digits" RENAME TO "Post_x_digits_Post1_underscores";
ALTER TABLE public."Post_x_digits_Post1_underscores" RENAME COLUMN "Post_x_id" TO "Post_x_left_id";
ALTER TABLE public."Post_x_digits_Post1_underscores" RENAME COLUMN "Post1_id" TO "Post1_right_id";

-- banana.zebras -> Zebra.bananas (two-sided: many to many)
ALTER TABLE public.banana_zebras RENAME TO "banana_zebras_Zebra_bananas";
ALTER TABLE public."banana_zebras_Zebra_bananas" RENAME COLUMN banana_id TO banana_left_id;
ALTER TABLE public."banana_zebras_Zebra_bananas" RENAME COLUMN "Zebra_id" TO "Zebra_right_id";

-- Post_x.tags -> PostTag.underscores (two-sided: many to many)
ALTER TABLE public."Post_x_tags" RENAME TO "Post_x_tags_PostTag_underscores";
ALTER TABLE public."Post_x_tags_PostTag_underscores" RENAME COLUMN "Post_x_id" TO "Post_x_left_id";
ALTER TABLE public."Post_x_tags_PostTag_underscores" RENAME COLUMN "PostTag_id" TO "PostTag_right_id";

-- Post.tags -> PostTag.posts (two-sided: many to many)
ALTER TABLE public."Post_tags" RENAME TO "Post_tags_PostTag_posts";
ALTER TABLE public."Post_tags_PostTag_posts" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE public."Post_tags_PostTag_posts" RENAME COLUMN "PostTag_id" TO "PostTag_right_id";

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
        ('public."Post_x_digits_Post1_underscores"', 'Post_x_left_id', 'foreign key', 'post_x_digits_post_x_id_foreign', 'post_x_digits_post1_underscores_post_x_left_id_foreign'),
        ('public."Post_x_digits_Post1_underscores"', 'Post_x_left_id', 'index', 'post_x_digits_post_x_id_index', 'post_x_digits_post1_underscores_post_x_left_id_index'),
        ('public."Post_x_digits_Post1_underscores"', 'Post_x_left_id', 'not null', 'Post_x_digits_Post_x_id_not_null', 'Post_x_digits_Post1_underscores_Post_x_left_id_not_null'),
        ('public."Post_x_digits_Post1_underscores"', 'Post1_right_id', 'foreign key', 'post_x_digits_post1_id_foreign', 'post_x_digits_post1_underscores_post1_right_id_foreign'),
        ('public."Post_x_digits_Post1_underscores"', 'Post1_right_id', 'index', 'post_x_digits_post1_id_index', 'post_x_digits_post1_underscores_post1_right_id_index'),
        ('public."Post_x_digits_Post1_underscores"', 'Post1_right_id', 'not null', 'Post_x_digits_Post1_id_not_null', 'Post_x_digits_Post1_underscores_Post1_right_id_not_null'),
        ('public."banana_zebras_Zebra_bananas"', 'banana_left_id', 'foreign key', 'banana_zebras_banana_id_foreign', 'banana_zebras_zebra_bananas_banana_left_id_foreign'),
        ('public."banana_zebras_Zebra_bananas"', 'banana_left_id', 'index', 'banana_zebras_banana_id_index', 'banana_zebras_zebra_bananas_banana_left_id_index'),
        ('public."banana_zebras_Zebra_bananas"', 'banana_left_id', 'not null', 'banana_zebras_banana_id_not_null', 'banana_zebras_Zebra_bananas_banana_left_id_not_null'),
        ('public."banana_zebras_Zebra_bananas"', 'Zebra_right_id', 'foreign key', 'banana_zebras_zebra_id_foreign', 'banana_zebras_zebra_bananas_zebra_right_id_foreign'),
        ('public."banana_zebras_Zebra_bananas"', 'Zebra_right_id', 'index', 'banana_zebras_zebra_id_index', 'banana_zebras_zebra_bananas_zebra_right_id_index'),
        ('public."banana_zebras_Zebra_bananas"', 'Zebra_right_id', 'not null', 'banana_zebras_Zebra_id_not_null', 'banana_zebras_Zebra_bananas_Zebra_right_id_not_null'),
        ('public."Post_x_tags_PostTag_underscores"', 'Post_x_left_id', 'foreign key', 'post_x_tags_post_x_id_foreign', 'post_x_tags_posttag_underscores_post_x_left_id_foreign'),
        ('public."Post_x_tags_PostTag_underscores"', 'Post_x_left_id', 'index', 'post_x_tags_post_x_id_index', 'post_x_tags_posttag_underscores_post_x_left_id_index'),
        ('public."Post_x_tags_PostTag_underscores"', 'Post_x_left_id', 'not null', 'Post_x_tags_Post_x_id_not_null', 'Post_x_tags_PostTag_underscores_Post_x_left_id_not_null'),
        ('public."Post_x_tags_PostTag_underscores"', 'PostTag_right_id', 'foreign key', 'post_x_tags_posttag_id_foreign', 'post_x_tags_posttag_underscores_posttag_right_id_foreign'),
        ('public."Post_x_tags_PostTag_underscores"', 'PostTag_right_id', 'index', 'post_x_tags_posttag_id_index', 'post_x_tags_posttag_underscores_posttag_right_id_index'),
        ('public."Post_x_tags_PostTag_underscores"', 'PostTag_right_id', 'not null', 'Post_x_tags_PostTag_id_not_null', 'Post_x_tags_PostTag_underscores_PostTag_right_id_not_null'),
        ('public."Post_tags_PostTag_posts"', 'Post_left_id', 'foreign key', 'post_tags_post_id_foreign', 'post_tags_posttag_posts_post_left_id_foreign'),
        ('public."Post_tags_PostTag_posts"', 'Post_left_id', 'index', 'post_tags_post_id_index', 'post_tags_posttag_posts_post_left_id_index'),
        ('public."Post_tags_PostTag_posts"', 'Post_left_id', 'not null', 'Post_tags_Post_id_not_null', 'Post_tags_PostTag_posts_Post_left_id_not_null'),
        ('public."Post_tags_PostTag_posts"', 'PostTag_right_id', 'foreign key', 'post_tags_posttag_id_foreign', 'post_tags_posttag_posts_posttag_right_id_foreign'),
        ('public."Post_tags_PostTag_posts"', 'PostTag_right_id', 'index', 'post_tags_posttag_id_index', 'post_tags_posttag_posts_posttag_right_id_index'),
        ('public."Post_tags_PostTag_posts"', 'PostTag_right_id', 'not null', 'Post_tags_PostTag_id_not_null', 'Post_tags_PostTag_posts_PostTag_right_id_not_null')
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
