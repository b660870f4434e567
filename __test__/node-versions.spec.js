'use strict';

// The command under every Node that Keystone 5 runs on, with the real Keystone loaded.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { modules } = require('./support/installs');
const { bin, makeProject, removeProjects } = require('./support/project');

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

/** The entry file: says which Node it is loaded by, and is the example's otherwise. */
const ENTRY = `'use strict';
require('fs').writeFileSync('node-version', process.version);
module.exports = require('./example');
`;

const RUNS = [[], ['--migration'], ['--json']];
const EXAMPLE = path.join(__dirname, '..', 'examples', 'todo-knex', 'index.js');

// The binaries are packages for this platform alone.
const suite = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

suite('the command under', () => {
  const binary = (major) => path.join(modules('nodes'), `node-${major}`, 'bin', 'node');
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

    test.each(RUNS.map((args) => [args]))('prints what this Node prints: %j', (args) => {
      const preload = obstacle ? ['--require', './preload.js'] : [];
      const stdout = expected.get(args.join());
      expect(run(binary(major), args, preload)).toMatchObject({ version, stdout, status: 0 });
    });

    if (obstacle) {
      test('says why the real Keystone does not load', () => {
        const stderr = expect.stringContaining(obstacle);
        expect(run(binary(major), [])).toMatchObject({ version, stdout: '', stderr, status: 1 });
      });
    }
  });
});
