// Many random projects through the oracle, several at once.
import keystoneProcess from './keystone-process.js';
import mongodb from './mongodb.js';
import mongosh from './mongosh.js';
import postgres from './postgres.js';
import randomRun from './random-run.js';
import { stage } from './run.mjs';

/** Two processes of Keystone and a server keep about two processors busy. */
const LANES = 2;
const MOST_FAILURES = 10;

const ADAPTERS = { mongodb: 'mongoose', postgres: 'knex' };

/** What starts the servers of each kind. */
const START = {
  async mongodb(servers) {
    servers.push(await mongodb.startMongodb());
  },
  async postgres(servers) {
    for (const version of postgres.postgresVersions()) {
      servers.push(await postgres.startPostgres(version));
    }
  },
};

/** The projects that are left to do, and what became of the others. */
class Run {
  #next;
  #end;
  #passed = 0;
  #refused = 0;
  #impossible = 0;
  #links = 0;
  #exceptions = {};
  failed = 0;

  constructor(first, count) {
    this.#next = first;
    this.#end = first + count;
  }

  /** The seed of the next project; nothing when all are done or too many have failed. */
  next() {
    return this.#next < this.#end && this.failed < MOST_FAILURES ? this.#next++ : undefined;
  }

  add({ refused, impossible, exceptions, links }) {
    if (refused) this.#refused++;
    else if (impossible) this.#impossible++;
    else this.#passed++;
    this.#links += links;
    for (const exception of exceptions) {
      this.#exceptions[exception] = (this.#exceptions[exception] ?? 0) + 1;
    }
  }

  get done() {
    return this.#passed + this.#refused + this.#impossible + this.failed;
  }

  toString() {
    const left = Object.entries(this.#exceptions).map(([what, n]) => `\n  ${n} times: ${what}`);
    return `${this.#passed} passed with ${this.#links} links, ${this.#refused} refused by the plan, ${this.#impossible} that OLD cannot make${left.join('')}`;
  }
}

/** Takes projects one after the other until all are done. */
async function lane(engine, run, servers) {
  const [oldKeystone, newKeystone] = ['old', 'new'].map((generation) =>
    keystoneProcess.startKeystone(generation, ADAPTERS[engine]),
  );
  const shell = engine === 'mongodb' ? new mongosh.Shell() : undefined;
  const tools = { shell, keystones: { old: oldKeystone, new: newKeystone }, isShort: true };
  for (let seed = run.next(); seed !== undefined; seed = run.next()) {
    const server = servers[seed % servers.length];
    try {
      run.add(await randomRun.proveRandom(engine, seed, { server, ...tools }));
    } catch (error) {
      run.failed++;
      console.error(`${error.message}\n`);
    }
    if (run.done % 25 === 0) console.error(`… ${run.done} done`);
  }
  await Promise.all([oldKeystone.stop(), newKeystone.stop(), shell?.stop()]);
}

/**
 * Takes random projects through the oracle: a stage.
 *
 * @param {'mongodb' | 'postgres'} engine
 * @param {number} count how many
 */
export async function proveMany(engine, count) {
  const first = randomRun.firstSeed();
  await stage(`${count} random projects on ${engine} from SEED=${first}`, async () => {
    const run = new Run(first, count);
    const servers = [];
    try {
      await START[engine](servers);
      await Promise.all(Array.from({ length: LANES }, () => lane(engine, run, servers)));
    } finally {
      for (const server of servers) await server.stop();
    }
    if (run.failed) throw Object.assign(new Error(`${run.failed} failed`), { output: `${run}` });
    return `${run}`;
  });
}
