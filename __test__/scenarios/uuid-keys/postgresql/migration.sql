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
      ('public."Account"', 'id'),
      ('public."Account"', 'user'),
      ('public."Account_groups"', 'Account_id'),
      ('public."Account_groups"', 'Group_id'),
      ('public."Account_tags"', 'Account_id'),
      ('public."Account_tags"', 'Tag_id'),
      ('public."Group"', 'owner'),
      ('public."Group_accounts"', 'Account_id'),
      ('public."Group_accounts"', 'Group_id'),
      ('public."User"', 'account'),
      ('public."User_groups"', 'Group_id'),
      ('public."User_groups"', 'User_id')
  ) AS expected (tab, col)
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass(tab) AND attname = col AND NOT attisdropped
  );
  SELECT string_agg(concat_ws('.', tab, nullif(col, '')), ', ') INTO taken
  FROM (
    VALUES
      ('public."Account_friends_many"', ''),
      ('public."Account_groups_Group_accounts"', ''),
      ('public."Account_peerOf_Account_peers"', ''),
      ('public."Account_tags_many"', '')
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
    public."Account",
    public."Account_groups",
    public."Account_tags",
    public."Group",
    public."Group_accounts",
    public."User",
    public."User_groups"
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
        ('public."User"', 'account', true),
        ('public."Group_accounts"', 'Group_id', false),
        ('public."Group_accounts"', 'Account_id', false),
        ('public."User_groups"', 'User_id', false),
        ('public."User_groups"', 'Group_id', false)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT id AS left_id, "user" AS right_id FROM public."Account" WHERE "user" IS NOT NULL) AS kept
      FULL JOIN (SELECT account AS left_id, id AS right_id FROM public."User" WHERE account IS NOT NULL) AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT "Account_id" AS left_id, "Group_id" AS right_id FROM public."Account_groups") AS kept
      FULL JOIN (SELECT "Account_id" AS left_id, "Group_id" AS right_id FROM public."Group_accounts") AS dropped USING (left_id, right_id)
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
    FROM (SELECT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
      FROM (SELECT id AS left_id, owner AS right_id FROM public."Group" WHERE owner IS NOT NULL) AS kept
      FULL JOIN (SELECT "Group_id" AS left_id, "User_id" AS right_id FROM public."User_groups") AS dropped USING (left_id, right_id)
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

-- Foreign keys, indexes and NOT NULL constraints follow the new names
DO $$
DECLARE
  item record;
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
