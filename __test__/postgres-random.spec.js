'use strict';

// Random projects through the oracle. `SEED=<number>` takes others, `RANDOM_PROJECTS` says how many;
// `npm run test:random -- 500` runs more of them, and others each time.

const { startKeystone } = require('../dev/keystone-process');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { firstSeed, proveRandom } = require('../dev/random-run');

const COUNT = Number(process.env.RANDOM_PROJECTS ?? 15);
// The same each time: a failure says something of the change, and not of luck.
const FIRST = firstSeed(1);
const VERSIONS = postgresVersions();

const seeds = Array.from({ length: COUNT }, (_, at) => FIRST + at);
const keystones = {};
const servers = {};
const results = [];

beforeAll(async () => {
  process.stdout.write(`${COUNT} random projects; again with SEED=${FIRST}\n`);
  for (const version of VERSIONS) servers[version] = await startPostgres(version);
  for (const generation of ['old', 'new']) keystones[generation] = startKeystone(generation);
});

afterAll(async () => {
  await Promise.all(Object.values(keystones).map((keystone) => keystone.stop()));
  await Promise.all(Object.values(servers).map((server) => server.stop()));
});

test.each(seeds)('seed %i', async (seed) => {
  const server = servers[VERSIONS[seed % VERSIONS.length]];
  results.push(await proveRandom('postgres', seed, { server, keystones }));
});

test('most of them are possible and planned, and there are links', () => {
  const others = results.filter(({ refused, impossible }) => refused || impossible);
  expect(others.length).toBeLessThanOrEqual(results.length / 3);
  expect(results.reduce((sum, { links }) => sum + links, 0)).toBeGreaterThan(COUNT);
});
