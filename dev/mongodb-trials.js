'use strict';

// Runs of `check` and `apply` on MongoDB with somebody in between: what the application writes at a
// chosen step, and what the server answers.

const { planUpgrade } = require('..');
const { startKeystone } = require('./keystone-process');
const { documentsText, indexesText, startMongodb } = require('./mongodb');
const { LISTS } = require('./mongodb-example');
const { normalized } = require('./mongodb-model');
const { startProxy } = require('./mongodb-proxy');
const { Shell } = require('./mongosh');

/** The collection of a migration that says how far it has come. */
const STATE = 'keystone_upgrade_relationships';

/** What the server says to every command from a `lose` on. The driver does not wait for another one. */
const LOST = { error: { code: 6, codeName: 'HostUnreachable', message: 'the server is gone' } };

/** The text of a database without who has the lock, which a run that is refused may have taken over. */
const withoutHolder = (text) =>
  text
    .replace(/\{"_id":"run",.*?("state":.*),"token":"\w+"\}\n/, '{$1}\n')
    .replace(/\{"_id":"run","state"/, '{"state"');

const lastStage = ({ pipeline = [] }) => pipeline.slice(-1)[0] ?? {};
const changes = ({ updates = [] }) => updates.map(({ u }) => u);

/** The steps of a migration, told by what is sent for them. Each takes a `Command` of the proxy. */
const steps = {
  /** Links are copied, into a join collection to be where it is said. */
  copy: ({ command }) => '$out' in lastStage(command),
  /** A copy gets its name. */
  rename: ({ command }) => String(command.renameCollection).includes(`.${STATE}.`),
  /** Documents of a collection are written by an aggregation. */
  mergeInto:
    (collection) =>
    ({ command }) =>
      lastStage(command).$merge?.into === collection,
  /** A field of several documents becomes null. */
  release:
    (field) =>
    ({ command }) =>
      changes(command).some(({ $set = {} }) => $set[field] === null),
  /** A field is removed. */
  removal:
    (field) =>
    ({ command }) =>
      changes(command).some(({ $unset = {} }) => field in $unset),
  /** The copies have their names, and get the indexes that they may lack. */
  makeIndexes: ({ name, collection }) => name === 'createIndexes' && !collection.startsWith(STATE),
  /** Indexes of removed fields go before these. */
  dropIndexes: ({ name }) => name === 'dropIndexes',
  /** A collection goes: it gets a name of the migration's own first. */
  drop:
    (collection) =>
    ({ command }) =>
      String(command.renameCollection).endsWith(`.${collection}`),
  /** It is written down how far the migration has come. */
  phase:
    (phase) =>
    ({ command }) =>
      command.update === STATE &&
      changes(command).some(({ $set = {} }) => $set['state.phase'] === phase),
};

/** A server with databases of the same lists, and a Keystone that takes them from one schema to the other. */
class Trials {
  #keystone;
  #relationships;
  #shell = new Shell();
  #plan;
  #count = 0;

  /**
   * @param {object} data collections in the old schema, for `write` of `mongodb.js`
   * @returns {Promise<Trials>} to be stopped with its `stop()`
   */
  static async start(data) {
    const trials = new Trials();
    try {
      await trials.#start(data);
      return trials;
    } catch (error) {
      await trials.stop();
      throw error;
    }
  }

  async #start(data) {
    this.server = await startMongodb();
    this.#keystone = startKeystone('new', 'mongoose');
    const session = await this.#keystone.open(LISTS, this.server.url('fresh'));
    this.#relationships = await session.relationships();
    await session.close();
    /** The names of the join collections, by the relationship's left side. */
    this.joins = Object.fromEntries(
      this.#relationships
        .filter(({ join }) => join)
        .map(({ left, join }) => [`${left.list}.${left.path}`, join.collection]),
    );
    const up = await this.#statesOf('up', data);
    /** The database before and after, by direction. */
    this.states = { up, down: await this.#statesOf('down', up.after) };
  }

  async #statesOf(direction, before) {
    const database = await this.make(before);
    const { error } = await this.apply(database, { direction });
    if (error) throw error;
    const after = await this.server.read(database);
    const left = Object.keys(after).filter((name) => name.startsWith(STATE));
    if (left.length > 0) throw new Error(`It has left ${left}`);
    await this.server.dropDatabase(database);
    return { before, beforeText: this.#text(before), after, afterText: this.#text(after) };
  }

  /**
   * @param {object | 'up' | 'down'} data collections, or those that a direction begins with
   * @returns {Promise<string>} the name of a new database
   */
  async make(data) {
    const database = `trial_${++this.#count}`;
    await this.server.write(database, this.states?.[data]?.before ?? data);
    return database;
  }

  /**
   * Runs `apply` through a proxy.
   *
   * @param {string} database
   * @param {object} [options]
   * @param {'up' | 'down'} [options.direction]
   * @param {boolean} [options.reconcile]
   * @param {object} [options.lists] other lists than those of `mongodb-example.js`
   * @param {[(command: object) => boolean, string | object | Function][]} [options.at] for steps their
   *   actions, or functions for these, each for the first time that the step is come to; `lose` is for
   *   a server that is gone from then on
   * @param {Function} [options.onRead] as of `startProxy`
   * @param {string} [options.version] likewise, as is `replicaSet`
   * @param {string} [options.query] further options of the address
   * @returns {Promise<{ result?: object, error?: Error, commands: object[], writes: object[] }>}
   * @throws {Error} when it has not come to one of the steps
   */
  apply(database, options) {
    return this.#run(database, 'apply', options);
  }

  /** The same for `check`. */
  check(database, options) {
    return this.#run(database, 'check', options);
  }

  async #run(database, method, options = {}) {
    const { lists = LISTS, query, direction, reconcile } = options;
    return this.through(options, async (at) => {
      const url = this.server.url(database, { at, options: query });
      const session = await this.#keystone.open(lists, url, { connects: false });
      try {
        return { result: await session[method]({ direction, reconcile }) };
      } catch (error) {
        return { error };
      } finally {
        await session.close();
      }
    });
  }

  /**
   * Makes a database in which a run was cut off at a step.
   *
   * @param {'up' | 'down'} direction
   * @param {(command: object) => boolean} step
   * @param {object} [data] collections to begin with
   * @returns {Promise<string>} its name
   */
  async stopped(direction, step, data = direction) {
    const database = await this.make(data);
    const { error } = await this.apply(database, { direction, at: [[step, 'lose']] });
    if (error?.code !== 'CONNECTION_LOST') throw error ?? new Error('It was not cut off');
    return database;
  }

  /**
   * Runs the script of a direction in mongosh, likewise through a proxy.
   *
   * @param {string} database
   * @param {'up' | 'reconciling' | 'down'} which
   * @param {object} [options] as of `apply`, but for what makes the script
   * @returns {Promise<object>} what the shell's `run` resolves to, with what was sent
   */
  async script(database, which, options = {}) {
    const plan = (this.#plan ??= await this.#planned());
    return this.through(options, (at) => {
      const url = this.server.url(database, { at, options: options.query });
      return this.#shell.run(url, plan[which]);
    });
  }

  /** What the runner is given for the way up. */
  async statements() {
    const session = await this.#keystone.open(LISTS);
    const snapshot = await session.snapshot();
    await session.close();
    return planUpgrade(snapshot).statements();
  }

  async #planned() {
    const session = await this.#keystone.open(LISTS);
    const plan = await session.plan();
    await session.close();
    return plan;
  }

  /**
   * Calls a function with the address of a proxy, `host:port`, and adds what was sent to what it
   * resolves to.
   */
  async through({ at = [], onRead = () => 'pass', ...options }, use) {
    const open = new Set(at);
    let isLost = false;
    const onWrite = (command) => {
      if (isLost) return LOST;
      if (command.isBeat) return undefined;
      for (const step of open) {
        const [isIt, action] = step;
        if (!isIt(command)) continue;
        open.delete(step);
        isLost = action === 'lose';
        if (isLost) return LOST;
        return typeof action === 'function' ? action(command) : action;
      }
      return undefined;
    };
    const proxy = await startProxy(this.server.address, onWrite, {
      ...options,
      onRead: (command) => (isLost ? LOST : onRead(command)),
    });
    let outcome;
    try {
      outcome = await use(proxy.address);
    } finally {
      await proxy.stop();
    }
    if (open.size > 0) {
      const reason = outcome.error?.message ?? JSON.stringify(outcome.result);
      throw new Error(`It has not come to ${[...open].map(([it]) => it)}:\n${reason}`);
    }
    const writes = proxy.commands.filter(({ number }) => number !== undefined);
    return { ...outcome, commands: proxy.commands, writes };
  }

  /** A collection of a database. */
  collection(database, name) {
    return this.server.database(database).collection(name);
  }

  /** All that is in a database, the same for what is equally good. */
  async state(database) {
    const collections = Object.entries(await this.server.read(database));
    // MongoDB drops its own temporary collections when it starts; the server that stands in keeps them.
    const own = collections.filter(([name]) => !name.startsWith('tmp.agg_out.'));
    return this.#text(Object.fromEntries(own));
  }

  #text(collections) {
    const documents = Object.fromEntries(
      Object.entries(collections).map(([name, { documents }]) => [name, documents]),
    );
    return documentsText(normalized(documents, this.#relationships)) + indexesText(collections);
  }

  async stop() {
    await this.#shell.stop();
    await this.#keystone?.stop();
    await this.server?.stop();
  }
}

module.exports = { STATE, Trials, steps, withoutHolder };
