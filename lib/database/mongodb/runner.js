'use strict';

const {
  about,
  aggregate,
  anyWith,
  changesOf,
  dropIndex,
  fillsOf,
  indexesStay,
  insert,
  isOwnIndex,
  isPlainIndex,
  merge,
  named,
  partsOf,
  plainIndexes,
  validatorTakes,
} = require('./vocabulary');

/**
 * The collection that says who is migrating, and how far the migration has come. It is gone in the end.
 */
const STATE = 'keystone_upgrade_relationships';

/** The `_id` of its document. */
const RUN = 'run';

/** What of that says who is at work. */
const HOLDER = ['token', 'host', 'space', 'pid', 'since', 'at'];

/** Every write is there to stay before the next one is sent. */
const DURABLE = { w: 'majority', j: true };

/** Where a member is down, a majority may never confirm a write. The first writes find that out. */
const CONFIRMED = Object.assign({ wtimeout: 60 * 1000 }, DURABLE);

/** MongoDB 8 has a default for the time that a command may take, of which a migration needs more. */
const MAX_TIME_MS = 2147483647;

/** How often a run says that it is alive, and after which silence it counts as dead. */
const BEAT_MS = 10 * 1000;
const DEAD_MS = 60 * 1000;

/**
 * For how long after the last sign of life a write is carried out. A process that was halted between
 * the two may send it when others have taken over, and must not change anything then.
 */
const LEASE_MS = 45 * 1000;

/** The end of a name for what is in the way. */
const ASIDE = '.aside';

/** How many documents are updated at a time where the server has to be given their ids. */
const BATCH = 50000;

/** The tokens of the runs that are at work in this process. */
const atWork = new Set();

/**
 * Runs a migration.
 *
 * All checks come first, then all copies, all counts, the repairs and the removals. A state document says
 * how far it has come, so that it can be run again after a stop at any point: before the removals it
 * starts over, after that it continues.
 *
 * @param {object} migration what to do, as the plan has it: which relationships, in which direction
 * @param {object} shell how it is done
 * @param {function(object): Promise<object>} shell.command sends a command to the database
 * @param {function(object): Promise<object>} shell.adminCommand sends one to the `admin` database
 * @param {string} shell.database the name of the database
 * @param {function(object): void} shell.report gets each step: `{ phase, text, isWarning? }`, and for
 *   links that are being copied or have been `{ relationship, done, rate }`, the rate per second
 * @param {boolean} [shell.isDryRun] whether to do only what can be taken back, and to take it back:
 *   checks, copies into collections of its own, their indexes and counts
 * @param {function(): Promise<void>} [shell.verify] is called when all is done, before others may begin
 * @param {number} [shell.beatMs] how often it says that it is alive, and how far a copy is
 * @returns {Promise<boolean>} whether there was anything to do
 * @throws {Error} with what is wrong and what to do
 */
async function migrate(migration, shell) {
  const server = serverOf(shell);
  const say = (phase, text, more) => shell.report(Object.assign({ phase, text }, more));
  refuse(await wrongServer(server, migration));
  refuse(await wrongDatabase(server, migration));

  const lock = await takeLock(server, shell);
  let isBegun = false;
  try {
    const state = await stateOf(server);
    const { isDryRun } = shell;
    const unfinished = await unfinishedRun(server, state, migration, isDryRun);
    if (unfinished && (unfinished.stops || isDryRun)) refuse(unfinished.message);
    isBegun = true;
    const hasWorked = await work({ migration, server: lock.guarded, say, lock, isDryRun }, state);
    if (shell.verify && !isDryRun) await shell.verify();
    await lock.requireHeld();
    say('done', hasWorked ? 'Done' : `Nothing to do: ${nothingLeft(migration)}`);
    return hasWorked;
  } catch (error) {
    explainName(error, server, migration);
    if (isOutOfReach(error)) throw error;
    // What others do meanwhile looks like an error.
    await lock.requireHeld().catch((reason) => refuse(reason.isTakenOver && reason));
    // What another run has left is not this one's to change.
    if (isBegun) await lock.noteError(error).catch(() => {});
    throw error;
  } finally {
    await lock.release();
  }
}

/**
 * Does what there is to do, from where an earlier run has left it, and says whether there was anything.
 */
async function work(run, before) {
  const { migration, isDryRun } = run;
  let state = before;
  if (state && !isOf(state, migration)) {
    // Another one that has changed no document. Where copies have their names, they are what the way
    // back begins with.
    await takeBack(Object.assign(run, { filled: state.phase === 'copying' && state.filled }));
    state = undefined;
  }
  if (isResumed(state)) {
    run.say('resume', 'Continuing where an earlier run stopped, with the removals');
    await finish(Object.assign(run, { isResumed: true, filled: state.filled }));
    return true;
  }
  run.pending = await findPending(run, state ? state.names : []);
  if (run.pending.length === 0) {
    await cleanUp(run);
    if (!isDryRun) await makeIndexes(run);
    return false;
  }
  try {
    await start(run, state);
  } catch (error) {
    await forget(run, error);
    throw error;
  }
  await (isDryRun ? takeBack : finish)(run);
  return true;
}

function refuse(reason) {
  if (reason) throw typeof reason === 'string' ? new Error(reason) : reason;
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

/** Whether there is anything to do for a relationship, as far as the server can be asked. */
async function isPending(server, migration, relationship, isWrongServer = false) {
  for (const command of partsOf(migration, relationship).pending) {
    if (isWrongServer && lookedUp(command).length > 0) continue;
    if (await server.first(command)) return true;
  }
  return false;
}

/** A relationship, and whether its join collection holds links by now. */
async function withJoined(server, { direction }, relationship) {
  const { join } = relationship;
  if (direction === 'down' || !join) return relationship;
  const isJoined = Boolean(await server.first({ find: join.collection, limit: 1 }));
  return Object.assign({}, relationship, { isJoined });
}

/** Checks, copies and counts: everything that can be done over. */
async function start(run, state) {
  const { migration, server, say, lock } = run;
  const { direction, plan } = migration;
  // What a join collection holds may be what an earlier run has filled it with.
  run.filled = (state && state.filled) || [];
  const isOwn = ({ join }) => join && run.filled.includes(join.collection);
  const pending = [];
  for (const it of run.pending) {
    pending.push(isOwn(it) ? it : await withJoined(server, migration, it));
  }
  // From here on, an error does not mean that nothing has been changed.
  if (state && state.phase === 'filling') say('resume', 'Starting over after a run was stopped');
  const gone = {};
  const checksOf = async (parts, it) =>
    parts.checks.concat(await checksOfWrites(server, it.name, parts, gone));
  const clashes = await indexClashes(server, migration);
  await runChecks(run, pending, 'Nothing has been changed', checksOf, clashes);

  const all = [];
  for (const relationship of pending) {
    for (const copy of partsOf(migration, relationship).copies) {
      const { into } = copy;
      // `$out` cannot write to a sharded collection, so that is filled where it is.
      const isSharded = into && (await server.isSharded(into));
      const place = isSharded ? into : staging(lock.token, all.length);
      all.push({ name: relationship.name, copy, place, into });
    }
  }
  run.filled = all.filter(({ place, into }) => place === into).map(({ into }) => into);
  await lock.setState({
    ...{ direction, plan, filled: run.filled },
    names: pending.map(({ name }) => name),
    joined: pending.filter(({ isJoined }) => isJoined).map(({ name }) => name),
    // Documents that an earlier run has written stay written.
    phase: state ? state.phase : 'copying',
  });
  await dropStaging(server);
  for (const made of all) {
    say('copy', made.copy.says);
    made.began = Date.now();
    await lock.during(
      () => fill(server, made),
      (isOver) => tellProgress(run, made, isOver),
    );
    made.ended = Date.now();
  }
  for (const made of all) await requireWhole(run, made);
  if (run.isDryRun) return;
  if (direction === 'down') await fillDocuments(run, all);
  await runChecks(run, pending, 'Nothing has been removed', (parts) => parts.counts);
  const copies = all.filter(({ place, into }) => into && place !== into);
  await lock.setState({
    copies: copies.map(({ place, into }) => ({ place, into })),
    token: lock.token,
    phase: 'naming',
  });
}

/** The way back: writes the copies into documents. This can be done over too. */
async function fillDocuments({ server, say, lock }, all) {
  await lock.setState({ phase: 'filling' });
  for (const { name, copy, place } of all) {
    for (const fill of about(name, fillsOf(copy.fills, place))) {
      say('fill', fill.says);
      await server.write(fill.run);
    }
  }
}

/** How far a migration has come that did not end, or nothing. */
async function stateOf(server) {
  return ((await recordOf(server)) || {}).state;
}

/**
 * The only document of the collection: who is at work, and how far a migration has come. It is in one so
 * that nobody who has lost the lock can write the other.
 */
async function recordOf(server) {
  const found = await server.all({ find: STATE, limit: 2 });
  const [record] = found;
  if (record && (found.length > 1 || !isRecord(record))) {
    throw new Error(
      `The collection ${STATE} holds something that this version has not written: ${JSON.stringify(record).slice(0, 300)}. It says how far a migration has come. If one was stopped half-way, run it again with the version that began it, or restore the backup. If none was, drop this collection, and run this again`,
    );
  }
  return record;
}

function isRecord({ _id, token, host, pid, since, at, state }) {
  const isHolder = [token, host].every(isText) && !isNaN(pid) && [since, at].every(isDate);
  return (
    _id === RUN && (isHolder || token === undefined) && (state === undefined || isState(state))
  );
}

function isState(state) {
  const { direction, plan, names, phase, copies, filled, token } = Object(state);
  const isCopy = (it) => it && isText(it.place) && isText(it.into);
  const isWhole = isListOf(copies, isCopy) && isListOf(filled, isText) && isText(token);
  return (
    ['up', 'down'].includes(direction) &&
    isText(plan) &&
    isListOf(names, isText) &&
    (['copying', 'filling'].includes(phase) || (isResumed(state) && isWhole))
  );
}

const isText = (it) => typeof it === 'string';
// There may be several realms.
const isDate = (it) => Object.prototype.toString.call(it) === '[object Date]';
const isListOf = (list, is) => Array.isArray(list) && list.every(is);

/** Whether a state is that of a migration, and not of the other direction or of other lists. */
function isOf(state, { direction, plan }) {
  return state.direction === direction && state.plan === plan;
}

/** Whether a run that was stopped continues. Otherwise it starts over. */
function isResumed(state) {
  return Boolean(state) && (state.phase === 'naming' || state.phase === 'removing');
}

/** Whether a run that was stopped has changed none of the documents. */
async function isUntouched(server, state, migration) {
  if (!state || state.phase === 'copying') return true;
  if (state.direction === 'up') return state.phase === 'naming';
  if (state.phase !== 'filling' || state.plan !== migration.plan) return false;
  const down = { direction: 'down', reconcile: false };
  for (const relationship of migration.relationships) {
    if (!state.names.includes(relationship.name)) continue;
    for (const command of partsOf(down, relationship).touched) {
      if (await server.first(command)) return false;
    }
  }
  return true;
}

/** Whether, on top of that, no copy has its name: then nothing of it need be left. */
async function isUnnamed(server, { phase, copies = [], filled = [] }) {
  if (phase !== 'naming') return true;
  if (filled.length > 0) return false;
  for (const { place } of copies) {
    if (!(await server.first(named(place)))) return false;
  }
  return true;
}

/** After an error: leaves the database as it was before, where no document has been changed. */
async function forget(run, error) {
  if (isOutOfReach(error)) return;
  try {
    const state = await stateOf(run.server);
    error.isUntouched = await isUntouched(run.server, state, run.migration);
    if (error.isUntouched && (!state || (await isUnnamed(run.server, state)))) await takeBack(run);
  } catch (_) {
    // The next run does it.
  }
}

/** Whether there is nothing that this run could still do after an error. */
function isOutOfReach({ name, isTakenOver }) {
  return isTakenOver || /^Mongo(Network|ServerSelection|Topology)/.test(name);
}

function takenOver() {
  const error = new Error('Another run has taken over, so this one has stopped');
  return Object.assign(error, { isTakenOver: true });
}

/** Removes what `start` has made. */
async function takeBack({ server, lock, filled }) {
  await dropStaging(server);
  for (const collection of filled || []) {
    await server.write({ delete: collection, deletes: [{ q: {}, limit: 0 }] });
  }
  await lock.setState(undefined);
}

/** Makes a join collection with its indexes. */
async function fill(server, { copy, place, into }) {
  if (place === into) {
    await server.write({ delete: into, deletes: [{ q: {}, limit: 0 }] });
    await server.write(plainIndexes(place, copy.indexes));
    await server.write(extended(copy.run, insert(into)));
  } else {
    // While it is empty: of a filled collection all members of a replica set have to make the indexes.
    if (copy.indexes) await server.write(plainIndexes(place, copy.indexes));
    // The server makes it whole or not at all, and keeps the indexes.
    await server.write(extended(copy.run, { $out: place }));
  }
}

async function requireWhole({ server, say }, made) {
  const { name, copy, place, into } = made;
  const where = into || `the copy for ${copy.fills.collection}.${copy.fills.field}`;
  const group = { $group: { _id: null, n: { $sum: copy.links } } };
  const numberOf = async (run) => Number(((await server.first(run)) || { n: 0 }).n);
  const expected = await numberOf(copy.count);
  const copied = await numberOf(aggregate(place, [group]));
  if (expected !== copied) {
    throw new Error(
      `${name}: of the links, ${copied} of ${expected} were copied into ${where}. Nothing has been removed. Is the application running? Stop it, and run this again`,
    );
  }
  sayCopied(say, made, copied);
}

/** Says how far a copy is, as far as the server knows without counting. */
async function tellProgress({ server, say }, made, isOver) {
  // What `$out` writes to has a name of the server's own until it is whole.
  const filter = { $or: [{ name: made.place }, { name: { $regex: '^tmp\\.agg_out\\.' } }] };
  let done = 0;
  for (const it of await server.all({ listCollections: 1, filter, nameOnly: true })) {
    done += Number(await server.estimate(it.name));
  }
  if (!isOver() && done > 0) sayCopied(say, made, done);
}

function sayCopied(say, { name: relationship, into, began, ended = Date.now() }, done) {
  // Of a few, a rate says nothing.
  const rate = done < 1000 ? undefined : Math.round(done / (Math.max(ended - began, 1) / 1000));
  const what = into ? `copied links into ${into}` : 'gathered links';
  say('count', `${relationship}: ${what}`, { relationship, done, rate });
}

/** Gives the copies their names. Once a document has been changed, it can only continue. */
async function finish(run) {
  const { migration, server, say, lock } = run;
  const state = await stateOf(server);
  const { names, joined = [] } = state;
  const relationships = migration.relationships
    .filter(({ name }) => names.includes(name))
    .map((it) => Object.assign({}, it, { isJoined: joined.includes(it.name) }));
  try {
    for (const copy of state.copies) await giveName(server, copy);
  } catch (error) {
    await forget(run, error);
    throw error;
  }
  try {
    if (run.isResumed) await runChecks(run, relationships, undefined, (parts) => parts.guards);
    say('index', `Making the indexes of the ${schemas(migration)[1]} schema`);
    await makeIndexes(run);
    await lock.setState({ phase: 'removing' });
    await changeDocuments(run, relationships, state);
  } catch (error) {
    if (!isOutOfReach(error)) await staysOpen(run, state, error).catch(() => {});
    throw error;
  }
  await cleanUp(run);
  await lock.setState(undefined);
}

/** The repairs and the removals, each of which may run again. */
async function changeDocuments(run, relationships, state) {
  const { migration, server, say } = run;
  const parts = relationships.map((it) => partsOf(migration, it));
  for (const { repairs } of parts) {
    for (const it of repairs) await repair(run, it);
  }
  await runChecks(run, relationships, undefined, ({ leftovers }) => leftovers);
  for (const { removals } of parts) {
    for (const removal of removals) {
      say('remove', removal.says);
      if (removal.run.drop) await drop(run, removal.run.drop, aside(staging(state.token, 'old')));
      else await server.write(removal.run);
      run.hasChanged = true;
    }
  }
}

/** After an error: both directions are open as long as no document has been changed. */
async function staysOpen({ migration, server, lock, hasChanged }, { phase }, error) {
  if (phase === 'naming' && !hasChanged && isWithoutEffect(error)) await lock.setState({ phase });
  error.isUntouched = await isUntouched(server, await stateOf(server), migration);
}

/** Whether the server has refused a write before it changed anything: it may count, or not be allowed. */
function isWithoutEffect({ changed, code }) {
  return changed === 0 || code === 13;
}

/**
 * Drops a collection. Nothing holds such a command back when it comes too late, so it gets a name
 * first that is of this migration alone: that can be undone.
 */
async function drop({ server, lock }, collection, name) {
  // One that was stopped has come so far.
  await server.write({ drop: name });
  if (!(await server.first(named(collection)))) return;
  const { rename } = server.unguarded;
  try {
    await lock.undoable(
      () => rename(collection, name),
      () => rename(name, collection),
    );
  } catch (error) {
    if (isOutOfReach(error)) throw error;
    // There are servers and collections that cannot.
    await server.write({ drop: collection });
  }
  await server.write({ drop: name });
}

/**
 * Renames a copy to its final name. An empty collection may have that name, where the new Keystone was
 * started: it is moved aside, and back again if it is not empty then. Dropping it would be worse, late,
 * when it is the collection that others have filled.
 */
async function giveName(server, { place, into }) {
  // A copy that is not there has its final name already.
  if (!(await server.first(named(place)))) return;
  const away = aside(place);
  const isFilled = () => server.first({ find: away, limit: 1 });
  // A run that was stopped may have come so far.
  if (!(await isFilled())) await server.write({ drop: away });
  if (await server.first(named(into))) await server.rename(into, away);
  if (await isFilled()) {
    await server.unguarded.rename(away, into);
    throw new Error(
      `The collection ${into} has been filled while the links were copied, so the copy cannot take its name. Is the new Keystone running? Stop it, empty the collection, and run this again`,
    );
  }
  await server.rename(place, into);
}

/** Makes and drops indexes, of all relationships and lists: also of those that have no links yet. */
async function makeIndexes({ migration, server, lock }) {
  const { unguarded } = server;
  const drop = (collection, { v: _v, ns: _ns, ...index }, isNeeded) =>
    lock.undoable(
      () => unguarded.write(dropIndex(collection, index.name)),
      async () => {
        if (!(await isNeeded())) return;
        await unguarded.write({ createIndexes: collection, indexes: [index] });
      },
    );
  /** Where others have gone back, they do not need what came late. */
  const make = (command, isOpen, join) =>
    lock.undoable(
      () => unguarded.write(command),
      async ({ numIndexesBefore, numIndexesAfter }) => {
        if (!(await isOpen())) return;
        const { createIndexes: collection, indexes } = command;
        if (join && join.collection === collection) {
          await dropEmpty(unguarded, collection, lock.token);
        } else if (Number(numIndexesAfter) > Number(numIndexesBefore)) {
          for (const { name } of indexes) await unguarded.write(dropIndex(collection, name));
        }
      },
    );
  for (const relationship of migration.relationships) {
    const { indexes, drops } = partsOf(migration, relationship);
    const isOpen = () => isPending(server, migration, relationship);
    for (const command of indexes) await make(command, isOpen, relationship.join);
    // Before the field: a unique index would refuse a second document without it.
    for (const side of drops) {
      for (const it of await server.indexesOf(side.collection)) {
        // Without the field nobody needs it.
        if (isOwnIndex(it, side))
          await drop(side.collection, it, () => server.first(anyWith(side)));
      }
    }
  }
  const isOpen = async () => (await findPending({ migration, server }, [])).length > 0;
  for (const [collection, fields] of Object.entries(migration.indexes)) {
    const found = await server.indexesOf(collection);
    const isMissing = (field) => !found.some((it) => isOwnIndex(it, { field }));
    const missing = fields.filter(isMissing);
    const isMade = (it) => fields.some((field) => isPlainIndex(it, field));
    if (migration.direction === 'down') {
      for (const it of found.filter(isMade)) await drop(collection, it, isOpen);
    } else if (found.length > 0 && missing.length > 0) {
      // Where there is no collection, the new Keystone makes both.
      await make(plainIndexes(collection, missing), isOpen);
    }
  }
}

/** Drops a collection if it is empty then: what comes meanwhile is kept. */
async function dropEmpty({ first, rename, write }, collection, token) {
  const away = aside(staging(token, 'empty'));
  try {
    await rename(collection, away);
  } catch (error) {
    if (isOutOfReach(error)) throw error;
    // There are servers and collections that cannot.
    if (!(await first({ find: collection, limit: 1 }))) await write({ drop: collection });
    return;
  }
  if (await first({ find: away, limit: 1 })) await rename(away, collection);
  else await write({ drop: away });
}

/** Does a repair, until its aggregation finds nothing more. */
async function repair(run, { says, collection, field, how, run: finding }) {
  const { server, say } = run;
  const count = extended(finding, { $group: { _id: null, n: { $sum: 1 } } });
  const found = await server.first(count);
  if (!found) return;
  say('repair', `${says}: ${found.n}`);
  if (how !== 'clear') {
    await server.write(extended(finding, (how === 'insert' ? insert : merge)(collection)));
  } else {
    const some = extended(finding, { $limit: BATCH });
    for (let ids; (ids = (await server.all(some)).map(({ _id }) => _id)).length > 0;) {
      const u = { $set: { [field]: null } };
      const updates = [{ q: { _id: { $in: ids } }, u, multi: true }];
      await server.write({ update: collection, updates });
      run.hasChanged = true;
    }
  }
  run.hasChanged = true;
  const left = await server.first(count);
  if (left) {
    throw new Error(
      `${says}: ${left.n} are left. Is the application running? Stop it, and run this again`,
    );
  }
}

/**
 * Runs some checks of relationships, all of them, so that one run says everything that is wrong. With a
 * `consequence` these come before anything changes. `found` is what is known to be wrong.
 */
async function runChecks(run, relationships, consequence, checksOf, found = []) {
  const { migration, server, say } = run;
  const wrong = found.slice();
  for (const relationship of relationships) {
    const checks = await checksOf(partsOf(migration, relationship), relationship);
    if (checks.length > 0) say('check', `Checking ${relationship.name}`);
    for (const check of checks) {
      const text = await runCheck(server, check);
      if (text && check.stops) wrong.push(text);
      else if (text) say(consequence ? 'check' : 'leave', text, { isWarning: true });
    }
  }
  if (wrong.length > 0) throw new Error(wrong.concat(consequence || []).join('\n'));
}

/** What is in the way of the indexes that are made of lists' fields, in words. */
async function indexClashes(server, { direction, indexes }) {
  const clashes = [];
  for (const [collection, fields] of direction === 'up' ? Object.entries(indexes) : []) {
    for (const it of await server.indexesOf(collection)) {
      const field = fields.find((name) => isOwnIndex(it, { field: name }));
      if (field === undefined || isPlainIndex(it, field)) continue;
      clashes.push(
        `The index ${it.name} of ${collection} is in the way of ${field}_1, which the new Keystone makes of the same field with no options. Drop it`,
      );
    }
  }
  return clashes;
}

/**
 * The checks of what the server may refuse when documents are written. `gone` has the fields that have
 * been removed by then, by collection: these are added to them.
 */
async function checksOfWrites(server, name, parts, gone) {
  const checks = [];
  for (const side of parts.drops) {
    checks.push(...indexesStay(side, await server.indexesOf(side.collection)));
  }
  for (const change of changesOf(parts)) {
    const { collection, field, run } = change;
    const before = gone[collection] || [];
    checks.push(...validatorTakes(change, await server.optionsOf(collection), before));
    if (!run) gone[collection] = before.concat(field);
  }
  return about(name, checks);
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
async function unfinishedRun(server, state, migration, isDryRun = false) {
  if (!state) return undefined;
  const isSame = isOf(state, migration);
  const isSameWay = state.direction === migration.direction;
  // It starts over, or it is forgotten, or what it has copied is what the way back begins with.
  if (state.phase === 'copying') return undefined;
  const isOpen =
    !isSame &&
    !isDryRun &&
    (await isUntouched(server, state, migration)) &&
    (state.plan === migration.plan || (await isUnnamed(server, state)));
  if (isOpen) return undefined;
  const isUp = state.direction === 'up';
  const what = isUp ? 'migration' : 'rollback';
  const others = isSameWay && !isSame ? ', with other lists than these' : '';
  const first = isSame ? '' : ' first';
  const options = isUp ? '--apply' : '--rollback --apply';
  const why = state.error ? `. It stopped because of this: ${state.error.replace(/\.$/, '')}` : '';
  const message = `A ${what} was stopped half-way${others}. Run that ${what} again${first} (${options}). It continues where it stopped${why}`;
  return { message, stops: !isSame };
}

/** In a wrong database there is nothing to do, which would look as if all were well. */
async function wrongDatabase(server, { collections }) {
  if (collections.length === 0 || (await server.first(named(collections)))) return undefined;
  const some = collections.slice(0, 5).join(', ');
  return `The database ${server.database} has no collection of these relationships, such as ${some}. Is this the right database? In a new one there is nothing to migrate`;
}

/** Why a migration cannot run on a server, if it cannot. */
async function wrongServer(server, migration) {
  const { server: needed, relationships } = migration;
  const info = await server.buildInfo();
  const product = otherProduct(info, await server.hello());
  if (product) {
    return `This needs MongoDB, and the server is ${product}, which speaks its protocol but does not have all of its commands. Copy the database to MongoDB, take it to the other schema there, and copy it back`;
  }
  if (!isAtLeast(info, needed)) {
    return `This needs MongoDB ${needed.join('.')} or later, and the server is ${info.version}`;
  }
  const parts = relationships.map((it) => partsOf(migration, it));
  if (!isAtLeast(info, [5, 1])) {
    for (const name of lookedUp(parts)) {
      if (!(await server.isSharded(name))) continue;
      return `The collection ${name} is sharded. To look documents up in it, this needs MongoDB 5.1 or later, and the server is ${info.version}`;
    }
  }
  const most = { name: isAtLeast(info, [4, 4]) ? 255 : 120, index: 127 };
  const { name, index } = longest(server, migration);
  const isIndex = name.bytes <= most.name && !isAtLeast(info, [4, 2]) && index.bytes > most.index;
  if (!isIndex && name.bytes <= most.name) return undefined;
  const found = isIndex ? index : name;
  return `The name ${found.name} has ${found.bytes} bytes, and MongoDB ${info.version} takes ${isIndex ? most.index : most.name}. Give the database a shorter name, or use MongoDB 4.4 or later, which takes 255`;
}

/** What speaks MongoDB's protocol without being it, by what it says of itself. */
function otherProduct(info, { me, hosts = [], internal = {} }) {
  const isAt = (pattern) => hosts.concat(me || []).some((host) => pattern.test(host));
  if (isAt(/\.docdb(-elastic)?\.amazonaws\.com(:|$)/i)) return 'Amazon DocumentDB';
  if (info._t || isAt(/\.cosmos\.azure\.com(:|$)/i)) return 'Azure Cosmos DB';
  if (info.ferretdb || info.ferretdbVersion) return 'FerretDB';
  if (internal.documentdb_versions) return 'DocumentDB';
  // Every MongoDB says from what it was built.
  return info.gitVersion ? undefined : 'another one';
}

/** All collections in which commands look up documents. */
function lookedUp(commands) {
  const found = new Set();
  JSON.stringify(commands, (key, value) => {
    if (key === '$lookup') found.add(value.from);
    return value;
  });
  return Array.from(found);
}

/** The longest names that a run gives to a collection and to an index, as the server measures them. */
function longest(server, migration) {
  const parts = migration.relationships.map((it) => partsOf(migration, it));
  const copies = [].concat(...parts.map((it) => it.copies)).filter(({ into }) => into);
  // With the end that `$out` and `giveName` add to it.
  const own = staging('x'.repeat(8), 99) + ASIDE;
  const commands = [
    ...copies.map(({ indexes }) => plainIndexes(own, indexes)),
    ...[].concat(...parts.map(({ indexes }) => indexes)),
    ...Object.entries(migration.indexes).map((it) => plainIndexes(...it)),
  ];
  const indexesOf = ({ createIndexes, indexes }) =>
    indexes.map(({ name }) => `${createIndexes}.$${name}`);
  const last = (names) =>
    names
      .map((it) => `${server.database}.${it}`)
      .map((name) => ({ name, bytes: encodeURIComponent(name).replace(/%../g, '_').length }))
      .sort((a, b) => a.bytes - b.bytes)
      .pop();
  return {
    name: last([own, ...copies.map(({ into }) => into)]),
    index: last([own].concat(...commands.map(indexesOf))),
  };
}

/** Atlas does not say whether a cluster is one that takes short names only. */
function explainName(error, server, migration) {
  if (error.code !== 73 && error.code !== 8000) return;
  const { name, bytes } = longest(server, migration).name;
  if (bytes <= 95) return;
  error.message += `. The name ${name} has ${bytes} bytes, and on Atlas M0 and Flex names have up to 95`;
}

/** Collections that are being made, until they are whole. Each run has its own. */
function staging(token, number) {
  return STATE + '.' + token + '.' + number;
}

/** The name for what has to make room for a copy, or goes. */
function aside(name) {
  return name + ASIDE;
}

/** Drops what runs have left, and says what else is there. */
async function cleanUp({ server, say }) {
  for (const name of await dropStaging(server)) {
    say(
      'keep',
      `The collection ${name} holds documents that something wrote into a join collection while a run was stopped. It is kept. Look at them, then drop it`,
      { isWarning: true },
    );
  }
}

/** Drops what runs have left, but for the collections of others that it returns. */
async function dropStaging(server) {
  const kept = [];
  const left = await server.all({
    listCollections: 1,
    filter: { name: { $regex: '^' + STATE + '\\.' } },
    nameOnly: true,
  });
  for (const { name } of left) {
    // What is not empty there is not ours.
    const isKept = name.endsWith(ASIDE) && (await server.first({ find: name, limit: 1 }));
    if (isKept) kept.push(name);
    else await server.write({ drop: name });
  }
  return kept;
}

function extended(command, stage) {
  return Object.assign({}, command, { pipeline: command.pipeline.concat(stage) });
}

/**
 * Who runs this. Containers may have the name of their host in common, and then the number of a process
 * means another one in each: on Linux, `space` says whose numbers they are.
 */
function thisProcess() {
  const { pid } = process;
  const host = require('os').hostname();
  const { readFileSync, readlinkSync } = require('fs');
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { host, pid, space: `${boot} ${readlinkSync('/proc/self/ns/pid')}` };
  } catch (_) {
    return { host, pid, space: null };
  }
}

/** Whether whoever has the lock, if anyone, has ended. */
function isDead({ token, host, space, pid, at }, now) {
  if (token === undefined || now - at > DEAD_MS) return true;
  const own = thisProcess();
  if (host !== own.host || space !== own.space) return false;
  // One of this very process has ended if it is not known here, however it did.
  if (pid === own.pid) return !atWork.has(token);
  try {
    return !process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'EPERM';
  }
}

/** Who is at work, and what to do, or nothing. */
async function atWorkNow(server) {
  const record = await recordOf(server);
  if (!record || isDead(record, await server.now())) return undefined;
  const { pid, host, since } = record;
  return `Another run is at work: process ${pid} on ${host}, since ${since.toISOString()}. Wait until it ends. After a crash on another host, wait a minute`;
}

/**
 * Takes the lock: one run at a time. A dead holder's is taken over: at once when it was a process of
 * this host, else when it has been silent for a minute.
 *
 * A process may be halted between any two of its commands, and go on when others have taken over, have
 * ended and have gone back. So everything that it sends is harmless then: it is about a collection whose
 * name no other run knows, or it does nothing to a document any more, or it is undone.
 */
async function takeLock(server, shell) {
  const token = Math.random().toString(36).slice(2, 10);
  const now = await server.now();
  const holder = Object.assign(thisProcess(), { token, since: now, at: now });
  if (!(await server.insert(Object.assign({ _id: RUN }, holder)))) {
    const other = await recordOf(server);
    // A sign of life that comes just now keeps the lock.
    const { token: last = null, at = null } = other || {};
    const q = { _id: RUN, token: last, at };
    const update = { update: STATE, updates: [{ q, u: { $set: holder } }] };
    if (!other || !isDead(other, now) || (await server.write(update)).n !== 1) {
      throw new Error(
        (await atWorkNow(server)) || 'Another run is at work, or was. Run this again',
      );
    }
  }
  return holdLock(server, token, shell.beatMs || BEAT_MS);
}

/**
 * The lock as whoever has it holds it: it says that it is alive, keeps how far it has come, and is let go by
 * `release`. By its `guarded` server nothing is changed once others have taken over.
 */
async function holdLock(server, token, beatMs) {
  atWork.add(token);
  const own = { _id: RUN, token };
  const change = async (u) => {
    const { n } = await server.write({ update: STATE, updates: [{ q: own, u }] });
    if (n !== 1) throw takenOver();
  };
  let lastBeat = Date.now();
  let longestGap = 0;
  const beat = async () => {
    const began = Date.now();
    const at = await server.now();
    await change({ $set: { at } });
    longestGap = Math.max(longestGap, began - lastBeat);
    lastBeat = began;
    return at;
  };
  const undoable = async (run, undo) => {
    await beat();
    const result = await run();
    await beat().catch(async (error) => {
      if (error.isTakenOver) await undo(result);
      throw error;
    });
  };
  let onBeat;
  const lock = {
    token,
    release,
    requireHeld: beat,
    /**
     * Does what no filter can hold back, and undoes it when it came too late. When it came in time, and
     * others have gone on from there, undoing it does nothing.
     */
    undoable,
    /** Does what takes long, and calls a function with each beat until it is over. */
    async during(run, tell) {
      const own = () => tell(() => onBeat !== own);
      onBeat = own;
      try {
        await run();
      } finally {
        onBeat = undefined;
      }
    },
    /** Says how far it has come, or that there is nothing more to go on with. */
    async setState(state) {
      if (!state) return change({ $unset: { state: 1 } });
      const fields = Object.keys(state).map((name) => ({ [`state.${name}`]: state[name] }));
      return change({ $set: Object.assign({}, ...fields) });
    },
    /**
     * Keeps for whoever comes next why a run has stopped, where it leaves a state. An interruption is not a
     * cause that anyone has to remove.
     */
    async noteError({ code, message }) {
      if (code === 'INTERRUPTED') return undefined;
      const q = Object.assign({ state: { $exists: true } }, own);
      const u = { $set: { 'state.error': message.split('\n')[0].slice(0, 300) } };
      return server.write({ update: STATE, updates: [{ q, u }] });
    },
  };
  const onTimer = async () => {
    await beat();
    if (onBeat) await onBeat();
  };
  // A beat that fails will show in the next command.
  const timer = setInterval(() => void onTimer().catch(() => {}), beatMs);
  if (timer.unref) timer.unref();
  /** Each may be sent again. This process may have been halted, and it have done nothing. */
  const inTime = async (run) => {
    for (;;) {
      const until = new Date(Number(await beat()) + LEASE_MS);
      longestGap = 0;
      const result = await server.write(hasNow ? within(run, until) : run);
      if (Math.max(longestGap, Date.now() - lastBeat) < LEASE_MS) return result;
    }
  };
  /** For a server that does not know the time: what is changed is what this run has marked. */
  const marked = async (run) => {
    const mark = (u) => Object.assign({}, u, { $unset: Object.assign({ [STATE]: 1 }, u.$unset) });
    const all = (q, u) => ({ update: run.update, updates: [{ q, u, multi: true }] });
    const ours = { [STATE]: token };
    for (const { q, u } of run.updates) {
      await undoable(
        () => server.write(all(q, { $set: ours })),
        () => server.write(all(ours, mark({}))),
      );
      await server.write(all(ours, mark(u)));
    }
  };
  const hasNow = isAtLeast(await server.buildInfo(), [4, 2]);
  lock.guarded = Object.assign({}, server, {
    write: (run) => (run.update && !hasNow ? marked : inTime)(run),
    async rename(from, to) {
      await beat();
      return server.rename(from, to);
    },
    /** For what undoes something, whoever is at work by now. */
    unguarded: server,
  });
  return lock;

  async function release() {
    clearInterval(timer);
    atWork.delete(token);
    const isOver = Object.assign({ state: { $exists: false } }, own);
    const nobody = Object.assign({}, ...HOLDER.map((name) => ({ [name]: 1 })));
    try {
      await server.write({ delete: STATE, deletes: [{ q: isOver, limit: 0 }] });
      await server.write({ update: STATE, updates: [{ q: own, u: { $unset: nobody } }] });
      if (await server.first({ find: STATE, limit: 1 })) return;
      await dropEmpty(server, STATE, token);
    } catch (_) {
      // The connection is gone: the next run sees that this one is dead.
    }
  }
}

/** A write to documents that does nothing to them any more from a time on: MongoDB 4.2 knows `$$NOW`. */
function within(run, until) {
  const isInTime = { $expr: { $lt: ['$$NOW', until] } };
  const some = (list) =>
    list.map((it) => Object.assign({}, it, { q: Object.assign({}, it.q, isInTime) }));
  if (run.update) return Object.assign({}, run, { updates: some(run.updates) });
  if (run.delete) return Object.assign({}, run, { deletes: some(run.deletes) });
  if (!intoOf(run)) return run;
  return Object.assign({}, run, { pipeline: [{ $match: isInTime }].concat(run.pipeline) });
}

function notConfirmed() {
  const why = 'Is a member of the replica set down?';
  return new Error(`A majority of the servers did not confirm a write within a minute. ${why}`);
}

/** What the rest needs of a server, in terms of commands. */
function serverOf({ command, adminCommand, database }) {
  /** Some drivers throw what others return. */
  const checked = async (sent) => {
    const result = await sent.catch((error) => {
      throw error.code === 64 ? notConfirmed() : error;
    });
    const error = (result.writeErrors || [])[0] || result.writeConcernError;
    if (!error) return result;
    if (error.code === 64) throw notConfirmed();
    const { nModified: changed } = result;
    throw Object.assign(new Error(error.errmsg), { code: error.code, changed });
  };
  const all = async (run) => (await command(whole(run))).cursor.firstBatch;
  const first = async (run) => (await all(run))[0];
  const optionsOf = async (name) =>
    ((await first({ listCollections: 1, filter: { name } })) || {}).options || {};
  const hello = () => adminCommand({ isMaster: 1 });
  const isMongos = async () => (await hello()).msg === 'isdbgrid';
  let info;
  const buildInfo = async () => (info = info || (await adminCommand({ buildInfo: 1 })));
  /** An index of a filled collection is made by all members, and one may be down. */
  const hasQuorum = async () => {
    const { setName, msg } = await hello();
    return Boolean(setName || msg === 'isdbgrid') && isAtLeast(await buildInfo(), [4, 4]);
  };
  return {
    database,
    first,
    all,
    estimate: async (collection) => (await command(whole({ count: collection }))).n,
    buildInfo,
    hello,
    now: async () => (await hello()).localTime,
    optionsOf,
    /** Each with a `collation` if that is not what its collection gives it. */
    async indexesOf(collection) {
      try {
        const indexes = await all({ listIndexes: collection, cursor: { batchSize: BATCH } });
        const { collation } = await optionsOf(collection);
        return collation ? indexes.map((it) => withoutInherited(it, collation)) : indexes;
      } catch (error) {
        if (error.code === 26) return []; // There is no such collection.
        throw error;
      }
    },
    /** Whether the document was not there yet. */
    async insert(document) {
      try {
        await checked(command({ insert: STATE, documents: [document], writeConcern: CONFIRMED }));
        return true;
      } catch (error) {
        if (error.code === 11000) return false;
        throw error;
      }
    },
    async write(run) {
      const options = { writeConcern: concernOf(run.update || run.delete || run.drop) };
      if (run.createIndexes && (await hasQuorum())) options.commitQuorum = 'majority';
      const into = intoOf(run);
      if (into) {
        // It has to be that of the collection which is written to, and would be that of the other one.
        const [own, other] = [await optionsOf(into), await optionsOf(run.aggregate)];
        if (own.collation || other.collation) {
          options.collation = own.collation || { locale: 'simple' };
        }
      }
      try {
        return await checked(command(Object.assign({}, whole(run), options)));
      } catch (error) {
        // What is to be removed is not there.
        const isGone = error.code === 26 || error.code === 27;
        if (isGone && (run.drop || run.dropIndexes)) return undefined;
        throw error;
      }
    },
    async rename(from, to) {
      const names = { renameCollection: database + '.' + from, to: database + '.' + to };
      await checked(adminCommand(Object.assign(names, { writeConcern: concernOf(from) })));
    },
    async isSharded(collection) {
      if (!(await isMongos()) || !(await first(named(collection)))) return false;
      return Boolean((await command({ collStats: collection })).sharded);
    },
  };
}

/** An index as it was asked for, in a collection with a collation. Without one, it is a simple one. */
function withoutInherited({ collation = { locale: 'simple' }, ...index }, inherited) {
  const isInherited = JSON.stringify(collation) === JSON.stringify(inherited);
  return isInherited ? index : Object.assign(index, { collation });
}

function concernOf(collection) {
  return collection && collection.startsWith(STATE) ? CONFIRMED : DURABLE;
}

/** A command as it is sent: reading takes all the time it needs, and gives all in one answer. */
function whole(run) {
  if (!run.aggregate && !run.find && !run.count) return run;
  const cursor = run.aggregate && { cursor: { batchSize: BATCH }, allowDiskUse: true };
  return Object.assign({}, run, cursor, { maxTimeMS: MAX_TIME_MS });
}

/** The collection into whose documents an aggregation writes, if it does. */
function intoOf({ pipeline = [] }) {
  const last = pipeline[pipeline.length - 1] || {};
  return last.$merge && last.$merge.into;
}

/** `8.0.0-rc5` is `[8, 0, 0, -45]` to the server. */
function isAtLeast({ versionArray }, [major, minor]) {
  const [first, second] = versionArray.map(Number);
  return first > major || (first === major && second >= minor);
}

module.exports = {
  STATE,
  atWorkNow,
  checksOfWrites,
  indexClashes,
  isOf,
  isPending,
  isResumed,
  migrate,
  runCheck,
  serverOf,
  stateOf,
  unfinishedRun,
  wrongDatabase,
  wrongServer,
  withJoined,
};
