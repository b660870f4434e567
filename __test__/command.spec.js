'use strict';

// The command's options, its output and its exit codes, by the real command in a real project.

const fs = require('fs');
const path = require('path');
const {
  PLANNED,
  bin,
  makeProject,
  makeScenarioProject,
  removeProjects,
  run,
  shell,
} = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { runOnTerminal } = require('../dev/terminal');
const { checkReport } = require('../lib/cli/report');
const { wrap } = require('../lib/wrap');
const { version } = require('../package.json');

const BOLD_OR_COLOR = /\x1b\[/; // eslint-disable-line no-control-regex
/** Control characters but for new lines, and a change of direction. */
const OBEYED = /[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/; // eslint-disable-line no-control-regex
/** The variables that Keystone's adapters take an address from. */
const ADDRESSES = [
  ...['CONNECT_TO', 'DATABASE_URL', 'KNEX_URI', 'MONGO_URI', 'MONGO_URL'],
  ...['MONGODB_URI', 'MONGODB_URL', 'MONGOLAB_URI', 'MONGOLAB_URL'],
];
const EXPORT = "module.exports = require('./keystone');";

/** Lists without a relationship that changes. */
const UNCHANGED = [
  "const { Keystone } = require('@keystonejs/keystone');",
  "const { KnexAdapter } = require('@keystonejs/adapter-knex');",
  "const { Relationship } = require('@keystonejs/fields');",
  "const keystone = new Keystone({ adapter: new KnexAdapter(), cookieSecret: 'secret' });",
  "keystone.createList('User', { fields: { boss: { type: Relationship, ref: 'User' } } });",
  'exports.keystone = keystone;',
].join('\n');

/** Two lists whose order depends on the locale, and one related to itself. */
const FRIENDS = UNCHANGED.split('\n')
  .concat(
    'const friends = (ref) => ({ fields: { friends: { type: Relationship, ref, many: true } } });',
    "keystone.createList('Bee', friends('Aardvark.friends'));",
    "keystone.createList('Aardvark', friends('Bee.friends'));",
    "keystone.createList('Cat', friends('Cat'));",
  )
  .join('\n');

/** So many lists that the plan as JSON has more than 2 MB, far more than a pipe holds. */
const LARGE = [
  "const { Keystone } = require('@keystonejs/keystone');",
  "const { KnexAdapter } = require('@keystonejs/adapter-knex');",
  "const { Relationship } = require('@keystonejs/fields');",
  "const keystone = new Keystone({ adapter: new KnexAdapter(), cookieSecret: 'secret' });",
  'for (let i = 0; i < 1500; i++) {',
  '  const ref = `List${(i + 1) % 1500}`;',
  '  keystone.createList(`List${i}`, {',
  '    fields: { many: { type: Relationship, ref, many: true } },',
  '  });',
  '}',
  'exports.keystone = keystone;',
].join('\n');

/** The environment of a script that npm runs with settings, by name. */
const asNpm = (settings) => ({
  npm_lifecycle_event: 'keystone',
  ...Object.fromEntries(settings.map(([name, value]) => [`npm_config_${name}`, value])),
});

let project;
beforeAll(() => {
  project = makeProject({
    'index.js': EXPORT,
    'unchanged.js': UNCHANGED,
    'large.js': LARGE,
    'friends.js': FRIENDS,
    'ends.js': 'process.exit(0);',
  });
});
afterAll(removeProjects);

describe('what is printed', () => {
  it('the summary, and on stderr which tool this is and what to do next', async () => {
    const { code, stdout, stderr } = await run(project);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(PLANNED) });
    expect(stderr.split('\n')[0]).toBe(
      `ℹ Command: keystone upgrade-relationships (keystone-upgrade-relationships ${version})`,
    );
    expect(stderr).toContain('--migration for the SQL');
  });

  it('the migration', async () => {
    const { code, stdout, stderr } = await run(project, ['--migration']);
    expect(code).toBe(0);
    expect(stdout).toContain('RENAME TO "User_posts_many";');
    expect(stdout).toMatch(/[^\n]\n$/);
    expect(stderr).not.toContain('--migration');
  });

  it('warnings where the locale turns left and right round, and of what a rollback drops', async () => {
    const call = ['--entry', 'friends.js'];
    const turned = await run(project, call, { env: { LC_ALL: 'da' } });
    expect(turned.stderr).toMatch(
      /⚠ .* Under da, .* for Bee\.friends -> Aardvark\.friends\. .*\[LOCALE\]/,
    );
    expect(turned.stderr).not.toContain('NO_WAY_BACK');
    const back = await run(project, [...call, '--rollback'], { env: { LC_ALL: 'en-GB' } });
    expect(back.stderr).toContain('[NO_WAY_BACK]');
    expect(back.stderr).not.toContain('LOCALE');
  });

  it('the way back, and both with repairs', async () => {
    const back = await run(project, ['--rollback']);
    expect(back).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('RENAME TO "User_posts";'),
    });
    expect((await run(project, ['--rollback', '--migration'])).stdout).toBe(back.stdout);
    const repaired = await run(project, ['--migration', '--reconcile']);
    expect(repaired).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('-- Made with --reconcile'),
    });
    expect(back.stdout).not.toContain('--reconcile:');
  });

  it('the schemas, and the diff in colours where it is asked for', async () => {
    const [old, current] = await Promise.all(
      ['old', 'new'].map((which) => run(project, ['--schema', which])),
    );
    expect(old).toMatchObject({ code: 0, stdout: expect.stringContaining('"User_posts"') });
    expect(current).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"User_posts_many"'),
    });
    const diff = await run(project, ['--diff']);
    expect(diff.stdout).toMatch(/^--- old schema\n\+\+\+ new schema\n@@ /);
    expect(diff.stdout).toContain('\n-create table "User_posts"\n');
    const colored = await run(project, ['--diff'], { env: { FORCE_COLOR: '1' } });
    expect(colored.stdout).toMatch(BOLD_OR_COLOR);
  });

  it('an empty diff when nothing changes', async () => {
    const diff = await run(project, ['--diff', '--entry', 'unchanged.js']);
    expect(diff).toMatchObject({ code: 0, stdout: '' });
  });

  it('the plan as JSON', async () => {
    const { code, stdout } = await run(project, ['--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ hasChanges: true });
  });

  it('the part of an adapter', async () => {
    const part = await run(project, ['--adapter', 'knex', '--exit-code']);
    expect({ code: part.code, stdout: part.stdout }).toEqual({
      code: 2,
      stdout: expect.stringContaining(PLANNED),
    });
    const unknown = await run(project, ['--adapter=nope']);
    expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('nope');
  });

  it('no hint at a migration when nothing changes', async () => {
    const { code, stderr } = await run(project, ['--entry', 'unchanged.js']);
    expect(code).toBe(0);
    expect(stderr).not.toContain('--migration');
  });

  it('mistakes in the lists, without a stack', async () => {
    const lists = UNCHANGED.replace("ref: 'User'", "ref: 'Nobody'");
    const { code, stdout, stderr } = await run(makeProject({ 'index.js': lists }));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/✖ .*Nobody/);
    expect(stderr).not.toContain('    at ');
  });

  it('several mistakes with a mark and a code each', async () => {
    const lists = UNCHANGED.replace(
      "ref: 'User' }",
      "ref: 'Nobody' }, friend: { type: Relationship, ref: 'User.nothing' }",
    );
    const { stderr } = await run(makeProject({ 'index.js': lists }));
    expect(stderr).toMatch(/\n✖ .*Nobody.* \[UNKNOWN_LIST\]\n✖ .*nothing.* \[[A-Z_]+\]\n$/);
  });

  it('a bug of ours, with the lines to report', async () => {
    const plan = path.join(__dirname, '..', 'lib', 'plan.js');
    const broken = makeProject({
      'index.js': EXPORT,
      'break.js': `require(${JSON.stringify(plan)}).planUpgrade = () => null.broken;`,
    });
    const { code, stdout, stderr } = await run(broken, [], { node: ['-r', './break.js'] });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /\n✖ Unexpected error\. This is a bug; .*\nTypeError: .*\n +at .*break\.js:1:/,
    );
  });

  it('nothing that a terminal obeys, from names and messages of the project', async () => {
    const evil = 'a\x1b]0;title\x07\x9b\u202eb';
    const lists = UNCHANGED.replace(
      'KnexAdapter()',
      `KnexAdapter({ schemaName: ${JSON.stringify(evil)} })`,
    );
    const { stdout } = await run(makeProject({ 'index.js': lists }), ['--json']);
    expect(stdout).toContain('\\u202e');
    expect(stdout).not.toMatch(OBEYED);
    expect(stdout).toContain(JSON.stringify(evil).slice(1, 8));
    const thrown = `throw new Error(${JSON.stringify(evil)})`;
    const { stderr } = await run(makeProject({ 'index.js': thrown }));
    expect(stderr).toContain('Error: a\\u001b]0;title\\u0007\\u009b\\u202eb');
    expect(stderr).not.toMatch(OBEYED);
  });
});

describe('--help and --version', () => {
  it.each(['--help', '-h'])('%s', async (option) => {
    const { code, stdout, stderr } = await run(project, [option]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage\n {2}\$ keystone-upgrade-relationships \[options\]\n/);
    for (const option of Object.keys(require('../lib/cli/command').spec)) {
      expect(stdout).toContain(`  ${option} `);
    }
  });

  it.each(['--version', '-v'])('%s', async (option) => {
    const { code, stdout, stderr } = await run(project, [option]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('mistakes in the options', () => {
  const mistakes = [
    ['--nope', '--nope'],
    ['--migrations', '--migrations'],
    ['-x', '-x'],
    ['--json=false', '--json=false'],
    ['--entry', '--entry'],
    ['--entry=', '--entry'],
    ['--out --json', '--out'],
    ['server.js', 'server.js', '--entry'],
    ['upgrade-relationships server.js', 'server.js'],
    ['--migration --json', '--migration', '--json'],
    ['--migration --rollback --diff', '--migration', '--diff'],
    ['--reconcile', '--reconcile', '--migration'],
    ['--schema both', 'both', 'old or new'],
    ['--diff --schema old', '--diff', '--schema'],
    ['--json --adapter knex', '--adapter', '--json'],
    ['--migration out.sql', 'out.sql', 'add --out out.sql'],
    ['--rollback=out.sql', '--rollback --out out.sql'],
    ['--chekc', 'Did you mean --check?'],
    ['check', 'Unexpected argument: check (did you mean --check?)'],
    ['--format knex', '--format goes with --migration'],
    ['--migration --format sql', 'no format sql', 'knex or migrate-mongo'],
    ['--migration --rollback --format knex', 'the file has both ways'],
    ['--migration --format knex --no-transaction', '--no-transaction does not go with --format'],
    ['--diff --no-transaction', '--no-transaction goes with --migration or --rollback'],
    ['--apply --rollback --no-transaction', '--no-transaction goes with --migration or --rollback'],
  ];
  it.each(mistakes)('%s', async (line, ...texts) => {
    const { code, stdout, stderr } = await run(project, line.split(' '));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^✖ /);
    for (const text of [...texts, '[USAGE]']) expect(stderr).toContain(text);
    expect(stderr).toContain('See keystone-upgrade-relationships --help');
  });

  it('npm keeps options that are meant for the command', async () => {
    const scripts = { keystone: `"${process.execPath}" "${bin.command}"` };
    const npm = makeProject({
      'package.json': JSON.stringify({ name: 'app', scripts }),
      'index.js': EXPORT,
    });
    const call = 'npm run --silent keystone upgrade-relationships';
    const { code, stdout, stderr } = await shell(npm, `${call} --check`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('npm took --check');
    expect(stderr).toContain('npm run keystone -- upgrade-relationships --check');
    expect(await shell(npm, `${call} -- --migration`)).toMatchObject({ code: 0 });
    const swallowed = `${call} --no-transaction -- --rollback`;
    expect((await shell(npm, swallowed)).stderr).toContain('npm took --no-transaction');
    // As npm 6 takes --apply apart.
    const names = ['all', 'parseable', 'long', 'yes'].map((name) => [`npm_config_${name}`, 'true']);
    const env = { npm_lifecycle_event: 'keystone', ...Object.fromEntries(names) };
    expect((await run(npm, [], { env })).stderr).toContain('npm took --apply');
  });

  it.each([
    // The way back must not become the way up.
    [[['apply', 'true']], 'upgrade-relationships --rollback', '--apply --rollback'],
    // What is left makes no sense without what npm took.
    [[['check', 'true']], 'upgrade-relationships --reconcile', '--check --reconcile'],
    [
      [['entry', "my user's.js"]],
      'upgrade-relationships --json',
      "--entry 'my user'\\''s.js' --json",
    ],
    [[['json', 'true']], 'upgrade-relationships', '--json'],
    // A setting of npm's, but one whose loss would change the database.
    [[['dry_run', 'true']], 'upgrade-relationships --apply --yes', '--dry-run --apply --yes'],
  ])('npm took %j of a call: %s', async (settings, line, options) => {
    const { code, stderr } = await run(project, line.split(' '), { env: asNpm(settings) });
    expect(code).toBe(1);
    expect(stderr).toContain('npm took --');
    expect(stderr).toContain(`\n    npm run keystone -- upgrade-relationships ${options}\n`);
    expect(stderr).not.toContain('--reconcile goes with');
  });

  it('settings of npm itself are no options that it took, where others have arrived', async () => {
    const settings = ['json', 'dry_run', 'diff', 'yes'].map((name) => [name, 'true']);
    const { code, stdout } = await run(project, ['--migration'], { env: asNpm(settings) });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('"User_posts_many"'),
    });
  });

  it("the command's name may be among the arguments", async () => {
    const { code } = await run(project, ['--exit-code', 'upgrade-relationships']);
    expect(code).toBe(2);
  });
});

describe('--exit-code', () => {
  it('2 when the database has to change, 0 when not', async () => {
    expect(await run(project, ['--exit-code'])).toMatchObject({ code: 2 });
    expect(await run(project, ['--exit-code', '--entry', 'unchanged'])).toMatchObject({ code: 0 });
    expect(await run(project, ['--exit-code', '--entry', 'none'])).toMatchObject({ code: 1 });
  });
});

describe('--format', () => {
  const FILE = ['--migration', '--format', 'knex', '--out'];
  const read = (...names) => fs.readFileSync(path.join(project, ...names), 'utf8');

  it('names the file as the tool does, in folders that it makes, and says how to run it', async () => {
    const begun = new Date();
    const { code, stdout, stderr } = await run(project, [...FILE, 'db/migrations']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const [name, ...others] = fs.readdirSync(path.join(project, 'db', 'migrations'));
    expect(others).toEqual([]);
    const [, ...parts] = /^(....)(..)(..)(..)(..)(..)_arcade_relationships\.js$/.exec(name);
    const [year, month, ...rest] = parts.map(Number);
    const seconds = (time) => Math.floor(time / 1000);
    const named = seconds(Date.UTC(year, month - 1, ...rest));
    expect(named).toBeGreaterThanOrEqual(seconds(begun));
    expect(named).toBeLessThanOrEqual(seconds(Date.now()));
    expect(stderr).toMatch(/\nℹ Wrote \S+_relationships\.js\nℹ Run it: npx knex migrate:latest\n$/);
    expect(read('db', 'migrations', name)).toMatch(/\nexports\.up = up;\nexports\.down = down;\n$/);
  });

  it('finds the configuration of the tool, and says what it replaces', async () => {
    const files = { 'index.js': EXPORT, 'the db/knexfile.js': '', 'the db/m/arcade.cjs': 'old' };
    const own = makeProject({ ...files, 'package.json': '{ "name": "app", "type": "commonjs" }' });
    const { stderr } = await run(own, [...FILE, 'the db/m/arcade.cjs']);
    const knexfile = path.join('the db', 'knexfile.js');
    expect(stderr).toMatch(/\nℹ Replaced .+arcade\.cjs\n/);
    expect(stderr).toContain(`Run it: npx knex migrate:latest --knexfile '${knexfile}'\n`);
  });

  it.each(['mjs', 'ts', 'js'])('writes an ES module: .%s', async (extension) => {
    const own = makeProject({
      'index.js': EXPORT,
      'esm/package.json': '{ "type": "module" }',
    });
    const { code } = await run(own, [...FILE, `esm/arcade.${extension}`]);
    expect(code).toBe(0);
    const text = fs.readFileSync(path.join(own, 'esm', `arcade.${extension}`), 'utf8');
    expect(text).toMatch(/\nexport \{ up, down \};\n$/);
    expect(text).not.toMatch(/require|exports\b/);
    expect(text.includes('// @ts-nocheck\n')).toBe(extension === 'ts');
  });

  it.each([
    [[...FILE, 'arcade.sql'], 'has to end with one of .js, .cjs, .mjs, .ts', 'USAGE'],
    [['--migration', '--format', 'migrate-mongo'], 'is for MongoDB', 'INVALID_OPTION'],
  ])('%s', async (args, text, errorCode) => {
    const { code, stdout, stderr } = await run(project, args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(text);
    expect(stderr).toContain(`[${errorCode}]`);
  });
});

describe('--out', () => {
  it('writes relative to the working directory, and nothing to stdout', async () => {
    const parent = path.dirname(project);
    const args = ['--entry', 'app', '--migration', '--out', 'new.sql'];
    const { code, stdout, stderr } = await run(parent, args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`ℹ Wrote ${path.join(parent, 'new.sql')}`);
    const printed = await run(project, ['--migration']);
    expect(fs.readFileSync(path.join(parent, 'new.sql'), 'utf8')).toBe(printed.stdout);
  });

  it('replaces a file, through a symbolic link too', async () => {
    fs.writeFileSync(path.join(project, 'real.txt'), 'old');
    fs.symlinkSync('real.txt', path.join(project, 'link.txt'));
    expect(await run(project, ['--out', 'link.txt'])).toMatchObject({ code: 0 });
    expect(fs.readFileSync(path.join(project, 'real.txt'), 'utf8')).toContain(PLANNED);
    expect(fs.lstatSync(path.join(project, 'link.txt')).isSymbolicLink()).toBe(true);
  });

  it('writes where a symbolic link leads to, and to stdout by the name -', async () => {
    fs.symlinkSync('new.txt', path.join(project, 'dangling.txt'));
    expect(await run(project, ['--out', 'dangling.txt'])).toMatchObject({ code: 0, stdout: '' });
    expect(fs.readFileSync(path.join(project, 'new.txt'), 'utf8')).toContain(PLANNED);
    const { stdout } = await run(project, ['--out', '-']);
    expect(stdout).toContain(PLANNED);
    expect(fs.existsSync(path.join(project, '-'))).toBe(false);
  });

  it('keeps the mode of a file', async () => {
    const file = path.join(project, 'secret.txt');
    fs.writeFileSync(file, 'old');
    fs.chmodSync(file, 0o640);
    expect(await run(project, ['--out', 'secret.txt'])).toMatchObject({ code: 0 });
    expect(fs.readFileSync(file, 'utf8')).toContain(PLANNED);
    expect(fs.statSync(file).mode & 0o777).toBe(0o640);
  });

  it('never replaces the entry file', async () => {
    fs.symlinkSync('index.js', path.join(project, 'entry.txt'));
    for (const out of ['index.js', 'entry.txt']) {
      const { code, stderr } = await run(project, ['--migration', '--out', out]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('it is the entry file [OUT_FAILED]'),
      });
    }
    expect(fs.readFileSync(path.join(project, 'index.js'), 'utf8')).toBe(EXPORT);
  });

  it('leaves an old file as it is when the run fails', async () => {
    fs.writeFileSync(path.join(project, 'old.txt'), 'old');
    const { code } = await run(project, ['--entry', 'none.js', '--out', 'old.txt']);
    expect(code).toBe(1);
    expect(fs.readFileSync(path.join(project, 'old.txt'), 'utf8')).toBe('old');
  });

  const impossible = {
    'below a file': ['index.js/new/x.sql', /not a directory \[OUT_FAILED\]\n/],
    'a folder': ['.', /it exists and is not a regular file \[OUT_FAILED\]\n/],
    'a device': ['/dev/null', /it exists and is not a regular file \[OUT_FAILED\]\n/],
    'where the file system takes no files': [
      '/proc/x.sql',
      /no such file or directory \[OUT_FAILED\]\n/,
    ],
  };
  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux.each(Object.keys(impossible))('cannot be %s', async (name) => {
    const before = fs.readdirSync(project);
    const [file, reason] = impossible[name];
    // The project would end the process: it is not even loaded.
    const args = ['--entry', 'ends.js', '--out', file];
    const { code, stdout, stderr } = await run(project, args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`✖ Cannot write --out ${path.resolve(project, file)}: `);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('.tmp');
    expect(fs.readdirSync(project)).toEqual(before);
    expect(fs.statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('leaves nothing behind when the disk is full', async () => {
    // A limit on the size of files stands in for the full disk.
    const before = fs.readdirSync(project);
    const line = 'trap "" XFSZ; ulimit -f 0; kur --out full.txt';
    const { code, stderr } = await shell(project, line);
    expect(code).toBe(1);
    expect(stderr).toMatch(/✖ Cannot write --out \S+full\.txt: file too large \[OUT_FAILED\]\n$/);
    expect(fs.readdirSync(project)).toEqual(before);
  });
});

describe('colours', () => {
  const cases = [
    [{}, [], false], // no terminal
    [{ FORCE_COLOR: '1' }, [], true],
    [{ FORCE_COLOR: 'true' }, [], true],
    [{ FORCE_COLOR: '0' }, [], false],
    [{ FORCE_COLOR: 'false' }, [], false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, [], false],
    [{ FORCE_COLOR: '1', NO_COLOR: '' }, [], true],
    [{ FORCE_COLOR: '1' }, ['--no-color'], false],
  ];
  it.each(cases)('%j %j: %j', async (env, args, colored) => {
    const { code, stdout } = await run(project, args, { env });
    expect(code).toBe(0);
    expect(BOLD_OR_COLOR.test(stdout)).toBe(colored);
  });

  // `script` runs a command on a terminal of its own.
  const onTerminal = (env) => {
    const line = `script -qec '"${process.execPath}" "${bin.command}"' /dev/null`;
    return shell(project, line, { env });
  };
  it('on a terminal, unless it is dumb', async () => {
    const { code, stdout } = await onTerminal({ TERM: 'xterm' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(PLANNED) });
    expect(stdout).toMatch(BOLD_OR_COLOR);
    expect((await onTerminal({ TERM: 'dumb' })).stdout).not.toMatch(BOLD_OR_COLOR);
  });
});

describe('lines that are too long', () => {
  it.each([
    ['one two three', 'one two\n  three'],
    // One indent, however often a line goes on.
    ['  one two three four five', '  one two\n    three\n    four\n    five'],
    // After a word that is too long.
    ['one-two-three four five', 'one-two-three\n  four\n  five'],
    ['✖ one-two-three four', '✖ one-two-three\n  four'],
    ['one-two-three', 'one-two-three'],
    ['a b\nc d', 'a b\nc d'],
    ['    a command is copied', '    a command is copied'],
  ])('%j are broken between words', (text, lines) => {
    expect(wrap(text, 9)).toBe(lines);
    expect(wrap(text, Infinity)).toBe(text);
  });

  it('of messages are broken on a terminal only', async () => {
    const args = ['--json', '--adapter', 'knex'];
    const { stderr } = await run(project, args);
    const long = '✖ --adapter does not go with --json, which always has all adapters [USAGE]';
    expect(stderr).toBe(`${long}\n  See keystone-upgrade-relationships --help\n`);
    const { shown } = await runOnTerminal(project, args, { columns: 45 });
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(45);
    expect(shown.replace(/\n {2,}/g, ' ')).toBe(stderr.replace(/\n {2,}/g, ' '));
    const env = asNpm([['apply', 'true']]);
    const call = 'npm run keystone -- --apply --rollback --reconcile';
    const advised = await runOnTerminal(project, ['--rollback', '--reconcile'], {
      columns: 45,
      env,
    });
    expect(advised.shown).toContain(`\n    ${call}\n`);
  });

  it('of the report of a check are broken, and no number', () => {
    const links = (at) => 100200300 + at;
    const relationships = Array.from({ length: 30 }, (_, at) => ({
      name: `Publication${at}.contributors -> Contributor${at}.publications`,
      state: 'old',
      places: ['Publication_contributors', 'Contributor_publications'].map((name, side) => ({
        name: `${name}${at}`,
        schema: 'old',
        links: links(2 * at + side),
      })),
      remaining: [],
    }));
    const report = checkReport(inspectionOf({ relationships }), 80);
    for (const line of report.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const numbers = report.match(/\b\d{9}\b/g).map(Number);
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, at) => links(at)));
  });

  it('of a database name its schema, where that is not the usual one', () => {
    const report = (schemaName) => checkReport(inspectionOf({ schemaName })).split('\n')[0];
    const where = 'on db.example.com:5432 is in the old schema.';
    expect(report('public')).toBe(`The database todo ${where}`);
    expect(report('shop')).toBe(`The database todo (schema shop) ${where}`);
  });

  it('of what is dropped are a line for each', () => {
    const drops = Array.from({ length: 20 }, (_, at) => `Contributor_publications${at}`);
    const list = drops.map((name) => `  ${name}\n`).join('');
    expect(checkReport(inspectionOf({ drops }))).toContain(`\nIt drops:\n${list}`);
    const few = checkReport(inspectionOf({ drops: drops.slice(0, 2) }));
    expect(few).toContain('\nIt drops Contributor_publications0, Contributor_publications1.\n');
  });

  const inspectionOf = (changes) => ({
    database: { name: 'todo', host: 'db.example.com', port: 5432 },
    direction: 'up',
    reconcile: false,
    state: 'old',
    isDone: false,
    isReady: true,
    relationships: [],
    drops: [],
    copies: [],
    locks: [],
    problems: [],
    warnings: [],
    ...changes,
  });
});

it.each([
  ['knex', 'knexOptions.connection', 'CONNECT_TO, DATABASE_URL or KNEX_URI'],
  ['mongoose', 'mongoUri', 'CONNECT_TO, DATABASE_URL, MONGO_URI or a similar variable'],
])('an address that is nowhere: where %s looks for it', async (adapter, option, variables) => {
  const keystone = makeScenarioProject(loadScenario('guide'), adapter);
  const env = Object.fromEntries(ADDRESSES.map((name) => [name, undefined]));
  const { code, stdout, stderr } = await run(keystone, ['--check'], { env });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(
    `✖ Could not connect to the database of the adapter ${adapter}: [CONNECTION_FAILED]\n`,
  );
  expect(stderr).toContain(
    `\n  No address is set. Is an environment variable missing, such as DATABASE_URL?\n  The address comes from the adapter's ${option}, else from ${variables}.\n`,
  );
});

describe('megabytes', () => {
  const json = '--entry large.js --json';
  let whole;
  beforeAll(async () => {
    const file = path.join(project, 'large.json');
    const { code } = await shell(project, `kur ${json} > large.json`);
    expect(code).toBe(0);
    whole = fs.readFileSync(file, 'utf8');
    expect(whole.length).toBeGreaterThan(2e6);
    expect(JSON.parse(whole).relationships).toHaveLength(1500);
  });

  it('arrive whole in a pipe, a slow one too', async () => {
    const { stdout } = await shell(project, `kur ${json} | (sleep 4; cat)`);
    expect(stdout === whole).toBe(true);
  });

  it('of messages arrive whole on a slow stderr', async () => {
    const loud = makeProject({ 'index.js': `console.log('x'.repeat(1e6)); ${EXPORT}` });
    const line =
      'kur 2> >(sleep 4; tr -dc x | wc -c > n; mv n size); until cat size; do sleep 1; done';
    const { stdout } = await shell(loud, line);
    const count = Number(stdout.trim().split('\n').pop());
    expect(count).toBeGreaterThanOrEqual(1e6);
  });

  it('end quietly when the reader leaves', async () => {
    const line = `kur ${json} | head -1; echo "\${PIPESTATUS[*]}"`;
    const { stdout, stderr } = await shell(project, line);
    expect(stdout).toBe('{\n0 0\n');
    expect(stderr).not.toMatch(/EPIPE|✖/);
  });

  it('go to a full disk with an error', async () => {
    const full = await shell(project, `kur ${json} > /dev/full`);
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(
      /✖ Cannot write to stdout: no space left on device \[OUT_FAILED\]\n$/,
    );
    expect(full.stderr).not.toContain('Unexpected error');
    // The disk that is full in the midst of it.
    const cut = await shell(project, `trap "" XFSZ; ulimit -f 1000; kur ${json} > cut.json`);
    expect(cut.code).toBe(1);
    expect(cut.stderr).toMatch(/✖ Cannot write to stdout: file too large \[OUT_FAILED\]\n$/);
  });
});

it('does without anyone reading stderr', async () => {
  const onStart = (child) => child.stderr.destroy();
  const { code, stdout } = await run(project, ['--json'], { onStart });
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^{[^]*}\n$/) });
});
