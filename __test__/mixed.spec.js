'use strict';

// Databases that Keystone's own script has taken a part of the way: wherever it was stopped, `apply`
// finishes them. What must come of it is the schema that NEW itself makes on an empty database, and the
// rows that the migration of an old database leaves.

const fs = require('fs');
const path = require('path');
const { readText } = require('../dev/compare');
const { startKeystone } = require('../dev/keystone-process');
const { keystonesOwnScript } = require('../dev/keystones-own');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { makeScenarioProject, removeProjects, run } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');

/** Each with how many lines of the script are run between two stops: one with `EVERY_LINE`. */
const SCENARIOS = { guide: 1, 'rename-order': 2, 'schema-name': 3, blog: 6 };
const paces = Object.entries(SCENARIOS).map(([name, pace]) => [
  name,
  process.env.EVERY_LINE ? 1 : pace,
]);

let server;
let keystones;
let count = 0;
const prepared = {};

beforeAll(async () => {
  // The newest names its NOT NULL constraints.
  server = await startPostgres(postgresVersions().at(-1));
  keystones = { old: startKeystone('old'), new: startKeystone('new') };
});

afterAll(async () => {
  removeProjects();
  if (keystones) await Promise.all(Object.values(keystones).map((keystone) => keystone.stop()));
  if (server) await server.stop();
});

async function makeDatabase(template) {
  const database = `mixed_${++count}`;
  await server.createDatabase(database, template);
  return database;
}

/** Gives `use` a session of NEW on a database. */
async function withSession(scenario, database, use, { generation = 'new', connects = false } = {}) {
  const session = await keystones[generation].open(scenario, server.url(database), { connects });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** A database that OLD made and filled, Keystone's script for it, and what must come of it. */
async function prepare(name) {
  const scenario = loadScenario(name);
  const [filled, fresh] = [await makeDatabase(), await makeDatabase()];
  const connects = true;
  const fill = async (session) => {
    await session.createSchema();
    await session.fill({ seed: 1, canBeEmpty: false, canDelete: true });
    return readText(await session.read());
  };
  const read = await withSession(scenario, filled, fill, { generation: 'old', connects });
  await withSession(scenario, fresh, (session) => session.createSchema(), { connects });
  const migrated = await makeDatabase(filled);
  await withSession(scenario, migrated, (session) => session.apply());
  return {
    scenario,
    filled,
    read,
    lines: await keystonesOwnScript(scenario, 'knex'),
    schema: await server.schemaOf(fresh),
    rows: await server.rowsOf(migrated),
  };
}

const prepareOnce = (name) => (prepared[name] ??= prepare(name));

/** A database of the guide's after some statements, and a check of it. */
async function guideAfter(...lines) {
  const { scenario, filled } = await prepareOnce('guide');
  const database = await makeDatabase(filled);
  for (const line of lines) await server.query(database, line);
  const use = (f) => withSession(scenario, database, f);
  return {
    database,
    check: (options) => use((session) => session.check(options)),
    apply: (options) => use((session) => session.apply(options)),
  };
}

const stateOf = async (database) =>
  (await server.schemaOf(database)) + (await server.rowsOf(database));

/** What is left to do, by the path of the left side. */
const remaining = ({ relationships }) =>
  Object.fromEntries(
    relationships.map(({ name, remaining: left }) => [/\.(\w+) /.exec(name)[1], left]),
  );

const codes = ({ problems }) => problems.map(({ code }) => code);

/** Expects that nothing is run, and that nothing is changed. */
async function expectRefused({ database, apply }, code, options) {
  const before = await stateOf(database);
  await expect(apply(options)).rejects.toMatchObject({ code });
  expect(await stateOf(database)).toBe(before);
}

describe('is finished wherever it was stopped', () => {
  /** Runs the script in some order up to each `pace`th line, and finishes it. */
  async function expectFinished(name, pace, order = (lines) => lines) {
    const { scenario, filled, read, lines: asPrinted, schema, rows } = await prepareOnce(name);
    const lines = order(asPrinted);
    const last = lines.length;
    expect(last).toBeGreaterThan(8);
    const stops = lines.map((_, at) => at + 1).filter((it) => it % pace === 0 || it === last);
    for (const stop of stops) {
      const database = await makeDatabase(filled);
      // As psql does unless it is told to stop at an error.
      const client = await server.connect(database);
      for (const line of lines.slice(0, stop)) await client.query(line).catch(() => {});
      await client.end();
      await withSession(scenario, database, async (session) => {
        const applied = await session.apply();
        expect({ stop, ...applied }).toMatchObject({ stop, isApplied: true });
        const { relationships } = applied;
        expect(relationships.filter(({ before, after }) => before !== after)).toEqual([]);
        expect(await session.apply()).toMatchObject({ isApplied: false });
      });
      expect([stop, await server.schemaOf(database)]).toEqual([stop, schema]);
      expect([stop, await server.rowsOf(database)]).toEqual([stop, rows]);
      if (stop < last) continue;
      const found = await withSession(scenario, database, (it) => it.read(), { connects: true });
      // OLD reads nothing of a list related to itself by many.
      const links = read.split('\n').filter((line) => !line.endsWith(': '));
      expect(readText(found).split('\n')).toEqual(expect.arrayContaining(links));
    }
  }

  test.each(paces)('%s', (name, pace) => expectFinished(name, pace));

  it('in the order in which it works', async () => {
    // Each rename is three lines, and the last of them has to come first.
    const byThree = (lines) => [2, 1, 0].flatMap((at) => lines.slice(3 * at, 3 * at + 3));
    await expectFinished('rename-order', 2, byThree);
  });
});

describe('what is left to do', () => {
  it('is shown for each relationship, by the command, and asked for', async () => {
    const { scenario, filled, lines } = await prepareOnce('guide');
    const database = await makeDatabase(filled);
    for (const line of lines.slice(0, 2)) await server.query(database, line);
    const project = makeScenarioProject(scenario, 'knex');
    const env = { DATABASE_URL: server.url(database) };
    const { code, stdout } = await run(project, ['--check'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('is partly in the old schema and partly in the new.');
    expect(stdout).toContain(`
Left to do:
  Todo.reviewers -> User: rename Todo_reviewers_many.User_id to User_right_id
  Todo.leadAuthor -> User.leadPost: drop User.leadPost
  Todo.publisher -> User.published: drop User_published
  Todo.readers -> User.readPosts: drop User_readPosts, rename Todo_readers to Todo_readers_User_readPosts
`);
    expect(stdout).toMatch(/\nTodo\.reviewers -> User +mixed +Todo_reviewers_many: \d+\n/);
    expect(stdout).toMatch(/\nReady: --apply takes it to the new schema\.\n$/);
    const report = path.join(project, 'report.md');
    await run(project, ['--check', '--report', report], { env });
    const text = fs.readFileSync(report, 'utf8');
    expect(text).toContain('A part of the migration has been done in the database');
    expect(text).toContain('RENAME COLUMN "User_id" TO "User_right_id"');
    expect(text).not.toContain('"Todo_reviewers_many" RENAME COLUMN "Todo_id"');
  });

  it('may be names alone', async () => {
    const { lines } = await prepareOnce('guide');
    const guide = await guideAfter(...lines);
    const found = await guide.check();
    expect(found).toMatchObject({ state: 'new', isDone: false, isReady: true, drops: [] });
    expect(remaining(found)).toEqual({
      author: [],
      reviewers: ['rename the indexes and constraints of Todo_reviewers_many'],
      leadAuthor: [],
      publisher: [],
      readers: ['rename the indexes and constraints of Todo_readers_User_readPosts'],
    });
    expect(found.steps.map(({ step }) => step)).toEqual(['renameJoinTable', 'renameJoinTable']);
  });

  it('is nothing where only a name is taken that Keystone would give', async () => {
    const guide = await guideAfter();
    await guide.apply();
    const index = '"todo_reviewers_many_todo_left_id_index"';
    await server.query(
      guide.database,
      `ALTER INDEX ${index} RENAME TO other; CREATE INDEX ${index} ON "Todo" (name)`,
    );
    expect(await guide.check()).toMatchObject({ state: 'new', isDone: true });
  });
});

describe('a second copy beside the renamed first one', () => {
  const renamed = [
    'ALTER TABLE "Todo_readers" RENAME TO "Todo_readers_User_readPosts"',
    'ALTER TABLE "Todo_readers_User_readPosts" RENAME COLUMN "Todo_id" TO "Todo_left_id"',
    'ALTER TABLE "Todo_readers_User_readPosts" RENAME COLUMN "User_id" TO "User_right_id"',
  ];

  it('goes where all of it is kept', async () => {
    const { schema, rows } = await prepareOnce('guide');
    const guide = await guideAfter(...renamed);
    expect(await guide.check()).toMatchObject({ state: 'mixed', isReady: true });
    await guide.apply();
    expect(await server.schemaOf(guide.database)).toBe(schema);
    expect(await server.rowsOf(guide.database)).toBe(rows);
  });

  it('stays where it holds a link that is not kept, unless both are reconciled', async () => {
    const { schema, rows } = await prepareOnce('guide');
    const guide = await guideAfter(
      ...renamed,
      'DELETE FROM "Todo_readers_User_readPosts" WHERE ctid = (SELECT min(ctid) FROM "Todo_readers_User_readPosts")',
    );
    const found = await guide.check();
    expect(codes(found)).toEqual(['DISAGREEMENT']);
    expect(found.problems[0].message).toContain(
      'only Todo_readers_User_readPosts has: 0; that only User_readPosts has: 1',
    );
    await expectRefused(guide, 'DISAGREEMENT');
    expect(await guide.apply({ reconcile: true })).toMatchObject({ isApplied: true });
    expect(await server.schemaOf(guide.database)).toBe(schema);
    expect(await server.rowsOf(guide.database)).toBe(rows);
  });
});

describe('what cannot be judged', () => {
  it('links in neither place: where to look', async () => {
    const guide = await guideAfter('DROP TABLE "Todo_readers"', 'DROP TABLE "User_published"');
    const found = await guide.check();
    expect([found.state, codes(found)]).toEqual(['mixed', ['MISSING']]);
    const [{ message }] = found.problems;
    expect(message).toMatch(/^Not in the database: public\."Todo_readers"/);
    expect(message).toMatch(
      /Links of Todo\.readers -> User\.readPosts that are there: \d+ in User_readPosts\. Look at/,
    );
    expect(message).not.toContain('published');
    await expectRefused(guide, 'MISSING');
  });

  it('links in both places: how many in each', async () => {
    const guide = await guideAfter(
      'CREATE TABLE "Todo_reviewers_many" ("Todo_left_id" int, "User_right_id" int)',
    );
    const found = await guide.check();
    expect(codes(found)).toEqual(['NAME_TAKEN']);
    expect(found.problems[0].message).toMatch(
      /Links of Todo\.reviewers -> User that are there: \d+ in Todo_reviewers, 0 in Todo_reviewers_many\. Look at/,
    );
    await expectRefused(guide, 'NAME_TAKEN');
  });

  it('a column is gone, and the table that is dropped is all there is', async () => {
    const guide = await guideAfter('ALTER TABLE "Todo" DROP COLUMN publisher');
    expect(codes(await guide.check())).toEqual(['MISSING']);
    await expectRefused(guide, 'MISSING');
  });

  it('both columns of a 1:1 are gone', async () => {
    const guide = await guideAfter(
      'ALTER TABLE "Todo" DROP COLUMN "leadAuthor"',
      'ALTER TABLE "User" DROP COLUMN "leadPost"',
    );
    expect(codes(await guide.check())).toEqual(['MISSING']);
    await expectRefused(guide, 'MISSING');
  });

  it('a table that two relationships could mean', async () => {
    const many = (ref) => ({ type: 'Relationship', ref, many: true });
    const lists = {
      Post: { fields: { a: many('Tag'), a_many: many('Tag.post') } },
      Tag: { fields: { post: { type: 'Relationship', ref: 'Post.a_many' } } },
    };
    const database = await makeDatabase();
    const old = { generation: 'old', connects: true };
    await withSession({ lists }, database, (session) => session.createSchema(), old);
    const use = (f) => withSession({ lists }, database, f);
    const [check, apply] = [() => use((it) => it.check()), () => use((it) => it.apply())];
    // It could be that of Post.a under its new name, or that of Post.a_many under its old one.
    await server.query(database, 'DROP TABLE "Post_a"');
    expect(codes(await check())).toEqual(['MISSING']);
    await expectRefused({ database, apply }, 'MISSING');
    await server.query(
      database,
      `ALTER TABLE "Post_a_many" RENAME COLUMN "Post_id" TO "Post_left_id";
       ALTER TABLE "Post_a_many" RENAME COLUMN "Tag_id" TO "Tag_right_id"`,
    );
    expect(await apply()).toMatchObject({ isApplied: true });
    const fresh = await makeDatabase();
    const made = (session) => session.createSchema();
    await withSession({ lists }, fresh, made, { connects: true });
    expect(await server.schemaOf(database)).toBe(await server.schemaOf(fresh));
  });

  it('the table that is dropped is a view', async () => {
    const guide = await guideAfter(
      'ALTER TABLE "User_published" RENAME TO hers',
      'CREATE VIEW "User_published" AS TABLE hers',
    );
    expect(codes(await guide.check())).toEqual(['NOT_OUR_TABLE']);
    await expectRefused(guide, 'NOT_OUR_TABLE');
  });
});

describe('the way back', () => {
  it('waits until all of it is new', async () => {
    const { lines } = await prepareOnce('guide');
    const guide = await guideAfter(...lines.slice(0, -1));
    const down = { direction: 'down' };
    const found = await guide.check(down);
    expect(codes(found)).toEqual(['MISSING']);
    expect(found.problems[0].message).toContain('--apply finishes a migration');
    await expectRefused(guide, 'MISSING', down);
    await guide.apply();
    expect(await guide.apply(down)).toMatchObject({ isApplied: true });
    const { filled } = await prepareOnce('guide');
    expect(await stateOf(guide.database)).toBe(await stateOf(filled));
  });
});
