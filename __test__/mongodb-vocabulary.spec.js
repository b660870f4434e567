'use strict';

// The vocabulary of a migration on MongoDB, piece by piece: what counts as an id, what each check
// finds, and that a script for mongosh can hold it. What a whole migration makes of documents is for
// the other specs.

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { Linter } = require('eslint');
const { planUpgrade } = require('..');
const { newKeystone } = require('../dev/keystones');
const { driver, startMongodb } = require('../dev/mongodb');
const { buildKeystone, loadScenario } = require('../dev/scenario');
const { partsOf } = require('../lib/database/mongodb/vocabulary');

const UP = { direction: 'up', reconcile: false };
const RECONCILING = { direction: 'up', reconcile: true };
const DOWN = { direction: 'down', reconcile: false };

const array = (collection, field) => ({ collection, field, many: true });
const single = (collection, field) => ({ collection, field });

const MANY_TO_MANY = {
  kind: 'twoSidedManyToMany',
  name: 'Post.tags -> Tag.posts',
  left: array('posts', 'tags'),
  right: array('tags', 'posts'),
  join: { collection: 'post_tags', left: 'Post_left_id', right: 'Tag_right_id' },
};
const ONE_SIDED = { ...MANY_TO_MANY, kind: 'oneSidedManyToMany', right: { collection: 'tags' } };
const ONE_TO_MANY = {
  kind: 'twoSidedOneToMany',
  name: 'Post.tag -> Tag.posts',
  left: single('posts', 'tag'),
  right: array('tags', 'posts'),
};
const ONE_TO_ONE = {
  kind: 'twoSidedOneToOne',
  name: 'Post.tag -> Tag.post',
  left: single('posts', 'tag'),
  right: single('tags', 'post'),
};
const ALL = [ONE_SIDED, MANY_TO_MANY, ONE_TO_MANY, ONE_TO_ONE];

const { ObjectId } = driver();
const [p1, p2, t1, t2] = ['a1', 'a2', 'b1', 'b2'].map((end) => new ObjectId('0'.repeat(22) + end));

let server;
let db;

beforeAll(async () => {
  server = await startMongodb();
});

afterAll(() => server?.stop());

beforeEach(async () => {
  db = server.database('vocabulary');
  await db.dropDatabase();
});

const fill = async (documents) => {
  for (const [name, some] of Object.entries(documents)) await db.collection(name).insertMany(some);
};

const results = async ({ aggregate, pipeline }) =>
  db.collection(aggregate).aggregate(pipeline).toArray();

/** What the checks of a relationship find: the numbers of findings, by the beginning of what they say. */
async function findings(migration, relationship, list = 'checks') {
  const found = [];
  for (const { says, stops, run } of partsOf(migration, relationship)[list]) {
    const { length } = await results(run);
    if (length > 0) found.push([stops ? 'stops' : 'warns', length, says.split(': ')[1]]);
  }
  return found;
}

const containing = (...found) =>
  found.map(([how, count, text]) => [how, count, expect.stringContaining(text)]);

describe('ids', () => {
  const values = {
    'an ObjectId': [t1, [t1]],
    'an array': [
      [t1, t2, t1],
      [t1, t2],
    ],
    null: [null, []],
    'nulls in an array': [[null, t1, null], [t1]],
    'an empty array': [[], []],
    'a number': [7, []],
    'text that is an id': [String(t1), [], [t1]],
    'text that is not': ['x'.repeat(24), []],
    'texts in an array': [[String(t2), 'x', t1], [t1], [t2, t1]],
    'an object': [{ id: t1 }, []],
  };

  test.each(Object.entries(values))('%s', async (_, [value, exact, lenient = exact]) => {
    await fill({ posts: [{ _id: p1, tags: value }, { _id: p2 }] });
    for (const [migration, ids] of [
      [UP, exact],
      [RECONCILING, lenient],
    ]) {
      const [{ run, count }] = partsOf(migration, ONE_SIDED).copies;
      const copied = await results(run);
      expect(copied).toEqual(ids.map((id) => ({ Post_left_id: p1, Tag_right_id: id, __v: 0 })));
      // By another formula.
      expect(await results(count)).toMatchObject([{ n: ids.length }]);
    }
  });
});

describe('the checks', () => {
  test('find nothing where the sides agree', async () => {
    await fill({
      posts: [{ _id: p1, tags: [t1, t2], tag: t1 }, { _id: p2 }],
      tags: [
        { _id: t1, posts: [p1], post: p1 },
        { _id: t2, posts: [p1] },
      ],
    });
    for (const relationship of [ONE_SIDED, MANY_TO_MANY, ONE_TO_ONE]) {
      for (const migration of [UP, RECONCILING]) {
        expect(await findings(migration, relationship)).toEqual([]);
      }
    }
  });

  test('of what is not an id', async () => {
    await fill({ posts: [{ _id: p1, tags: ['x', { a: 1 }], tag: 7 }] });
    const wrong = (field) => `posts.${field} holds something that is not an ObjectId`;
    expect(await findings(UP, ONE_SIDED)).toEqual(containing(['stops', 1, wrong('tags')]));
    expect(await findings(UP, ONE_TO_ONE)).toEqual(containing(['stops', 1, wrong('tag')]));
    expect(await findings(RECONCILING, ONE_SIDED)).toEqual(containing(['warns', 1, wrong('tags')]));
  });

  test('of links that one array has', async () => {
    await fill({
      posts: [{ _id: p1, tags: [t1] }, { _id: p2 }],
      tags: [{ _id: t1 }, { _id: t2, posts: [p1, p2] }],
    });
    const messages = [
      'posts.tags holds links that tags.posts does not',
      'tags.posts holds links that posts.tags does not',
    ];
    for (const [migration, how] of [
      [UP, 'stops'],
      [RECONCILING, 'warns'],
    ]) {
      expect(await findings(migration, MANY_TO_MANY)).toEqual(
        containing([how, 1, messages[0]], [how, 2, messages[1]]),
      );
    }
  });

  test('of links that would be lost, and of stale ones', async () => {
    await fill({
      posts: [{ _id: p1, tag: t1 }, { _id: p2 }],
      tags: [
        { _id: t1, posts: [p2] },
        { _id: t2, posts: [p1] },
      ],
    });
    expect(await findings(UP, ONE_TO_MANY)).toEqual(
      containing(
        ['stops', 1, 'links that only tags.posts holds would be lost'],
        ['warns', 1, 'tags.posts holds links that posts.tag contradicts'],
        ['warns', 1, 'only posts.tag holds these links'],
      ),
    );
  });

  test('of a 1:1 item to which two link', async () => {
    await fill({
      posts: [
        { _id: p1, tag: t1 },
        { _id: p2, tag: t1 },
      ],
      tags: [{ _id: t1 }],
    });
    const settled = 'several documents link to the same item in posts.tag';
    const only = 'only posts.tag holds these links';
    expect(await findings(UP, ONE_TO_ONE)).toEqual(
      containing(['warns', 2, only], ['stops', 1, settled]),
    );
    // The one that it names keeps it.
    await db.collection('tags').updateOne({ _id: t1 }, { $set: { post: p1 } });
    expect(await findings(UP, ONE_TO_ONE)).toEqual(
      containing(['warns', 1, 'links in posts.tag will be cleared']),
    );
    const [clear] = partsOf(UP, ONE_TO_ONE).repairs;
    expect(await results(clear.run)).toEqual([{ _id: p2 }]);
  });

  test('of documents whose own _id is not an ObjectId, if they hold links', async () => {
    await fill({
      posts: [{ _id: 'x', tags: [t1] }, { _id: 'y', tags: [null] }, { _id: 'z' }],
      tags: [{ _id: t1 }],
    });
    const found = await findings(UP, ONE_SIDED);
    expect(found.filter(([how]) => how === 'stops')).toEqual(
      containing(['stops', 1, 'documents of posts hold links in tags']),
    );
  });

  test('of nulls, duplicates and single values, each with its number', async () => {
    await fill({
      posts: [
        { _id: p1, tags: [null, t1, t1, t1] },
        { _id: p2, tags: t1 },
      ],
    });
    const { run, sums, stops } = partsOf(UP, ONE_SIDED).checks.find((it) => it.sums);
    expect([stops, sums]).toEqual([false, ['nulls', 'duplicates', 'lone']]);
    expect(await results(run)).toEqual([
      { _id: p1, nulls: 1, duplicates: 2, lone: 0 },
      { _id: p2, nulls: 0, duplicates: 0, lone: 1 },
    ]);
  });

  test('of ids of documents that are gone', async () => {
    await fill({ posts: [{ _id: p1, tags: [t1, t2] }], tags: [{ _id: t1, posts: [p1] }] });
    const gone = 'posts.tags holds ids of documents that tags does not have';
    for (const relationship of [ONE_SIDED, MANY_TO_MANY]) {
      expect(await findings(UP, relationship)).toEqual(containing(['warns', 1, gone]));
    }
  });

  test('after the copy, of links that came later', async () => {
    await fill({
      posts: [{ _id: p1, tags: [t1, t2] }],
      tags: [{ _id: t1, posts: [p1] }, { _id: t2 }],
      post_tags: [{ Post_left_id: p1, Tag_right_id: t1 }],
    });
    expect(await findings(UP, MANY_TO_MANY, 'guards')).toEqual(
      containing(['stops', 1, 'posts.tags holds links that post_tags does not']),
    );
    const joined = { ...MANY_TO_MANY, isJoined: true };
    expect(await findings(UP, joined)).toEqual(
      containing(['stops', 1, 'posts.tags holds links that post_tags does not, though']),
    );
  });

  test('on the way back, of links that would be overwritten', async () => {
    await fill({
      posts: [{ _id: p1, tags: [t1, t2] }],
      tags: [{ _id: t1, posts: [p1] }, { _id: t2 }],
      post_tags: [{ Post_left_id: p1, Tag_right_id: t1 }],
    });
    expect(await findings(DOWN, MANY_TO_MANY)).toEqual(
      containing(['stops', 1, 'posts.tags holds links that post_tags does not']),
    );
    expect(await findings(DOWN, ONE_TO_MANY)).toEqual(
      containing(['stops', 1, 'tags.posts holds links that posts.tag does not']),
    );
  });
});

describe('with --reconcile', () => {
  const repairsOf = async (relationship) => {
    const all = [];
    for (const { run } of partsOf(RECONCILING, relationship).repairs) all.push(await results(run));
    return all;
  };

  test('both arrays are copied, each link once, those of the left one in its order', async () => {
    await fill({
      posts: [{ _id: p1, tags: [t2, t1] }, { _id: p2 }],
      tags: [
        { _id: t1, posts: [p2, p1] },
        { _id: t2, posts: [p1] },
      ],
    });
    const [{ run, count }] = partsOf(RECONCILING, MANY_TO_MANY).copies;
    expect((await results(run)).map((it) => [it.Post_left_id, it.Tag_right_id])).toEqual([
      [p1, t2],
      [p1, t1],
      [p2, t1],
    ]);
    expect(await results(count)).toMatchObject([{ n: 3 }]);
  });

  test('text becomes ids, and fields without an id adopt the highest', async () => {
    await fill({
      posts: [{ _id: p1, tag: String(t1) }, { _id: p2 }],
      tags: [
        { _id: t1, posts: [p2] },
        { _id: t2, posts: [p2] },
      ],
    });
    const [text, adopted] = await repairsOf(ONE_TO_MANY);
    expect(text).toEqual([{ _id: p1, tag: t1 }]);
    expect(adopted).toEqual([{ _id: p2, tag: t2 }]);
  });

  test('the kept side decides where it holds an id, and what is left out is a warning', async () => {
    await fill({ posts: [{ _id: p1, tag: t1 }], tags: [{ _id: t1 }, { _id: t2, posts: [p1] }] });
    expect(await repairsOf(ONE_TO_MANY)).toEqual([[], []]);
    expect(await findings(RECONCILING, ONE_TO_MANY, 'leftovers')).toEqual(
      containing(['warns', 1, 'links in tags.posts are dropped']),
    );
  });

  test('of a 1:1 item to which two link, the one that it names keeps it, else the highest', async () => {
    await fill({
      posts: [
        { _id: p1, tag: t1 },
        { _id: p2, tag: t1 },
      ],
      tags: [{ _id: t1 }],
    });
    for (const [post, loser] of [
      [null, p1],
      [p1, p2],
      [p2, p1],
    ]) {
      await db.collection('tags').updateOne({ _id: t1 }, { $set: { post } });
      const [, cleared] = await repairsOf(ONE_TO_ONE);
      expect([post, cleared]).toEqual([post, [{ _id: loser }]]);
    }
    // It is to do although no right field is left.
    await db.collection('tags').updateOne({ _id: t1 }, { $unset: { post: 1 } });
    const shared = partsOf(UP, ONE_TO_ONE).pending.find(({ aggregate }) => aggregate);
    expect(await results(shared)).toHaveLength(1);
  });

  test('a 1:1 field adopts no item that another document holds', async () => {
    await fill({
      posts: [{ _id: p1, tag: t1 }, { _id: p2 }],
      tags: [
        { _id: t1, post: p2 },
        { _id: t2, post: p1 },
      ],
    });
    expect(await repairsOf(ONE_TO_ONE)).toEqual([[], [], []]);
    await db.collection('tags').updateOne({ _id: t2 }, { $set: { post: p2 } });
    const [, , adopted] = await repairsOf(ONE_TO_ONE);
    expect(adopted).toEqual([{ _id: p2, tag: t2 }]);
  });
});

describe('every kind in every direction', () => {
  const each = ALL.flatMap((relationship) =>
    Object.entries({ up: UP, reconciling: RECONCILING, down: DOWN }).map(([name, migration]) => [
      `${relationship.kind}, ${name}`,
      migration,
      relationship,
    ]),
  );

  test.each(each)('%s', (_, migration, relationship) => {
    const parts = partsOf(migration, relationship);
    // There is a way to know that it is to be done, and it removes or fills something.
    expect(parts.pending.length).toBeGreaterThan(0);
    expect([...parts.removals, ...parts.copies].length).toBeGreaterThan(0);
    // A removal has checks before it, and where a run was stopped in the midst of removals, guards.
    if (parts.removals.length > 0) expect(parts.checks.length).toBeGreaterThan(0);
    if (migration === UP) expect(parts.guards.length).toBeGreaterThan(0);
    // The same each time, of names alone.
    expect(partsOf(migration, relationship)).toEqual(parts);
    expect(JSON.parse(JSON.stringify(parts))).toEqual(parts);
    for (const { says } of [...parts.checks, ...parts.copies, ...parts.removals]) {
      expect(says).toMatch(/^\w+\.\w+ -> \w+(\.\w+)?: .*[^.]$/);
    }
  });

  test.each(each)(
    '%s: a document, whose array may be long, is looked up once',
    (_, migration, it) => {
      const { checks, counts } = partsOf(migration, it);
      let found = 0;
      for (const { run } of [...checks, ...counts]) {
        let isGrouped = false;
        for (const stage of run.pipeline) {
          isGrouped = isGrouped || '$group' in stage;
          // What a join collection lacks is looked up link by link.
          isGrouped = isGrouped || ('$lookup' in stage && stage.$lookup.foreignField !== '_id');
          if (stage.$lookup?.foreignField !== '_id') continue;
          found++;
          expect([run, isGrouped]).toEqual([run, true]);
        }
      }
      expect(found).toBeGreaterThan(0);
    },
  );

  test.each(ALL.map((it) => [it.kind, it]))(
    '%s: on the way back, the index of _id gives the order of the links',
    (_, relationship) => {
      const { copies } = partsOf(DOWN, relationship);
      expect(copies.length).toBeGreaterThan(0);
      for (const { run } of copies) {
        expect(run.pipeline.slice(0, 2).map(Object.keys)).toEqual([['$match'], ['$sort']]);
        expect(run.pipeline[1]).toEqual({ $sort: { _id: 1 } });
      }
    },
  );

  test('are functions for each direction', () => {
    expect(() => partsOf(UP, { ...ONE_SIDED, kind: 'another' })).toThrow(TypeError);
  });
});

test('the old shell gets to the line that says what a script needs', () => {
  const keystone = buildKeystone(loadScenario('guide'), {
    modules: newKeystone(),
    adapter: 'mongoose',
  });
  const script = planUpgrade(keystone, { resolveFrom: [newKeystone()] }).migration();
  // What the shell of MongoDB 4.2 understands. It reads the whole file before it runs any of it.
  const languageOptions = { ecmaVersion: 2018, sourceType: 'script' };
  expect(new Linter().verify(script, { languageOptions })).toEqual([]);
  const printed = [];
  const quit = (code) => {
    throw new Error(`quit ${code}`);
  };
  const shell = { print: (line) => printed.push(line), quit, db: { getName: () => 'blog' } };
  expect(() => vm.runInNewContext(script, shell)).toThrow('quit 1');
  expect(printed).toEqual([expect.stringContaining('This script needs mongosh')]);
});

test('what a script for mongosh declares hides nothing of the shell', () => {
  const shell =
    'db rs sh sp cls config connect convertShardKeyToHashed disableTelemetry edit enableTelemetry exit help isInteractive it load log passwordPrompt print printjson process quit require show sleep snippet tojson use version console global globalThis module exports fetch ObjectId UUID Date Math Number Object JSON Promise Error Array Boolean String Set Map';
  const context = vm.createContext({});
  const names = new Set();
  for (const file of ['vocabulary', 'runner']) {
    const full = path.join(__dirname, `../lib/database/mongodb/${file}.js`);
    const text = fs.readFileSync(full, 'utf8').split('\nmodule.exports')[0];
    const declared = text.match(/^(?:async )?(?:function|const|let|class) \w+/gm);
    for (const name of declared.map((it) => it.split(' ').pop())) {
      // Each once, or the second would replace the first.
      expect([name, names.has(name)]).toEqual([name, false]);
      names.add(name);
    }
  }
  expect(names.size).toBeGreaterThan(60);
  for (const name of shell.split(' ')) expect([name, names.has(name)]).toEqual([name, false]);
  for (const name of ['migration', ...Object.getOwnPropertyNames(vm.runInContext('this', context))])
    expect([name, names.has(name)]).toEqual([name, false]);
});
