// `npm run test:wide`: the scenarios that differ in kind on PostgreSQL 12 to 18; `npm run test:wide -- 12 13`
// on some of them.
import { script } from '../dev/run.mjs';
import { installSet, setUp } from '../dev/setup.mjs';

const VERSIONS = ['12', '13', '14', '15', '16', '17', '18'];

const asked = process.argv.slice(2);
const versions = asked.length ? asked : VERSIONS;

await script(async () => {
  const unknown = versions.filter((version) => !VERSIONS.includes(version));
  if (unknown.length) throw new Error(`There is no PostgreSQL ${unknown}: ${VERSIONS.join(', ')}`);
  await setUp();
  for (const set of ['keystones/new', 'keystones/old']) await installSet(set);
  for (const version of versions) await installSet(`postgres/${version}`);
  const { proveWide } = await import('../dev/wide.mjs');
  await proveWide(versions);
});
