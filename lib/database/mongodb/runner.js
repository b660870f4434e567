'use strict';

const { aggregate, merge, named, partsOf, plainIndex } = require('./vocabulary');

/** The collection that says who is migrating, and how far the migration has come. It is gone in the end. */
const STATE = 'keystone_upgrade_relationships';

/** Every write is there to stay before the next one is sent. */
const DURABLE = { w: 'majority', j: true };

/** How often a run says that it is alive, and after which silence it counts as dead. */
const BEAT_MS = 10 * 1000;
const DEAD_MS = 60 * 1000;

/** How many documents are updated at a time where the server has to be told which. */
const BATCH = 50000;

/** The tokens of the runs that are at work in this process. */
const atWork = new Set();

/**
 * Runs a migration.
 *
 * All checks come first, then all copies, all counts, the repairs and the removals. A state document
 * says how far it has come, so that it can be run again after a stop at any point: before the removals
 * it starts over, after that it continues.
 *
 * @param {object} migration what to do, as the plan has it: which relationships, in which direction
 * @param {object} shell how it is done
 * @param {function(object): Promise<object>} shell.command sends a command to the database
 * @param {function(object): Promise<object>} shell.adminCommand sends one to the `admin` database
 * @param {string} shell.database the name of the database
 * @param {{ host: string, pid: number }} shell.process who runs it
 * @param {function(number): boolean} shell.isAlive whether a process of this host exists
 * @param {function(object): void} shell.report gets each step: `{ phase, text, isWarning? }`, and for
 *   links that are being copied or have been `{ relationship, done, rate }`, the rate per second
 * @param {number} [shell.beatMs] how often it says that it is alive, and how far a copy is
 * @returns {Promise<boolean>} whether there was anything to do
 * @throws {Error} with what is wrong and what to do
 */
async function migrate(migration, shell) {
  const server = serverOf(shell);
  const say = (phase, text, more) => shell.report(Object.assign({ phase, text }, more));
  refuse(await wrongVersion(server, migration));
  refuse(await wrongDatabase(server, migration));

  const lock = await takeLock(server, shell);
  let isDone = false;
  try {
    const state = await stateOf(server);
    const unfinished = unfinishedRun(state, migration);
    if (unfinished && unfinished.stops) refuse(unfinished.message);
    const run = { migration, server: lock.guarded, say, lock };
    if (state && state.phase === 'removing') {
      say('resume', 'Continuing where an earlier run stopped, with the removals');
      await finish(Object.assign(run, { isResumed: true }));
    } else {
      // What is left of the other direction has changed nothing.
      const isOwn = state && state.direction === migration.direction;
      run.pending = await findPending(run, isOwn ? state.names : []);
      if (run.pending.length === 0) {
        await dropStaging(run.server);
        await makeIndexes(run);
        say('done', `Nothing to do: ${nothingLeft(migration)}`);
        isDone = true;
        return false;
      }
      try {
        await start(run, state);
      } catch (error) {
        if (migration.direction === 'up') await startOver(run);
        throw error;
      }
      await finish(run);
    }
    isDone = true;
    say('done', 'Done');
    return true;
  } finally {
    await lock.release(isDone);
  }
}

function refuse(message) {
  if (message) throw new Error(message);
}

function schemas({ direction }) {
  return direction === 'up' ? ['old', 'new'] : ['new', 'old'];
}

function nothingLeft(migration) {
  const [from, to] = schemas(migration);
  return `no document has links of the ${from} schema. The database is in the ${to} schema`;
}

/** The relationships that have something to do, and those that an earlier run has begun with. */
async function findPending({ migration, server }, begun) {
  const pending = [];
  for (const relationship of migration.relationships) {
    const isBegun = begun.includes(relationship.name);
    if (isBegun || (await isPending(server, migration, relationship))) pending.push(relationship);
  }
  return pending;
}

/** Whether there is anything to do for a relationship. */
async function isPending(server, migration, relationship) {
  for (const command of partsOf(migration, relationship).pending) {
    if (await server.first(command)) return true;
  }
  return false;
}

/** Checks, copies and counts: everything that can be done over. */
async function start(run, state) {
  const { migration, pending, server, say, lock } = run;
  const sharded = new Set();
  for (const { join } of pending) {
    if (join && (await server.isSharded(join.collection))) sharded.add(join.collection);
  }
  // They are filled where they are, so what they hold may be an earlier run's.
  run.filled = new Set(state ? sharded : []);
  const isOwn = ({ join }) => join && run.filled.has(join.collection);
  await runChecks(run, pending, 'Nothing has been changed', (parts, it) =>
    (isOwn(it) ? [] : parts.vacant).concat(parts.checks),
  );

  const { direction, plan } = migration;
  const names = pending.map(({ name }) => name);
  await setState(server, { direction, plan, names, phase: 'copying' });
  await dropStaging(server);
  const all = [];
  for (const relationship of pending) {
    const { name } = relationship;
    for (const copy of partsOf(migration, relationship).copies) {
      say('copy', copy.says);
      if (!copy.into) {
        await server.write(copy.run);
        continue;
      }
      const { into } = copy;
      const place = sharded.has(into) ? into : staging(lock.token, all.length);
      const made = { name, copy, place, into, began: Date.now() };
      all.push(made);
      if (place === into) run.filled.add(into);
      lock.onBeat = () => tellProgress(run, made);
      await fill(server, made);
      lock.onBeat = undefined;
      made.ended = Date.now();
    }
  }
  for (const made of all) await requireWhole(run, made);
  await runChecks(run, pending, 'Nothing has been removed', (parts) => parts.counts);
  const copies = all.filter(({ place, into }) => place !== into);
  await setState(server, {
    copies: copies.map(({ place, into }) => ({ place, into })),
    phase: 'removing',
  });
}

function setState(server, fields) {
  const update = { q: { _id: 'state' }, u: { $set: fields }, upsert: true };
  return server.write({ update: STATE, updates: [update] });
}

function stateOf(server) {
  return server.first({ find: STATE, filter: { _id: 'state' } });
}

/** Leaves the database as it was before `start`, as far as it can be reached. */
async function startOver({ server, filled = [] }) {
  try {
    await dropStaging(server);
    for (const collection of filled) {
      await server.write({ delete: collection, deletes: [{ q: {}, limit: 0 }] });
    }
    await server.write({ delete: STATE, deletes: [{ q: { _id: 'state' }, limit: 0 }] });
  } catch (_) {
    // The next run does it.
  }
}

/** Makes a join collection with its indexes. */
async function fill(server, { copy, place, into }) {
  if (place === into) {
    // `$out` cannot write to a sharded collection.
    await server.write({ delete: into, deletes: [{ q: {}, limit: 0 }] });
    const insert = { $merge: { into, whenMatched: 'fail', whenNotMatched: 'insert' } };
    await server.write(extended(copy.run, insert));
  } else {
    // The server makes it whole or not at all.
    await server.write(extended(copy.run, { $out: place }));
  }
  const indexes = copy.indexes.map((field) => plainIndex(place, field).indexes[0]);
  await server.write({ createIndexes: place, indexes });
}

async function requireWhole({ server, say }, made) {
  const { name, copy, place, into } = made;
  const group = { $group: { _id: null, n: { $sum: 1 } } };
  const numberOf = async (run) => Number(((await server.first(run)) || { n: 0 }).n);
  const expected = await numberOf(copy.count);
  const copied = await numberOf(aggregate(place, [group]));
  if (expected !== copied) {
    throw new Error(
      `${name}: ${copied} of ${expected} links were copied into ${into}. Nothing has been removed. Is the application running? Stop it, and run this again`,
    );
  }
  sayCopied(say, made, copied);
}

/** Says how far a copy is, as far as the server knows without counting. */
async function tellProgress({ server, say, lock }, made) {
  // What `$out` writes to has a name of the server's own until it is whole.
  const filter = { $or: [{ name: made.place }, { name: { $regex: '^tmp\\.agg_out\\.' } }] };
  let done = 0;
  for (const it of await server.all({ listCollections: 1, filter, nameOnly: true })) {
    done += Number(await server.estimate(it.name));
  }
  // Meanwhile it may have come to its end.
  if (lock.onBeat && done > 0) sayCopied(say, made, done);
}

function sayCopied(say, { name: relationship, into, began, ended = Date.now() }, done) {
  // Of a few, a rate says nothing.
  const rate = done < 1000 ? undefined : Math.round(done / (Math.max(ended - began, 1) / 1000));
  say('count', `${relationship}: copied links into ${into}`, { relationship, done, rate });
}

/** From here on it can only continue: repairs and removals, each of which may run again. */
async function finish(run) {
  const { migration, server, say } = run;
  const state = await stateOf(server);
  const relationships = migration.relationships.filter(({ name }) => state.names.includes(name));
  for (const { place, into } of state.copies) {
    // A copy that is not there has its final name already.
    if (!(await server.first(named(place)))) continue;
    if (await server.first({ find: into, limit: 1 })) {
      throw new Error(
        `The collection ${into} has been filled while the links were copied, so the copy cannot take its name. Is the new Keystone running? Stop it, empty the collection, and run this again`,
      );
    }
    // An empty one is there where the new Keystone was started. One that comes now makes the renaming fail.
    await server.write({ drop: into });
    await server.rename(place, into);
  }
  if (run.isResumed) await runChecks(run, relationships, undefined, (parts) => parts.guards);
  for (const relationship of relationships) {
    for (const it of partsOf(migration, relationship).repairs) await repair(run, it);
  }
  await runChecks(run, relationships, undefined, (parts) => parts.leftovers);
  say('index', `Making the indexes of the ${schemas(migration)[1]} schema`);
  await makeIndexes(run);
  for (const relationship of relationships) {
    for (const removal of partsOf(migration, relationship).removals) {
      say('remove', removal.says);
      await server.write(removal.run);
    }
  }
  await dropStaging(server);
}

/** Makes and drops indexes, of all relationships: also of those that have no links yet. */
async function makeIndexes({ migration, server }) {
  for (const relationship of migration.relationships) {
    for (const command of partsOf(migration, relationship).indexes) await server.write(command);
  }
}

/** Does a repair, until its aggregation finds nothing more. */
async function repair({ server, say }, { says, collection, field, how, run }) {
  const count = extended(run, { $group: { _id: null, n: { $sum: 1 } } });
  const found = await server.first(count);
  if (!found) return;
  say('repair', `${says}: ${found.n}`);
  if (how === 'merge') {
    await server.write(extended(run, merge(collection)));
  } else {
    const some = extended(run, { $limit: BATCH });
    for (let ids; (ids = (await server.all(some)).map(({ _id }) => _id)).length > 0;) {
      const u = { $set: { [field]: null } };
      const updates = [{ q: { _id: { $in: ids } }, u, multi: true }];
      await server.write({ update: collection, updates });
    }
  }
  const left = await server.first(count);
  if (left) {
    throw new Error(
      `${says}: ${left.n} are left. Is the application running? Stop it, and run this again`,
    );
  }
}

/** Runs some checks of relationships, all of them, so that one run says everything that is wrong. */
async function runChecks({ migration, server, say }, relationships, consequence, checksOf) {
  const wrong = [];
  for (const relationship of relationships) {
    const checks = checksOf(partsOf(migration, relationship), relationship);
    if (checks.length > 0) say('check', `Checking ${relationship.name}`);
    for (const check of checks) {
      const text = await runCheck(server, check);
      if (text && check.stops) wrong.push(text);
      else if (text) say('check', text, { isWarning: true });
    }
  }
  if (wrong.length > 0) throw new Error(wrong.concat(consequence || []).join('\n'));
}

/** What a check finds, in words, or nothing. */
async function runCheck(server, { says, run, sums = [] }) {
  const found = await server.first(extended(run, summary(sums)));
  if (found.examples.length === 0) return undefined;
  const examples = found.examples.map((example) => JSON.stringify(example)).join(', ');
  return `${says}. Found: ${numbers(found.count[0])}, such as ${examples}`;
}

/** The stage that counts what a check finds, adds up some fields, and keeps the first five. */
function summary(sums) {
  const group = { _id: null, n: { $sum: 1 } };
  for (const field of sums) group[field] = { $sum: `$${field}` };
  const count = [{ $group: group }, { $project: { _id: 0 } }];
  return { $facet: { count, examples: [{ $limit: 5 }] } };
}

/** `3 (nulls: 2, duplicates: 1)`. */
function numbers(count) {
  const parts = Object.keys(count)
    .filter((key) => key !== 'n' && Number(count[key]) > 0)
    .map((key) => `${key}: ${count[key]}`);
  return count.n + (parts.length > 0 ? ` (${parts.join(', ')})` : '');
}

/** What to say of a migration that was stopped half-way, and whether it stops this one. */
function unfinishedRun(state, { direction, plan }) {
  // The copies on the way up are thrown away. The way back, though, has written into documents.
  if (!state || (state.direction === 'up' && state.phase === 'copying')) return undefined;
  const what = state.direction === 'up' ? 'migration' : 'rollback';
  const isSame = state.direction === direction && state.plan === plan;
  const others = state.direction === direction && !isSame ? ', with other lists than these' : '';
  const message = `A ${what} was stopped half-way${others}. Run that ${what} again${isSame ? '' : ' first'}. It continues where it stopped`;
  return { message, stops: !isSame };
}

/** In a wrong database there is nothing to do, which would look as if all were well. */
async function wrongDatabase(server, { collections }) {
  if (collections.length === 0 || (await server.first(named(collections)))) return undefined;
  const some = collections.slice(0, 5).join(', ');
  return `The database ${server.database} has no collection of these relationships, such as ${some}. Is this the right database? In a new one there is nothing to migrate`;
}

async function wrongVersion(server, { server: needed }) {
  const { version, versionArray } = await server.buildInfo();
  const [major, minor] = versionArray.map(Number);
  const isEnough = major > needed[0] || (major === needed[0] && minor >= needed[1]);
  if (isEnough) return undefined;
  return `This needs MongoDB ${needed.join('.')} or later, and the server is ${version}`;
}

/** Collections that are being made, until they are whole. Each run has its own. */
function staging(token, number) {
  return STATE + '.' + token + '.' + number;
}

async function dropStaging(server) {
  const left = await server.all({
    listCollections: 1,
    filter: { name: { $regex: '^' + STATE + '\\.' } },
    nameOnly: true,
  });
  for (const { name } of left) await server.write({ drop: name });
}

function extended(command, stage) {
  return Object.assign({}, command, { pipeline: command.pipeline.concat(stage) });
}

/**
 * Takes the lock: one run at a time. A dead holder's is taken over: at once when it was a process of
 * this host, else when it has been silent for a minute.
 */
async function takeLock(server, shell) {
  const { host, pid } = shell.process;
  const token = Math.random().toString(36).slice(2, 10);
  const now = await server.now();
  const holder = { host, pid, token, since: now, at: now };
  const taken = await server.insert(Object.assign({ _id: 'lock' }, holder));
  if (!taken) {
    const other = await server.first({ find: STATE, filter: { _id: 'lock' } });
    // One of this very process has ended if it is not known here, however it did.
    const isAtWork = (it) => (it.pid === pid ? atWork.has(it.token) : shell.isAlive(it.pid));
    const isDead = other && (now - other.at > DEAD_MS || (other.host === host && !isAtWork(other)));
    const q = { _id: 'lock', token: other && other.token };
    const update = { update: STATE, updates: [{ q, u: { $set: holder } }] };
    if (!isDead || (await server.write(update)).n !== 1) {
      const who = other
        ? `: process ${other.pid} on ${other.host}, since ${new Date(other.since).toISOString()}`
        : '';
      throw new Error(
        `Another run is at work${who}. Wait until it ends. After a crash on another host, wait a minute`,
      );
    }
  }
  atWork.add(token);
  const own = { _id: 'lock', token };
  const beat = async () => {
    const u = { $set: { at: await server.now() } };
    const { n } = await server.write({ update: STATE, updates: [{ q: own, u }] });
    if (n !== 1) throw new Error('Another run has taken over, so this one has stopped');
  };
  const lock = { token, release };
  const onTimer = async () => {
    await beat();
    if (lock.onBeat) await lock.onBeat();
  };
  // A beat that fails will show in the next command.
  const timer = setInterval(() => void onTimer().catch(() => {}), shell.beatMs || BEAT_MS);
  if (timer.unref) timer.unref();
  const guarded = (send) => async (first, second) => {
    await beat();
    return send(first, second);
  };
  const { write, rename } = server;
  lock.guarded = Object.assign({}, server, { write: guarded(write), rename: guarded(rename) });
  return lock;

  async function release(isDone) {
    clearInterval(timer);
    atWork.delete(token);
    try {
      await server.write({ delete: STATE, deletes: [{ q: isDone ? {} : own, limit: 0 }] });
      if (!(await server.first({ find: STATE, limit: 1 }))) await server.write({ drop: STATE });
    } catch (_) {
      // The connection is gone: the next run sees that this one is dead.
    }
  }
}

/** What the rest needs of a server, in terms of commands. */
function serverOf({ command, adminCommand, database }) {
  const checked = (result) => {
    const error = (result.writeErrors || [])[0] || result.writeConcernError;
    if (error) throw Object.assign(new Error(error.errmsg), { code: error.code });
    return result;
  };
  const read = (run) => command(run.aggregate ? aggregation(run) : run);
  const first = async (run) => (await read(run)).cursor.firstBatch[0];
  const isMongos = async () => (await adminCommand({ isMaster: 1 })).msg === 'isdbgrid';
  return {
    database,
    first,
    all: async (run) => (await read(run)).cursor.firstBatch,
    estimate: async (collection) => (await command({ count: collection })).n,
    buildInfo: () => adminCommand({ buildInfo: 1 }),
    now: async () => (await adminCommand({ isMaster: 1 })).localTime,
    /** Whether the document was not there yet. */
    async insert(document) {
      try {
        checked(await command({ insert: STATE, documents: [document], writeConcern: DURABLE }));
        return true;
      } catch (error) {
        if (error.code === 11000) return false;
        throw error;
      }
    },
    async write(run) {
      const options = { writeConcern: DURABLE };
      try {
        const whole = run.aggregate ? aggregation(run) : run;
        return checked(await command(Object.assign({}, whole, options)));
      } catch (error) {
        // What is to be removed is not there.
        const isGone = error.code === 26 || error.code === 27;
        if (isGone && (run.drop || run.dropIndexes)) return { ok: 1 };
        throw error;
      }
    },
    async rename(from, to) {
      const names = { renameCollection: database + '.' + from, to: database + '.' + to };
      checked(await adminCommand(Object.assign(names, { writeConcern: DURABLE })));
    },
    async isSharded(collection) {
      if (!(await isMongos()) || !(await first(named(collection)))) return false;
      return Boolean((await command({ collStats: collection })).sharded);
    },
  };
}

/** An aggregation as the server takes it: all that it gives in one answer. */
function aggregation(run) {
  return Object.assign({}, run, { cursor: { batchSize: BATCH }, allowDiskUse: true });
}

module.exports = {
  STATE,
  isPending,
  migrate,
  runCheck,
  serverOf,
  stateOf,
  unfinishedRun,
  wrongDatabase,
  wrongVersion,
};
