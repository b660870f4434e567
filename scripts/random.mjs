// `npm run test:random -- 500`: that many random projects through the oracle of the tests, on
// PostgreSQL; `npm run test:random -- mongodb 300` on MongoDB. They go on after a failure;
// `SEED=<number>` repeats a run.
import keystoneProcess from '../dev/keystone-process.js';
import mongodb from '../dev/mongodb.js';
import mongosh from '../dev/mongosh.js';
import postgres from '../dev/postgres.js';
import randomRun from '../dev/random-run.js';
import { script, stage } from '../dev/run.mjs';
import { installSet, setUp } from '../dev/setup.mjs';

/** Two processes of Keystone and a server keep about two processors busy. */
const LANES = 2;
const MOST_FAILURES = 10;

const engine = process.argv.slice(2).includes('mongodb') ? 'mongodb' : 'postgres';
const count = Number(process.argv.slice(2).find((it) => /^\d+$/.test(it)) ?? 100);
const adapter = { mongodb: 'mongoose', postgres: 'knex' }[engine];
const first = randomRun.firstSeed();
const totals = { passed: 0, refused: 0, impossible: 0, failed: 0, links: 0, exceptions: {} };
let next = first;

/** Takes projects one after the other until all are done. */
async function lane(servers) {
  const keystones = {
    old: keystoneProcess.startKeystone('old', adapter),
    new: keystoneProcess.startKeystone('new', adapter),
  };
  const shell = engine === 'mongodb' ? new mongosh.Shell() : undefined;
  while (next < first + count && totals.failed < MOST_FAILURES) {
    const seed = next++;
    const server = servers[seed % servers.length];
    try {
      add(await randomRun.proveRandom(engine, seed, { server, shell, keystones, isShort: true }));
    } catch (error) {
      totals.failed++;
      console.error(`${error.message}\n`);
    }
    const done = totals.passed + totals.refused + totals.impossible + totals.failed;
    if (done % 25 === 0) console.error(`… ${done} of ${count}`);
  }
  await Promise.all([keystones.old.stop(), keystones.new.stop(), shell?.stop()]);
}

function add({ refused, impossible, exceptions, links }) {
  totals[refused ? 'refused' : impossible ? 'impossible' : 'passed']++;
  totals.links += links;
  for (const exception of exceptions) {
    totals.exceptions[exception] = (totals.exceptions[exception] ?? 0) + 1;
  }
}

/** What starts the servers of each kind. */
const start = {
  async mongodb(servers) {
    servers.push(await mongodb.startMongodb());
  },
  async postgres(servers) {
    for (const version of postgres.postgresVersions()) {
      servers.push(await postgres.startPostgres(version));
    }
  },
};

async function run() {
  const servers = [];
  try {
    await start[engine](servers);
    await Promise.all(Array.from({ length: LANES }, () => lane(servers)));
  } finally {
    for (const server of servers) await server.stop();
  }
  if (totals.failed) throw Object.assign(new Error(`${totals.failed} failed`), { output: told() });
  return told();
}

function told() {
  const { passed, refused, impossible, links, exceptions } = totals;
  const left = Object.entries(exceptions).map(([what, times]) => `\n  ${times} times: ${what}`);
  return `${passed} passed with ${links} links, ${refused} refused by the plan, ${impossible} that OLD cannot make${left.join('')}`;
}

await script(async () => {
  await setUp();
  const sets = {
    mongodb: ['mongodb/mongosh', ...(mongodb.isServerNeeded() ? ['mongodb/server'] : [])],
    postgres: ['postgres/15', 'postgres/18'],
  };
  for (const set of ['keystones/new', 'keystones/old', ...sets[engine]]) await installSet(set);
  await stage(`${count} random projects on ${engine} from SEED=${first}`, run);
});
