'use strict';

// The sets of real packages that tests and the demo run against: both generations of Keystone, the
// Node versions that Keystone 5 runs on, and PostgreSQL servers. Each is a folder of `__test__` with a package.json and
// a lock file, installed once into the user's cache folder and found there by every later run.

const { execFileSync } = require('child_process');
const { createHash } = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

/** What `npm ci` needs beyond the ordinary for each set. */
const FLAGS = {
  'keystones/new': [],
  'keystones/old': ['--legacy-peer-deps'],
  nodes: [],
  // A script of its own makes the symbolic links that an npm package cannot hold.
  'postgres/15': ['--ignore-scripts=false'],
  'postgres/18': ['--ignore-scripts=false'],
};

const FILES = ['package.json', 'package-lock.json'];
const DAY = 24 * 60 * 60 * 1000;

const source = (name) => path.join(__dirname, '..', name);

/**
 * The folder of a set, whether or not it is there yet: named after the content of the set's files, so
 * that a changed lock file is another folder.
 *
 * @param {string} name a key of FLAGS
 * @returns {string} an absolute path
 */
function folder(name) {
  const hash = createHash('sha256');
  for (const file of FILES) hash.update(fs.readFileSync(path.join(source(name), file)));
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
 * Installs a set unless it is there: whole or not at all, since it only gets its name when npm is
 * done. Of two installs at once both work and the first one done stays.
 *
 * @param {string} name a key of FLAGS
 * @returns {boolean} whether something had to be installed
 * @throws {Error} with npm's output when npm fails
 */
function install(name) {
  const target = folder(name);
  if (fs.existsSync(target)) return false;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  removeLeftovers(target);
  const work = fs.mkdtempSync(`${target}.installing-`);
  try {
    for (const file of FILES) fs.copyFileSync(path.join(source(name), file), path.join(work, file));
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', ...FLAGS[name]];
    npm(['ci', ...flags], work);
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

/**
 * Runs npm quietly.
 *
 * @param {string[]} args
 * @param {string} cwd
 * @returns {string} what it printed on stdout
 * @throws {Error} with all it printed when it fails
 */
function npm(args, cwd) {
  try {
    return execFileSync('npm', args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    throw new Error(`npm ${args.join(' ')} failed in ${cwd}\n${error.stdout}${error.stderr}`);
  }
}

/**
 * Where the packages of an installed set are.
 *
 * @param {string} name a key of FLAGS
 * @returns {string} the absolute path of its node_modules
 * @throws {Error} saying what to run when the set is not installed
 */
function modules(name) {
  const target = path.join(folder(name), 'node_modules');
  if (!fs.existsSync(target)) {
    const script = name.split('/')[0];
    throw new Error(
      `The packages of __test__/${name} are not installed: run \`npm run ${script}\``,
    );
  }
  return target;
}

module.exports = { FLAGS, install, modules, npm };
