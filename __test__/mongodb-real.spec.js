'use strict';

// What a MongoDB server refuses, or does otherwise, that the one of these tests takes: collations,
// indexes, validators, names, members that are down, a process that was halted. Where it takes it, the
// connection plays the refusal.

const net = require('net');
const { apply, check, planUpgrade } = require('..');
const { newKeystone } = require('../dev/keystones');
const {
  documentsText,
  driver,
  indexesText,
  isServerNeeded,
  startMongodb,
} = require('../dev/mongodb');
const wire = require('../dev/mongodb-wire');
const { buildKeystone, loadScenario } = require('../dev/scenario');
const { connectMongoose } = require('../lib/database/connect/mongoose');
const { migrate } = require('../lib/database/mongodb/runner');

const STATE = 'keystone_upgrade_relationships';
const REVIEWERS = 'todo_reviewers_manies';

const { ObjectId, Timestamp } = driver();
const [ada, bob, first, second] = Array.from({ length: 4 }, () => new ObjectId());

const modules = newKeystone();
const plan = planUpgrade(buildKeystone(loadScenario('guide'), { modules, adapter: 'mongoose' }), {
  resolveFrom: [modules],
});

const DATA = {
  todos: [
    { _id: first, name: 'one', readers: [ada, bob], reviewers: [bob], leadAuthor: ada },
    { _id: second, name: 'two', readers: [bob], reviewers: [], publisher: ada },
  ],
  users: [
    { _id: ada, name: 'one', readPosts: [first], published: [second], leadPost: first },
    { _id: bob, name: 'one', readPosts: [first, second], published: [] },
  ],
};

let server;
let db;

let count = 0;

beforeAll(async () => {
  server = await startMongodb();
});

afterAll(() => server?.stop());

beforeEach(async () => {
  db = server.database(`real_${++count}`);
  for (const [name, documents] of Object.entries(DATA)) {
    await db.collection(name).insertMany(documents);
  }
});

async function stateOf() {
  const collections = await server.read(db.databaseName);
  return documentsText(collections) + indexesText(collections);
}

const refusal = (code, message = 'refused') => Object.assign(new Error(message), { code });

/**
 * Runs a migration.
 *
 * @param {object} [options]
 * @param {(command: object) => any} [options.onCommand] is called before each; what it gives is the answer
 * @param {(answer: object) => object} [options.onAdmin] changes what the database `admin` answers
 * @param {'up'|'down'} [options.direction]
 * @param {object} [options.on] another database
 * @param {boolean} [options.isDryRun]
 * @returns {Promise<{ error?: Error, sent: object[], warnings: string[] }>}
 */
async function run(options = {}) {
  const { onCommand = () => {}, onAdmin = (answer) => answer, on = db, ...more } = options;
  const { isDryRun, verify, ...how } = more;
  const sent = [];
  const warnings = [];
  const shell = {
    database: on.databaseName,
    isDryRun,
    verify,
    async command(command) {
      sent.push(command);
      return (await onCommand(command)) || on.command(command);
    },
    async adminCommand(command) {
      sent.push(command);
      const answer = (await onCommand(command)) || (await on.admin().command(command));
      return onAdmin(answer, command);
    },
    report: ({ text, isWarning }) => isWarning && warnings.push(text),
  };
  try {
    await migrate(JSON.parse(JSON.stringify(plan.statements(how))), shell);
    return { sent, warnings };
  } catch (error) {
    return { error, sent, warnings };
  }
}

const expectDone = ({ error }) => expect(error).toBe(undefined);

const expectRefused = ({ error }, message) => expect(error?.message).toMatch(message);

const mergeOf = ({ pipeline = [] }) => pipeline.slice(-1)[0]?.$merge;

/** As a server does: an aggregation has the collation of what it reads, which `$merge` minds. */
async function mindsCollation(command) {
  const merge = mergeOf(command);
  if (!merge) return;
  const collationOf = async (name) => {
    const [it] = await db.listCollections({ name }).toArray();
    return it?.options?.collation?.locale ?? 'simple';
  };
  const own = command.collation?.locale ?? (await collationOf(command.aggregate));
  if (own !== (await collationOf(merge.into))) throw refusal(51183, 'Cannot find index to verify');
}

const COLLATION = { locale: 'en', strength: 2 };

async function withCollation(name) {
  await db.collection(name).drop();
  await db.createCollection(name, { collation: COLLATION });
  await db.collection(name).insertMany(DATA[name]);
}

describe('collations', () => {
  test.each(['todos', 'users'])('of %s: there and back, and there again', async (name) => {
    await withCollation(name);
    // As a server does: an index has the collation of its collection.
    const onCommand = async (command) => {
      await mindsCollation(command);
      if (command.createIndexes !== name) return undefined;
      const indexes = command.indexes.map((it) => ({ collation: COLLATION, ...it }));
      return db.command({ ...command, indexes });
    };
    const indexesNow = async () => indexesText(await server.read(db.databaseName));
    const before = await indexesNow();
    expectDone(await run({ onCommand }));
    const indexes = await indexesNow();
    expect(/author.*strength/.test(indexes)).toBe(name === 'todos');
    const back = await run({ onCommand, direction: 'down' });
    expectDone(back);
    expectDone(await run({ onCommand }));
    expect(await indexesNow()).toBe(indexes);
    expectDone(await run({ onCommand, direction: 'down' }));
    expect(await indexesNow()).toBe(before);
    expect(back.sent.filter(mergeOf).length).toBeGreaterThan(3);
    expect(await db.collection('users').findOne({ _id: bob })).toMatchObject(DATA.users[1]);
    expect(await db.collection('todos').findOne({ _id: first })).toMatchObject(DATA.todos[0]);
  });
});

describe('indexes of a field that goes', () => {
  test('a unique one that would refuse documents without it stops', async () => {
    await db.collection('users').createIndex({ name: 1, leadPost: 1 }, { unique: true });
    const before = await stateOf();
    const outcome = await run();
    expectRefused(outcome, /the unique index name_1_leadPost_1 of users contains leadPost/);
    expect(outcome.error.message).toContain('Nothing has been changed');
    expect(await stateOf()).toBe(before);
  });

  test('a unique one of an array stops where two documents share an item', async () => {
    const { _id } = DATA.users[0];
    await db.collection('users').updateOne({ _id }, { $set: { tags: ['a', 'b'] } });
    await db.collection('users').updateOne({ _id: bob }, { $set: { tags: ['b', 'c'] } });
    await db.collection('users').createIndex({ tags: 1, leadPost: 1 }, { unique: true });
    expectRefused(await run(), /the unique index tags_1_leadPost_1 of users contains leadPost/);
  });

  test('a unique one with a collation is looked at by that', async () => {
    const index = { v: 2, key: { name: 1, leadPost: 1 }, name: 'mine', unique: true };
    const firstBatch = [{ ...index, collation: COLLATION }];
    const { sent } = await run({
      onCommand: ({ listIndexes }) => listIndexes === 'users' && { ok: 1, cursor: { firstBatch } },
    });
    const text = JSON.stringify(COLLATION);
    const looks = sent.filter((it) => JSON.stringify(it.collation) === text);
    expect(looks.map(({ aggregate }) => aggregate)).toEqual(['users']);
  });

  test('a unique one of some documents is that of the documents without the field', async () => {
    const partialFilterExpression = { leadPost: { $exists: true } };
    const options = { unique: true, partialFilterExpression };
    await db.collection('users').createIndex({ name: 1, leadPost: 1 }, options);
    expectDone(await run());
  });

  test('a unique one that takes them, and others, are told', async () => {
    await db.collection('users').updateOne({ _id: bob }, { $set: { name: 'other' } });
    await db.collection('users').createIndex({ name: 1, leadPost: 1 }, { unique: true });
    await db.collection('users').createIndex({ leadPost: 1, name: 1 });
    const { error, warnings } = await run();
    expect(error).toBe(undefined);
    expect(warnings).toContainEqual(
      expect.stringContaining('the index leadPost_1_name_1 of users contains leadPost'),
    );
  });

  test('one of the field alone that no list asks for is told before it is dropped', async () => {
    await db.collection('users').createIndex({ leadPost: 1 }, { name: 'mine' });
    const { error, warnings } = await run();
    expect(error).toBe(undefined);
    expect(warnings).toEqual([
      expect.stringMatching(/the index mine of users contains leadPost.* It is dropped/),
    ]);
    const left = await db.collection('users').listIndexes().toArray();
    expect(left.map(({ name }) => name)).toEqual(['_id_']);
  });

  test('of several with one key, each goes by its name', async () => {
    const indexes = [
      { key: { leadPost: 1 }, name: 'leadPost_1' },
      { key: { leadPost: 1 }, name: 'another', sparse: true },
    ];
    const listed = (name) => ({
      cursor: { firstBatch: name === 'users' ? indexes : [], id: 0, ns: 'x' },
      ok: 1,
    });
    const dropped = [];
    const onCommand = ({ listIndexes, dropIndexes, index }) => {
      if (listIndexes) return listed(listIndexes);
      if (dropIndexes !== 'users' || index.published || index.readPosts) return undefined;
      if (typeof index !== 'string') throw refusal(181, 'ambiguous');
      dropped.push(index);
      return { ok: 1 };
    };
    expectDone(await run({ onCommand }));
    expect(dropped).toEqual(['leadPost_1', 'another']);
  });
});

describe('an index that only the new Keystone makes', () => {
  const namesOf = async (name) =>
    (await db.collection(name).listIndexes().toArray()).map((it) => it.name).sort();

  test('is made before anything is removed, and dropped on the way back', async () => {
    await db.collection('todos').createIndex({ author: -1 });
    const { sent } = await run();
    const made = sent.filter(({ createIndexes }) => createIndexes === 'todos');
    expect(made).toHaveLength(1);
    const isRemoval = ({ updates = [] }) => updates.some(({ u }) => u.$unset?.reviewers);
    expect(sent.indexOf(made[0])).toBeLessThan(sent.findIndex(isRemoval));
    const own = ['_id_', 'author_-1'];
    expect(await namesOf('todos')).toEqual([...own, 'author_1', 'leadAuthor_1', 'publisher_1']);
    expectDone(await run({ direction: 'down' }));
    expect(await namesOf('todos')).toEqual(own);
  });

  test.each([
    ['another name', { name: 'mine' }],
    ['other options', { sparse: true }],
  ])('stops where there is one of its key with %s, which is kept', async (_, options) => {
    const index = await db.collection('todos').createIndex({ author: 1 }, options);
    const before = await stateOf();
    const message = `The index ${index} of todos is in the way of author_1`;
    const { problems } = await check(projectOn(), { resolveFrom: [modules] });
    expect(problems).toMatchObject([{ message: expect.stringContaining(message) }]);
    const outcome = await run();
    expectRefused(outcome, message);
    expect(outcome.error.message).toContain('Nothing has been changed');
    expect(await stateOf()).toBe(before);

    await db.collection('todos').dropIndex(index);
    expectDone(await run());
    await db.collection('todos').dropIndex('author_1');
    await db.collection('todos').createIndex({ author: 1 }, options);
    // In a database that is in the new schema it is left alone.
    expectDone(await run());
    expectDone(await run({ direction: 'down' }));
    expect(await namesOf('todos')).toEqual(['_id_', index]);
  });

  test('is not made where its collection is not there', async () => {
    await db.collection('todos').drop();
    expectDone(await run());
    expect(await db.listCollections({ name: 'todos' }).toArray()).toEqual([]);
  });
});

describe('a validator', () => {
  test.each([
    ['that requires the field stops', { readers: { $exists: true } }, true],
    ['in JSON schema stops', { $jsonSchema: { required: ['readers'] } }, true],
    ['that does not mind lets it pass', { name: { $exists: true } }, false],
  ])('%s', async (_, validator, stops) => {
    await db.command({ collMod: 'todos', validator });
    const before = await stateOf();
    const { error } = await run();
    if (!stops) return expect(error).toBe(undefined);
    expect(error.message).toContain('the validator of todos refuses documents without readers');
    expect(await stateOf()).toBe(before);
  });
});

test('a validator that minds when several fields are gone stops', async () => {
  const $or = [{ leadPost: { $exists: true } }, { published: { $exists: true } }];
  await db.command({ collMod: 'users', validator: { $or } });
  const before = await stateOf();
  expectRefused(
    await run(),
    /the validator of users refuses documents without published, when leadPost went before/,
  );
  expect(await stateOf()).toBe(before);
  const keystone = buildKeystone(loadScenario('guide'), { modules, adapter: 'mongoose' });
  keystone.adapter.config = { mongoUri: server.url(db.databaseName) };
  const { problems } = await check(keystone, { resolveFrom: [modules] });
  expect(problems[0].message).toContain('without published, when leadPost went before');
});

describe('a validator on the way back', () => {
  test.each([
    ['that limits an array', 'todos', { 'readers.1': { $exists: false } }, 'strict', /readers/],
    ['that refuses empty arrays', 'todos', { reviewers: { $ne: [] } }, 'strict', /reviewers/],
    ['of a field for one link', 'users', { leadPost: { $type: 'string' } }, 'strict', /leadPost/],
    ['that refuses documents as they are', 'todos', { title: 'x' }, 'strict', /readers/],
    ['that lets these stay', 'todos', { title: 'x' }, 'moderate', undefined],
  ])('%s', async (_, collection, validator, validationLevel, field) => {
    expectDone(await run());
    await db.command({ collMod: collection, validator, validationLevel });
    const before = await stateOf();
    const { error } = await run({ direction: 'down' });
    if (!field) return expect(error).toBe(undefined);
    expect(error.message).toMatch(field);
    expect(error.message).toContain(`the validator of ${collection} refuses documents with `);
    expect(error.message).toContain('Nothing has been changed');
    expect(await stateOf()).toBe(before);
  });
});

test('a validator that refuses what a repair writes stops', async () => {
  await db.collection('todos').updateOne({ _id: second }, { $set: { leadAuthor: ada } });
  await db.command({ collMod: 'todos', validator: { leadAuthor: { $ne: null } } });
  const before = await stateOf();
  expectRefused(
    await run(),
    /the validator of todos refuses documents with leadAuthor as it will be/,
  );
  expect(await stateOf()).toBe(before);
});

test('on the way back, documents are written from copies that are whole', async () => {
  expectDone(await run());
  const { sent } = await run({ direction: 'down' });
  const firstFill = sent.findIndex(mergeOf);
  const copies = sent.filter(({ pipeline = [] }) => pipeline.slice(-1)[0]?.$out);
  expect(copies).toHaveLength(5);
  expect(copies.every((copy) => sent.indexOf(copy) < firstFill)).toBe(true);
  // Before 4.4, nothing can be merged into what is read.
  for (const { aggregate, pipeline } of sent.filter(mergeOf)) {
    expect(aggregate).toContain(STATE);
    expect(JSON.stringify(pipeline)).not.toContain('$lookup');
  }
});

describe('a name that the server refuses', () => {
  const refuses = ({ renameCollection }) => {
    if (renameCollection) throw refusal(73, 'the name is too long');
  };

  test('leaves all as it was, and nothing behind', async () => {
    const before = await stateOf();
    const { error } = await run({ onCommand: refuses });
    expect([error.message, error.isUntouched]).toEqual(['the name is too long', true]);
    expect(await stateOf()).toBe(before);
  });

  test('and a process killed there: either direction goes', async () => {
    for (const direction of ['down', 'up']) {
      let isKilled = false;
      const onCommand = (command) => {
        isKilled = isKilled || Boolean(command.renameCollection);
        if (isKilled) throw refusal(73, 'killed');
      };
      expectRefused(await run({ onCommand }), /killed/);
      expect(await db.collection(STATE).findOne()).toMatchObject({ state: { phase: 'naming' } });
      expectDone(await run({ direction }));
      expect(Object.keys(await server.read(db.databaseName))).not.toContain(STATE);
      const removed = await db.collection('todos').countDocuments({ readers: { $exists: false } });
      expect([direction, removed]).toEqual([direction, direction === 'up' ? 2 : 0]);
    }
  });
});

test('a refusal after documents have changed is said by the next run, with its cause', async () => {
  const onCommand = ({ updates = [] }) => {
    if (updates.some(({ u }) => u.$unset?.published)) throw refusal(121, 'failed validation');
  };
  expectRefused(await run({ onCommand }), /failed validation/);
  expectRefused(
    await run({ direction: 'down' }),
    /A migration was stopped half-way. Run that migration again first.* because of this: failed validation/,
  );
  expectDone(await run());
});

test('indexes are made while a collection is empty', async () => {
  const { sent } = await run();
  const outs = sent.filter(({ pipeline = [] }) => pipeline.slice(-1)[0]?.$out);
  expect(outs).toHaveLength(2);
  for (const out of outs) {
    const name = out.pipeline.slice(-1)[0].$out;
    const made = sent.findIndex(({ createIndexes }) => createIndexes === name);
    expect([made >= 0, made < sent.indexOf(out)]).toEqual([true, true]);
  }
  const { todo_reviewers_manies: reviewers } = await server.read(db.databaseName);
  expect(reviewers.indexes.map(({ name }) => name).sort()).toEqual([
    'Todo_left_id_1',
    'User_right_id_1',
    '_id_',
  ]);
});

test('what reads has all the time it needs, whatever the default of the server is', async () => {
  for (const direction of ['up', 'down']) {
    const { sent } = await run({ direction });
    const reads = sent.filter((it) => it.aggregate || it.find || it.count);
    expect(reads.length).toBeGreaterThan(20);
    for (const read of reads) expect([read, read.maxTimeMS]).toEqual([read, 2147483647]);
  }
});

describe('a member that is down', () => {
  const error = { code: 64, errmsg: 'waiting timed out' };
  const thrown = () => {
    throw refusal(64, 'waiting timed out');
  };
  test.each([
    [
      'the first write',
      ({ insert }) => insert === STATE,
      () => ({ ok: 1, n: 1, writeConcernError: error }),
    ],
    ['the first write, by an error of the driver', ({ insert }) => insert === STATE, thrown],
    [
      'a state',
      ({ update, updates }) => update === STATE && Boolean(updates[0].u.$set?.['state.plan']),
      thrown,
    ],
    ['a name', ({ renameCollection }) => Boolean(renameCollection), thrown],
  ])('is found out at %s', async (_, isIt, answer) => {
    const before = documentsText(await server.read(db.databaseName));
    let isOver = false;
    const { sent, ...outcome } = await run({
      onCommand: (command) => {
        if (isOver || !isIt(command)) return undefined;
        isOver = true;
        return answer();
      },
    });
    expectRefused(outcome, /Is a member of the replica set down\?/);
    const ofState = sent.filter((it) => [it.insert, it.update, it.delete].includes(STATE));
    for (const { writeConcern } of ofState)
      expect(writeConcern).toMatchObject({ w: 'majority', wtimeout: expect.any(Number) });
    for (const { _id } of [...DATA.todos, ...DATA.users]) expect(before).toContain(String(_id));
    expectDone(await run());
  });
});

describe('a stray value in a field that has gone', () => {
  test.each([[null], [[null]], [[[]]], ['x']])('%j is not in the way back', async (reviewers) => {
    expectDone(await run());
    const stray = { _id: new ObjectId(), reviewers };
    await db.collection('todos').insertOne({ ...stray });
    expectDone(await run({ direction: 'down' }));
    expect(await db.collection('todos').findOne({ _id: stray._id })).toMatchObject(stray);
    expect(await db.collection('todos').findOne({ _id: first })).toMatchObject(DATA.todos[0]);
  });
});

test.each([
  [0, undefined],
  [1, /A migration was stopped half-way/],
])('a removal that is refused after %s documents, then the way back', async (nModified, stops) => {
  const writeErrors = [{ index: 0, code: 121, errmsg: 'Document failed validation' }];
  const isRemoval = ({ updates = [] }) => updates.some(({ u }) => u.$unset?.reviewers);
  const answer = { ok: 1, n: 2, nModified, writeErrors };
  const { error } = await run({ onCommand: (command) => isRemoval(command) && answer });
  expect(error).toMatchObject({ message: 'Document failed validation', isUntouched: !stops });
  const back = await run({ direction: 'down' });
  if (stops) expectRefused(back, stops);
  else expectDone(back);
  expectDone(await run());
});

describe('each write is refused once', () => {
  const WRITES = ['update', 'delete', 'insert', 'drop', 'createIndexes', 'dropIndexes'];
  const isDate = (value) => value instanceof Date;
  const isBeat = ({ update, updates }) =>
    update === STATE && updates.every(({ u }) => u.$set && Object.values(u.$set).every(isDate));
  const isWrite = (command) =>
    !isBeat(command) &&
    ([...WRITES, 'renameCollection'].some((name) => command[name]) ||
      (command.pipeline ?? []).some((stage) => stage.$out || stage.$merge));

  /** A database of its own, in which the other direction has been if it is the way back. */
  async function filled(direction) {
    const own = server.database(`real_${++count}`);
    for (const [name, documents] of Object.entries(DATA)) {
      await own.collection(name).insertMany(documents);
    }
    // Both sides of an item disagree: there is something to repair.
    const leadAuthor = { leadAuthor: ada };
    await own.collection('todos').updateOne({ _id: second }, { $set: leadAuthor });
    await own.collection('todos').updateOne({ _id: second }, { $push: { reviewers: ada } });
    if (direction === 'down') expectDone(await run({ on: own }));
    return own;
  }

  /** All but the ids that the links of a join collection get. */
  const textOf = async ({ databaseName }) => {
    const { [STATE]: _state, ...collections } = await server.read(databaseName);
    const text = documentsText(collections).replace(/,"_id":\{[^}]*\}(?=\}\n)/g, '');
    return text + indexesText(collections);
  };
  const listsOf = (own) =>
    Promise.all(
      Object.keys(DATA).map((name) => own.collection(name).find().sort({ _id: 1 }).toArray()),
    );

  test.each([
    ['up', false],
    ['up', true],
    ['down', false],
  ])('%s, with --reconcile: %s', async (direction, reconcile) => {
    const other = direction === 'up' ? 'down' : 'up';
    const whole = await filled(direction);
    expectDone(await run({ on: whole, direction, reconcile }));
    const done = await textOf(whole);
    let isRefused = true;
    for (let at = 0; isRefused; at += 1) {
      const own = await filled(direction);
      const before = [await textOf(own), await listsOf(own)];
      let left = at;
      isRefused = false;
      const onCommand = (command) => {
        if (isRefused || !isWrite(command) || left-- > 0) return undefined;
        isRefused = JSON.stringify(command).slice(0, 150);
        throw refusal(13);
      };
      const { error } = await run({ on: own, direction, reconcile, onCommand });
      const isSame = JSON.stringify(await listsOf(own)) === JSON.stringify(before[1]);
      if (error && isSame) {
        // Either direction is open as long as no document has been changed.
        const back = await run({ on: own, direction: other });
        expect([isRefused, back.error?.message]).toEqual([isRefused, undefined]);
        expect([isRefused, await listsOf(own)]).toEqual([isRefused, before[1]]);
      }
      const again = await run({ on: own, direction, reconcile });
      expect([isRefused, again.error?.message]).toEqual([isRefused, undefined]);
      expect([isRefused, await textOf(own)]).toEqual([isRefused, done]);
      await own.dropDatabase();
      if (!isRefused) expect(at).toBeGreaterThan(20);
    }
  });
});

test('what a lost run has left is removed, also where there is nothing to do', async () => {
  expectDone(await run());
  const done = await stateOf();
  await db.collection(`${STATE}.abc.0`).insertOne({});
  expectDone(await run());
  expect(await stateOf()).toBe(done);
});

describe('a process that was halted before a command', () => {
  const isOwn = (name) => String(name).includes(STATE);
  const isBeat = ({ update, updates = [] }) => isOwn(update) && Boolean(updates[0].u.$set?.at);
  /** What it writes, but for its signs of life and its very first command. */
  const writesOf = (sent) =>
    sent.filter((it) => isWrite(it) && !it.insert && (!isBeat(it) || it.updates[0].u.$set.host));
  const isWrite = (it) =>
    ['update', 'delete', 'insert', 'drop', 'createIndexes', 'dropIndexes', 'renameCollection'].some(
      (name) => it[name],
    ) ||
    Boolean(mergeOf(it)) ||
    Boolean(it.pipeline?.slice(-1)[0]?.$out);
  /** With these it ends, and has said that it is done. */
  const isEnd = ({ delete: from, renameCollection = '', drop = '', updates: [it] = [] }) =>
    from === STATE ||
    renameCollection.endsWith(`.${STATE}`) ||
    drop.endsWith('.empty.aside') ||
    Boolean(it?.u.$unset?.token);

  const old = (answer) =>
    answer.versionArray ? { ...answer, versionArray: [4, 0, 28, 0] } : answer;
  const HALTED = 120_000;

  /** The server's clock, two minutes ago: so long was it halted. */
  const late = (answer) =>
    answer.localTime
      ? { ...answer, localTime: new Date(Number(answer.localTime) - HALTED) }
      : answer;

  /** All that anybody has linked, whatever the rows of join collections are called. */
  async function linksOf(on) {
    const collections = Object.entries(await server.read(on.databaseName));
    const rowsOf = (name, { documents }) =>
      name in DATA ? documents : documents.map(({ _id, ...row }) => row);
    const texts = collections.map(([name, it]) => [name, { documents: rowsOf(name, it) }]);
    return documentsText(Object.fromEntries(texts));
  }

  async function make(name, direction) {
    const on = server.database(name);
    for (const [collection, documents] of Object.entries(DATA)) {
      await on.collection(collection).insertMany(documents);
    }
    await on.collection('users').createIndex({ leadPost: 1 }, { background: true });
    if (direction === 'down') expectDone(await run({ on }));
    return on;
  }

  it.each([
    ['up', '8.0'],
    ['up', '4.0'],
    ['down', '8.0'],
  ])('on the way %s, on MongoDB %s, does nothing when others have gone back', async (...args) => {
    const [direction, version] = args;
    const other = direction === 'up' ? 'down' : 'up';
    const onAdmin = version === '4.0' ? old : undefined;
    const first = await make(`halted_${direction}_${version}`.replace('.', '_'), direction);
    const { error, sent } = await run({ on: first, direction, onAdmin });
    expect(error).toBe(undefined);
    expectDone(await run({ on: first, direction: other }));
    const expected = await linksOf(first);
    const namesOf = async (on, list) =>
      (await on.collection(list).listIndexes().toArray()).map((it) => it.name).sort();
    const [ofUsers, ofTodos] = [await namesOf(first, 'users'), await namesOf(first, 'todos')];
    const count = writesOf(sent).length;
    expect(count).toBeGreaterThan(20);

    /** It has been silent for long, and others do what it was to do, and go back. */
    const goBack = async (on) => {
      const at = new Date(Date.now() - HALTED);
      await on.collection(STATE).updateOne({ _id: 'run' }, { $set: { at } });
      expectDone(await run({ on, direction, onAdmin }));
      expectDone(await run({ on, direction: other }));
    };

    const haltAt = async (number) => {
      const on = await make(`${first.databaseName}_${number}`, direction);
      const seen = [];
      let held;
      let others;
      const outcome = await run({
        on,
        direction,
        async onCommand(command) {
          await others;
          if (held || writesOf([command]).length === 0 || seen.push(command) <= number) return;
          held = command;
          others = goBack(on);
          await others;
        },
        onAdmin: (answer) =>
          [onAdmin, !held && seen.length === number && late].reduce(
            (it, f) => (f || ((x) => x))(it),
            answer,
          ),
      });
      // Copies of its own may be left. The next run removes them.
      expectDone(await run({ on, direction: other }));
      const left = await namesOf(on, 'users');
      return [
        held,
        isEnd(held) ? 'Another run has taken over' : outcome.error?.message.slice(0, 26),
        await linksOf(on),
        ofUsers.filter((name) => !left.includes(name)),
        await namesOf(on, 'todos'),
      ];
    };
    const outcomes = await Promise.all(
      Array.from({ length: count }, (_, number) => haltAt(number)),
    );
    for (const [held, ...outcome] of outcomes) {
      const wanted = ['Another run has taken over', expected, [], ofTodos];
      expect([held, ...outcome]).toEqual([held, ...wanted]);
    }
  });

  it('or while it verifies: it is not done, and leaves the record of others alone', async () => {
    const on = await make('halted_verifying', 'up');
    const record = on.collection(STATE);
    const others = { _id: 'run', token: 'another', at: new Date() };
    const verify = async () => void (await record.replaceOne({ _id: 'run' }, others));
    expectRefused(await run({ on, verify }), /^Another run has taken over/);
    expect(await record.findOne()).toEqual(others);
  });
});

test.each([[[[]]], [[[[ada]]]]])('an array in an array is not an id: %j', async (readers) => {
  await db.collection('todos').updateOne({ _id: first }, { $set: { readers } });
  const before = await stateOf();
  expectRefused(await run(), /todos.readers holds something that is not an ObjectId/);
  expect(await stateOf()).toBe(before);
});

/** Sends a command in which the nulls of arrays are of the type undefined, which drivers do not write. */
async function sendWithUndefined(command) {
  const message = wire.answerTo(Buffer.alloc(16), { ...command, $db: db.databaseName });
  for (let at = 0; (at = message.indexOf('\x0a0\0', at, 'latin1')) >= 0;) message[at] = 6;
  const socket = net.connect(server.address);
  socket.write(message);
  const answer = await new Promise((resolve) => socket.on('data', wire.messages(resolve)));
  socket.destroy();
  expect(Number(wire.answerOf(answer).ok)).toBe(1);
}

/** The same command, with another type in place of undefined. */
function withPlayed(value) {
  if (value === 'undefined') return 'timestamp';
  if (Array.isArray(value)) return value.map(withPlayed);
  if (value?.constructor?.name !== 'Object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, withPlayed(it)]));
}

test('BSON undefined in an array is not a link, and is reported', async () => {
  // The server that stands in stores it, but refuses to compare it.
  const isPlayed = isServerNeeded();
  const nothing = isPlayed ? new Timestamp(1, 1) : null;
  const reviewers = [nothing, bob];
  const document = { _id: new ObjectId(), readers: [nothing], reviewers };
  const insert = { insert: 'todos', documents: [document] };
  if (isPlayed) await db.command(insert);
  else await sendWithUndefined(insert);
  const stored = { reviewers: { $elemMatch: { $type: isPlayed ? 17 : 6 } } };
  expect(await db.collection('todos').countDocuments(stored)).toBe(1);
  const play = (command) => isPlayed && command.pipeline && db.command(withPlayed(command));
  const { error, warnings } = await run({ onCommand: play });
  expect(error).toBe(undefined);
  for (const field of ['readers', 'reviewers']) {
    const told = new RegExp(`todos.${field} holds nulls, duplicates.*Found: 1 \\(nulls: 1\\)`);
    expect(warnings).toContainEqual(expect.stringMatching(told));
  }
  expect(await db.collection(REVIEWERS).countDocuments()).toBe(2);
});

test('a long array with duplicates keeps its order, each link once', async () => {
  const ids = Array.from({ length: 1500 }, () => new ObjectId()).reverse();
  const reviewers = [...ids, ids[3], ids[0], ...ids.slice(7, 20)];
  await db.collection('todos').updateOne({ _id: first }, { $set: { reviewers } });
  expectDone(await run());
  const rows = await db.collection(REVIEWERS).find().sort({ _id: 1 }).toArray();
  expect(rows.map((row) => String(row.User_right_id))).toEqual(ids.map(String));
});

test('a release candidate is a version', async () => {
  const onAdmin = (answer, { buildInfo }) =>
    buildInfo ? { ...answer, version: '8.0.0-rc5', versionArray: [8, 0, 0, -45] } : answer;
  expectDone(await run({ onAdmin }));
});

/** The project, which would connect to the database. */
function projectOn(options) {
  const mongoUri = server.url(db.databaseName, { options });
  const scenario = { ...loadScenario('guide'), mongoose: { mongoUri } };
  return buildKeystone(scenario, { modules, adapter: 'mongoose' });
}

describe.each(['up', 'down'])('a dry run on the way %s', (direction) => {
  beforeEach(async () => {
    if (direction === 'down') expectDone(await run());
  });

  test('is cut off at each of its writes: the next one leaves nothing behind', async () => {
    const before = await stateOf();
    let isReached = true;
    let write = 0;
    for (; isReached; write++) {
      isReached = false;
      let left = write;
      const onCommand = (command) => {
        const [name] = Object.keys(command);
        const isWrite = /^(insert|update|delete|drop|createIndexes)$/.test(name);
        const isCopy = command.pipeline?.some(({ $out }) => $out);
        isReached = isReached || ((isWrite || isCopy) && left-- === 0);
        if (isReached) throw Object.assign(new Error('cut off'), { name: 'MongoNetworkError' });
      };
      const { error } = await run({ direction, isDryRun: true, onCommand });
      // What becomes of its lock in the end, it does not say.
      if (!isReached) expect(error).toBe(undefined);
      expectDone(await run({ direction, isDryRun: true }));
      expect([write, await stateOf()]).toEqual([write, before]);
    }
    expect(write).toBeGreaterThan(8);
  });

  test('is ended by Ctrl-C at each of its steps, and leaves nothing behind', async () => {
    const before = await stateOf();
    const keystone = projectOn();
    let result;
    let step = 0;
    for (; !result; step++) {
      const controller = new AbortController();
      let left = step;
      const onProgress = ({ phase }) => phase === 'migrate' && left-- === 0 && controller.abort();
      const options = { resolveFrom: [modules], direction, dryRun: true, onProgress };
      result = await apply(keystone, { ...options, signal: controller.signal }).catch((error) => {
        expect(error).toMatchObject({ code: 'INTERRUPTED' });
        expect(error.message).toContain('None of your documents has been changed');
      });
      expect([step, await stateOf()]).toEqual([step, before]);
    }
    expect(result).toMatchObject({ isRehearsed: true });
    expect(step).toBeGreaterThan(8);
  });
});

test('a socket may be silent as long as a copy takes, whatever the address says', async () => {
  const keystone = projectOn('socketTimeoutMS=5000');
  const connection = await connectMongoose(keystone, {
    name: 'mongoose',
    adapter: keystone.adapter,
  });
  const { options } = connection.mongoose.connection.getClient().s;
  await connection.close();
  expect(options.socketTimeoutMS).toBe(0);
  const { warnings } = await check(keystone, { resolveFrom: [modules] });
  expect(warnings).toMatchObject([{ code: 'SOCKET_TIMEOUT' }]);
  expect(warnings[0].message).toContain('sets socketTimeoutMS to 5000');
});
