'use strict';

// Databases that are not quite what the old Keystone makes: names of one's own, parts that are
// missing, things that people have added. Nothing may fail for a name alone, nothing may vanish
// without a word, and after an error everything is as it was.

const { planUpgrade } = require('..');
const { rowsText, schemaText } = require('../dev/catalogue');
const { startKeystone } = require('../dev/keystone-process');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { GOING, LISTS, REFUSED, ROWS, STAYING } = require('../dev/postgres-data-odd');

let old;
let current;
let plan;
let UP;
let DOWN;

beforeAll(async () => {
  old = startKeystone('old');
  current = startKeystone('new');
  plan = await planOf(LISTS);
  UP = plan.migration();
  DOWN = plan.migration({ direction: 'down' });
});

afterAll(async () => {
  if (old) await old.stop();
  if (current) await current.stop();
});

async function planOf(scenario) {
  const session = await current.open(scenario);
  try {
    return planUpgrade(await session.snapshot());
  } finally {
    await session.close();
  }
}

const relationship = (ref, many = false, options = {}) => ({
  type: 'Relationship',
  ref,
  many,
  ...options,
});

/** A project with few lists: the fields of each are its relationships. */
const project = (lists, knex) => ({
  ...(knex && { knex }),
  lists: Object.fromEntries(Object.entries(lists).map(([key, fields]) => [key, { fields }])),
});

/** Lines of the one text that the other has not, each as often as it is more often there. */
function linesBeyond(text, other) {
  const rest = other.split('\n');
  return text.split('\n').filter((line) => {
    const at = rest.indexOf(line);
    if (at < 0) return true;
    rest.splice(at, 1);
    return false;
  });
}

describe.each(postgresVersions())('PostgreSQL %s', (version) => {
  let server;
  let count = 0;
  const made = [];
  /** The schema of the database of `LISTS` after a migration that met nothing odd. */
  let oldSchema;
  let newSchema;

  beforeAll(async () => {
    server = await startPostgres(version);
    await makeTables(old, 'old', LISTS);
    expect((await server.runScript('old', ROWS)).error).toBe(null);
    oldSchema = await server.schemaOf('old');
    const database = await oddDatabase('');
    expect(await server.runScript(database, UP)).toEqual({ error: null, notices: [] });
    newSchema = await server.schemaOf(database);
  });

  afterAll(() => server && server.stop());

  /** The database of a project as a Keystone makes it. */
  async function makeTables(keystone, database, scenario) {
    await server.createDatabase(database);
    const session = await keystone.open(scenario, server.url(database));
    const failures = await session.createSchema();
    await session.close();
    return failures;
  }

  // They would take 8 MB each until the end.
  afterEach(async () => {
    for (const database of made.splice(0)) await server.dropDatabase(database);
  });

  /** A copy of the database `template`, changed by hand. */
  async function oddDatabase(sql, template = 'old') {
    count += 1;
    const database = `odd ${count}`;
    made.push(database);
    await server.createDatabase(database, template);
    expect((await server.runScript(database, sql)).error).toBe(null);
    return database;
  }

  const stateOf = async (database) => {
    const client = await server.connect(database);
    try {
      return [await schemaText(client), await rowsText(client)];
    } finally {
      await client.end();
    }
  };

  /** Runs a script that has to stop, with everything left as it was. */
  async function stop(database, script) {
    const before = await stateOf(database);
    const { error } = await server.runScript(database, script);
    expect(error).not.toBe(null);
    expect(await stateOf(database)).toEqual(before);
    return error;
  }

  /**
   * The error of a script after changes of the same transaction, which is always undone: that saves
   * a database for each of many cases.
   */
  async function errorAfter(sql, script) {
    const client = await server.connect('old');
    try {
      await client.query('BEGIN');
      await client.query(sql);
      return await client.query(script).then(
        () => null,
        (error) => error,
      );
    } finally {
      await client.query('ROLLBACK');
      await client.end();
    }
  }

  /** Runs a script that has to succeed; returns its notices. */
  async function succeed(database, script) {
    const { error, notices } = await server.runScript(database, script);
    expect(error).toBe(null);
    return notices;
  }

  /** What the schema of `LISTS`, migrated, has differently in a database. */
  async function differences(database) {
    const schema = await server.schemaOf(database);
    return {
      missing: linesBeyond(newSchema, schema),
      additional: linesBeyond(schema, newSchema),
    };
  }
  const NONE = { missing: [], additional: [] };

  describe('names of constraints and indexes', () => {
    it.each([
      [
        'a foreign key',
        'ALTER TABLE "Todo_reviewers" RENAME CONSTRAINT todo_reviewers_todo_id_foreign TO "A ""name"""',
      ],
      ['an index', 'ALTER INDEX todo_reviewers_user_id_index RENAME TO "An ""index"""'],
      [
        'two indexes, exchanged',
        'ALTER INDEX todo_reviewers_user_id_index RENAME TO between; ALTER INDEX todo_reviewers_todo_id_index RENAME TO todo_reviewers_user_id_index; ALTER INDEX between RENAME TO todo_reviewers_todo_id_index',
      ],
      [
        'an index named as the new one of another column',
        'ALTER INDEX todo_reviewers_user_id_index RENAME TO todo_reviewers_many_todo_left_id_index',
      ],
      [
        'a foreign key named as the new one of another column',
        'ALTER TABLE "Todo_reviewers" RENAME CONSTRAINT todo_reviewers_user_id_foreign TO todo_reviewers_many_todo_left_id_foreign',
      ],
    ])('gives %s made by hand the expected name', async (_, sql) => {
      const database = await oddDatabase(sql);
      expect(await succeed(database, UP)).toEqual([]);
      expect(await differences(database)).toEqual(NONE);
      expect(await succeed(database, DOWN)).toEqual([]);
      expect(await server.schemaOf(database)).toEqual(oldSchema);
    });

    it('gives NOT NULL constraints the expected name, where they have one', async () => {
      const [{ named }] = await server.query(
        'old',
        `SELECT count(*)::int AS named FROM pg_constraint WHERE conname = 'Todo_reviewers_Todo_id_not_null'`,
      );
      const database = await oddDatabase(
        named
          ? 'ALTER TABLE "Todo_reviewers" RENAME CONSTRAINT "Todo_reviewers_Todo_id_not_null" TO mine'
          : 'ALTER TABLE "Todo_reviewers" ALTER "Todo_id" DROP NOT NULL',
      );
      expect(await succeed(database, UP)).toEqual([]);
      const nullable = {
        missing: ['column public."Todo_reviewers_many"."Todo_left_id" integer not null'],
        additional: ['column public."Todo_reviewers_many"."Todo_left_id" integer'],
      };
      expect(await differences(database)).toEqual(named ? NONE : nullable);
    });

    it('says which are missing', async () => {
      const database = await oddDatabase(
        'ALTER TABLE "Todo_reviewers" DROP CONSTRAINT todo_reviewers_todo_id_foreign; DROP INDEX todo_reviewers_user_id_index',
      );
      const notices = await succeed(database, UP);
      expect(notices.sort()).toEqual([
        'public."Todo_reviewers_many".Todo_left_id has no foreign key',
        'public."Todo_reviewers_many".User_right_id has no index',
      ]);
      const { missing, additional } = await differences(database);
      expect(additional).toEqual([]);
      expect(missing).toEqual([
        expect.stringContaining('todo_reviewers_many_todo_left_id_foreign'),
        expect.stringContaining('todo_reviewers_many_user_right_id_index'),
      ]);
    });

    it('does not take an index of some rows for that of all', async () => {
      const database = await oddDatabase(
        'DROP INDEX todo_reviewers_todo_id_index; CREATE INDEX hers ON "Todo_reviewers" ("Todo_id") WHERE "User_id" > 1',
      );
      expect(await succeed(database, UP)).toHaveLength(1); // The one that is missing.
      const { missing, additional } = await differences(database);
      expect(missing).toEqual([
        expect.stringContaining('INDEX todo_reviewers_many_todo_left_id_index'),
      ]);
      expect(additional).toEqual([expect.stringMatching(/INDEX hers .* WHERE/)]);
    });

    it('says which are there once more', async () => {
      const database = await oddDatabase(
        'CREATE INDEX one_more ON "Todo_reviewers" ("Todo_id"); ALTER TABLE "Todo_reviewers" ADD CONSTRAINT second FOREIGN KEY ("User_id") REFERENCES "User"',
      );
      const notices = await succeed(database, UP);
      expect(notices.sort()).toEqual([
        'public."Todo_reviewers_many".Todo_left_id has one more index, which keeps its name one_more',
        'public."Todo_reviewers_many".User_right_id has one more foreign key, which keeps its name second',
      ]);
      expect(await differences(database)).toEqual({
        missing: [],
        additional: [
          expect.stringContaining('constraint second'),
          expect.stringContaining('INDEX one_more'),
        ],
      });
    });

    it('says which new names something else has already', async () => {
      const database = await oddDatabase(
        'CREATE INDEX todo_reviewers_many_todo_left_id_index ON "User" (name); ALTER TABLE "Todo_reviewers" ADD CONSTRAINT todo_reviewers_many_user_right_id_foreign CHECK (true)',
      );
      const notices = await succeed(database, UP);
      expect(notices).toHaveLength(2);
      expect(notices.join('\n')).toContain(
        'because todo_reviewers_many_todo_left_id_index is taken',
      );
      expect(notices.join('\n')).toContain(
        'because todo_reviewers_many_user_right_id_foreign is taken',
      );
      const schema = await server.schemaOf(database);
      expect(schema).toContain(
        'CREATE INDEX todo_reviewers_many_todo_left_id_index ON public."User"',
      );
      expect(schema).toContain(
        'FOREIGN KEY ("User_right_id") REFERENCES "User"(id) ON DELETE CASCADE',
      );
    });
  });

  describe('names that mean something to PostgreSQL', () => {
    /** The schemas after the migration and after the way back, of a database that OLD has made. */
    async function thereAndBack(name, lists) {
      expect(await makeTables(old, name, lists)).toEqual([]);
      const before = await server.schemaOf(name);
      const database = await oddDatabase('', name);
      const itsPlan = await planOf(lists);
      expect(await succeed(database, itsPlan.migration())).toEqual([]);
      const after = await server.schemaOf(database);
      expect(await makeTables(current, `${name} anew`, lists)).toEqual([]);
      expect(linesBeyond(after, await server.schemaOf(`${name} anew`))).toEqual([]);
      expect(linesBeyond(await server.schemaOf(`${name} anew`), after)).toEqual([]);
      expect(await succeed(database, itsPlan.migration({ direction: 'down' }))).toEqual([]);
      expect(await server.schemaOf(database)).toEqual(before);
      // The schema that is printed is SQL too.
      await server.createDatabase(`${name} printed`);
      expect((await server.runScript(`${name} printed`, itsPlan.schema('old'))).error).toBe(null);
      expect(await server.schemaOf(`${name} printed`)).toEqual(before);
    }

    it('every word that is reserved', async () => {
      const rows = await server.query(
        'old',
        `SELECT word FROM pg_get_keywords() WHERE catcode <> 'U' ORDER BY word`,
      );
      const words = rows.map(({ word }) => word);
      expect(words.length).toBeGreaterThan(130);
      const fields = (ref) =>
        Object.fromEntries(words.map((word) => [word, relationship(`${ref}.${word}`)]));
      await thereAndBack('words', project({ A: fields('B'), B: fields('A') }));
    });

    it('capitals that are not ASCII', async () => {
      await thereAndBack(
        'capitals',
        project({
          Ärzte: { Über: relationship('Öl', true), Éins: relationship('Öl.Éins') },
          Öl: { Éins: relationship('Ärzte.Éins'), Ñ: relationship('Ärzte', true) },
        }),
      );
    });
  });

  describe('a database in another state', () => {
    it.each([
      ['column', 'ALTER TABLE "User" DROP COLUMN "leadPost"', 'public."User".leadPost'],
      ['join table', 'DROP TABLE "User_readPosts"', 'public."User_readPosts".'],
      ['list', 'DROP TABLE "Todo" CASCADE', 'public."Todo".'],
      [
        'column of a renamed table',
        'ALTER TABLE "Todo_reviewers" RENAME "User_id" TO user_id',
        'public."Todo_reviewers".User_id',
      ],
    ])('stops when a %s is missing', async (_, sql, missing) => {
      const error = await stop(await oddDatabase(sql), UP);
      expect(error.message).toMatch(/^Not in the database: /);
      expect(error.message).toContain(missing);
      expect(error.hint).toContain('Nothing has been changed');
    });

    it('stops in the wrong schema', async () => {
      const elsewhere = await planOf({ ...LISTS, knex: { schemaName: 'App' } });
      const error = await stop(await oddDatabase(''), elsewhere.migration());
      expect(error.message).toMatch(/^None of these tables is in the database: /);
      expect(error.hint).toContain('App the right schema (the schemaName of the adapter)?');
    });

    it.each([
      ['of all kinds', LISTS],
      ['with 1:1 alone', project({ A: { b: relationship('B.a') }, B: { a: relationship('A.b') } })],
      [
        'with 1:N alone',
        project({ A: { b: relationship('B.a') }, B: { a: relationship('A.b', true) } }),
      ],
      ['with a one-sided N:N alone', project({ A: { b: relationship('B', true) }, B: {} })],
      ['with a list related to itself alone', project({ A: { a: relationship('A', true) } })],
    ])(
      'says so when a database %s is migrated already, in both directions',
      async (title, lists) => {
        const template = `old ${title.replaceAll(/\W/g, ' ')}`;
        await makeTables(old, template, lists);
        const database = await oddDatabase('', template);
        const itsPlan = await planOf(lists);
        for (const [direction, state] of [
          ['up', 'new'],
          ['down', 'old'],
        ]) {
          const script = itsPlan.migration({ direction });
          await succeed(database, script);
          for (const reconcile of [false, true]) {
            const error = await stop(database, itsPlan.migration({ direction, reconcile }));
            expect(error.message).toContain(`The database is in the ${state} schema already`);
          }
        }
      },
    );

    it('goes up, down and up again', async () => {
      const database = await oddDatabase('');
      const rows = await server.rowsOf(database);
      for (let round = 0; round < 2; round++) {
        expect(await succeed(database, UP)).toEqual([]);
        expect(await differences(database)).toEqual(NONE);
        expect(await succeed(database, DOWN)).toEqual([]);
        expect(await stateOf(database)).toEqual([oldSchema, rows]);
      }
    });

    it.each([
      ['a table', 'CREATE TABLE "Todo_reviewers_many" (id int)'],
      ['a view', 'CREATE VIEW "Todo_readers_User_readPosts" AS SELECT 1'],
    ])('stops when %s has a name that a renamed table is to have', async (_, sql) => {
      const error = await stop(await oddDatabase(sql), UP);
      expect(error.message).toContain('Already in the database');
      expect(error.message).toMatch(/Todo_(reviewers_many|readers_User_readPosts)/);
      expect(error.hint).toContain('Has another Keystone been started on it');
      expect(error.hint).toContain('Nothing has been changed');
    });

    it('does not mind that the new Keystone has tried to make its tables before', async () => {
      const database = await oddDatabase('');
      const session = await current.open(LISTS, server.url(database));
      await session.createSchema();
      await session.close();
      expect(await succeed(database, UP)).toEqual([]);
      expect(await differences(database)).toEqual(NONE);
    });

    it('stops on the way back when the column that it restores is there', async () => {
      const database = await oddDatabase('');
      await succeed(database, UP);
      await succeed(database, 'ALTER TABLE "User" ADD COLUMN "leadPost" text');
      const error = await stop(database, DOWN);
      expect(error.message).toContain('Already in the database');
      expect(error.message).toContain('public."User".leadPost');
    });

    it('stops when the user does not own the tables', async () => {
      const database = await oddDatabase(
        `DO $$ BEGIN CREATE ROLE odd_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT ALL ON ALL TABLES IN SCHEMA public TO odd_reader; REVOKE ALL ON "Todo_team", "User_readPosts", "User_published" FROM odd_reader`,
      );
      await stop(database, `SET SESSION AUTHORIZATION odd_reader; ${UP}`);
    });
  });

  describe('what people have added', () => {
    it.each(Object.entries(GOING))('names %s', async (_, [sql, name]) => {
      const error = await errorAfter(sql, UP);
      expect(error).not.toBe(null);
      expect(error.message).toMatch(/^This depends on the tables and columns that are dropped: /);
      // Alone: what Keystone makes itself is no one's loss.
      const found = error.message
        .replace(/^[^:]*: /, '')
        .replaceAll('public.', '')
        .split(', ');
      expect(
        found.filter((each) => !each.includes(name) && !/ since of table /.test(each)),
      ).toEqual([]);
      expect(found.join(', ')).toContain(name);
      expect(error.hint).toContain('Nothing has been changed');
    });

    it.each(Object.entries(REFUSED))('does not drop %s', async (_, sql) => {
      const error = await errorAfter(sql, UP);
      expect(error).not.toBe(null);
      expect(error.message).toMatch(/^This depends on the tables and columns that are dropped: /);
      expect(error.hint).toContain('Nothing has been changed');
    });

    it('has changed nothing in all these cases', async () => {
      expect(await server.schemaOf('old')).toEqual(oldSchema);
    });

    it.each(Object.entries(STAYING))('keeps %s, and brings them back', async (_, sql) => {
      const database = await oddDatabase(sql);
      const oddSchema = await server.schemaOf(database);
      const added = linesBeyond(oddSchema, oldSchema);
      const changed = linesBeyond(oldSchema, oddSchema);
      expect(added.length).toBeGreaterThan(0);
      const isRenamed = (line) => line.includes('Todo_reviewers');
      const rename = (line) =>
        line
          .replaceAll('Todo_reviewers', 'Todo_reviewers_many')
          .replaceAll('Todo_id', 'Todo_left_id')
          .replaceAll('User_id', 'User_right_id');
      const renamed = (lines) =>
        lines.map((line) => (isRenamed(line) ? rename(line) : line)).sort();
      await succeed(database, UP);
      const { missing, additional } = await differences(database);
      expect(additional.sort()).toEqual(renamed(added));
      expect(missing.sort()).toEqual(renamed(changed));
      await succeed(database, DOWN);
      expect(await server.schemaOf(database)).toEqual(oddSchema);
    });

    it('keeps views on renamed tables and on tables that lose a column, with their rows', async () => {
      const database = await oddDatabase(
        'CREATE VIEW hers AS SELECT r.*, name FROM "Todo_reviewers" AS r JOIN "User" ON id = "User_id"; CREATE MATERIALIZED VIEW his AS SELECT "Todo_id" FROM "Todo_readers"',
      );
      const read = async () => [
        await server.query(database, 'TABLE hers'),
        await server.query(database, 'REFRESH MATERIALIZED VIEW his; TABLE his'),
      ];
      const before = await read();
      expect(before.map((rows) => rows.length)).toEqual([1, 2]);
      await succeed(database, UP);
      expect(await read()).toEqual(before);
      await succeed(database, DOWN);
      expect(await read()).toEqual(before);
    });

    it('keeps publications and statistics of renamed tables', async () => {
      const database = await oddDatabase(
        'CREATE PUBLICATION hers FOR TABLE "Todo_reviewers"; CREATE STATISTICS his ON "Todo_id", "User_id" FROM "Todo_reviewers"',
      );
      await succeed(database, UP);
      expect(
        await server.query(database, 'SELECT pubname, tablename FROM pg_publication_tables'),
      ).toEqual([{ pubname: 'hers', tablename: 'Todo_reviewers_many' }]);
      expect(
        await server.query(
          database,
          'SELECT stxname, stxrelid::regclass::text AS tab FROM pg_statistic_ext',
        ),
      ).toEqual([{ stxname: 'his', tab: '"Todo_reviewers_many"' }]);
    });

    it('is not deceived by rows that a policy hides from the owner', async () => {
      const database = await oddDatabase(
        `DO $$ BEGIN CREATE ROLE odd_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT ALL ON SCHEMA public TO odd_owner;
        ALTER TABLE "Todo" OWNER TO odd_owner; ALTER TABLE "User" OWNER TO odd_owner;
        ALTER TABLE "Todo_readers" OWNER TO odd_owner; ALTER TABLE "User_readPosts" OWNER TO odd_owner;
        ALTER TABLE "User_published" OWNER TO odd_owner; ALTER TABLE "Todo_team" OWNER TO odd_owner;
        ALTER TABLE "Todo_reviewers" OWNER TO odd_owner;
        UPDATE "User" SET "leadPost" = 2 WHERE id = 2;
        ALTER TABLE "User" ENABLE ROW LEVEL SECURITY; ALTER TABLE "User" FORCE ROW LEVEL SECURITY;`,
      );
      for (const script of [UP, plan.migration({ reconcile: true })]) {
        const error = await stop(database, `SET SESSION AUTHORIZATION odd_owner; ${script}`);
        expect(error.message).toContain('row-level security');
      }
    });

    it('repairs and goes back with constraints that are checked at the end', async () => {
      const lists = project({ A: { b: relationship('A.c'), c: relationship('A.b') } });
      await makeTables(old, 'deferred', lists);
      const database = await oddDatabase(
        `INSERT INTO "A" (c) VALUES (NULL), (1);
        ALTER TABLE "A" ALTER CONSTRAINT a_b_foreign DEFERRABLE INITIALLY DEFERRED;
        CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER hers AFTER UPDATE ON "A" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nothing()`,
        'deferred',
      );
      const itsPlan = await planOf(lists);
      await succeed(database, itsPlan.migration({ reconcile: true }));
      await succeed(database, itsPlan.migration({ direction: 'down' }));
      expect(await server.query(database, 'SELECT id, b, c FROM "A" ORDER BY id')).toEqual([
        { id: 1, b: 2, c: null },
        { id: 2, b: null, c: 1 },
      ]);
    });
  });

  describe('names that could be mistaken', () => {
    it('takes fields named as the script names its own variables', async () => {
      const names =
        'found sides added cleared lost is_free is_missing problems trouble missing taken examples item links position holder target kept dropped left_id right_id tab col other candidate only_kept only_dropped difference numbered ranked'.split(
          ' ',
        );
      const lists = project({
        A: {
          ...Object.fromEntries(names.map((name) => [name, relationship(`B.${name}`)])),
          ...Object.fromEntries(
            names.map((name) => [`many_${name}`, relationship(`B.many_${name}`)]),
          ),
        },
        B: {
          ...Object.fromEntries(names.map((name) => [name, relationship(`A.${name}`)])),
          ...Object.fromEntries(
            names.map((name) => [`many_${name}`, relationship(`A.many_${name}`, true)]),
          ),
        },
      });
      await makeTables(old, 'names', lists);
      const database = await oddDatabase(
        `INSERT INTO "A" DEFAULT VALUES; INSERT INTO "B" (${names.join(', ')}) VALUES (${names.map(() => 1).join(', ')})`,
        'names',
      );
      const before = await server.rowsOf(database);
      const itsPlan = await planOf(lists);
      const error = await stop(database, itsPlan.migration());
      expect(error.message).toContain('the two stored sides disagree');
      const notices = await succeed(database, itsPlan.migration({ reconcile: true }));
      expect(notices.filter((notice) => notice.includes('added 1 link '))).toHaveLength(
        names.length,
      );
      await succeed(database, itsPlan.migration({ direction: 'down' }));
      // Only the left side has changed: it has adopted the links of the right one.
      const ofB = (rows) => rows.split('\n').filter((line) => line.includes('"B"'));
      expect(ofB(await server.rowsOf(database))).toEqual(ofB(before));
    });

    it.each([`it's`, 'a "b"', '100%s', 'a\\b', '$$ $body1$', 'a.b', 'select'])(
      'takes the schema %s',
      async (schemaName) => {
        const quoted = `"${schemaName.replaceAll('"', '""')}"`;
        const database = await oddDatabase(`ALTER SCHEMA public RENAME TO ${quoted}`);
        const before = await stateOf(database);
        const itsPlan = await planOf({ ...LISTS, knex: { schemaName } });
        for (const reconcile of [false, true]) {
          await succeed(database, itsPlan.migration({ reconcile }));
          const again = await server.runScript(database, itsPlan.migration({ reconcile }));
          expect(again.error.message).toContain('already');
          await succeed(database, itsPlan.migration({ direction: 'down', reconcile }));
        }
        expect(await stateOf(database)).toEqual(before);
        await succeed(database, `UPDATE ${quoted}."User" SET "leadPost" = 2 WHERE id = 2`);
        const error = await stop(database, itsPlan.migration());
        expect(error.message).toContain('the two stored sides disagree');
      },
    );

    it('does not depend on settings of the session', async () => {
      const settings = [
        'standard_conforming_strings = off',
        'backslash_quote = off',
        'quote_all_identifiers = on',
        'search_path = pg_temp',
        `lc_messages = 'C'`,
        `default_transaction_isolation = 'serializable'`,
        `plpgsql.variable_conflict = 'error'`,
        `plpgsql.extra_errors = 'all'`,
      ];
      const database = await oddDatabase('');
      const client = await server.connect(database);
      // Queries of their own: the text of a query is read before any of it takes effect.
      for (const setting of settings) await client.query(`SET ${setting}`);
      await client.query(UP);
      expect(await differences(database)).toEqual(NONE);
      await client.query(DOWN);
      await client.end();
      expect(await server.schemaOf(database)).toEqual(oldSchema);
    });
  });

  describe('the way back', () => {
    it('stops at links for which there is no old place, and drops them with --reconcile', async () => {
      const lists = project({ User: { friends: relationship('User', true) }, Post: {} });
      await makeTables(old, 'self', lists);
      const before = await server.schemaOf('self');
      const database = await oddDatabase('', 'self');
      const itsPlan = await planOf(lists);
      await succeed(database, itsPlan.migration());
      await succeed(
        database,
        `INSERT INTO "User" DEFAULT VALUES; INSERT INTO "User" DEFAULT VALUES; INSERT INTO "User_friends_many" VALUES (1, 2), (2, 1), (2, 2)`,
      );
      const error = await stop(database, itsPlan.migration({ direction: 'down' }));
      expect(error.message).toContain('User.friends');
      expect(error.message).toContain('User_friends_many holds 3 links');
      expect(error.hint).toContain('--reconcile');
      const notices = await succeed(
        database,
        itsPlan.migration({ direction: 'down', reconcile: true }),
      );
      expect(notices).toEqual([
        expect.stringMatching(/User\.friends.*3 links are dropped with .*User_friends_many/),
      ]);
      expect(await server.schemaOf(database)).toEqual(before);
    });

    it('brings back unique, not null and no index', async () => {
      const lists = project({
        A: {
          plain: relationship('B.plain'),
          unique: relationship('B.unique'),
          unindexed: relationship('B.unindexed'),
          needed: relationship('B.needed'),
        },
        B: {
          plain: relationship('A.plain'),
          unique: relationship('A.unique', false, { isUnique: true }),
          unindexed: relationship('A.unindexed', false, { isIndexed: false }),
          needed: relationship('A.needed', false, { knexOptions: { isNotNullable: true } }),
        },
      });
      await makeTables(old, 'options', lists);
      const database = await oddDatabase(
        `INSERT INTO "A" DEFAULT VALUES; INSERT INTO "B" (plain, "unique", unindexed, needed) VALUES (1, 1, 1, 1);
        UPDATE "A" SET plain = 1, "unique" = 1, unindexed = 1, needed = 1`,
        'options',
      );
      const before = await stateOf(database);
      expect(before[0]).toContain('constraint b_unique_unique');
      expect(before[0]).toContain('column public."B".needed integer not null');
      expect(before[0]).toContain('b_plain_index');
      expect(before[0]).not.toContain('b_unindexed_index');
      const itsPlan = await planOf(lists);
      await succeed(database, itsPlan.migration());
      await succeed(database, itsPlan.migration({ direction: 'down' }));
      expect(await stateOf(database)).toEqual(before);

      // An item without the link that it needs cannot go back.
      await succeed(database, itsPlan.migration());
      await succeed(database, 'INSERT INTO "B" DEFAULT VALUES');
      const error = await stop(database, itsPlan.migration({ direction: 'down' }));
      expect(error.message).toContain('needed');
    });
  });
});
