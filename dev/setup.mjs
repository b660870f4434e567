// What a fresh checkout needs before anything of it runs. The demo and the tests share it.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import installs from './installs.js';
import processes from './processes.js';
import { root, run, stage } from './run.mjs';

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

/** Checks the tools, installs the dependencies and builds the addon: a stage each. */
export async function setUp() {
  await stage('tools', checkTools);
  await stage('npm install', installDependencies);
  await stage('build', async () => void (await run('npm', ['run', 'build'])));
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
 * Starts to install a set beside the stages that follow: for what takes long.
 *
 * @param {string} name as for `installSet`
 * @returns {{ finish: () => Promise<void>, stop: () => void }} `finish`: the stage that waits for it;
 *   `stop`: ends it where it has not been waited for
 */
export function startInstall(name) {
  const controller = new AbortController();
  const args = [path.join(root, 'scripts', 'install.mjs'), name];
  const done = run(process.execPath, args, { signal: controller.signal });
  const forget = processes.onEnd(() => controller.abort());
  done.catch(() => {}).finally(forget); // What it fails with is told by `finish`.
  return {
    finish: () => stage(`install ${name}`, async () => (await done).trim().replace(/^.*?: /, '')),
    stop: () => controller.abort(),
  };
}
