// The scenarios that differ in kind, there and back, on every PostgreSQL that is supported, and by the
// generations of Keystone from before and after Arcade.
import fs from 'node:fs';
import path from 'node:path';
import keystoneProcess from './keystone-process.js';
import mongodb from './mongodb.js';
import mongodbOracle from './mongodb-oracle.js';
import mongosh from './mongosh.js';
import postgres from './postgres.js';
import postgresOracle from './postgres-oracle.js';
import scenarios from './scenario.js';
import { stage } from './run.mjs';

const ENGINES = {
  PostgreSQL: {
    adapter: 'knex',
    oracle: postgresOracle,
    start: (version = postgres.postgresVersions().at(-1)) => postgres.startPostgres(version),
  },
  MongoDB: {
    adapter: 'mongoose',
    oracle: mongodbOracle,
    start: () => mongodb.startMongodb(),
    needs: ['mongodb/mongosh', ...(mongodb.isServerNeeded() ? ['mongodb/server'] : [])],
  },
};

const onPostgres = (version) => [
  `postgres/${version}`,
  { engines: ['PostgreSQL'], version, needs: [`postgres/${version}`] },
];

const byKeystones = (set, which, cannot) => [
  set,
  {
    ...{ engines: Object.keys(ENGINES), which, cannot },
    needs: [set, 'postgres/18', ...ENGINES.MongoDB.needs],
  },
];

/**
 * By name: a version of PostgreSQL, or the installs of the Keystones if not the usual ones, with the
 * scenarios that such an OLD itself cannot fill.
 */
const TRIALS = Object.fromEntries([
  ...['12', '13', '14', '15', '16', '17', '18'].map(onPostgres),
  // Every OLD with the last NEW, and every NEW with the last OLD.
  byKeystones(
    'keystones/alpha-16',
    { old: 'keystones/alpha-16' },
    // It reads join tables of lists with themselves that it has not made, and every object's `constructor`.
    { PostgreSQL: ['reserved-words', 'schema-name', 'uuid-keys'] },
  ),
  ...['keystones/5', 'keystones/6'].map((set) => byKeystones(set, { old: set })),
  ...['keystones/8', 'keystones/13', 'keystones/18'].map((set) => byKeystones(set, { new: set })),
]);

/**
 * The trials whose names begin with one of those that are asked for, by default all.
 *
 * @param {string[]} asked such as `postgres/13` or `keystones`
 * @returns {string[]}
 * @throws {Error} when one of them is no beginning of any
 */
export function trialNames(asked) {
  const names = Object.keys(TRIALS);
  const unknown = asked.filter((start) => !names.some((name) => isOf(name, start)));
  if (unknown.length) throw new Error(`There is no ${unknown}: ${names.join(', ')}`);
  return asked.length ? names.filter((name) => asked.some((start) => isOf(name, start))) : names;
}

const isOf = (name, start) => name === start || name.startsWith(`${start}/`);

/** The installs that trials need beyond those of both Keystones. */
export const setsOf = (names) => [...new Set(names.flatMap((name) => TRIALS[name].needs))];

/** The scenarios whose scripts are kept: about a dozen, of which no two are of one kind. */
function ofEachKind(adapter) {
  return scenarios
    .scenarioNames()
    .map(scenarios.loadScenario)
    .filter(({ adapters }) => Array.isArray(adapters) && adapters.includes(adapter))
    .filter((scenario) => scenario.scripts && scenarios.generations(scenario).length === 2)
    .filter(({ folder }) => {
      return !fs.existsSync(path.join(folder, scenarios.FOLDERS[adapter], 'error.txt'));
    });
}

/** Takes them through the oracle. Returns how many there were, with how many links. */
async function proveAll({ adapter, oracle }, tools, cannot = []) {
  let links = 0;
  const all = ofEachKind(adapter).filter(({ name }) => !cannot.includes(name));
  for (const scenario of all) {
    try {
      const result = await oracle.prove(scenario, { ...tools, seed: 1 });
      const { refused, impossible } = result;
      if (refused || impossible) throw new Error(impossible ?? JSON.stringify(refused));
      links += result.links;
    } catch (error) {
      throw new Error(`${scenario.name}: ${error.message}`, { cause: error });
    }
  }
  const left = cannot.length ? `; OLD itself fails at ${cannot.join(', ')}` : '';
  return `${all.length} scenarios there and back, ${links} links${left}`;
}

/**
 * Takes the scenarios through a trial: a stage for each engine.
 *
 * @param {string} name
 */
export async function prove(name) {
  const { engines, version, which = {}, cannot = {} } = TRIALS[name];
  for (const engine of engines) {
    await stage(version ? name : `${name} on ${engine}`, async () => {
      const { adapter, start } = ENGINES[engine];
      const [oldKeystone, newKeystone] = ['old', 'new'].map((generation) =>
        keystoneProcess.startKeystone(generation, adapter, which[generation]),
      );
      const shell = engine === 'MongoDB' ? new mongosh.Shell() : undefined;
      let server;
      try {
        server = await start(version);
        const keystones = { old: oldKeystone, new: newKeystone };
        const isEarlierNew = Boolean(which.new);
        const tools = { server, keystones, shell, isShort: true, isEarlierNew };
        return await proveAll(ENGINES[engine], tools, cannot[engine]);
      } finally {
        await Promise.all([oldKeystone, newKeystone, shell, server].map((it) => it?.stop()));
      }
    });
  }
}
