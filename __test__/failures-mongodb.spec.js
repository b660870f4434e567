'use strict';

// What a MongoDB server refuses, and what becomes of that: which code, what is left, who may go on.

const { isLost } = require('../lib/database/mongodb/failure');
const { makeData } = require('../dev/mongodb-example');
const { STATE, Trials, steps } = require('../dev/mongodb-trials');

let trials;

beforeAll(async () => {
  trials = await Trials.start(makeData(3));
});

afterAll(() => trials?.stop());

/** An action: the server answers with an error. */
const fails = (code, message) => ({ error: { code, message } });

/** Run again, it ends as if nothing had happened. */
const expectGoesOn = async (database, direction) => {
  expect((await trials.apply(database, { direction })).error).toBe(undefined);
  expect(await trials.state(database)).toBe(trials.states[direction].afterText);
};

// The driver looks for another server after these for so long that each is not tried on one.
it('what a server says that goes is a lost connection', () => {
  for (const code of [6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436]) {
    expect([code, isLost({ name: 'MongoError', code, message: 'x' })]).toEqual([code, true]);
  }
  for (const name of ['MongoNetworkError', 'MongoServerSelectionError', 'MongoTimeoutError']) {
    expect([name, isLost({ name, message: 'x' })]).toEqual([name, true]);
  }
  for (const message of [
    'Topology is closed, please connect',
    'topology was destroyed',
    'pool destroyed',
    'connection 4 to 127.0.0.1:27017 closed',
  ]) {
    expect([message, isLost({ name: 'MongoError', message })]).toEqual([message, true]);
  }
  expect(isLost({ name: 'MongoError', code: 11000, message: 'E11000 duplicate key' })).toBe(false);
});

describe('while it copies', () => {
  it('a server that is out of reach is a lost connection', async () => {
    const database = await trials.make('up');
    const { error } = await trials.apply(database, { at: [[steps.copy, fails(6)]] });
    expect(error).toMatchObject({ code: 'CONNECTION_LOST' });
    await expectGoesOn(database, 'up');
  });

  it.each([
    [50, 'maxTimeMS'],
    [112, 'a write conflict'],
    [121, 'a validator'],
    [14031, 'a full disk'],
    [16493, 'a stage'],
  ])('the error %i (%s) is not', async (code) => {
    const database = await trials.make('up');
    const { error } = await trials.apply(database, { at: [[steps.copy, fails(code)]] });
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
    await expectGoesOn(database, 'up');
  });

  it('a right that is missing is told by the role', async () => {
    const database = await trials.make('up');
    const { error } = await trials.apply(database, { at: [[steps.copy, fails(13)]] });
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(error.message).toContain('role readWrite');
  });

  it('what the server repeats of a command, and addresses with a password, are not shown', async () => {
    const database = await trials.make('up');
    const message =
      'not authorized on blog to execute command { aggregate: "posts", pipeline: [ { $match: { name: "private" } } ] }';
    const other = 'no route to mongodb://me:very-secret@there:27017/blog';
    for (const [text, shown, hidden] of [
      [message, 'to execute command aggregate', 'private'],
      [other, 'there', 'very-secret'],
    ]) {
      const { error } = await trials.apply(database, { at: [[steps.copy, fails(8000, text)]] });
      expect(error.message).toContain(shown);
      expect(error.message).not.toContain(hidden);
    }
  });
});

describe('while it removes', () => {
  const isRemoval = steps.removal('editors');
  const partly = { index: 0, code: 11000, errmsg: 'E11000 duplicate key error' };

  it.each([
    ['an error', fails(11000), 'MIGRATION_FAILED'],
    ['a lost server', fails(6), 'CONNECTION_LOST'],
    [
      'an error of one document',
      { answer: { ok: 1, n: 0, writeErrors: [partly] } },
      'MIGRATION_FAILED',
    ],
    [
      'a write concern that is not met',
      { reply: (it) => ({ ...it, writeConcernError: { code: 100, errmsg: 'too few members' } }) },
      'MIGRATION_FAILED',
    ],
  ])('%s stops it, and it goes on from there', async (_, action, code) => {
    const database = await trials.make('up');
    const at = [[isRemoval, action]];
    const { error, writes } = await trials.apply(database, { at });
    expect(error).toMatchObject({ code, message: expect.stringMatching(/again/) });
    // Nothing else is removed then.
    expect(writes.filter(steps.removal('owned'))).toEqual([]);
    const { result } = await trials.check(database);
    expect(result.warnings).toMatchObject([{ code: 'UNFINISHED' }]);
    await expectGoesOn(database, 'up');
  });

  it('what is to be removed may be gone', async () => {
    const isIndex = steps.dropIndexes;
    const up = await trials.make('up');
    expect((await trials.apply(up, { at: [[isIndex, fails(27)]] })).error).toBe(undefined);
    const down = await trials.make('down');
    const notFound = { ok: 0, code: 26, codeName: 'NamespaceNotFound', errmsg: 'ns not found' };
    const { error } = await trials.apply(down, {
      direction: 'down',
      at: [[({ name }) => name === 'drop', { reply: () => notFound }]],
    });
    expect(error).toBe(undefined);
    expect(await trials.state(down)).toBe(trials.states.down.afterText);
  });

  it('an index that cannot be dropped stops it', async () => {
    const database = await trials.make('up');
    const { error } = await trials.apply(database, { at: [[steps.dropIndexes, fails(13)]] });
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    await expectGoesOn(database, 'up');
  });
});

it('the way back has changed documents when it copies, and says so', async () => {
  const database = await trials.make('down');
  const at = [[steps.mergeInto('tags'), fails(121)]];
  const { error } = await trials.apply(database, { direction: 'down', at });
  expect(error).toMatchObject({
    ...{ code: 'MIGRATION_FAILED', message: expect.stringMatching(/again/) },
  });
  await expectGoesOn(database, 'down');
});

it('whoever is cut off while it verifies learns that it is done', async () => {
  const database = await trials.make('up');
  let isDone = false;
  const isEnd = ({ command }) => Boolean(command.updates?.[0].u.$unset?.state);
  const { error } = await trials.apply(database, {
    at: [[isEnd, () => void (isDone = true)]],
    onRead: () => (isDone ? fails(6) : 'pass'),
  });
  expect(error).toMatchObject({
    ...{ code: 'CONNECTION_LOST', message: expect.stringContaining('--check') },
  });
  expect((await trials.apply(database)).result).toMatchObject({ isApplied: false });
  expect(await trials.state(database)).toBe(trials.states.up.afterText);
});

describe('the lock', () => {
  const isLock = ({ name, collection }) => name === 'insert' && collection === STATE;

  it('that is held is LOCKED', async () => {
    const database = await trials.make('up');
    // However long this takes, it has just been heard of.
    const at = new Date(Date.now() + 60 * 60 * 1000);
    const lock = { _id: 'run', host: 'elsewhere', pid: 4711, token: 'x', since: at, at };
    const hold = () => trials.collection(database, STATE).insertOne(lock);
    // Somebody takes it between the check and the run.
    const { error } = await trials.apply(database, { at: [[isLock, hold]] });
    expect(error).toMatchObject({ code: 'LOCKED', message: expect.stringContaining('4711') });
    await trials.collection(database, STATE).drop();
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
  });

  it('that cannot be taken is not one that is held', async () => {
    const database = await trials.make('up');
    const { error, writes } = await trials.apply(database, { at: [[isLock, fails(13)]] });
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(writes.map(({ name }) => name)).toEqual(['insert']);
  });
});

describe('a check', () => {
  const refuses = (isIt, code) => ({
    onRead: (command) => (isIt(command) ? fails(code) : undefined),
  });

  it('that may not read says so, with the role', async () => {
    const database = await trials.make('up');
    const isCount = ({ command }) => Boolean(command.aggregate);
    const { error } = await trials.check(database, refuses(isCount, 13));
    expect(error).toMatchObject({ code: 'CHECK_FAILED' });
    expect(error.message).toContain('role read ');
  });

  it('can do without what a user may not ask', async () => {
    const database = await trials.make('up');
    const isExtra = ({ name, command }) =>
      name === 'connectionStatus' ||
      name === 'collStats' ||
      Boolean(command.pipeline?.[0]?.$collStats);
    let count = 0;
    const { result } = await trials.check(
      database,
      refuses((it) => isExtra(it) && Boolean(++count), 13),
    );
    expect(count).toBeGreaterThan(1);
    expect(result).toMatchObject({ isReady: true, problems: [] });
    expect(result.copies[0]).toMatchObject({ documents: null, bytes: null });
  });
});
