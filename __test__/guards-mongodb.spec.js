'use strict';

// The second line of defence on MongoDB: what `--apply` notices when the application goes on writing
// while it works, and with what guarantees it reads and writes.

const { spawn } = require('child_process');
const os = require('os');
const { apply, check } = require('..');
const { migrate } = require('../lib/database/mongodb/runner');
const { newKeystone } = require('../dev/keystones');
const { driver } = require('../dev/mongodb');
const { LISTS, makeData } = require('../dev/mongodb-example');
const { STATE, Trials, steps } = require('../dev/mongodb-trials');
const { Random } = require('../dev/random');
const { buildKeystone } = require('../dev/scenario');

const { ObjectId } = driver();
const TAGS = 'Post.tags -> Tag.posts';
const EDITORS = 'Post.editors -> User';
const COVER = 'Post.cover -> User.covered';
const OWNER = 'Post.owner -> User.owned';

/** What mongosh, which is new, wants of a server that is old. */
const NEW_WIRE_VERSION = 25;

/** The number of a process that is not there: no system counts so far. */
const NO_PROCESS = 2 ** 22 + 1;

const isRoot = process.geteuid?.() === 0;

/** Two users whom this test does not run as. */
const [NOBODY, OTHER] = [65534, 65533];

/** Whether this user may not even ask for a process. */
function isRefused(pid) {
  try {
    return !process.kill(pid, 0);
  } catch ({ code }) {
    return code === 'EPERM';
  }
}

/** Where there is no process of another user, as on Windows, these count as skipped. */
const testWithOthers = isRoot || isRefused(1) ? test : test.skip;

let trials;

beforeAll(async () => {
  trials = await Trials.start(makeData(4));
});

afterAll(() => trials?.stop());

const codesOf = ({ problems }) => problems.map(({ code }) => code);

/** An action: the application writes when a step has been done, and before it is known to be. */
const afterIt = (write) => (command) => ({
  reply: async (answer) => {
    await write(command);
    return answer;
  },
});

/** What is wrong in the end, by relationship. */
async function expectNotVerified(direction, step, write, problems) {
  const database = await trials.make(direction);
  const act = afterIt(() => write((name) => trials.collection(database, name)));
  const { error } = await trials.apply(database, { direction, at: [[step, act]] });
  expect(error).toMatchObject({ code: 'NOT_VERIFIED' });
  const found = error.problems.map(({ code, message }) => [code, message.split(': ')[0]]);
  expect(found).toEqual(problems.map((it) => [it[0], it[1] ?? expect.any(String)]));
}

describe('what is not as it must be in the end is told', () => {
  const dropOne = (of) => of.findOneAndDelete({});

  it.each([
    [TAGS, 'Post.tags'],
    [EDITORS, 'Post.editors'],
  ])('a link of %s is gone', (name, left) =>
    expectNotVerified('up', steps.removal('owned'), (of) => dropOne(of(trials.joins[left])), [
      ['LINKS_DIFFER', name],
    ]),
  );

  it('a link has come', () =>
    expectNotVerified(
      'up',
      steps.removal('owned'),
      (of) => {
        const links = of(trials.joins['Post.tags']);
        return links
          .findOne()
          .then(({ _id, ...row }) =>
            links.insertOne({ ...row, [Object.keys(row)[0]]: new ObjectId() }),
          );
      },
      [['LINKS_DIFFER', TAGS]],
    ));

  it.each([
    [COVER, 'cover'],
    [OWNER, 'owner'],
  ])('a link of %s, which stays where it is, is gone', (name, field) =>
    expectNotVerified(
      'up',
      steps.removal('owned'),
      (of) => of('posts').updateOne({ name: 'Post 3' }, { $set: { [field]: null } }),
      [['LINKS_DIFFER', name]],
    ),
  );

  it('a document has a removed field again', () =>
    expectNotVerified(
      'up',
      steps.removal('owned'),
      (of) => of('users').updateOne({}, { $set: { owned: [] } }),
      [['NOT_DONE']],
    ));

  it.each([
    [TAGS, 'tags'],
    [EDITORS, 'editors'],
  ])('on the way back, a link of %s is gone', (name, field) =>
    expectNotVerified(
      'down',
      steps.drop(trials.joins[`Post.${field}`]),
      (of) => of('posts').updateOne({ name: 'Post 3' }, { $pop: { [field]: 1 } }),
      [['LINKS_DIFFER', name]],
    ),
  );

  it('on the way back, a link that stays where it is is gone', () =>
    expectNotVerified(
      'down',
      steps.drop(trials.joins['Post.editors']),
      (of) => of('posts').updateOne({ name: 'Post 3' }, { $set: { owner: null } }),
      [['LINKS_DIFFER', OWNER]],
    ));

  it('on the way back, a join collection is there again', () =>
    expectNotVerified(
      'down',
      steps.drop(trials.joins['Post.editors']),
      (of) => of(trials.joins['Post.editors']).insertOne({}),
      [['NOT_DONE']],
    ));
});

describe('a copy is counted before anything is removed', () => {
  /** It stops, all is as it was but for what the application wrote, and it can be run again. */
  async function expectStopped(write, undo = () => {}) {
    const database = await trials.make('up');
    const isTags = (it) => steps.copy(it) && it.collection === 'posts';
    const at = [
      [
        isTags,
        afterIt(({ command }) => {
          const { $out } = command.pipeline.slice(-1)[0];
          return write((name) => trials.collection(database, name), $out.coll ?? $out);
        }),
      ],
    ];
    const { error, writes } = await trials.apply(database, { at });
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(writes.filter(steps.rename)).toEqual([]);
    await undo((name) => trials.collection(database, name));
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
    expect(await trials.apply(database)).toMatchObject({ result: { isApplied: true } });
    expect(await trials.state(database)).toBe(trials.states.up.afterText);
  }

  it('fewer links than were to be copied', () =>
    expectStopped((of, copy) => of(copy).findOneAndDelete({})));

  it('more links than were to be copied', () =>
    expectStopped((of, copy) => of(copy).insertOne({})));

  it('a link that has come while it was copied', () => {
    const id = new ObjectId();
    return expectStopped(
      (of) => of('posts').updateOne({ name: 'Post 0' }, { $push: { tags: id } }),
      (of) => of('posts').updateOne({ name: 'Post 0' }, { $pull: { tags: id } }),
    );
  });

  it('a link that has gone while it was copied', async () => {
    let post;
    await expectStopped(
      async (of) => {
        post = await of('posts').findOne({ name: 'Post 0' });
        await of('posts').updateOne({ _id: post._id }, { $pop: { tags: 1 } });
      },
      (of) => of('posts').updateOne({ _id: post._id }, { $set: { tags: post.tags } }),
    );
  });
});

it.each([
  ['before a copy takes its name', steps.phase('naming')],
  ['when a copy takes its name', steps.rename],
])('rows that come into a join collection %s are not dropped', async (_, step) => {
  const database = await trials.make('up');
  const write = ({ command }) => {
    const name = command.to?.split('.').slice(1).join('.') ?? trials.joins['Post.editors'];
    return trials.collection(database, name).insertOne({ of: 'the application' });
  };
  const rowsOf = async (name) => trials.collection(database, name).find().toArray();
  const filled = async () => {
    const all = await Promise.all(Object.values(trials.joins).map(rowsOf));
    return all.flat().filter((row) => row.of === 'the application');
  };
  for (const at of [[[step, write]], []]) {
    const { error, writes } = await trials.apply(database, { at });
    // It may have started over, as long as nothing has its name: then the check finds them.
    expect(error).toMatchObject({ code: expect.stringMatching(/^(MIGRATION_FAILED|DATA)$/) });
    expect(
      writes.filter(({ collection, command: { updates } }) => collection !== STATE && updates),
    ).toEqual([]);
    expect(await filled()).toHaveLength(1);
    const posts = trials.collection(database, 'posts');
    expect(await posts.countDocuments({ editors: { $exists: true } })).toBe(4);
  }
  for (const join of Object.values(trials.joins)) {
    await trials.collection(database, join).deleteMany({ of: 'the application' });
  }
  expect((await trials.apply(database)).error).toBe(undefined);
  expect(await trials.state(database)).toBe(trials.states.up.afterText);
});

it('a repair that leaves something stops it, and goes on when it is run again', async () => {
  const data = makeData(4);
  const [first, second] = data.posts.documents;
  first.owner = String(first.owner);
  const database = await trials.make(data);
  const posts = trials.collection(database, 'posts');
  const write = () =>
    posts.updateOne({ _id: second._id }, { $set: { owner: String(second.owner) } });
  const at = [[steps.mergeInto('posts'), afterIt(write)]];
  const stopped = await trials.apply(database, { reconcile: true, at });
  expect(stopped.error).toMatchObject({ code: 'MIGRATION_FAILED' });
  const users = trials.collection(database, 'users');
  expect(await users.countDocuments({ owned: { $exists: true } })).toBe(4);
  expect((await trials.apply(database, { reconcile: true })).error).toBe(undefined);
  expect(await trials.state(database)).toBe(trials.states.up.afterText);
});

describe('the way back', () => {
  /** It stops before anything is dropped. */
  async function expectStopped(step, write) {
    const database = await trials.make('down');
    const before = await trials.server.read(database);
    const at = [[step, afterIt(() => write((name) => trials.collection(database, name)))]];
    const { error, writes } = await trials.apply(database, { direction: 'down', at });
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(writes.filter(({ command }) => command.drop)).toEqual([]);
    const after = await trials.server.read(database);
    for (const join of Object.values(trials.joins)) expect(after[join]).toEqual(before[join]);
    return database;
  }

  it.each([
    ['posts.tags', 'posts', { $pop: { tags: 1 } }],
    ['posts.tags, which has one too many', 'posts', { $push: { tags: new ObjectId() } }],
    ['posts.editors', 'posts', { $pop: { editors: 1 } }],
    ['tags.posts', 'tags', { $pop: { posts: 1 } }],
    ['users.owned', 'users', { $pop: { owned: 1 } }],
    ['users.covered', 'users', { $unset: { covered: 1 } }],
  ])('counts what it has put into %s', async (_, collection, change) => {
    const [field] = Object.keys(Object.values(change)[0]);
    // In the order of the relationships.
    let others = ['editors', 'owned'].includes(field) ? 1 : 0;
    const isThis = (command) => steps.mergeInto(collection)(command) && others-- === 0;
    await expectStopped(isThis, async (of) => {
      const { modifiedCount } = await of(collection).updateOne(
        { [`${field}${field === 'covered' ? '' : '.0'}`]: { $exists: true } },
        change,
      );
      expect(modifiedCount).toBe(1);
    });
  });

  it('has nothing to do in the old schema, also where stale links are', async () => {
    const database = await trials.make('up');
    const { result } = await trials.check(database, { direction: 'down' });
    expect(result).toMatchObject({ isDone: true, problems: [] });
    expect((await trials.apply(database, { direction: 'down' })).error).toBe(undefined);
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
  });

  it('gives left arrays their order back', async () => {
    const database = await trials.make('up');
    const original = await trials.collection(database, 'posts').find().toArray();
    await trials.apply(database);
    await trials.apply(database, { direction: 'down' });
    const restored = await trials.collection(database, 'posts').find().toArray();
    for (const field of ['tags', 'editors']) {
      const ids = (documents) => documents.map((it) => it[field].map(String));
      expect(ids(restored)).toEqual(ids(original));
      // The order is not that of the ids.
      expect(ids(restored)).not.toEqual(ids(original).map((it) => [...it].sort()));
    }
  });

  it.each([
    ['posts', 'tags', TAGS],
    ['posts', 'editors', EDITORS],
    ['tags', 'posts', TAGS],
    ['users', 'owned', OWNER],
    ['users', 'covered', COVER],
  ])('does not overwrite links that only %s.%s holds', async (collection, field, name) => {
    const database = await trials.make('down');
    const { _id } = await trials.collection(database, 'posts').findOne({ name: 'Post 2' });
    // `Post 2` is the cover of another user, and owned by another.
    const [link] = await trials
      .collection(database, collection === 'posts' ? 'users' : 'posts')
      .find({ _id: { $ne: _id } })
      .toArray();
    const id = field === 'covered' || field === 'owned' ? link._id : new ObjectId();
    const value = field === 'covered' ? id : [id];
    const filter = { name: /3$/ };
    await trials
      .collection(database, collection)
      .updateOne(collection === 'tags' ? {} : filter, { $set: { [field]: value } });
    const before = await trials.state(database);
    const direction = 'down';
    const checked = await trials.check(database, { direction });
    expect(checked.result).toMatchObject({ isReady: false });
    const problems = checked.result.problems;
    expect(problems).toMatchObject([{ code: 'DATA', message: expect.stringContaining(name) }]);
    expect((await trials.apply(database, { direction })).error).toMatchObject({ code: 'DATA' });
    expect(await trials.state(database)).toBe(before);
  });
});

describe.each([
  ['up', {}],
  ['up', { reconcile: true }],
  ['down', {}],
])('what is sent on the way %s (%j)', (direction, options) => {
  let sent;

  beforeAll(async () => {
    const database = await trials.make(direction);
    // What the project itself asks for does not count.
    const lists = { ...LISTS, mongoose: { readPreference: 'secondaryPreferred', w: 1, j: false } };
    const set = { replicaSet: 'set', query: 'replicaSet=set' };
    sent = await trials.apply(database, { ...options, ...set, direction, lists });
    expect(sent.result).toMatchObject({ isApplied: true });
  });

  it('every write is there to stay before the next one is sent', () => {
    expect(sent.writes.length).toBeGreaterThan(20);
    for (const { command } of sent.writes) {
      expect(command).toMatchObject({ writeConcern: { w: 'majority', j: true } });
    }
  });

  it('the primary is asked, whatever the project prefers', () => {
    const asked = sent.commands.filter(({ command }) => command.find ?? command.aggregate);
    expect(asked.length).toBeGreaterThan(20);
    for (const { name, command } of sent.commands) {
      if (name === 'endSessions') continue; // The driver's own.
      const { mode = 'primary' } = command.$readPreference ?? {};
      expect([command, mode]).toEqual([command, 'primary']);
    }
  });

  it('only the collections of these relationships are written, and its own', () => {
    const known = ['posts', 'tags', 'users', ...Object.values(trials.joins)];
    for (const { collection, command } of sent.writes) {
      const name = collection.split('.').slice(-1)[0];
      const isOwn = collection.includes(STATE);
      expect([command, isOwn || known.includes(name)]).toEqual([command, true]);
    }
  });
});

describe.each(['up', 'reconciling', 'down'])('what the script %s sends', (which) => {
  it('is there to stay, each before the next one, and goes to the primary', async () => {
    const database = await trials.make(which === 'down' ? 'down' : 'up');
    const query = 'replicaSet=set&readPreference=secondaryPreferred&w=1';
    const { code, stderr, commands, writes } = await trials.script(database, which, {
      ...{ query, replicaSet: 'set' },
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(writes.length).toBeGreaterThan(20);
    for (const { command } of writes) {
      expect(command).toMatchObject({ writeConcern: { w: 'majority', j: true } });
    }
    for (const { name, command } of commands) {
      if (name === 'endSessions') continue; // The driver's own.
      const { mode = 'primary' } = command.$readPreference ?? {};
      expect([command, mode]).toEqual([command, 'primary']);
    }
  });
});

describe('a caller of the API', () => {
  const modules = newKeystone();

  /** A project in this process, which knows the address of a database. */
  function projectOf(database) {
    const mongoose = { mongoUri: trials.server.url(database) };
    return buildKeystone({ ...LISTS, mongoose }, { modules, adapter: 'mongoose' });
  }

  it('is asked for consent, and a no changes nothing', async () => {
    const database = await trials.make('up');
    const asked = [];
    const confirm = (inspection) => void asked.push(inspection.isReady);
    await expect(
      apply(projectOf(database), { confirm, resolveFrom: [modules] }),
    ).rejects.toMatchObject({ code: 'DECLINED' });
    expect(asked).toEqual([true]);
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
  });

  it('is not asked when it has ended the run while that looked', async () => {
    const database = await trials.make('up');
    const ending = new AbortController();
    const confirm = jest.fn(() => true);
    const onProgress = ({ phase }) => phase === 'check' && ending.abort();
    const options = { confirm, onProgress, signal: ending.signal, resolveFrom: [modules] };
    await expect(apply(projectOf(database), options)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(confirm).not.toHaveBeenCalled();
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
  });

  it('sees the progress of a check', async () => {
    const events = [];
    const onProgress = (event) => events.push(event);
    const database = await trials.make('up');
    await check(projectOf(database), { onProgress, resolveFrom: [modules] });
    expect(events[0]).toMatchObject({ phase: 'connect' });
    const counts = events.slice(1).map(({ phase, done }) => [phase, done]);
    expect(counts.length).toBeGreaterThan(10);
    expect(counts).toEqual(counts.map((_, at) => ['check', at + 1]));
    expect(events.slice(1).filter(({ done, total }) => done > total)).toEqual([]);
  });
});

describe('what a run is asked for', () => {
  it('the warnings of a run are in its result', async () => {
    const database = await trials.make('up');
    const { result } = await trials.apply(database);
    // One cover has been stolen.
    expect(result.warnings).toEqual([
      { code: 'DATA', message: expect.stringContaining('will be cleared'), relationship: 2 },
    ]);
    expect(result.check.warnings).toEqual(result.warnings);
  });

  it('with --reconcile, where the sides agree, the same comes of it, in the same order', async () => {
    const database = await trials.make('up');
    expect((await trials.apply(database, { reconcile: true })).error).toBe(undefined);
    expect(await trials.state(database)).toBe(trials.states.up.afterText);
  });

  it('a database that is done gets what is missing', async () => {
    const database = await trials.make(trials.states.up.after);
    const [tags, editors] = Object.values(trials.joins);
    await trials.collection(database, tags).dropIndexes();
    await trials.collection(database, editors).drop();
    const { result } = await trials.apply(database);
    expect(result).toMatchObject({ isApplied: false });
    const after = await trials.server.read(database);
    for (const join of [tags, editors]) {
      expect(after[join].indexes).toEqual(trials.states.up.after[join].indexes);
    }
  });

  it('a removed field leaves no index', () => {
    const namesIn = ({ users }) => users.indexes.map(({ name }) => name);
    expect(namesIn(trials.states.up.before)).toEqual(['_id_', 'covered_1']);
    expect(namesIn(trials.states.up.after)).toEqual(['_id_']);
    expect(namesIn(trials.states.down.after)).toEqual(['_id_', 'covered_1']);
  });

  it('one of two arrays that is left is not called done', async () => {
    const database = await trials.make(trials.states.up.after);
    for (const collection of ['tags', 'users']) {
      const { documents } = trials.states.up.before[collection];
      for (const { _id, ...fields } of documents) {
        await trials.collection(database, collection).updateOne({ _id }, { $set: fields });
      }
    }
    const { result } = await trials.check(database);
    expect(result).toMatchObject({ isDone: false, isReady: true, state: 'mixed' });
  });

  it('a check counts each link once, and no nulls and duplicates', async () => {
    const database = await trials.make('up');
    const posts = trials.collection(database, 'posts');
    const { tags } = await posts.findOne();
    await posts.updateOne({}, { $push: { tags: { $each: [null, tags[0]] } } });
    expect(await linksOf(database)).toEqual([12, 12, null]);
    const migrated = await trials.make('down');
    const rows = trials.collection(migrated, trials.joins['Post.tags']);
    await rows.insertOne({ ...(await rows.findOne()), _id: new ObjectId() });
    expect(await linksOf(migrated, { direction: 'down' })).toEqual([null, null, 12]);

    async function linksOf(where, options) {
      const { result } = await trials.check(where, options);
      const { places } = result.relationships.find(({ name }) => name === TAGS);
      return places.map(({ links }) => links);
    }
  });
});

describe('with --reconcile', () => {
  /** Relationships, with the fields of both sides: those of one are kept. */
  const SIDES = [
    [TAGS, ['posts', 'tags'], ['tags', 'posts']],
    [COVER, ['posts', 'cover'], ['users', 'covered']],
    [OWNER, ['posts', 'owner'], ['users', 'owned']],
  ];

  /** Sides that say anything about each other: agree, contradict, say nothing, or say it in text. */
  function disagreeing(seed) {
    const random = new Random(seed);
    const { posts, tags, users } = makeData(5);
    const idsOf = ({ documents }) => documents.map(({ _id }) => _id);
    const one = (of) => {
      const id = random.pick([...idsOf(of), new ObjectId(), null, null]);
      return id && random.chance(0.1) ? id.toHexString() : id;
    };
    const some = (of) => idsOf(of).filter(() => random.chance(0.3));
    for (const it of posts.documents) {
      Object.assign(it, { tags: some(tags), editors: [], cover: one(users), owner: one(users) });
    }
    for (const it of tags.documents) it.posts = some(posts);
    for (const it of users.documents)
      Object.assign(it, { covered: one(posts), owned: some(posts) });
    return { posts, tags, users };
  }

  async function linksOf(database, [collection, field], isLeft) {
    const documents = await trials.collection(database, collection).find().toArray();
    const pairs = documents.flatMap(({ _id, [field]: value }) =>
      [value ?? []].flat().map((id) => (isLeft ? [_id, id] : [id, _id])),
    );
    return new Set(pairs.map((pair) => pair.map(String).join(' ')));
  }

  const joinOf = () => trials.joins['Post.tags'];

  /** Links that the new Keystone has written beside the arrays, some of which are in these, too. */
  function joined(seed, { posts, tags }) {
    const random = new Random(seed);
    return posts.documents.flatMap((post) =>
      tags.documents
        .filter(() => random.chance(0.3))
        .map((tag) => ({ Post_left_id: post._id, Tag_right_id: tag._id, __v: 0 })),
    );
  }

  async function joinedLinks(database) {
    const documents = await trials.collection(database, joinOf()).find().toArray();
    return new Set(documents.map((it) => `${it.Post_left_id} ${it.Tag_right_id}`));
  }

  const without = (links, others) => [...links].filter((it) => !others.has(it));

  it.each(['arrays', 'arrays and a join collection'])(
    'of %s, what is foretold is what is done',
    async (which) => {
      const isJoined = which !== 'arrays';
      let lost = 0;
      for (let seed = 1; seed <= 8; seed++) {
        const data = disagreeing(seed);
        const there = new Set(data.posts.documents.map(({ _id }) => String(_id)));
        const database = await trials.make(data);
        if (isJoined) await trials.collection(database, joinOf()).insertMany(joined(seed, data));
        const before = await Promise.all(
          SIDES.flatMap(([, kept, other]) => [
            linksOf(database, kept, true),
            linksOf(database, other, false),
          ]),
        );
        const wasJoined = await joinedLinks(database);
        const plain = (await trials.check(database)).result;
        const foretold = (await trials.check(database, { reconcile: true })).result;
        expect([seed, foretold.problems]).toEqual([seed, []]);
        const { result, error } = await trials.apply(database, { reconcile: true });
        expect([seed, error]).toEqual([seed, undefined]);
        for (const [at, [name, kept]] of SIDES.entries()) {
          let [had, others] = before.slice(2 * at);
          let place = kept.join('.');
          let has = await linksOf(database, kept, true);
          if (name === TAGS) {
            has = await joinedLinks(database);
            expect(has).toEqual(new Set([...wasJoined, ...had, ...others]));
            if (isJoined)
              [had, others, place] = [wasJoined, new Set([...had, ...others]), joinOf()];
          }
          const dropped = without(others, has).filter((it) => there.has(it.split(' ')[0]));
          const done = { added: without(has, had).length, cleared: without(had, has).length };
          Object.assign(done, { dropped: dropped.length, kept: 0 });
          const isSame = Object.values(done).every((count) => count === 0);
          const it = foretold.relationships.find((each) => each.name === name);
          const numbers = it.reconcile && { ...it.reconcile };
          delete numbers?.examples;
          expect([seed, name, numbers]).toEqual([seed, name, isSame ? undefined : done]);
          for (const { action, left, right, instead, ...example } of it.reconcile?.examples ?? []) {
            const link = `${left} ${right}`;
            expect([example.place === place, action]).toEqual([had.has(link), action]);
            expect([seed, action, has.has(link)]).toEqual([seed, action, action === 'added']);
            for (const { left: l, right: r } of instead) expect(has).toContain(`${l} ${r}`);
          }
          const after = result.relationships.find((each) => each.name === name);
          expect([seed, after.reconcile, after.after]).toEqual([seed, it.reconcile, has.size]);
          lost += done.cleared + done.dropped;
          const warnedOf = ({ warnings, problems }) =>
            [...warnings, ...problems].some(({ relationship }) => relationship === it.relationship);
          if (warnedOf(plain)) expect([seed, name, warnedOf(foretold)]).toEqual([seed, name, true]);
          if (!isSame) expect(result.warnings.map(({ code }) => code)).toContain('DISAGREEMENT');
        }
        await trials.server.dropDatabase(database);
      }
      expect(lost).toBeGreaterThan(20);
    },
  );
});

describe('a run on another host', () => {
  const AT = new Date('2021-03-01T12:00:00Z');
  const LOCK = { _id: 'run', host: 'elsewhere', pid: 1, token: 'another', since: AT, at: AT };

  /** The server's clock stands still so long after: how fast this machine is makes no difference. */
  const after = (silence) => ({
    onRead: ({ name }) =>
      /^ismaster$/i.test(name)
        ? { reply: (answer) => ({ ...answer, localTime: new Date(AT.getTime() + silence) }) }
        : 'pass',
  });

  it('counts as alive although several of its signs of life are missing', async () => {
    const database = await trials.make('up');
    // How often a run gives them.
    const timers = jest.spyOn(global, 'setInterval');
    await migrate(await trials.statements(), {
      database: trials.server.database(database).databaseName,
      command: (command) => trials.server.database(database).command(command),
      adminCommand: (command) => trials.server.database(database).admin().command(command),
      report() {},
    });
    const delays = timers.mock.calls.map(([, delay]) => delay);
    timers.mockRestore();
    expect(delays).toEqual([expect.any(Number)]);
    expect(await trials.state(database)).toBe(trials.states.up.afterText);

    const other = await trials.make('up');
    await trials.collection(other, STATE).insertOne(LOCK);
    const before = await trials.state(other);
    const { error } = await trials.apply(other, after(3 * delays[0]));
    expect(error).toMatchObject({ code: 'LOCKED' });
    expect(await trials.state(other)).toBe(before);
  });

  it('counts as dead after a minute without them', async () => {
    const database = await trials.make('up');
    // The longer this takes, the longer the silence is.
    const at = new Date(Date.now() - 61_000);
    await trials.collection(database, STATE).insertOne({ ...LOCK, since: at, at });
    expect((await trials.apply(database)).error).toBe(undefined);
    expect(await trials.state(database)).toBe(trials.states.up.afterText);
  });

  it('keeps its lock when it gives a sign of life just before that is taken over', async () => {
    const database = await trials.make('up');
    const state = trials.collection(database, STATE);
    const at = new Date(Date.now() - 61_000);
    await state.insertOne({ ...LOCK, since: at, at });
    const takesOver = ({ command }) => command.update === STATE;
    const wakes = async () => void (await state.updateOne({}, { $set: { at: new Date() } }));
    const { error } = await trials.apply(database, { at: [[takesOver, wakes]] });
    expect(error).toMatchObject({ code: 'LOCKED' });
    expect(await state.findOne()).toMatchObject({ token: 'another' });
  });
});

test('a run in another namespace of this host is left alone, whatever its number', async () => {
  const database = await trials.make('up');
  const at = new Date(Date.now() + 60 * 60 * 1000);
  const lock = {
    _id: 'run',
    host: os.hostname(),
    pid: NO_PROCESS,
    token: 'another',
    since: at,
    at,
  };
  const state = trials.collection(database, STATE);
  await state.insertOne({ ...lock, space: 'another' });
  const before = await trials.state(database);
  expect((await trials.apply(database)).error).toMatchObject({ code: 'LOCKED' });
  expect(await trials.state(database)).toBe(before);
  await state.deleteOne({});
  // In one it is known that it has ended.
  const stopped = await trials.apply(database, { at: [[steps.copy, 'lose']] });
  expect(stopped.error).toMatchObject({ code: 'CONNECTION_LOST' });
  const { space } = await state.findOne();
  expect(space).toEqual(process.platform === 'linux' ? expect.stringMatching(/ pid:/) : null);
  await state.updateOne({}, { $set: { pid: NO_PROCESS, at } });
  expect((await trials.apply(database)).error).toBe(undefined);
  expect(await trials.state(database)).toBe(trials.states.up.afterText);
});

testWithOthers('a run of another user is left alone', async () => {
  const database = await trials.make('up');
  const stopped = await trials.apply(database, { at: [[steps.copy, 'lose']] });
  expect(stopped.error).toMatchObject({ code: 'CONNECTION_LOST' });
  // It ends when this test closes its stdin.
  const other = isRoot && spawn('cat', { uid: OTHER, gid: OTHER });
  const { pid } = other || { pid: 1 };
  const at = new Date(Date.now() + 60 * 60 * 1000);
  await trials.collection(database, STATE).updateOne({}, { $set: { pid, at } });
  const before = await trials.state(database);
  const db = trials.server.database(database);
  const statements = await trials.statements();
  if (other) process.seteuid(NOBODY);
  try {
    expect(isRefused(pid)).toBe(true);
    await expect(
      migrate(statements, {
        database: db.databaseName,
        command: (command) => db.command(command),
        adminCommand: (command) => db.admin().command(command),
        report() {},
      }),
    ).rejects.toThrow(`Another run is at work: process ${pid} on `);
  } finally {
    if (other) process.seteuid(0);
    if (other) other.stdin.end();
  }
  expect(await trials.state(database)).toBe(before);
});

test('a check beside a run says who is at work, and nothing else', async () => {
  const database = await trials.make('up');
  const found = [];
  const check = async (options) => {
    const { result } = await trials.check(database, options);
    found.push([codesOf(result), result.warnings, result.isReady || result.isDone]);
    expect(result.problems[0].message).toMatch(/process \d+ on /);
  };
  const event = () => {
    let happens;
    return Object.assign(new Promise((resolve) => (happens = resolve)), { happens });
  };
  /** A check that has begun, and ends after something else. */
  const checkUntil = async (end) => {
    const begun = event();
    const onRead = async ({ command }) => {
      if (!command.aggregate) return;
      begun.happens();
      await end;
    };
    const done = check({ onRead });
    await begun;
    return { done };
  };
  const [removing, ended] = [event(), event()];
  const early = await checkUntil(removing);
  let late;
  const whileRemoving = async () => {
    removing.happens();
    await early.done;
    await check();
    late = await checkUntil(ended);
  };
  const { error } = await trials.apply(database, {
    at: [[steps.removal('editors'), whileRemoving]],
  });
  expect(error).toBe(undefined);
  ended.happens();
  await late.done;
  expect(found).toEqual(Array(3).fill([['LOCKED'], [], false]));
});

test.each([
  ['of another version', { _id: 'state', phase: 'removing' }],
  ['without a time', { _id: 'run', token: 'a', host: 'b', pid: 1 }],
  [
    'of an unknown phase',
    { _id: 'run', state: { direction: 'up', plan: 'x', names: [], phase: 'x' } },
  ],
  [
    'without its copies',
    { _id: 'run', state: { direction: 'up', plan: 'x', names: [], phase: 'removing' } },
  ],
])('a record that cannot be read, %s, stops all, and says what to do', async (_, record) => {
  const database = await trials.make('up');
  await trials.collection(database, STATE).insertOne(record);
  const before = await trials.state(database);
  for (const { error } of [await trials.check(database), await trials.apply(database)]) {
    expect(error).toMatchObject({ code: 'CHECK_FAILED' });
    expect(error.message).toMatch(/this version has not written.*drop this collection/);
  }
  expect(await trials.state(database)).toBe(before);
});

test('a write that came too late to do anything, with nobody else at work, is done again', async () => {
  const database = await trials.make('up');
  const admin = trials.server.database(database).admin();
  let late = 0;
  let clock;
  const command = async (sent) => {
    const [update] = sent.updates || [];
    if (late || !update || !update.u.$unset) return trials.server.database(database).command(sent);
    // The process is halted here for a minute: the server finds that the time for this one is over.
    late += 1;
    const now = Date.now() + 60_000;
    clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
    return { ok: 1, n: 0, nModified: 0 };
  };
  try {
    await migrate(await trials.statements(), {
      database: trials.server.database(database).databaseName,
      command,
      adminCommand: (sent) => admin.command(sent),
      report() {},
    });
  } finally {
    if (clock) clock.mockRestore();
  }
  expect(late).toBe(1);
  expect(await trials.state(database)).toBe(trials.states.up.afterText);
});

describe('the oldest servers', () => {
  /** Lists of which one is related to itself: the way back reads and writes one collection. */
  const SELF = {
    lists: {
      Post: {
        fields: {
          name: { type: 'Text' },
          parent: { type: 'Relationship', ref: 'Post.children' },
          children: { type: 'Relationship', ref: 'Post.parent', many: true },
        },
      },
    },
  };
  const selfData = (direction) => {
    const [parent, child] = [new ObjectId(), new ObjectId()];
    const isOld = direction === 'up';
    const documents = [
      { _id: parent, name: 'parent', ...(isOld && { children: [child] }) },
      { _id: child, name: 'child', parent, ...(isOld && { children: [] }) },
    ];
    return { posts: { documents, indexes: [{ key: { _id: 1 }, name: '_id_' }] } };
  };

  it.each([
    ['the way up', 'up', {}, '4.0.0', '3.6.23'],
    ['--reconcile', 'up', { reconcile: true }, '4.4.0', '4.2.24'],
    ['the way back', 'down', {}, '4.2.0', '4.0.28'],
    ['the way back of a list related to itself', 'down', { lists: SELF }, '4.2.0', '4.0.28'],
  ])('for %s', async (_, direction, options, good, bad) => {
    const database = await trials.make(options.lists ? selfData(direction) : direction);
    const before = await trials.state(database);
    const old = { ...options, direction, version: bad };
    const { result } = await trials.check(database, old);
    expect(result).toMatchObject({ isReady: false, database: { version: bad } });
    expect(codesOf(result)).toEqual(['SERVER_VERSION']);
    const { error, writes } = await trials.apply(database, old);
    expect(error).toMatchObject({ code: 'SERVER_VERSION' });
    expect(writes).toEqual([]);
    expect(await trials.state(database)).toBe(before);
    if (!options.lists) {
      const script = options.reconcile ? 'reconciling' : direction;
      const { version, wireVersion } = { version: bad, wireVersion: NEW_WIRE_VERSION };
      const outcome = await trials.script(database, script, { version, wireVersion });
      expect(outcome).toMatchObject({ code: 1, writes: [] });
      expect(outcome.stderr).toContain(bad);
      expect(await trials.state(database)).toBe(before);
    }
    const current = { ...options, direction, version: good };
    expect((await trials.check(database, current)).result).toMatchObject({ isReady: true });
    expect(await trials.apply(database, current)).toMatchObject({ result: { isApplied: true } });
  });
});
