// `npm run test:wide`: the scenarios that differ in kind on PostgreSQL 12 to 18, and by other generations
// of Keystone; `npm run test:wide -- postgres/12 keystones` on some of them.
import { script } from '../dev/run.mjs';
import { installSet, setUp } from '../dev/setup.mjs';

await script(async () => {
  await setUp();
  const { prove, setsOf, trialNames } = await import('../dev/wide.mjs');
  const names = trialNames(process.argv.slice(2));
  for (const set of ['keystones/new', 'keystones/old', ...setsOf(names)]) await installSet(set);
  for (const name of names) await prove(name);
});
