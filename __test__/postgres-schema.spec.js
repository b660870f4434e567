'use strict';

// The schemas that the tool prints, run on an empty database of a real server: each is the one that
// its generation of Keystone creates, whichever generation the project has loaded.

const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { buildKeystone, generations, loadScenario, scenarioNames } = require('../dev/scenario');

const MODULES = { old: oldKeystone(), new: newKeystone() };

/** Where the migration cannot end in what NEW creates, because the names of two things meet. */
const MEETING_NAMES = {
  'list-keys-that-differ-by-case': 'OLD could not create an index and foreign key that NEW creates',
  'long-names': 'OLD created indexes and foreign keys that NEW cannot, and they are kept',
};

const names = scenarioNames().filter((name) => {
  const scenario = loadScenario(name);
  const isOnKnex = [scenario.adapters].flat().includes('knex');
  return isOnKnex && generations(scenario).length === 2;
});

/** The plan with that generation loaded, or undefined for a project that is refused. */
function planWith(generation, scenario) {
  const modules = MODULES[generation];
  const keystone = buildKeystone(scenario, { modules, adapter: 'knex' });
  try {
    return planUpgrade(keystone, { resolveFrom: [modules] });
  } catch (error) {
    if (!error.problems) throw error;
    return undefined;
  }
}

let server;
let keystones;

beforeAll(async () => {
  server = await startPostgres(postgresVersions().pop());
  keystones = { old: startKeystone('old'), new: startKeystone('new') };
});

afterAll(async () => {
  await Promise.all(Object.values(keystones ?? {}).map((keystone) => keystone.stop()));
  await server?.stop();
});

/** What a generation creates on an empty database. */
async function created(generation, scenario) {
  const database = `${generation}_created`;
  await server.createDatabase(database);
  try {
    const session = await keystones[generation].open(scenario, server.url(database));
    await session.createSchema();
    await session.close();
    return await server.schemaOf(database);
  } finally {
    await server.dropDatabase(database);
  }
}

/** What scripts make of an empty database. */
async function executed(name, ...scripts) {
  const database = `${name}_executed`;
  await server.createDatabase(database);
  try {
    for (const script of scripts) {
      const { error } = await server.runScript(database, script);
      if (error) throw new Error(`${error.message} ${error.hint ?? ''}\n${script}`);
    }
    return await server.schemaOf(database);
  } finally {
    await server.dropDatabase(database);
  }
}

test.each(names)('the schemas of %s are what Keystone creates', async (name) => {
  const scenario = loadScenario(name);
  const plan = planWith('new', scenario);
  const other = planWith('old', scenario);
  expect(Boolean(other)).toBe(Boolean(plan));
  if (!plan) return;
  const [old, current] = ['old', 'new'].map((which) => plan.schema(which));
  expect(other.schema('old')).toBe(old);
  expect(other.schema('new')).toBe(current);

  expect(await executed('old', old)).toBe(await created('old', scenario));
  const fresh = await executed('new', current);
  expect(fresh).toBe(await created('new', scenario));
  if (!plan.hasChanges) return;
  const migrated = await executed('migrated', old, plan.migration());
  expect(migrated === fresh).toBe(!(name in MEETING_NAMES));
});
