// `npm run demo`: from a fresh checkout to the command's output on two of the
// examples, and their databases there and back.
import fs from 'node:fs';
import path from 'node:path';
import mongodb from '../dev/mongodb.js';
import keystones from '../dev/keystones.js';
import { endToEnd } from '../dev/end-to-end.mjs';
import { linkModules, linkPackage } from '../dev/link.mjs';
import { root, run, script } from '../dev/run.mjs';
import { installSet, setUp } from '../dev/setup.mjs';

const EXAMPLES = [
  {
    folder: 'examples/todo-knex',
    adapter: 'knex',
    database: 'PostgreSQL',
    migration: 'SQL for psql',
    // The newest of those that the tests run on.
    servers: () => ['postgres/18'],
  },
  {
    folder: 'examples/todo-mongoose',
    adapter: 'mongoose',
    database: 'MongoDB',
    migration: 'a script for mongosh',
    servers: () => (mongodb.isServerNeeded() ? ['mongodb/server'] : []),
  },
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
  for (const { folder, adapter, database, servers } of EXAMPLES) {
    for (const server of servers()) await installSet(server);
    await endToEnd(adapter, {
      heading: (text) => console.log(`\n━━━ ${database}: ${text}\n`),
      command: (text, flags, options) => show(folder, `${database}: ${text}`, flags, options),
    });
  }
  console.log('\nThe other examples are in examples/, with a README each.');
});
