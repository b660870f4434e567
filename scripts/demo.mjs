// `npm run demo`: from a fresh checkout to the command's output on two of the examples.
import fs from 'node:fs';
import path from 'node:path';
import keystones from '../__test__/support/keystones.js';
import { endToEnd } from './lib/end-to-end.mjs';
import { linkModules, linkPackage } from './lib/link.mjs';
import { root, run, script } from './lib/run.mjs';
import { installSet, setUp } from './lib/setup.mjs';

/** The newest of the servers that the tests run on. */
const SERVER = 'postgres/18';

const EXAMPLES = [
  { folder: 'examples/todo-knex', database: 'PostgreSQL', migration: 'SQL for psql' },
  { folder: 'examples/todo-mongoose', database: 'MongoDB', migration: 'a script for mongosh' },
];

/** Gives an example the real Keystone and this package, unless someone has installed it there. */
function prepare(project) {
  const keystone = path.join(project, 'node_modules', '@keystonejs', 'keystone');
  const installed = fs.lstatSync(keystone, { throwIfNoEntry: false })?.isDirectory();
  if (installed) return;
  linkModules(project, keystones.newKeystone());
  linkPackage(project);
}

/** Runs the command in an example as its user would, under a heading; fails with another exit code. */
async function show(folder, heading, flags, { env, exitCode } = {}) {
  const args = ['run', '--silent', 'keystone', '--', 'upgrade-relationships', ...flags];
  console.log(`\n━━━ ${heading}\n$ cd ${folder} && npm ${args.join(' ')}\n`);
  await run('npm', args, { cwd: path.join(root, folder), env, exitCode, show: true });
}

await script(async () => {
  await setUp();
  await installSet('keystones/new');

  for (const { folder, database, migration } of EXAMPLES) {
    prepare(path.join(root, folder));
    await show(folder, `${database}: what has to change`, []);
    await show(folder, `${database}: the migration, ${migration}`, ['--migration']);
  }

  await installSet('keystones/old');
  await installSet(SERVER);
  const [{ folder }] = EXAMPLES;
  await endToEnd({
    heading: (text) => console.log(`\n━━━ ${text}\n`),
    command: (text, flags, options) => show(folder, text, flags, options),
  });
  console.log('\nThe other examples are in examples/, with a README each.');
});
