'use strict';

// A real server for MongoDB's protocol: the one that `MONGODB_URL` names, else `mongod` on the PATH,
// else the server that `npm run mongodb` builds. There is nothing to fall back on.

const { spawn, spawnSync } = require('child_process');
const { randomBytes } = require('crypto');
const fs = require('fs');
const { createRequire } = require('module');
const os = require('os');
const path = require('path');
const { installed } = require('./installs');
const { newKeystone } = require('./keystones');
const { onEnd, onFreePort } = require('./processes');

/** How to get a server, for every error that says there is none. */
const HELP = `The tests need a MongoDB server. Set MONGODB_URL (mongodb://user:password@host:port), have \`mongod\` on the PATH, or run \`npm run mongodb\`, which builds one that speaks its protocol.`;

/** How long a server may take to start, after it has been killed too. */
const PATIENCE = 600_000;

/** @returns {boolean} whether the environment names a server, which is not ours to kill */
const isGiven = () => Boolean(process.env.MONGODB_URL);

/** @returns {boolean} whether the server that `npm run mongodb` builds is needed */
const isServerNeeded = () => !isGiven() && !hasMongod();

const hasMongod = () => spawnSync('mongod', ['--version'], { stdio: 'ignore' }).status === 0;

/** The driver of the new Keystone: newer ones do not work in Jest's realm. */
function driver() {
  const load = createRequire(path.join(newKeystone(), 'mongoose', 'index.js'));
  return load('mongodb');
}

/** A client, not connected yet. */
const client = (url, options) =>
  new (driver().MongoClient)(url, { useNewUrlParser: true, useUnifiedTopology: true, ...options });

/**
 * Starts a server, or takes the one that the environment names.
 *
 * @returns {Promise<Server>} to be stopped with its `stop()`
 * @throws {Error} saying how to get a server when there is none
 */
async function startMongodb() {
  try {
    if (isGiven()) return await new Server(process.env.MONGODB_URL).connect();
    const process_ = new OwnProcess();
    await process_.start();
    return await new Server(process_.url, process_).connect();
  } catch (error) {
    throw new Error(`No MongoDB server: ${error.message}\n${HELP}`, { cause: error });
  }
}

/** The administrator of a server that `startMongodbWithUsers` starts. */
const ADMINISTRATOR = { name: 'administrator', password: 'the-secret-of-the-administrator' };

/**
 * Starts a server of our own on which everyone has to log in. One that the environment names is not
 * ours to give users to.
 *
 * @returns {Promise<Server>} to be stopped with its `stop()`
 * @throws {Error} as `startMongodb`
 */
async function startMongodbWithUsers() {
  try {
    const process_ = new OwnProcess(['--auth']);
    await process_.start();
    const first = await client(process_.url).connect();
    try {
      // Without a user there is one thing that may be done from this host.
      const { name, password: pwd } = ADMINISTRATOR;
      await first.db('admin').command({ createUser: name, pwd, roles: ['root'] });
    } finally {
      await first.close();
    }
    const { name, password } = ADMINISTRATOR;
    const url = process_.url.replace('//', `//${name}:${password}@`);
    return await new Server(`${url}/admin`, process_).connect();
  } catch (error) {
    throw new Error(`No MongoDB server: ${error.message}\n${HELP}`, { cause: error });
  }
}

/** The process of a server of our own, on data of its own. */
class OwnProcess {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mongodb-'));
  #forget = onEnd(() => {
    this.#child?.kill('SIGKILL');
    this.#remove();
  });
  #child;
  #port;
  #options;

  /** @param {string[]} [options] of the server */
  constructor(options = []) {
    this.#options = options;
  }

  get url() {
    return `mongodb://127.0.0.1:${this.#port}`;
  }

  /** Starts it, or starts it again on its data. */
  async start() {
    try {
      if (this.#port) await this.#startAt(this.#port);
      else await onFreePort((port) => this.#startAt(port));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #startAt(port) {
    this.#port = port;
    const [program, ...args] = this.#command();
    const child = spawn(program, [...args, ...this.#options, '--port', port], {
      cwd: this.#folder,
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-10_000)));
    }
    this.#child = child;
    const ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', () => reject(new Error(`the server has ended\n${log}`)));
    });
    ended.catch(() => {});
    await Promise.race([ended, untilReady(this.url, () => log)]).catch(async (error) => {
      await this.kill();
      throw error;
    });
    // It ends when it is told to, not when this process has nothing else to do.
    for (const it of [child, child.stdout, child.stderr]) it.unref();
  }

  #command() {
    const data = path.join(this.#folder, 'data');
    fs.mkdirSync(data, { recursive: true });
    if (hasMongod()) return ['mongod', '--dbpath', data, '--bind_ip', '127.0.0.1'];
    const program = path.join(installed('mongodb/server'), 'bin', 'secantusd-rs');
    return [program, '--storage-path', data, '--standalone', '--cache-size', '256M'];
  }

  /** Ends it at once, as a power failure does. Its data stays. */
  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    child.kill('SIGKILL');
    await ended;
  }

  async stop() {
    this.#forget();
    await this.kill(); // Its data is removed, so it need not save it.
    this.#remove();
  }

  #remove() {
    fs.rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function untilReady(url, log) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const attempt = client(url, { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500 });
    try {
      return await attempt.connect();
    } catch (error) {
      if (Date.now() > until) throw new Error(`${error.message}\n${log()}`, { cause: error });
    } finally {
      await attempt.close();
    }
  }
}

/** A running server. Databases have the names that the caller gives them. */
class Server {
  #url;
  #process;
  #client;
  #databases = new Set();
  /** There may be others' databases, so ours have a prefix. */
  #prefix = isGiven() ? `test_${randomBytes(4).toString('hex')}_` : '';

  constructor(url, ownProcess) {
    this.#url = url;
    this.#process = ownProcess;
  }

  async connect() {
    this.#client = client(this.#url);
    await this.#client.connect();
    return this;
  }

  /** Whether it is a process of ours, which may be killed. */
  get isOwn() {
    return Boolean(this.#process);
  }

  /** @returns {{ host: string, port: number }} where it listens, of several the first */
  get address() {
    const [, host, port = 27017] = /\/\/(?:[^/@]*@)?([^/,?:]+)(?::(\d+))?/.exec(this.#url);
    return { host, port: Number(port) };
  }

  /**
   * @param {string} database
   * @param {{ at?: string, options?: string }} [changes] another `host:port`, and further options
   * @returns {string} its connection string
   */
  url(database, { at, options } = {}) {
    const [, scheme, user = '', hosts, own, query = ''] =
      /^(\w+(?:\+srv)?:\/\/)([^/@]*@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(this.#url);
    const isAuthSourceLost = user && !query.includes('authSource=');
    const all = [query, isAuthSourceLost && `authSource=${own || 'admin'}`, options];
    const name = encodeURIComponent(this.#actual(database));
    return `${scheme}${user}${at ?? hosts}/${name}?${all.filter(Boolean).join('&')}`;
  }

  #actual(database) {
    this.#databases.add(database);
    return this.#prefix + database;
  }

  /**
   * @param {string} name
   * @returns {object} the driver's handle of a database
   */
  database(name) {
    return this.#client.db(this.#actual(name));
  }

  async dropDatabase(name) {
    await this.database(name).dropDatabase();
    this.#databases.delete(name);
  }

  /**
   * All that is in a database.
   *
   * @param {string} name
   * @returns {Promise<Record<string, { documents: object[], indexes: object[] }>>} by collection;
   *   documents in the order of their `_id`
   */
  async read(name) {
    const database = this.database(name);
    const collections = {};
    for (const { name: collection } of await database.listCollections().toArray()) {
      if (collection.startsWith('system.')) continue;
      const handle = database.collection(collection);
      collections[collection] = {
        // Numbers with their types.
        documents: await handle.find({}, { promoteValues: false }).sort({ _id: 1 }).toArray(),
        indexes: await handle.listIndexes().toArray(),
      };
    }
    return collections;
  }

  /** Puts what `read` has read into a database, in place of what is there. */
  async write(name, collections) {
    const database = this.database(name);
    await database.dropDatabase();
    for (const [collection, { documents, indexes }] of Object.entries(collections)) {
      const handle = await database.createCollection(collection);
      if (documents.length) await handle.insertMany(documents);
      for (const { v: _v, ns: _ns, key, ...options } of indexes) {
        if (options.name !== '_id_') await handle.createIndex(key, options);
      }
    }
  }

  /**
   * Gives a user to a database that has to be logged in to.
   *
   * @param {string} database
   * @param {string} name
   * @param {string} password
   * @param {string[]} roles that the user has there
   * @returns {Promise<string>} the connection string
   */
  async addUser(database, name, password, roles) {
    await this.database(database).command({ createUser: name, pwd: password, roles });
    const url = new URL(this.url(database));
    Object.assign(url, { username: name, password: encodeURIComponent(password) });
    url.search = '';
    return url.href;
  }

  /** Ends it without a warning. */
  kill() {
    return this.#process.kill();
  }

  /** Starts it again after `kill`. */
  async restart() {
    const before = this.#client;
    await this.#process.start();
    await this.connect();
    await before.close(); // It says goodbye, and would wait for a server that is not there.
  }

  /** Ends it, or of a server that was given drops what was made there. */
  async stop() {
    if (!this.isOwn) for (const name of this.#databases) await this.dropDatabase(name);
    await this.#client.close();
    await this.#process?.stop();
  }
}

/** A value with its types, and its fields in the order of the alphabet. */
const text = (value) => JSON.stringify(plain(value));

function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  // As the driver stores it.
  if (typeof value === 'number')
    return { [Number.isInteger(value) ? '$Int32' : '$Double']: `${value}` };
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value._bsontype) return { [`$${value._bsontype}`]: String(value.value ?? value) };
  const fields = Object.keys(value).sort();
  return Object.fromEntries(fields.map((field) => [field, plain(value[field])]));
}

/**
 * The documents of a database.
 *
 * @param {object} collections as `read` gives them
 * @returns {string} one line a document, the same for the same data
 */
function documentsText(collections) {
  return lines(collections, ({ documents }) => documents.map(text));
}

/**
 * The collections and indexes of a database.
 *
 * @param {object} collections as `read` gives them
 * @returns {string} one line each, the same for the same schema
 */
function indexesText(collections) {
  return lines(collections, ({ indexes }) => ['', ...indexes.map(indexText)]);
}

/** Old servers name the namespace; the key is in the order that counts. */
const indexText = ({ v: _v, ns: _ns, key, ...options }) =>
  `index ${JSON.stringify(Object.entries(key))} ${text(options)}`;

function lines(collections, of) {
  return Object.entries(collections)
    .flatMap(([name, collection]) => of(collection).map((line) => `${name} ${line}`.trimEnd()))
    .sort()
    .map((line) => `${line}\n`)
    .join('');
}

module.exports = {
  documentsText,
  driver,
  indexesText,
  isGiven,
  isServerNeeded,
  startMongodb,
  startMongodbWithUsers,
  text,
};
