'use strict';

// The projects and databases that the commands of the documents run on: those of `examples`, with data
// that the old Keystone wrote.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { PRELOAD } = require('./code-cache');
const { modules } = require('./installs');
const { startKeystone } = require('./keystone-process');
const { newKeystone } = require('./keystones');
const { startMongodb } = require('./mongodb');
const { postgresVersions, startPostgres } = require('./postgres');
const { bin, makeProject } = require('./project');
const { loadScenario } = require('./scenario');
const { runOnTerminal } = require('./terminal');
const { fill, seedOneSide } = require('./todo-data');

const root = path.join(__dirname, '..');

const DATABASE = 'todo';

/** What an example is by its name: an engine, and what is done to its data. */
const EXAMPLES = {
  postgresql: { engine: 'postgresql' },
  'postgresql, a seed with one side': { engine: 'postgresql', change: seedOneSide },
  mongodb: { engine: 'mongodb' },
  'mongodb, a seed with one side': { engine: 'mongodb', change: seedOneSide },
};

const ENGINES = {
  postgresql: {
    adapter: 'knex',
    folder: 'todo-knex',
    start: () => startPostgres(postgresVersions().at(-1)),
    async empty(server) {
      await server.dropDatabase(DATABASE);
      await server.createDatabase(DATABASE);
    },
  },
  mongodb: {
    adapter: 'mongoose',
    folder: 'todo-mongoose',
    start: startMongodb,
    empty: (server) => server.dropDatabase(DATABASE),
  },
};

/** What differs from run to run, as the documents have it. */
const PLACEHOLDERS = [
  [/\b\d{14}(?=[-_])/g, '20200820120000'],
  [/\d+\.\d seconds/g, '0.2 seconds'],
  [/\b\d+ kB\b/g, '64 kB'],
  [/\b\d+ bytes\b/g, '400 bytes'],
  [/--username=\S+/g, '--username=keystone'],
  [/\b20\d{12}(?=[-_])/g, '20200820120000'],
  [/\b[0-9a-f]{24}\b/g, '5f1d8e0b2c6a4d0017e3b9a1'],
];

const HOST = 'db.example.com';

/** Servers and Keystones for the examples, each started when the first example needs it. */
class Examples {
  #servers = {};
  #keystones = {};

  /**
   * @param {string} name a key of EXAMPLES
   * @returns {Promise<Example>} a new project with a new database, in place of the example before
   */
  async open(name) {
    const { engine, change } = EXAMPLES[name] ?? {};
    if (!engine) throw new Error(`There is no example "${name}"`);
    const { adapter, folder, start, empty } = ENGINES[engine];
    this.#servers[engine] ??= await start();
    this.#keystones[engine] ??= startKeystone('old', adapter);
    const server = this.#servers[engine];
    await empty(server);
    const session = await this.#keystones[engine].open(loadScenario('guide'), server.url(DATABASE));
    if (engine === 'postgresql') await session.createSchema();
    await fill(session);
    await change?.(session);
    await session.close();
    const project = makeProject(filesOf(folder));
    installPackage(project);
    return new Example(project, server.url(DATABASE));
  }

  async stop() {
    await Promise.all(Object.values(this.#keystones).map((keystone) => keystone.stop()));
    await Promise.all(Object.values(this.#servers).map((server) => server.stop()));
  }
}

/** The files of an example, which its project has besides the packages. */
function filesOf(folder) {
  const from = path.join(root, 'examples', folder);
  const names = fs.readdirSync(from, { withFileTypes: true });
  const files = names.filter((entry) => entry.isFile() && entry.name !== 'package-lock.json');
  return Object.fromEntries(
    files.map(({ name }) => [name, fs.readFileSync(path.join(from, name), 'utf8')]),
  );
}

/** Makes this package one that the project's files can load. */
function installPackage(project) {
  const folder = path.join(project, 'node_modules');
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(root, path.join(folder, 'keystone-upgrade-relationships'), 'junction');
}

/** A project in a folder of its own, and its database. */
class Example {
  #folder;
  #url;

  constructor(folder, url) {
    this.#folder = folder;
    this.#url = new URL(url);
  }

  /** Puts a file into the project. */
  write(name, text) {
    const file = path.join(this.#folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }

  /**
   * Runs a command as its user would.
   *
   * @param {string} command a line of bash
   * @returns {Promise<string>} what a terminal shows of it in the end: without progress, with
   *   placeholders for what differs from run to run
   */
  async run(command) {
    const url = this.#url.href;
    // The order of names is that of a locale.
    const env = { DATABASE_URL: url, MONGO_URL: url, LC_ALL: 'C' };
    const asks = /^npx keystone-upgrade-relationships ([^|&>]*--apply[^|&>]*)$/.exec(command);
    const shown =
      asks && !command.includes('--yes')
        ? await this.#answer(asks[1].trim().split(' '), env)
        : await this.#shell(command, env);
    return this.#plain(command.includes('2>') ? shown : withoutProgress(shown));
  }

  #shell(command, env) {
    const words = [process.execPath, '--no-deprecation', ...PRELOAD];
    const node = words.map((word) => `"${word}"`).join(' ');
    // npx itself is proved with the packed package; it takes a second each time.
    const script = `npx() { local name=$1; shift; case $name in
        keystone-upgrade-relationships) ${node} "${bin.command}" "$@" ;;
        jest) ${node} "${require.resolve('jest/bin/jest')}" "$@" ;;
        knex) ${node} "${path.join(newKeystone(), 'knex', 'bin', 'cli.js')}" "$@" ;;
        migrate-mongo) ${node} "${path.join(modules('tools'), 'migrate-mongo-8', 'bin', 'migrate-mongo.js')}" "$@" ;;
        *) echo "no package for npx: $name" >&2; return 127 ;;
      esac; }
      node() { ${node} "$@"; }
      { ${command}
      } 2>&1`;
    const { FORCE_COLOR: _force, ...rest } = process.env;
    const child = spawn('bash', ['-c', script], { cwd: this.#folder, env: { ...rest, ...env } });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (shown += text));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(shown));
    });
  }

  async #answer(args, env) {
    const { shown } = await runOnTerminal(this.#folder, args, {
      env: { ...env, NO_COLOR: '1', NODE_OPTIONS: '--no-deprecation' },
      columns: 250,
      types: [[/\(y\/N\) /, 'y\r']],
    });
    return shown.split('\n').map(lastDrawn).join('\n');
  }

  #plain(text) {
    const name = decodeURIComponent(this.#url.pathname.slice(1));
    const port = { 'postgres:': 5432, 'postgresql:': 5432, 'mongodb:': 27017 }[this.#url.protocol];
    const known = [
      [this.#folder, '/srv/todo'],
      [`${this.#url.hostname}:${this.#url.port}`, `${HOST}:${port}`],
      [`--host=${this.#url.hostname}`, `--host=${HOST}`],
      [`--port=${this.#url.port}`, `--port=${port}`],
      [name, DATABASE],
    ];
    const own = known.reduce((all, [from, to]) => all.split(from).join(to), text);
    return PLACEHOLDERS.reduce((all, [pattern, to]) => all.replace(pattern, to), own);
  }
}

/** What a line shows in the end, which may have been cleared and drawn again and again. */
function lastDrawn(line) {
  const drawn = line.split('\r\x1b[K').at(-1);
  // eslint-disable-next-line no-control-regex
  return drawn.replace(/\x1b\[[\d;]*[A-Za-z]|\r/g, '');
}

/** Without the lines of progress, which a terminal clears, and the one that says which tool it is. */
function withoutProgress(text) {
  return text.replace(/^ℹ (?:.* …|.* \d+ of \d+(?: \(\d+\/s\))?|Command: .*)\n/gm, '');
}

module.exports = { Examples };
