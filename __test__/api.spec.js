'use strict';

// The contract of index.js, with the real Keystone.

const {
  apply,
  check,
  diffSchemas,
  isUpgradeError,
  planUpgrade,
  snapshot,
  UpgradePlan,
} = require('..');
const { version } = require('../package.json');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { patched } = require('../dev/patch');
const { withPatience } = require('../dev/patience');
const { buildKeystone, generations, loadScenario } = require('../dev/scenario');

const MODULES = { new: newKeystone(), old: oldKeystone() };

const keystoneOf = (name, adapter, generation = 'new') =>
  buildKeystone(loadScenario(name), { modules: MODULES[generation], adapter });

const clone = (value) => JSON.parse(JSON.stringify(value));

/** What a function throws; fails when it throws nothing. */
function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown');
}

describe('planUpgrade', () => {
  test('has the defaults of columns as knex sends them: a question mark after a backslash stays', () => {
    const scenario = clone(loadScenario('question-marks'));
    const { question } = scenario.lists.Faq.fields;
    question.knexOptions.defaultTo = (knex) => knex.raw("'Why? \\\\?'");
    const keystone = buildKeystone(scenario, { modules: MODULES.new, adapter: 'knex' });
    expect(planUpgrade(keystone).schema('new')).toContain("question text default 'Why$1 ?'");
  });

  test('runs what a project does to its schemas on MongoDB once for each list', () => {
    const keystone = keystoneOf('guide', 'mongoose');
    const configure = jest.fn();
    for (const { adapter } of keystone.listsArray) adapter.configureMongooseSchema = configure;
    planUpgrade(keystone);
    expect(configure).toHaveBeenCalledTimes(keystone.listsArray.length);
  });

  test('tells the relationships of a project', () => {
    const plan = planUpgrade(keystoneOf('guide', 'knex'));
    expect(plan.hasChanges).toBe(true);
    expect(plan.warnings).toEqual([]);
    expect(
      plan.relationships.map(({ name, kind, cardinality }) => [name, kind, cardinality]),
    ).toEqual([
      ['Todo.author -> User', 'one-sided-one-to-many', 'N:1'],
      ['Todo.reviewers -> User', 'one-sided-many-to-many', 'N:N'],
      ['Todo.leadAuthor -> User.leadPost', 'two-sided-one-to-one', '1:1'],
      ['Todo.publisher -> User.published', 'two-sided-one-to-many', 'N:1'],
      ['Todo.readers -> User.readPosts', 'two-sided-many-to-many', 'N:N'],
    ]);
    expect(plan.relationships[0]).toEqual({
      name: 'Todo.author -> User',
      adapter: 'knex',
      kind: 'one-sided-one-to-many',
      cardinality: 'N:1',
      left: { list: 'Todo', path: 'author', many: false },
      right: null,
      target: 'User',
    });
    expect(plan.relationships[4]).toMatchObject({
      left: { list: 'Todo', path: 'readers', many: true },
      right: { list: 'User', path: 'readPosts', many: true },
      target: 'User',
    });
  });

  test.each([
    ['knex', 'postgresql'],
    ['mongoose', 'mongodb'],
  ])('tells the engine of %s', (adapter, engine) => {
    const { adapters } = planUpgrade(keystoneOf('guide', adapter));
    expect(adapters).toMatchObject([{ engine, hasChanges: true }]);
  });

  test.each(['nothing-to-do', 'no-relationships'])('sees that %s needs no change', (name) => {
    const plan = planUpgrade(keystoneOf(name, 'knex'));
    expect(plan.hasChanges).toBe(false);
    expect(plan.adapters).toMatchObject([{ hasChanges: false }]);
  });

  test('refuses a project without lists, whose empty plan would look like good news', () => {
    const empty = buildKeystone({ lists: {} }, { modules: MODULES.new, adapter: 'knex' });
    for (const project of [empty, snapshot(empty)]) {
      expect(thrownBy(() => planUpgrade(project))).toMatchObject({ code: 'NO_LISTS' });
    }
  });

  test('warns with a code, a message and the place', () => {
    const { warnings } = planUpgrade(keystoneOf('self-n-n-one-sided', 'knex'));
    expect(warnings.map(({ code }) => code)).toEqual(['NO_WAY_BACK']);
    const [{ message, list, field }] = warnings;
    expect(message).toContain(`${list}.${field}`);
  });

  test('warns once of all names that are the same when they are cut', () => {
    const { warnings } = planUpgrade(keystoneOf('long-names', 'knex'));
    expect(warnings).toHaveLength(1);
    const [{ code, message }] = warnings;
    expect(code).toMatch(/^[A-Z][A-Z_]+$/);
    expect(message.match(/: on |; on /g).length).toBeGreaterThan(2);
  });

  test.each([['its lists'], ['its columns']])(
    'hands on what the project itself throws: %s',
    (what) => {
      const keystone = keystoneOf('guide', 'knex');
      const own = new RangeError('Maximum call stack size exceeded');
      const fails = () => {
        throw own;
      };
      const [list] = keystone.listsArray;
      const plan = planUpgrade(keystone);
      Object.defineProperty(list, 'fields', { get: fails });
      expect(() => (what === 'its lists' ? planUpgrade(keystone) : plan.diff())).toThrow(own);
    },
  );

  test('gives an UpgradePlan', () => {
    expect(planUpgrade(keystoneOf('guide', 'knex'))).toBeInstanceOf(UpgradePlan);
  });

  test('plans a snapshot that was stored as JSON', () => {
    const keystone = keystoneOf('guide', 'mongoose');
    const stored = JSON.stringify(snapshot(keystone));
    expect(planUpgrade(JSON.parse(stored)).toJSON()).toEqual(planUpgrade(keystone).toJSON());
  });
});

describe('UpgradePlan', () => {
  const plan = () => planUpgrade(keystoneOf('guide', 'knex'));

  test('colours a summary only when asked to, and changes nothing but colours', () => {
    const plain = plan().summary();
    const colored = plan().summary({ color: true });
    expect(plain).not.toContain('\u001b');
    expect(plan().summary({ color: false })).toBe(plain);
    expect(colored).toContain('\u001b[');
    // eslint-disable-next-line no-control-regex
    expect(colored.replace(/\u001b\[[0-9;]*m/g, '')).toBe(plain);
  });

  test.each(['knex', 'mongoose'])('ends its texts on %s with one newline', (adapter) => {
    const texts = planUpgrade(keystoneOf('guide', adapter));
    expect(texts.summary()).toMatch(/[^\n]\n$/);
    expect(texts.migration()).toMatch(/[^\n]\n$/);
  });

  test.each(['knex', 'mongoose'])(
    'says on %s which release made it, and under which locale',
    (adapter) => {
      const { locale } = new Intl.Collator().resolvedOptions();
      const made = planUpgrade(keystoneOf('guide', adapter));
      const [first, second] = made.migration().split('\n');
      expect(first).toContain(`keystone-upgrade-relationships ${version}:`);
      expect(second).toContain(`locale ${locale}`);
      expect(made.toJSON()).toMatchObject({ locale });
    },
  );

  test('knows the version of the Keystone it finds', () => {
    const options = { resolveFrom: [MODULES.new] };
    expect(planUpgrade(keystoneOf('guide', 'knex'), options).toJSON().keystone).toBe('19.3.4');
  });

  test('becomes JSON with all it has', () => {
    const json = clone(plan());
    expect(json).toEqual(clone(plan().toJSON()));
    expect(json).toMatchObject({ version: 2, hasChanges: true, warnings: [] });
    expect(json.relationships).toEqual(clone(plan().relationships));
    expect(json.adapters).toMatchObject([{ name: 'knex', engine: 'postgresql', hasChanges: true }]);
    expect(json.adapters[0].steps.map(({ step }) => step)).toEqual([
      'dropColumn',
      'dropJoinTable',
      'dropJoinTable',
      'renameJoinTable',
      'renameJoinTable',
    ]);
  });

  test.each(['new', 'old'])('takes the name of the only adapter, of the %s Keystone', (age) => {
    const plan = planUpgrade(keystoneOf('guide', 'knex', age));
    expect(plan.migration({ adapter: 'knex' })).toBe(plan.migration());
    expect(plan.summary({ adapter: 'knex' })).toBe(plan.summary());
  });

  test.each(['migration', 'summary'])(
    'refuses the name of another adapter for the %s',
    (method) => {
      const error = thrownBy(() => plan()[method]({ adapter: 'mongo' }));
      expect(error).toMatchObject({ name: 'UpgradeError', code: 'UNKNOWN_ADAPTER' });
      expect(error.message).toContain('mongo');
      expect(error.message).toContain('knex');
    },
  );

  describe('with several adapters', () => {
    const several = () => planUpgrade(keystoneOf('two-adapters', undefined, 'old'));

    test('has a migration for each and none for all', () => {
      const error = thrownBy(() => several().migration());
      expect(error).toMatchObject({ name: 'UpgradeError', code: 'ADAPTER_REQUIRED' });
      expect(error.message).toMatch(/pg.*mongo/);
      expect(several().migration({ adapter: 'pg' })).toContain('ALTER TABLE');
      expect(several().migration({ adapter: 'mongo' })).toContain('event_visitors_manies');
      const file = several().migration({ adapter: 'mongo', format: 'migrate-mongo' });
      expect(file).toContain('event_visitors_manies');
      const unnamed = thrownBy(() => several().migration({ format: 'migrate-mongo' }));
      expect(unnamed).toMatchObject({ code: 'ADAPTER_REQUIRED' });
    });

    test('takes a name in one database that a table of the other has', () => {
      const text = JSON.stringify(loadScenario('two-adapters')).replace(/"mongo(ose)?"/g, (name) =>
        name === '"mongo"' ? '"other"' : '"knex"',
      );
      const scenario = JSON.parse(text);
      // In the first database: the join table of the second.
      scenario.lists.Event_visitors_many = { fields: { name: { type: 'Text' } } };
      const keystone = buildKeystone(scenario, { modules: MODULES.old });
      const other = planUpgrade(keystone).migration({ adapter: 'other' });
      expect(other).toContain('Event_visitors_many');
    });

    test('has a summary for each and one for all', () => {
      const lines = (options) => several().summary(options).split('\n');
      expect(lines({ adapter: 'pg' })).toContain('  Post.tags -> Tag.posts');
      expect(lines({ adapter: 'pg' })).not.toContain('  Event.place -> Place.events');
      expect(lines({ adapter: 'mongo' })).toContain('  Event.place -> Place.events');
      expect(lines()).toEqual(
        expect.arrayContaining(['  Post.tags -> Tag.posts', '  Event.place -> Place.events']),
      );
    });
  });
});

describe('wrong options', () => {
  const guide = () => keystoneOf('guide', 'knex');
  const invalid = (...texts) => ({
    name: 'UpgradeError',
    code: 'INVALID_OPTION',
    message: expect.stringMatching(new RegExp(texts.join('.*'))),
  });

  test.each([
    [{ direction: 'back' }, ['direction', "'back'", "must be 'up' or 'down'"]],
    [{ direction: null }, ['direction', 'null', "must be 'up' or 'down'"]],
    [{ reconcile: 'no' }, ['reconcile', "'no'", 'must be true or false']],
  ])('%j of a migration', async (options, texts) => {
    const plan = planUpgrade(guide());
    expect(thrownBy(() => plan.migration(options))).toMatchObject(invalid(...texts));
    expect(thrownBy(() => plan.statements(options))).toMatchObject(invalid(...texts));
    await expect(check(guide(), options)).rejects.toMatchObject(invalid(...texts));
    await expect(apply(guide(), options)).rejects.toMatchObject(invalid(...texts));
  });

  test.each([
    [{ format: 'sql' }, ["'sql'", "'knex' or 'migrate-mongo'"]],
    [{ format: 'knex', direction: 'down' }, ['direction', "'down'"]],
    [{ format: 'knex', transaction: false }, ['transaction', 'false']],
    [{ format: 'knex', extension: 'sql' }, ['extension', "'sql'", "'js' or 'cjs'"]],
    [{ format: 'migrate-mongo' }, ['migrate-mongo is for MongoDB', 'knex is on PostgreSQL']],
  ])('%j of a migration file', (options, texts) => {
    const plan = planUpgrade(guide());
    expect(thrownBy(() => plan.migration(options))).toMatchObject(invalid(...texts));
  });

  test('MongoDB has no SQL without a transaction', () => {
    const plan = planUpgrade(keystoneOf('guide', 'mongoose'));
    const error = thrownBy(() => plan.migration({ transaction: false }));
    expect(error).toMatchObject(invalid('is for PostgreSQL', 'is on MongoDB'));
  });

  test.each([['x'], [undefined], ['']])('the schema %j', (which) => {
    const error = thrownBy(() => planUpgrade(guide()).schema(which));
    expect(error).toMatchObject(invalid('schema', String(which), "'old' or 'new'"));
  });

  /** Values of all kinds, of which an option takes one. */
  const VALUES = [
    null,
    true,
    0,
    1n,
    NaN,
    '',
    'up',
    'knex',
    Symbol('knex'),
    () => {},
    [],
    ['knex'],
    [7],
    {},
    Object.create(null),
    new Date(0),
    new Proxy({}, {}),
  ];

  const OPTIONS = 'adapter color columns direction newName oldName reconcile resolveFrom'.split(
    ' ',
  );

  let keystone;
  let plan;
  beforeAll(() => {
    keystone = guide();
    plan = planUpgrade(keystone);
  });

  /** Everything that computes, by what it is called with. */
  const CALLS = {
    snapshot: (options) => snapshot(keystone, options),
    planUpgrade: (options) => planUpgrade(keystone, options),
    summary: (options) => plan.summary(options),
    migration: (options) => plan.migration(options),
    statements: (options) => plan.statements(options),
    schema: (options) => plan.schema('old', options),
    diff: (options) => plan.diff(options),
    diffSchemas: (options) => diffSchemas('a', 'b', options),
    'diffSchemas of': (text) => diffSchemas(text, ''),
    'diffSchemas to': (text) => diffSchemas('', text),
    'planUpgrade of': (project) => planUpgrade(project),
    'snapshot of': (project) => snapshot(project),
    'schema called': (which) => plan.schema(which),
  };

  const CODES = ['INVALID_OPTION', 'UNKNOWN_ADAPTER', 'NOT_KEYSTONE', 'INVALID_SNAPSHOT'];

  test('a snapshot has no database to run on', async () => {
    const found = snapshot(keystone);
    for (const run of [check, apply]) {
      await expect(run(found)).rejects.toMatchObject({ code: 'NOT_KEYSTONE' });
    }
  });

  test.each(Object.entries(CALLS))('%s takes a value or says what is wrong with it', (_, call) => {
    const refused = [];
    const named = VALUES.flatMap((value) => OPTIONS.map((name) => ({ [name]: value })));
    for (const argument of [...VALUES, ...named]) {
      try {
        call(argument);
      } catch (error) {
        expect(error).toMatchObject({ name: 'UpgradeError' });
        expect(CODES).toContain(error.code);
        refused.push(argument);
      }
    }
    expect(refused.length).toBeGreaterThan(5);
  });

  test.each([
    ['onProgress', 'log', 'a function'],
    ['confirm', true, 'a function'],
    ['signal', {}, 'an AbortSignal'],
    ['adapter', 7, 'a string'],
    ['resolveFrom', '.', 'an array of strings'],
  ])('a run on a database says what %s must be', async (name, value, expected) => {
    for (const run of [check, apply]) {
      const error = run(keystone, { [name]: value });
      await expect(error).rejects.toMatchObject(invalid(name, `must be ${expected}`));
    }
  });

  test.each([
    [{ listsArray: [1] }],
    [{ listsArray: [{}] }],
    [{ listsArray: [{ key: 'A', adapter: {}, fields: [] }] }],
  ])('a Keystone object with other lists: %j', (keystone) => {
    expect(thrownBy(() => planUpgrade(keystone))).toMatchObject({ code: 'NOT_KEYSTONE' });
  });

  test('a snapshot that is not plain data', () => {
    const circular = { version: 1, lists: [] };
    circular.lists.push(circular);
    for (const project of [circular, { version: 1n, lists: [] }]) {
      expect(thrownBy(() => planUpgrade(project))).toMatchObject({ code: 'INVALID_SNAPSHOT' });
    }
  });

  test.each(['rollback', 'adpter'])('%s, which does not exist, on a database', async (name) => {
    const options = { [name]: true };
    await expect(check(guide(), options)).rejects.toMatchObject(invalid(name, 'direction'));
    await expect(apply(guide(), options)).rejects.toMatchObject(invalid(name, 'direction'));
  });
});

test('a migration that could not be taken back is not begun', async () => {
  const keystone = keystoneOf('guide', 'knex');
  keystone.lists.User.adapter.getPrimaryKeyAdapter = () => ({});
  const onProgress = jest.fn();
  const error = await apply(keystone, { onProgress }).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'UpgradeError', code: 'UNKNOWN_TYPE' });
  expect(error.message).toMatch(
    /^Nothing has been changed[^]*rollback[^]*the list User[^]*--one-way/,
  );
  expect(error.problems).toMatchObject([{ code: 'UNKNOWN_TYPE', list: 'User' }]);
  expect(onProgress).not.toHaveBeenCalled();
});

test('an error of the package is told from others', () => {
  const error = thrownBy(() => planUpgrade({}));
  expect(isUpgradeError(error)).toBe(true);
  for (const other of [new Error('x'), undefined, 'x', { name: 'UpgradeError' }]) {
    expect(isUpgradeError(other)).toBe(false);
  }
});

describe('the error for a database that cannot be reached', () => {
  const PASSWORD = 'very-secret';

  /** Nobody listens on port 1. */
  async function failing(adapter, address) {
    const before = process.env.CONNECT_TO;
    process.env.CONNECT_TO = address;
    try {
      return await messageOf(keystoneOf('guide', adapter));
    } finally {
      if (before === undefined) delete process.env.CONNECT_TO;
      else process.env.CONNECT_TO = before;
    }
  }

  async function messageOf(keystone) {
    const error = await check(keystone).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'UpgradeError', code: 'CONNECTION_FAILED' });
    expect(error.message).not.toContain(PASSWORD);
    return error.message;
  }

  test.each([
    ['one host', '127.0.0.1:1/x', 'database x, host 127.0.0.1, port 1, user me'],
    ['several', '127.0.0.1:1,127.0.0.1:2/x', 'database x, hosts 127.0.0.1:1, 127.0.0.1:2, user me'],
    ['no database', '127.0.0.1:1/', 'host 127.0.0.1, port 1, user me'],
  ])('says where it is on MongoDB, and what to look at: %s', async (_, place, said) => {
    // The driver gives up after a time, and has to have tried before.
    const message = await withPatience(async (patience) => {
      const options = `serverSelectionTimeoutMS=${patience}`;
      const found = await failing('mongoose', `mongodb://me:${PASSWORD}@${place}?${options}`);
      return found.includes('ECONNREFUSED') ? found : undefined;
    });
    expect(message).toContain(`adapter mongoose (${said}):\n  `);
    expect(message).toContain('\n  Is the server running, and');
  });

  test.each([`${PASSWORD}/x`, `x@${PASSWORD}`, `x@${PASSWORD}/x`])(
    'shows nothing of a password on MongoDB that is not encoded: %s',
    async (password) => {
      const address = `mongodb://me:${password}@127.0.0.1:1/x?serverSelectionTimeoutMS=300`;
      expect(await failing('mongoose', address)).not.toMatch(/secret|127\.0\.0\.1/);
    },
  );

  const raw = ['/', '@', '#', '?', '\\\\', ' ', '@127.0.0.1/', '%'];
  test.each(raw)('shows nothing of a password on PostgreSQL that has %j', async (character) => {
    const pieces = ['Kz', 'Xv', 'Gh'];
    const address = `postgres://me:${pieces.join(character)}@127.0.0.1:1/x`;
    const message = await failing('knex', address);
    for (const piece of pieces) expect(message).not.toContain(piece);
    if (character !== '%') expect(message).toContain('Encode special characters');
  });

  test.each([
    ['mongoose', 'postgres://', 'mongodb:// or mongodb+srv://'],
    ['knex', 'mongodb://', 'postgres:// or postgresql://'],
  ])('on %s by %s says what it starts with', async (adapter, scheme, expected) => {
    const message = await failing(adapter, `${scheme}me:${PASSWORD}@127.0.0.1:1/x`);
    const server = { mongoose: 'MongoDB', knex: 'PostgreSQL' }[adapter];
    expect(message).toContain(
      `The address starts with ${scheme}. Addresses of ${server} start with ${expected}.`,
    );
  });

  test('says where settings in an object lead to', async () => {
    const keystone = keystoneOf('guide', 'knex');
    const connection = {
      host: '127.0.0.1',
      port: 1,
      database: 'x',
      user: 'me',
      password: PASSWORD,
    };
    keystone.adapter.config = { knexOptions: { connection } };
    expect(await messageOf(keystone)).toContain(
      'the adapter knex (database x, host 127.0.0.1, port 1, user me):\n  ',
    );
  });

  test('hides a password that an adapter of the project puts into its error', async () => {
    const keystone = keystoneOf('guide', 'knex');
    keystone.adapter._connect = async () => {
      throw new Error(`nothing at postgres://me:${PASSWORD}@127.0.0.1/x`);
    };
    expect(await messageOf(keystone)).toContain('nothing at postgres://');
  });

  test('says on MongoDB that an address has no scheme, without showing it', async () => {
    const message = await failing('mongoose', `me:${PASSWORD}@127.0.0.1:1/x`);
    expect(message).toContain(
      'The address has no scheme. Addresses of MongoDB start with mongodb://',
    );
  });
});

describe('the error for a project with mistakes', () => {
  const error = () => thrownBy(() => planUpgrade(keystoneOf('error-several', 'knex')));

  test.each([
    ['error-does-not-point-back', 'knex', 'MISMATCHED_REF'],
    ['error-points-elsewhere', 'knex', 'MISMATCHED_REF'],
    ['error-not-a-relationship', 'knex', 'MISMATCHED_REF'],
    ['error-refs-itself', 'knex', 'SELF_REFERENCE'],
    ['error-unknown-field', 'knex', 'UNKNOWN_FIELD'],
    ['error-unknown-list', 'knex', 'UNKNOWN_LIST'],
    ['error-join-tables-with-one-name', 'knex', 'NAME_COLLISION'],
    ['error-join-tables-with-one-name', 'mongoose', 'NAME_COLLISION'],
    ['error-list-named-like-a-join-table', 'knex', 'NAME_COLLISION'],
    ['error-list-named-like-a-join-table', 'mongoose', 'NAME_COLLISION'],
    ['error-same-63-bytes', 'knex', 'NAME_COLLISION'],
    ['list-named-like-an-old-join-table', 'knex', 'NAME_COLLISION'],
    ['list-keys-that-differ-by-case', 'mongoose', 'NAME_COLLISION'],
    ['configured-collections-uncertain', 'mongoose', 'UNKNOWN_COLLECTION'],
    ['error-mysql', 'knex', 'UNSUPPORTED_ADAPTER'],
    ['error-wrap-identifier', 'knex', 'UNSUPPORTED_OPTION'],
    ['two-adapters-related', undefined, 'CROSS_ADAPTER'],
  ])('has a code: %s on %s', (name, adapter, code) => {
    const generation = adapter ? generations(loadScenario(name))[0] : 'old';
    const project = keystoneOf(name, adapter, generation);
    expect(thrownBy(() => planUpgrade(project)).code).toBe(code);
  });

  test('has all of them, each with its code and place', () => {
    expect(error().problems.map(({ code, list, field }) => [code, list, field])).toEqual([
      ['UNKNOWN_LIST', 'Post', 'author'],
      ['UNKNOWN_FIELD', 'Post', 'tags'],
      ['SELF_REFERENCE', 'Post', 'self'],
      ['MISMATCHED_REF', 'Tag', 'posts'],
      ['MISMATCHED_REF', 'User', 'posts'],
      ['NAME_COLLISION', 'Post', 'reviewers'],
    ]);
  });

  test('is an UpgradeError with the first code and all messages', () => {
    const { name, code, message, problems } = error();
    expect({ name, code }).toEqual({ name: 'UpgradeError', code: problems[0].code });
    for (const problem of problems) expect(message).toContain(problem.message);
  });

  test('can be expected in Jest', () => {
    expect(() => planUpgrade(keystoneOf('error-refs-itself', 'knex'))).toThrow(/refers to itself/);
    expect(() => planUpgrade(keystoneOf('error-refs-itself', 'knex'))).toThrow(
      expect.objectContaining({ code: 'SELF_REFERENCE' }),
    );
  });
});

describe('what is neither a keystone object nor a snapshot', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'lists'],
    ['a number', 1],
    ['a function', () => {}],
    ['an array', []],
    ['an empty object', {}],
    ["a module's exports", { keystone: {}, apps: [] }],
    ['a promise', Promise.resolve({})],
  ])('is refused: %s', (description, value) => {
    const error = thrownBy(() => planUpgrade(value));
    expect(error).toMatchObject({ name: 'UpgradeError', code: 'NOT_KEYSTONE' });
    expect(error.problems).toHaveLength(1);
  });

  test.each([
    ['null', null],
    ['an empty object', {}],
    ['a snapshot', { version: 1, locale: 'en-US', adapters: [], lists: [] }],
  ])('gives no snapshot: %s', (description, value) => {
    expect(thrownBy(() => snapshot(value))).toMatchObject({
      name: 'UpgradeError',
      code: 'NOT_KEYSTONE',
    });
  });
});

describe('a malformed snapshot', () => {
  /** The error for a good snapshot that was changed. */
  const errorFor = (adapter, change) => {
    const changed = clone(snapshot(keystoneOf('guide', adapter)));
    change(changed);
    return thrownBy(() => planUpgrade(changed));
  };

  test.each([
    ['version', (it) => (it.version = 999)],
    ['version', (it) => delete it.version],
    ['locale', (it) => delete it.locale],
    ['lists', (it) => (it.lists = {})],
    ['lists', (it) => delete it.lists],
    ['adapters', (it) => (it.adapters = 'knex')],
    ['adapters[0].kind', (it) => (it.adapters[0].kind = 7)],
    ['lists[1].key', (it) => (it.lists[1].key = null)],
    ['lists[0].rank', (it) => (it.lists[0].rank = -1)],
    ['lists[0].fields', (it) => (it.lists[0].fields = null)],
    ['lists[0].fields[2].path', (it) => (it.lists[0].fields[2].path = [])],
    ['list Todo', (it) => (it.lists[0].adapter = 5)],
    ['list Todo', (it) => it.lists.push(it.lists[0])],
    ['field Todo.name', (it) => it.lists[0].fields.push(it.lists[0].fields[1])],
  ])('is refused with the place: %s', (place, change) => {
    const error = errorFor('knex', change);
    expect(error).toMatchObject({ name: 'UpgradeError', code: 'INVALID_SNAPSHOT' });
    expect(error.message).toContain(place);
  });

  test.each([
    ['list Todo', (it) => delete it.lists[0].collection],
    [
      'field Todo.readers',
      (it) =>
        delete it.lists[0].fields.find(({ path }) => path === 'readers').relationship
          .joinCollection,
    ],
  ])('is refused on mongoose with the place: %s', (place, change) => {
    const error = errorFor('mongoose', change);
    expect(error).toMatchObject({ name: 'UpgradeError', code: 'INVALID_SNAPSHOT' });
    expect(error.message).toContain(place);
  });

  test('is refused where a list has a table of its own', () => {
    const error = errorFor('knex', ({ lists }) => (lists[0].tableName = 'elsewhere'));
    expect(error).toMatchObject({ name: 'UpgradeError', code: 'UNSUPPORTED_OPTION' });
  });

  test('is refused where Keystone itself saw something else', () => {
    const error = errorFor('knex', ({ consolidated }) => (consolidated[1].tableName = 'Elsewhere'));
    expect(error).toMatchObject({ name: 'UpgradeError', code: 'KEYSTONE_DISAGREES' });
    expect(error.message).toContain('Todo.reviewers');
  });
});

describe('schemas and diffs', () => {
  test.each([
    ['equal texts', 'a\nb\n', 'a\nb\n'],
    ['a change', 'a\nb\nc\nd\ne\nf\ng\nh\n', 'a\nb\nc\nd\nE\nf\ng\nh\n'],
    ['a final newline that is missing', 'a\nb\n', 'a\nb'],
    ['both final newlines missing', 'a\nb', 'A\nb'],
    ['CRLF', 'a\r\nb\r\n', 'a\nb\r\n'],
    ['CRLF and a final newline that is missing', 'a\r\nb\r\nc\r\n', 'a\r\nc'],
    ['a carriage return alone, which ends no line', 'a\rb\nc\n', 'a\rB\nc\n'],
    ['an empty text', '', 'a\nb\nc\n'],
    ['an emptied text', 'a\n', ''],
    ['a carriage return at the very end', 'a\nb\r', 'a\nc\r'],
    ['changes far apart', `a\n${'x\n'.repeat(20)}b\n`, `A\n${'x\n'.repeat(20)}B\n`],
  ])('diffSchemas gives a diff that patch applies: %s', (_, before, after) => {
    const diff = diffSchemas(before, after);
    expect(diff === '').toBe(before === after);
    expect(patched(before, diff)).toBe(after);
  });

  test('names and colours of a diff', () => {
    const diff = diffSchemas('a\n', 'b\n', { oldName: 'x.sql', newName: 'y.sql', color: true });
    expect(diff).toContain('--- x.sql');
    expect(diff).toContain('\x1b[31m-a\x1b[m\n');
  });
});
