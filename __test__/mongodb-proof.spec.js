'use strict';

// Every scenario of mongoose that both Keystones can load, on a real server: OLD fills a database,
// the script takes it to what NEW would have made, NEW reads the same, and the way back restores it.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('./support/keystone-process');
const { startMongodb } = require('./support/mongodb');
const { prove } = require('./support/mongodb-oracle');
const { Shell } = require('./support/mongosh');
const { generations, loadScenario, scenarioNames } = require('./support/scenario');

/** Nothing is related in these. */
const WITHOUT_LINKS = ['no-relationships'];

const scenarios = scenarioNames()
  .map(loadScenario)
  .filter((scenario) => Array.isArray(scenario.adapters) && scenario.adapters.includes('mongoose'))
  .filter((scenario) => generations(scenario).length === 2);
const isRefused = ({ folder }) => fs.existsSync(path.join(folder, 'mongodb', 'error.txt'));
const planned = scenarios.filter((scenario) => !isRefused(scenario));

let tools;

beforeAll(async () => {
  tools = {
    server: await startMongodb(),
    shell: new Shell(),
    keystones: { old: startKeystone('old', 'mongoose'), new: startKeystone('new', 'mongoose') },
  };
});

afterAll(async () => {
  if (!tools) return;
  const { server, shell, keystones } = tools;
  await Promise.all([shell.stop(), keystones.old.stop(), keystones.new.stop()]);
  await server.stop();
});

test.each(planned.map((scenario) => [scenario.name, scenario]))('%s', async (name, scenario) => {
  const result = await prove(scenario, { ...tools, seed: 1 });
  expect(result.exceptions).toEqual([]);
  expect(result.links > 0).toBe(!WITHOUT_LINKS.includes(name));
});

test('there are scenarios, and those without links are among them', () => {
  const names = planned.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(WITHOUT_LINKS));
  expect(names.length).toBeGreaterThan(30);
});
