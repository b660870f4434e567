'use strict';

// The command under every Node that Keystone 5 runs on, with the real Keystone loaded.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { modules } = require('../dev/installs');
const { startKeystone } = require('../dev/keystone-process');
const { oldKeystone } = require('../dev/keystones');
const { startMongodb } = require('../dev/mongodb');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { bin, makeProject, removeProjects } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');

/** On which Nodes the real Keystone loads as it stands, and what stops it on the others. */
const NODES = [
  { major: 10 },
  { major: 12 },
  { major: 16 },
  { major: 20 },
  { major: 22 },
  // Prisma's engine, which Keystone brings, has an undici that asks Node for its own HTTP parser.
  { major: 24, obstacle: 'No such module: http_parser' },
];

/** What a project on a Node with that obstacle has to preload for its Keystone to load at all. */
const PRELOAD = `'use strict';
const binding = process.binding;
process.binding = (name) =>
  name === 'http_parser' ? { HTTPParser: class {} } : binding.call(process, name);
`;

/** What an entry file says: which Node it is loaded by. */
const SAY_VERSION = `require('fs').writeFileSync('node-version', process.version);\n`;

/** The entry file: says that, and is the example's otherwise. */
const ENTRY = `'use strict';
${SAY_VERSION}module.exports = require('./example');
`;

/** Loads every file of a folder, and prints how many there are. */
const LOAD_ALL = `
  const fs = require('fs');
  const path = require('path');
  const files = (folder) =>
    [].concat(
      ...fs.readdirSync(folder).map((name) => {
        const file = path.join(folder, name);
        return fs.statSync(file).isDirectory() ? files(file) : [file];
      }),
    );
  const all = files(process.argv[1]);
  all.forEach((file) => require(file));
  console.log(all.length);`;

/**
 * Plans in ten worker threads, one after the other and then at once, and prints how many did. Each of
 * them loads the addon, which Node unloads where the last thread that uses it ends.
 */
const WORKERS = `
  const { Worker } = require('worker_threads');
  const code = \`
    const { planUpgrade } = require(\${JSON.stringify(process.argv[1])});
    const tags = { ref: 'Tag', many: true, rank: 0 };
    const lists = [
      { key: 'Post', adapter: 0, rank: 0, fields: [{ path: 'tags', relationship: tags }] },
      { key: 'Tag', adapter: 0, rank: 1, fields: [] },
    ];
    const adapters = [{ name: 'knex', kind: 'knex' }];
    const plan = planUpgrade({ version: 1, locale: 'en-US', adapters, lists });
    require('worker_threads').parentPort.postMessage(plan.migration());\`;
  let planned = 0;
  const work = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(code, { eval: true });
      worker.on('message', (sql) => { planned += sql.includes('Post_tags_many') ? 1 : 0; });
      worker.on('error', reject);
      worker.on('exit', resolve);
    });
  const ten = Array.from({ length: 10 });
  ten
    .reduce((before) => before.then(work), Promise.resolve())
    .then(() => Promise.all(ten.map(work)))
    .then(() => console.log(planned));`;

const RUNS = [['--migration'], ['--json']];
const ROOT = path.join(__dirname, '..');
const example = (name) => path.join(ROOT, 'examples', name, 'index.js');
const EXAMPLE = example('todo-knex');

/** The Nodes whose users still have the old Keystone, and what these run on its databases. */
const OLD_NODES = [10, 12];

const DATABASE_RUNS = [['--check'], ['--apply', '--yes'], ['--rollback', '--apply', '--yes']];

// The binaries are packages for this platform alone.
const suite = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

const binary = (major) => path.join(modules('nodes'), `node-${major}`, 'bin', 'node');

suite('the command under', () => {
  const expected = new Map();
  let project;

  /** Runs the command in the project and tells which Node has loaded the entry file. */
  function run(node, args, preload = []) {
    const version = path.join(project, 'node-version');
    fs.rmSync(version, { force: true });
    const command = [...preload, bin.command, ...args];
    const { status, stdout, stderr } = spawnSync(node, command, {
      cwd: project,
      encoding: 'utf8',
      // Old Nodes have English alone, and the order of names depends on the locale.
      env: { ...process.env, LC_ALL: 'en' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { status, stdout, stderr, version: fs.readFileSync(version, 'utf8') };
  }

  beforeAll(() => {
    project = makeProject({
      'index.js': ENTRY,
      'example.js': fs.readFileSync(EXAMPLE, 'utf8'),
      'preload.js': PRELOAD,
      'index.mjs': "import it from './index.js'; export const { keystone } = it;",
    });
    for (const args of RUNS) {
      const result = run(process.execPath, args);
      expect(result).toMatchObject({ version: process.version, status: 0 });
      expect(result.stdout).toContain('Todo_reviewers_many');
      expected.set(args.join(), result.stdout);
    }
  });

  afterAll(removeProjects);

  describe.each(NODES)('Node $major', ({ major, obstacle }) => {
    const version = expect.stringMatching(new RegExp(`^v${major}\\.`));

    // What JavaScript does for the one is most of what it does for the other.
    const runs = major === NODES[0].major || obstacle ? RUNS : RUNS.slice(0, 1);
    test.each(runs.map((args) => [args]))('prints what this Node prints: %j', (args) => {
      const preload = obstacle ? ['--require', './preload.js'] : [];
      const stdout = expected.get(args.join());
      expect(run(binary(major), args, preload)).toMatchObject({ version, stdout, status: 0 });
    });

    // Newer ones load it by `require`, and the oldest not at all.
    const testImport = major === 12 || major === 16 ? test : () => {};
    testImport('imports an entry file that is an ES module', () => {
      const stdout = expected.get('--migration');
      const result = run(binary(major), ['--entry', 'index.mjs', '--migration']);
      expect(result).toMatchObject({ version, stdout, status: 0 });
    });

    test('loads every file of this package', () => {
      const { status, stdout, stderr } = spawnSync(
        binary(major),
        ['-e', LOAD_ALL, path.join(ROOT, 'lib')],
        { encoding: 'utf8' },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(Number(stdout)).toBeGreaterThan(40);
    });

    test('plans in ten worker threads, in turn and at once', () => {
      const flags = major === 10 ? ['--experimental-worker'] : [];
      const { status, signal, stdout, stderr } = spawnSync(
        binary(major),
        [...flags, '-e', WORKERS, ROOT],
        { encoding: 'utf8' },
      );
      const output = { status: 0, signal: null, stdout: '20\n', stderr: '' };
      expect({ status, signal, stdout, stderr }).toEqual(output);
    });

    if (obstacle) {
      test('says why the real Keystone does not load', () => {
        const stderr = expect.stringContaining(obstacle);
        expect(run(binary(major), [])).toMatchObject({ version, stdout: '', stderr, status: 1 });
      });
    }
  });
});

suite.each([
  ['PostgreSQL', 'knex', () => startPostgres(postgresVersions()[0])],
  ['MongoDB', 'mongoose', startMongodb],
])('a database of the old Keystone on %s', (_, adapter, startServer) => {
  let server;
  let project;

  beforeAll(async () => {
    server = await startServer();
    const old = startKeystone('old', adapter);
    if (adapter === 'knex') await server.createDatabase('app');
    const session = await old.open(loadScenario('guide'), server.url('app'));
    if (adapter === 'knex') await session.createSchema();
    await session.fill({ seed: 1, canBeEmpty: false, canDelete: true });
    await old.stop();
    const entry = fs.readFileSync(example(`todo-${adapter}`), 'utf8');
    project = makeProject({ 'index.js': `${SAY_VERSION}${entry}` }, [], oldKeystone());
  });

  afterAll(async () => {
    removeProjects();
    await server?.stop();
  });

  test.each(OLD_NODES)('is migrated there and back under Node %i', (major) => {
    for (const args of DATABASE_RUNS) {
      const { status, stdout, stderr } = spawnSync(binary(major), [bin.command, ...args], {
        cwd: project,
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'en', DATABASE_URL: server.url('app') },
      });
      expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: expect.any(String) });
      expect(stdout).toMatch(/^(Ready: --apply takes it to|Done and verified:) .*schema\.$/m);
    }
    const version = fs.readFileSync(path.join(project, 'node-version'), 'utf8');
    expect(version).toMatch(new RegExp(`^v${major}\\.`));
  });
});
