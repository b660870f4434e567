'use strict';

// Projects in temporary folders, and the real command run in them.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { PRELOAD } = require('./code-cache');
const { newKeystone } = require('./keystones');
const { onEnd } = require('./processes');

const root = path.join(__dirname, '..');
const bin = {
  command: path.join(root, 'bin', 'keystone-upgrade-relationships.js'),
  dispatcher: path.join(root, 'bin', 'keystone.js'),
};

/** The line of the summary that shows that the project of fixtures/keystone.js was planned. */
const PLANNED = 'User.posts -> Post';

const folders = [];

/**
 * Makes a project with a real Keystone, its `keystone.js` being that of the fixtures.
 *
 * @param {Record<string, string>} files by path; `package.json` may be among them
 * @param {string[]} [packages] packages of this repository that the project has installed
 * @param {string} [nodeModules] the Keystone's packages, those of NEW when left out
 * @returns {string} the project's folder
 */
function makeProject(files, packages = [], nodeModules = newKeystone()) {
  // Keystone's packages are found one folder up, those of `packages` in the project itself.
  const parent = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'project-')));
  folders.push(parent);
  fs.symlinkSync(nodeModules, path.join(parent, 'node_modules'), 'junction');
  const folder = path.join(parent, 'app');
  const all = {
    'package.json': '{ "name": "app" }',
    'keystone.js': fs.readFileSync(path.join(root, '__test__', 'fixtures', 'keystone.js'), 'utf8'),
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  for (const name of packages) {
    const at = path.join(folder, 'node_modules', name);
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.symlinkSync(path.join(root, 'node_modules', name), at, 'junction');
  }
  return folder;
}

/**
 * Makes a project of NEW whose `index.js` has the lists of a scenario, and no address in it.
 *
 * @param {object} scenario as for `buildKeystone` of `scenario.js`
 * @param {string} adapter `knex` or `mongoose`
 * @returns {string} the project's folder
 */
function makeScenarioProject(scenario, adapter) {
  const build = JSON.stringify(require.resolve('./scenario'));
  const options = JSON.stringify({ modules: newKeystone(), adapter });
  return makeProject({
    'index.js': `exports.keystone = require(${build}).buildKeystone(${JSON.stringify(scenario)}, ${options});
`,
  });
}

/** Removes every project made; for `afterAll`. */
function removeProjects() {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
}

/** The environment of a shell in which nobody chose colours; Jest sets FORCE_COLOR. */
function environment(changes) {
  const { FORCE_COLOR: _force, NO_COLOR: _no, ...env } = process.env;
  return { ...env, ...changes };
}

/**
 * Runs an executable of this package.
 *
 * @param {string} cwd
 * @param {string[]} [args]
 * @param {{ file?: string, node?: string[], env?: object, input?: string,
 *   onStart?: (child: import('child_process').ChildProcess) => void }} [options] the executable
 *   (by default the command alone), options of Node (by default those with which Keystone loads faster),
 *   variables to set, text for stdin
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
function run(
  cwd,
  args = [],
  { file = bin.command, node = PRELOAD, env, input = '', onStart } = {},
) {
  const child = spawn(process.execPath, [...node, file, ...args], { cwd, env: environment(env) });
  child.stdin.on('error', () => {}); // It need not read its input.
  child.stdin.end(input);
  if (onStart) onStart(child);
  return output(child);
}

/** Runs a line of shell, in which `kur` is the command alone. */
function shell(cwd, line, { env } = {}) {
  const call = [process.execPath, ...PRELOAD, bin.command].map((word) => `"${word}"`).join(' ');
  const script = `kur() { ${call} "$@"; }\n${line}`;
  return output(spawn('bash', ['-c', script], { cwd, env: environment(env) }));
}

function output(child) {
  const forget = onEnd(() => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      text[stream] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  }).finally(forget);
}

module.exports = { PLANNED, bin, makeProject, makeScenarioProject, removeProjects, run, shell };
