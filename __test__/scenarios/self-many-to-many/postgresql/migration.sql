-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter knex, PostgreSQL schema public. Order of left and right: locale *.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column, prefer-bigint-over-int

BEGIN ISOLATION LEVEL READ COMMITTED;
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;
SET LOCAL work_mem = '64MB';
SET LOCAL row_security = off;

-- Locking 1 table
DO $$
DECLARE
  tab text;
BEGIN
  FOREACH tab IN ARRAY ARRAY[
    'public."User"'
  ]
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', tab);
    EXCEPTION WHEN undefined_table OR invalid_schema_name OR wrong_object_type THEN
      NULL; -- The next check reports what is missing, or not a table.
    END;
  END LOOP;
EXCEPTION
  WHEN lock_not_available OR deadlock_detected THEN
    RAISE EXCEPTION USING
      ERRCODE = 'lock_not_available',
      MESSAGE = 'Other sessions are using the tables: ' || SQLERRM,
      HINT = 'Nothing has been changed. Stop the application, or wait for the sessions that pg_stat_activity shows, then run the migration again.';
END $$;

-- Checking that the database is in the old schema
DO $$
DECLARE
  trouble record;
BEGIN
  FOR trouble IN
    WITH places (old, old_columns, new, new_columns) AS (VALUES
        ('User', ARRAY['id'], 'User', ARRAY['id']),
        (NULL, NULL, 'User_friendOf_User_friends', ARRAY['User_left_id', 'User_right_id'])
    ), columns (tab, col, is_old) AS (
      SELECT format('%I.%I', 'public', old), col, true FROM places, unnest(old_columns::text[]) AS col
      UNION ALL
      SELECT format('%I.%I', 'public', new), col, false FROM places, unnest(new_columns::text[]) AS col
    ), looked_up AS (
      SELECT tab, col, bool_or(is_old) AS is_old, NOT bool_and(is_old) AS is_new,
        bool_or(bool_or(is_old)) OVER (PARTITION BY tab) AS has_table,
        EXISTS (SELECT FROM pg_attribute
          WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped) AS is_there
      FROM columns GROUP BY tab, col
    ), tables AS (
      SELECT DISTINCT tab, relowner, rolname, NOT rolsuper AND rolname <> current_user AS is_foreign,
        coalesce(CASE WHEN relkind NOT IN ('r', 'p') THEN ' is not a table' END, (SELECT ' has the rule '
          || min(rulename) FROM pg_rewrite WHERE ev_class = pg_class.oid AND ev_type IN ('2', '3'))) AS oddity
      FROM columns, pg_class, pg_roles WHERE is_old AND pg_class.oid = to_regclass(tab) AND pg_roles.oid = relowner
    ), strange (what) AS (
      SELECT tab || coalesce(oddity, ' belongs to ' || rolname) FROM tables WHERE oddity IS NOT NULL
        OR is_foreign AND relowner <> (SELECT mode() WITHIN GROUP (ORDER BY relowner) FROM tables)
    )
    SELECT (SELECT string_agg(what, ', ' ORDER BY what) FROM strange) AS strange,
      CASE WHEN bool_and(is_there = is_new) AND bool_or(is_old <> is_new) THEN 'yes' END AS done,
      CASE WHEN bool_and(to_regclass(tab) IS NULL) THEN string_agg(DISTINCT tab, ', ') FILTER (WHERE is_old) END AS absent,
      string_agg(concat_ws('.', tab, col), ', ' ORDER BY tab, col) FILTER (WHERE is_old AND NOT is_there) AS missing,
      string_agg(DISTINCT CASE
        WHEN has_table AND is_there THEN concat_ws('.', tab, col)
        WHEN NOT has_table AND to_regclass(tab) IS NOT NULL THEN tab
      END, ', ') FILTER (WHERE NOT is_old) AS taken
    FROM looked_up
  LOOP
    IF trouble.strange IS NOT NULL THEN
      RAISE EXCEPTION USING
        MESSAGE = format('Someone else''s code could run with your rights: %s', trouble.strange),
        HINT = 'Nothing has been changed. Keystone makes ordinary tables without rules, all for one owner. Rename what is not Keystone''s, or give it to the owner of the other tables (ALTER TABLE … OWNER TO); drop a rule until the migration is done. Then run the migration again.';
    ELSIF trouble.done IS NOT NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'KSNOP',
        MESSAGE = 'The database is in the new schema already',
        HINT = 'Nothing has been changed. There is nothing left to do on the way to the new schema.';
    ELSIF trouble.absent IS NOT NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'KSNOP',
        MESSAGE = format('None of these tables is in the database: %s', trouble.absent),
        HINT = 'Nothing has been changed. Is this the right database, and public the right schema (the schemaName of the adapter)? In a new one there is nothing to migrate.';
    ELSIF trouble.missing IS NOT NULL THEN
      RAISE EXCEPTION USING
        MESSAGE = format('Not in the database: %s', trouble.missing),
        HINT = 'Nothing has been changed. Is this the right database, and public the right schema (the schemaName of the adapter)? Has another migration been run in part?';
    ELSIF trouble.taken IS NOT NULL THEN
      RAISE EXCEPTION USING
        MESSAGE = format('Already in the database, where the migration would put its own: %s', trouble.taken),
        HINT = 'Nothing has been changed. Has another Keystone been started on it, the new or the old one? Drop what is empty, or rename it.';
    END IF;
  END LOOP;
END $$;

-- User.friendOf -> User.friends (two-sided: many to many)
CREATE TABLE public."User_friendOf_User_friends" (
  "User_left_id" integer NOT NULL,
  "User_right_id" integer NOT NULL
);
CREATE INDEX user_friendof_user_friends_user_left_id_index ON public."User_friendOf_User_friends" ("User_left_id");
CREATE INDEX user_friendof_user_friends_user_right_id_index ON public."User_friendOf_User_friends" ("User_right_id");
ALTER TABLE public."User_friendOf_User_friends" ADD CONSTRAINT user_friendof_user_friends_user_left_id_foreign FOREIGN KEY ("User_left_id") REFERENCES public."User" (id) ON DELETE CASCADE;
ALTER TABLE public."User_friendOf_User_friends" ADD CONSTRAINT user_friendof_user_friends_user_right_id_foreign FOREIGN KEY ("User_right_id") REFERENCES public."User" (id) ON DELETE CASCADE;

-- Giving 1 new table an owner and grants
DO $$
DECLARE
  created record;
  granted record;
BEGIN
  FOR created IN
    SELECT made.oid::regclass AS tab, sister.relowner::regrole AS owner, sister.relacl,
      made.relowner <> sister.relowner AS is_foreign
    FROM (VALUES
      ('User_friendOf_User_friends', 'User')
    ) AS tables (name, sister_name)
      JOIN pg_class AS made ON made.oid = to_regclass(format('%I.%I', 'public', name))
      JOIN pg_class AS sister ON sister.oid = to_regclass(format('%I.%I', 'public', sister_name))
  LOOP
    IF created.is_foreign THEN
      EXECUTE format('ALTER TABLE %s OWNER TO %s', created.tab, created.owner);
    END IF;
    FOR granted IN
      -- To whom it may be open, but not to all: 0 is PUBLIC.
      SELECT privilege_type, is_grantable, grantee::regrole AS grantee
      FROM aclexplode(created.relacl) WHERE grantee NOT IN (0, created.owner)
    LOOP
      EXECUTE format('GRANT %s ON %s TO %s%s', granted.privilege_type, created.tab, granted.grantee,
        CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' END);
    END LOOP;
  END LOOP;
END $$;

COMMIT;
