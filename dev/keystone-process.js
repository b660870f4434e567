'use strict';

// The two generations of Keystone side by side: each in a process of its own, which serves any number
// of projects, because loading a Keystone takes longer than most of what the tests do with it.

const { fork } = require('child_process');
const path = require('path');
const { PRELOAD } = require('./code-cache');

/**
 * Starts a process with a real Keystone.
 *
 * @param {'new' | 'old'} generation
 * @param {'knex' | 'mongoose'} [adapter]
 * @param {string} [set] the install to take another version of that generation from
 * @returns {KeystoneProcess} to be stopped with its `stop()`
 */
function startKeystone(generation, adapter = 'knex', set = `keystones/${generation}`) {
  return new KeystoneProcess(generation, adapter, set);
}

class KeystoneProcess {
  #child;
  #pending = new Map();
  #last = 0;
  #ended;

  constructor(generation, adapter, set) {
    Object.assign(this, { generation, adapter, set });
    this.#start();
  }

  #start() {
    const file = path.join(__dirname, 'keystone-child.js');
    // Arcade's order of names depends on the locale.
    const env = { ...process.env, NODE_ENV: 'test', DISABLE_LOGGING: 'true', LC_ALL: 'C' };
    const child = fork(file, [this.generation, this.adapter, this.set], {
      ...{ env, execArgv: ['--no-deprecation', ...PRELOAD], silent: true },
    });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-5000)));
    child.stdout.resume();
    this.#ended = undefined;
    this.#child = child;
    child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      if (error) reject(Object.assign(new Error(error.message), error));
      else resolve(result);
    });
    child.on('exit', (code, signal) => {
      this.#ended = new Error(
        `the process of the ${this.generation} Keystone has ended (${signal ?? code})\n${log}`,
      );
      for (const { reject } of this.#pending.values()) reject(this.#ended);
      this.#pending.clear();
    });
  }

  /**
   * A Keystone with the lists of a project.
   *
   * @param {object} scenario as for `buildKeystone` of `scenario.js`
   * @param {string} [url] the database to connect to
   * @param {{ connects?: boolean }} [options] whether it connects now; else it only knows the address
   * @returns {Promise<KeystoneSession>} to be closed with its `close()`
   */
  async open(scenario, url, { connects = true } = {}) {
    // A Keystone can bring its process down: the next one gets another.
    if (this.#ended) this.#start();
    const session = ++this.#last;
    const call = (method, args) => this.#call(method, { session, ...args });
    await call('open', { scenario, url, connects });
    return new KeystoneSession(call);
  }

  #call(method, args) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, method, args });
    });
  }

  /** Kills the process with all its sessions, as the system does when it is out of memory. */
  async kill() {
    const ended = new Promise((resolve) =>
      this.#child.once('exit', (_, signal) => resolve(signal)),
    );
    this.#child.kill('SIGKILL');
    return ended;
  }

  /** Ends the process. */
  async stop() {
    if (this.#ended) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}

class KeystoneSession {
  #call;

  constructor(call) {
    this.#call = call;
  }

  /** Connects as the project itself does: for a session that only knew the address. */
  connect() {
    return this.#call('connect');
  }

  /**
   * Makes the tables, as `dropDatabase: true` does. Resolves to what failed: `{ message, isList }[]`,
   * with `isList` for the table of a list.
   */
  createSchema() {
    return this.#call('createSchema');
  }

  /** OLD: fills the tables, see `old-data.js`. */
  fill(options) {
    return this.#call('fill', options);
  }

  /** OLD: `keystone.createItems`. */
  createItems(items) {
    return this.#call('createItems', { items });
  }

  /** Runs GraphQL without access control. Resolves to the data; rejects with the first error. */
  query(query) {
    return this.#call('query', { query });
  }

  /** Reads every relationship of every item: see `readAll` of `keystone-child.js`. */
  read() {
    return this.#call('read');
  }

  /**
   * NEW, connected to MongoDB: where it stores its relationships,
   * `{ left, right, cardinality, target, join }[]` with the sides as `{ list, path, many, collection }`,
   * the collection that the left side refers to, and N:N in `{ collection, near, far }`.
   */
  relationships() {
    return this.#call('relationships');
  }

  /**
   * NEW, connected to MongoDB: makes the items of another database on the server, with their ids and
   * the links that `read` has given.
   */
  recreate(from, items) {
    return this.#call('recreate', { from, items });
  }

  /** What `planUpgrade` can plan from in another process. */
  snapshot() {
    return this.#call('snapshot');
  }

  /** Plans the upgrade: `{ up, reconciling, down, schemas, steps, warnings }`, or `{ problems }`. */
  plan() {
    return this.#call('plan');
  }

  /** `check` of the API, on the session's database. Rejects with the error's `code`. */
  check(options) {
    return this.#call('check', { options });
  }

  /**
   * `apply` of the API, likewise. Beside its own options, `confirms` is what it is answered, and
   * `abortsAt` the phase at which its signal is aborted, or `start`.
   */
  apply(options) {
    return this.#call('apply', { options });
  }

  /** Aborts the signal of the `apply` that is running. */
  abort() {
    return this.#call('abort');
  }

  /**
   * PostgreSQL: the same, until it comes to a step by its number, or to a phase by its name. It sends
   * nothing more to the server until `goOn`, which resolves and rejects as `apply` does.
   */
  applyUntil(step, options) {
    return this.#call('applyUntil', { step, options });
  }

  goOn() {
    return this.#call('goOn');
  }

  close() {
    return this.#call('close');
  }
}

module.exports = { startKeystone };
