'use strict';

// The real MongoDB shell, once for a script as users run it, or one that runs many: it takes more
// than a second to start.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { PRELOAD } = require('./code-cache');
const { modules } = require('./installs');
const { onEnd } = require('./processes');

let home;

/** A home for the shell, which writes a log there, and sends none of it to anyone. */
function shellHome() {
  if (home) return home;
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mongosh-'));
  onEnd(() => fs.rmSync(home, { recursive: true, force: true }));
  const config = path.join(home, '.mongodb', 'mongosh');
  fs.mkdirSync(config, { recursive: true });
  fs.writeFileSync(path.join(config, 'config'), '{ "enableTelemetry": false }');
  return home;
}

let files = 0;

/** Writes a script to a file that is removed at the end. */
function scriptFile(script) {
  const file = path.join(shellHome(), `script-${++files}.js`);
  fs.writeFileSync(file, script);
  return file;
}

function start(args, stdio) {
  const program = path.join(modules('mongodb/mongosh'), 'mongosh', 'bin', 'mongosh.js');
  const { FORCE_COLOR: _force, ...rest } = process.env;
  const env = { ...rest, HOME: shellHome(), USERPROFILE: shellHome(), NO_COLOR: '1' };
  const child = spawn(process.execPath, [...PRELOAD, program, '--quiet', ...args], { env, stdio });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8');
  return child;
}

/**
 * Runs a script from a file with a mongosh of its own.
 *
 * @param {string} url
 * @param {string} script
 * @param {{ onStart?: (child: import('child_process').ChildProcess) => void }} [options]
 * @returns {Promise<Outcome>}
 *
 * @typedef {{ code: number | null, signal: string | null, stdout: string, stderr: string }} Outcome
 */
function runMongosh(url, script, { onStart = () => {} } = {}) {
  const child = start([url, scriptFile(script)], ['ignore', 'pipe', 'pipe']);
  onStart(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (text) => (output[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
}

/**
 * What a mongosh does that runs one script after the other, and says on both streams when it is done.
 * It evaluates them as they are: what the shell makes of a script that is given to it as a file, so
 * that it need not say `await`, takes longer than most of them.
 */
const HOST = `
const fs = require('fs');
const jobs = [];
let wake = () => {};
// The shell waits for promises that carry this, wherever they are.
const awaited = (promise) => {
  promise[Symbol.for('@@mongosh.syntheticPromise')] = true;
  return [promise];
};
process.on('message', (job) => { jobs.push(job); wake(); });
process.on('disconnect', () => process.exit());
process.send('ready');
for (;;) {
  if (jobs.length === 0) awaited(new Promise((resolve) => { wake = resolve; })).shift();
  const { file, url, end, pid } = jobs.shift();
  let code = 0;
  let mine;
  Object.defineProperty(process, 'pid', { value: pid, configurable: true });
  try {
    db = mine = connect(url);
    awaited(Promise.resolve((0, eval)(fs.readFileSync(file, 'utf8')))).shift();
  } catch (error) {
    code = 1;
    process.stderr.write(error.name + ': ' + error.message + '\\n');
  }
  if (mine) mine.getMongo().close();
  process.stdout.write(end + code + '\\n');
  process.stderr.write(end + '\\n');
}
`;

/**
 * A mongosh that runs any number of scripts, each with a connection of its own. It stays one process:
 * where that matters, use `runMongosh`.
 */
class Shell {
  #child;
  #last = Promise.resolve();
  #count = 0;

  /** Starts it when it is needed. */
  #start() {
    const child = start(['--nodb', scriptFile(HOST)], ['ignore', 'pipe', 'pipe', 'ipc']);
    this.#child = child;
    child.once('exit', () => (this.#child = undefined));
    return new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('error', reject);
      let log = '';
      child.stderr.on('data', (text) => (log += text));
      child.once('exit', () => reject(new Error(`mongosh has ended: ${log}`)));
    });
  }

  /**
   * Runs a script after those that run already.
   *
   * @param {string} url
   * @param {string} script
   * @param {{ pid?: number }} [options] `pid`: the process that the script takes itself for
   * @returns {Promise<Outcome>} as of `runMongosh`
   */
  run(url, script, { pid } = {}) {
    const run = this.#last.then(() => this.#run(url, script, pid));
    this.#last = run.catch(() => {});
    return run;
  }

  async #run(url, script, pid) {
    if (!this.#child) await this.#start();
    const child = this.#child;
    const file = scriptFile(script);
    const end = `\0end of ${++this.#count}\0`;
    const until = (stream) =>
      new Promise((resolve, reject) => {
        let text = '';
        const onData = (chunk) => {
          text += chunk;
          const at = text.indexOf(end);
          const rest = text.slice(at + end.length);
          if (at < 0 || !rest.includes('\n')) return;
          stream.off('data', onData);
          resolve([text.slice(0, at), rest.trim()]);
        };
        stream.on('data', onData);
        child.once('exit', (code, signal) =>
          reject(new Error(`mongosh has ended ${code} ${signal}: ${text}`)),
        );
      });
    const both = Promise.all([until(child.stdout), until(child.stderr)]);
    child.send({ file, url, end, pid: pid ?? child.pid });
    const [[stdout, code], [stderr]] = await both;
    child.removeAllListeners('exit').once('exit', () => (this.#child = undefined));
    fs.rmSync(file);
    return { code: Number(code), signal: null, stdout, stderr };
  }

  /** Ends it. */
  async stop() {
    const child = this.#child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
  }
}

module.exports = { Shell, runMongosh };
