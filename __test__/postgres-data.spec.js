'use strict';

// Data whose two stored sides disagree, made by the old Keystone itself: the migration stops at it,
// or with `reconcile` repairs it by the rules of the README.

const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const {
  KINDS,
  READ_ALL,
  RELATIONSHIPS,
  disagreement,
  injustice,
  linksRead,
  readStored,
  settle,
} = require('../dev/postgres-data-model');
const { Random } = require('../dev/random');
const { inspect } = require('../lib/database/inspect');
const { asker } = require('../lib/database/postgres/check');
const { coreOf } = require('../lib/plan');

let old;
let current;
let plan;

beforeAll(async () => {
  old = startKeystone('old');
  current = startKeystone('new');
  const session = await current.open(KINDS);
  plan = planUpgrade(await session.snapshot());
  await session.close();
});

afterAll(async () => {
  if (old) await old.stop();
  if (current) await current.stop();
});

const mutation = (text) => ({ query: `mutation { ${text} { id } }` });
const named = (...names) => names.map((name) => ({ where: { name } }));

const [LEAD, PUBLISHER, TEAM, READERS, ABOVE] = RELATIONSHIPS.map(({ name }) => name);

/** The case that does most. */
const MOST = 'links made, released and deleted on both sides through GraphQL';

/**
 * What is done with the old Keystone; with which relationships it disagrees afterwards, in links that
 * only the kept and only the dropped side has; what the new Keystone reads after the repair, as
 * `[holder, target]`. Items have their ids in the order of creation.
 */
const CASES = {
  'empty tables': { steps: [], disagrees: {}, reads: {} },

  [MOST]: {
    steps: [
      ...['u1', 'u2', 'u3', 'u4'].map((name) => mutation(`createUser(data: { name: "${name}" })`)),
      mutation(
        'createTodo(data: { name: "t1", leadAuthor: { connect: { id: 1 } }, publisher: { connect: { id: 2 } }, team: { connect: [{ id: 3 }, { id: 4 }] }, readers: { connect: [{ id: 1 }, { id: 2 }] } })',
      ),
      mutation('createTodo(data: { name: "t2" })'),
      mutation(
        'createUser(data: { name: "u5", leadPost: { connect: { id: 2 } }, published: { connect: [{ id: 2 }] }, task: { connect: { id: 2 } }, readPosts: { create: [{ name: "t3" }] }, above: { connect: { id: 4 } } })',
      ),
      mutation('createUser(data: { name: "u6", below: { connect: { id: 1 } } })'),
      mutation('updateTodo(id: 2, data: { publisher: { disconnectAll: true } })'),
      mutation('updateTodo(id: 1, data: { readers: { disconnect: [{ id: 1 }] } })'),
      mutation('deleteUser(id: 3)'),
      mutation('deleteTodo(id: 2)'),
    ],
    disagrees: {},
    reads: {
      [LEAD]: [[1, 1]],
      [PUBLISHER]: [[1, 2]],
      [TEAM]: [[4, 1]],
      [READERS]: [
        [1, 2],
        [3, 5],
      ],
      [ABOVE]: [
        [1, 6],
        [5, 4],
      ],
    },
  },

  'createItems, naming the left side of each': {
    steps: [
      {
        createItems: {
          User: [{ name: 'u1' }],
          Todo: [
            {
              name: 't1',
              leadAuthor: { where: { name: 'u1' } },
              publisher: { where: { name: 'u1' } },
              team: named('u1'),
              readers: named('u1'),
            },
          ],
        },
      },
      { createItems: { User: [{ name: 'u2', above: { where: { name: 'u1' } } }] } },
    ],
    disagrees: {
      [LEAD]: [1, 0],
      [PUBLISHER]: [1, 0],
      [TEAM]: [0, 1],
      [READERS]: [1, 0],
      [ABOVE]: [1, 0],
    },
    reads: {
      [LEAD]: [[1, 1]],
      [PUBLISHER]: [[1, 1]],
      [TEAM]: [[1, 1]],
      [READERS]: [[1, 1]],
      [ABOVE]: [[2, 1]],
    },
  },

  'createItems, naming the right side of each': {
    steps: [
      { createItems: { Todo: [{ name: 't1' }] } },
      { createItems: { Todo: [{ name: 't2' }] } },
      {
        createItems: {
          User: [
            {
              name: 'u1',
              leadPost: { where: { name: 't1' } },
              published: named('t1', 't2'),
              task: { where: { name: 't2' } },
              readPosts: named('t1', 't2'),
            },
          ],
        },
      },
      { createItems: { User: [{ name: 'u2', below: { where: { name: 'u1' } } }] } },
    ],
    disagrees: {
      [LEAD]: [0, 1],
      [PUBLISHER]: [0, 2],
      [TEAM]: [1, 0],
      [READERS]: [0, 2],
      [ABOVE]: [0, 1],
    },
    reads: {
      [LEAD]: [[1, 1]],
      [PUBLISHER]: [
        [1, 1],
        [2, 1],
      ],
      [TEAM]: [[1, 2]],
      [READERS]: [
        [1, 1],
        [2, 1],
      ],
      [ABOVE]: [[1, 2]],
    },
  },

  'seeds of more than one candidate: the highest id is adopted': {
    steps: [
      { createItems: { Todo: [{ name: 't1' }] } },
      {
        createItems: {
          User: ['u1', 'u2', 'u3'].map((name) => ({
            name,
            leadPost: { where: { name: 't1' } },
            published: named('t1'),
          })),
        },
      },
    ],
    disagrees: { [LEAD]: [0, 3], [PUBLISHER]: [0, 3] },
    reads: { [LEAD]: [[1, 3]], [PUBLISHER]: [[1, 3]] },
  },

  'a 1:1 target seeded to several holders: the highest id keeps it': {
    steps: [
      { createItems: { User: [{ name: 'u1' }] } },
      {
        createItems: {
          Todo: ['t1', 't2', 't3'].map((name) => ({ name, leadAuthor: { where: { name: 'u1' } } })),
        },
      },
    ],
    disagrees: { [LEAD]: [3, 0] },
    reads: { [LEAD]: [[3, 1]] },
  },

  'a 1:1 target stolen on the kept side: the one that it names keeps it': {
    steps: [
      mutation('createTodo(data: { name: "t1" })'),
      mutation('createTodo(data: { name: "t2", leadAuthor: { create: { name: "u1" } } })'),
      mutation('updateTodo(id: 1, data: { leadAuthor: { connect: { id: 1 } } })'),
    ],
    disagrees: { [LEAD]: [1, 0] },
    reads: { [LEAD]: [[1, 1]] },
  },

  'a 1:1 target stolen on the dropped side': {
    steps: [
      mutation('createUser(data: { name: "u1" })'),
      mutation('createUser(data: { name: "u2", leadPost: { create: { name: "t1" } } })'),
      mutation('updateUser(id: 1, data: { leadPost: { connect: { id: 1 } } })'),
    ],
    disagrees: { [LEAD]: [0, 1] },
    reads: { [LEAD]: [[1, 1]] },
  },

  'a 1:1 within a list, stolen twice': {
    steps: [
      mutation('createUser(data: { name: "u1", above: { create: { name: "u2" } } })'),
      mutation('createUser(data: { name: "u3", above: { connect: { id: 1 } } })'),
      mutation('createUser(data: { name: "u4", above: { connect: { id: 1 } } })'),
    ],
    disagrees: { [ABOVE]: [2, 0] },
    reads: { [ABOVE]: [[4, 1]] },
  },

  'a 1:1 pointed elsewhere on the kept side': {
    steps: [
      mutation('createTodo(data: { name: "t1", leadAuthor: { create: { name: "u1" } } })'),
      mutation('updateTodo(id: 1, data: { leadAuthor: { create: { name: "u2" } } })'),
    ],
    disagrees: { [LEAD]: [0, 1] },
    reads: { [LEAD]: [[1, 2]] },
  },

  'a 1:1 pointed elsewhere on the dropped side': {
    steps: [
      mutation('createUser(data: { name: "u1", leadPost: { create: { name: "t1" } } })'),
      mutation('updateUser(id: 1, data: { leadPost: { create: { name: "t2" } } })'),
    ],
    disagrees: { [LEAD]: [1, 0] },
    reads: { [LEAD]: [[2, 1]] },
  },

  'a 1:N pointed elsewhere from its one side': {
    steps: [
      mutation('createTodo(data: { name: "t1", publisher: { create: { name: "u1" } } })'),
      mutation('updateTodo(id: 1, data: { publisher: { create: { name: "u2" } } })'),
      mutation('createUser(data: { name: "u3", task: { connect: { id: 1 } } })'),
      mutation('updateUser(id: 3, data: { task: { create: { name: "t2" } } })'),
    ],
    disagrees: { [PUBLISHER]: [0, 1], [TEAM]: [0, 1] },
    reads: { [PUBLISHER]: [[1, 2]], [TEAM]: [[3, 2]] },
  },

  'a 1:N pointed elsewhere from its many side': {
    steps: [
      mutation('createTodo(data: { name: "t1", publisher: { create: { name: "u1" } } })'),
      mutation('createUser(data: { name: "u2", published: { connect: [{ id: 1 }] } })'),
    ],
    disagrees: { [PUBLISHER]: [0, 1] },
    reads: { [PUBLISHER]: [[1, 2]] },
  },

  'links connected twice at once': {
    steps: [
      mutation('createUser(data: { name: "u1" })'),
      mutation(
        'createTodo(data: { name: "t1", readers: { connect: [{ id: 1 }, { id: 1 }] }, team: { connect: [{ id: 1 }, { id: 1 }] } })',
      ),
      mutation(
        'createUser(data: { name: "u2", readPosts: { connect: [{ id: 1 }, { id: 1 }] }, published: { connect: [{ id: 1 }, { id: 1 }] } })',
      ),
    ],
    disagrees: {},
    reads: {
      [PUBLISHER]: [[1, 2]],
      [TEAM]: [[1, 1]],
      // The kept table has the first pair twice, and the old Keystone reads it twice as well.
      [READERS]: [
        [1, 1],
        [1, 1],
        [1, 2],
      ],
    },
  },

  'many updates of the same items at once': {
    steps: [
      ...['t1', 't2', 't3'].map((name) => mutation(`createTodo(data: { name: "${name}" })`)),
      ...['u1', 'u2', 'u3'].map((name) => mutation(`createUser(data: { name: "${name}" })`)),
      {
        together: [1, 2, 3, 1, 2, 3].flatMap((user, index) => {
          const todo = 1 + ((user + index) % 3);
          return [
            `mutation { updateTodo(id: ${todo}, data: { leadAuthor: { connect: { id: ${user} } }, publisher: { connect: { id: ${user} } }, readers: { connect: [{ id: ${user} }] } }) { id } }`,
            `mutation { updateUser(id: ${user}, data: { leadPost: { connect: { id: ${4 - todo} } }, task: { connect: { id: ${todo} } }, above: { connect: { id: ${todo} } } }) { id } }`,
          ];
        }),
      },
    ],
    // Chance decides who wins: the rule alone says what has to come of it.
    disagrees: undefined,
    reads: undefined,
  },
};

/** The notices for a relationship, by the numbers that the rule gives. */
function noticesOf({ name, kept, dropped }, { adopted, released, leftOut }) {
  const links = (number) => `${number} link${number === 1 ? '' : 's'}`;
  return [
    adopted > 0 && `${name}: added ${links(adopted)} that only ${dropped.name} had`,
    released > 0 &&
      `${name}: cleared ${links(released)} in ${kept.name} whose target is linked elsewhere`,
    leftOut > 0 &&
      `${name}: dropped ${links(leftOut)} in ${dropped.name} that ${kept.name} contradicts`,
  ].filter(Boolean);
}

/** Expects the error that names every relationship that disagrees, each on a line. */
function expectStop({ error, notices }, stored) {
  const sides = RELATIONSHIPS.map((each) => ({ ...each, ...disagreement(stored[each.name]) }));
  const bad = sides.filter(({ onlyKept, onlyDropped }) => onlyKept.length + onlyDropped.length);
  const lines = error.message.split('\n');
  const named = lines.map((line) => bad.findIndex(({ name }) => line.startsWith(`${name}: `)));
  expect([error.message, [...named].sort()]).toEqual([error.message, [...bad.keys()]]);
  for (const [at, line] of lines.entries()) {
    const { kept, dropped, onlyKept, onlyDropped, reversed } = bad[named[at]];
    expect(line).toContain(
      `Links that only ${kept.name} has: ${onlyKept.length}; that only ${dropped.name} has: ${onlyDropped.length}. `,
    );
    const shown = (links, place) =>
      links.map(
        (link) => `(${(reversed ? [...link].reverse() : link).join(', ')}) only in ${place}`,
      );
    const all = [...shown(onlyKept, kept.name), ...shown(onlyDropped, dropped.name)];
    const examples = line.split('For example (left id, right id): ')[1].split(/, (?=\()/);
    expect(examples).toHaveLength(Math.min(all.length, 5));
    expect(all).toEqual(expect.arrayContaining(examples));
  }
  expect(error.hint).toContain('--reconcile');
  expect(error.hint).toContain('Nothing has been changed');
  expect(notices).toEqual([]);
}

describe.each(postgresVersions())('PostgreSQL %s', (version) => {
  let server;

  beforeAll(async () => {
    server = await startPostgres(version);
    await server.createDatabase('old');
    await within(old, 'old', (session) => session.createSchema());
  });

  afterAll(() => server && server.stop());

  const stateOf = async (database) => [
    await server.schemaOf(database),
    await server.rowsOf(database),
  ];

  async function storedIn(database) {
    const client = await server.connect(database);
    try {
      return await readStored(async (sql) => (await client.query(sql)).rows);
    } finally {
      await client.end();
    }
  }

  /** Gives `use` a Keystone that is connected to a database. */
  async function within(keystone, database, use) {
    const session = await keystone.open(KINDS, server.url(database));
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  /** A database of the old Keystone in which the steps have been taken. */
  async function makeDatabase(database, steps) {
    await server.createDatabase(database, 'old');
    await within(old, database, async (session) => {
      for (const { createItems, query, together } of steps) {
        if (createItems) await session.createItems(createItems);
        if (query) await session.query(query);
        // Some of them may fail: that is of no interest.
        if (together) await Promise.allSettled(together.map((each) => session.query(each)));
      }
    });
  }

  /** What the new Keystone reads, each link being seen the same from both sides. */
  async function readNew(database) {
    const data = await within(current, database, (session) => session.query(READ_ALL));
    const read = Object.entries(linksRead(data));
    for (const [name, { fromHolder, fromTarget }] of read) {
      expect([name, fromTarget]).toEqual([name, fromHolder]);
    }
    return Object.fromEntries(read.map(([name, { fromHolder }]) => [name, fromHolder]));
  }

  // What Keystone itself has written is the same on each of them, and so is the rule.
  const cases = version === postgresVersions().at(-1) ? CASES : { [MOST]: CASES[MOST] };
  describe.each(Object.entries(cases))('%s', (title, { steps, disagrees, reads }) => {
    const database = `case ${Object.keys(CASES).indexOf(title)}`;
    let stored;
    let isAgreed;

    beforeAll(async () => {
      await makeDatabase(database, steps);
      stored = await storedIn(database);
      const apart = Object.entries(stored).map(([name, sides]) => {
        const { onlyKept, onlyDropped } = disagreement(sides);
        return [name, [onlyKept.length, onlyDropped.length]];
      });
      const all = Object.fromEntries(apart.filter(([, [a, b]]) => a + b > 0));
      if (disagrees) expect(all).toEqual(disagrees);
      isAgreed = Object.keys(all).length === 0;
    });

    it('migrates where both sides agree, and stops with nothing changed where not', async () => {
      const copy = `${database} copy`;
      await server.createDatabase(copy, database);
      const before = await stateOf(copy);
      const result = await server.runScript(copy, plan.migration());
      if (isAgreed) {
        expect(result).toEqual({ error: null, notices: [] });
        expect(await readNew(copy)).toEqual(settled(stored));
      } else {
        expectStop(result, stored);
        expect(await stateOf(copy)).toEqual(before);
      }
    });

    it('repairs by the rule what it says in its notices', async () => {
      const { error, notices } = await server.runScript(
        database,
        plan.migration({ reconcile: true }),
      );
      expect(error).toBe(null);
      const expected = RELATIONSHIPS.flatMap((each) =>
        noticesOf(each, settle(each.kind, stored[each.name])),
      );
      expect([...notices].sort()).toEqual(expected.sort());
      const read = await readNew(database);
      expect(read).toEqual(settled(stored));
      const none = Object.fromEntries(RELATIONSHIPS.map(({ name }) => [name, []]));
      if (reads) expect(read).toEqual({ ...none, ...reads });
    });
  });

  it('repairs random disagreement by the rule, losing and inventing nothing', async () => {
    const seed = Number(process.env.TEST_SEED ?? 1);
    const rounds = 15;
    for (let round = 0; round < rounds; round++) {
      const at = `TEST_SEED=${seed}, round ${round}`;
      const database = `random ${round}`;
      await server.createDatabase(database, 'old');
      await server.runScript(database, randomRows(new Random(seed + round)));
      const stored = await storedIn(database);
      const before = await server.rowsOf(database);

      const stopped = await server.runScript(database, plan.migration());
      const apart = Object.values(stored).some((sides) => {
        const { onlyKept, onlyDropped } = disagreement(sides);
        return onlyKept.length + onlyDropped.length > 0;
      });
      expect([at, stopped.error !== null]).toEqual([at, apart]);
      if (apart) {
        expectStop(stopped, stored);
        expect([at, await server.rowsOf(database)]).toEqual([at, before]);
        await expectPreview(at, database, stored);
        const repaired = await server.runScript(database, plan.migration({ reconcile: true }));
        expect([at, repaired.error]).toEqual([at, null]);
        const notices = RELATIONSHIPS.flatMap((each) =>
          noticesOf(each, settle(each.kind, stored[each.name])),
        );
        expect([at, ...[...repaired.notices].sort()]).toEqual([at, ...notices.sort()]);
      }
      const after = await readKept(database);
      expect([at, after]).toEqual([at, settled(stored)]);
      for (const { name, kind } of RELATIONSHIPS) {
        expect([at, name, injustice(kind, stored[name], after[name])]).toEqual([
          at,
          name,
          { lost: [], invented: [], doubled: [] },
        ]);
      }
      await server.dropDatabase(database);
    }
  });

  /** That `--check --reconcile` says what the repair is going to do. */
  async function expectPreview(at, database, stored) {
    const query = (sql) => server.query(database, sql);
    const core = coreOf(plan).inspect({ reconcile: true });
    const { relationships, warnings, isReady } = await inspect(core, asker({ query }));
    expect([at, isReady]).toEqual([at, true]);
    const repaired = [];
    for (const { name, kind, reversed, ...sides } of RELATIONSHIPS) {
      const { links, adopted, released, leftOut } = settle(kind, stored[name]);
      const { relationship, reconcile } = relationships.find((it) => it.name === name);
      const kept = disagreement(stored[name]).onlyKept.length - released;
      const expected = { added: adopted, cleared: released, dropped: leftOut, kept };
      const count = adopted + released + leftOut;
      // Whatever stops a migration that does not reconcile is said.
      if (count + kept > 0) repaired.push(relationship);
      else expect([at, name, reconcile]).toEqual([at, name, undefined]);
      const nothing = { added: 0, cleared: 0, dropped: 0, kept: 0 };
      const { examples = [], ...counts } = reconcile || nothing;
      expect([at, name, counts]).toEqual([at, name, expected]);
      expect([at, name, examples.length]).toEqual([at, name, Math.min(count, 5)]);
      // What is left out is shown first, with what stands against it.
      const shown = examples.filter(({ action }) => action === 'dropped');
      expect([at, name, shown.length]).toEqual([at, name, Math.min(leftOut, 5)]);
      const pair = ({ left, right }) => (reversed ? [right, left] : [left, right]).map(Number);
      for (const example of examples) {
        const { action, place, instead } = example;
        const side = action === 'cleared' ? sides.kept : sides.dropped;
        expect([at, name, place]).toEqual([at, name, side.name]);
        expect(stored[name][action === 'cleared' ? 'kept' : 'dropped']).toContainEqual(
          pair(example),
        );
        expect([at, name, instead.length > 0]).toEqual([at, name, action !== 'added']);
        instead.forEach((link) => expect(links).toContainEqual(pair(link)));
      }
    }
    expect([at, warnings.map((it) => it.relationship)]).toEqual([at, repaired.sort()]);
  }

  /** The links of the new schema, straight from its tables. */
  async function readKept(database) {
    const links = {};
    for (const { name, kind, kept } of RELATIONSHIPS) {
      const { table, holder, target } =
        kind === 'N:N'
          ? {
              table: 'Todo_readers_User_readPosts',
              holder: 'Todo_left_id',
              target: 'User_right_id',
            }
          : kept;
      const rows = await server.query(
        database,
        `SELECT "${holder}" AS holder, "${target}" AS target FROM "${table}" WHERE "${target}" IS NOT NULL ORDER BY 1, 2`,
      );
      links[name] = rows.map((row) => [row.holder, row.target]);
    }
    return links;
  }
});

const settled = (stored) =>
  Object.fromEntries(
    RELATIONSHIPS.map(({ name, kind }) => [name, settle(kind, stored[name]).links]),
  );

/** SQL for a few items, of which each stored side has links of its own. */
function randomRows(random) {
  const integer = (from, to) => random.integer(from, to);
  const chance = (probability) => random.chance(probability);
  const items = { Todo: integer(0, 7), User: integer(1, 7) };
  const ids = (list) => Array.from({ length: items[list] }, (_, index) => index + 1);
  const inserts = Object.keys(items).flatMap((list) =>
    ids(list).map((id) => `INSERT INTO "${list}" (id, name) VALUES (${id}, '${list} ${id}');`),
  );
  // From hardly any link to nearly all, and from sides that agree to sides that know nothing of
  // each other.
  const density = chance(0.2) ? 1 : integer(1, 9) / 10;
  const discord = chance(0.2) ? 0 : integer(1, 10) / 10;
  const links = RELATIONSHIPS.flatMap(({ kind, kept, dropped, fields: [[holders], [targets]] }) => {
    if (kind === 'N:N') {
      const pairs = ids(holders).flatMap((holder) =>
        ids(targets).map((target) => [holder, target]),
      );
      const chosen = pairs.filter(() => chance(density));
      const sideOf = (side) =>
        chosen
          .filter(() => !chance(discord / 2))
          .flatMap((pair) => (chance(0.1) ? [pair, pair] : [pair]))
          .map((pair) => insert(side, pair));
      return [...sideOf(kept), ...sideOf(dropped)];
    }
    if (ids(targets).length === 0) return [];
    const pick = () => integer(1, items[targets]);
    const left = ids(holders)
      .filter(() => chance(density))
      .map((holder) => [holder, pick()]);
    const agreed =
      kind === '1:1' && chance(0.5)
        ? left.filter(([, target], index) => left.findIndex((link) => link[1] === target) === index)
        : left;
    const sql = agreed.map((pair) => update(kept, pair));
    if (kind === '1:1') {
      const names = new Map(agreed.map(([holder, target]) => [target, holder]));
      for (const target of ids(targets)) {
        if (ids(holders).length === 0 || !chance(discord)) continue;
        const rivals = agreed.filter((link) => link[1] === target).map(([holder]) => holder);
        const candidates = rivals.length > 1 && chance(0.7) ? rivals : [null, ...ids(holders)];
        names.set(target, random.pick(candidates));
      }
      return [
        ...sql,
        ...[...names]
          .filter(([, holder]) => holder !== null)
          .map(([target, holder]) => update(flipped(dropped), [target, holder])),
      ];
    }
    // Several for one holder, who may have none of its own.
    const others = ids(holders)
      .flatMap((holder) => ids(targets).map((target) => [holder, target]))
      .filter(() => chance(discord / 3));
    const same = agreed.filter(() => !chance(discord / 2));
    return [...sql, ...[...same, ...others].map((pair) => insert(dropped, pair))];
  });
  return [...inserts, ...links].join('\n');
}

const insert = ({ table, holder, target }, [from, to]) =>
  `INSERT INTO "${table}" ("${holder}", "${target}") VALUES (${from}, ${to});`;
const update = ({ table, target }, [id, to]) =>
  `UPDATE "${table}" SET "${target}" = ${to} WHERE id = ${id};`;
const flipped = ({ table, holder, target }) => ({ table, holder: target, target: holder });
