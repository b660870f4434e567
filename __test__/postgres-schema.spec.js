'use strict';

// The schemas that the tool prints, run on an empty database of a real server: each is the one that
// its generation of Keystone creates, whichever generation the project has loaded. That the migration
// takes the one to the other is proved on what Keystone itself creates: see `postgres-proof.spec.js`.

const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { buildKeystone, generations, loadScenario, scenarioNames } = require('../dev/scenario');

const MODULES = { old: oldKeystone(), new: newKeystone() };

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

/** What a script makes of an empty database. */
async function executed(name, script) {
  const database = `${name}_executed`;
  await server.createDatabase(database);
  try {
    const { error } = await server.runScript(database, script);
    if (error) throw new Error(`${error.message} ${error.hint ?? ''}\n${script}`);
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
  expect(await executed('new', current)).toBe(await created('new', scenario));
});
