'use strict';

// `check` and `apply` on MongoDB databases that are not simply old, and where there is no way in.

const net = require('net');
const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const {
  documentsText,
  driver,
  indexesText,
  isGiven,
  startMongodb,
  startMongodbWithUsers,
} = require('../dev/mongodb');
const { startProxy } = require('../dev/mongodb-proxy');
const { keystonesOwnScript } = require('../dev/keystones-own');
const { runMongosh } = require('../dev/mongosh');
const { makeScenarioProject, removeProjects, run } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { runOnTerminal } = require('../dev/terminal');

const { ObjectId } = driver();
const GUIDE = loadScenario('guide');
const STATE = 'keystone_upgrade_relationships';

/** A server that others use is not ours to give users to: these tests count as skipped there. */
const describeOnOwnServer = isGiven() ? describe.skip : describe;

let server;
let keystones;
let filled;
let count = 0;

beforeAll(async () => {
  server = await startMongodb();
  const [old, current] = ['old', 'new'].map((name) => startKeystone(name, 'mongoose'));
  keystones = { old, new: current };
  filled = await fill(GUIDE);
});

afterAll(async () => {
  removeProjects();
  if (keystones) await Promise.all(Object.values(keystones).map((keystone) => keystone.stop()));
  if (server) await server.stop();
});

/** What OLD makes of a project and some data. */
async function fill(scenario) {
  const database = `filled_${++count}`;
  const session = await keystones.old.open(scenario, server.url(database));
  await session.fill({ seed: 1, canBeEmpty: false, canDelete: false });
  await session.close();
  return server.read(database);
}

/** A database as OLD left it, and a session of NEW that knows its address. */
async function makeDatabase(scenario = GUIDE, content = filled) {
  const database = `check_${++count}`;
  await server.write(database, content);
  return { database, session: await open(server.url(database), scenario) };
}

const open = (url, scenario = GUIDE) => keystones.new.open(scenario, url, { connects: false });

async function stateOf(database) {
  const collections = await server.read(database);
  return documentsText(collections) + indexesText(collections);
}

const codes = ({ problems }) => problems.map(({ code }) => code);

async function expectRefused(database, session, code, options) {
  const before = await stateOf(database);
  await expect(session.apply(options)).rejects.toMatchObject({ code });
  expect(await stateOf(database)).toBe(before);
}

it('the names of another locale', async () => {
  const { database, session } = await makeDatabase();
  await session.apply();
  const db = server.database(database);
  await db.collection('todo_readers_user_readposts').rename('user_readposts_todo_readers');
  const turned = { Todo_left_id: 'Todo_right_id', User_right_id: 'User_left_id' };
  await db.collection('user_readposts_todo_readers').updateMany({}, { $rename: turned });
  for (const direction of ['up', 'down']) {
    const found = await session.check({ direction });
    expect([found.isDone, codes(found)[0]]).toEqual([false, 'LOCALE']);
    expect(found.problems[0].message).toContain(
      'it has user_readposts_todo_readers in place of todo_readers_user_readposts.',
    );
    await expectRefused(database, session, 'LOCALE', { direction });
  }
});

it('a name that is the same under each locale', async () => {
  const fields = {
    T: { type: 'Relationship', ref: 'T.T_T', many: true },
    T_T: { type: 'Relationship', ref: 'T.T', many: true },
  };
  const database = `check_${++count}`;
  const items = server.database(database).collection('ts');
  const { insertedId } = await items.insertOne({});
  await items.updateOne({}, { $set: { T: [insertedId], T_T: [insertedId] } });
  const session = await open(server.url(database), { lists: { T: { fields } } });
  expect(await session.apply()).toMatchObject({ relationships: [{ before: 1, after: 1 }] });
  expect(await session.check()).toMatchObject({ state: 'new', isDone: true, problems: [] });
  expect(await session.check({ direction: 'down' })).toMatchObject({ isReady: true });
});

it('a check changes nothing, there and back', async () => {
  const { database, session } = await makeDatabase();
  const before = await stateOf(database);
  const found = await session.check();
  expect(await stateOf(database)).toBe(before);
  expect(found).toMatchObject({
    engine: 'mongodb',
    adapter: 'mongoose',
    database: { ...server.address, name: database },
    state: 'old',
    isReady: true,
    isDone: false,
    problems: [],
  });
  expect(found.drops).toEqual(expect.arrayContaining(['users.leadPost', 'todos.readers']));
  const applied = await session.apply();
  for (const { before, after } of applied.relationships) expect(after).toBe(before);
  const after = await stateOf(database);
  expect(await session.check()).toMatchObject({ state: 'new', isDone: true });
  expect(await session.apply()).toMatchObject({ isApplied: false });
  expect(await stateOf(database)).toBe(after);
  expect(await session.apply({ direction: 'down' })).toMatchObject({ isApplied: true });
  expect(await session.check()).toMatchObject({ state: 'old', isReady: true });
});

it('no document is lost in a project with dropDatabase', async () => {
  const { database, session } = await makeDatabase({ ...GUIDE, mongoose: { dropDatabase: true } });
  const before = await stateOf(database);
  await session.check();
  expect(await stateOf(database)).toBe(before);
  expect(await session.apply()).toMatchObject({ isApplied: true });
  expect(await server.database(database).collection('todos').countDocuments()).toBe(
    filled.todos.documents.length,
  );
});

it('what cannot be kept stops it, and --reconcile repairs it', async () => {
  const { database, session } = await makeDatabase();
  const todos = server.database(database).collection('todos');
  const { _id } = await todos.findOne({ 'readers.0': { $exists: true } });
  await todos.updateOne({ _id }, { $set: { readers: ['no id'] } });
  const found = await session.check();
  expect([found.isReady, new Set(codes(found))]).toEqual([false, new Set(['DATA'])]);
  expect(found.problems[0].message).toContain('not an ObjectId');
  await expectRefused(database, session, 'DATA');
  const reconciling = await session.check({ reconcile: true });
  expect(reconciling).toMatchObject({ isReady: true, problems: [] });
  expect(reconciling.warnings.length).toBeGreaterThan(0);
  expect(await session.apply({ reconcile: true })).toMatchObject({ isApplied: true });
});

it('links that NEW wrote beside the old arrays, and documents older than their fields', async () => {
  const text = { type: 'Text' };
  const one = (ref) => ({ type: 'Relationship', ref });
  const many = (ref) => ({ ...one(ref), many: true });
  const lists = {
    Group: {
      fields: {
        ...{ name: text, labels: many('Label'), tags: many('Label.groups') },
        owner: one('Label.owned'),
      },
    },
    Label: { fields: { name: text, groups: many('Group.tags'), owned: many('Group.owner') } },
  };
  const scenario = { adapters: ['mongoose'], lists };
  const database = `check_${++count}`;
  const old = await keystones.old.open(scenario, server.url(database));
  const created = await old.query(
    'mutation { createGroup(data: { name: "full", labels: { create: [{ name: "a" }, { name: "b" }] }, tags: { create: [{ name: "c" }] }, owner: { create: { name: "d" } } }) { id } }',
  );
  await old.close();
  const db = server.database(database);
  await db
    .collection('groups')
    .insertMany([
      { name: 'before the field was added' },
      { name: 'null', labels: null, tags: null, owner: null },
      { name: 'empty', labels: [], tags: [] },
    ]);
  await db
    .collection('labels')
    .insertMany([{ name: 'x' }, { name: 'y', groups: null, owned: null }]);
  const session = await keystones.new.open(scenario, server.url(database));
  await session.query(
    `mutation { updateGroup(id: "${created.createGroup.id}", data: { tags: { create: [{ name: "made by NEW" }] } }) { id } }`,
  );
  const before = await stateOf(database);

  const project = makeScenarioProject(scenario, 'mongoose');
  const command = (...args) => run(project, args, { env: { DATABASE_URL: server.url(database) } });
  const tags = 'Group.tags -> Label.groups: ';
  const counted = (problem) => new RegExp(`^${problem}.*Found: 1, `, 'm');
  const refused = await command('--check');
  expect(refused.code).toBe(2);
  expect(refused.stdout).toMatch(counted(`✖ ${tags}groups.tags holds links that .* does not`));
  expect(refused.stdout).toMatch(counted(`⚠ ${tags}.* holds links that groups.tags does not`));
  expect(await command('--apply', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Nothing has been changed.'),
  });
  expect(await stateOf(database)).toBe(before);

  const ready = await command('--check', '--reconcile');
  expect(ready.code).toBe(0);
  expect(ready.stdout).toMatch(counted(`⚠ ${tags}groups.tags holds .* They are added.`));
  const [{ _id: full }] = await db.collection('groups').find({ name: 'full' }).toArray();
  const [{ _id: c }] = await db.collection('labels').find({ name: 'c' }).toArray();
  const adds = (verb, has) =>
    `⚠ ${tags}the two stored sides disagree. --reconcile ${verb} 1 link that only groups.tags or labels.groups ${has}. For example: added Group ${full} – Label ${c} of groups.tags or labels.groups.`;
  expect(ready.stdout).toContain(adds('adds', 'has'));
  const { relationships } = await (
    await open(server.url(database), scenario)
  ).check({ reconcile: true });
  expect(relationships.find(({ name }) => `${name}: ` === tags).reconcile).toMatchObject({
    ...{ added: 1, cleared: 0, dropped: 0 },
    examples: [{ action: 'added', left: `${full}`, right: `${c}`, instead: [] }],
  });
  const applied = await command('--apply', '--reconcile', '--yes');
  expect([applied.code, applied.stdout + applied.stderr]).toEqual([
    0,
    expect.stringContaining(adds('added', 'had')),
  ]);
  const named = (names) => names.map((name) => ({ name }));
  const bare = (name) => ({ name, labels: [], tags: [], owner: null });
  // Three processes have given ids, and those of one second are in no order.
  const sorted = '(sortBy: name_ASC)';
  expect(
    await session.query(
      `{ allGroups${sorted} { name labels${sorted} { name } tags${sorted} { name } owner { name } } }`,
    ),
  ).toEqual({
    allGroups: [
      ...['before the field was added', 'empty'].map(bare),
      {
        name: 'full',
        labels: named(['a', 'b']),
        tags: named(['c', 'made by NEW']),
        owner: { name: 'd' },
      },
      bare('null'),
    ],
  });
  await session.close();
});

it('the question says which links are cleared, and which go because others contradict them', async () => {
  const database = `check_${++count}`;
  const db = server.database(database);
  const [t1, t2, u1, u2] = [1, 2, 3, 4].map(() => new ObjectId());
  await db.collection('todos').insertMany([
    { _id: t1, leadAuthor: u1, publisher: u1 },
    { _id: t2, leadAuthor: u1 },
  ]);
  await db.collection('users').insertMany([
    { _id: u1, leadPost: t1, published: [t1] },
    { _id: u2, published: [t1] },
  ]);
  const before = await stateOf(database);
  const { code, shown } = await runOnTerminal(
    makeScenarioProject(GUIDE, 'mongoose'),
    ['--apply', '--no-color'],
    {
      env: { DATABASE_URL: server.url(database) },
      types: [[/Run it now/, 'n\n']],
    },
  );
  const [question] = shown.replace(/\s+/g, ' ').split('Run it now?').slice(-2);
  const found = (document) => `Found: 1, such as ${JSON.stringify(document)}`;
  const cleared = `links in todos.leadAuthor will be cleared, because another document links to the same item, and the item names that one. The old Keystone leaves such stale links behind. ${found({ left: t2, right: u1, kept: t1 })}`;
  const dropped = `users.published holds links that todos.publisher contradicts. The old Keystone leaves such stale links behind. The links in todos.publisher are kept. ${found({ left: t1, right: u2 })}`;
  expect(question).toContain(cleared);
  expect(question).toContain(dropped);
  expect(code).toBe(1);
  expect(await stateOf(database)).toBe(before);
});

it('the filter for an empty side that went returns every item, as of a database that NEW has made', async () => {
  const text = { type: 'Text' };
  const one = (ref) => ({ type: 'Relationship', ref });
  const lists = {
    Author: { fields: { name: text, page: one('Page.author') } },
    Page: { fields: { name: text, author: one('Author.page') } },
  };
  const scenario = { adapters: ['mongoose'], lists };
  const url = () => server.url(`check_${++count}`);
  const [migrated, fresh] = [url(), url()];
  const create =
    'mutation { createAuthor(data: { name: "a", page: { create: { name: "linked" } } }) { id } createPage(data: { name: "free" }) { id } }';
  const old = await keystones.old.open(scenario, migrated);
  await old.query(create);
  const found = async (session) => {
    const { allPages } = await session.query(
      '{ allPages(where: { author_is_null: true }) { name } }',
    );
    return allPages.map(({ name }) => name).sort();
  };
  expect(await found(old)).toEqual(['free']);
  await old.close();
  const before = await keystones.new.open(scenario, migrated);
  expect(await before.apply()).toMatchObject({ isApplied: true });
  await before.close();
  for (const at of [migrated, fresh]) {
    const session = await keystones.new.open(scenario, at);
    if (at === fresh) await session.query(create);
    expect(await found(session)).toEqual(['free', 'linked']);
    await session.close();
  }
});

it('a database that NEW was started on, which made its empty collections', async () => {
  const { database, session } = await makeDatabase();
  const started = await keystones.new.open(GUIDE, server.url(database));
  await started.close();
  expect(await session.check()).toMatchObject({ state: 'old', isReady: true });
  expect(await session.apply()).toMatchObject({ isApplied: true });
});

describe('a list whose collection is not in the database', () => {
  /** `guide` with a list that nothing concerns. */
  const WITH_NOTES = {
    ...GUIDE,
    lists: { ...GUIDE.lists, Note: { fields: { name: { type: 'Text' } } } },
  };

  it('is said, where it has no relationships, and does not stop it', async () => {
    const { database, session } = await makeDatabase(WITH_NOTES);
    const { warnings, isReady } = await session.check();
    const message = `The database ${database} has no collection notes of the list Note. Does`;
    expect(warnings).toMatchObject([
      { code: 'MISSING', message: expect.stringContaining(message) },
    ]);
    expect(warnings[0].message).toContain(
      'create its collection in mongosh: db.createCollection("notes")',
    );
    expect(isReady).toBe(true);
    expect(await session.apply()).toMatchObject({ isApplied: true });
  });

  it.each(['Users', 'user'])('stops it where the list has relationships: %s', async (name) => {
    const { database, session } = await makeDatabase();
    await server.database(database).collection('users').rename(name);
    const message = `The database ${database} has no collection users of the list User. There is one named ${name}. `;
    expect(await session.check()).toMatchObject({
      isReady: false,
      problems: [{ code: 'MISSING', message: expect.stringContaining(message) }],
    });
    await expectRefused(database, session, 'MISSING');
  });

  it('is only said where nothing is left to do', async () => {
    const { database, session } = await makeDatabase();
    await session.apply();
    await server.database(database).collection('users').drop();
    expect(await session.check()).toMatchObject({
      ...{ isDone: true, problems: [] },
      warnings: [{ code: 'MISSING' }],
    });
  });
});

describe('a database without a collection of the lists, which must be the wrong one', () => {
  it.each(['up', 'down'])('is not called done, on the way %s', async (direction) => {
    const session = await open(server.url('empty'));
    const options = { direction };
    expect(await session.check(options)).toMatchObject({
      ...{ state: 'neither', isDone: false, isReady: false },
      problems: [{ code: 'MISSING', message: expect.stringContaining('the right database') }],
    });
    await expect(session.apply(options)).rejects.toMatchObject({ code: 'MISSING' });
    const script = planUpgrade(await session.snapshot()).migration(options);
    const { code, stderr } = await runMongosh(server.url('empty'), script);
    expect(code).not.toBe(0);
    expect(stderr).toContain('The database empty has no collection of these relationships');
    expect(await server.read('empty')).toEqual({});
  });
});

it.each(['old', 'new'])(
  'where %s Keystone was just started, there is nothing to do',
  async (which) => {
    // It makes the collections of all lists, so that these tell its database from a wrong one.
    const database = `started_${which}`;
    await (await keystones[which].open(GUIDE, server.url(database))).close();
    const session = await open(server.url(database));
    expect(await session.check()).toMatchObject({ isDone: true, problems: [] });
    expect(await session.apply()).toMatchObject({ isApplied: false });
  },
);

describe("a database that Keystone's own script has taken a part of the way", () => {
  /** What a line of it does, as people translate it for a shell in which it runs. */
  async function translated(database, line, { isHalf = false } = {}) {
    const db = server.database(database);
    const copy =
      /^db\.collection\('(.+?)'\)\.find.*\(doc\.(\w+) \|\|.* db\.(\w+)\.insert\(\{ (\w+): doc\._id, (\w+): itemId/;
    const unset = /^db\.collection\('(.+?)'\)\.updateMany\(\{\}, \{ \$unset: \{ "(\w+)": 1 \} \}\)/;
    if (unset.test(line)) {
      const [, collection, path] = unset.exec(line);
      return db.collection(collection).updateMany({}, { $unset: { [path]: 1 } });
    }
    const [, collection, path, into, near, far] = copy.exec(line);
    const documents = await db.collection(collection).find({}).toArray();
    const links = documents.flatMap(({ _id, [path]: ids = [] }) =>
      (ids || []).map((id) => ({ [near]: _id, [far]: id })),
    );
    const some = isHalf ? links.slice(0, links.length / 2) : links;
    return some.length ? db.collection(into).insertMany(some) : undefined;
  }

  /** All but what is by chance in join collections: the order, their ids, and the mark of mongoose. */
  async function comparable(database, before = filled) {
    const collections = Object.entries(await server.read(database)).map(([name, content]) => {
      const isJoin = !(name in before);
      const links = content.documents.map(({ _id, __v, ...link }) => ({ _id: 0, ...link }));
      return [name, isJoin ? { ...content, documents: links } : content];
    });
    const text = documentsText(Object.fromEntries(collections));
    return text.split('\n').sort().join('\n') + indexesText(Object.fromEntries(collections));
  }

  const JOIN = 'todo_readers_user_readposts';
  let lines;
  let expected;

  beforeAll(async () => {
    lines = await keystonesOwnScript(GUIDE, 'mongoose');
    const { database, session } = await makeDatabase();
    await session.apply();
    expected = await comparable(database);
  });

  // Each with its lines, and how many of them are run between two stops: one with `EVERY_LINE`.
  it.each([
    ['guide', 7, 1],
    ['rename-order', 6, 1],
    ['blog', 28, 3],
  ])('is finished wherever it was stopped: %s', async (name, length, pace) => {
    const scenario = loadScenario(name);
    const before = await fill(scenario);
    const all = await keystonesOwnScript(scenario, 'mongoose');
    expect(all).toHaveLength(length);
    const whole = await makeDatabase(scenario, before);
    await whole.session.apply();
    const migrated = await comparable(whole.database, before);
    const stops = all.map((_, at) => at + 1);
    const isStop = (at) => Boolean(process.env.EVERY_LINE) || at % pace === length % pace;
    for (const stop of stops.filter(isStop)) {
      const { database, session } = await makeDatabase(scenario, before);
      for (const line of all.slice(0, stop)) await translated(database, line);
      // Of some related to themselves it removes the field that is kept: the array has the links still.
      const isHarmed = all.slice(0, stop).some((line) => /"(parent|replyTo)"/.test(line));
      const isLast = stop === all.length && !isHarmed;
      const problems = isHarmed ? ['DATA'] : [];
      const found = await session.check();
      const why = [...new Set(codes(found))];
      expect([stop, found.isReady, why]).toEqual([stop, !isLast && !isHarmed, problems]);
      if (isHarmed) await expectRefused(database, session, 'DATA');
      const applied = await session.apply({ reconcile: isHarmed });
      expect([stop, applied.isApplied]).toEqual([stop, !isLast]);
      // A field without a link may be null or missing.
      const text = (it) => (isHarmed ? it.replace(/,"(parent|replyTo)":null/g, '') : it);
      const made = await comparable(database, before);
      expect([stop, text(made)]).toEqual([stop, text(migrated)]);
    }
  });

  it('shows what is left to do', async () => {
    const { database, session } = await makeDatabase();
    for (const line of lines.slice(0, 3)) await translated(database, line);
    const { state, relationships } = await session.check();
    expect(state).toBe('mixed');
    expect(relationships.map(({ remaining }) => remaining)).toEqual([
      [],
      [],
      [],
      ['remove users.published'],
      [
        'copy the links to todo_readers_user_readposts',
        'remove todos.readers',
        'remove users.readPosts',
      ],
    ]);
  });

  it('stops where links were copied in part, unless it reconciles', async () => {
    const { database, session } = await makeDatabase();
    for (const line of lines.slice(0, 4)) await translated(database, line);
    await translated(database, lines[4], { isHalf: true });
    const { isReady, problems } = await session.check();
    expect([isReady, problems.length]).toEqual([false, 2]);
    expect(problems[0].message).toMatch(
      /todos\.readers holds links that todo_readers_user_readposts does not, though .*Use --reconcile/,
    );
    await expectRefused(database, session, 'DATA');
    const joined = ({ relationships }) => relationships.find(({ name }) => /readers/.test(name));
    const { reconcile } = joined(await session.check({ reconcile: true }));
    const had = await server.database(database).collection(JOIN).countDocuments();
    const applied = await session.apply({ reconcile: true });
    expect(applied.isApplied).toBe(true);
    expect(joined(applied)).toMatchObject({ after: had + reconcile.added, reconcile });
    expect(await comparable(database)).toBe(expected);
  });

  it('keeps links that the new Keystone has written beside the old ones', async () => {
    const { database, session } = await makeDatabase();
    const db = server.database(database);
    const [todo] = await db.collection('todos').find({}).toArray();
    const { insertedId } = await db.collection('users').insertOne({ name: 'new' });
    const join = db.collection('todo_reviewers_manies');
    const link = { Todo_left_id: todo._id, User_right_id: insertedId, __v: 0 };
    await join.insertOne({ ...link });
    await expectRefused(database, session, 'DATA');
    const { relationships, warnings } = await session.apply({ reconcile: true });
    const { before, after, reconcile } = relationships.find(({ name }) => /reviewers/.test(name));
    expect([after, reconcile.added]).toEqual([before + 1, before]);
    expect(warnings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(
        `Todo.reviewers -> User: the places that hold its links disagree. --reconcile added ${before} links that only todos.reviewers had.`,
      ),
    );
    expect(await join.countDocuments()).toBe(after);
    expect(await join.countDocuments(link)).toBe(1);
  });

  it('may be a backup that was restored over a migrated one: links are left over', async () => {
    const { database, session } = await makeDatabase();
    const db = server.database(database);
    const before = await server.read(database);
    await session.apply();
    // As `mongorestore --drop` does, which leaves what is not in the backup.
    for (const [name, { documents }] of Object.entries(before)) {
      await db.collection(name).drop();
      if (documents.length > 0) await db.collection(name).insertMany(documents);
    }
    expect((await session.check()).warnings).toEqual([]);
    const [todo] = await db.collection('todos').find({}).toArray();
    const { insertedId } = await db.collection('users').insertOne({ name: 'new' });
    const link = { Todo_left_id: todo._id, User_right_id: insertedId };
    await db.collection('todo_reviewers_manies').insertOne(link);
    const { problems, warnings } = await session.check();
    expect([problems, warnings.length]).toEqual([[], 1]);
    expect(warnings[0].message).toMatch(
      /todo_reviewers_manies holds links that todos\.reviewers does not.*a backup was restored.*drop the database.*Found: 1,/,
    );
  });

  it('is told where a join collection holds something else', async () => {
    const { database, session } = await makeDatabase();
    await server.database(database).collection('todo_reviewers_manies').insertOne({ name: 'mine' });
    const { problems } = await session.check();
    expect(problems[0].message).toContain('holds documents that are not links');
    await expectRefused(database, session, 'DATA');
    await expectRefused(database, session, 'DATA', { reconcile: true });
  });
});

it('the way back has no room for two documents without an id under a unique index', async () => {
  const scenario = loadScenario('options-one-to-one');
  const relationships = planUpgrade(await (await open(server.url('x'), scenario)).snapshot());
  const steps = relationships.adapters[0].steps.filter(({ field }) => field?.index === 'unique');
  expect(steps).not.toEqual([]);
  const [{ field, kept }] = steps;
  const database = `check_${++count}`;
  const session = await open(server.url(database), scenario);
  const documents = server.database(database).collection(field.collection);
  const other = server.database(database).collection(kept.collection);
  const { insertedIds } = await documents.insertMany([{}, {}, {}]);
  await other.insertOne({ [kept.field]: insertedIds[0] });
  for (const name of ['bs', 'ds']) await server.database(database).createCollection(name);
  const down = { direction: 'down' };
  const found = await session.check(down);
  expect(found).toMatchObject({ isReady: false });
  expect(found.problems).toMatchObject([
    { code: 'DATA', message: expect.stringMatching(/has room for one of them.*without: 2/) },
  ]);
  await expect(session.apply(down)).rejects.toMatchObject({ code: 'DATA' });
  await documents.deleteOne({ _id: insertedIds[2] });
  expect(await session.apply(down)).toMatchObject({ isApplied: true });
  expect(await documents.countDocuments({ [field.field]: { $exists: true } })).toBe(1);
});

it('a run that is at work is told, and one that was stopped is gone on with', async () => {
  const { database, session } = await makeDatabase();
  const state = server.database(database).collection(STATE);
  const now = new Date();
  // However long this takes, it has just been heard of.
  const at = new Date(now.getTime() + 60 * 60 * 1000);
  const lock = { _id: 'run', host: 'elsewhere', pid: 1, token: 'x', since: now, at };
  await state.insertOne(lock);
  await expect(session.apply()).rejects.toMatchObject({
    code: 'LOCKED',
    message: expect.stringContaining('process 1 on elsewhere'),
  });
  await state.deleteOne({});
  // The way back has been stopped before its removals.
  const stopped = { direction: 'down', phase: 'filling', plan: 'x', names: [] };
  await state.insertOne({ _id: 'run', state: stopped });
  expect(codes(await session.check())).toContain('UNFINISHED');
  await expectRefused(database, session, 'UNFINISHED');
  await state.deleteOne({});
  expect(await session.apply()).toMatchObject({ isApplied: true });
});

it('what is copied, with its size', async () => {
  const { database, session } = await makeDatabase();
  const found = await session.check();
  const todos = server.database(database).collection('todos');
  const documents = await todos.countDocuments();
  const copy = { collection: 'todos', documents, bytes: expect.any(Number) };
  expect(found.copies).toEqual([
    { ...copy, from: 'todos.reviewers', into: 'todo_reviewers_manies' },
    { ...copy, from: 'todos.readers', into: 'todo_readers_user_readposts' },
  ]);
  for (const { bytes } of found.copies) expect(bytes).toBeGreaterThan(documents);
  const users = (await session.check({ reconcile: true })).copies.filter(
    ({ from }) => from === 'users.readPosts',
  );
  expect(users).toMatchObject([{ collection: 'users', into: 'todo_readers_user_readposts' }]);
  await session.apply();
  expect(await session.check()).toMatchObject({ copies: [] });
  const back = (await session.check({ direction: 'down' })).copies;
  expect(back).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ from: 'todo_readers_user_readposts', into: 'todos.readers' }),
      expect.objectContaining({ from: 'todos.leadAuthor', into: 'users.leadPost' }),
    ]),
  );
});

it('two at once in one process: the second is told', async () => {
  const { database, session: second } = await makeDatabase();
  let told;
  const proxy = await startProxy(server.address, async ({ step }) => {
    // The first has written that it is at work, and not yet gone on.
    if (step === 2) told = await second.apply().catch((error) => error);
    return 'pass';
  });
  const first = await open(server.url(database, { at: proxy.address }));
  expect(await first.apply()).toMatchObject({ isApplied: true });
  await proxy.stop();
  expect(told).toMatchObject({ code: 'LOCKED' });
  expect(await second.check()).toMatchObject({ state: 'new', isDone: true });
});

describeOnOwnServer('a server with users', () => {
  const PASSWORD = 'very/secret@word';
  let guarded;
  let folder;

  beforeAll(async () => {
    guarded = await startMongodbWithUsers();
    folder = makeScenarioProject(GUIDE, 'mongoose');
  });

  afterAll(() => guarded?.stop());

  /** The address of a database as OLD left it, for a user with some roles there. */
  async function makeUser(...roles) {
    const database = `users_${++count}`;
    await guarded.write(database, filled);
    return { database, url: await guarded.addUser(database, 'someone', PASSWORD, roles) };
  }

  const guardedState = async (database) => {
    const collections = await guarded.read(database);
    return documentsText(collections) + indexesText(collections);
  };

  /** Runs the command, which never shows the password. */
  async function runAs(url, ...args) {
    const result = await run(folder, args, { env: { MONGO_URI: url } });
    const hidden = [PASSWORD, encodeURIComponent(PASSWORD), 'wrong'];
    for (const text of hidden) expect(result.stdout + result.stderr).not.toContain(text);
    return result;
  }

  it('one who may read and write: there and back', async () => {
    const { database, url } = await makeUser('readWrite');
    const checked = await runAs(url, '--check', '--json');
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      database: { name: database, user: 'someone' },
      isReady: true,
    });
    expect((await runAs(url, '--apply', '--yes')).code).toBe(0);
    const back = await runAs(url, '--rollback', '--apply', '--yes');
    expect(back.stdout).toMatch(/is in the old schema\.\n$/);
  });

  it('one who may only read: a check says what is missing, and nothing is changed', async () => {
    const { database, url } = await makeUser('read');
    const before = await guardedState(database);
    const session = await open(url);
    const found = await session.check();
    expect([found.state, found.isReady, codes(found)]).toEqual(['old', false, ['NO_PRIVILEGE']]);
    expect(found.copies[0].documents).toBe(filled.todos.documents.length);
    await expect(session.apply()).rejects.toMatchObject({ code: 'NO_PRIVILEGE' });
    const checked = await runAs(url, '--check');
    expect(checked.code).toBe(2);
    expect(checked.stdout).toMatch(/✖ The user someone lacks these rights on the database/);
    expect(checked.stdout).toContain('Grant it the role readWrite there');
    const applied = await runAs(url, '--apply', '--yes');
    expect(applied).toMatchObject({ code: 1, stdout: '' });
    expect(applied.stderr).toContain('Nothing has been changed.');
    expect(applied.stderr).toContain('the role readWrite');
    expect(await guardedState(database)).toBe(before);
  });

  it('one who may do nothing there', async () => {
    const { database } = await makeUser('readWrite');
    const { url: elsewhere } = await makeUser('readWrite');
    const url = new URL(elsewhere);
    url.searchParams.set('authSource', url.pathname.slice(1));
    url.pathname = `/${database}`;
    for (const args of [['--check'], ['--apply', '--yes']]) {
      const { code, stdout, stderr } = await runAs(url.href, ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('✖ The database could not be read: not authorized');
      expect(stderr).toContain('The user needs the role read on this database.');
    }
  });

  it('a wrong password, and none', async () => {
    const { database, url } = await makeUser('readWrite');
    const before = await guardedState(database);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    for (const args of [['--check'], ['--apply', '--yes']]) {
      const { code, stdout, stderr } = await runAs(wrong.href, ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('✖ Could not connect to the database of the adapter mongoose');
      expect(stderr).toMatch(/Authentication failed/i);
      expect(stderr).toContain('Are the user, the password and the authSource right?');
    }
    const none = new URL(url);
    Object.assign(none, { username: '', password: '' });
    const { code, stderr } = await runAs(none.href, '--check');
    expect(code).toBe(1);
    expect(stderr).toMatch(/requires authentication/);
    expect(await guardedState(database)).toBe(before);
  });
});

describe('no connection', () => {
  it('no server, and an address that is none: no password is shown', async () => {
    const port = await new Promise((resolve) => {
      const free = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = free.address();
        free.close(() => resolve(port));
      });
    });
    const folder = makeScenarioProject(GUIDE, 'mongoose');
    for (const user of ['me:very-secret', 'me:very/sec@ret']) {
      const url = `mongodb://${user}@127.0.0.1:${port}/x?serverSelectionTimeoutMS=500`;
      for (const args of [['--check'], ['--apply', '--yes']]) {
        const { code, stdout, stderr } = await run(folder, args, { env: { MONGO_URI: url } });
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toContain('✖ Could not connect to the database of the adapter mongoose');
        expect(stderr).not.toMatch(/very|sec@?ret/);
      }
    }
  });
});

it('the command: there and back, and ended by a signal', async () => {
  const { database } = await makeDatabase();
  const folder = makeScenarioProject(GUIDE, 'mongoose');
  const env = { MONGO_URI: server.url(database) };
  const checked = await run(folder, ['--check'], { env });
  expect(checked.code).toBe(0);
  expect(checked.stdout).toContain(`The database ${database} on `);
  expect((await run(folder, ['--apply'], { env })).code).toBe(1);

  // Once: a second signal ends it at once.
  const interrupt = (child) => {
    const onData = (text) => {
      if (!/copying links/.test(text)) return;
      child.stderr.off('data', onData);
      child.kill('SIGINT');
    };
    child.stderr.on('data', onData);
  };
  const ended = await run(folder, ['--apply', '--yes'], { env, onStart: interrupt });
  // It may have come to its end before the signal did.
  if (ended.code !== 0) {
    expect(ended.stderr).toMatch(
      /Interrupted\. (None of your documents has been|The database has been) changed/,
    );
  }
  const applied = await run(folder, ['--apply', '--yes'], { env });
  expect(applied.code).toBe(0);
  const back = await run(folder, ['--rollback', '--apply', '--yes'], { env });
  expect(back.stdout).toMatch(/is in the old schema\.\n$/);
  expect(back.code).toBe(0);
});
