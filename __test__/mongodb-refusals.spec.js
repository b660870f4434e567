'use strict';

// What a real MongoDB refuses, played by a proxy before the server: an error for each kind of write, and
// a server that is too old, sharded, of another make, or has no room for a name.

const { driver, isServerNeeded } = require('../dev/mongodb');
const { makeData } = require('../dev/mongodb-example');
const { STATE, Trials, steps } = require('../dev/mongodb-trials');

const { ObjectId } = driver();

let trials;

beforeAll(async () => {
  trials = await Trials.start(makeData(3));
});

afterAll(() => trials?.stop());

const codesOf = (findings) => findings.map(({ code }) => code);

/** Changes the answers to some commands. */
const answering = (replies) => ({
  onRead: ({ command }) => {
    const name = Object.keys(replies).find((it) => it in command);
    return name && { reply: (answer) => ({ ...answer, ...replies[name](command) }) };
  },
});

/** It stops at the first look, in all that connects, and nothing is written. */
async function expectStop(database, options, message) {
  const before = await trials.state(database);
  const { result } = await trials.check(database, options);
  expect(result.isReady).toBe(false);
  expect(codesOf(result.problems)).toEqual(['SERVER_VERSION']);
  expect(result.problems[0].message).toMatch(message);
  const { error, writes } = await trials.apply(database, options);
  expect(error).toMatchObject({ code: 'SERVER_VERSION' });
  expect(writes).toEqual([]);
  expect(await trials.state(database)).toBe(before);
}

describe('a server', () => {
  it.each([
    ['Amazon DocumentDB', { isMaster: () => ({ me: 'a.cluster-b.eu.docdb.amazonaws.com:27017' }) }],
    ['Azure Cosmos DB', { buildInfo: () => ({ _t: 'BuildInfoResponse' }) }],
    ['FerretDB', { buildInfo: () => ({ ferretdb: { version: '2.1.0' } }) }],
    ['another one', { buildInfo: () => ({ gitVersion: undefined }) }],
  ])('that is %s', async (product, replies) => {
    const database = await trials.make('up');
    await expectStop(database, answering(replies), `the server is ${product}, which`);
  });

  const sharding = (...names) =>
    answering({
      isMaster: () => ({ msg: 'isdbgrid' }),
      collStats: ({ collStats }) => ({ sharded: names.includes(collStats) }),
    });

  it.each([
    ['5.0.31', 'up', ['users'], /The collection users is sharded.* 5\.1 or later/],
    ['5.0.31', 'down', ['tags'], /The collection tags is sharded.* 5\.1 or later/],
    ['5.0.31', 'up', ['post_editors_manies'], /post_editors_manies is sharded/],
    ['5.1.0', 'up', ['users'], undefined],
    ['5.0.31', 'up', ['others'], undefined],
  ])('%s on the way %s with %j sharded', async (version, direction, names, message) => {
    const database = await trials.make(direction);
    const join = names.find((it) => it.endsWith('_manies'));
    if (join) await trials.server.database(database).createCollection(join);
    const options = { ...sharding(...names), version, direction };
    if (message) return expectStop(database, options, message);
    expect((await trials.check(database, options)).result).toMatchObject({ isReady: true });
  });

  it.each([
    ['4.0.28', {}, /bytes, and MongoDB 4\.0\.28 takes 127/],
    ['4.2.24', {}, undefined],
    ['4.2.24', { isLong: true }, /bytes, and MongoDB 4\.2\.24 takes 120/],
    ['4.4.0', { isLong: true }, undefined],
  ])('%s with names as they are (%j)', async (version, { isLong }, message) => {
    const database = `n${version}${isLong}`.replace(/\./g, '_').padEnd(63, '_');
    const field = isLong ? 'a'.repeat(48) : 'others';
    const posts = [{ _id: new ObjectId(), [field]: [] }];
    await trials.server.database(database).collection('posts').insertMany(posts);
    await trials.server.database(database).createCollection('users');
    const many = { type: 'Relationship', ref: 'User', many: true };
    const lists = { lists: { Post: { fields: { [field]: many } }, User: { fields: {} } } };
    const options = { version, lists };
    if (message) return expectStop(database, options, message);
    expect((await trials.check(database, options)).result).toMatchObject({ isReady: true });
  });

  it('that does not say which names it takes is explained when it refuses one', async () => {
    const database = 'long'.padEnd(63, '_');
    await trials.server.write(database, trials.states.up.before);
    const at = [[steps.rename, { error: { code: 8000, message: 'namespace is too long' } }]];
    const { error } = await trials.apply(database, { at });
    expect(error.message).toMatch(/has \d+ bytes, and on Atlas M0 and Flex names have up to 95/);
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
  });

  // A real server refuses a quorum where it is no replica set. These tests count as skipped there.
  const itOnStandIn = isServerNeeded() ? it : it.skip;

  itOnStandIn('that is a replica set need not hear of all members to make an index', async () => {
    for (const [direction, options, quorum] of [
      ['up', { replicaSet: 'rs' }, 'majority'],
      ['down', { replicaSet: 'rs' }, 'majority'],
      ['down', { replicaSet: 'rs', version: '4.2.24' }, undefined],
      ['down', {}, undefined],
    ]) {
      const database = await trials.make(direction);
      const said = answering({ isMaster: () => ({ setName: options.replicaSet }) });
      const { writes, error } = await trials.apply(database, { direction, ...options, ...said });
      expect(error).toBe(undefined);
      const made = writes.filter(({ name }) => name === 'createIndexes');
      expect(made.length).toBeGreaterThan(0);
      for (const { command } of made) expect(command.commitQuorum).toBe(quorum);
    }
  });
});

/**
 * The writes of a run, in their order, with what a real server refuses each for: what the user may not
 * do (13), a full disk (14031), time that is up (50), a step down of the primary (189, 11602), a document
 * that is too large (10334), one that a validator refuses (121), or that is there twice in a unique index
 * (11000). `untouched` as long as no document can have changed.
 */
const sends =
  (key, value) =>
  ({ command }) =>
    key in command && (value === undefined || command[key] === value);
const isEmptied = ({ command: { updates = [] } }) =>
  updates.some(({ u }) => Object.values(u.$set ?? {}).some((it) => it?.length === 0));
const WRITES = {
  up: [
    ['the lock', sends('insert', STATE), [13, 11602], 'untouched'],
    ['the state', steps.phase('copying'), [50], 'untouched'],
    ['indexes of a copy', sends('createIndexes'), [13], 'untouched'],
    ['a copy', steps.copy, [10334, 14031], 'untouched'],
    ['the state before names', steps.phase('naming'), [14031], 'untouched'],
    ['a name', steps.rename, [13, 189], 'untouched'],
    ['the state before removals', steps.phase('removing'), [14031], 'untouched'],
    ['a repair', steps.release('cover'), [121], 'touched'],
    ['an index that goes', steps.dropIndexes, [13], 'untouched'],
    ['an index of a list', sends('createIndexes', 'posts'), [14031], 'untouched'],
    ['a removal', steps.removal('tags'), [11000, 189], 'touched'],
    ['the last removal', steps.removal('owned'), [50], 'touched'],
  ],
  down: [
    ['the lock', sends('insert', STATE), [13], 'untouched'],
    ['a copy', steps.copy, [10334, 11602], 'untouched'],
    ['the state before documents', steps.phase('filling'), [14031], 'untouched'],
    ['an empty array', isEmptied, [121, 13], 'untouched'],
    ['the links', steps.mergeInto('posts'), [10334, 189], 'touched'],
    ['an index', sends('createIndexes'), [11000, 14031], 'touched'],
    ['a removal', sends('drop'), [13], 'touched'],
  ],
};
const CASES = Object.entries(WRITES).flatMap(([direction, writes]) =>
  writes.flatMap(([what, step, codes, reach]) =>
    codes.map((code) => [direction, code, what, reach, step]),
  ),
);

describe('refused', () => {
  it.each(CASES)('on the way %s with %i: %s', async (direction, code, _, reach, step) => {
    const other = direction === 'up' ? 'down' : 'up';
    const database = await trials.make(direction);
    const message = `refused with ${code}`;
    const { error } = await trials.apply(database, {
      direction,
      at: [[step, { error: { code, message } }]],
      // The driver looks for another primary no more often than this.
      query: 'heartbeatFrequencyMS=1000',
    });
    const isLost = code === 189 || code === 11602;
    expect(error.code).toBe(isLost ? 'CONNECTION_LOST' : 'MIGRATION_FAILED');
    expect(error.message).toContain(message);
    const untouched = 'None of your documents has been changed';
    const touched = 'The database has been changed in part. Run it again';
    expect(error.message).toContain(reach === 'touched' ? touched : untouched);

    const { state } = (await trials.collection(database, STATE).findOne()) ?? {};
    const own = (await trials.check(database, { direction })).result;
    const back = (await trials.check(database, { direction: other })).result;
    expect(own).toMatchObject({ isReady: true, problems: [] });
    const cause = `because of this: ${message}`;
    if (state && state.phase !== 'copying') {
      expect(codesOf(own.warnings)).toEqual(['UNFINISHED']);
      expect(own.warnings[0].message).toContain(cause);
    }
    if (reach === 'touched') {
      expect(codesOf(back.problems)).toEqual(['UNFINISHED']);
      expect(back.problems[0].message).toContain(cause);
    }
    if (reach === 'untouched') {
      // Either direction goes. Half of the time it is the other one.
      expect(back.problems).toEqual([]);
      const isOther = CASES.findIndex((it) => it[4] === step && it[1] === code) % 2 === 0;
      if (isOther) {
        expect((await trials.apply(database, { direction: other })).error).toBe(undefined);
        expect(await trials.state(database)).toBe(trials.states[direction].beforeText);
      }
    }
    expect((await trials.apply(database, { direction })).error).toBe(undefined);
    expect(await trials.state(database)).toBe(trials.states[direction].afterText);
  });
});
