'use strict';

// A join collection that is sharded already, which `$out` cannot write to. No server here shards, so
// a real one is asked everything but the two questions that tell.

const { planUpgrade } = require('..');
const { migrate } = require('../lib/database/mongodb/runner');
const { newKeystone } = require('../dev/keystones');
const { driver, startMongodb } = require('../dev/mongodb');
const { buildKeystone, loadScenario } = require('../dev/scenario');

const JOIN = 'todo_readers_user_readposts';
const { ObjectId } = driver();
const [ada, bob, first, second] = Array.from({ length: 4 }, () => new ObjectId());

const modules = newKeystone();
const keystone = buildKeystone(loadScenario('guide'), { modules, adapter: 'mongoose' });
const statements = planUpgrade(keystone, { resolveFrom: [modules] }).statements();

let server;
let db;

/** The commands that were sent; `fails` makes one of them fail, `other` is another migration. */
async function run({ fails = () => false, other = {} } = {}) {
  const sent = [];
  await migrate(JSON.parse(JSON.stringify({ ...statements, ...other })), {
    database: db.databaseName,
    async command(command) {
      sent.push(command);
      if (fails(command)) throw new Error('cut off');
      if (command.collStats) return { sharded: command.collStats === JOIN };
      return db.command(command);
    },
    async adminCommand(command) {
      const answer = await db.admin().command(command);
      return command.isMaster ? { ...answer, msg: 'isdbgrid' } : answer;
    },
    report() {},
  });
  return sent;
}

const links = async () => {
  const rows = await db.collection(JOIN).find().sort({ _id: 1 }).toArray();
  return rows.map((row) => [row.Todo_left_id, row.User_right_id].map(String));
};

const expected = [
  [first, ada],
  [first, bob],
  [second, bob],
].map((pair) => pair.map(String));

beforeAll(async () => {
  server = await startMongodb();
});

afterAll(async () => {
  if (server) await server.stop();
});

beforeEach(async () => {
  db = server.database('sharded');
  await db.dropDatabase();
  await db.createCollection(JOIN);
  await db.collection('todos').insertMany([
    { _id: first, readers: [ada, bob] },
    { _id: second, readers: [bob] },
  ]);
  await db.collection('users').insertMany([
    { _id: ada, readPosts: [first] },
    { _id: bob, readPosts: [first, second] },
  ]);
});

test('it is filled where it is, by $merge', async () => {
  const sent = await run();
  const writes = sent.flatMap(({ pipeline = [] }) => pipeline.slice(-1));
  expect(writes).toContainEqual({ $merge: expect.objectContaining({ into: JOIN }) });
  expect(writes).not.toContainEqual({ $out: JOIN });
  expect(await links()).toEqual(expected);
  expect(await db.collection('todos').countDocuments({ readers: { $exists: true } })).toBe(0);
});

test('stopped after the copy and run again, no link is there twice', async () => {
  // The whole connection is gone from then on, so that nothing can be cleaned up.
  let isGone = false;
  let isCopied = false;
  const fails = ({ aggregate, pipeline = [] }) => {
    isGone = isGone || (isCopied && aggregate === JOIN);
    isCopied = isCopied || pipeline.some(({ $merge }) => $merge && $merge.into === JOIN);
    return isGone;
  };
  await expect(run({ fails })).rejects.toThrow('cut off');
  expect(await links()).toEqual(expected);
  await run();
  expect(await links()).toEqual(expected);
  const left = await db.listCollections({ name: /^keystone_upgrade/ }).toArray();
  expect(left).toEqual([]);
});

test('stopped after the copy, other lists take back what it was filled with', async () => {
  let isCopied = false;
  const fails = ({ pipeline = [] }) => {
    const isGone = isCopied;
    isCopied = isCopied || pipeline.some(({ $merge }) => $merge && $merge.into === JOIN);
    return isGone;
  };
  await expect(run({ fails })).rejects.toThrow('cut off');
  expect(await links()).toEqual(expected);
  const relationships = statements.relationships.filter(({ join }) => join?.collection !== JOIN);
  await run({ other: { plan: 'another', relationships } });
  expect(await links()).toEqual([]);
});

test('links of somebody else are still there when a run was stopped, and run again', async () => {
  const more = { Todo_left_id: second, User_right_id: ada };
  await db.collection(JOIN).insertMany([
    ...expected.map(([todo, user]) => ({
      Todo_left_id: new ObjectId(todo),
      User_right_id: new ObjectId(user),
    })),
    more,
  ]);
  await db.collection('todos').updateOne({ _id: first }, { $set: { reviewers: [ada] } });
  let isGone = false;
  const fails = ({ pipeline = [] }) => {
    isGone = isGone || pipeline.some(({ $out }) => $out);
    return isGone;
  };
  await expect(run({ fails })).rejects.toThrow('cut off');
  await run();
  expect(await db.collection(JOIN).countDocuments()).toBe(4);
  expect(await db.collection(JOIN).countDocuments(more)).toBe(1);
});

test('one that holds links of somebody else is left alone', async () => {
  await db.collection(JOIN).insertOne({ Todo_left_id: first, User_right_id: ada });
  await expect(run()).rejects.toThrow(/already holds links/);
  expect(await links()).toEqual(expected.slice(0, 1));
  expect(await db.collection('todos').countDocuments({ readers: { $exists: true } })).toBe(2);
});
