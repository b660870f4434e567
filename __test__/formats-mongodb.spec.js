'use strict';

// Migration files for migrate-mongo, run by its CLI, in the first version that takes them and in today's.

const fs = require('fs');
const path = require('path');
const { planUpgrade } = require('..');
const { modules } = require('../dev/installs');
const { startKeystone } = require('../dev/keystone-process');
const { newKeystone } = require('../dev/keystones');
const { documentsText, indexesText, startMongodb } = require('../dev/mongodb');
const { normalized } = require('../dev/mongodb-model');
const { makeProject, makeScenarioProject, removeProjects, run } = require('../dev/project');
const { buildKeystone, loadScenario } = require('../dev/scenario');

const GUIDE = loadScenario('guide');

const VERSIONS = ['8', '14'];
const LATEST = '14';

const CONFIG = `module.exports = {
  mongodb: { url: process.env.MONGO_URL, databaseName: process.env.MONGO_DATABASE, options: {} },
  migrationsDir: 'migrations',
  changelogCollectionName: 'changelog',
  ...JSON.parse(process.env.MIGRATE_MONGO || '{}'),
};
`;

const LATER = `exports.up = (db) => db.createCollection('later');
exports.down = (db) => db.dropCollection('later');
`;
const SECOND = '99991231235959-later.js';

/** Kills the process when it reports something, as nothing else could at that very moment. */
const KILLER = `const { log } = console;
console.log = (...args) => {
  log(...args);
  if (String(args[0]).includes(process.env.KILL_AT)) process.kill(process.pid, 'SIGKILL');
};
`;

let server;
let keystones;
let plan;
let file;
let relationships;
/** What NEW reads of the data. */
let read;
/** All that is in a database, by its name. */
const states = {};
let count = 0;

beforeAll(async () => {
  server = await startMongodb();
  const [old, current] = ['old', 'new'].map((name) => startKeystone(name, 'mongoose'));
  keystones = { old, new: current };
  const filling = await old.open(GUIDE, server.url('filled'));
  await filling.fill({ seed: 2, canBeEmpty: false, canDelete: true });
  read = await filling.read();
  await filling.close();
  states.old = await server.read('filled');
  const starting = await current.open(GUIDE, server.url('fresh'));
  relationships = await starting.relationships();
  await starting.close();
  states.fresh = await server.read('fresh');

  const database = await makeDatabase(states.old);
  const session = await current.open(GUIDE, server.url(database), { connects: false });
  expect(await session.apply({})).toMatchObject({ isApplied: true });
  states.new = await server.read(database);
  expect(await session.apply({ direction: 'down' })).toMatchObject({ isApplied: true });
  states.back = await server.read(database);
  await session.close();

  const keystone = buildKeystone(GUIDE, { modules: newKeystone(), adapter: 'mongoose' });
  plan = planUpgrade(keystone, { resolveFrom: [newKeystone()] });
  const project = makeScenarioProject(GUIDE, 'mongoose');
  const args = ['--migration', '--format', 'migrate-mongo', '--out', 'migrations/'];
  const { code, stderr } = await run(project, args);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining('Run it: npx migrate-mongo up\n'),
  });
  const [name] = fs.readdirSync(path.join(project, 'migrations'));
  expect(name).toMatch(/^\d{14}-arcade-relationships\.js$/);
  file = { name, text: fs.readFileSync(path.join(project, 'migrations', name), 'utf8') };
});

afterAll(async () => {
  removeProjects();
  if (keystones) await Promise.all([keystones.old.stop(), keystones.new.stop()]);
  await server?.stop();
});

async function makeDatabase(collections) {
  const database = `formats_${++count}`;
  await server.write(database, collections);
  return database;
}

/** What is in a database, but for the collections of the tool. */
function stateText(collections) {
  const own = Object.entries(collections).filter(([name]) => !name.startsWith('changelog'));
  const documents = Object.fromEntries(own.map(([name, it]) => [name, it.documents]));
  return documentsText(normalized(documents, relationships)) + indexesText(Object.fromEntries(own));
}

/** The migrations that the tool has recorded. */
async function recorded(database) {
  const documents = await server.database(database).collection('changelog').find().toArray();
  return documents.map(({ fileName }) => fileName);
}

async function expectState(database, state, names) {
  expect(stateText(await server.read(database))).toBe(stateText(state));
  expect(await recorded(database)).toEqual(names);
}

/** A project with migrations, and how the tool's CLI is run on a database. */
function migrateMongo(version, migrations = { [file.name]: file.text }) {
  const files = Object.entries(migrations).map(([name, text]) => [`migrations/${name}`, text]);
  const folder = makeProject(
    { 'migrate-mongo-config.js': CONFIG, 'killer.js': KILLER, ...Object.fromEntries(files) },
    [],
    modules('tools'),
  );
  const cli = path.join(modules('tools'), `migrate-mongo-${version}`, 'bin', 'migrate-mongo.js');
  return async (database, command, { config = {}, killAt, node = [], env: more } = {}) => {
    const env = {
      MONGO_URL: server.url(database),
      MONGO_DATABASE: server.database(database).databaseName,
      MIGRATE_MONGO: JSON.stringify(config),
      KILL_AT: killAt,
      ...more,
    };
    const killer = killAt ? ['-r', path.join(folder, 'killer.js')] : [];
    const options = { file: cli, env, node: [...node, ...killer] };
    const { code, signal, stdout, stderr } = await run(folder, [command], options);
    return { code, signal, output: stdout + stderr };
  };
}

describe.each(VERSIONS)('migrate-mongo %s', (version) => {
  it('goes there and back', async () => {
    const tool = migrateMongo(version);
    const database = await makeDatabase(states.old);
    expect((await tool(database, 'status')).output).toMatch(/PENDING/);
    const up = await tool(database, 'up');
    expect(up).toMatchObject({ code: 0, output: expect.stringContaining('MIGRATED UP') });
    await expectState(database, states.new, [file.name]);
    const session = await keystones.new.open(GUIDE, server.url(database));
    expect(await session.read()).toEqual(read);
    await session.close();
    expect((await tool(database, 'status')).output).not.toMatch(/PENDING/);

    const { changelog } = await server.read(database);
    await server.write(database, { ...states.new, changelog });
    expect(await tool(database, 'down')).toMatchObject({ code: 0 });
    await expectState(database, states.back, []);

    await server.write(database, { ...states.back, changelog });
    const again = await tool(database, 'down');
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('Nothing to do: ') });
    await expectState(database, states.back, []);
  });

  it('a check that fails says why, and leaves nothing behind', async () => {
    const tool = migrateMongo(version);
    const database = await makeDatabase(states.old);
    await server
      .database(database)
      .collection('todos')
      .updateMany({}, { $set: { readers: [] } });
    const before = await server.read(database);
    const { code, output } = await tool(database, 'up');
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('Todo.readers -> User.readPosts'),
    });
    expect(output).toContain('Nothing has been changed');
    await expectState(database, before, []);

    const reconciling = plan.migration({ format: 'migrate-mongo', reconcile: true });
    const again = await migrateMongo(version, { [file.name]: reconciling })(database, 'up');
    expect(again).toMatchObject({ code: 0 });
    expect(await recorded(database)).toEqual([file.name]);
  });

  it('has nothing to do on a fresh database and on an empty one, and what comes later runs', async () => {
    const tool = migrateMongo(version, { [file.name]: file.text, [SECOND]: LATER });
    for (const state of [states.fresh, {}]) {
      const database = await makeDatabase(state);
      const { code, output } = await tool(database, 'up');
      expect({ code, output }).toEqual({
        code: 0,
        output: expect.stringContaining('Nothing to do: '),
      });
      const later = await server.database(database).listCollections({ name: 'later' }).toArray();
      expect(later).toHaveLength(1);
      await server.database(database).dropCollection('later');
      await expectState(database, state, [file.name, SECOND]);
    }
  });

  it.each(['copying links', 'Making the indexes', 'removing'])('killed at: %s', async (killAt) => {
    const tool = migrateMongo(version);
    const database = await makeDatabase(states.old);
    expect(await tool(database, 'up', { killAt })).toMatchObject({ signal: 'SIGKILL' });
    expect(await recorded(database)).toEqual([]);
    expect(await tool(database, 'up')).toMatchObject({ code: 0 });
    await expectState(database, states.new, [file.name]);
  });
});

it('of two at once, one migrates', async () => {
  const database = await makeDatabase(states.old);
  const both = await Promise.all(
    [1, 2].map(() => migrateMongo(LATEST)(database, 'up', { config: { lockTtl: 0 } })),
  );
  expect(both.some(({ code }) => code === 0)).toBe(true);
  expect(stateText(await server.read(database))).toBe(stateText(states.new));
  expect(new Set(await recorded(database))).toEqual(new Set([file.name]));
});

it.each([
  ['cjs', { config: { migrationFileExtension: '.cjs' } }],
  ['mjs', { config: { migrationFileExtension: '.mjs', moduleSystem: 'esm' } }],
  [
    'ts',
    {
      config: { migrationFileExtension: '.ts' },
      node: ['-r', require.resolve('ts-node/register/transpile-only')],
      env: { TS_NODE_COMPILER_OPTIONS: '{"module":"commonjs"}' },
    },
  ],
])('a file that ends in .%s', async (extension, options) => {
  const text = plan.migration({ format: 'migrate-mongo', extension });
  const name = `20200820120000-arcade.${extension}`;
  const tool = migrateMongo(LATEST, { [name]: text });
  const database = await makeDatabase(states.old);
  expect(await tool(database, 'up', options)).toMatchObject({
    code: 0,
    output: expect.stringContaining('MIGRATED UP'),
  });
  await expectState(database, states.new, [name]);
  expect(await tool(database, 'down', options)).toMatchObject({ code: 0 });
  await expectState(database, states.back, []);
});
