// What the demo shows of each engine: the command in an example, and the example's database from the old
// Keystone to the new one and back.
import fs from 'node:fs';
import path from 'node:path';
import keystoneProcess from './keystone-process.js';
import keystones from './keystones.js';
import { linkModules, linkPackage } from './link.mjs';
import mongodb from './mongodb.js';
import postgres from './postgres.js';
import { root, run } from './run.mjs';
import scenarios from './scenario.js';
import todoData from './todo-data.js';

/** Where the whole scripts are, seen from the checkout. */
const FOLDER = path.join('target', 'demo');

/** The page to look at. */
const REPORT = path.join(FOLDER, 'report.html');

/** How many lines of a script are shown. */
const HEAD = 8;

const DATABASE = 'todo';

const TODOS = `{
  allTodos(orderBy: "name_ASC") {
    name
    author { name } reviewers { name } leadAuthor { name } publisher { name } readers { name }
  }
}`;

const USERS = `{
  allUsers(orderBy: "name_ASC") { name leadPost { name } published { name } readPosts { name } }
}`;

const print = (...lines) => console.log(lines.join('\n'));

const heading = (text) => print('', `━━━ ${text}`);

/** Gives an example the real Keystone and this package, unless someone has installed it there. */
function prepare(project) {
  const keystone = path.join(project, 'node_modules', '@keystonejs', 'keystone');
  const installed = fs.lstatSync(keystone, { throwIfNoEntry: false })?.isDirectory();
  if (installed) return;
  linkModules(project, keystones.newKeystone());
  linkPackage(project);
}

/** The lines of a run, with its progress in one of them, and never which command this is. */
function shorten(output) {
  const lines = output.trimEnd().split('\n');
  const shown = lines.filter((line) => !line.startsWith('ℹ Command: '));
  const isStep = (line) => /^ℹ .*( …| \d+ of \d+.*)$/.test(line);
  const first = shown.findIndex(isStep);
  const steps = shown.filter(isStep).length;
  if (steps < 2) return shown;
  return shown
    .map((line, at) => (at === first ? `ℹ ${steps} steps …` : line))
    .filter((line, at) => at === first || !isStep(line));
}

/** Runs the command in an example, as `npm` does. */
const command = (example, flags, options) =>
  npm(example, ['keystone', '--', 'upgrade-relationships', ...flags], options);

/**
 * Runs a script in an example as its user would, and prints what it prints; fails when it ends with
 * another exit code.
 */
async function npm(example, script, { env, exitCode } = {}) {
  const args = ['run', '--silent', ...script];
  print(`$ npm ${args.join(' ')}`);
  fs.mkdirSync(path.join(root, FOLDER), { recursive: true });
  const file = path.join(root, FOLDER, 'output.txt');
  const output = fs.openSync(file, 'w');
  const { NODE_OPTIONS = '', NO_COLOR } = process.env;
  const colors = process.stdout.isTTY && !NO_COLOR ? { FORCE_COLOR: '1' } : {};
  try {
    await run('npm', args, {
      cwd: path.join(root, example),
      // Packages as old as Keystone's use what Node has deprecated since.
      env: { NODE_OPTIONS: `${NODE_OPTIONS} --no-deprecation`.trim(), ...colors, ...env },
      exitCode,
      to: output,
    });
  } finally {
    fs.closeSync(output);
    print(...shorten(fs.readFileSync(file, 'utf8')));
    fs.rmSync(file);
  }
}

/** Writes a migration to a file, and prints how it begins. */
async function script(example, file) {
  const whole = path.join(FOLDER, file);
  await command(example, ['--migration', '--out', path.relative(example, whole)]);
  const lines = fs.readFileSync(path.join(root, whole), 'utf8').trimEnd().split('\n');
  print('', ...lines.slice(0, HEAD), `… and ${lines.length - HEAD} more lines: ${whole}`);
}

/** What a query reads, one line an item. */
async function read(session, query) {
  const [items] = Object.values(await session.query(query));
  return items.map(({ name, ...fields }) => {
    const links = Object.entries(fields).map(([path, value]) => {
      const names = [value ?? []].flat().map((it) => it.name);
      return `${path}: ${names.sort().join(', ') || '–'}`;
    });
    return `  ${name} · ${links.join(' · ')}`;
  });
}

const readAll = async (session) => [
  ...(await read(session, TODOS)),
  ...(await read(session, USERS)),
];

/** A database with an old project's data, the migration, the new Keystone on it, and the way back. */
async function thereAndBack({ adapter, database, example }, server, createDatabase) {
  const scenario = scenarios.loadScenario('guide');
  const [oldKeystone, newKeystone] = ['old', 'new'].map((generation) =>
    keystoneProcess.startKeystone(generation, adapter),
  );
  const url = server.url(DATABASE);
  const here = (flags, options) =>
    command(example, flags, { env: { DATABASE_URL: url }, ...options });
  try {
    const before = await createDatabase(() => oldKeystone.open(scenario, url));
    await todoData.fill(before);
    const data = await readAll(before);
    const expectSame = (reader, lines) => {
      if (lines.join() !== data.join()) throw new Error(`${reader} reads\n${lines.join('\n')}`);
      print(`✔ ${reader} reads the same.`);
    };

    heading(`${database}: the data of a project, as the old Keystone (7.1.0) reads it`);
    print(...data);
    if (adapter === 'knex') {
      heading(
        `${database}: a seed has written only one side of a relationship, and the check finds it`,
      );
      await todoData.seedOneSide(before);
      await here(['--check'], { exitCode: 2 });
      await todoData.removeSeed(before);
      heading(`${database}: without it the database is ready; and a report to look at`);
      await here(['--check', '--report', path.relative(example, REPORT)]);
      heading(`${database}: a dry run does all of it on the real database, and takes it back`);
      await here(['--apply', '--dry-run', '--yes']);
    }
    heading(`${database}: the migration`);
    await here(['--apply', '--yes']);
    const after = await newKeystone.open(scenario, url);
    expectSame('The new Keystone (19.3.4)', await readAll(after));
    await after.close();
    heading(`${database}: the way back`);
    await here(['--rollback', '--apply', '--yes']);
    expectSame('The old Keystone (7.1.0)', await readAll(before));
    if (adapter === 'knex') {
      heading(`${database}: the same as a migration file, run there and back by the Knex CLI`);
      fs.rmSync(path.join(root, example, 'migrations'), { recursive: true, force: true });
      await here(['--migration', '--format', 'knex', '--out', 'migrations']);
      await npm(example, ['migrate'], { env: { DATABASE_URL: url } });
      await npm(example, ['migrate:back'], { env: { DATABASE_URL: url } });
      expectSame('The old Keystone (7.1.0)', await readAll(before));
    }
    await before.close();
  } finally {
    await Promise.all([oldKeystone, newKeystone].map((keystone) => keystone.stop()));
  }
}

/** What the command says without a database, and then all on one. */
async function show(engine, startServer, createDatabase) {
  const { database, example, file } = engine;
  prepare(path.join(root, example));
  heading(`${database}, in ${example}: what has to change`);
  await command(example, []);
  heading(`${database}: the migration as a script`);
  await script(example, file);
  const server = await startServer();
  try {
    await thereAndBack(engine, server, (open) => createDatabase(server, open));
  } finally {
    await server.stop();
  }
}

/**
 * Shows all of it on PostgreSQL.
 *
 * @throws {Error} when a step does not do what it must; likewise for MongoDB
 */
export const showPostgres = () =>
  show(
    {
      adapter: 'knex',
      database: 'PostgreSQL',
      example: path.join('examples', 'todo-knex'),
      file: 'migration.sql',
    },
    () => postgres.startPostgres(postgres.postgresVersions().at(-1)),
    async (server, open) => {
      await server.createDatabase(DATABASE);
      const session = await open();
      await session.createSchema();
      return session;
    },
  );

/** Shows all of it on MongoDB. */
export const showMongodb = () =>
  show(
    {
      adapter: 'mongoose',
      database: 'MongoDB',
      example: path.join('examples', 'todo-mongoose'),
      file: 'migration.js',
    },
    () => mongodb.startMongodb(),
    (_server, open) => open(),
  );

/** Says what was shown and what to try next. */
export function showClosing() {
  heading('What you have seen');
  print(
    `Two real databases went from the schema of the old Keystone to that of the new one and back. The
command said what would change and wrote it as a script; the check found a link that only one of two
stored sides had; a dry run did the work and took it back; every relationship read the same through
both Keystones.

Try next:
  open ${REPORT}
    the report, in a browser
  less ${path.join(FOLDER, 'migration.sql')}
    the whole script for PostgreSQL, with a comment for each step
  cd ${path.join('examples', 'blog')}
    another example; its README says what to look at
  cd <your project> && npm install ${root} && npx keystone-upgrade-relationships
    your own lists; nothing connects to a database without --check or --apply
README.md says more.`,
  );
}
