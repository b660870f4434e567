'use strict';

// Every scenario of mongoose that both Keystones can load, on a real server: OLD fills a database,
// the script takes it to what NEW would have made, NEW reads the same, and the way back restores it.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { startMongodb } = require('../dev/mongodb');
const { prove } = require('../dev/mongodb-oracle');
const { Shell } = require('../dev/mongosh');
const { generations, loadScenario, scenarioNames } = require('../dev/scenario');

/** Nothing is related in these. */
const WITHOUT_LINKS = ['no-relationships'];

/** The seeds of the data where the first one gives no links: of unique fields there is one at most. */
const SEEDS = { 'options-one-to-one': 5 };

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

/** A mongosh takes longer to start than to run a script: one of so many scenarios gets its own. */
const EVERY = 5;

test.each(planned.map((it, at) => [it.name, it, at]))('%s', async (name, scenario, at) => {
  const isShort = at % EVERY !== 0;
  // Data that does not agree is of a kind, whatever names it has: those that differ in kind have their
  // scripts kept. mongodb-random has 25 projects more.
  const isDisturbed = Boolean(scenario.scripts) || !isShort;
  const result = await prove(scenario, { ...tools, seed: SEEDS[name] ?? 1, isShort, isDisturbed });
  expect(result.exceptions).toEqual([]);
  expect(result.links > 0).toBe(!WITHOUT_LINKS.includes(name));
});

describe('is noticed when', () => {
  const guide = loadScenario('guide');
  /** Does something more when the script has done its work. */
  const atTheEnd = (script, more) => {
    const longer = script.replace(/\}\);\s*$/, `}).then(() => ${more});\n`);
    if (longer === script) throw new Error('The script ends otherwise');
    return longer;
  };
  const JOIN = `db.getCollection('todo_readers_user_readposts')`;

  test.each([
    [
      'a link is lost on the way up',
      ({ up }) => ({ up: atTheEnd(up, `${JOIN}.deleteOne({})`) }),
      'The documents after up',
    ],
    [
      'an index is missing',
      ({ up }) => ({ up: atTheEnd(up, `${JOIN}.dropIndex('Todo_left_id_1')`) }),
      'The indexes after up',
    ],
    [
      'an index of a list is missing',
      ({ up }) => ({ up: atTheEnd(up, `db.todos.dropIndex('author_1')`) }),
      'The indexes after up',
    ],
    [
      'an index is left by the way back',
      ({ down }) => ({ down: atTheEnd(down, `db.todos.createIndex({ author: 1 })`) }),
      'The indexes after down',
    ],
    [
      'something is left behind',
      ({ up }) => ({ up: atTheEnd(up, `db.createCollection('keystone_upgrade_relationships')`) }),
      'The documents after up',
    ],
    [
      'a second run does not say that there is nothing to do',
      () => ({ again: 'print()' }),
      'up, again says',
    ],
    [
      'a second run changes something',
      ({ up }) => ({ again: atTheEnd(up, `${JOIN}.insertOne({})`) }),
      'The documents after up has run again',
    ],
    [
      'the way back does not fill a field',
      ({ down }) => ({
        down: atTheEnd(down, `db.users.updateMany({}, { $unset: { leadPost: 1 } })`),
      }),
      'The documents after down',
    ],
    [
      'the way back does not keep the order of an array',
      ({ down }) => ({
        down: atTheEnd(
          down,
          `db.todos.updateMany({}, { $push: { readers: { $each: [], $sort: -1 } } })`,
        ),
      }),
      'The documents after down',
    ],
  ])('%s', async (name, change, message) => {
    const tamper = (plan) => ({ ...plan, ...change(plan) });
    const proof = prove(guide, { ...tools, seed: 1, isShort: true, tamper });
    await expect(proof).rejects.toThrow(message);
  });
});

test('there are scenarios, and those without links are among them', () => {
  const names = planned.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(WITHOUT_LINKS));
  expect(names.length).toBeGreaterThan(30);
});
