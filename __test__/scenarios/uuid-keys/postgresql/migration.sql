-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
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
    'public."Account"',
    'public."Account_groups"',
    'public."Account_tags"',
    'public."Group"',
    'public."Group_accounts"',
    'public."User"',
    'public."User_groups"'
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

-- What is there must be the old schema
DO $$
DECLARE
  missing text;
  taken text;
  is_done boolean;
BEGIN
  WITH places (role, tab, col) AS (
    VALUES
        ('stays', 'public."Account"', 'user'),
        ('stays', 'public."Group"', 'owner'),
        ('stays', 'public."Account"', 'id'),
        ('goes', 'public."User"', 'account'),
        ('goes', 'public."Group_accounts"', 'Group_id'),
        ('goes', 'public."Group_accounts"', 'Account_id'),
        ('goes', 'public."User_groups"', 'User_id'),
        ('goes', 'public."User_groups"', 'Group_id'),
        ('goes', 'public."Account_groups"', 'Account_id'),
        ('goes', 'public."Account_groups"', 'Group_id'),
        ('goes', 'public."Account_tags"', 'Account_id'),
        ('goes', 'public."Account_tags"', 'Tag_id'),
        ('comes', 'public."Account_groups_Group_accounts"', ''),
        ('comes', 'public."Account_tags_many"', ''),
        ('comes', 'public."Account_friends_many"', ''),
        ('comes', 'public."Account_peerOf_Account_peers"', ''),
        ('ends', 'public."Account_groups_Group_accounts"', 'Account_left_id'),
        ('ends', 'public."Account_groups_Group_accounts"', 'Group_right_id'),
        ('ends', 'public."Account_tags_many"', 'Account_left_id'),
        ('ends', 'public."Account_tags_many"', 'Tag_right_id'),
        ('ends', 'public."Account_friends_many"', 'Account_left_id'),
        ('ends', 'public."Account_friends_many"', 'Account_right_id'),
        ('ends', 'public."Account_peerOf_Account_peers"', 'Account_left_id'),
        ('ends', 'public."Account_peerOf_Account_peers"', 'Account_right_id')
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
      MESSAGE = 'The database is in the new schema already',
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
        ('public."User"', 'account', true, false, true),
        ('public."Group_accounts"', 'Group_id', false, false, true),
        ('public."Group_accounts"', 'Account_id', false, false, true),
        ('public."User_groups"', 'User_id', false, false, true),
        ('public."User_groups"', 'Group_id', false, false, true)
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

-- Check Account.user -> User.account: both stored sides hold the same links
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
    FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.id AS left_id, link."user" AS right_id FROM public."Account" AS link WHERE link."user" IS NOT NULL) AS kept
      FULL JOIN (SELECT link.account AS left_id, link.id AS right_id FROM public."User" AS link WHERE link.account IS NOT NULL) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Account.user -> User.account: the two stored sides disagree, and User.account would be dropped. Links that only Account.user has: %s; that only User.account has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Account.groups -> Group.accounts: both stored sides hold the same links
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
    FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link."Account_id" AS left_id, link."Group_id" AS right_id FROM public."Account_groups" AS link) AS kept
      FULL JOIN (SELECT link."Account_id" AS left_id, link."Group_id" AS right_id FROM public."Group_accounts" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Account.groups -> Group.accounts: the two stored sides disagree, and Group_accounts would be dropped. Links that only Account_groups has: %s; that only Group_accounts has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Check Group.owner -> User.groups: both stored sides hold the same links
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
    FROM (SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT link.id AS left_id, link.owner AS right_id FROM public."Group" AS link WHERE link.owner IS NOT NULL) AS kept
      FULL JOIN (SELECT link."Group_id" AS left_id, link."User_id" AS right_id FROM public."User_groups" AS link) AS dropped USING (left_id, right_id)
      WHERE kept.left_id IS NULL OR dropped.left_id IS NULL) AS difference
  ) AS numbered;
  IF only_kept + only_dropped > 0 THEN
    RAISE EXCEPTION USING
      MESSAGE = format('Group.owner -> User.groups: the two stored sides disagree, and User_groups would be dropped. Links that only Group.owner has: %s; that only User_groups has: %s. For example (left id, right id): %s', only_kept, only_dropped, examples),
      HINT = 'Nothing has been changed. Bring both sides into agreement, or make the migration with --reconcile, which repairs them by the rules in the README.';
  END IF;
END
$$;

-- Account.user -> User.account (two-sided: one to one)
ALTER TABLE public."User" DROP COLUMN account;

-- Account.groups -> Group.accounts (two-sided: many to many)
DROP TABLE public."Group_accounts";

-- Group.owner -> User.groups (two-sided: one to many)
DROP TABLE public."User_groups";

-- Account.groups -> Group.accounts (two-sided: many to many)
ALTER TABLE public."Account_groups" RENAME TO "Account_groups_Group_accounts";
ALTER TABLE public."Account_groups_Group_accounts" RENAME COLUMN "Account_id" TO "Account_left_id";
ALTER TABLE public."Account_groups_Group_accounts" RENAME COLUMN "Group_id" TO "Group_right_id";

-- Account.tags -> Tag (one-sided: many to many)
ALTER TABLE public."Account_tags" RENAME TO "Account_tags_many";
ALTER TABLE public."Account_tags_many" RENAME COLUMN "Account_id" TO "Account_left_id";
ALTER TABLE public."Account_tags_many" RENAME COLUMN "Tag_id" TO "Tag_right_id";

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
        ('public."Account_groups_Group_accounts"', 'Account_left_id', 'foreign key', 'account_groups_account_id_foreign', 'account_groups_group_accounts_account_left_id_foreign'),
        ('public."Account_groups_Group_accounts"', 'Account_left_id', 'index', 'account_groups_account_id_index', 'account_groups_group_accounts_account_left_id_index'),
        ('public."Account_groups_Group_accounts"', 'Account_left_id', 'not null', 'Account_groups_Account_id_not_null', 'Account_groups_Group_accounts_Account_left_id_not_null'),
        ('public."Account_groups_Group_accounts"', 'Group_right_id', 'foreign key', 'account_groups_group_id_foreign', 'account_groups_group_accounts_group_right_id_foreign'),
        ('public."Account_groups_Group_accounts"', 'Group_right_id', 'index', 'account_groups_group_id_index', 'account_groups_group_accounts_group_right_id_index'),
        ('public."Account_groups_Group_accounts"', 'Group_right_id', 'not null', 'Account_groups_Group_id_not_null', 'Account_groups_Group_accounts_Group_right_id_not_null'),
        ('public."Account_tags_many"', 'Account_left_id', 'foreign key', 'account_tags_account_id_foreign', 'account_tags_many_account_left_id_foreign'),
        ('public."Account_tags_many"', 'Account_left_id', 'index', 'account_tags_account_id_index', 'account_tags_many_account_left_id_index'),
        ('public."Account_tags_many"', 'Account_left_id', 'not null', 'Account_tags_Account_id_not_null', 'Account_tags_many_Account_left_id_not_null'),
        ('public."Account_tags_many"', 'Tag_right_id', 'foreign key', 'account_tags_tag_id_foreign', 'account_tags_many_tag_right_id_foreign'),
        ('public."Account_tags_many"', 'Tag_right_id', 'index', 'account_tags_tag_id_index', 'account_tags_many_tag_right_id_index'),
        ('public."Account_tags_many"', 'Tag_right_id', 'not null', 'Account_tags_Tag_id_not_null', 'Account_tags_many_Tag_right_id_not_null')
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

-- Account.friends -> Account (one-sided: many to many)
CREATE TABLE public."Account_friends_many" (
  "Account_left_id" uuid NOT NULL,
  "Account_right_id" uuid NOT NULL
);
CREATE INDEX account_friends_many_account_left_id_index ON public."Account_friends_many" ("Account_left_id");
CREATE INDEX account_friends_many_account_right_id_index ON public."Account_friends_many" ("Account_right_id");
ALTER TABLE public."Account_friends_many" ADD CONSTRAINT account_friends_many_account_left_id_foreign FOREIGN KEY ("Account_left_id") REFERENCES public."Account" (id) ON DELETE CASCADE;
ALTER TABLE public."Account_friends_many" ADD CONSTRAINT account_friends_many_account_right_id_foreign FOREIGN KEY ("Account_right_id") REFERENCES public."Account" (id) ON DELETE CASCADE;

-- Account.peerOf -> Account.peers (two-sided: many to many)
CREATE TABLE public."Account_peerOf_Account_peers" (
  "Account_left_id" uuid NOT NULL,
  "Account_right_id" uuid NOT NULL
);
CREATE INDEX account_peerof_account_peers_account_left_id_index ON public."Account_peerOf_Account_peers" ("Account_left_id");
CREATE INDEX account_peerof_account_peers_account_right_id_index ON public."Account_peerOf_Account_peers" ("Account_right_id");
ALTER TABLE public."Account_peerOf_Account_peers" ADD CONSTRAINT account_peerof_account_peers_account_left_id_foreign FOREIGN KEY ("Account_left_id") REFERENCES public."Account" (id) ON DELETE CASCADE;
ALTER TABLE public."Account_peerOf_Account_peers" ADD CONSTRAINT account_peerof_account_peers_account_right_id_foreign FOREIGN KEY ("Account_right_id") REFERENCES public."Account" (id) ON DELETE CASCADE;

COMMIT;
