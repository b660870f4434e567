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
      ('public."Post_a"', 'Post_id'),
      ('public."Post_a"', 'Tag_id'),
      ('public."Post_a_many"', 'Post_id'),
      ('public."Post_a_many"', 'Tag_id'),
      ('public."Post_a_many_many"', 'Post_id'),
      ('public."Post_a_many_many"', 'Tag_id')
  ) AS expected (tab, col)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
  );
  SELECT string_agg(concat_ws('.', tab, nullif(col, '')), ', ') INTO taken
  FROM (
    VALUES
      ('public."Post_a_many_many_many"', '')
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
    public."Post_a",
    public."Post_a_many",
    public."Post_a_many_many"
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

-- Post.a_many_many -> Tag (one-sided: many to many)
ALTER TABLE public."Post_a_many_many" RENAME TO "Post_a_many_many_many";
ALTER TABLE public."Post_a_many_many_many" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE public."Post_a_many_many_many" RENAME COLUMN "Tag_id" TO "Tag_right_id";

-- Post.a_many -> Tag (one-sided: many to many)
ALTER TABLE public."Post_a_many" RENAME TO "Post_a_many_many";
ALTER TABLE public."Post_a_many_many" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE public."Post_a_many_many" RENAME COLUMN "Tag_id" TO "Tag_right_id";

-- Post.a -> Tag (one-sided: many to many)
ALTER TABLE public."Post_a" RENAME TO "Post_a_many";
ALTER TABLE public."Post_a_many" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE public."Post_a_many" RENAME COLUMN "Tag_id" TO "Tag_right_id";

-- Foreign keys, indexes and NOT NULL constraints follow the new names
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    WITH renamed (tab, col, kind, old, new) AS (
      VALUES
        ('public."Post_a_many_many_many"', 'Post_left_id', 'foreign key', 'post_a_many_many_post_id_foreign', 'post_a_many_many_many_post_left_id_foreign'),
        ('public."Post_a_many_many_many"', 'Post_left_id', 'index', 'post_a_many_many_post_id_index', 'post_a_many_many_many_post_left_id_index'),
        ('public."Post_a_many_many_many"', 'Post_left_id', 'not null', 'Post_a_many_many_Post_id_not_null', 'Post_a_many_many_many_Post_left_id_not_null'),
        ('public."Post_a_many_many_many"', 'Tag_right_id', 'foreign key', 'post_a_many_many_tag_id_foreign', 'post_a_many_many_many_tag_right_id_foreign'),
        ('public."Post_a_many_many_many"', 'Tag_right_id', 'index', 'post_a_many_many_tag_id_index', 'post_a_many_many_many_tag_right_id_index'),
        ('public."Post_a_many_many_many"', 'Tag_right_id', 'not null', 'Post_a_many_many_Tag_id_not_null', 'Post_a_many_many_many_Tag_right_id_not_null'),
        ('public."Post_a_many_many"', 'Post_left_id', 'foreign key', 'post_a_many_post_id_foreign', 'post_a_many_many_post_left_id_foreign'),
        ('public."Post_a_many_many"', 'Post_left_id', 'index', 'post_a_many_post_id_index', 'post_a_many_many_post_left_id_index'),
        ('public."Post_a_many_many"', 'Post_left_id', 'not null', 'Post_a_many_Post_id_not_null', 'Post_a_many_many_Post_left_id_not_null'),
        ('public."Post_a_many_many"', 'Tag_right_id', 'foreign key', 'post_a_many_tag_id_foreign', 'post_a_many_many_tag_right_id_foreign'),
        ('public."Post_a_many_many"', 'Tag_right_id', 'index', 'post_a_many_tag_id_index', 'post_a_many_many_tag_right_id_index'),
        ('public."Post_a_many_many"', 'Tag_right_id', 'not null', 'Post_a_many_Tag_id_not_null', 'Post_a_many_many_Tag_right_id_not_null'),
        ('public."Post_a_many"', 'Post_left_id', 'foreign key', 'post_a_post_id_foreign', 'post_a_many_post_left_id_foreign'),
        ('public."Post_a_many"', 'Post_left_id', 'index', 'post_a_post_id_index', 'post_a_many_post_left_id_index'),
        ('public."Post_a_many"', 'Post_left_id', 'not null', 'Post_a_Post_id_not_null', 'Post_a_many_Post_left_id_not_null'),
        ('public."Post_a_many"', 'Tag_right_id', 'foreign key', 'post_a_tag_id_foreign', 'post_a_many_tag_right_id_foreign'),
        ('public."Post_a_many"', 'Tag_right_id', 'index', 'post_a_tag_id_index', 'post_a_many_tag_right_id_index'),
        ('public."Post_a_many"', 'Tag_right_id', 'not null', 'Post_a_Tag_id_not_null', 'Post_a_many_Tag_right_id_not_null')
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
