'use strict';

// Documents that are not as they should be, as old databases have them: what stops the migration,
// what it warns of, and what becomes of them, without and with `reconcile`.

const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { documentsText, driver, indexesText, startMongodb } = require('../dev/mongodb');
const { normalized } = require('../dev/mongodb-model');
const { Shell, runMongosh } = require('../dev/mongosh');
const { KINDS, RELATIONSHIPS } = require('../dev/postgres-data-model');

const [LEAD, PUBLISHER, TEAM, READERS, ABOVE] = RELATIONSHIPS.map(({ name }) => name);

const { ObjectId } = driver();

/** The ids of todos and users, by number: a higher number is a higher id. */
const id = (letter, number) => new ObjectId(letter.repeat(22) + String(number).padStart(2, '0'));
const t = (number) => id('a', number);
const u = (number) => id('b', number);
const nobody = id('f', 0);
const hex = (of) => of.toHexString();

/** Rows of the join collection. */
const row = (todo, user) => ({ Todo_left_id: todo, User_right_id: user });

/**
 * What is in the database; what stops the migration, what it warns of and what it repairs, each as
 * relationship, part of the message and numbers (`…Of`: as relationships alone); what comes `after`
 * it, and what is `reconciled` and how, if that is anything else, and which links that `leaves` out.
 */
const CASES = {
  'nothing but nulls, empty arrays and fields that are not there': {
    todos: [
      { _id: t(1), leadAuthor: null, publisher: null, team: [], readers: [] },
      { _id: t(2) },
      { _id: t(3), leadAuthor: null, team: null, readers: null },
    ],
    users: [
      { _id: u(1), leadPost: null, published: [], task: null, readPosts: [], above: null },
      { _id: u(2), below: null, published: null, readPosts: null },
    ],
    after: {
      todos: [
        { _id: t(1), leadAuthor: null, publisher: null },
        { _id: t(2) },
        { _id: t(3), leadAuthor: null },
      ],
      users: [{ _id: u(1), task: null, above: null }, { _id: u(2) }],
    },
  },

  'nulls and duplicates in arrays: each link once, in the order of the array': {
    todos: [
      { _id: t(1), readers: [u(2), null, u(1), u(2), u(1), null] },
      { _id: t(2), team: [u(1), null, u(1)] },
    ],
    users: [
      { _id: u(1), readPosts: [t(1), t(1)], task: t(2) },
      { _id: u(2), readPosts: [t(1)] },
    ],
    warns: [
      [READERS, 'todos.readers holds nulls, duplicates', '1 (nulls: 2, duplicates: 2)'],
      [READERS, 'users.readPosts holds nulls, duplicates', '1 (duplicates: 1)'],
    ],
    after: {
      todos: [{ _id: t(1) }, { _id: t(2) }],
      users: [{ _id: u(1), task: t(2) }, { _id: u(2) }],
      rows: [row(t(1), u(2)), row(t(1), u(1))],
    },
  },

  'lone ids where an array should be count as arrays of one': {
    todos: [
      { _id: t(1), readers: u(1) },
      { _id: t(2), team: u(1) },
      { _id: t(3), publisher: u(1) },
    ],
    users: [{ _id: u(1), readPosts: t(1), published: t(3), task: t(2) }],
    warns: [
      [READERS, 'a single value in place of an array', '1 (lone: 1)'],
      [READERS, 'a single value in place of an array', '1 (lone: 1)'],
    ],
    after: {
      todos: [{ _id: t(1) }, { _id: t(2) }, { _id: t(3), publisher: u(1) }],
      users: [{ _id: u(1), task: t(2) }],
      rows: [row(t(1), u(1))],
    },
  },

  'ids of documents that are gone': {
    todos: [
      { _id: t(1), readers: [nobody, u(1)], leadAuthor: nobody, publisher: nobody, team: [nobody] },
    ],
    users: [
      {
        _id: u(1),
        readPosts: [nobody, t(1)],
        published: [nobody],
        leadPost: nobody,
        below: nobody,
      },
    ],
    warns: [
      [READERS, 'documents that users does not have', '1'],
      [READERS, 'documents that todos does not have', '1'],
    ],
    after: {
      todos: [{ _id: t(1), leadAuthor: nobody, publisher: nobody }],
      users: [{ _id: u(1) }],
      rows: [row(t(1), nobody), row(t(1), u(1))],
    },
    reconciled: {
      rows: [row(t(1), nobody), row(t(1), u(1)), row(nobody, u(1))],
    },
  },

  'N:N pairs on one side only': {
    todos: [{ _id: t(1), readers: [u(1)] }, { _id: t(2) }],
    users: [{ _id: u(1) }, { _id: u(2), readPosts: [t(1), t(2)] }],
    stops: [
      [READERS, 'todos.readers holds links that users.readPosts does not', '1'],
      [READERS, 'users.readPosts holds links that todos.readers does not', '2'],
    ],
    reconciled: {
      todos: [{ _id: t(1) }, { _id: t(2) }],
      users: [{ _id: u(1) }, { _id: u(2) }],
      rows: [row(t(1), u(1)), row(t(1), u(2)), row(t(2), u(2))],
    },
  },

  'ids as text': {
    todos: [
      {
        _id: t(1),
        readers: [hex(u(1)), u(2)],
        publisher: hex(u(1)),
        leadAuthor: hex(u(1)),
        team: hex(u(2)),
      },
    ],
    users: [
      {
        _id: u(1),
        readPosts: [hex(t(1))],
        published: [hex(t(1))],
        leadPost: hex(t(1)).toUpperCase(),
      },
      { _id: u(2), readPosts: [t(1)], task: hex(t(1)) },
    ],
    stopsOf: [LEAD, PUBLISHER, TEAM, READERS],
    reconciled: {
      todos: [{ _id: t(1), publisher: u(1), leadAuthor: u(1) }],
      users: [{ _id: u(1) }, { _id: u(2), task: t(1) }],
      rows: [row(t(1), u(1)), row(t(1), u(2))],
    },
    reconciles: [LEAD, PUBLISHER, TEAM].map((name) => [name, 'turning strings', 1]),
  },

  'something else where ids should be': {
    todos: [
      { _id: t(1), readers: ['nobody', 7, { id: u(1) }, u(1)] },
      { _id: t(2), leadAuthor: 'nobody' },
      { _id: t(3), publisher: 7 },
    ],
    users: [{ _id: u(1), readPosts: [t(1), 'x'.repeat(24)], leadPost: null, published: [] }],
    stops: [
      [READERS, 'todos.readers holds something that is not an ObjectId', '1'],
      [READERS, 'users.readPosts holds something that is not an ObjectId', '1'],
    ],
    stopsOf: [LEAD, PUBLISHER],
    // No Keystone sees a link in a field that stays, so what is there may stay as well.
    reconciled: {
      todos: [{ _id: t(1) }, { _id: t(2), leadAuthor: 'nobody' }, { _id: t(3), publisher: 7 }],
      users: [{ _id: u(1) }],
      rows: [row(t(1), u(1))],
    },
  },

  'documents with another _id that hold links': {
    todos: [
      { _id: 'one', readers: [u(1)] },
      { _id: 'two', readers: [null, u(1)] },
      { _id: 3, readers: u(1) },
      { _id: 4, readers: [null] },
      { _id: 5, readers: [] },
      { _id: 6, name: 'without' },
    ],
    users: [],
    stops: [[READERS, 'own _id is not an ObjectId', '3']],
    // There is no id that it could make of it.
    isHopeless: true,
  },

  '1:N known only to the side that goes': {
    todos: [{ _id: t(1) }, { _id: t(2), publisher: null, team: [u(1), u(2)] }],
    users: [
      { _id: u(1), published: [t(1), t(2)] },
      { _id: u(2), task: null },
    ],
    stops: [
      [PUBLISHER, 'links that only users.published holds would be lost', '2'],
      [TEAM, 'links that only todos.team holds would be lost', '2'],
    ],
    reconciled: {
      todos: [
        { _id: t(1), publisher: u(1) },
        { _id: t(2), publisher: u(1) },
      ],
      users: [
        { _id: u(1), task: t(2) },
        { _id: u(2), task: t(2) },
      ],
    },
    reconciles: [
      [PUBLISHER, 'adding links', 2],
      [TEAM, 'adding links', 2],
    ],
  },

  '1:N of which the side that goes says something else: the other wins': {
    todos: [{ _id: t(1), publisher: u(2) }, { _id: t(2), team: [u(1)] }, { _id: t(3) }],
    users: [{ _id: u(1), published: [t(1)], task: t(3) }, { _id: u(2) }],
    warnsOf: [PUBLISHER, TEAM],
    leaves: [
      [PUBLISHER, 'links in users.published are dropped', '1'],
      [TEAM, 'links in todos.team are dropped', '1'],
    ],
    after: {
      todos: [{ _id: t(1), publisher: u(2) }, { _id: t(2) }, { _id: t(3) }],
      users: [{ _id: u(1), task: t(3) }, { _id: u(2) }],
    },
  },

  '1:N with several candidates: the highest id is adopted': {
    todos: [{ _id: t(1) }],
    users: [1, 3, 2].map((number) => ({ _id: u(number), published: [t(1)] })),
    stops: [[PUBLISHER, 'would be lost', '3']],
    reconciled: {
      todos: [{ _id: t(1), publisher: u(3) }],
      users: [1, 2, 3].map((number) => ({ _id: u(number) })),
    },
    reconciles: [[PUBLISHER, 'adding links', 1]],
    leaves: [[PUBLISHER, 'links in users.published are dropped', '2']],
  },

  '1:1 known only to the side that goes': {
    todos: [{ _id: t(1) }, { _id: t(2), leadAuthor: null }],
    users: [
      { _id: u(1), leadPost: t(1) },
      { _id: u(2), leadPost: t(1) },
      { _id: u(3), leadPost: t(2), below: u(2) },
    ],
    stops: [
      [LEAD, 'links that only users.leadPost holds would be lost', '3'],
      [ABOVE, 'links that only users.below holds would be lost', '1'],
    ],
    reconciled: {
      todos: [
        { _id: t(1), leadAuthor: u(2) },
        { _id: t(2), leadAuthor: u(3) },
      ],
      users: [{ _id: u(1) }, { _id: u(2), above: u(3) }, { _id: u(3) }],
    },
    reconciles: [
      [LEAD, 'adding links', 2],
      [ABOVE, 'adding links', 1],
    ],
    leaves: [[LEAD, 'links in users.leadPost are dropped', '1']],
  },

  '1:1 of which the side that goes says something else: the other wins': {
    todos: [{ _id: t(1), leadAuthor: u(1) }],
    users: [{ _id: u(1) }, { _id: u(2), leadPost: t(1) }],
    warnsOf: [LEAD],
    leaves: [[LEAD, 'links in users.leadPost are dropped', '1']],
    after: { todos: [{ _id: t(1), leadAuthor: u(1) }], users: [{ _id: u(1) }, { _id: u(2) }] },
  },

  '1:1 held twice, of which the target names one: the others lose it': {
    todos: [1, 2, 3].map((number) => ({ _id: t(number), leadAuthor: u(1) })),
    users: [{ _id: u(1), leadPost: t(2) }],
    warns: [[LEAD, 'will be cleared', '2']],
    repairs: [[LEAD, 'clearing links', 2]],
    after: {
      todos: [
        { _id: t(1), leadAuthor: null },
        { _id: t(2), leadAuthor: u(1) },
        { _id: t(3), leadAuthor: null },
      ],
      users: [{ _id: u(1) }],
    },
  },

  '1:1 held twice, of which the target names none: the highest id keeps it': {
    todos: [1, 2, 3].map((number) => ({ _id: t(number), leadAuthor: u(1) })),
    users: [{ _id: u(1) }, { _id: u(2), above: u(1) }, { _id: u(3), above: u(1) }],
    stopsOf: [LEAD, ABOVE],
    reconciled: {
      todos: [
        { _id: t(1), leadAuthor: null },
        { _id: t(2), leadAuthor: null },
        { _id: t(3), leadAuthor: u(1) },
      ],
      users: [{ _id: u(1) }, { _id: u(2), above: null }, { _id: u(3), above: u(1) }],
    },
    reconciles: [
      [LEAD, 'clearing links', 2],
      [ABOVE, 'clearing links', 1],
    ],
  },

  '1:1 that would take over what another holds: it stays empty': {
    todos: [{ _id: t(1) }, { _id: t(2), leadAuthor: u(1) }],
    users: [{ _id: u(1), leadPost: t(1) }],
    stops: [[LEAD, 'would be lost', '1']],
    leaves: [[LEAD, 'links in users.leadPost are dropped', '1']],
    reconciled: { todos: [{ _id: t(1) }, { _id: t(2), leadAuthor: u(1) }], users: [{ _id: u(1) }] },
  },

  '1:1 in which one who is released adopts another': {
    todos: [
      { _id: t(1), leadAuthor: u(1) },
      { _id: t(2), leadAuthor: u(1) },
    ],
    users: [
      { _id: u(1), leadPost: t(1) },
      { _id: u(2), leadPost: t(2) },
    ],
    warnsOf: [LEAD],
    after: {
      todos: [
        { _id: t(1), leadAuthor: u(1) },
        { _id: t(2), leadAuthor: null },
      ],
      users: [{ _id: u(1) }, { _id: u(2) }],
    },
    reconciled: {
      todos: [
        { _id: t(1), leadAuthor: u(1) },
        { _id: t(2), leadAuthor: u(2) },
      ],
      users: [{ _id: u(1) }, { _id: u(2) }],
    },
    repairs: [[LEAD, 'clearing links', 1]],
    reconciles: [
      [LEAD, 'clearing links', 1],
      [LEAD, 'adding links', 1],
    ],
  },
};

const JOIN = 'todo_readers_user_readposts';
const INDEXES = [{ key: { _id: 1 }, name: '_id_' }];

let server;
let shell;
let scripts;
let relationships;
let databases = 0;

beforeAll(async () => {
  server = await startMongodb();
  shell = new Shell();
  const current = startKeystone('new', 'mongoose');
  try {
    const session = await current.open(KINDS, server.url('fresh'));
    relationships = await session.relationships();
    const plan = planUpgrade(await session.snapshot());
    await session.close();
    scripts = { up: plan.migration(), reconciling: plan.migration({ reconcile: true }) };
  } finally {
    await current.stop();
  }
});

afterAll(async () => {
  await shell?.stop();
  await server?.stop();
});

async function makeDatabase(documents) {
  const database = `data_${++databases}`;
  const collections = Object.entries(documents).map(([name, of]) => [
    name,
    { documents: of, indexes: INDEXES },
  ]);
  await server.write(database, Object.fromEntries(collections));
  return database;
}

async function stateOf(database) {
  const collections = await server.read(database);
  return documentsText(collections) + indexesText(collections);
}

/** What a run says: its warnings, or the lines of its error. */
function messagesOf(text, pattern) {
  return text
    .split('\n')
    .map((line) => pattern.exec(line))
    .filter(Boolean)
    .map(([, name, says, found]) => ({ name, says, found }));
}

const MESSAGE = String.raw`(.*? -> \S+): (.*)\. Found: (.*), such as .*`;
const warningsOf = ({ stdout }) => messagesOf(stdout, new RegExp(`^Warning: ${MESSAGE}$`));
const stopsOf = ({ stderr }) => messagesOf(stderr, new RegExp(`^(?:\\w*Error: )?${MESSAGE}$`));

/** Expects some messages of relationships, and any of others; none but of these. */
function expectMessages(found, expected = [], any = []) {
  const rest = found.filter(({ name }) => !any.includes(name));
  const told = (list) => list.map((line) => line.join(': ')).sort();
  expect(told(rest.map(({ name, found: numbers }) => [name, numbers]))).toEqual(
    told(expected.map(([name, , numbers]) => [name, numbers])),
  );
  for (const [name, part] of expected) {
    expect(rest.filter((it) => it.name === name).map(({ says }) => says)).toContainEqual(
      expect.stringContaining(part),
    );
  }
  for (const name of any) expect(found.map((it) => it.name)).toContain(name);
}

/** Expects what a run says to have repaired, no more and no less. */
function expectRepairs({ stdout }, expected = []) {
  const lines = stdout
    .split('\n')
    .filter((line) => / (?:clearing|adding|turning)\b.*: \d+$/.test(line));
  expect(lines).toHaveLength(expected.length);
  for (const [name, part, count] of expected) {
    const line = lines.find((it) => it.startsWith(`${name}: `) && it.includes(` ${part}`));
    expect([name, part, line]).toEqual([name, part, expect.stringMatching(`: ${count}$`)]);
  }
}

function expectDocuments(found, { todos, users, rows = [] }, options) {
  const text = (documents) => documentsText(normalized(documents, relationships, options));
  const placed = rows.map((it) => ({ ...it, __v: 0, _id: new ObjectId() }));
  const documents = Object.fromEntries(
    Object.entries(found).map(([name, collection]) => [name, collection.documents]),
  );
  expect(text(documents)).toBe(text({ todos, users, [JOIN]: placed }));
}

describe.each(Object.entries(CASES))('%s', (title, data) => {
  const {
    todos,
    users,
    stops = [],
    stopsOf: stopping = [],
    warns = [],
    warnsOf = [],
    after,
  } = data;
  const isStopped = stops.length + stopping.length > 0;

  test(isStopped ? 'stops' : 'is migrated', async () => {
    const database = await makeDatabase({ todos, users });
    const before = await stateOf(database);
    const outcome = await shell.run(server.url(database), scripts.up);
    if (isStopped) {
      expect(outcome.code).toBe(1);
      expectMessages(stopsOf(outcome), stops, stopping);
      expect(outcome.stderr).toContain('Nothing has been changed');
      expect(await stateOf(database)).toBe(before);
      return;
    }
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expectMessages(warningsOf(outcome), warns, warnsOf);
    expectRepairs(outcome, data.repairs);
    expectDocuments(await server.read(database), after);
  });

  test(data.isHopeless ? 'stops with reconcile too' : 'reconciled', async () => {
    const database = await makeDatabase({ todos, users });
    const before = await stateOf(database);
    const outcome = await shell.run(server.url(database), scripts.reconciling);
    if (data.isHopeless) {
      expect(outcome.code).toBe(1);
      expectMessages(stopsOf(outcome), stops, stopping);
      expect(await stateOf(database)).toBe(before);
      return;
    }
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expectRepairs(outcome, data.reconciles ?? data.repairs);
    const left = warningsOf(outcome).filter(({ says }) => says.includes('are dropped'));
    expectMessages(left, data.leaves);
    const expected = { ...after, ...data.reconciled };
    expectDocuments(await server.read(database), expected, { ordered: false });
  });
});

describe('a join collection', () => {
  const todos = [{ _id: t(1), readers: [u(1)] }];
  const users = [{ _id: u(1), readPosts: [t(1)] }];

  test('that holds some of the rows already stops it, whoever has written them', async () => {
    const rows = [{ _id: id('c', 1), ...row(t(2), u(1)) }];
    const database = await makeDatabase({ todos, users, [JOIN]: rows });
    const before = await stateOf(database);
    const { code, stderr } = await shell.run(server.url(database), scripts.up);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${JOIN} already holds links`)]);
    expect(stderr).toContain('Nothing has been changed');
    expect(await stateOf(database)).toBe(before);
  });

  test('that the new Keystone has made by starting early is filled', async () => {
    const database = await makeDatabase({ todos, users });
    const current = startKeystone('new', 'mongoose');
    try {
      await (await current.open(KINDS, server.url(database))).close();
    } finally {
      await current.stop();
    }
    expect(Object.keys(await server.read(database))).toContain(JOIN);
    const { code } = await shell.run(server.url(database), scripts.up);
    expect(code).toBe(0);
    const expected = { todos: [{ _id: t(1) }], users: [{ _id: u(1) }], rows: [row(t(1), u(1))] };
    expectDocuments(await server.read(database), expected);
  });
});

test('mongosh itself exits with 1 and says on stderr what is wrong', async () => {
  const { todos, users } = CASES['N:N pairs on one side only'];
  const database = await makeDatabase({ todos, users });
  const { code, stdout, stderr } = await runMongosh(server.url(database), scripts.up);
  expect(code).toBe(1);
  expect(stderr).toContain(READERS);
  expect(stdout).not.toContain('only todos.readers has');
});
