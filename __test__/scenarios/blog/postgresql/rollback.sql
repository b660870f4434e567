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
    'public."Category"',
    'public."Category_posts_Post_categories"',
    'public."Comment"',
    'public."Comment_likedBy_many"',
    'public."Image"',
    'public."Post"',
    'public."Post_editors_User_editedPosts"',
    'public."Post_gallery_many"',
    'public."Post_related_many"',
    'public."Post_tags_Tag_posts"',
    'public."Profile"',
    'public."Tag"',
    'public."User"',
    'public."User_bookmarks_many"',
    'public."User_followers_User_following"'
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
        ('stays', 'public."Post"', 'id'),
        ('stays', 'public."Comment"', 'id'),
        ('stays', 'public."Comment"', 'post'),
        ('stays', 'public."Tag"', 'id'),
        ('stays', 'public."Category"', 'id'),
        ('stays', 'public."User"', 'id'),
        ('stays', 'public."Comment"', 'author'),
        ('stays', 'public."Post"', 'author'),
        ('stays', 'public."Post"', 'next'),
        ('stays', 'public."Image"', 'coverOf'),
        ('stays', 'public."Profile"', 'user'),
        ('goes', 'public."Post_related_many"', 'Post_left_id'),
        ('goes', 'public."Post_related_many"', 'Post_right_id'),
        ('goes', 'public."User_followers_User_following"', 'User_left_id'),
        ('goes', 'public."User_followers_User_following"', 'User_right_id'),
        ('goes', 'public."Post_tags_Tag_posts"', 'Post_left_id'),
        ('goes', 'public."Post_tags_Tag_posts"', 'Tag_right_id'),
        ('goes', 'public."Post_gallery_many"', 'Post_left_id'),
        ('goes', 'public."Post_gallery_many"', 'Image_right_id'),
        ('goes', 'public."Post_editors_User_editedPosts"', 'Post_left_id'),
        ('goes', 'public."Post_editors_User_editedPosts"', 'User_right_id'),
        ('goes', 'public."Category_posts_Post_categories"', 'Category_left_id'),
        ('goes', 'public."Category_posts_Post_categories"', 'Post_right_id'),
        ('goes', 'public."User_bookmarks_many"', 'User_left_id'),
        ('goes', 'public."User_bookmarks_many"', 'Post_right_id'),
        ('goes', 'public."Comment_likedBy_many"', 'Comment_left_id'),
        ('goes', 'public."Comment_likedBy_many"', 'User_right_id'),
        ('comes', 'public."Post_tags"', ''),
        ('comes', 'public."Post_gallery"', ''),
        ('comes', 'public."Post_editors"', ''),
        ('comes', 'public."Category_posts"', ''),
        ('comes', 'public."User_bookmarks"', ''),
        ('comes', 'public."Comment_likedBy"', ''),
        ('comes', 'public."Post_comments"', ''),
        ('comes', 'public."Tag_posts"', ''),
        ('comes', 'public."Post_categories"', ''),
        ('comes', 'public."User_comments"', ''),
        ('comes', 'public."User_editedPosts"', ''),
        ('comes', 'public."User_posts"', ''),
        ('comes', 'public."Post"', 'previous'),
        ('comes', 'public."Post"', 'cover'),
        ('comes', 'public."User"', 'profile'),
        ('ends', 'public."Post_tags"', 'Post_id'),
        ('ends', 'public."Post_tags"', 'Tag_id'),
        ('ends', 'public."Post_gallery"', 'Post_id'),
        ('ends', 'public."Post_gallery"', 'Image_id'),
        ('ends', 'public."Post_editors"', 'Post_id'),
        ('ends', 'public."Post_editors"', 'User_id'),
        ('ends', 'public."Category_posts"', 'Category_id'),
        ('ends', 'public."Category_posts"', 'Post_id'),
        ('ends', 'public."User_bookmarks"', 'User_id'),
        ('ends', 'public."User_bookmarks"', 'Post_id'),
        ('ends', 'public."Comment_likedBy"', 'Comment_id'),
        ('ends', 'public."Comment_likedBy"', 'User_id'),
        ('ends', 'public."Post_comments"', 'Post_id'),
        ('ends', 'public."Post_comments"', 'Comment_id'),
        ('ends', 'public."Tag_posts"', 'Tag_id'),
        ('ends', 'public."Tag_posts"', 'Post_id'),
        ('ends', 'public."Post_categories"', 'Post_id'),
        ('ends', 'public."Post_categories"', 'Category_id'),
        ('ends', 'public."User_comments"', 'User_id'),
        ('ends', 'public."User_comments"', 'Comment_id'),
        ('ends', 'public."User_editedPosts"', 'User_id'),
        ('ends', 'public."User_editedPosts"', 'Post_id'),
        ('ends', 'public."User_posts"', 'User_id'),
        ('ends', 'public."User_posts"', 'Post_id')
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
        ('public."Post_related_many"', 'Post_left_id', false, false, true),
        ('public."Post_related_many"', 'Post_right_id', false, false, true),
        ('public."User_followers_User_following"', 'User_left_id', false, false, true),
        ('public."User_followers_User_following"', 'User_right_id', false, false, true)
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

-- Check Post.related -> Post: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public."Post_related_many";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Post.related -> Post: Post_related_many holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public."Post_related_many"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- Check User.followers -> User.following: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public."User_followers_User_following";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('User.followers -> User.following: User_followers_User_following holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public."User_followers_User_following"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- Post.related -> Post (one-sided: many to many)
DROP TABLE public."Post_related_many";

-- User.followers -> User.following (two-sided: many to many)
DROP TABLE public."User_followers_User_following";

-- Post.tags -> Tag.posts (two-sided: many to many)
ALTER TABLE public."Post_tags_Tag_posts" RENAME TO "Post_tags";
ALTER TABLE public."Post_tags" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_tags" RENAME COLUMN "Tag_right_id" TO "Tag_id";

-- Post.gallery -> Image (one-sided: many to many)
ALTER TABLE public."Post_gallery_many" RENAME TO "Post_gallery";
ALTER TABLE public."Post_gallery" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_gallery" RENAME COLUMN "Image_right_id" TO "Image_id";

-- Post.editors -> User.editedPosts (two-sided: many to many)
ALTER TABLE public."Post_editors_User_editedPosts" RENAME TO "Post_editors";
ALTER TABLE public."Post_editors" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_editors" RENAME COLUMN "User_right_id" TO "User_id";

-- Category.posts -> Post.categories (two-sided: many to many)
ALTER TABLE public."Category_posts_Post_categories" RENAME TO "Category_posts";
ALTER TABLE public."Category_posts" RENAME COLUMN "Category_left_id" TO "Category_id";
ALTER TABLE public."Category_posts" RENAME COLUMN "Post_right_id" TO "Post_id";

-- User.bookmarks -> Post (one-sided: many to many)
ALTER TABLE public."User_bookmarks_many" RENAME TO "User_bookmarks";
ALTER TABLE public."User_bookmarks" RENAME COLUMN "User_left_id" TO "User_id";
ALTER TABLE public."User_bookmarks" RENAME COLUMN "Post_right_id" TO "Post_id";

-- Comment.likedBy -> User (one-sided: many to many)
ALTER TABLE public."Comment_likedBy_many" RENAME TO "Comment_likedBy";
ALTER TABLE public."Comment_likedBy" RENAME COLUMN "Comment_left_id" TO "Comment_id";
ALTER TABLE public."Comment_likedBy" RENAME COLUMN "User_right_id" TO "User_id";

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
        ('public."Post_tags"', 'Post_id', 'foreign key', 'post_tags_tag_posts_post_left_id_foreign', 'post_tags_post_id_foreign'),
        ('public."Post_tags"', 'Post_id', 'index', 'post_tags_tag_posts_post_left_id_index', 'post_tags_post_id_index'),
        ('public."Post_tags"', 'Post_id', 'not null', 'Post_tags_Tag_posts_Post_left_id_not_null', 'Post_tags_Post_id_not_null'),
        ('public."Post_tags"', 'Tag_id', 'foreign key', 'post_tags_tag_posts_tag_right_id_foreign', 'post_tags_tag_id_foreign'),
        ('public."Post_tags"', 'Tag_id', 'index', 'post_tags_tag_posts_tag_right_id_index', 'post_tags_tag_id_index'),
        ('public."Post_tags"', 'Tag_id', 'not null', 'Post_tags_Tag_posts_Tag_right_id_not_null', 'Post_tags_Tag_id_not_null'),
        ('public."Post_gallery"', 'Post_id', 'foreign key', 'post_gallery_many_post_left_id_foreign', 'post_gallery_post_id_foreign'),
        ('public."Post_gallery"', 'Post_id', 'index', 'post_gallery_many_post_left_id_index', 'post_gallery_post_id_index'),
        ('public."Post_gallery"', 'Post_id', 'not null', 'Post_gallery_many_Post_left_id_not_null', 'Post_gallery_Post_id_not_null'),
        ('public."Post_gallery"', 'Image_id', 'foreign key', 'post_gallery_many_image_right_id_foreign', 'post_gallery_image_id_foreign'),
        ('public."Post_gallery"', 'Image_id', 'index', 'post_gallery_many_image_right_id_index', 'post_gallery_image_id_index'),
        ('public."Post_gallery"', 'Image_id', 'not null', 'Post_gallery_many_Image_right_id_not_null', 'Post_gallery_Image_id_not_null'),
        ('public."Post_editors"', 'Post_id', 'foreign key', 'post_editors_user_editedposts_post_left_id_foreign', 'post_editors_post_id_foreign'),
        ('public."Post_editors"', 'Post_id', 'index', 'post_editors_user_editedposts_post_left_id_index', 'post_editors_post_id_index'),
        ('public."Post_editors"', 'Post_id', 'not null', 'Post_editors_User_editedPosts_Post_left_id_not_null', 'Post_editors_Post_id_not_null'),
        ('public."Post_editors"', 'User_id', 'foreign key', 'post_editors_user_editedposts_user_right_id_foreign', 'post_editors_user_id_foreign'),
        ('public."Post_editors"', 'User_id', 'index', 'post_editors_user_editedposts_user_right_id_index', 'post_editors_user_id_index'),
        ('public."Post_editors"', 'User_id', 'not null', 'Post_editors_User_editedPosts_User_right_id_not_null', 'Post_editors_User_id_not_null'),
        ('public."Category_posts"', 'Category_id', 'foreign key', 'category_posts_post_categories_category_left_id_foreign', 'category_posts_category_id_foreign'),
        ('public."Category_posts"', 'Category_id', 'index', 'category_posts_post_categories_category_left_id_index', 'category_posts_category_id_index'),
        ('public."Category_posts"', 'Category_id', 'not null', 'Category_posts_Post_categories_Category_left_id_not_null', 'Category_posts_Category_id_not_null'),
        ('public."Category_posts"', 'Post_id', 'foreign key', 'category_posts_post_categories_post_right_id_foreign', 'category_posts_post_id_foreign'),
        ('public."Category_posts"', 'Post_id', 'index', 'category_posts_post_categories_post_right_id_index', 'category_posts_post_id_index'),
        ('public."Category_posts"', 'Post_id', 'not null', 'Category_posts_Post_categories_Post_right_id_not_null', 'Category_posts_Post_id_not_null'),
        ('public."User_bookmarks"', 'User_id', 'foreign key', 'user_bookmarks_many_user_left_id_foreign', 'user_bookmarks_user_id_foreign'),
        ('public."User_bookmarks"', 'User_id', 'index', 'user_bookmarks_many_user_left_id_index', 'user_bookmarks_user_id_index'),
        ('public."User_bookmarks"', 'User_id', 'not null', 'User_bookmarks_many_User_left_id_not_null', 'User_bookmarks_User_id_not_null'),
        ('public."User_bookmarks"', 'Post_id', 'foreign key', 'user_bookmarks_many_post_right_id_foreign', 'user_bookmarks_post_id_foreign'),
        ('public."User_bookmarks"', 'Post_id', 'index', 'user_bookmarks_many_post_right_id_index', 'user_bookmarks_post_id_index'),
        ('public."User_bookmarks"', 'Post_id', 'not null', 'User_bookmarks_many_Post_right_id_not_null', 'User_bookmarks_Post_id_not_null'),
        ('public."Comment_likedBy"', 'Comment_id', 'foreign key', 'comment_likedby_many_comment_left_id_foreign', 'comment_likedby_comment_id_foreign'),
        ('public."Comment_likedBy"', 'Comment_id', 'index', 'comment_likedby_many_comment_left_id_index', 'comment_likedby_comment_id_index'),
        ('public."Comment_likedBy"', 'Comment_id', 'not null', 'Comment_likedBy_many_Comment_left_id_not_null', 'Comment_likedBy_Comment_id_not_null'),
        ('public."Comment_likedBy"', 'User_id', 'foreign key', 'comment_likedby_many_user_right_id_foreign', 'comment_likedby_user_id_foreign'),
        ('public."Comment_likedBy"', 'User_id', 'index', 'comment_likedby_many_user_right_id_index', 'comment_likedby_user_id_index'),
        ('public."Comment_likedBy"', 'User_id', 'not null', 'Comment_likedBy_many_User_right_id_not_null', 'Comment_likedBy_User_id_not_null')
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

-- Comment.post -> Post.comments (two-sided: one to many)
CREATE TABLE public."Post_comments" (
  "Post_id" integer NOT NULL,
  "Comment_id" integer NOT NULL
);
INSERT INTO public."Post_comments" ("Post_id", "Comment_id") SELECT link.post AS near, link.id AS far FROM public."Comment" AS link WHERE link.post IS NOT NULL;
CREATE INDEX post_comments_post_id_index ON public."Post_comments" ("Post_id");
CREATE INDEX post_comments_comment_id_index ON public."Post_comments" ("Comment_id");
ALTER TABLE public."Post_comments" ADD CONSTRAINT post_comments_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;
ALTER TABLE public."Post_comments" ADD CONSTRAINT post_comments_comment_id_foreign FOREIGN KEY ("Comment_id") REFERENCES public."Comment" (id) ON DELETE CASCADE;

-- Post.tags -> Tag.posts (two-sided: many to many)
CREATE TABLE public."Tag_posts" (
  "Tag_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO public."Tag_posts" ("Tag_id", "Post_id") SELECT link."Tag_id" AS near, link."Post_id" AS far FROM public."Post_tags" AS link;
CREATE INDEX tag_posts_tag_id_index ON public."Tag_posts" ("Tag_id");
CREATE INDEX tag_posts_post_id_index ON public."Tag_posts" ("Post_id");
ALTER TABLE public."Tag_posts" ADD CONSTRAINT tag_posts_tag_id_foreign FOREIGN KEY ("Tag_id") REFERENCES public."Tag" (id) ON DELETE CASCADE;
ALTER TABLE public."Tag_posts" ADD CONSTRAINT tag_posts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;

-- Category.posts -> Post.categories (two-sided: many to many)
CREATE TABLE public."Post_categories" (
  "Post_id" integer NOT NULL,
  "Category_id" integer NOT NULL
);
INSERT INTO public."Post_categories" ("Post_id", "Category_id") SELECT link."Post_id" AS near, link."Category_id" AS far FROM public."Category_posts" AS link;
CREATE INDEX post_categories_post_id_index ON public."Post_categories" ("Post_id");
CREATE INDEX post_categories_category_id_index ON public."Post_categories" ("Category_id");
ALTER TABLE public."Post_categories" ADD CONSTRAINT post_categories_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;
ALTER TABLE public."Post_categories" ADD CONSTRAINT post_categories_category_id_foreign FOREIGN KEY ("Category_id") REFERENCES public."Category" (id) ON DELETE CASCADE;

-- Comment.author -> User.comments (two-sided: one to many)
CREATE TABLE public."User_comments" (
  "User_id" integer NOT NULL,
  "Comment_id" integer NOT NULL
);
INSERT INTO public."User_comments" ("User_id", "Comment_id") SELECT link.author AS near, link.id AS far FROM public."Comment" AS link WHERE link.author IS NOT NULL;
CREATE INDEX user_comments_user_id_index ON public."User_comments" ("User_id");
CREATE INDEX user_comments_comment_id_index ON public."User_comments" ("Comment_id");
ALTER TABLE public."User_comments" ADD CONSTRAINT user_comments_user_id_foreign FOREIGN KEY ("User_id") REFERENCES public."User" (id) ON DELETE CASCADE;
ALTER TABLE public."User_comments" ADD CONSTRAINT user_comments_comment_id_foreign FOREIGN KEY ("Comment_id") REFERENCES public."Comment" (id) ON DELETE CASCADE;

-- Post.editors -> User.editedPosts (two-sided: many to many)
CREATE TABLE public."User_editedPosts" (
  "User_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO public."User_editedPosts" ("User_id", "Post_id") SELECT link."User_id" AS near, link."Post_id" AS far FROM public."Post_editors" AS link;
CREATE INDEX user_editedposts_user_id_index ON public."User_editedPosts" ("User_id");
CREATE INDEX user_editedposts_post_id_index ON public."User_editedPosts" ("Post_id");
ALTER TABLE public."User_editedPosts" ADD CONSTRAINT user_editedposts_user_id_foreign FOREIGN KEY ("User_id") REFERENCES public."User" (id) ON DELETE CASCADE;
ALTER TABLE public."User_editedPosts" ADD CONSTRAINT user_editedposts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;

-- Post.author -> User.posts (two-sided: one to many)
CREATE TABLE public."User_posts" (
  "User_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO public."User_posts" ("User_id", "Post_id") SELECT link.author AS near, link.id AS far FROM public."Post" AS link WHERE link.author IS NOT NULL;
CREATE INDEX user_posts_user_id_index ON public."User_posts" ("User_id");
CREATE INDEX user_posts_post_id_index ON public."User_posts" ("Post_id");
ALTER TABLE public."User_posts" ADD CONSTRAINT user_posts_user_id_foreign FOREIGN KEY ("User_id") REFERENCES public."User" (id) ON DELETE CASCADE;
ALTER TABLE public."User_posts" ADD CONSTRAINT user_posts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;

-- Post.next -> Post.previous (two-sided: one to one)
ALTER TABLE public."Post" ADD COLUMN previous integer;
UPDATE public."Post" AS item SET previous = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.next AS holder, link.id AS target FROM public."Post" AS link WHERE link.next IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX post_previous_index ON public."Post" (previous);
ALTER TABLE public."Post" ADD CONSTRAINT post_previous_foreign FOREIGN KEY (previous) REFERENCES public."Post" (id);

-- Image.coverOf -> Post.cover (two-sided: one to one)
ALTER TABLE public."Post" ADD COLUMN cover integer;
UPDATE public."Post" AS item SET cover = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link."coverOf" AS holder, link.id AS target FROM public."Image" AS link WHERE link."coverOf" IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX post_cover_index ON public."Post" (cover);
ALTER TABLE public."Post" ADD CONSTRAINT post_cover_foreign FOREIGN KEY (cover) REFERENCES public."Image" (id);

-- Profile.user -> User.profile (two-sided: one to one)
ALTER TABLE public."User" ADD COLUMN profile integer;
UPDATE public."User" AS item SET profile = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link."user" AS holder, link.id AS target FROM public."Profile" AS link WHERE link."user" IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX user_profile_index ON public."User" (profile);
ALTER TABLE public."User" ADD CONSTRAINT user_profile_foreign FOREIGN KEY (profile) REFERENCES public."Profile" (id);

COMMIT;
