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
    'public."InternationalPublication"',
    'public."InternationalPublication_contributingResearchers_Researcher_pub"',
    'public."InternationalPublication_distinguishedPeerReviewersOfRecord_man"',
    'public."OrganisationDepartment_subordinateDepartmentsOfRecord_many"',
    'public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough______many"',
    'public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne______many"',
    'public."Researcher"'
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
        ('stays', 'public."Researcher"', 'id'),
        ('stays', 'public."InternationalPublication"', 'id'),
        ('goes', 'public."InternationalPublication_contributingResearchers_Researcher_pub"', 'InternationalPublication_left_id'),
        ('goes', 'public."InternationalPublication_contributingResearchers_Researcher_pub"', 'Researcher_right_id'),
        ('goes', 'public."OrganisationDepartment_subordinateDepartmentsOfRecord_many"', 'OrganisationDepartment_left_id'),
        ('goes', 'public."OrganisationDepartment_subordinateDepartmentsOfRecord_many"', 'OrganisationDepartmentArchive_right_id'),
        ('goes', 'public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough______many"', 'Post_left_id'),
        ('goes', 'public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough______many"', 'Tag_right_id'),
        ('goes', 'public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne______many"', 'Post_left_id'),
        ('goes', 'public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne______many"', 'Tag_right_id'),
        ('goes', 'public."InternationalPublication_distinguishedPeerReviewersOfRecord_man"', 'InternationalPublication_left_id'),
        ('goes', 'public."InternationalPublication_distinguishedPeerReviewersOfRecord_man"', 'Researcher_right_id'),
        ('comes', 'public."InternationalPublication_contributingResearchers"', ''),
        ('comes', 'public."OrganisationDepartment_subordinateDepartmentsOfRecord"', ''),
        ('comes', 'public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', ''),
        ('comes', 'public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', ''),
        ('comes', 'public."InternationalPublication_distinguishedPeerReviewersOfRecord"', ''),
        ('comes', 'public."Researcher_publications"', ''),
        ('ends', 'public."InternationalPublication_contributingResearchers"', 'InternationalPublication_id'),
        ('ends', 'public."InternationalPublication_contributingResearchers"', 'Researcher_id'),
        ('ends', 'public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartment_id'),
        ('ends', 'public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartmentArchive_id'),
        ('ends', 'public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Post_id'),
        ('ends', 'public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Tag_id'),
        ('ends', 'public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Post_id'),
        ('ends', 'public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Tag_id'),
        ('ends', 'public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'InternationalPublication_id'),
        ('ends', 'public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'Researcher_id'),
        ('ends', 'public."Researcher_publications"', 'Researcher_id'),
        ('ends', 'public."Researcher_publications"', 'InternationalPublication_id')
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

-- InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
ALTER TABLE public."InternationalPublication_contributingResearchers_Researcher_pub" RENAME TO "InternationalPublication_contributingResearchers";
ALTER TABLE public."InternationalPublication_contributingResearchers" RENAME COLUMN "InternationalPublication_left_id" TO "InternationalPublication_id";
ALTER TABLE public."InternationalPublication_contributingResearchers" RENAME COLUMN "Researcher_right_id" TO "Researcher_id";

-- OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
ALTER TABLE public."OrganisationDepartment_subordinateDepartmentsOfRecord_many" RENAME TO "OrganisationDepartment_subordinateDepartmentsOfRecord";
ALTER TABLE public."OrganisationDepartment_subordinateDepartmentsOfRecord" RENAME COLUMN "OrganisationDepartment_left_id" TO "OrganisationDepartment_id";
ALTER TABLE public."OrganisationDepartment_subordinateDepartmentsOfRecord" RENAME COLUMN "OrganisationDepartmentArchive_right_id" TO "OrganisationDepartmentArchive_id";

-- Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
ALTER TABLE public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough______many" RENAME TO "Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____";
ALTER TABLE public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____" RENAME COLUMN "Tag_right_id" TO "Tag_id";

-- Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
ALTER TABLE public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne______many" RENAME TO "Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____";
ALTER TABLE public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____" RENAME COLUMN "Post_left_id" TO "Post_id";
ALTER TABLE public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____" RENAME COLUMN "Tag_right_id" TO "Tag_id";

-- InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
ALTER TABLE public."InternationalPublication_distinguishedPeerReviewersOfRecord_man" RENAME TO "InternationalPublication_distinguishedPeerReviewersOfRecord";
ALTER TABLE public."InternationalPublication_distinguishedPeerReviewersOfRecord" RENAME COLUMN "InternationalPublication_left_id" TO "InternationalPublication_id";
ALTER TABLE public."InternationalPublication_distinguishedPeerReviewersOfRecord" RENAME COLUMN "Researcher_right_id" TO "Researcher_id";

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
        ('public."InternationalPublication_contributingResearchers"', 'InternationalPublication_id', 'foreign key', 'internationalpublication_contributingresearchers_researcher_pub', 'internationalpublication_contributingresearchers_internationalp'),
        ('public."InternationalPublication_contributingResearchers"', 'InternationalPublication_id', 'index', 'internationalpublication_contributingresearchers_researcher_pub', 'internationalpublication_contributingresearchers_internationalp'),
        ('public."InternationalPublication_contributingResearchers"', 'InternationalPublication_id', 'not null', 'InternationalPublication_co_InternationalPublication_l_not_null', 'InternationalPublication_co_InternationalPublication_i_not_null'),
        ('public."InternationalPublication_contributingResearchers"', 'Researcher_id', 'foreign key', 'internationalpublication_contributingresearchers_researcher_p_2', 'internationalpublication_contributingresearchers_researcher_id_'),
        ('public."InternationalPublication_contributingResearchers"', 'Researcher_id', 'index', 'internationalpublication_contributingresearchers_researcher_p_2', 'internationalpublication_contributingresearchers_researcher_id_'),
        ('public."InternationalPublication_contributingResearchers"', 'Researcher_id', 'not null', 'InternationalPublication_contribut_Researcher_right_id_not_null', 'InternationalPublication_contributingRes_Researcher_id_not_null'),
        ('public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartment_id', 'foreign key', 'organisationdepartment_subordinatedepartmentsofrecord_many_orga', 'organisationdepartment_subordinatedepartmentsofrecord_organisat'),
        ('public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartment_id', 'index', 'organisationdepartment_subordinatedepartmentsofrecord_many_orga', 'organisationdepartment_subordinatedepartmentsofrecord_organisat'),
        ('public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartment_id', 'not null', 'OrganisationDepartment_subo_OrganisationDepartment_lef_not_null', 'OrganisationDepartment_subor_OrganisationDepartment_id_not_null'),
        ('public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartmentArchive_id', 'foreign key', 'organisationdepartment_subordinatedepartmentsofrecord_many_or_2', 'organisationdepartment_subordinatedepartmentsofrecord_organis_2'),
        ('public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartmentArchive_id', 'index', 'organisationdepartment_subordinatedepartmentsofrecord_many_or_2', 'organisationdepartment_subordinatedepartmentsofrecord_organis_2'),
        ('public."OrganisationDepartment_subordinateDepartmentsOfRecord"', 'OrganisationDepartmentArchive_id', 'not null', 'OrganisationDepartment_subo_OrganisationDepartmentArch_not_null', 'OrganisationDepartment_subo_OrganisationDepartmentArch_not_null'),
        ('public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Post_id', 'foreign key', 'post_tablenameofsixtyonebyteswhichisjustshortenough______many_p', 'post_tablenameofsixtyonebyteswhichisjustshortenough______post_i'),
        ('public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Post_id', 'index', 'post_tablenameofsixtyonebyteswhichisjustshortenough______many_p', 'post_tablenameofsixtyonebyteswhichisjustshortenough______post_i'),
        ('public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Post_id', 'not null', 'Post_tableNameOfSixtyOneBytesWhichIsJustS_Post_left_id_not_null', 'Post_tableNameOfSixtyOneBytesWhichIsJustShortE_Post_id_not_null'),
        ('public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Tag_id', 'foreign key', 'post_tablenameofsixtyonebyteswhichisjustshortenough______many_t', 'post_tablenameofsixtyonebyteswhichisjustshortenough______tag_id'),
        ('public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Tag_id', 'index', 'post_tablenameofsixtyonebyteswhichisjustshortenough______many_t', 'post_tablenameofsixtyonebyteswhichisjustshortenough______tag_id'),
        ('public."Post_tableNameOfSixtyOneBytesWhichIsJustShortEnough_____"', 'Tag_id', 'not null', 'Post_tableNameOfSixtyOneBytesWhichIsJustS_Tag_right_id_not_null', 'Post_tableNameOfSixtyOneBytesWhichIsJustShortEn_Tag_id_not_null'),
        ('public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Post_id', 'foreign key', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______many_', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______post_'),
        ('public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Post_id', 'index', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______many_', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______post_'),
        ('public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Post_id', 'not null', 'Post_tableNameOfSixtyTwoBytesWhichIsTooLo_Post_left_id_not_null', 'Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJ_Post_id_not_null'),
        ('public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Tag_id', 'foreign key', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______man_2', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______tag_i'),
        ('public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Tag_id', 'index', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______man_2', 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______tag_i'),
        ('public."Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____"', 'Tag_id', 'not null', 'Post_tableNameOfSixtyTwoBytesWhichIsTooLo_Tag_right_id_not_null', 'Post_tableNameOfSixtyTwoBytesWhichIsTooLongByJu_Tag_id_not_null'),
        ('public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'InternationalPublication_id', 'foreign key', 'internationalpublication_distinguishedpeerreviewersofrecord_man', 'internationalpublication_distinguishedpeerreviewersofrecord_int'),
        ('public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'InternationalPublication_id', 'index', 'internationalpublication_distinguishedpeerreviewersofrecord_man', 'internationalpublication_distinguishedpeerreviewersofrecord_int'),
        ('public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'InternationalPublication_id', 'not null', 'InternationalPublication_di_InternationalPublication_l_not_null', 'InternationalPublication_di_InternationalPublication_i_not_null'),
        ('public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'Researcher_id', 'foreign key', 'internationalpublication_distinguishedpeerreviewersofrecord_m_2', 'internationalpublication_distinguishedpeerreviewersofrecord_res'),
        ('public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'Researcher_id', 'index', 'internationalpublication_distinguishedpeerreviewersofrecord_m_2', 'internationalpublication_distinguishedpeerreviewersofrecord_res'),
        ('public."InternationalPublication_distinguishedPeerReviewersOfRecord"', 'Researcher_id', 'not null', 'InternationalPublication_distingui_Researcher_right_id_not_null', 'InternationalPublication_distinguishedPe_Researcher_id_not_null')
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

-- InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
CREATE TABLE public."Researcher_publications" (
  "Researcher_id" integer NOT NULL,
  "InternationalPublication_id" integer NOT NULL
);
INSERT INTO public."Researcher_publications" ("Researcher_id", "InternationalPublication_id") SELECT link."Researcher_id" AS near, link."InternationalPublication_id" AS far FROM public."InternationalPublication_contributingResearchers" AS link;
CREATE INDEX researcher_publications_researcher_id_index ON public."Researcher_publications" ("Researcher_id");
CREATE INDEX researcher_publications_internationalpublication_id_index ON public."Researcher_publications" ("InternationalPublication_id");
ALTER TABLE public."Researcher_publications" ADD CONSTRAINT researcher_publications_researcher_id_foreign FOREIGN KEY ("Researcher_id") REFERENCES public."Researcher" (id) ON DELETE CASCADE;
ALTER TABLE public."Researcher_publications" ADD CONSTRAINT researcher_publications_internationalpublication_id_foreign FOREIGN KEY ("InternationalPublication_id") REFERENCES public."InternationalPublication" (id) ON DELETE CASCADE;

COMMIT;
