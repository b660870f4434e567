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
    'public."Cherry"',
    'public."Post"',
    'public."Post1"',
    'public."PostTag"',
    'public."Post_tags_PostTag_posts"',
    'public."Post_x"',
    'public."Post_x_digits_Post1_underscores"',
    'public."Post_x_tags_PostTag_underscores"',
    'public."Zebra"',
    'public.apple',
    'public.banana',
    'public."banana_zebras_Zebra_bananas"'
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
        ('stays', 'public."Zebra"', 'id'),
        ('stays', 'public.banana', 'id'),
        ('stays', 'public."Post1"', 'id'),
        ('stays', 'public."Post_x"', 'id'),
        ('stays', 'public."PostTag"', 'id'),
        ('stays', 'public."Post"', 'id'),
        ('stays', 'public."Cherry"', 'id'),
        ('stays', 'public.banana', 'cherry'),
        ('stays', 'public.apple', 'zebra'),
        ('stays', 'public."Post1"', 'tag'),
        ('goes', 'public."Post_tags_PostTag_posts"', 'Post_left_id'),
        ('goes', 'public."Post_tags_PostTag_posts"', 'PostTag_right_id'),
        ('goes', 'public."Post_x_tags_PostTag_underscores"', 'Post_x_left_id'),
        ('goes', 'public."Post_x_tags_PostTag_underscores"', 'PostTag_right_id'),
        ('goes', 'public."banana_zebras_Zebra_bananas"', 'banana_left_id'),
        ('goes', 'public."banana_zebras_Zebra_bananas"', 'Zebra_right_id'),
        ('goes', 'public."Post_x_digits_Post1_underscores"', 'Post_x_left_id'),
        ('goes', 'public."Post_x_digits_Post1_underscores"', 'Post1_right_id'),
        ('comes', 'public."Post_tags"', ''),
        ('comes', 'public."Post_x_tags"', ''),
        ('comes', 'public.banana_zebras', ''),
        ('comes', 'public."Post_x_digits"', ''),
        ('comes', 'public."Zebra_bananas"', ''),
        ('comes', 'public."Post1_underscores"', ''),
        ('comes', 'public."PostTag_underscores"', ''),
        ('comes', 'public."PostTag_posts"', ''),
        ('comes', 'public."Cherry"', 'banana'),
        ('comes', 'public."Zebra"', 'apple'),
        ('comes', 'public."PostTag"', 'digit'),
        ('ends', 'public."Post_tags"', 'Post_id'),
        ('ends', 'public."Post_tags"', 'PostTag_id'),
        ('ends', 'public."Post_x_tags"', 'Post_x_id'),
        ('ends', 'public."Post_x_tags"', 'PostTag_id'),
        ('ends', 'public.banana_zebras', 'banana_id'),
        ('ends', 'public.banana_zebras', 'Zebra_id'),
        ('ends', 'public."Post_x_digits"', 'Post_x_id'),
        ('ends', 'public."Post_x_digits"', 'Post1_id'),
        ('ends', 'public."Zebra_bananas"', 'Zebra_id'),
        ('ends', 'public."Zebra_bananas"', 'banana_id'),
        ('ends', 'public."Post1_underscores"', 'Post1_id'),
        ('ends', 'public."Post1_underscores"', 'Post_x_id'),
        ('ends', 'public."PostTag_underscores"', 'PostTag_id'),
        ('ends', 'public."PostTag_underscores"', 'Post_x_id'),
        ('ends', 'public."PostTag_posts"', 'PostTag_id'),
        ('ends', 'public."PostTag_posts"', 'Post_id')
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

-- Post.tags -> PostTag.posts (two-sided: many to many)
ALTER TABLE public."Post_tags_PostTag_posts" RENAME TO "Post_tags";
ALTER TABLE public."Post_tags" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_tags" RENAME COLUMN "PostTag_right_id" TO "PostTag_id";

-- Post_x.tags -> PostTag.underscores (two-sided: many to many)
ALTER TABLE public."Post_x_tags_PostTag_underscores" RENAME TO "Post_x_tags";
ALTER TABLE public."Post_x_tags" RENAME COLUMN "Post_x_left_id" TO "Post_x_id";
ALTER TABLE public."Post_x_tags" RENAME COLUMN "PostTag_right_id" TO "PostTag_id";

-- banana.zebras -> Zebra.bananas (two-sided: many to many)
ALTER TABLE public."banana_zebras_Zebra_bananas" RENAME TO banana_zebras;
ALTER TABLE public.banana_zebras RENAME COLUMN banana_left_id TO banana_id;
ALTER TABLE public.banana_zebras RENAME COLUMN "Zebra_right_id" TO "Zebra_id";

-- Post_x.digits -> Post1.underscores (two-sided: many to many)
ALTER TABLE public."Post_x_digits_Post1_underscores" RENAME TO "Post_x_digits";
ALTER TABLE public."Post_x_digits" RENAME COLUMN "Post_x_left_id" TO "Post_x_id";
ALTER TABLE public."Post_x_digits" RENAME COLUMN "Post1_right_id" TO "Post1_id";

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
        ('public."Post_tags"', 'Post_id', 'foreign key', 'post_tags_posttag_posts_post_left_id_foreign', 'post_tags_post_id_foreign'),
        ('public."Post_tags"', 'Post_id', 'index', 'post_tags_posttag_posts_post_left_id_index', 'post_tags_post_id_index'),
        ('public."Post_tags"', 'Post_id', 'not null', 'Post_tags_PostTag_posts_Post_left_id_not_null', 'Post_tags_Post_id_not_null'),
        ('public."Post_tags"', 'PostTag_id', 'foreign key', 'post_tags_posttag_posts_posttag_right_id_foreign', 'post_tags_posttag_id_foreign'),
        ('public."Post_tags"', 'PostTag_id', 'index', 'post_tags_posttag_posts_posttag_right_id_index', 'post_tags_posttag_id_index'),
        ('public."Post_tags"', 'PostTag_id', 'not null', 'Post_tags_PostTag_posts_PostTag_right_id_not_null', 'Post_tags_PostTag_id_not_null'),
        ('public."Post_x_tags"', 'Post_x_id', 'foreign key', 'post_x_tags_posttag_underscores_post_x_left_id_foreign', 'post_x_tags_post_x_id_foreign'),
        ('public."Post_x_tags"', 'Post_x_id', 'index', 'post_x_tags_posttag_underscores_post_x_left_id_index', 'post_x_tags_post_x_id_index'),
        ('public."Post_x_tags"', 'Post_x_id', 'not null', 'Post_x_tags_PostTag_underscores_Post_x_left_id_not_null', 'Post_x_tags_Post_x_id_not_null'),
        ('public."Post_x_tags"', 'PostTag_id', 'foreign key', 'post_x_tags_posttag_underscores_posttag_right_id_foreign', 'post_x_tags_posttag_id_foreign'),
        ('public."Post_x_tags"', 'PostTag_id', 'index', 'post_x_tags_posttag_underscores_posttag_right_id_index', 'post_x_tags_posttag_id_index'),
        ('public."Post_x_tags"', 'PostTag_id', 'not null', 'Post_x_tags_PostTag_underscores_PostTag_right_id_not_null', 'Post_x_tags_PostTag_id_not_null'),
        ('public.banana_zebras', 'banana_id', 'foreign key', 'banana_zebras_zebra_bananas_banana_left_id_foreign', 'banana_zebras_banana_id_foreign'),
        ('public.banana_zebras', 'banana_id', 'index', 'banana_zebras_zebra_bananas_banana_left_id_index', 'banana_zebras_banana_id_index'),
        ('public.banana_zebras', 'banana_id', 'not null', 'banana_zebras_Zebra_bananas_banana_left_id_not_null', 'banana_zebras_banana_id_not_null'),
        ('public.banana_zebras', 'Zebra_id', 'foreign key', 'banana_zebras_zebra_bananas_zebra_right_id_foreign', 'banana_zebras_zebra_id_foreign'),
        ('public.banana_zebras', 'Zebra_id', 'index', 'banana_zebras_zebra_bananas_zebra_right_id_index', 'banana_zebras_zebra_id_index'),
        ('public.banana_zebras', 'Zebra_id', 'not null', 'banana_zebras_Zebra_bananas_Zebra_right_id_not_null', 'banana_zebras_Zebra_id_not_null'),
        ('public."Post_x_digits"', 'Post_x_id', 'foreign key', 'post_x_digits_post1_underscores_post_x_left_id_foreign', 'post_x_digits_post_x_id_foreign'),
        ('public."Post_x_digits"', 'Post_x_id', 'index', 'post_x_digits_post1_underscores_post_x_left_id_index', 'post_x_digits_post_x_id_index'),
        ('public."Post_x_digits"', 'Post_x_id', 'not null', 'Post_x_digits_Post1_underscores_Post_x_left_id_not_null', 'Post_x_digits_Post_x_id_not_null'),
        ('public."Post_x_digits"', 'Post1_id', 'foreign key', 'post_x_digits_post1_underscores_post1_right_id_foreign', 'post_x_digits_post1_id_foreign'),
        ('public."Post_x_digits"', 'Post1_id', 'index', 'post_x_digits_post1_underscores_post1_right_id_index', 'post_x_digits_post1_id_index'),
        ('public."Post_x_digits"', 'Post1_id', 'not null', 'Post_x_digits_Post1_underscores_Post1_right_id_not_null', 'Post_x_digits_Post1_id_not_null')
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

-- banana.zebras -> Zebra.bananas (two-sided: many to many)
CREATE TABLE public."Zebra_bananas" (
  "Zebra_id" integer NOT NULL,
  banana_id integer NOT NULL
);
INSERT INTO public."Zebra_bananas" ("Zebra_id", banana_id) SELECT link."Zebra_id" AS near, link.banana_id AS far FROM public.banana_zebras AS link;
CREATE INDEX zebra_bananas_zebra_id_index ON public."Zebra_bananas" ("Zebra_id");
CREATE INDEX zebra_bananas_banana_id_index ON public."Zebra_bananas" (banana_id);
ALTER TABLE public."Zebra_bananas" ADD CONSTRAINT zebra_bananas_zebra_id_foreign FOREIGN KEY ("Zebra_id") REFERENCES public."Zebra" (id) ON DELETE CASCADE;
ALTER TABLE public."Zebra_bananas" ADD CONSTRAINT zebra_bananas_banana_id_foreign FOREIGN KEY (banana_id) REFERENCES public.banana (id) ON DELETE CASCADE;

-- Post_x.digits -> Post1.underscores (two-sided: many to many)
CREATE TABLE public."Post1_underscores" (
  "Post1_id" integer NOT NULL,
  "Post_x_id" integer NOT NULL
);
INSERT INTO public."Post1_underscores" ("Post1_id", "Post_x_id") SELECT link."Post1_id" AS near, link."Post_x_id" AS far FROM public."Post_x_digits" AS link;
CREATE INDEX post1_underscores_post1_id_index ON public."Post1_underscores" ("Post1_id");
CREATE INDEX post1_underscores_post_x_id_index ON public."Post1_underscores" ("Post_x_id");
ALTER TABLE public."Post1_underscores" ADD CONSTRAINT post1_underscores_post1_id_foreign FOREIGN KEY ("Post1_id") REFERENCES public."Post1" (id) ON DELETE CASCADE;
ALTER TABLE public."Post1_underscores" ADD CONSTRAINT post1_underscores_post_x_id_foreign FOREIGN KEY ("Post_x_id") REFERENCES public."Post_x" (id) ON DELETE CASCADE;

-- Post_x.tags -> PostTag.underscores (two-sided: many to many)
CREATE TABLE public."PostTag_underscores" (
  "PostTag_id" integer NOT NULL,
  "Post_x_id" integer NOT NULL
);
INSERT INTO public."PostTag_underscores" ("PostTag_id", "Post_x_id") SELECT link."PostTag_id" AS near, link."Post_x_id" AS far FROM public."Post_x_tags" AS link;
CREATE INDEX posttag_underscores_posttag_id_index ON public."PostTag_underscores" ("PostTag_id");
CREATE INDEX posttag_underscores_post_x_id_index ON public."PostTag_underscores" ("Post_x_id");
ALTER TABLE public."PostTag_underscores" ADD CONSTRAINT posttag_underscores_posttag_id_foreign FOREIGN KEY ("PostTag_id") REFERENCES public."PostTag" (id) ON DELETE CASCADE;
ALTER TABLE public."PostTag_underscores" ADD CONSTRAINT posttag_underscores_post_x_id_foreign FOREIGN KEY ("Post_x_id") REFERENCES public."Post_x" (id) ON DELETE CASCADE;

-- Post.tags -> PostTag.posts (two-sided: many to many)
CREATE TABLE public."PostTag_posts" (
  "PostTag_id" integer NOT NULL,
  "Post_id" integer NOT NULL
);
INSERT INTO public."PostTag_posts" ("PostTag_id", "Post_id") SELECT link."PostTag_id" AS near, link."Post_id" AS far FROM public."Post_tags" AS link;
CREATE INDEX posttag_posts_posttag_id_index ON public."PostTag_posts" ("PostTag_id");
CREATE INDEX posttag_posts_post_id_index ON public."PostTag_posts" ("Post_id");
ALTER TABLE public."PostTag_posts" ADD CONSTRAINT posttag_posts_posttag_id_foreign FOREIGN KEY ("PostTag_id") REFERENCES public."PostTag" (id) ON DELETE CASCADE;
ALTER TABLE public."PostTag_posts" ADD CONSTRAINT posttag_posts_post_id_foreign FOREIGN KEY ("Post_id") REFERENCES public."Post" (id) ON DELETE CASCADE;

-- banana.cherry -> Cherry.banana (two-sided: one to one)
ALTER TABLE public."Cherry" ADD COLUMN banana integer;
UPDATE public."Cherry" AS item SET banana = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.cherry AS holder, link.id AS target FROM public.banana AS link WHERE link.cherry IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX cherry_banana_index ON public."Cherry" (banana);
ALTER TABLE public."Cherry" ADD CONSTRAINT cherry_banana_foreign FOREIGN KEY (banana) REFERENCES public.banana (id);

-- apple.zebra -> Zebra.apple (two-sided: one to one)
ALTER TABLE public."Zebra" ADD COLUMN apple integer;
UPDATE public."Zebra" AS item SET apple = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.zebra AS holder, link.id AS target FROM public.apple AS link WHERE link.zebra IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX zebra_apple_index ON public."Zebra" (apple);
ALTER TABLE public."Zebra" ADD CONSTRAINT zebra_apple_foreign FOREIGN KEY (apple) REFERENCES public.apple (id);

-- Post1.tag -> PostTag.digit (two-sided: one to one)
ALTER TABLE public."PostTag" ADD COLUMN digit integer;
UPDATE public."PostTag" AS item SET digit = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link.tag AS holder, link.id AS target FROM public."Post1" AS link WHERE link.tag IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX posttag_digit_index ON public."PostTag" (digit);
ALTER TABLE public."PostTag" ADD CONSTRAINT posttag_digit_foreign FOREIGN KEY (digit) REFERENCES public."Post1" (id);

COMMIT;
