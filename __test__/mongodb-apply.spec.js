'use strict';

// `check` and `apply` on every scenario of mongoose that both Keystones can load, by the same oracle as
// the scripts.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { startMongodb } = require('../dev/mongodb');
const { prove } = require('../dev/mongodb-oracle');
const { generations, loadScenario, scenarioNames } = require('../dev/scenario');

const isRefused = ({ folder }) => fs.existsSync(path.join(folder, 'mongodb', 'error.txt'));
const scenarios = scenarioNames()
  .map(loadScenario)
  .filter((scenario) => Array.isArray(scenario.adapters) && scenario.adapters.includes('mongoose'))
  .filter((scenario) => generations(scenario).length === 2 && !isRefused(scenario));

let tools;

beforeAll(async () => {
  const server = await startMongodb();
  const [old, current] = ['old', 'new'].map((name) => startKeystone(name, 'mongoose'));
  tools = { server, keystones: { old, new: current }, seed: 1, applies: true };
});

afterAll(async () => {
  if (!tools) return;
  await Promise.all([tools.keystones.old.stop(), tools.keystones.new.stop()]);
  await tools.server.stop();
});

test.each(scenarios.map((scenario) => [scenario.name, scenario]))('%s', async (_, scenario) => {
  const { refused } = await prove(scenario, tools);
  expect(refused).toBe(undefined);
});
