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
      ('public."Cherry"', 'banana'),
      ('public."Post1"', 'tag'),
      ('public."Post1_underscores"', 'Post1_id'),
      ('public."Post1_underscores"', 'Post_x_id'),
      ('public."PostTag"', 'digit'),
      ('public."PostTag_posts"', 'PostTag_id'),
      ('public."PostTag_posts"', 'Post_id'),
      ('public."PostTag_underscores"', 'PostTag_id'),
      ('public."PostTag_underscores"', 'Post_x_id'),
      ('public."Post_tags"', 'PostTag_id'),
      ('public."Post_tags"', 'Post_id'),
      ('public."Post_x_digits"', 'Post1_id'),
      ('public."Post_x_digits"', 'Post_x_id'),
      ('public."Post_x_tags"', 'PostTag_id'),
      ('public."Post_x_tags"', 'Post_x_id'),
      ('public."Zebra"', 'apple'),
      ('public."Zebra_bananas"', 'Zebra_id'),
      ('public."Zebra_bananas"', 'banana_id'),
      ('public.apple', 'zebra'),
      ('public.banana', 'cherry'),
      ('public.banana_zebras', 'Zebra_id'),
      ('public.banana_zebras', 'banana_id')
  ) AS expected (tab, col)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
  );
  SELECT string_agg(concat_ws('.', tab, nullif(col, '')), ', ') INTO taken
  FROM (
    VALUES
      ('public."Post_tags_PostTag_posts"', ''),
      ('public."Post_x_digits_Post1_underscores"', ''),
      ('public."Post_x_tags_PostTag_underscores"', ''),
      ('public."banana_zebras_Zebra_bananas"', '')
  ) AS given (tab, col)
  WHERE CASE col WHEN '' THEN to_regclass(tab) IS NOT NULL
    ELSE EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped) END;
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
    public."Cherry",
    public."Post",
    public."Post1",
    public."Post1_underscores",
    public."PostTag",
    public."PostTag_posts",
    public."PostTag_underscores",
    public."Post_tags",
    public."Post_x",
    public."Post_x_digits",
    public."Post_x_tags",
    public."Zebra",
    public."Zebra_bananas",
    public.apple,
    public.banana,
    public.banana_zebras
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
        ('public."PostTag"', 'digit', true),
        ('public."Zebra"', 'apple', true),
        ('public."Cherry"', 'banana', true),
        ('public."PostTag_posts"', 'PostTag_id', false),
        ('public."PostTag_posts"', 'Post_id', false),
        ('public."PostTag_underscores"', 'PostTag_id', false),
        ('public."PostTag_underscores"', 'Post_x_id', false),
        ('public."Post1_underscores"', 'Post1_id', false),
        ('public."Post1_underscores"', 'Post_x_id', false),
        ('public."Zebra_bananas"', 'Zebra_id', false),
        ('public."Zebra_bananas"', 'banana_id', false)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT id AS left_id, tag AS right_id FROM public."Post1" WHERE tag IS NOT NULL) AS kept
      FULL JOIN (SELECT digit AS left_id, id AS right_id FROM public."PostTag" WHERE digit IS NOT NULL) AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT id AS left_id, zebra AS right_id FROM public.apple WHERE zebra IS NOT NULL) AS kept
      FULL JOIN (SELECT apple AS left_id, id AS right_id FROM public."Zebra" WHERE apple IS NOT NULL) AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT id AS left_id, cherry AS right_id FROM public.banana WHERE cherry IS NOT NULL) AS kept
      FULL JOIN (SELECT banana AS left_id, id AS right_id FROM public."Cherry" WHERE banana IS NOT NULL) AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT "Post_id" AS left_id, "PostTag_id" AS right_id FROM public."Post_tags") AS kept
      FULL JOIN (SELECT "Post_id" AS left_id, "PostTag_id" AS right_id FROM public."PostTag_posts") AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT "Post_x_id" AS left_id, "PostTag_id" AS right_id FROM public."Post_x_tags") AS kept
      FULL JOIN (SELECT "Post_x_id" AS left_id, "PostTag_id" AS right_id FROM public."PostTag_underscores") AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT "Post_x_id" AS left_id, "Post1_id" AS right_id FROM public."Post_x_digits") AS kept
      FULL JOIN (SELECT "Post_x_id" AS left_id, "Post1_id" AS right_id FROM public."Post1_underscores") AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT banana_id AS left_id, "Zebra_id" AS right_id FROM public.banana_zebras) AS kept
      FULL JOIN (SELECT banana_id AS left_id, "Zebra_id" AS right_id FROM public."Zebra_bananas") AS dropped USING (left_id, right_id)
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
    SELECT renamed.*, actual.name, actual.index,
      row_number() OVER (
        PARTITION BY tab, col, kind
        ORDER BY actual.name = new DESC, actual.name = old DESC, actual.name
      ) AS position
    FROM renamed
      JOIN pg_attribute ON attrelid = tab::regclass AND attname = col
      LEFT JOIN LATERAL (
        SELECT conname, NULL::regclass
        FROM pg_constraint
        WHERE conrelid = attrelid AND conkey = ARRAY[attnum]
          AND contype = CASE kind WHEN 'foreign key' THEN 'f' WHEN 'not null' THEN 'n' END::"char"
        UNION ALL
        SELECT relname, indexrelid::regclass
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE kind = 'index' AND indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
          AND NOT indisunique AND indpred IS NULL
      ) AS actual (name, index) ON true
    -- One's new name may be another's old one, and is then longer than its own old one.
    ORDER BY length(actual.name) DESC, tab, col, kind
  LOOP
    IF item.name IS NULL THEN
      IF item.kind <> 'not null' THEN
        RAISE NOTICE '%.% has no %', item.tab, item.col, item.kind;
      END IF;
    ELSIF item.position > 1 THEN
      RAISE NOTICE '%.% has one more %, which keeps its name %', item.tab, item.col, item.kind, item.name;
    ELSIF item.name <> item.new THEN
      BEGIN
        IF item.kind = 'index' THEN
          EXECUTE format('ALTER INDEX %s RENAME TO %I', item.index, item.new);
        ELSE
          EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', item.tab, item.name, item.new);
        END IF;
      EXCEPTION WHEN duplicate_table OR duplicate_object THEN
        RAISE NOTICE '% keeps its name, because % is taken', item.name, item.new;
      END;
    END IF;
  END LOOP;
END
$$;

COMMIT;
