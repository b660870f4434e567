'use strict';

// `check` and `apply` on every scenario that both Keystones can load, by the same oracle as the
// scripts: OLD makes and fills a database, the check says old, it is migrated, the check says new, NEW
// reads the same, and the way back restores it.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { prove } = require('../dev/postgres-oracle');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { generations, loadScenario, scenarioNames } = require('../dev/scenario');

const isRefused = ({ folder }) => fs.existsSync(path.join(folder, 'postgresql', 'error.txt'));
const scenarios = scenarioNames()
  .map(loadScenario)
  .filter((scenario) => Array.isArray(scenario.adapters) && scenario.adapters.includes('knex'))
  .filter((scenario) => generations(scenario).length === 2 && !isRefused(scenario));

let tools;

beforeAll(async () => {
  // The statements are those of the scripts, which are proved on every version.
  const server = await startPostgres(postgresVersions().at(-1));
  const keystones = { old: startKeystone('old'), new: startKeystone('new') };
  tools = { server, keystones, seed: 1, applies: true };
});

afterAll(async () => {
  if (!tools) return;
  await Promise.all([tools.keystones.old.stop(), tools.keystones.new.stop()]);
  await tools.server.stop();
});

test.each(scenarios.map((scenario) => [scenario.name, scenario]))('%s', async (_, scenario) => {
  const { impossible, refused } = await prove(scenario, tools);
  expect({ impossible, refused }).toEqual({});
});
