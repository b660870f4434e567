// What a fresh checkout needs before anything of it runs. Like all that is imported before, it can do
// without a package.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { cargoEnv } from './cargo.mjs';
import installs from './installs.js';
import processes from './processes.js';
import { bin, root, run, stage } from './run.mjs';

const MIN_NODE = [20, 0];
const MIN_RUST = [1, 88];

const atLeast = (version, minimum) => {
  const [major, minor] = version.split('.').map(Number);
  return major > minimum[0] || (major === minimum[0] && minor >= minimum[1]);
};

/** Checks that this machine can build the package. */
async function checkTools() {
  const node = process.versions.node;
  if (!atLeast(node, MIN_NODE)) {
    throw new Error(`building needs Node ${MIN_NODE.join('.')} or newer, this is ${node}`);
  }
  const printed = await run('cargo', ['--version']).catch((error) => {
    throw new Error(`building needs Rust with cargo on the PATH (${error.message})`);
  });
  const rust = printed.split(' ')[1];
  if (!atLeast(rust, MIN_RUST)) {
    throw new Error(`building needs Rust ${MIN_RUST.join('.')} or newer, this is ${rust}`);
  }
  return `Node ${node}, Rust ${rust}`;
}

/**
 * Installs the development dependencies when they are not those of the lock file. `npm ci` would not
 * do: it wants packages of all platforms in the lock file, and not every registry has them.
 */
async function installDependencies() {
  const lock = await fs.readFile(path.join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = path.join(root, 'node_modules', '.lock-sha256');
  if ((await fs.readFile(stamp, 'utf8').catch(() => '')) === wanted) return 'up to date';
  await run('npm', ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund']);
  await fs.writeFile(stamp, wanted);
}

/** What the addon is built from; `lib` holds what is embedded in it. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'package.json', 'src', 'lib'];

/** How `napi` builds the addon, unless it is to be as fast as that of the package. */
const NAPI_ARGS = ['build', '--platform', '--no-js', '--dts', 'binding.d.ts'];

/** A hash of the addon and of everything that it is built from and with. */
async function hashOfBuild(isReleased) {
  const hash = createHash('sha256').update(await run('rustc', ['--version', '--verbose']));
  hash.update(String(isReleased));
  const addons = (await fs.readdir(root)).filter((name) => name.endsWith('.node'));
  for (const source of [...SOURCES, ...addons]) {
    const at = path.join(root, source);
    const isFolder = (await fs.stat(at)).isDirectory();
    const names = isFolder ? await fs.readdir(at, { recursive: true, withFileTypes: true }) : [];
    const files = names.filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name));
    for (const file of isFolder ? files.sort() : [at]) {
      hash.update(`\0${file}\0`).update(await fs.readFile(file));
    }
  }
  return hash.digest('hex');
}

/**
 * Builds the addon when it is not that of the sources. Cargo alone would build it a second time: the
 * first build of a checkout is told to write types, by a variable that counts as changed later.
 */
async function build(isReleased) {
  const stamp = path.join(root, 'target', 'built-sha256');
  const built = await fs.readFile(stamp, 'utf8').catch(() => '');
  if (built === (await hashOfBuild(isReleased))) return 'up to date';
  if (isReleased) await run('npm', ['run', 'build']);
  // The tests in Rust need the same, so that it is built once; and it overflows aloud.
  else await run(bin('napi'), NAPI_ARGS, { env: await cargoEnv() });
  await fs.writeFile(stamp, await hashOfBuild(isReleased));
}

/** Checks the tools and installs the dependencies: a stage each. */
export async function setUpPackages() {
  await stage('tools', checkTools);
  await stage('npm install', installDependencies);
}

/**
 * The same, and builds the addon.
 *
 * @param {{ isReleased?: boolean }} [options] whether it is to be as fast as that of the package
 */
export async function setUp({ isReleased = false } = {}) {
  await setUpPackages();
  await stage('build', () => build(isReleased));
}

/**
 * Installs one of the sets of real packages: a stage.
 *
 * @param {string} name a key of SETS in `dev/installs.js`
 */
export function installSet(name) {
  return stage(`install ${name}`, async () => (installs.install(name) ? '' : 'already there'));
}

/**
 * Starts to install sets beside the stages that follow, one set after the other.
 *
 * @param {string[]} names keys of SETS in `dev/installs.js`
 * @returns {{ finish: () => Promise<void>, stop: () => void }} `finish`: a stage for each set, which
 *   waits for it; `stop`: ends what still runs
 */
export function startInstalls(names) {
  const controller = new AbortController();
  const { signal } = controller;
  const forget = processes.onEnd(() => controller.abort());
  const file = path.join(root, 'scripts', 'install.mjs');
  const installs = [];
  let last = Promise.resolve();
  for (const name of names) {
    last = last.then(() => run(process.execPath, [file, name], { signal }));
    installs.push({ name, printed: last });
  }
  last.catch(() => {}).finally(forget); // `finish` reports what it fails with.
  return {
    async finish() {
      for (const { name, printed } of installs) {
        await stage(`install ${name}`, async () => (await printed).trim().replace(/^.*?: /, ''));
      }
    },
    stop: () => controller.abort(),
  };
}
