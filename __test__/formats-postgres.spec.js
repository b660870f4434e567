'use strict';

// Migration files for Knex, run by the CLIs of the Knex that the old Keystone brings, of the one that the
// new Keystone brings, and of today's; and SQL without a transaction, run by node-pg-migrate.

const fs = require('fs');
const path = require('path');
const { planUpgrade } = require('..');
const { modules } = require('../dev/installs');
const { startKeystone } = require('../dev/keystone-process');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { makeProject, makeScenarioProject, removeProjects, run } = require('../dev/project');
const { buildKeystone, loadScenario } = require('../dev/scenario');

const GUIDE = loadScenario('guide');

/** Versions of Knex, by the packages that have them. */
const KNEX = { '0.20': oldKeystone(), 0.95: newKeystone(), '3.x': modules('tools') };
const LATEST = '3.x';

const KNEXFILE = `const more = JSON.parse(process.env.KNEX || '{}');
module.exports = { client: 'pg', connection: process.env.DATABASE_URL, ...more };
`;

/** A migration that comes later. It needs the search path that there was. */
const LATER = `exports.up = (knex) => knex.schema.createTable('later', (table) => table.increments());
exports.down = (knex) => knex.schema.dropTable('later');
`;
const FAILS = `exports.up = async (knex) => {
  await knex.schema.createTable('later', (table) => table.increments());
  throw new Error('the later one fails');
};
exports.down = () => {};
`;

const SECOND = '99991231235959_later.js';

let server;
let keystones;
/** The text of the migration file. */
let file;
let plan;
/** What NEW reads of the data. */
let read;
/** All that is in a database before and after. */
const states = {};
let count = 0;

beforeAll(async () => {
  server = await startPostgres(postgresVersions().at(-1));
  keystones = { old: startKeystone('old'), new: startKeystone('new') };
  await Promise.all(['filled', 'fresh', 'empty'].map((name) => server.createDatabase(name)));
  const old = await keystones.old.open(GUIDE, server.url('filled'));
  await old.createSchema();
  await old.fill({ seed: 2, canBeEmpty: false, canDelete: true });
  read = await old.read();
  await old.close();
  const fresh = await keystones.new.open(GUIDE, server.url('fresh'));
  await fresh.createSchema();
  await fresh.close();

  const keystone = buildKeystone(GUIDE, { modules: newKeystone(), adapter: 'knex' });
  plan = planUpgrade(keystone, { resolveFrom: [newKeystone()] });
  await server.createDatabase('migrated', 'filled');
  expect((await server.runScript('migrated', plan.migration())).error).toBe(null);
  states.old = await stateOf('filled');
  states.new = await stateOf('migrated');
  expect(states.new.schema).toBe((await stateOf('fresh')).schema);
  await server.createDatabase('differing', 'filled');
  await server.query('differing', 'UPDATE "Todo" SET "leadAuthor" = NULL');
  states.differing = await stateOf('differing');

  const project = makeScenarioProject(GUIDE, 'knex');
  const args = ['--migration', '--format', 'knex', '--out', 'migrations'];
  expect(await run(project, args)).toMatchObject({ code: 0, stdout: '' });
  const [name] = fs.readdirSync(path.join(project, 'migrations'));
  file = { name, text: fs.readFileSync(path.join(project, 'migrations', name), 'utf8') };
});

afterAll(async () => {
  removeProjects();
  if (keystones) await Promise.all([keystones.old.stop(), keystones.new.stop()]);
  if (server) await server.stop();
});

async function makeDatabase(template = 'filled') {
  const database = `formats_${++count}`;
  await server.createDatabase(database, template);
  return database;
}

/** What is in a database, but for the tables of the tools. */
async function stateOf(database) {
  const lines = (text) => text.split('\n').filter((line) => !/knex_|pgmigrations/.test(line));
  const [schema, rows] = await Promise.all([server.schemaOf(database), server.rowsOf(database)]);
  return { schema: lines(schema).join('\n'), rows: lines(rows).join('\n') };
}

/** A project with migrations, and how its Knex CLI is run on a database. */
function knexProject(version, migrations = { [file.name]: file.text }) {
  const files = Object.entries(migrations).map(([name, text]) => [`migrations/${name}`, text]);
  const all = { 'knexfile.js': KNEXFILE, ...Object.fromEntries(files) };
  const folder = makeProject(all, [], KNEX[version]);
  const cli = path.join(KNEX[version], 'knex', 'bin', 'cli.js');
  return async (database, command, { config = {}, node, env: more } = {}) => {
    const env = { DATABASE_URL: server.url(database), KNEX: JSON.stringify(config), ...more };
    const { code, stdout, stderr } = await run(folder, command.split(' '), {
      file: cli,
      env,
      node,
    });
    return { code, output: stdout + stderr };
  };
}

/** The names of the migrations that Knex has recorded, and whether its lock is held. */
async function recorded(database) {
  const [{ names, locked }] = await server.query(
    database,
    `SELECT (SELECT array_agg(name ORDER BY id) FROM knex_migrations) AS names,
       (SELECT sum(is_locked)::int FROM knex_migrations_lock) AS locked`,
  );
  expect(locked).toBe(0);
  return names ?? [];
}

describe.each(Object.keys(KNEX))('knex %s', (version) => {
  it('goes there and back', async () => {
    const knex = knexProject(version);
    const database = await makeDatabase();
    expect((await knex(database, 'migrate:list')).output).toContain(file.name);
    const up = await knex(database, 'migrate:latest');
    expect(up).toMatchObject({ code: 0, output: expect.stringContaining('1 migrations') });
    expect(await stateOf(database)).toEqual(states.new);
    expect(await recorded(database)).toEqual([file.name]);
    const session = await keystones.new.open(GUIDE, server.url(database));
    expect(await session.read()).toEqual(read);
    await session.close();
    expect((await knex(database, 'migrate:list')).output).toContain('No Pending');

    expect((await knex(database, 'migrate:rollback')).code).toBe(0);
    expect(await stateOf(database)).toEqual(states.old);
    expect(await recorded(database)).toEqual([]);
  });

  it('a check that fails says why, and leaves nothing behind', async () => {
    const knex = knexProject(version);
    const database = await makeDatabase('differing');
    const { code, output } = await knex(database, 'migrate:latest');
    expect(code).toBe(1);
    expect(output).toContain('Todo.leadAuthor -> User.leadPost');
    expect(output).toContain('--reconcile');
    expect(await stateOf(database)).toEqual(states.differing);
    expect(await recorded(database)).toEqual([]);

    const reconciling = { [file.name]: plan.migration({ format: 'knex', reconcile: true }) };
    const again = await knexProject(version, reconciling)(database, 'migrate:latest');
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('Todo.leadAuthor') });
    expect((await stateOf(database)).schema).toBe(states.new.schema);
  });

  it('a later migration of the same batch fails, and all is rolled back', async () => {
    const knex = knexProject(version, { [file.name]: file.text, [SECOND]: FAILS });
    const database = await makeDatabase();
    const { code, output } = await knex(database, 'migrate:latest');
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('later one fails'),
    });
    expect(await recorded(database)).toEqual([]);
    expect(await stateOf(database)).toEqual(states.old);
  });

  it('has nothing to do on a fresh database and on an empty one, and what comes later runs', async () => {
    const knex = knexProject(version, { [file.name]: file.text, [SECOND]: LATER });
    const said = { fresh: 'in the new schema already', empty: 'None of these tables is' };
    for (const template of ['fresh', 'empty']) {
      const database = await makeDatabase(template);
      const before = await stateOf(database);
      const { code, output } = await knex(database, 'migrate:latest');
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining(said[template]),
      });
      expect(output).toContain('Nothing to do: ');
      expect(await recorded(database)).toEqual([file.name, SECOND]);
      expect((await stateOf(database)).schema).toContain('later');
      if (template === 'fresh') continue;
      const back = await knex(database, 'migrate:rollback');
      expect(back).toMatchObject({ code: 0, output: expect.stringContaining(said.empty) });
      expect(await stateOf(database)).toEqual(before);
    }
  });
});

describe('in any state', () => {
  it('down has nothing to do in the old schema', async () => {
    const knex = knexProject(LATEST);
    const database = await makeDatabase();
    expect((await knex(database, 'migrate:latest')).code).toBe(0);
    await server.runScript(database, plan.migration({ direction: 'down' }));
    const { code, output } = await knex(database, 'migrate:rollback');
    const said = 'Nothing to do: The database is in the old schema already';
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(said) });
    expect(await stateOf(database)).toEqual(states.old);
    expect(await recorded(database)).toEqual([]);
  });

  it('half-way between the schemas is an error', async () => {
    const database = await makeDatabase();
    await server.query(database, 'ALTER TABLE "Todo_reviewers" RENAME TO "Todo_reviewers_many"');
    const before = await stateOf(database);
    const { code, output } = await knexProject(LATEST)(database, 'migrate:latest');
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(/Todo_reviewers\b/),
    });
    expect(output).toContain(
      'Nothing has been changed. Is this the right database, and public the',
    );
    expect(await stateOf(database)).toEqual(before);
    expect(await recorded(database)).toEqual([]);
  });
});

describe('the transaction', () => {
  it('of two at once, one migrates', async () => {
    const database = await makeDatabase();
    const [knex, other] = [knexProject(LATEST), knexProject(LATEST)];
    // Knex makes its own tables without a lock: two that do so at once may both fail.
    expect((await knex(database, 'migrate:list')).code).toBe(0);
    const both = await Promise.all([knex, other].map((it) => it(database, 'migrate:latest')));
    expect(both.some(({ output }) => output.includes('1 migrations'))).toBe(true);
    expect(await stateOf(database)).toEqual(states.new);
    expect(await recorded(database)).toEqual([file.name]);
  });

  it('is one of its own where Knex opens none', async () => {
    const knex = knexProject(LATEST);
    const latest = 'migrate:latest --disable-transactions';
    const database = await makeDatabase();
    expect((await knex(database, latest)).code).toBe(0);
    expect(await stateOf(database)).toEqual(states.new);
    const differing = await makeDatabase('differing');
    expect((await knex(differing, latest)).code).toBe(1);
    expect(await stateOf(differing)).toEqual(states.differing);
    expect(await recorded(differing)).toEqual([]);
  });

  it('has to see what others have committed', async () => {
    const database = await makeDatabase();
    const url = new URL(server.url(database));
    url.searchParams.set('options', '-c default_transaction_isolation=serializable');
    const config = { connection: url.href };
    const { code, output } = await knexProject(LATEST)(database, 'migrate:latest', { config });
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('READ COMMITTED'),
    });
    expect(await stateOf(database)).toEqual(states.old);
  });
});

describe('as a module of another kind', () => {
  const TYPESCRIPT = {
    node: ['-r', require.resolve('ts-node/register/transpile-only')],
    env: { TS_NODE_COMPILER_OPTIONS: '{"module":"commonjs"}' },
  };

  it.each([
    ['cjs', {}],
    ['mjs', { config: { migrations: { loadExtensions: ['.mjs'] } } }],
    ['ts', TYPESCRIPT],
  ])('.%s', async (extension, options) => {
    const text = plan.migration({ format: 'knex', extension });
    const knex = knexProject(LATEST, { [`1_arcade.${extension}`]: text });
    const database = await makeDatabase();
    expect(await knex(database, 'migrate:latest', options)).toMatchObject({ code: 0 });
    expect(await stateOf(database)).toEqual(states.new);
    expect((await knex(database, 'migrate:rollback', options)).code).toBe(0);
    expect(await stateOf(database)).toEqual(states.old);
  });
});

describe('names with all that could be taken for something else', () => {
  // Of a ? the new Keystone's own knex makes $1.
  const LIST = 'Todo $1 :name ${x} `\\`';
  const PATH = 'a \\ `${y}` :z $2';
  const field = (ref, many) => ({ type: 'Relationship', ref, many });
  const ODD = {
    adapters: ['knex'],
    lists: {
      [LIST]: { fields: { [PATH]: field(`User.${PATH}`, true), one: field('User.other', false) } },
      User: {
        fields: { [PATH]: field(`${LIST}.${PATH}`, true), other: field(`${LIST}.one`, false) },
      },
    },
  };

  const tables = async (generation, database) => {
    await server.createDatabase(database);
    const session = await keystones[generation].open(ODD, server.url(database));
    expect(await session.createSchema()).toEqual([]);
    await session.close();
  };

  it('come through unchanged', async () => {
    await Promise.all([tables('old', 'odd'), tables('new', 'odd_fresh')]);
    const keystone = buildKeystone(ODD, { modules: newKeystone(), adapter: 'knex' });
    const migration = planUpgrade(keystone, { resolveFrom: [newKeystone()] });
    const text = migration.migration({ format: 'knex' });
    const before = await stateOf('odd');
    for (const version of Object.keys(KNEX)) {
      const database = await makeDatabase('odd');
      const knex = knexProject(version, { [file.name]: text });
      expect(await knex(database, 'migrate:latest')).toMatchObject({ code: 0 });
      expect((await stateOf(database)).schema).toBe((await stateOf('odd_fresh')).schema);
      expect((await knex(database, 'migrate:rollback')).code).toBe(0);
      expect(await stateOf(database)).toEqual(before);
    }
    const quoted = `"${LIST}"`;
    await server.query('odd', `INSERT INTO ${quoted} (id) VALUES (1)`);
    await server.query('odd', `INSERT INTO "User" (id, other) VALUES (1, 1)`);
    const { code, output } = await knexProject(LATEST, { [file.name]: text })(
      'odd',
      'migrate:latest',
    );
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining(`${LIST}.one -> User.other`),
    });
  });
});

describe('SQL without a transaction, by node-pg-migrate', () => {
  /** How the tool is run on a database. */
  function tool() {
    const [up, down] = ['up', 'down'].map((direction) =>
      plan.migration({ direction, transaction: false }),
    );
    const sql = `-- Up Migration\n${up}\n-- Down Migration\n${down}`;
    const folder = makeProject({ 'migrations/1_arcade.sql': sql }, [], modules('tools'));
    const cli = path.join(modules('tools'), 'node-pg-migrate', 'bin', 'node-pg-migrate.js');
    return async (database, command) => {
      const env = { DATABASE_URL: server.url(database) };
      const { code, stdout, stderr } = await run(folder, [command], { file: cli, env });
      return { code, output: stdout + stderr };
    };
  }

  it('goes there and back', async () => {
    const migrate = tool();
    const database = await makeDatabase();
    expect(await migrate(database, 'up')).toMatchObject({ code: 0 });
    expect(await stateOf(database)).toEqual(states.new);
    expect(await migrate(database, 'down')).toMatchObject({ code: 0 });
    expect(await stateOf(database)).toEqual(states.old);
  });

  it('a check that fails says why, and leaves nothing behind', async () => {
    const database = await makeDatabase('differing');
    const { code, output } = await tool()(database, 'up');
    expect(code).not.toBe(0);
    expect(output).toContain('Todo.leadAuthor -> User.leadPost');
    expect(await stateOf(database)).toEqual(states.differing);
  });
});
