'use strict';

// The executable `keystone`: our command beside those of the project's own Keystone.

const fs = require('fs');
const path = require('path');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { PLANNED, bin, makeProject, removeProjects, run } = require('../dev/project');
const { version } = require('../package.json');

afterAll(removeProjects);

const EXPORT = "module.exports = require('./keystone');";
const keystone = (cwd, args, options) => run(cwd, args, { file: bin.dispatcher, ...options });

/** A project whose Keystone is `cli`, the text of an executable. */
const withFakeKeystone = (cli, files) =>
  makeProject({
    'node_modules/@keystonejs/keystone/package.json': '{ "bin": { "keystone": "cli/main.js" } }',
    'node_modules/@keystonejs/keystone/cli/main.js': cli,
    ...files,
  });

/** A Keystone that tells what it was given and exits with 7. */
const REPORT = [
  "let input = '';",
  "process.stdin.on('data', (chunk) => { input += chunk; }).on('end', () => {",
  '  const argv = process.argv.slice(2);',
  '  const isMain = require.main === module && process.argv[1] === __filename;',
  '  const listeners = process.eventNames().filter((name) => /exit|exception|rejection/i.test(name));',
  '  console.log(JSON.stringify({ argv, isMain, input, hooked: global.hooked, listeners }));',
  '  process.exitCode = 7;',
  '});',
].join('\n');

describe('our command', () => {
  let project;
  beforeAll(() => {
    project = makeProject({ 'index.js': 'exports.apps = [];', 'server.js': EXPORT });
  });

  it.each([
    ['upgrade-relationships', '--entry', 'server.js'],
    ['--entry', 'server.js', 'upgrade-relationships'],
    ['--entry=server.js', 'upgrade-relationships', '--no-color'],
  ])('keystone %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await keystone(project, args);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(PLANNED) });
    expect(stderr).toContain(`(keystone-upgrade-relationships ${version})`);
  });

  it('has its own help, version and strictness', async () => {
    const help = await keystone(project, ['upgrade-relationships', '--help']);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/^Usage\n {2}\$ keystone upgrade-relationships \[options\]\n/);

    const own = await keystone(project, ['upgrade-relationships', '--version']);
    expect(own).toMatchObject({ code: 0, stdout: `${version}\n` });

    const mistake = await keystone(project, ['upgrade-relationships', '--port', '3000']);
    expect(mistake).toMatchObject({ code: 1, stdout: '' });
    expect(mistake.stderr).toContain('--port');
    expect(mistake.stderr).toContain('See keystone upgrade-relationships --help');
  });

  it('does not need the Keystone of the dispatcher', async () => {
    const lonely = withFakeKeystone("throw new Error('not me');", {
      'index.js': "exports.keystone = { listsArray: 'none' };",
    });
    const { stderr } = await keystone(lonely, ['upgrade-relationships']);
    expect(stderr).toContain('not a Keystone 5 object');
  });
});

describe("Keystone's own commands", () => {
  it('get arguments, stdin and hooks, and give their exit code', async () => {
    const project = withFakeKeystone(REPORT, { 'hook.js': 'global.hooked = true;' });
    const args = ['start', 'dist', '--port', '80', '--', '-x'];
    const options = { node: ['-r', './hook.js'], input: 'typed' };
    const { code, stdout } = await keystone(project, args, options);
    expect(code).toBe(7);
    const expected = { argv: args, isMain: true, input: 'typed', hooked: true, listeners: [] };
    expect(JSON.parse(stdout)).toEqual(expected);
  });

  it.each([
    [[]],
    [['build', '--out', 'upgrade-relationships']],
    [['--out', 'upgrade-relationships']],
    [['-p', '1', 'dev', 'upgrade-relationships']],
    [['--version', '--help']],
    [['--help']], // this one has no list of commands to merge ours into
  ])('%j', async (args) => {
    const { code, stdout } = await keystone(withFakeKeystone(REPORT), args);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 7, argv: args });
  });

  it('may have our name as the value of any of their options', async () => {
    const valued = new Set(Object.keys(require('../lib/cli/command').spec).filter(isValued));
    for (const modules of [newKeystone(), oldKeystone()]) {
      const folder = path.join(modules, '@keystonejs', 'keystone', 'bin', 'commands');
      for (const file of fs.readdirSync(folder)) {
        const { spec } = require(path.join(folder, file));
        for (const [option, type] of Object.entries(spec)) {
          if ((spec[type] || type) !== Boolean) valued.add(option);
        }
      }
    }
    expect([...valued]).toEqual(expect.arrayContaining(['--entry', '--connect-to', '-p', '-o']));
    const project = withFakeKeystone(REPORT);
    for (const option of valued) {
      const theirs = await keystone(project, [option, 'upgrade-relationships', 'dev']);
      expect([option, theirs.code]).toEqual([option, 7]);
      const ours = await keystone(project, [option, 'dev', 'upgrade-relationships', '--nope']);
      expect([option, ours.code, ours.stdout]).toEqual([option, 1, '']);
    }

    function isValued(option) {
      return require('../lib/cli/command').spec[option] !== Boolean;
    }
  });

  it.each(['SIGINT', 'SIGTERM'])('get %s', async (signal) => {
    const onReady = {
      onStart: (child) => child.stdout.once('data', () => child.kill(signal)),
    };
    const handles = `process.on('${signal}', () => { console.log('bye'); process.exit(5); });`;
    const wait = "setInterval(() => {}, 1000); console.log('ready');";
    const handled = await keystone(withFakeKeystone(handles + wait), ['dev'], onReady);
    expect(handled).toMatchObject({ code: 5, stdout: 'ready\nbye\n' });
    const plain = await keystone(withFakeKeystone(wait), ['dev'], onReady);
    expect(plain).toMatchObject({ code: null, signal });
  });

  it('are found from where the executable is linked', async () => {
    const project = withFakeKeystone(REPORT);
    const file = path.join(project, 'node_modules', '.bin', 'keystone');
    fs.mkdirSync(path.dirname(file));
    fs.symlinkSync(bin.dispatcher, file);
    const { code } = await keystone(path.parse(project).root, ['dev'], { file });
    expect(code).toBe(7);
  });

  it('are missing without Keystone, which is said', async () => {
    const { root } = path.parse(process.cwd());
    const { code, stdout, stderr } = await keystone(root, ['dev', '--port', '80']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('`keystone dev --port 80`');
    expect(stderr).toContain(`Looked for it in ${root}\n`);
    expect(stderr).toContain('npm install @keystonejs/keystone');
  });
});

describe('the real Keystone', () => {
  const cli = (modules) => path.join(modules, '@keystonejs', 'keystone', 'bin', 'cli.js');

  /** What Keystone prints before the stack of its own error. */
  const beforeStack = ({ stderr }) => stderr.split(/^ +at /m)[0];

  it('--version', async () => {
    const expected = require(path.join(newKeystone(), '@keystonejs/keystone/package.json')).version;
    for (const args of [['--version'], ['--version', '--help']]) {
      expect(await keystone(makeProject({}), args)).toMatchObject({
        code: 0,
        stdout: `${expected}\n`,
      });
    }
  });

  it('a command that it does not know', async () => {
    const project = makeProject({});
    const ours = await keystone(project, ['nosuch']);
    const own = await run(project, ['nosuch'], { file: cli(newKeystone()) });
    expect(ours.code).toBe(1);
    expect(beforeStack(ours)).toContain('nosuch');
    expect([ours.code, beforeStack(ours)]).toEqual([own.code, beforeStack(own)]);
  });

  it('--help has our command in place of its own', async () => {
    const project = makeProject({});
    const ours = await keystone(project, ['--help']);
    const own = await run(project, ['--help'], { file: cli(newKeystone()) });
    expect(ours.code).toBe(0);
    const [before] = own.stdout.split(/^ {2}upgrade-relationships$/m);
    expect(ours.stdout.startsWith(before)).toBe(true);
    const [, after] = ours.stdout.split(/^ {2}upgrade-relationships$/m);
    expect(after).toContain('\n      $ keystone upgrade-relationships [options]\n');
    expect(after).toContain('--exit-code');
    expect((await keystone(project, ['dev', '-h'])).stdout).toBe(ours.stdout);
  });

  it('--help of the one before Arcade has our command too', async () => {
    const project = makeProject({}, [], oldKeystone());
    const { code, stdout } = await keystone(project, ['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('build, create-tables, dev, start, upgrade-relationships');
    expect(stdout).toContain('--exit-code');
  });
});
