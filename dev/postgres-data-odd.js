'use strict';

// What people do to a Keystone's database by hand, as SQL: for `postgres-odd.spec.js`. The tables are
// those of `LISTS`.

const { KINDS } = require('./postgres-data-model');

const { Todo, User } = KINDS.lists;

/** The relationships that are stored twice, and one join table that is only renamed. */
const LISTS = {
  lists: {
    Todo: {
      fields: { ...Todo.fields, reviewers: { type: 'Relationship', ref: 'User', many: true } },
    },
    User,
  },
};

/** A few rows on which both sides agree. */
const ROWS = `
INSERT INTO "Todo" (name) VALUES ('t1'), ('t2');
INSERT INTO "User" (name) VALUES ('u1'), ('u2');
UPDATE "Todo" SET "leadAuthor" = 1, publisher = 2 WHERE id = 1;
UPDATE "User" SET "leadPost" = 1, above = 2 WHERE id = 1;
UPDATE "User" SET below = 1, task = 2 WHERE id = 2;
INSERT INTO "User_published" ("User_id", "Todo_id") VALUES (2, 1);
INSERT INTO "Todo_team" ("Todo_id", "User_id") VALUES (2, 2);
INSERT INTO "Todo_readers" ("Todo_id", "User_id") VALUES (1, 1), (2, 1);
INSERT INTO "User_readPosts" ("Todo_id", "User_id") VALUES (1, 1), (2, 1);
INSERT INTO "Todo_reviewers" ("Todo_id", "User_id") VALUES (1, 2);
`;

const TRIGGER = `CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';`;
const ROLE = `DO $$ BEGIN CREATE ROLE odd_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;`;

/** What would go with a dropped table or column: the SQL that makes it, and its name in the error. */
const GOING = {
  'a partial index that asks for a dropped column': [
    `CREATE INDEX hers ON "User" (name) WHERE "leadPost" IS NOT NULL`,
    'index hers',
  ],
  'an index on an expression of a dropped column': [
    `CREATE INDEX hers ON "User" ((coalesce("leadPost", 0)))`,
    'index hers',
  ],
  'an index on a dropped column and another': [
    `CREATE INDEX hers ON "User" (name, "leadPost")`,
    'index hers',
  ],
  'a second index on a dropped column': [`CREATE INDEX hers ON "User" ("leadPost")`, 'index hers'],
  'a unique index on a dropped column': [
    `DROP INDEX user_leadpost_index; CREATE UNIQUE INDEX hers ON "User" ("leadPost")`,
    'index hers',
  ],
  'a check of a dropped column': [
    `ALTER TABLE "User" ADD CONSTRAINT hers CHECK ("leadPost" > 0 OR name IS NULL)`,
    'constraint hers on table "User"',
  ],
  'a default of a dropped column': [
    `ALTER TABLE "User" ALTER "leadPost" SET DEFAULT 1`,
    'default value for column leadPost of table "User"',
  ],
  'a comment on a dropped column': [
    `COMMENT ON COLUMN "User"."leadPost" IS 'hers'`,
    'comment on column leadPost of table "User"',
  ],
  'privileges on a dropped column': [
    `${ROLE} GRANT SELECT ("leadPost") ON "User" TO odd_reader`,
    'privileges on column leadPost of table "User"',
  ],
  'statistics on a dropped column': [
    `CREATE STATISTICS hers ON "leadPost", name FROM "User"`,
    'statistics object hers',
  ],
  'a column of a dropped table': [
    `ALTER TABLE "User_readPosts" ADD COLUMN since date`,
    'column since of table "User_readPosts"',
  ],
  'a primary key of a dropped table': [
    `ALTER TABLE "User_readPosts" ADD CONSTRAINT hers PRIMARY KEY ("User_id", "Todo_id")`,
    'constraint hers on table "User_readPosts"',
  ],
  'a unique constraint on one column of a dropped table': [
    `ALTER TABLE "User_published" ADD CONSTRAINT hers UNIQUE ("Todo_id")`,
    'constraint hers on table "User_published"',
  ],
  'a second foreign key of a dropped table': [
    `ALTER TABLE "User_published" ADD CONSTRAINT hers FOREIGN KEY ("Todo_id") REFERENCES "Todo"`,
    'constraint hers on table "User_published"',
  ],
  'a trigger of a dropped table': [
    `${TRIGGER} CREATE TRIGGER hers AFTER INSERT ON "User_readPosts" FOR EACH ROW EXECUTE FUNCTION nothing()`,
    'trigger hers on table "User_readPosts"',
  ],
  'a rule of a dropped table': [
    `CREATE RULE hers AS ON DELETE TO "User_readPosts" DO INSTEAD NOTHING`,
    'rule hers on table "User_readPosts"',
  ],
  'a policy of a dropped table': [
    `CREATE POLICY hers ON "User_readPosts"`,
    'policy hers on table "User_readPosts"',
  ],
  'row-level security of a dropped table': [
    `ALTER TABLE "User_readPosts" ENABLE ROW LEVEL SECURITY`,
    'row-level security of "User_readPosts"',
  ],
  'privileges on a dropped table': [
    `${ROLE} GRANT SELECT ON "User_readPosts" TO odd_reader`,
    'privileges of odd_reader on "User_readPosts"',
  ],
  'privileges of all on a dropped table': [
    `GRANT SELECT ON "User_readPosts" TO PUBLIC`,
    'privileges of public on "User_readPosts"',
  ],
  'a comment on a dropped table': [
    `COMMENT ON TABLE "User_readPosts" IS 'hers'`,
    'comment on table "User_readPosts"',
  ],
  'a comment on an index of a dropped table': [
    `COMMENT ON INDEX user_readposts_todo_id_index IS 'hers'`,
    'comment on index user_readposts_todo_id_index',
  ],
  'a comment on a constraint of a dropped table': [
    `COMMENT ON CONSTRAINT user_readposts_todo_id_foreign ON "User_readPosts" IS 'hers'`,
    'comment on constraint user_readposts_todo_id_foreign',
  ],
  'a sequence owned by a dropped table': [
    `CREATE SEQUENCE hers OWNED BY "User_readPosts"."User_id"`,
    'sequence hers',
  ],
  'a publication of a dropped table': [
    `CREATE PUBLICATION hers FOR TABLE "User_readPosts"`,
    'publication hers',
  ],
};

/** What makes the server itself refuse the drop. */
const REFUSED = {
  'a view on a dropped column': `CREATE VIEW hers AS SELECT "leadPost" FROM "User"`,
  'a materialized view on a dropped column': `CREATE MATERIALIZED VIEW hers AS SELECT "leadPost" FROM "User"`,
  'a view on a dropped table': `CREATE VIEW hers AS SELECT * FROM "User_readPosts"`,
  'a materialized view on a dropped table': `CREATE MATERIALIZED VIEW hers AS SELECT count(*) FROM "User_readPosts"`,
  'a rule of another table that reads a dropped one': `CREATE TABLE log (id int); CREATE RULE hers AS ON INSERT TO log DO ALSO DELETE FROM "User_readPosts"`,
  'a trigger on updates of a dropped column': `${TRIGGER} CREATE TRIGGER hers AFTER UPDATE OF "leadPost" ON "User" FOR EACH ROW EXECUTE FUNCTION nothing()`,
  'a policy that asks for a dropped column': `CREATE POLICY hers ON "User" USING ("leadPost" = 1)`,
  'a generated column from a dropped one': `ALTER TABLE "User" ADD COLUMN hers int GENERATED ALWAYS AS ("leadPost" + 1) STORED`,
  'a table that inherits from a dropped one': `CREATE TABLE hers () INHERITS ("User_readPosts")`,
  'a foreign key to a dropped column': `DROP INDEX user_leadpost_index; ALTER TABLE "User" ADD CONSTRAINT u UNIQUE ("leadPost"); CREATE TABLE hers (id int REFERENCES "User" ("leadPost"))`,
};

/** What hangs on a table that is renamed, or on one that loses a column and stays. */
const STAYING = {
  indexes: `CREATE INDEX hers ON "Todo_reviewers" ("Todo_id", "User_id"); CREATE INDEX his ON "Todo_reviewers" ("User_id") WHERE "Todo_id" > 3; CREATE INDEX its ON "User" (name)`,
  'a primary key': `ALTER TABLE "Todo_reviewers" ADD CONSTRAINT hers PRIMARY KEY ("Todo_id", "User_id")`,
  'a check': `ALTER TABLE "Todo_reviewers" ADD CONSTRAINT hers CHECK ("Todo_id" > 0); ALTER TABLE "User" ADD CONSTRAINT his CHECK (name <> '')`,
  'a unique constraint': `ALTER TABLE "Todo_reviewers" ADD CONSTRAINT hers UNIQUE ("User_id")`,
  'columns with defaults': `ALTER TABLE "Todo_reviewers" ADD COLUMN since date DEFAULT '2020-02-02'; ALTER TABLE "User" ADD COLUMN hers text DEFAULT 'x'`,
  'a generated column': `ALTER TABLE "Todo_reviewers" ADD COLUMN hers int GENERATED ALWAYS AS ("Todo_id" * 2) STORED`,
  triggers: `${TRIGGER} CREATE TRIGGER hers AFTER INSERT OR UPDATE OF "Todo_id" ON "Todo_reviewers" FOR EACH ROW EXECUTE FUNCTION nothing(); CREATE TRIGGER his AFTER UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION nothing()`,
  'a rule': `CREATE RULE hers AS ON DELETE TO "Todo_reviewers" DO INSTEAD NOTHING`,
  'policies and row-level security': `CREATE POLICY hers ON "Todo_reviewers" USING ("Todo_id" > 0); ALTER TABLE "Todo_reviewers" ENABLE ROW LEVEL SECURITY; CREATE POLICY his ON "User" USING (name <> ''); ALTER TABLE "User" ENABLE ROW LEVEL SECURITY`,
  comments: `COMMENT ON TABLE "Todo_reviewers" IS 'hers'; COMMENT ON COLUMN "Todo_reviewers"."User_id" IS 'his'; COMMENT ON TABLE "User" IS 'its'`,
  privileges: `${ROLE} GRANT SELECT ON "Todo_reviewers" TO odd_reader; GRANT INSERT ("Todo_id") ON "Todo_reviewers" TO odd_reader; GRANT SELECT ON "User" TO PUBLIC; GRANT SELECT (name) ON "Todo" TO odd_reader`,
  'an unlogged table with storage options': `ALTER TABLE "Todo_reviewers" SET UNLOGGED; ALTER TABLE "Todo_reviewers" SET (fillfactor = 70)`,
};

module.exports = { GOING, LISTS, REFUSED, ROWS, STAYING };
