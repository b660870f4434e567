'use strict';

// What tests and the demo run against: both generations of Keystone, the Node versions that Keystone 5
// runs on, the tools that teams migrate with, PostgreSQL servers, the MongoDB shell and a server for it. Each is a folder of `dev/installs`
// that says which versions, installed once into the user's cache folder and found there by every
// later run.

const { execFileSync } = require('child_process');
const { createHash } = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

/** A script of its own makes the symbolic links that an npm package cannot hold. */
const postgres = () => packages('--ignore-scripts=false');

/** What `npm run test:wide` needs beyond `npm test`: other versions of both. */
const WIDE = {
  ...setsOf('postgres', ['12', '13', '14', '16', '17'], postgres),
  ...setsOf('keystones', ['alpha-16', '5', '6', '8', '13', '18'], () =>
    packages('--legacy-peer-deps'),
  ),
};

/** The installs: packages of npm, with what `npm ci` needs beyond the ordinary, or a crate. */
const SETS = {
  'keystones/new': packages(),
  'keystones/old': packages('--legacy-peer-deps'),
  nodes: packages(),
  tools: packages(),
  'postgres/15': postgres(),
  'postgres/18': postgres(),
  'mongodb/mongosh': packages(),
  'mongodb/server': { files: ['crate.json'], into: installCrate },
  ...WIDE,
};

/** A set for each version of something. */
function setsOf(kind, versions, make) {
  return Object.fromEntries(versions.map((version) => [`${kind}/${version}`, make()]));
}

const DAY = 24 * 60 * 60 * 1000;

/** A folder with a package.json and its lock file. */
function packages(...more) {
  const files = ['package.json', 'package-lock.json'];
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', ...more];
  return { files, into: (work) => npm(['ci', ...flags], work) };
}

const source = (name) => path.join(__dirname, 'installs', name);

/**
 * The folder of a set, whether or not it is there yet: named after the content of the set's files, so
 * that a changed lock file is another folder.
 *
 * @param {string} name a key of SETS
 * @returns {string} an absolute path
 */
function folder(name) {
  const hash = createHash('sha256');
  for (const file of SETS[name].files) hash.update(fs.readFileSync(path.join(source(name), file)));
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  const root = path.join(cache, 'keystone-upgrade-relationships');
  return path.join(root, `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/** Removes what installs that were killed left beside `target`. */
function removeLeftovers(target) {
  const parent = path.dirname(target);
  for (const entry of fs.readdirSync(parent)) {
    const leftover = path.join(parent, entry);
    if (!entry.includes('.installing-')) continue;
    const stat = fs.statSync(leftover, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > DAY)
      fs.rmSync(leftover, { recursive: true, force: true });
  }
}

/**
 * Installs a set unless it is there: whole or not at all, since it only gets its name when all is
 * done. Of two installs at once both work and the first one done stays.
 *
 * @param {string} name a key of SETS
 * @returns {boolean} whether something had to be installed
 * @throws {Error} with the output of the command that fails
 */
function install(name) {
  const target = folder(name);
  if (fs.existsSync(target)) return false;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  removeLeftovers(target);
  const work = fs.mkdtempSync(`${target}.installing-`);
  const { files, into } = SETS[name];
  try {
    for (const file of files) fs.copyFileSync(path.join(source(name), file), path.join(work, file));
    into(work);
    try {
      fs.renameSync(work, target);
    } catch (error) {
      if (!fs.existsSync(target)) throw error;
    }
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return true;
}

/** Builds the crate that `crate.json` names, in a fraction of the time that a release build takes. */
function installCrate(work) {
  const { crate, version, cmake } = JSON.parse(
    fs.readFileSync(path.join(work, 'crate.json'), 'utf8'),
  );
  const tools = path.join(work, 'tools');
  const env = {
    ...process.env,
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
    CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
    CARGO_TARGET_DIR: path.join(work, 'target'),
    PATH: [...withCmake(tools, cmake), process.env.PATH].join(path.delimiter),
  };
  const options = ['--locked', '--ignore-rust-version', '--root', work];
  run('cargo', ['install', crate, '--version', version, ...options], { cwd: work, env });
  for (const rest of [tools, env.CARGO_TARGET_DIR]) {
    fs.rmSync(rest, { recursive: true, force: true });
  }
}

/** The folders that the PATH lacks for cmake: none, or that of Python's package of it. */
function withCmake(tools, version) {
  try {
    run('cmake', ['--version']);
    return [];
  } catch {
    run('python3', ['-m', 'venv', tools]);
    const programs = path.join(tools, 'bin');
    run(path.join(programs, 'pip'), ['install', '--quiet', `cmake==${version}`]);
    return [programs];
  }
}

/**
 * Runs npm quietly.
 *
 * @param {string[]} args
 * @param {string} cwd
 * @returns {string} what it printed on stdout
 * @throws {Error} with all it printed when it fails
 */
function npm(args, cwd) {
  return run('npm', args, { cwd, shell: process.platform === 'win32' });
}

/** Runs a command quietly. Throws with all it printed when it fails. */
function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
      ...options,
    });
  } catch (error) {
    const { stdout = '', stderr = '', message } = error;
    const what = [command, ...args].join(' ');
    throw new Error(`${what} failed\n${stdout}${stderr || message}`, { cause: error });
  }
}

/**
 * Where an installed set is.
 *
 * @param {string} name a key of SETS
 * @returns {string} an absolute path
 * @throws {Error} saying what to run when the set is not installed
 */
function installed(name) {
  const target = folder(name);
  if (!fs.existsSync(target)) {
    const script = name.split('/')[0];
    throw new Error(`dev/installs/${name} is not installed: run \`npm run ${script}\``);
  }
  return target;
}

/** Where the packages of an installed set are: its node_modules. Throws as `installed` does. */
const modules = (name) => path.join(installed(name), 'node_modules');

module.exports = { SETS, WIDE, folder, install, installed, modules, npm };
