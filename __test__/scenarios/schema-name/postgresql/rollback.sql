-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema (Arcade)
-- Adapter knex, PostgreSQL schema App. Order of left and right: locale *.
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
    '"App"."Image"',
    '"App"."Post"',
    '"App"."Post_reviewers_many"',
    '"App"."Post_tags_Tag_posts"',
    '"App"."Tag"',
    '"App"."User"',
    '"App"."User_friends_many"'
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
        ('stays', '"App"."Tag"', 'id'),
        ('stays', '"App"."Post"', 'id'),
        ('stays', '"App"."User"', 'id'),
        ('stays', '"App"."Post"', 'author'),
        ('stays', '"App"."Image"', 'post'),
        ('goes', '"App"."User_friends_many"', 'User_left_id'),
        ('goes', '"App"."User_friends_many"', 'User_right_id'),
        ('goes', '"App"."Post_tags_Tag_posts"', 'Post_left_id'),
        ('goes', '"App"."Post_tags_Tag_posts"', 'Tag_right_id'),
        ('goes', '"App"."Post_reviewers_many"', 'Post_left_id'),
        ('goes', '"App"."Post_reviewers_many"', 'User_right_id'),
        ('comes', '"App"."Post_tags"', ''),
        ('comes', '"App"."Post_reviewers"', ''),
        ('comes', '"App"."Tag_posts"', ''),
        ('comes', '"App"."User_posts"', ''),
        ('comes', '"App"."Post"', 'cover'),
        ('ends', '"App"."Post_tags"', 'Post_id'),
        ('ends', '"App"."Post_tags"', 'Tag_id'),
        ('ends', '"App"."Post_reviewers"', 'Post_id'),
        ('ends', '"App"."Post_reviewers"', 'User_id'),
        ('ends', '"App"."Tag_posts"', 'Tag_id'),
        ('ends', '"App"."Tag_posts"', 'Post_id'),
        ('ends', '"App"."User_posts"', 'User_id'),
        ('ends', '"App"."User_posts"', 'Post_id')
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
      HINT = 'Is this the right database, and App the right schema (the schemaName of the adapter)? Has another migration been run in part? Nothing has been changed.';
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
        ('"App"."User_friends_many"', 'User_left_id', false, false, true),
        ('"App"."User_friends_many"', 'User_right_id', false, false, true)
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

-- Check User.friends -> User: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM "App"."User_friends_many";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('User.friends -> User: User_friends_many holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM "App"."User_friends_many"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- User.friends -> User (one-sided: many to many)
DROP TABLE "App"."User_friends_many";

-- Post.tags -> Tag.posts (two-sided: many to many)
ALTER TABLE "App"."Post_tags_Tag_posts" RENAME TO "Post_tags";
ALTER TABLE "App"."Post_tags" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE "App"."Post_tags" RENAME COLUMN "Tag_right_id" TO "Tag_id";

-- Post.reviewers -> User (one-sided: many to many)
ALTER TABLE "App"."Post_reviewers_many" RENAME TO "Post_reviewers";
ALTER TABLE "App"."Post_reviewers" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE "App"."Post_reviewers" RENAME COLUMN "User_right_id" TO "User_id";

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
        ('"App"."Post_tags"', 'Post_id', 'foreign key', 'post_tags_tag_posts_post_left_id_foreign', 'post_tags_post_id_foreign'),
        ('"App"."Post_tags"', 'Post_id', 'index', 'post_tags_tag_posts_post_left_id_index', 'post_tags_post_id_index'),
        ('"App"."Post_tags"', 'Post_id', 'not null', 'Post_tags_Tag_posts_Post_left_id_not_null', 'Post_tags_Post_id_not_null'),
        ('"App"."Post_tags"', 'Tag_id', 'foreign key', 'post_tags_tag_posts_tag_right_id_foreign', 'post_tags_tag_id_foreign'),
        ('"App"."Post_tags"', 'Tag_id', 'index', 'post_tags_tag_posts_tag_right_id_index', 'post_tags_tag_id_index'),
        ('"App"."Post_tags"', 'Tag_id', 'not null', 'Post_tags_Tag_posts_Tag_right_id_not_null', 'Post_tags_Tag_id_not_null'),
        ('"App"."Post_reviewers"', 'Post_id', 'foreign key', 'post_reviewers_many_post_left_id_foreign', 'post_reviewers_post_id_foreign'),
        ('"App"."Post_reviewers"', 'Post_id', 'index', 'post_reviewers_many_post_left_id_index', 'post_reviewers_post_id_index'),
        ('"App"."Post_reviewers"', 'Post_id', 'not null', 'Post_reviewers_many_Post_left_id_not_null', 'Post_reviewers_Post_id_not_null'),
        ('"App"."Post_reviewers"', 'User_id', 'foreign key', 'post_reviewers_many_user_right_id_foreign', 'post_reviewers_user_id_foreign'),
        ('"App"."Post_reviewers"', 'User_id', 'index', 'post_reviewers_many_user_right_id_index', 'post_reviewers_user_id_index'),
        ('"App"."Post_reviewers"', 'User_id', 'not null', 'Post_reviewers_many_User_right_id_not_null', 'Post_reviewers_User_id_not_null')
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
        WHEN 'index' THEN format('ALTER INDEX %s.%%I RENAME TO %%I', '"App"')
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

-- Post.tags -> Tag.posts (two-sided: many to many)
CREATE TABLE "App"."Tag_posts" (
  "Tag_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO "App"."Tag_posts" ("Tag_id", "Post_id") SELECT link."Tag_id" AS near, link."Post_id" AS far FROM "App"."Post_tags" AS link;
CREATE INDEX tag_posts_tag_id_index ON "App"."Tag_posts" ("Tag_id");
CREATE INDEX tag_posts_post_id_index ON "App"."Tag_posts" ("Post_id");
ALTER TABLE "App"."Tag_posts" ADD CONSTRAINT tag_posts_tag_id_foreign FOREIGN KEY ("Tag_id") REFERENCES "App"."Tag" (id) ON DELETE CASCADE;
ALTER TABLE "App"."Tag_posts" ADD CONSTRAINT tag_posts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES "App"."Post" (id) ON DELETE CASCADE;

-- Post.author -> User.posts (two-sided: one to many)
CREATE TABLE "App"."User_posts" (
  "User_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO "App"."User_posts" ("User_id", "Post_id") SELECT link.author AS near, link.id AS far FROM "App"."Post" AS link WHERE link.author IS NOT NULL;
CREATE INDEX user_posts_user_id_index ON "App"."User_posts" ("User_id");
CREATE INDEX user_posts_post_id_index ON "App"."User_posts" ("Post_id");
ALTER TABLE "App"."User_posts" ADD CONSTRAINT user_posts_user_id_foreign FOREIGN KEY ("User_id") REFERENCES "App"."User" (id) ON DELETE CASCADE;
ALTER TABLE "App"."User_posts" ADD CONSTRAINT user_posts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES "App"."Post" (id) ON DELETE CASCADE;

-- Image.post -> Post.cover (two-sided: one to one)
ALTER TABLE "App"."Post" ADD COLUMN cover integer;
UPDATE "App"."Post" AS item SET cover = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.post AS holder, link.id AS target FROM "App"."Image" AS link WHERE link.post IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX post_cover_index ON "App"."Post" (cover);
ALTER TABLE "App"."Post" ADD CONSTRAINT post_cover_foreign FOREIGN KEY (cover) REFERENCES "App"."Image" (id);

COMMIT;
