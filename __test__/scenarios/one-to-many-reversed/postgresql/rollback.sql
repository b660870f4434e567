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
    'public."Author"',
    'public."Book"',
    'public."Copy"',
    'public."Reader"'
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
        ('stays', 'public."Author"', 'id'),
        ('stays', 'public."Book"', 'id'),
        ('stays', 'public."Book"', 'author'),
        ('stays', 'public."Reader"', 'id'),
        ('stays', 'public."Copy"', 'id'),
        ('stays', 'public."Copy"', 'reader'),
        ('comes', 'public."Author_books"', ''),
        ('comes', 'public."Reader_loans"', ''),
        ('ends', 'public."Author_books"', 'Author_id'),
        ('ends', 'public."Author_books"', 'Book_id'),
        ('ends', 'public."Reader_loans"', 'Reader_id'),
        ('ends', 'public."Reader_loans"', 'Copy_id')
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

-- Author.books -> Book.author (two-sided: one to many)
CREATE TABLE public."Author_books" (
  "Author_id" integer NOT NULL,
  "Book_id" integer NOT NULL
);
INSERT INTO public."Author_books" ("Author_id", "Book_id") SELECT link.author AS near, link.id AS far FROM public."Book" AS link WHERE link.author IS NOT NULL;
CREATE INDEX author_books_author_id_index ON public."Author_books" ("Author_id");
CREATE INDEX author_books_book_id_index ON public."Author_books" ("Book_id");
ALTER TABLE public."Author_books" ADD CONSTRAINT author_books_author_id_foreign FOREIGN KEY ("Author_id") REFERENCES public."Author" (id) ON DELETE CASCADE;
ALTER TABLE public."Author_books" ADD CONSTRAINT author_books_book_id_foreign FOREIGN KEY ("Book_id") REFERENCES public."Book" (id) ON DELETE CASCADE;

-- Copy.reader -> Reader.loans (two-sided: one to many)
CREATE TABLE public."Reader_loans" (
  "Reader_id" integer NOT NULL,
  "Copy_id" integer NOT NULL
);
INSERT INTO public."Reader_loans" ("Reader_id", "Copy_id") SELECT link.reader AS near, link.id AS far FROM public."Copy" AS link WHERE link.reader IS NOT NULL;
CREATE INDEX reader_loans_reader_id_index ON public."Reader_loans" ("Reader_id");
CREATE INDEX reader_loans_copy_id_index ON public."Reader_loans" ("Copy_id");
ALTER TABLE public."Reader_loans" ADD CONSTRAINT reader_loans_reader_id_foreign FOREIGN KEY ("Reader_id") REFERENCES public."Reader" (id) ON DELETE CASCADE;
ALTER TABLE public."Reader_loans" ADD CONSTRAINT reader_loans_copy_id_foreign FOREIGN KEY ("Copy_id") REFERENCES public."Copy" (id) ON DELETE CASCADE;

COMMIT;
