'use strict';

// What a real MongoDB refuses, played by a proxy before the server: an error for each kind of write, and
// a server that is too old, sharded, of another make, or has no room for a name.

const { driver } = require('../dev/mongodb');
const { makeData } = require('../dev/mongodb-example');
const { Trials, steps } = require('../dev/mongodb-trials');

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

  it('that is a replica set need not hear of all members to make an index', async () => {
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
