'use strict';

// What a release is made of: one binary for each platform, a package for each binary, and the loader
// that finds its own among them.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const yaml = require('yaml');
const { PLATFORMS } = require('../lib/addon');
const manifest = require('../package.json');

const root = path.join(__dirname, '..');
const workflows = path.join(root, '.github', 'workflows');
const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8');
const workflow = (name) => yaml.parse(fs.readFileSync(path.join(workflows, name), 'utf8'));
const release = workflow('release.yml');

const PROCESSORS = { x86_64: 'x64', aarch64: 'arm64' };
const SYSTEMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' };
const LIBRARIES = { gnu: 'glibc', musl: 'musl' };

/** What the parts of a target say: `x86_64-unknown-linux-musl`. */
const targets = manifest.napi.targets.map((target) => {
  const [processor, , system, abi] = target.split('-');
  const [os, cpu] = [SYSTEMS[system], PROCESSORS[processor]];
  const libc = os === 'linux' ? LIBRARIES[abi] : undefined;
  return { target, os, cpu, libc, platform: [os, cpu, abi].filter(Boolean).join('-') };
});

let work;

beforeAll(() => {
  work = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'release-')));
});

afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

describe('every target', () => {
  const names = targets.map(({ platform }) => platform).sort();

  test('has a package, a build and a name that the loader knows', () => {
    expect(fs.readdirSync(path.join(root, 'npm')).sort()).toEqual(names);
    expect([...PLATFORMS].sort()).toEqual(names);
    const built = release.jobs.build.strategy.matrix.include.map(({ target }) => target);
    expect(built.sort()).toEqual([...manifest.napi.targets].sort());
  });

  test.each(targets)('$target: its package', ({ os, cpu, libc, platform }) => {
    const { version, license, engines } = manifest;
    const binary = `${manifest.name}.${platform}.node`;
    const described = JSON.parse(read('npm', platform, 'package.json'));
    expect(described).toMatchObject({
      name: `${manifest.name}-${platform}`,
      ...{ version, license, engines },
      ...{ main: binary, files: [binary], os: [os], cpu: [cpu] },
    });
    expect(described.libc).toEqual(libc && [libc]);
    expect(read('npm', platform, 'LICENSE')).toBe(read('LICENSE'));
  });

  test('for Linux is loaded by old Nodes and new ones, of its C library', () => {
    const builds = release.jobs.build.strategy.matrix.include;
    for (const { target, libc } of targets.filter((it) => it.libc)) {
      const { images } = builds.find((it) => it.target === target);
      // Debian 10: glibc 2.28.
      const system = libc === 'musl' ? 'alpine' : 'buster';
      const expected = [10, 12, 20].map((major) => `node:${major}-${system}`);
      expect([target, images.split(' ')]).toEqual([target, expected]);
    }
  });

  test('is in its package when a release is packed, and named by the main one', () => {
    for (const name of ['package.json', 'npm']) {
      fs.cpSync(path.join(root, name), path.join(work, name), { recursive: true });
    }
    for (const { target, platform } of targets) {
      const folder = path.join(work, 'artifacts', `bindings-${target}`);
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, `${manifest.name}.${platform}.node`), target);
    }
    const steps = release.jobs.pack.steps.map(({ run = '' }) => run).join('\n');
    const commands = [...steps.matchAll(/^\s*npx napi (.*)$/gm)].map(([, words]) => words);
    expect(commands).toHaveLength(2);
    for (const words of commands) {
      const napi = path.join(root, 'node_modules/.bin/napi');
      execFileSync(napi, words.split(' '), { cwd: work, stdio: 'pipe' });
    }
    const packed = (...names) => fs.readFileSync(path.join(work, ...names), 'utf8');
    for (const { target, platform } of targets) {
      expect(packed('npm', platform, `${manifest.name}.${platform}.node`)).toBe(target);
    }
    const { optionalDependencies } = JSON.parse(packed('package.json'));
    const expected = targets.map(({ platform }) => [
      `${manifest.name}-${platform}`,
      manifest.version,
    ]);
    expect(optionalDependencies).toEqual(Object.fromEntries(expected));
  });
});

describe('the workflows', () => {
  const all = fs.readdirSync(workflows).map((name) => [name, workflow(name)]);
  const stepsOf = ({ jobs }) => Object.values(jobs).flatMap(({ steps = [] }) => steps);

  test.each(all)('%s: actions are pinned by their commits', (_, it) => {
    const uses = stepsOf(it).flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  test('the toolchain of a release is one version', () => {
    expect(release.env.RUST).toMatch(/^\d+\.\d+\.\d+$/);
    const installed = stepsOf(release).flatMap(({ run = '' }) => run.match(/rustup .*/g) ?? []);
    expect(installed.length).toBeGreaterThan(0);
    for (const line of installed) expect(line).toContain('"$RUST"');
  });

  test('where the token is, nothing is installed and nothing of a package runs', () => {
    const holders = stepsOf(release).filter((step) => JSON.stringify(step).includes('secrets.'));
    expect(holders).toHaveLength(1);
    const { publish } = release.jobs;
    expect(publish.steps.at(-1)).toBe(holders[0]);
    expect(JSON.stringify(release.env) + JSON.stringify(publish.env ?? {})).not.toContain(
      'secrets.',
    );
    expect(publish.permissions).toEqual({ 'id-token': 'write' });
    const commands = publish.steps.flatMap(
      ({ run = '' }) => run.match(/\b(?:npm|npx|node) .*/g) ?? [],
    );
    expect(commands).toEqual([expect.stringMatching(/^npm publish --ignore-scripts /)]);
    expect(publish.steps.map(({ uses = '' }) => uses.split('@')[0])).not.toContain(
      'actions/checkout',
    );
  });

  test('no install of a release runs scripts of packages', () => {
    const runs = stepsOf(release).map(({ run = '' }) => run);
    const installs = runs.flatMap((run) => run.match(/npm (?:install|ci)\b.*/g) ?? []);
    expect(installs.length).toBeGreaterThan(0);
    for (const line of installs) expect(line).toContain('--ignore-scripts');
  });
});

describe('the loader', () => {
  let main;

  /** The package with some of its platform packages, each of which says which it is. */
  beforeAll(() => {
    const modules = path.join(work, 'app', 'node_modules');
    main = path.join(modules, manifest.name);
    fs.mkdirSync(path.join(main, 'lib'), { recursive: true });
    for (const name of ['addon.js', 'error.js']) {
      fs.copyFileSync(path.join(root, 'lib', name), path.join(main, 'lib', name));
    }
    for (const platform of ['linux-x64-gnu', 'linux-x64-musl', 'darwin-arm64', 'win32-x64-msvc']) {
      const folder = path.join(modules, `${manifest.name}-${platform}`);
      fs.mkdirSync(folder);
      fs.writeFileSync(path.join(folder, 'index.js'), `module.exports = '${platform}';`);
    }
  });

  /** What is loaded by a process that takes itself for another; the message when nothing is. */
  function load(as, { more = '' } = {}) {
    const script = `
      for (const [name, value] of Object.entries(${JSON.stringify(as)})) {
        Object.defineProperty(process, name, { value });
      }
      ${more}
      try {
        console.log(require('./lib/addon').loadNative());
      } catch (error) {
        console.log(error.code + ': ' + error.message);
      }`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
      cwd: main,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return stdout.trim();
  }

  /** The files that are mapped into a process. */
  const mapped = (file) => ({
    more: `
      const fs = require('fs');
      const { readFileSync } = fs;
      fs.readFileSync = (name, ...rest) =>
        name === '/proc/self/maps' ? '7f12-7f13 r-xp 0 00:00 1 ${file}\\n' : readFileSync(name, ...rest);`,
  });

  test.each([
    ['glibc', '/lib/x86_64-linux-gnu/libc.so.6', 'linux-x64-gnu'],
    ['the glibc of old systems', '/lib/x86_64-linux-gnu/libc-2.28.so', 'linux-x64-gnu'],
    ['musl', '/lib/ld-musl-x86_64.so.1', 'linux-x64-musl'],
    ['a musl that is named like Void Linux does it', '/usr/lib/libc.so', 'linux-x64-musl'],
  ])('takes the binary for %s when that is loaded, and both are there', (_, file, expected) => {
    expect(load({ platform: 'linux', arch: 'x64' }, mapped(file))).toBe(expected);
  });

  test.each([
    ['darwin', 'arm64', 'darwin-arm64'],
    ['win32', 'x64', 'win32-x64-msvc'],
  ])('takes that of %s on %s', (platform, arch, expected) => {
    expect(load({ platform, arch })).toBe(expected);
  });

  test('says in three lines what it has not found, what there is, and what to do', () => {
    const absent = load({ platform: 'darwin', arch: 'x64' }).split('\n');
    expect(absent).toHaveLength(3);
    expect(absent[0]).toContain(
      `ADDON_MISSING: No binary of ${manifest.name} could be loaded on darwin-x64 with Node ${process.versions.node}: `,
    );
    expect(absent[1]).toContain('with glibc 2.17 or later or with musl');
    expect(absent[2]).toContain(
      `${manifest.name}-darwin-x64, an optional dependency: install again`,
    );
    const unsupported = load({ platform: 'freebsd', arch: 'x64' }).split('\n');
    expect(unsupported).toHaveLength(3);
    expect(unsupported[0]).toContain('on freebsd-x64 with Node');
    expect(unsupported[2]).toContain('On another platform, run `npm run build` in a checkout.');
  });
});
