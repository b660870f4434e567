-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- Its settings end with it: how long it waits for locks, no limit of time for a statement, up to
-- 64 MB of memory for each sort, and an error where row-level security would hide rows.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column, prefer-bigint-over-int

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
    'public."Post"',
    'public."Post_a_many"',
    'public."Post_a_many_many"',
    'public."Post_left"',
    'public."Post_sides_Post_left_posts"',
    'public."Tag_right_tags_many"'
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
        ('stays', 'public."Post_left"', 'id'),
        ('stays', 'public."Post"', 'id'),
        ('goes', 'public."Post_a_many"', 'Tag_right_id'),
        ('goes', 'public."Post_sides_Post_left_posts"', 'Post_left_id'),
        ('goes', 'public."Post_sides_Post_left_posts"', 'Post_left_right_id'),
        ('goes', 'public."Post_a_many_many"', 'Post_left_id'),
        ('goes', 'public."Post_a_many_many"', 'Post_left_right_id'),
        ('goes', 'public."Tag_right_tags_many"', 'Tag_right_left_id'),
        ('goes', 'public."Tag_right_tags_many"', 'Tag_right_id'),
        ('moves', 'public."Post_a_many"', 'Post_left_id'),
        ('comes', 'public."Post_a"', ''),
        ('comes', 'public."Post_sides"', ''),
        ('comes', 'public."Tag_right_tags"', ''),
        ('comes', 'public."Post_left_posts"', ''),
        ('ends', 'public."Post_a"', 'Post_id'),
        ('ends', 'public."Post_a"', 'Tag_id'),
        ('ends', 'public."Post_sides"', 'Post_id'),
        ('ends', 'public."Post_sides"', 'Post_left_id'),
        ('ends', 'public."Post_a_many"', 'Post_id'),
        ('ends', 'public."Post_a_many"', 'Post_left_id'),
        ('ends', 'public."Tag_right_tags"', 'Tag_right_id'),
        ('ends', 'public."Tag_right_tags"', 'Tag_id'),
        ('ends', 'public."Post_left_posts"', 'Post_left_id'),
        ('ends', 'public."Post_left_posts"', 'Post_id')
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

-- Post.a -> Tag (one-sided: many to many)
ALTER TABLE public."Post_a_many" RENAME TO "Post_a";
ALTER TABLE public."Post_a" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_a" RENAME COLUMN "Tag_right_id" TO "Tag_id";

-- Post.sides -> Post_left.posts (two-sided: many to many)
ALTER TABLE public."Post_sides_Post_left_posts" RENAME TO "Post_sides";
ALTER TABLE public."Post_sides" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_sides" RENAME COLUMN "Post_left_right_id" TO "Post_left_id";

-- Post.a_many -> Post_left (one-sided: many to many)
ALTER TABLE public."Post_a_many_many" RENAME TO "Post_a_many";
ALTER TABLE public."Post_a_many" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_a_many" RENAME COLUMN "Post_left_right_id" TO "Post_left_id";

-- Tag_right.tags -> Tag (one-sided: many to many)
ALTER TABLE public."Tag_right_tags_many" RENAME TO "Tag_right_tags";
ALTER TABLE public."Tag_right_tags" RENAME COLUMN "Tag_right_id" TO "Tag_id";
ALTER TABLE public."Tag_right_tags" RENAME COLUMN "Tag_right_left_id" TO "Tag_right_id";

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
        ('public."Post_a"', 'Post_id', 'foreign key', 'post_a_many_post_left_id_foreign', 'post_a_post_id_foreign'),
        ('public."Post_a"', 'Post_id', 'index', 'post_a_many_post_left_id_index', 'post_a_post_id_index'),
        ('public."Post_a"', 'Post_id', 'not null', 'Post_a_many_Post_left_id_not_null', 'Post_a_Post_id_not_null'),
        ('public."Post_a"', 'Tag_id', 'foreign key', 'post_a_many_tag_right_id_foreign', 'post_a_tag_id_foreign'),
        ('public."Post_a"', 'Tag_id', 'index', 'post_a_many_tag_right_id_index', 'post_a_tag_id_index'),
        ('public."Post_a"', 'Tag_id', 'not null', 'Post_a_many_Tag_right_id_not_null', 'Post_a_Tag_id_not_null'),
        ('public."Post_sides"', 'Post_id', 'foreign key', 'post_sides_post_left_posts_post_left_id_foreign', 'post_sides_post_id_foreign'),
        ('public."Post_sides"', 'Post_id', 'index', 'post_sides_post_left_posts_post_left_id_index', 'post_sides_post_id_index'),
        ('public."Post_sides"', 'Post_id', 'not null', 'Post_sides_Post_left_posts_Post_left_id_not_null', 'Post_sides_Post_id_not_null'),
        ('public."Post_sides"', 'Post_left_id', 'foreign key', 'post_sides_post_left_posts_post_left_right_id_foreign', 'post_sides_post_left_id_foreign'),
        ('public."Post_sides"', 'Post_left_id', 'index', 'post_sides_post_left_posts_post_left_right_id_index', 'post_sides_post_left_id_index'),
        ('public."Post_sides"', 'Post_left_id', 'not null', 'Post_sides_Post_left_posts_Post_left_right_id_not_null', 'Post_sides_Post_left_id_not_null'),
        ('public."Post_a_many"', 'Post_id', 'foreign key', 'post_a_many_many_post_left_id_foreign', 'post_a_many_post_id_foreign'),
        ('public."Post_a_many"', 'Post_id', 'index', 'post_a_many_many_post_left_id_index', 'post_a_many_post_id_index'),
        ('public."Post_a_many"', 'Post_id', 'not null', 'Post_a_many_many_Post_left_id_not_null', 'Post_a_many_Post_id_not_null'),
        ('public."Post_a_many"', 'Post_left_id', 'foreign key', 'post_a_many_many_post_left_right_id_foreign', 'post_a_many_post_left_id_foreign'),
        ('public."Post_a_many"', 'Post_left_id', 'index', 'post_a_many_many_post_left_right_id_index', 'post_a_many_post_left_id_index'),
        ('public."Post_a_many"', 'Post_left_id', 'not null', 'Post_a_many_many_Post_left_right_id_not_null', 'Post_a_many_Post_left_id_not_null'),
        ('public."Tag_right_tags"', 'Tag_right_id', 'foreign key', 'tag_right_tags_many_tag_right_left_id_foreign', 'tag_right_tags_tag_right_id_foreign'),
        ('public."Tag_right_tags"', 'Tag_right_id', 'index', 'tag_right_tags_many_tag_right_left_id_index', 'tag_right_tags_tag_right_id_index'),
        ('public."Tag_right_tags"', 'Tag_right_id', 'not null', 'Tag_right_tags_many_Tag_right_left_id_not_null', 'Tag_right_tags_Tag_right_id_not_null'),
        ('public."Tag_right_tags"', 'Tag_id', 'foreign key', 'tag_right_tags_many_tag_right_id_foreign', 'tag_right_tags_tag_id_foreign'),
        ('public."Tag_right_tags"', 'Tag_id', 'index', 'tag_right_tags_many_tag_right_id_index', 'tag_right_tags_tag_id_index'),
        ('public."Tag_right_tags"', 'Tag_id', 'not null', 'Tag_right_tags_many_Tag_right_id_not_null', 'Tag_right_tags_Tag_id_not_null')
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

-- Post.sides -> Post_left.posts (two-sided: many to many)
CREATE TABLE public."Post_left_posts" (
  "Post_left_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO public."Post_left_posts" ("Post_left_id", "Post_id") SELECT link."Post_left_id" AS near, link."Post_id" AS far FROM public."Post_sides" AS link;
CREATE INDEX post_left_posts_post_left_id_index ON public."Post_left_posts" ("Post_left_id");
CREATE INDEX post_left_posts_post_id_index ON public."Post_left_posts" ("Post_id");
ALTER TABLE public."Post_left_posts" ADD CONSTRAINT post_left_posts_post_left_id_foreign FOREIGN KEY ("Post_left_id") REFERENCES public."Post_left" (id) ON DELETE CASCADE;
ALTER TABLE public."Post_left_posts" ADD CONSTRAINT post_left_posts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;

COMMIT;
