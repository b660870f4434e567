-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter knex, PostgreSQL schema App. Order of left and right: locale *.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column, prefer-bigint-over-int

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
      ('"App"."Image"', 'post'),
      ('"App"."Post"', 'author'),
      ('"App"."Post"', 'cover'),
      ('"App"."Post_reviewers"', 'Post_id'),
      ('"App"."Post_reviewers"', 'User_id'),
      ('"App"."Post_tags"', 'Post_id'),
      ('"App"."Post_tags"', 'Tag_id'),
      ('"App"."Tag_posts"', 'Post_id'),
      ('"App"."Tag_posts"', 'Tag_id'),
      ('"App"."User"', 'id'),
      ('"App"."User_posts"', 'Post_id'),
      ('"App"."User_posts"', 'User_id')
  ) AS expected (tab, col)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
  );
  SELECT string_agg(concat_ws('.', tab, nullif(col, '')), ', ') INTO taken
  FROM (
    VALUES
      ('"App"."Post_reviewers_many"', ''),
      ('"App"."Post_tags_Tag_posts"', ''),
      ('"App"."User_friends_many"', '')
  ) AS given (tab, col)
  WHERE CASE col WHEN '' THEN to_regclass(tab) IS NOT NULL
    ELSE EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped) END;
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = 'Not in the database: ' || missing,
      HINT = CASE WHEN taken IS NULL THEN 'Is this the right database, and App the right schema (the schemaName of the adapter)? Has another migration been run in part? Nothing has been changed.' ELSE 'The database seems to be in the new schema already: there is nothing left to do. Is this the right database, and App the right schema (the schemaName of the adapter)? Has another migration been run in part? Nothing has been changed.' END;
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
    "App"."Image",
    "App"."Post",
    "App"."Post_reviewers",
    "App"."Post_tags",
    "App"."Tag",
    "App"."Tag_posts",
    "App"."User",
    "App"."User_posts"
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
        ('"App"."Post"', 'cover', true),
        ('"App"."User_posts"', 'User_id', false),
        ('"App"."User_posts"', 'Post_id', false),
        ('"App"."Tag_posts"', 'Tag_id', false),
        ('"App"."Tag_posts"', 'Post_id', false)
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

-- Check Image.post -> Post.cover: both stored sides hold the same links
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
      FROM (SELECT id AS left_id, post AS right_id FROM "App"."Image" WHERE post IS NOT NULL) AS kept
      FULL JOIN (SELECT cover AS left_id, id AS right_id FROM "App"."Post" WHERE cover IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Image.post -> Post.cover: the two stored sides disagree, and Post.cover would be dropped. Links that only Image.post has: %s; that only Post.cover has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Post.author -> User.posts: both stored sides hold the same links
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
      FROM (SELECT id AS left_id, author AS right_id FROM "App"."Post" WHERE author IS NOT NULL) AS kept
      FULL JOIN (SELECT "Post_id" AS left_id, "User_id" AS right_id FROM "App"."User_posts") AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post.author -> User.posts: the two stored sides disagree, and User_posts would be dropped. Links that only Post.author has: %s; that only User_posts has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Post.tags -> Tag.posts: both stored sides hold the same links
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
      FROM (SELECT "Post_id" AS left_id, "Tag_id" AS right_id FROM "App"."Post_tags") AS kept
      FULL JOIN (SELECT "Post_id" AS left_id, "Tag_id" AS right_id FROM "App"."Tag_posts") AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post.tags -> Tag.posts: the two stored sides disagree, and Tag_posts would be dropped. Links that only Post_tags has: %s; that only Tag_posts has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Image.post -> Post.cover (two-sided: one to one)
ALTER TABLE "App"."Post" DROP COLUMN cover;

-- Post.author -> User.posts (two-sided: one to many)
DROP TABLE "App"."User_posts";

-- Post.tags -> Tag.posts (two-sided: many to many)
DROP TABLE "App"."Tag_posts";

-- Post.reviewers -> User (one-sided: many to many)
ALTER TABLE "App"."Post_reviewers" RENAME TO "Post_reviewers_many";
ALTER TABLE "App"."Post_reviewers_many" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE "App"."Post_reviewers_many" RENAME COLUMN "User_id" TO "User_right_id";

-- Post.tags -> Tag.posts (two-sided: many to many)
ALTER TABLE "App"."Post_tags" RENAME TO "Post_tags_Tag_posts";
ALTER TABLE "App"."Post_tags_Tag_posts" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE "App"."Post_tags_Tag_posts" RENAME COLUMN "Tag_id" TO "Tag_right_id";

-- User.friends -> User (one-sided: many to many)
CREATE TABLE "App"."User_friends_many" (
  "User_left_id" integer NOT NULL,
  "User_right_id" integer NOT NULL
);
CREATE INDEX user_friends_many_user_left_id_index ON "App"."User_friends_many" ("User_left_id");
CREATE INDEX user_friends_many_user_right_id_index ON "App"."User_friends_many" ("User_right_id");
ALTER TABLE "App"."User_friends_many" ADD CONSTRAINT user_friends_many_user_left_id_foreign FOREIGN KEY ("User_left_id") REFERENCES "App"."User" (id) ON DELETE CASCADE;
ALTER TABLE "App"."User_friends_many" ADD CONSTRAINT user_friends_many_user_right_id_foreign FOREIGN KEY ("User_right_id") REFERENCES "App"."User" (id) ON DELETE CASCADE;

-- Foreign keys, indexes and NOT NULL constraints follow the new names
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    WITH renamed (tab, col, kind, old, new) AS (
      VALUES
        ('"App"."Post_reviewers_many"', 'Post_left_id', 'foreign key', 'post_reviewers_post_id_foreign', 'post_reviewers_many_post_left_id_foreign'),
        ('"App"."Post_reviewers_many"', 'Post_left_id', 'index', 'post_reviewers_post_id_index', 'post_reviewers_many_post_left_id_index'),
        ('"App"."Post_reviewers_many"', 'Post_left_id', 'not null', 'Post_reviewers_Post_id_not_null', 'Post_reviewers_many_Post_left_id_not_null'),
        ('"App"."Post_reviewers_many"', 'User_right_id', 'foreign key', 'post_reviewers_user_id_foreign', 'post_reviewers_many_user_right_id_foreign'),
        ('"App"."Post_reviewers_many"', 'User_right_id', 'index', 'post_reviewers_user_id_index', 'post_reviewers_many_user_right_id_index'),
        ('"App"."Post_reviewers_many"', 'User_right_id', 'not null', 'Post_reviewers_User_id_not_null', 'Post_reviewers_many_User_right_id_not_null'),
        ('"App"."Post_tags_Tag_posts"', 'Post_left_id', 'foreign key', 'post_tags_post_id_foreign', 'post_tags_tag_posts_post_left_id_foreign'),
        ('"App"."Post_tags_Tag_posts"', 'Post_left_id', 'index', 'post_tags_post_id_index', 'post_tags_tag_posts_post_left_id_index'),
        ('"App"."Post_tags_Tag_posts"', 'Post_left_id', 'not null', 'Post_tags_Post_id_not_null', 'Post_tags_Tag_posts_Post_left_id_not_null'),
        ('"App"."Post_tags_Tag_posts"', 'Tag_right_id', 'foreign key', 'post_tags_tag_id_foreign', 'post_tags_tag_posts_tag_right_id_foreign'),
        ('"App"."Post_tags_Tag_posts"', 'Tag_right_id', 'index', 'post_tags_tag_id_index', 'post_tags_tag_posts_tag_right_id_index'),
        ('"App"."Post_tags_Tag_posts"', 'Tag_right_id', 'not null', 'Post_tags_Tag_id_not_null', 'Post_tags_Tag_posts_Tag_right_id_not_null')
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
