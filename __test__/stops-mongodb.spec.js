'use strict';

// A run on MongoDB that was stopped half-way: what `--check` says of it, who may go on, and what stops
// that from losing anything that has come meanwhile.

const { driver } = require('../dev/mongodb');
const { LISTS, makeData } = require('../dev/mongodb-example');
const { STATE, Trials, steps, withoutHolder } = require('../dev/mongodb-trials');

const { ObjectId } = driver();

/** The same project without one of its relationships. */
const FEWER = (() => {
  const { Post, User, ...others } = LISTS.lists;
  const { owner: _owner, ...ofPost } = Post.fields;
  const { owned: _owned, ...ofUser } = User.fields;
  return { lists: { ...others, Post: { fields: ofPost }, User: { fields: ofUser } } };
})();

let trials;

beforeAll(async () => {
  trials = await Trials.start(makeData(4));
});

afterAll(() => trials?.stop());

const codesOf = (findings) => findings.map(({ code }) => code);

/** Runs it again, which has to end as if nothing had happened. */
async function expectEnd(database, direction) {
  expect((await trials.apply(database, { direction })).error).toBe(undefined);
  expect(await trials.state(database)).toBe(trials.states[direction].afterText);
}

const withoutLock = async (database) => withoutHolder(await trials.state(database));

/** Nobody else may go on. */
async function expectRefused(database, options) {
  const before = await withoutLock(database);
  const { result } = await trials.check(database, options);
  expect([result.isReady, result.isDone, codesOf(result.problems)]).toEqual([
    false,
    false,
    ['UNFINISHED'],
  ]);
  const { error } = await trials.apply(database, options);
  expect(error).toMatchObject({ code: 'UNFINISHED' });
  expect(await withoutLock(database)).toBe(before);
}

describe('stopped while it copied', () => {
  const isSecondCopy = () => {
    let count = 0;
    return (it) => steps.copy(it) && ++count === 2;
  };

  it("nothing of the user's has changed, and it is started over", async () => {
    const database = await trials.stopped('up', isSecondCopy());
    const { result } = await trials.check(database);
    expect(result).toMatchObject({ isReady: true, state: 'old' });
    await expectEnd(database, 'up');
  });

  it('with other lists it is started over with those', async () => {
    const database = await trials.stopped('up', isSecondCopy());
    const { result } = await trials.apply(database, { lists: FEWER });
    expect(result).toMatchObject({ isApplied: true });
    const users = trials.collection(database, 'users');
    expect(await users.countDocuments({ owned: { $exists: true } })).toBe(4);
    await expectEnd(database, 'up');
  });

  it('the way back has nothing to do, and removes what it left', async () => {
    const database = await trials.stopped('up', isSecondCopy());
    const { result } = await trials.check(database, { direction: 'down' });
    expect(result).toMatchObject({ isDone: true, problems: [] });
    expect((await trials.apply(database, { direction: 'down' })).result).toMatchObject({
      isApplied: false,
    });
    expect(await trials.state(database)).toBe(trials.states.up.beforeText);
    await expectEnd(database, 'up');
  });

  it('the way back has written into documents by then, and goes on alone', async () => {
    const isUsers = steps.mergeInto('users');
    const database = await trials.stopped('down', isUsers);
    await expectRefused(database, { direction: 'up' });
    await expectRefused(database, { direction: 'down', lists: FEWER });
    // It is started over, and stopped again.
    const { error } = await trials.apply(database, {
      direction: 'down',
      at: [[steps.copy, 'lose']],
    });
    expect(error.message).toContain('has been changed in part');
    await expectRefused(database, { direction: 'up' });
    await expectEnd(database, 'down');
  });
});

describe('stopped while it removed', () => {
  it.each([
    ['up', steps.removal('editors')],
    ['down', ({ name }) => name === 'renameCollection'],
  ])('on the way %s: nobody but itself goes on', async (direction, step) => {
    const database = await trials.stopped(direction, step);
    const { result } = await trials.check(database, { direction });
    expect(result).toMatchObject({ isReady: true, isDone: false, problems: [] });
    expect(codesOf(result.warnings)).toEqual(['UNFINISHED']);
    await expectRefused(database, { direction: direction === 'up' ? 'down' : 'up' });
    await expectRefused(database, { direction, lists: FEWER });
    await expectEnd(database, direction);
  });
});

describe('stopped when the copies had their names', () => {
  const isNamed = steps.makeIndexes;

  it('a check says that a relationship is in both schemas', async () => {
    const database = await trials.stopped('up', isNamed);
    const { result } = await trials.check(database);
    const states = result.relationships.map(({ name, state }) => [name, state]);
    expect(Object.fromEntries(states)).toMatchObject({
      'Post.tags -> Tag.posts': 'both',
      'Post.editors -> User': 'both',
      'Post.owner -> User.owned': 'old',
    });
    expect(result.state).toBe('mixed');
  });

  it.each([
    ['posts', 'tags', 'tags'],
    ['tags', 'posts', 'posts'],
    ['posts', 'editors', 'users'],
  ])('a link that came into %s.%s then is not lost', async (collection, field, target) => {
    const database = await trials.stopped('up', isNamed);
    const of = (name) => trials.collection(database, name);
    const holder = await of(collection).findOne();
    const held = holder[field].map(String);
    const others = await of(target).find().toArray();
    const id = others.map(({ _id }) => _id).find((it) => !held.includes(String(it)));
    expect(id).toBeDefined();
    await of(collection).updateOne({ _id: holder._id }, { $push: { [field]: id } });
    await expectStopped(database, `${collection}.${field}`);
    await of(collection).updateOne({ _id: holder._id }, { $pull: { [field]: id } });
    await expectEnd(database, 'up');
  });

  it.each([
    ['covered', (id) => id],
    ['owned', (id) => [id]],
  ])('a link that came into users.%s then is not lost', async (field, valueOf) => {
    const database = await trials.stopped('up', isNamed);
    const of = (name) => trials.collection(database, name);
    const _id = new ObjectId();
    await of('posts').insertOne({ _id });
    const user = await of('users').findOne({ name: 'User 1' });
    await of('users').updateOne({ _id: user._id }, { $set: { [field]: valueOf(_id) } });
    await expectStopped(database, `users.${field}`);
    await of('posts').deleteOne({ _id });
    const change = field in user ? { $set: { [field]: user[field] } } : { $unset: { [field]: 1 } };
    await of('users').updateOne({ _id: user._id }, change);
    await expectEnd(database, 'up');
  });

  it.each(['Post.tags', 'Post.editors'])(
    '%s: a copy that is gone is not taken for whole',
    async (left) => {
      const database = await trials.stopped('up', isNamed);
      const copy = trials.collection(database, trials.joins[left]);
      const rows = await copy.find().toArray();
      await copy.drop();
      await expectStopped(database, `posts.${left.split('.')[1]}`);
      await copy.insertMany(rows);
      await expectEnd(database, 'up');
    },
  );

  async function expectStopped(database, field) {
    const { error, writes } = await trials.apply(database);
    expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(error.message).toContain(field);
    const removals = writes.filter((it) => it.collection !== STATE && it.command.updates);
    expect(removals).toEqual([]);
  }
});

it('a copy that is gone before it has its name is not taken for one that has it', async () => {
  const database = await trials.stopped('up', steps.rename);
  const { state } = await trials.collection(database, STATE).findOne();
  expect(state.copies).toHaveLength(2);
  for (const { place } of state.copies) await trials.collection(database, place).drop();
  const { error } = await trials.apply(database);
  expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
  const posts = trials.collection(database, 'posts');
  expect(await posts.countDocuments({ tags: { $exists: true } })).toBe(4);
  expect(await posts.countDocuments({ editors: { $exists: true } })).toBe(4);
});

it('rows that came into a join collection are put back, although that was stopped', async () => {
  const database = await trials.stopped('up', steps.rename);
  const of = (name) => trials.collection(database, name);
  const { state } = await of(STATE).findOne();
  const [{ place, into }] = state.copies;
  // Here it was moved aside, and then the run was stopped.
  await of(`${place}.aside`).insertOne({ of: 'the application' });
  const { error } = await trials.apply(database);
  expect(error).toMatchObject({ code: 'MIGRATION_FAILED' });
  expect(error.message).toContain(`The collection ${into} has been filled`);
  expect(await of(into).countDocuments({ of: 'the application' })).toBe(1);
  await of(into).deleteMany({ of: 'the application' });
  await expectEnd(database, 'up');
});

it('rows that a run has put aside that never went on are kept, and reported', async () => {
  const database = await trials.make('up');
  const name = `${STATE}.earlier.0.aside`;
  const aside = trials.collection(database, name);
  await aside.insertOne({ of: 'the application' });
  const { result } = await trials.apply(database);
  expect(result.warnings.pop().message).toContain(`The collection ${name} holds documents`);
  await trials.apply(database, { direction: 'down' });
  expect(await aside.countDocuments()).toBe(1);
});

it('an empty join collection may come back after it was moved aside', async () => {
  const database = await trials.stopped('up', steps.rename);
  const { state } = await trials.collection(database, STATE).findOne();
  const server = trials.server.database(database);
  for (const { place, into } of state.copies) {
    await server.createCollection(`${place}.aside`);
    await server.createCollection(into).catch(() => {}); // Keystone has made it before.
  }
  await expectEnd(database, 'up');
});
