-- keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
-- Adapter pg, PostgreSQL schema public. Order of left and right: locale *.
-- Take a backup first (pg_dump) and stop the application. Then run it whole:
--   psql -v ON_ERROR_STOP=1 -f <this file> <database>
-- It is one transaction: it ends in the other schema, or with an error and no change.
-- squawk-ignore-file renaming-table, renaming-column, ban-drop-table, ban-drop-column

BEGIN ISOLATION LEVEL READ COMMITTED;
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = 0;
SET LOCAL work_mem = '64MB';
SET LOCAL row_security = off;

-- Locking 4 tables
DO $$
DECLARE
  tab text;
BEGIN
  FOREACH tab IN ARRAY ARRAY[
    'public."Post"', 'public."Post_tags"', 'public."Tag"', 'public."Tag_posts"'
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
        ('Tag_posts', ARRAY['Tag_id', 'Post_id'], NULL, NULL),
        ('Post_tags', ARRAY['Post_id', 'Tag_id'], 'Post_tags_Tag_posts', ARRAY['Post_left_id', 'Tag_right_id'])
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

-- Checking for views, triggers and grants on what is dropped
DO $$
DECLARE
  trouble record;
BEGIN
  FOR trouble IN
    WITH dropped (tab, attnum, is_table, is_unique, is_indexed) AS (
      SELECT attrelid, attnum, is_table, is_unique, is_indexed
      FROM (VALUES
        ('Tag_posts', ARRAY['Tag_id', 'Post_id'], true, false, true)
      ) AS named (tab, cols, is_table, is_unique, is_indexed)
      JOIN pg_attribute ON attrelid = to_regclass(format('%I.%I', 'public', tab)) AND attname = ANY (cols)
    ), tables AS (
      SELECT oid AS tab, relacl, relowner, relrowsecurity
      FROM pg_class WHERE oid IN (SELECT tab FROM dropped WHERE is_table)
    ), part (classid, objid, objsubid) AS (
      -- What the server drops along without a word, and what keeps it from dropping
      SELECT classid, objid, objsubid
      FROM pg_depend JOIN dropped ON refobjid = tab AND (is_table OR refobjsubid = attnum)
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
    SELECT string_agg(regexp_replace(what, '^rule _RETURN on ', ''), ', ' ORDER BY what) AS dependents FROM dependent
  LOOP
    IF trouble.dependents IS NOT NULL THEN
      RAISE EXCEPTION USING
        MESSAGE = format('This depends on the tables and columns that are dropped: %s', trouble.dependents),
        HINT = 'Nothing has been changed. Keystone does not make these. Keep what you need of them elsewhere, drop them (REVOKE privileges), then run the migration again.';
    END IF;
  END LOOP;
END $$;

-- Checking that both sides of 1 relationship hold the same links
DO $$
DECLARE
  sides record;
  difference record;
  problems text;
BEGIN
  FOR sides IN
    SELECT * FROM (VALUES
      ('Post.tags -> Tag.posts', 'Post_tags', 'SELECT "Post_id", "Tag_id" FROM public."Post_tags"', 'Tag_posts', 'SELECT "Post_id", "Tag_id" FROM public."Tag_posts"')
    ) AS stored (relationship, kept, kept_links, dropped, dropped_links)
  LOOP
    EXECUTE format($query$
      WITH difference AS (
        SELECT DISTINCT left_id, right_id, kept.left_id IS NOT NULL AS is_kept
        FROM (%s) AS kept (left_id, right_id)
          FULL JOIN (%s) AS dropped (left_id, right_id) USING (left_id, right_id)
        WHERE kept.left_id IS NULL OR dropped.left_id IS NULL
      ), numbered AS (
        SELECT *, row_number() OVER (ORDER BY left_id, right_id) AS position FROM difference
      )
      SELECT count(*) FILTER (WHERE is_kept) AS only_kept,
        count(*) FILTER (WHERE NOT is_kept) AS only_dropped,
        string_agg(concat('(', left_id, ', ', right_id, ') only in ', CASE WHEN is_kept THEN %L ELSE %L END),
          ', ' ORDER BY position) FILTER (WHERE position <= 5) AS examples
      FROM numbered
    $query$, sides.kept_links, sides.dropped_links, sides.kept, sides.dropped) INTO difference;
    IF difference.only_kept + difference.only_dropped > 0 THEN
      problems := concat_ws(chr(10), problems, format('%s: the two stored sides disagree. Links that only %s has: %s; that only %s has: %s. For example (left id, right id): %s',
        sides.relationship, sides.kept, difference.only_kept, sides.dropped, difference.only_dropped,
        difference.examples));
    END IF;
  END LOOP;
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING
      MESSAGE = problems,
      HINT = 'Nothing has been changed. Bring both sides into agreement, or use --reconcile, which repairs them by the rules in the README.';
  END IF;
END $$;

-- Post.tags -> Tag.posts (two-sided: many to many)
DROP TABLE public."Tag_posts";
ALTER TABLE public."Post_tags" RENAME TO "Post_tags_Tag_posts";
ALTER TABLE public."Post_tags_Tag_posts" RENAME COLUMN "Post_id" TO "Post_left_id";
ALTER TABLE public."Post_tags_Tag_posts" RENAME COLUMN "Tag_id" TO "Tag_right_id";

-- Renaming foreign keys, indexes and NOT NULL constraints
DO $$
DECLARE
  item record;
  command text;
  temporary text;
  pending text[] := '{}';
BEGIN
  FOR item IN
    SELECT attrelid::regclass::text AS tab, attname AS col, kind, actual.name, new_name,
      row_number() OVER (
        PARTITION BY attrelid, attnum, kind
        ORDER BY actual.name = new_name DESC, actual.name = old_name DESC, actual.name
      ) AS position
    FROM (VALUES
        ('Post_tags', ARRAY['Post_id', 'Tag_id'], 'Post_tags_Tag_posts', ARRAY['Post_left_id', 'Tag_right_id'])
      ) AS renamed (old, old_columns, new, new_columns)
      CROSS JOIN unnest(old_columns, new_columns) AS pair (old_column, new_column)
      CROSS JOIN (VALUES ('foreign key', 'foreign'), ('index', 'index'), ('not null', 'not_null')) AS kinds (kind, suffix)
      -- Keystone's names, and PostgreSQL's own for NOT NULL, of at most 63 bytes
      CROSS JOIN LATERAL (SELECT
        left(lower(concat_ws('_', old, old_column, suffix) COLLATE "C"), 63),
        CASE kind WHEN 'not null'
          THEN concat_ws('_', left(new, greatest(27, 53 - length(new_column))),
            left(new_column, greatest(26, 53 - length(new))), suffix)
          ELSE left(lower(concat_ws('_', new, new_column, suffix) COLLATE "C"), 63) END
      ) AS names (old_name, new_name)
      JOIN pg_attribute ON attrelid = to_regclass(format('%I.%I', 'public', new)) AND attname = new_column
      LEFT JOIN LATERAL (
        SELECT conname FROM pg_constraint
        WHERE conrelid = attrelid AND conkey = ARRAY[attnum]
          AND contype = CASE kind WHEN 'foreign key' THEN 'f' WHEN 'not null' THEN 'n' END::"char"
        UNION ALL
        SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE kind = 'index' AND indrelid = attrelid AND indnatts = 1 AND indkey[0] = attnum
          AND NOT indisunique AND indpred IS NULL
      ) AS actual (name) ON true
    ORDER BY tab, col, kind, position
  LOOP
    IF item.name IS NULL AND item.kind <> 'not null' THEN
      RAISE NOTICE '%.% has no %', item.tab, item.col, item.kind;
    ELSIF item.position > 1 THEN
      RAISE NOTICE '%.% has one more %, which keeps its name %',
        item.tab, item.col, item.kind, item.name;
    ELSIF item.name <> item.new_name THEN
      command := CASE item.kind
        WHEN 'index' THEN 'ALTER INDEX ' || replace(quote_ident('public'), '%', '%%') || '.%I RENAME TO %I'
        ELSE 'ALTER TABLE ' || replace(item.tab, '%', '%%') || ' RENAME CONSTRAINT %I TO %I'
      END;
      temporary := 'keystone_renames_' || coalesce(array_length(pending, 1), 0);
      EXECUTE format(command, item.name, temporary);
      pending := pending || ARRAY[ARRAY[command, temporary, item.name, item.new_name]];
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
END $$;

COMMIT;
