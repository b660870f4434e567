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
    'public."Account"',
    'public."Account_friends_many"',
    'public."Account_groups_Group_accounts"',
    'public."Account_peerOf_Account_peers"',
    'public."Account_tags_many"',
    'public."Group"',
    'public."User"'
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
        ('stays', 'public."User"', 'id'),
        ('stays', 'public."Group"', 'id'),
        ('stays', 'public."Group"', 'owner'),
        ('stays', 'public."Account"', 'id'),
        ('stays', 'public."Account"', 'user'),
        ('goes', 'public."Account_peerOf_Account_peers"', 'Account_left_id'),
        ('goes', 'public."Account_peerOf_Account_peers"', 'Account_right_id'),
        ('goes', 'public."Account_friends_many"', 'Account_left_id'),
        ('goes', 'public."Account_friends_many"', 'Account_right_id'),
        ('goes', 'public."Account_tags_many"', 'Account_left_id'),
        ('goes', 'public."Account_tags_many"', 'Tag_right_id'),
        ('goes', 'public."Account_groups_Group_accounts"', 'Account_left_id'),
        ('goes', 'public."Account_groups_Group_accounts"', 'Group_right_id'),
        ('comes', 'public."Account_tags"', ''),
        ('comes', 'public."Account_groups"', ''),
        ('comes', 'public."User_groups"', ''),
        ('comes', 'public."Group_accounts"', ''),
        ('comes', 'public."User"', 'account'),
        ('ends', 'public."Account_tags"', 'Account_id'),
        ('ends', 'public."Account_tags"', 'Tag_id'),
        ('ends', 'public."Account_groups"', 'Account_id'),
        ('ends', 'public."Account_groups"', 'Group_id'),
        ('ends', 'public."User_groups"', 'User_id'),
        ('ends', 'public."User_groups"', 'Group_id'),
        ('ends', 'public."Group_accounts"', 'Group_id'),
        ('ends', 'public."Group_accounts"', 'Account_id')
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
        ('public."Account_peerOf_Account_peers"', 'Account_left_id', false, false, true),
        ('public."Account_peerOf_Account_peers"', 'Account_right_id', false, false, true),
        ('public."Account_friends_many"', 'Account_left_id', false, false, true),
        ('public."Account_friends_many"', 'Account_right_id', false, false, true)
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

-- Check Account.peerOf -> Account.peers: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public."Account_peerOf_Account_peers";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Account.peerOf -> Account.peers: Account_peerOf_Account_peers holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public."Account_peerOf_Account_peers"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- Check Account.friends -> Account: the old Keystone had no place for its links
DO $$
DECLARE
  links bigint;
BEGIN
  SELECT count(*) INTO links FROM public."Account_friends_many";
  IF links > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Account.friends -> Account: Account_friends_many holds %s links, for which the old schema has no place', links),
      HINT = 'Nothing has been changed. Keep them elsewhere and empty the table (DELETE FROM public."Account_friends_many"), or make the way back with --reconcile, which drops them.';
  END IF;
END
$$;

-- Account.peerOf -> Account.peers (two-sided: many to many)
DROP TABLE public."Account_peerOf_Account_peers";

-- Account.friends -> Account (one-sided: many to many)
DROP TABLE public."Account_friends_many";

-- Account.tags -> Tag (one-sided: many to many)
ALTER TABLE public."Account_tags_many" RENAME TO "Account_tags";
ALTER TABLE public."Account_tags" RENAME COLUMN "Account_left_id" TO "Account_id";
ALTER TABLE public."Account_tags" RENAME COLUMN "Tag_right_id" TO "Tag_id";

-- Account.groups -> Group.accounts (two-sided: many to many)
ALTER TABLE public."Account_groups_Group_accounts" RENAME TO "Account_groups";
ALTER TABLE public."Account_groups" RENAME COLUMN "Account_left_id" TO "Account_id";
ALTER TABLE public."Account_groups" RENAME COLUMN "Group_right_id" TO "Group_id";

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
        ('public."Account_tags"', 'Account_id', 'foreign key', 'account_tags_many_account_left_id_foreign', 'account_tags_account_id_foreign'),
        ('public."Account_tags"', 'Account_id', 'index', 'account_tags_many_account_left_id_index', 'account_tags_account_id_index'),
        ('public."Account_tags"', 'Account_id', 'not null', 'Account_tags_many_Account_left_id_not_null', 'Account_tags_Account_id_not_null'),
        ('public."Account_tags"', 'Tag_id', 'foreign key', 'account_tags_many_tag_right_id_foreign', 'account_tags_tag_id_foreign'),
        ('public."Account_tags"', 'Tag_id', 'index', 'account_tags_many_tag_right_id_index', 'account_tags_tag_id_index'),
        ('public."Account_tags"', 'Tag_id', 'not null', 'Account_tags_many_Tag_right_id_not_null', 'Account_tags_Tag_id_not_null'),
        ('public."Account_groups"', 'Account_id', 'foreign key', 'account_groups_group_accounts_account_left_id_foreign', 'account_groups_account_id_foreign'),
        ('public."Account_groups"', 'Account_id', 'index', 'account_groups_group_accounts_account_left_id_index', 'account_groups_account_id_index'),
        ('public."Account_groups"', 'Account_id', 'not null', 'Account_groups_Group_accounts_Account_left_id_not_null', 'Account_groups_Account_id_not_null'),
        ('public."Account_groups"', 'Group_id', 'foreign key', 'account_groups_group_accounts_group_right_id_foreign', 'account_groups_group_id_foreign'),
        ('public."Account_groups"', 'Group_id', 'index', 'account_groups_group_accounts_group_right_id_index', 'account_groups_group_id_index'),
        ('public."Account_groups"', 'Group_id', 'not null', 'Account_groups_Group_accounts_Group_right_id_not_null', 'Account_groups_Group_id_not_null')
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

-- Group.owner -> User.groups (two-sided: one to many)
CREATE TABLE public."User_groups" (
  "User_id" integer NOT NULL,
  "Group_id" uuid NOT NULL
);
INSERT INTO public."User_groups" ("User_id", "Group_id") SELECT link.owner AS near, link.id AS far FROM public."Group" AS link WHERE link.owner IS NOT NULL;
CREATE INDEX user_groups_user_id_index ON public."User_groups" ("User_id");
CREATE INDEX user_groups_group_id_index ON public."User_groups" ("Group_id");
ALTER TABLE public."User_groups" ADD CONSTRAINT user_groups_user_id_foreign FOREIGN KEY ("User_id") REFERENCES public."User" (id) ON DELETE CASCADE;
ALTER TABLE public."User_groups" ADD CONSTRAINT user_groups_group_id_foreign FOREIGN KEY ("Group_id") REFERENCES public."Group" (id) ON DELETE CASCADE;

-- Account.groups -> Group.accounts (two-sided: many to many)
CREATE TABLE public."Group_accounts" (
  "Group_id" uuid NOT NULL,
  "Account_id" uuid NOT NULL
);
INSERT INTO public."Group_accounts" ("Group_id", "Account_id") SELECT link."Group_id" AS near, link."Account_id" AS far FROM public."Account_groups" AS link;
CREATE INDEX group_accounts_group_id_index ON public."Group_accounts" ("Group_id");
CREATE INDEX group_accounts_account_id_index ON public."Group_accounts" ("Account_id");
ALTER TABLE public."Group_accounts" ADD CONSTRAINT group_accounts_group_id_foreign FOREIGN KEY ("Group_id") REFERENCES public."Group" (id) ON DELETE CASCADE;
ALTER TABLE public."Group_accounts" ADD CONSTRAINT group_accounts_account_id_foreign FOREIGN KEY ("Account_id") REFERENCES public."Account" (id) ON DELETE CASCADE;

-- Account.user -> User.account (two-sided: one to one)
ALTER TABLE public."User" ADD COLUMN account uuid;
UPDATE public."User" AS item SET account = link.target
FROM (SELECT DISTINCT ON (holder) holder, target FROM (SELECT link."user" AS holder, link.id AS target FROM public."Account" AS link WHERE link."user" IS NOT NULL) AS links ORDER BY holder, target DESC) AS link
WHERE link.holder = item.id;
CREATE INDEX user_account_index ON public."User" (account);
ALTER TABLE public."User" ADD CONSTRAINT user_account_foreign FOREIGN KEY (account) REFERENCES public."Account" (id);

COMMIT;
