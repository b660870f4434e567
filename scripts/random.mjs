// `npm run test:random -- 500`: that many random projects through the oracle of the tests, on
// PostgreSQL; `npm run test:random -- mongodb 300` on MongoDB. They go on after a failure;
// `SEED=<number>` repeats a run.
import mongodb from '../dev/mongodb.js';
import { script } from '../dev/run.mjs';
import { installSet, setUp } from '../dev/setup.mjs';

const args = process.argv.slice(2);
const engine = args.includes('mongodb') ? 'mongodb' : 'postgres';
const count = Number(args.find((it) => /^\d+$/.test(it)) ?? 100);
const sets = {
  mongodb: ['mongodb/mongosh', ...(mongodb.isServerNeeded() ? ['mongodb/server'] : [])],
  postgres: ['postgres/15', 'postgres/18'],
};

await script(async () => {
  await setUp();
  for (const set of ['keystones/new', 'keystones/old', ...sets[engine]]) await installSet(set);
  const { proveMany } = await import('../dev/random-many.mjs');
  await proveMany(engine, count);
});
