'use strict';

/** The collection that says who is migrating and how far it has come. It is gone in the end. */
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
 * tells how far it has come, so that after a stop at any point it can be run again: before the
 * removals it starts over, from then on it goes on.
 *
 * @param {object} migration what is to do, as the plan has it
 * @param {object} shell how it is done
 * @param {function(object): Promise<object>} shell.command sends a command to the database
 * @param {function(object): Promise<object>} shell.adminCommand sends one to the `admin` database
 * @param {string} shell.database the name of the database
 * @param {{ host: string, pid: number }} shell.process who runs it
 * @param {function(number): boolean} shell.isAlive whether a process of this host is there
 * @param {function(object): void} shell.report is told each step: `{ phase, text, isWarning? }`, and for
 *   links that are being copied or have been `{ relationship, done, rate }`, the rate by the second
 * @param {number} [shell.beatMs] how often it says that it is alive, and how far a copy is
 * @returns {Promise<boolean>} whether there was anything to do
 * @throws {Error} with what is wrong and what to do
 */
async function migrate(migration, shell) {
  const server = serverOf(shell);
  const say = (phase, text, more) => shell.report(Object.assign({ phase, text }, more));
  await requireVersion(server, migration.server);
  await requireDatabase(server, migration, shell.database);

  const lock = await takeLock(server, shell);
  let isDone = false;
  try {
    const state = await server.first({ find: STATE, filter: { _id: 'state' } });
    requireSamePlan(state, migration);
    const run = { migration, server: lock.guarded, say, lock };
    if (state && state.phase === 'removing') {
      say('resume', 'Going on where an earlier run was stopped, with the removals');
      await finish(Object.assign(run, { isResumed: true }));
    } else {
      run.pending = await findPending(run, state ? state.names : []);
      if (run.pending.length === 0 && !state) {
        await ensure(run);
        say('done', 'Nothing to do: ' + nothingLeft(migration));
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

function schemas({ direction }) {
  return direction === 'up' ? ['old', 'new'] : ['new', 'old'];
}

function nothingLeft(migration) {
  const [from, to] = schemas(migration);
  return 'no document has links of the ' + from + ' schema, the database is in the ' + to;
}

/** The relationships that have something to do, and those that an earlier run has begun with. */
async function findPending({ migration, server }, begun) {
  const pending = [];
  for (const section of migration.relationships) {
    let isPending = begun.includes(section.name);
    for (const run of section.pending) {
      isPending = isPending || Boolean(await server.first(run));
    }
    if (isPending) pending.push(section);
  }
  return pending;
}

/** Checks, copies and counts: all that can be done over. */
async function start(run, state) {
  const { migration, pending, server, say, lock } = run;
  const targets = [];
  for (const { name, copies } of pending) {
    for (const copy of copies.filter(({ into }) => into)) {
      targets.push({ name, copy, isSharded: await server.isSharded(copy.into) });
    }
  }
  for (const { name, copy, isSharded } of targets) {
    // Into a sharded collection it is copied without a detour, so there these may be our own.
    if (state && isSharded) copy.place = copy.into;
    else await requireEmpty(server, name, copy.into);
  }
  await runChecks(run, pending, 'checks');

  const { direction, plan } = migration;
  const names = pending.map(({ name }) => name);
  await setState(server, { direction, plan, names, phase: 'copying' });
  await dropStaging(server);
  const sharded = new Set(targets.filter((it) => it.isSharded).map(({ copy }) => copy.into));
  let number = 0;
  for (const { name, copies } of pending) {
    for (const copy of copies) {
      if (!copy.into) {
        say('copy', name + ': ' + describe(copy.run));
        await server.write(copy.run);
        continue;
      }
      copy.place = sharded.has(copy.into) ? copy.into : staging(lock.token, number++);
      say('copy', name + ': copies links into ' + copy.into);
      copy.began = Date.now();
      lock.onBeat = () => tell(run, name, copy);
      await fill(server, copy);
      lock.onBeat = undefined;
      copy.ended = Date.now();
    }
  }
  for (const { name, copies } of pending) {
    for (const copy of copies.filter(({ into }) => into)) await requireWhole(run, name, copy);
  }
  await runChecks(run, pending, 'counts');
  const moved = flatMap(pending, ({ copies }) => copies).filter(
    ({ into, place }) => into && place !== into,
  );
  const copies = moved.map(({ place, into }) => ({ place, into }));
  await setState(server, { copies, phase: 'removing' });
}

function setState(server, fields) {
  const update = { q: { _id: 'state' }, u: { $set: fields }, upsert: true };
  return server.write({ update: STATE, updates: [update] });
}

/** Leaves the database as it was before `start`, as far as it can be reached. */
async function startOver({ server, pending }) {
  try {
    await dropStaging(server);
    for (const { place, into } of flatMap(pending, ({ copies }) => copies)) {
      if (place && place === into)
        await server.write({ delete: into, deletes: [{ q: {}, limit: 0 }] });
    }
    await server.write({ delete: STATE, deletes: [{ q: { _id: 'state' }, limit: 0 }] });
  } catch (_) {
    // The next run does it.
  }
}

/** Makes a join collection with its indexes, under the name of its place. */
async function fill(server, { run, into, place, indexes }) {
  if (place === into) {
    // `$out` cannot write to a sharded collection.
    await server.write({ delete: into, deletes: [{ q: {}, limit: 0 }] });
    const merge = { $merge: { into, whenMatched: 'fail', whenNotMatched: 'insert' } };
    await server.write(extended(run, merge));
  } else {
    // The server makes it whole or not at all.
    await server.write(extended(run, { $out: place }));
  }
  await server.write({
    createIndexes: place,
    indexes: indexes.map((field) => ({
      key: { [field]: 1 },
      name: field + '_1',
      background: true,
    })),
  });
}

async function requireWhole({ server, say }, name, { count, place, into, began, ended }) {
  const expected = ((await server.first(count)) || { n: 0 }).n;
  const group = { $group: { _id: null, n: { $sum: 1 } } };
  const copied = ((await server.first({ aggregate: place, pipeline: [group] })) || { n: 0 }).n;
  if (Number(expected) !== Number(copied)) {
    throw new Error(
      name +
        ': ' +
        expected +
        ' links were to be copied into ' +
        into +
        ', and ' +
        copied +
        ' were. Nothing has been removed. Is the application running? Run it again',
    );
  }
  sayCopied(say, name, { into, began, ended }, Number(copied));
}

/** Says how far a copy is, as far as the server knows without counting. */
async function tell({ server, say, lock }, name, copy) {
  // What `$out` writes to has a name of the server's own until it is whole.
  const filter = { $or: [{ name: copy.place }, { name: { $regex: '^tmp\\.agg_out\\.' } }] };
  let done = 0;
  for (const it of await server.all({ listCollections: 1, filter, nameOnly: true })) {
    done += Number(await server.estimate(it.name));
  }
  // Meanwhile it may have come to its end.
  if (lock.onBeat && done > 0) sayCopied(say, name, copy, done);
}

function sayCopied(say, relationship, { into, began, ended = Date.now() }, done) {
  // Of a few, a rate says nothing.
  const rate = done < 1000 ? undefined : Math.round(done / (Math.max(ended - began, 1) / 1000));
  const text = relationship + ': copied links into ' + into;
  say('count', text, { relationship, done, rate });
}

/** From here on it can only go on: repairs and removals, each of which may run again. */
async function finish(run) {
  const { migration, server, say } = run;
  const state = await server.first({ find: STATE, filter: { _id: 'state' } });
  const sections = migration.relationships.filter(({ name }) => state.names.includes(name));
  for (const { place, into } of state.copies) {
    // A copy that is not there has its final name already.
    if (!(await server.first(findCollection(place)))) continue;
    await requireEmpty(server, into, into);
    await server.rename(place, into);
  }
  if (run.isResumed) await runChecks(run, sections, 'guards');
  for (const { repairs } of sections) {
    for (const repair of repairs) await mend(run, repair);
  }
  await runChecks(run, sections, 'leftovers');
  say('index', 'Makes the indexes of the ' + schemas(migration)[1] + ' schema');
  await ensure(run);
  for (const { name, removals } of sections) {
    for (const removal of removals) {
      say('remove', name + ': ' + describe(removal));
      await server.write(removal);
    }
  }
  await dropStaging(server);
}

/** Makes and drops indexes, of all relationships: also of those that have no links yet. */
async function ensure({ migration, server }) {
  for (const { ensures } of migration.relationships) {
    for (const command of ensures) await server.write(command);
  }
}

/** Does a repair, until its aggregation finds nothing more. */
async function mend({ server, say }, { says, collection, field, how, run }) {
  const count = extended(run, { $group: { _id: null, n: { $sum: 1 } } });
  const found = await server.first(count);
  if (!found) return;
  say('repair', says + ': ' + found.n);
  if (how === 'merge') {
    const options = {
      into: collection,
      on: '_id',
      whenMatched: 'merge',
      whenNotMatched: 'discard',
    };
    await server.write(extended(run, { $merge: options }));
  } else {
    const some = extended(run, { $limit: BATCH });
    for (let ids; (ids = (await server.all(some)).map(({ _id }) => _id)).length > 0;) {
      const u = { $set: { [field]: null } };
      const updates = [{ q: { _id: { $in: ids } }, u, multi: true }];
      await server.write({ update: collection, updates });
    }
  }
  const left = await server.first(count);
  if (left)
    throw new Error(says + ': ' + left.n + ' are left. Is the application running? Run it again');
}

/** Runs all checks of a kind, so that one run tells all that is wrong. */
async function runChecks({ server, say }, sections, kind) {
  const wrong = [];
  for (const section of sections) {
    for (const check of section[kind]) {
      const text = await runCheck(server, check);
      if (!text) continue;
      if (check.stops) wrong.push(text);
      else say('check', text, { isWarning: true });
    }
    if (kind === 'checks') say('check', section.name + ': checked');
  }
  if (wrong.length === 0) return;
  if (kind === 'checks') wrong.push('Nothing has been changed');
  throw new Error(wrong.join('\n'));
}

/** What a check finds, in words, or nothing. */
async function runCheck(server, { says, run, sums = [] }) {
  const found = await server.first(extended(run, summary(sums)));
  if (found.examples.length === 0) return undefined;
  const examples = found.examples.map((example) => JSON.stringify(example)).join(', ');
  return says + '. Found: ' + numbers(found.count[0]) + ', such as ' + examples;
}

/** The stage that counts what a check finds, sums up some fields, and keeps the first five. */
function summary(sums) {
  const group = { _id: null, n: { $sum: 1 } };
  for (const field of sums) group[field] = { $sum: '$' + field };
  const count = [{ $group: group }, { $project: { _id: 0 } }];
  return { $facet: { count, examples: [{ $limit: 5 }] } };
}

/** `3 (nulls: 2, duplicates: 1)`. */
function numbers(count) {
  const parts = Object.keys(count)
    .filter((key) => key !== 'n' && Number(count[key]) > 0)
    .map((key) => key + ': ' + count[key]);
  return count.n + (parts.length > 0 ? ' (' + parts.join(', ') + ')' : '');
}

function describe(command) {
  const name = Object.keys(command)[0];
  const collection = command[name];
  if (name === 'drop') return 'drops the collection ' + collection;
  if (name === 'aggregate')
    return (
      'fills ' + command.pipeline[command.pipeline.length - 1].$merge.into + ' from ' + collection
    );
  const change = command.updates[0].u;
  if (change.$unset) return 'removes ' + collection + '.' + Object.keys(change.$unset)[0];
  return (
    'makes ' +
    collection +
    '.' +
    Object.keys(change.$set)[0] +
    ' an empty array where it is missing'
  );
}

async function requireEmpty(server, name, collection) {
  if (await server.first({ find: collection, limit: 1 })) {
    throw new Error(
      name +
        ': the collection ' +
        collection +
        ' holds documents already, and documents still have links in the old place. ' +
        'An earlier migration by other means, or a new Keystone, has written them. Nothing has been changed. Compare the two, and empty one of them',
    );
  }
}

function requireSamePlan(state, { direction, plan }) {
  if (!state || (state.direction === direction && state.plan === plan)) return;
  // Its copies are thrown away. The way back, though, has written into documents.
  if (state.direction === 'up' && state.phase === 'copying') return;
  const what = state.direction === 'up' ? 'migration' : 'way back';
  throw new Error(
    'A ' +
      what +
      ' was stopped half-way' +
      (state.direction === direction ? ', with other lists than these' : '') +
      '. Run that ' +
      what +
      ' again first: it goes on where it was stopped',
  );
}

/** In a wrong database there is nothing to do, which would look as if all were well. */
async function requireDatabase(server, { collections }, database) {
  if (!collections.length) return;
  const filter = { name: { $in: collections } };
  if (await server.first({ listCollections: 1, filter, nameOnly: true })) return;
  throw new Error(
    'The database ' +
      database +
      ' has no collection of these relationships, such as ' +
      collections.slice(0, 5).join(', ') +
      '. Is this the right database? In one that is new there is nothing to migrate',
  );
}

async function requireVersion(server, needed) {
  const { version, versionArray } = await server.buildInfo();
  const [major, minor] = versionArray.map(Number);
  if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
    throw new Error('This needs MongoDB ' + needed.join('.') + ', and the server is ' + version);
  }
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

function findCollection(name) {
  return { listCollections: 1, filter: { name }, nameOnly: true };
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
      throw new Error(
        'Another run is at work' +
          (other
            ? ': process ' +
              other.pid +
              ' on ' +
              other.host +
              ', since ' +
              new Date(other.since).toISOString()
            : '') +
          '. Wait for its end. After a crash on another host, wait a minute',
      );
    }
  }
  atWork.add(token);
  const own = { _id: 'lock', token };
  const beat = async () => {
    const u = { $set: { at: await server.now() } };
    const { n } = await server.write({ update: STATE, updates: [{ q: own, u }] });
    if (n !== 1) throw new Error('Another run has taken over. This one has stopped');
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
      checked(
        await adminCommand(Object.assign(names, { dropTarget: true, writeConcern: DURABLE })),
      );
    },
    async isSharded(collection) {
      if (!(await isMongos()) || !(await first(findCollection(collection)))) return false;
      return Boolean((await command({ collStats: collection })).sharded);
    },
  };
}

/** An aggregation as the server takes it: all that it gives in one answer. */
function aggregation(run) {
  return Object.assign({}, run, { cursor: { batchSize: BATCH }, allowDiskUse: true });
}

function flatMap(items, f) {
  return [].concat(...items.map(f));
}

module.exports = { STATE, migrate, runCheck, serverOf };
