// The scenarios that differ in kind, there and back, on every PostgreSQL that is supported.
import fs from 'node:fs';
import path from 'node:path';
import keystoneProcess from './keystone-process.js';
import oracle from './postgres-oracle.js';
import postgres from './postgres.js';
import scenarios from './scenario.js';
import { stage } from './run.mjs';

/** Those whose scripts are kept: about a dozen, of which no two are of one kind. */
function ofEachKind() {
  return scenarios
    .scenarioNames()
    .map(scenarios.loadScenario)
    .filter(({ adapters }) => Array.isArray(adapters) && adapters.includes('knex'))
    .filter((scenario) => scenario.scripts && scenarios.generations(scenario).length === 2)
    .filter(({ folder }) => !fs.existsSync(path.join(folder, 'postgresql', 'error.txt')));
}

/** Takes them through the oracle. Returns how many there were, with how many links. */
async function proveOn(server, keystones) {
  let links = 0;
  const all = ofEachKind();
  for (const scenario of all) {
    try {
      const result = await oracle.prove(scenario, { server, keystones, seed: 1 });
      links += result.links;
    } catch (error) {
      throw new Error(`${scenario.name}: ${error.message}`, { cause: error });
    }
  }
  return `${all.length} scenarios there and back, ${links} links`;
}

/**
 * Proves the scenarios on one version after the other: a stage each.
 *
 * @param {string[]} versions of PostgreSQL
 */
export async function proveWide(versions) {
  const [oldKeystone, newKeystone] = ['old', 'new'].map((generation) =>
    keystoneProcess.startKeystone(generation),
  );
  try {
    for (const version of versions) {
      await stage(`PostgreSQL ${version}`, async () => {
        const server = await postgres.startPostgres(version);
        try {
          return await proveOn(server, { old: oldKeystone, new: newKeystone });
        } finally {
          await server.stop();
        }
      });
    }
  } finally {
    await Promise.all([oldKeystone.stop(), newKeystone.stop()]);
  }
}
