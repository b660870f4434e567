-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
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
      ('public."User"', 'id')
  ) AS expected (tab, col)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
  );
  SELECT string_agg(concat_ws('.', tab, nullif(col, '')), ', ') INTO taken
  FROM (
    VALUES
      ('public."User_friendOf_User_friends"', '')
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
    public."User"
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

-- User.friendOf -> User.friends (two-sided: many to many)
CREATE TABLE public."User_friendOf_User_friends" (
  "User_left_id" integer NOT NULL,
  "User_right_id" integer NOT NULL
);
CREATE INDEX user_friendof_user_friends_user_left_id_index ON public."User_friendOf_User_friends" ("User_left_id");
CREATE INDEX user_friendof_user_friends_user_right_id_index ON public."User_friendOf_User_friends" ("User_right_id");
ALTER TABLE public."User_friendOf_User_friends" ADD CONSTRAINT user_friendof_user_friends_user_left_id_foreign FOREIGN KEY ("User_left_id") REFERENCES public."User" (id) ON DELETE CASCADE;
ALTER TABLE public."User_friendOf_User_friends" ADD CONSTRAINT user_friendof_user_friends_user_right_id_foreign FOREIGN KEY ("User_right_id") REFERENCES public."User" (id) ON DELETE CASCADE;

COMMIT;
