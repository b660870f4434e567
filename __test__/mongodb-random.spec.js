'use strict';

// Random projects through the oracle for MongoDB, with data that agrees and data that does not.
// `SEED=<number>` takes others, `RANDOM_PROJECTS` says how many; `npm run test:random -- mongodb 300`
// runs more of them, and others each time.

const { startKeystone } = require('../dev/keystone-process');
const { startMongodb } = require('../dev/mongodb');
const { Shell } = require('../dev/mongosh');
const { firstSeed, proveRandom } = require('../dev/random-run');

const COUNT = Number(process.env.RANDOM_PROJECTS ?? 25);
// The same each time: a failure says something of the change, and not of luck.
const FIRST = firstSeed(1);

const seeds = Array.from({ length: COUNT }, (_, at) => FIRST + at);
const keystones = {};
const results = [];
let server;
let shell;

beforeAll(async () => {
  process.stdout.write(`${COUNT} random projects on MongoDB; again with SEED=${FIRST}\n`);
  server = await startMongodb();
  shell = new Shell();
  for (const generation of ['old', 'new']) {
    keystones[generation] = startKeystone(generation, 'mongoose');
  }
});

afterAll(async () => {
  await Promise.all(Object.values(keystones).map((keystone) => keystone.stop()));
  await shell?.stop();
  await server?.stop();
});

test.each(seeds)('seed %i', async (seed) => {
  results.push(await proveRandom('mongodb', seed, { server, shell, keystones, isShort: true }));
});

test('most of them are planned, and there are links and stops', () => {
  const count = (of) => results.filter(of).length;
  expect(count(({ refused }) => refused)).toBeLessThanOrEqual(results.length / 3);
  expect(results.reduce((sum, { links }) => sum + links, 0)).toBeGreaterThan(COUNT);
  expect(count(({ stopped }) => stopped)).toBeGreaterThan(COUNT / 10);
  expect(count(({ stopped }) => stopped === false)).toBeGreaterThan(COUNT / 10);
});
