'use strict';

// `check` and `apply` on databases that are not simply old, and where there is no way in: whatever is
// found, it is said, and nothing is changed.

const net = require('net');
const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { isGiven, postgresVersions, startPostgres } = require('../dev/postgres');
const { makeScenarioProject, removeProjects, run } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { startTcpProxy } = require('../dev/tcp-proxy');

const GUIDE = loadScenario('guide');
const NAMES = {
  author: 'Todo.author -> User',
  reviewers: 'Todo.reviewers -> User',
  leadAuthor: 'Todo.leadAuthor -> User.leadPost',
  publisher: 'Todo.publisher -> User.published',
  readers: 'Todo.readers -> User.readPosts',
};
const PASSWORD = 'very%2Fsecret';

let server;
let keystones;
let count = 0;

beforeAll(async () => {
  server = await startPostgres(postgresVersions()[0]);
  keystones = { old: startKeystone('old'), new: startKeystone('new') };
  await server.createDatabase('filled');
  const session = await keystones.old.open(GUIDE, server.url('filled'));
  await session.createSchema();
  await session.fill({ seed: 1, canBeEmpty: false, canDelete: true });
  await session.close();
});

afterAll(async () => {
  removeProjects();
  if (keystones) await Promise.all(Object.values(keystones).map((keystone) => keystone.stop()));
  if (server) await server.stop();
});

/** A database as OLD left it, and a session of NEW that knows its address. */
async function makeDatabase(scenario = GUIDE) {
  const database = `check ${++count}`;
  await server.createDatabase(database, 'filled');
  return { database, session: await open(server.url(database), scenario) };
}

const open = (url, scenario = GUIDE, generation = 'new') =>
  keystones[generation].open(scenario, url, { connects: false });

const stateOf = async (database) =>
  (await server.schemaOf(database)) + (await server.rowsOf(database));

/** The address of a database for another user. */
function urlFor(database, user, password = PASSWORD) {
  const url = new URL(server.url(database));
  url.username = user;
  url.password = password;
  return url.href;
}

const codes = ({ problems }) => problems.map(({ code }) => code);

/** The states of the relationships, by the path of their left side. */
const states = ({ relationships }) =>
  Object.fromEntries(relationships.map(({ name, state }) => [/\.(\w+) /.exec(name)[1], state]));

/** Expects that `apply` refuses with a code and leaves all as it is. */
async function expectRefused(database, session, code, options) {
  const before = await stateOf(database);
  await expect(session.apply(options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/[Nn]othing has been changed/),
  });
  expect(await stateOf(database)).toBe(before);
}

describe('what a database holds', () => {
  it('the old schema: every place with its links', async () => {
    const { database, session } = await makeDatabase();
    const before = await stateOf(database);
    const found = await session.check();
    expect(await stateOf(database)).toBe(before);
    expect(found).toMatchObject({
      version: 1,
      adapter: 'knex',
      engine: 'postgresql',
      state: 'old',
      isReady: true,
      isDone: false,
      drops: ['User.leadPost', 'User_published', 'User_readPosts'],
      problems: [],
    });
    expect(found.database).toMatchObject({
      host: new URL(server.url()).hostname,
      user: new URL(server.url()).username,
    });
    const { author: unchanged, ...others } = states(found);
    expect([unchanged, ...new Set(Object.values(others))]).toEqual(['unchanged', 'old']);
    const counted = async (table, column) => {
      const what = column ? `count("${column}")` : 'count(*)';
      const [{ n }] = await server.query(database, `SELECT ${what}::int AS n FROM "${table}"`);
      return n;
    };
    const links = found.relationships.map(({ name, places }) => [
      name,
      ...places.map((place) => [place.name, place.links]),
    ]);
    expect(links).toEqual([
      [NAMES.author, ['Todo.author', await counted('Todo', 'author')]],
      [
        NAMES.reviewers,
        ['Todo_reviewers', await counted('Todo_reviewers')],
        ['Todo_reviewers_many', null],
      ],
      [
        NAMES.leadAuthor,
        ['Todo.leadAuthor', await counted('Todo', 'leadAuthor')],
        ['User.leadPost', await counted('User', 'leadPost')],
      ],
      [
        NAMES.publisher,
        ['Todo.publisher', await counted('Todo', 'publisher')],
        ['User_published', await counted('User_published')],
      ],
      [
        NAMES.readers,
        ['Todo_readers', await counted('Todo_readers')],
        ['User_readPosts', await counted('User_readPosts')],
        ['Todo_readers_User_readPosts', null],
      ],
    ]);
    const sizes = found.locks.map(({ name, bytes }) => [name, bytes > 0]);
    const tables = ['Todo', 'Todo_readers', 'Todo_reviewers', 'User', 'User_published'];
    expect(sizes).toEqual([...tables, 'User_readPosts'].map((name) => [name, true]));
  });

  it('neither schema, in the wrong database', async () => {
    await server.createDatabase('empty');
    const session = await open(server.url('empty'));
    const found = await session.check();
    expect([found.state, found.isReady, codes(found)]).toEqual(['neither', false, ['MISSING']]);
    expect(found.problems[0].message).toMatch(/Is this the right database, and public the right/);
    await expectRefused('empty', session, 'MISSING');
    await expectRefused('empty', session, 'MISSING', { direction: 'down' });
  });

  it('both schemas, when NEW has made its tables beside', async () => {
    const { database, session } = await makeDatabase();
    await server.query(
      database,
      'CREATE TABLE "Todo_reviewers_many" ("Todo_left_id" int, "User_right_id" int)',
    );
    const found = await session.check();
    expect([states(found).reviewers, codes(found)]).toEqual(['both', ['NAME_TAKEN']]);
    await expectRefused(database, session, 'NAME_TAKEN');
  });

  it('another schema than the adapter names', async () => {
    const { database } = await makeDatabase();
    const session = await open(server.url(database), { ...GUIDE, knex: { schemaName: 'App' } });
    const found = await session.check();
    expect([found.state, codes(found)]).toEqual(['neither', ['MISSING']]);
    expect(found.problems[0].message).toContain('App the right schema');
  });

  const FRIENDS = {
    lists: {
      Bee: { fields: { friends: { type: 'Relationship', ref: 'Aardvark.friends', many: true } } },
      Aardvark: { fields: { friends: { type: 'Relationship', ref: 'Bee.friends', many: true } } },
      Cat: { fields: { kittens: { type: 'Relationship', ref: 'Kitten.mother', many: true } } },
      Kitten: { fields: { mother: { type: 'Relationship', ref: 'Cat.kittens' } } },
    },
  };

  /** A database with the printed schema, changed by hand. */
  async function databaseOf(scenario, schema, sql) {
    const database = `check ${++count}`;
    await server.createDatabase(database);
    const session = await open(server.url(database), scenario);
    await server.query(database, `${planUpgrade(await session.snapshot()).schema(schema)}; ${sql}`);
    return { database, session };
  }

  it('a list whose table has another name, though nothing changes in it', async () => {
    const { database, session } = await databaseOf(
      FRIENDS,
      'old',
      'ALTER TABLE "Cat" RENAME TO cats',
    );
    const found = await session.check();
    expect([found.isReady, codes(found)]).toEqual([false, ['MISSING']]);
    expect(found.problems[0].message).toMatch(
      /^Not in the schema public: the table Cat of the list Cat\./,
    );
    await expectRefused(database, session, 'MISSING');
  });

  it('the names of another locale, and which that is', async () => {
    const { database, session } = await databaseOf(
      FRIENDS,
      'new',
      `ALTER TABLE "Aardvark_friends_Bee_friends" RENAME TO "Bee_friends_Aardvark_friends";
       ALTER TABLE "Bee_friends_Aardvark_friends" RENAME "Aardvark_left_id" TO "Bee_left_id";
       ALTER TABLE "Bee_friends_Aardvark_friends" RENAME "Bee_right_id" TO "Aardvark_right_id"`,
    );
    const found = await session.check({ direction: 'down' });
    expect(codes(found)[0]).toBe('LOCALE');
    expect(found.problems[0].message).toMatch(
      /it has Bee_friends_Aardvark_friends in place of Aardvark_friends_Bee_friends\. So it is under nb or da:/,
    );
    await expectRefused(database, session, 'LOCALE', { direction: 'down' });
  });

  it('a name that is the same under each locale', async () => {
    const fields = {
      T: { type: 'Relationship', ref: 'T.T_T', many: true },
      T_T: { type: 'Relationship', ref: 'T.T', many: true },
    };
    const { session } = await databaseOf({ lists: { T: { fields } } }, 'new', '');
    expect(await session.check()).toMatchObject({ state: 'new', isDone: true, problems: [] });
    expect(await session.check({ direction: 'down' })).toMatchObject({ isReady: true });
  });

  it('a name that the migration cannot give: it ends as --schema new, or not at all', async () => {
    const { database, session } = await makeDatabase();
    const name = 'todo_reviewers_many_todo_left_id_index';
    await server.query(database, `CREATE INDEX ${name} ON "User" (name)`);
    const before = await stateOf(database);
    for (const dryRun of [true, false]) {
      await expect(session.apply({ dryRun })).rejects.toMatchObject({
        code: 'NOT_VERIFIED',
        message: expect.stringContaining(
          `Todo_reviewers_many.Todo_left_id: the index is todo_reviewers_todo_id_index; Keystone makes ${name}.`,
        ),
      });
      expect(await stateOf(database)).toBe(before);
    }
  });

  it.each([
    ['nothing', ''],
    [
      'an index of some rows with its name',
      'CREATE INDEX todo_reviewers_todo_id_index ON "Todo_reviewers" ("Todo_id") WHERE "User_id" > 1',
    ],
  ])('what was missing before is missing afterwards, with a warning: %s', async (_, instead) => {
    const { database, session } = await makeDatabase();
    await server.query(database, `DROP INDEX todo_reviewers_todo_id_index; ${instead}`);
    expect(await session.apply()).toMatchObject({
      isApplied: true,
      warnings: [
        {
          code: 'SCHEMA_DIFFERS',
          message: expect.stringContaining(
            'Todo_reviewers_many.Todo_left_id: the index is missing',
          ),
        },
      ],
    });
  });

  it('sides that disagree, which --reconcile repairs', async () => {
    const { database, session } = await makeDatabase();
    await server.query(database, 'DELETE FROM "User_readPosts"');
    const [{ n }] = await server.query(database, 'SELECT count(*)::int AS n FROM "Todo_readers"');
    await server.query(
      database,
      `INSERT INTO "User_readPosts" ("User_id", "Todo_id") SELECT "User".id, "Todo".id
       FROM "User", "Todo" LEFT JOIN "Todo_readers" ON "Todo".id = "Todo_id"
       WHERE "Todo_id" IS NULL LIMIT 1`,
    );
    const found = await session.check();
    expect(codes(found)).toEqual(['DISAGREEMENT']);
    const [readers] = found.relationships.filter(({ name }) => name === NAMES.readers);
    expect(readers.disagreement).toMatchObject({ onlyKept: n, onlyDropped: 1 });
    const examples = readers.disagreement.examples.split(/, (?=\()/);
    expect(examples.length).toBe(Math.min(n + 1, 5));
    for (const it of examples) expect(it).toMatch(/^\(\d+, \d+\) only in (Todo|User)_read\w+$/);
    await expectRefused(database, session, 'DISAGREEMENT');

    const reconciling = await session.check({ reconcile: true });
    expect([reconciling.isReady, codes(reconciling)]).toEqual([true, []]);
    const [{ code, message, relationship }, ...others] = reconciling.warnings;
    expect([code, others]).toEqual(['DISAGREEMENT', []]);
    expect(message).toMatch(
      /^Todo\.readers -> User\.readPosts: the two stored sides disagree\. --reconcile adds 1 link that only User_readPosts has and keeps \d+ links? that only Todo_readers has\. For example: added Todo \d+ – User \d+ of User_readPosts\.$/,
    );
    const applied = await session.apply({ reconcile: true });
    const moved = applied.relationships.find(({ name }) => name === NAMES.readers);
    expect(moved).toMatchObject({ before: n, after: n + 1 });
    expect(moved.explanation).toContain('--reconcile');
    // What was said before is said again when it is done.
    const foretold = reconciling.relationships[relationship].reconcile;
    expect(foretold).toMatchObject({ added: 1, cleared: 0, dropped: 0 });
    expect(moved.reconcile).toEqual(foretold);
    const done = message
      .replace('adds', 'added')
      .replace('keeps', 'kept')
      .replace(/has([,.]| and)/g, 'had$1');
    expect(applied.warnings).toMatchObject([{ code, message: done, relationship }]);
    expect(applied.notices.join('\n')).toContain('added 1 link that only User_readPosts had');
  });

  it('what would vanish', async () => {
    const { database, session } = await makeDatabase();
    await server.query(database, `COMMENT ON TABLE "User_published" IS 'mine'`);
    const found = await session.check();
    expect(codes(found)).toEqual(['DEPENDENTS']);
    expect(found.problems[0].message).toContain('comment on table public."User_published"');
    await expectRefused(database, session, 'DEPENDENTS');
  });

  it('what the server would refuse to drop', async () => {
    const { database, session } = await makeDatabase();
    await server.query(database, `CREATE VIEW hers AS SELECT * FROM "User_published"`);
    const found = await session.check();
    expect(codes(found)).toEqual(['DEPENDENTS']);
    expect(found.problems[0].message).toContain('dropped: view public.hers.');
    await expectRefused(database, session, 'DEPENDENTS');
  });

  it('on the way back: an item of a 1:1 that two hold', async () => {
    const { database, session } = await makeDatabase();
    await session.apply();
    const down = { direction: 'down' };
    expect((await session.check(down)).warnings).toEqual([]);
    await server.query(
      database,
      `WITH one AS (INSERT INTO "User" (name) VALUES ('held twice') RETURNING id)
       INSERT INTO "Todo" ("leadAuthor") SELECT id FROM one, generate_series(1, 3)`,
    );
    expect(await session.check(down)).toMatchObject({
      isReady: true,
      warnings: [
        {
          code: 'HELD_TWICE',
          message: expect.stringMatching(
            /Todo\.leadAuthor, several items link to the same one \(2 links too many\)/,
          ),
        },
      ],
    });
    expect(await session.apply(down)).toMatchObject({ isApplied: true });
    const held = `SELECT count(*)::int AS n FROM "User" WHERE name = 'held twice' AND "leadPost" =
      (SELECT max(id) FROM "Todo")`;
    expect(await server.query(database, held)).toEqual([{ n: 1 }]);
  });

  it('links that the old schema has no place for', async () => {
    const scenario = loadScenario('self-n-n-one-sided');
    const database = `check ${++count}`;
    await server.createDatabase(database);
    const session = await open(server.url(database), scenario);
    const current = await keystones.new.open(scenario, server.url(database));
    await current.createSchema();
    await current.close();
    const [list] = Object.keys(scenario.lists);
    const [path] = Object.entries(scenario.lists[list].fields).find(([, { ref }]) => ref);
    expect(await session.check({ direction: 'down' })).toMatchObject({ isReady: true });
    await server.query(
      database,
      `INSERT INTO "${list}" DEFAULT VALUES; INSERT INTO "${list}_${path}_many" VALUES (1, 1)`,
    );
    const found = await session.check({ direction: 'down' });
    expect([found.state, codes(found)]).toEqual(['new', ['NO_OLD_PLACE']]);
    await expectRefused(database, session, 'NO_OLD_PLACE', { direction: 'down' });
    const again = await session.check({ direction: 'down', reconcile: true });
    expect([again.isReady, again.warnings]).toEqual([
      true,
      [
        {
          code: 'NO_OLD_PLACE',
          relationship: 0,
          message: expect.stringMatching(/ 1 link of .*drops/),
        },
      ],
    ]);
    const applied = await session.apply({ direction: 'down', reconcile: true });
    expect(applied.relationships).toEqual([
      expect.objectContaining({ before: 1, after: 0, explanation: expect.any(String) }),
    ]);
  });
});

describe('no row is lost', () => {
  it('in a project with dropDatabase, which drops its tables when it connects', async () => {
    const { database, session } = await makeDatabase({ ...GUIDE, knex: { dropDatabase: true } });
    const before = await stateOf(database);
    await session.check();
    expect(await stateOf(database)).toBe(before);
    expect(await session.apply()).toMatchObject({ isApplied: true });
    expect(await session.check()).toMatchObject({ state: 'new' });
    await session.apply({ direction: 'down' });
    expect(await server.rowsOf(database)).toBe(await server.rowsOf('filled'));

    // It is no empty promise: this is what connecting does there.
    const connected = await keystones.new.open(
      { ...GUIDE, knex: { dropDatabase: true } },
      server.url(database),
    );
    await connected.close();
    expect(await server.query(database, 'SELECT FROM "Todo"')).toEqual([]);
  });
});

describe('privileges', () => {
  /** A database on which a user has the privileges of a line of SQL. */
  async function makeUser(grants, scenario) {
    const { database } = await makeDatabase();
    const user = `user_${count}`;
    const password = decodeURIComponent(PASSWORD);
    await server.query(
      database,
      `CREATE ROLE ${user} LOGIN PASSWORD '${password}'; ${grants(user)}`,
    );
    return { database, user, session: await open(urlFor(database, user), scenario) };
  }
  const drop = ({ database, user }) =>
    server.query(database, `DROP OWNED BY ${user}; DROP ROLE ${user}`);

  it('a user who may only read', async () => {
    const it = await makeUser((user) => `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}`);
    const found = await it.session.check();
    // Privileges would vanish with the tables that are dropped.
    const expected = ['DEPENDENTS', 'NOT_OWNER', 'NO_PRIVILEGE'];
    expect([found.state, codes(found)]).toEqual(['old', expected]);
    expect(found.problems[1].message).toContain('Todo_readers (owner ');
    expect(found.problems[1].message).toContain('Run the migration as their owner.');
    expect(found.problems[2].message).toContain('GRANT CREATE ON SCHEMA public TO that user,');
    await expectRefused(it.database, it.session, 'DEPENDENTS');
    await drop(it);
  });

  it('a user who may not even read', async () => {
    const it = await makeUser((user) => `GRANT CREATE ON SCHEMA public TO ${user}`);
    const error = { code: 'CHECK_FAILED', message: expect.stringMatching(/permission denied/) };
    await expect(it.session.check()).rejects.toMatchObject(error);
    await expect(it.session.apply()).rejects.toMatchObject(error);
    await drop(it);
  });

  it('an owner whose transactions are read only', async () => {
    const it = await makeUser((user) => {
      const tables = ['Todo', 'User', 'Todo_readers', 'Todo_reviewers', 'User_published'];
      const own = [...tables, 'User_readPosts'].map(
        (name) => `ALTER TABLE "${name}" OWNER TO ${user}`,
      );
      return `GRANT CREATE ON SCHEMA public TO ${user}; ${own.join('; ')};
        ALTER ROLE ${user} SET default_transaction_read_only = on`;
    });
    const found = await it.session.check();
    expect([found.state, codes(found)]).toEqual(['old', ['READ_ONLY']]);
    expect(found.problems[0].message).toContain('Run the migration as a user who may write.');
    await expectRefused(it.database, it.session, 'READ_ONLY');
    await server.query(undefined, `ALTER ROLE ${it.user} RESET default_transaction_read_only`);
    // Nothing else is in the way of an owner who is no superuser.
    expect(await it.session.apply()).toMatchObject({ isApplied: true });
    await server.dropDatabase(it.database);
    await server.query(undefined, `DROP ROLE ${it.user}`);
  });

  it('an owner who may not create in the schema, which dropping does not take', async () => {
    const { Todo, User } = JSON.parse(JSON.stringify(GUIDE.lists));
    for (const path of ['reviewers', 'readers']) delete Todo.fields[path];
    delete User.fields.readPosts;
    const own = ['Todo', 'User', 'User_published'];
    const it = await makeUser(
      (user) => own.map((name) => `ALTER TABLE "${name}" OWNER TO ${user}`).join('; '),
      { ...GUIDE, lists: { Todo, User } },
    );
    const found = await it.session.check();
    expect([found.state, codes(found)]).toEqual(['old', []]);
    expect(await it.session.apply()).toMatchObject({ isApplied: true });
    await server.dropDatabase(it.database);
    await server.query(undefined, `DROP ROLE ${it.user}`);
  });
});

describe('no connection', () => {
  const failing = async (url, scenario) => {
    const session = await open(url, scenario);
    const error = await session.check().catch((reason) => reason);
    const again = await session.apply().catch((reason) => reason);
    expect([error.code, again.code]).toEqual(['CONNECTION_FAILED', 'CONNECTION_FAILED']);
    for (const { message, stack } of [error, again]) {
      expect(message + stack).not.toMatch(/very|secret/);
    }
    return error.message;
  };

  it('a wrong password', async () => {
    const message = await failing(urlFor('filled', 'postgres'));
    expect(message).toContain('password authentication failed');
    expect(message).toContain('Is the password right?');
  });

  it('a database that is not there', async () => {
    const message = await failing(`${server.url()}_not_there`);
    expect(message).toMatch(/database "[^"]*_not_there" does not exist/);
    expect(message).toContain('Is the database name right?');
  });

  it('no server', async () => {
    // A port that was free a moment ago.
    const port = await new Promise((resolve) => {
      const free = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = free.address();
        free.close(() => resolve(port));
      });
    });
    for (const host of ['127.0.0.1', 'localhost']) {
      const message = await failing(`postgres://me:${PASSWORD}@${host}:${port}/database`);
      expect(message).toContain('ECONNREFUSED');
      expect(message).toContain('Is the server running, and can it be reached from here?');
      expect(message).toContain(`database database, host ${host}, port ${port}, user me`);
    }
  });

  it('an address that is none', async () => {
    const message = await failing('postgres://me:very/se@cret@nowhere.invalid:5432/database');
    expect(message).toContain('Could not connect');
    expect(message).not.toContain('host name');
    const valid = await failing(`postgres://me:${PASSWORD}@nowhere.invalid:5432/database`);
    expect(valid).toContain('Is the host name right?');
  });

  it('a user who may not connect to the database', async () => {
    const database = `private_${++count}`;
    await server.createDatabase(database);
    const user = `user_${count}`;
    const password = decodeURIComponent(PASSWORD);
    await server.query(
      database,
      `REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC; CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
    );
    const message = await failing(urlFor(database, user));
    expect(message).toContain('May this user connect to this database?');
    await server.dropDatabase(database);
    await server.query(undefined, `DROP ROLE ${user}`);
  });

  it('by the command: only the message, and nothing on stdout', async () => {
    const folder = makeScenarioProject(GUIDE, 'knex');
    for (const args of [['--check'], ['--apply', '--yes'], ['--check', '--json']]) {
      const env = { DATABASE_URL: urlFor('filled', 'postgres') };
      const { code, stdout, stderr } = await run(folder, args, { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('✖ Could not connect to the database of the adapter knex');
      expect(stderr).not.toMatch(/very|secret|createdb|connect to database: |at .*\.js/);
    }
  });
});

/** A server that others use has settings of its own: this test counts as skipped there. */
const testOnOwnServer = isGiven() ? it.skip : it;

testOnOwnServer('says what to do where the server has no room for all the locks', async () => {
  const tags = Array.from({ length: 200 }, (_, at) => [
    `tags${at}`,
    { type: 'Relationship', ref: 'Tag', many: true },
  ]);
  const scenario = {
    lists: {
      Post: { fields: Object.fromEntries(tags) },
      Tag: { fields: { name: { type: 'Text' } } },
    },
  };
  const small = await startPostgres(postgresVersions()[0], {
    max_locks_per_transaction: '10',
    max_connections: '10',
  });
  try {
    await small.createDatabase('many');
    const session = await open(small.url('many'), scenario);
    const client = await small.connect('many');
    const schema = planUpgrade(await session.snapshot()).schema('old');
    for (const statement of schema.split(';\n')) await client.query(statement);
    await client.end();
    const full = {
      code: 'CHECK_FAILED',
      message: expect.stringContaining('Raise max_locks_per_transaction in postgresql.conf'),
    };
    await expect(session.check()).rejects.toMatchObject(full);
    await expect(session.apply()).rejects.toMatchObject(full);
    await session.close();
  } finally {
    await small.stop();
  }
});

it('a server that is too old says so, before it is asked what it does not understand', async () => {
  const { database } = await makeDatabase();
  const url = new URL(server.url(database));
  const version = "current_setting('server_version')";
  const older = "'11.22'".padEnd(version.length);
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) }, (text) =>
    text.replace(`SELECT ${version} AS`, `SELECT ${older} AS`),
  );
  url.host = proxy.address;
  const env = { DATABASE_URL: url.href };
  const project = makeScenarioProject(GUIDE, 'knex');
  const before = await stateOf(database);
  const runs = [];
  for (const args of [['--check'], ['--apply', '--yes']]) {
    runs.push(await run(project, args, { env }));
  }
  proxy.stop();
  for (const { code, stdout, stderr } of runs) {
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /✖ This needs PostgreSQL 12 or later, and the server is 11\.22\. .* \[SERVER_VERSION\]\n$/,
    );
  }
  expect(await stateOf(database)).toBe(before);
});

describe('what projects have done to their databases', () => {
  const text = { type: 'Text' };
  const one = (ref) => ({ type: 'Relationship', ref });
  const many = (ref) => ({ ...one(ref), many: true });

  /** A database that OLD has made of lists, and the command in a project with these lists and NEW. */
  async function makeCase(lists, seed) {
    const database = `case ${++count}`;
    await server.createDatabase(database);
    const scenario = { adapters: ['knex'], lists };
    const session = await keystones.old.open(scenario, server.url(database));
    await session.createSchema();
    await seed(session);
    await session.close();
    const project = makeScenarioProject(scenario, 'knex');
    const env = { DATABASE_URL: server.url(database) };
    return { database, scenario, command: (...args) => run(project, args, { env }) };
  }

  it('links given to others: what --check --reconcile says is what the run then does', async () => {
    const lists = {
      User: { fields: { name: text, posts: many('Post.author'), lead: one('Post.leader') } },
      Post: { fields: { name: text, author: one('User.posts'), leader: one('User.lead') } },
    };
    const { database, scenario, command } = await makeCase(lists, async (session) => {
      const { createUser: aida } = await session.query(
        'mutation { createUser(data: { name: "Aida", posts: { create: [{ name: "Soroban" }, { name: "Abacus" }] } }) { id posts { id } } }',
      );
      const { createUser: bert } = await session.query(
        'mutation { createUser(data: { name: "Bert" }) { id } }',
      );
      const [first, second] = aida.posts;
      const connect = ({ id }) => `connect: { id: ${id} }`;
      for (const change of [
        `updatePost(id: ${first.id}, data: { author: { ${connect(bert)} } })`,
        `updateUser(id: ${bert.id}, data: { posts: { ${connect(second)} } })`,
        `updateUser(id: ${aida.id}, data: { lead: { ${connect(first)} } })`,
        `updateUser(id: ${bert.id}, data: { lead: { ${connect(first)} } })`,
      ]) {
        await session.query(`mutation { ${change} { id } }`);
      }
    });
    const refused = await command('--check');
    expect(refused.code).toBe(2);
    expect(refused.stdout).toMatch(/that only User_posts has: 2\..*that only User\.lead has: 1\./s);

    const foretold = (await command('--check', '--reconcile')).stdout;
    expect(foretold).toContain(
      '--reconcile drops 2 links in User_posts that Post.author contradicts. For example: dropped Post 1 – User 1 of User_posts (Post.author has Post 1 – User 2);',
    );
    expect(foretold).toContain(
      '--reconcile drops 1 link in User.lead that Post.leader contradicts. For example: dropped Post 1 – User 1 of User.lead (Post.leader has Post 1 – User 2).',
    );
    const applied = await command('--apply', '--reconcile', '--yes');
    expect(applied.code).toBe(0);
    const warnings = (text) => text.split('\n').filter((line) => line.startsWith('⚠'));
    expect(warnings(foretold)).toHaveLength(2);
    expect(warnings(applied.stdout)).toEqual(
      warnings(foretold).map((line) => line.replace('--reconcile drops', '--reconcile dropped')),
    );
    const session = await keystones.new.open(scenario, server.url(database));
    expect(
      await session.query('{ allPosts(sortBy: id_ASC) { author { name } leader { name } } }'),
    ).toEqual({
      allPosts: [
        { author: { name: 'Bert' }, leader: { name: 'Bert' } },
        { author: { name: 'Bert' }, leader: null },
      ],
    });
    await session.close();
  });

  it('a list with a table of another name, which NEW does not know', async () => {
    const orders = { orders: many('Order.customer'), likes: many('Order') };
    const lists = {
      User: {
        fields: { name: { ...text, isUnique: true }, ...orders },
        adapterConfig: { listAdapterClass: 'setsTable:customers' },
      },
      Order: { fields: { no: text, customer: one('User.orders') } },
    };
    const { database, command } = await makeCase(lists, (session) =>
      session.query(
        'mutation { createUser(data: { name: "a", orders: { create: [{ no: "1" }] }, likes: { create: [{ no: "2" }] } }) { id } }',
      ),
    );
    const before = await stateOf(database);
    const missing = 'Not in the schema public: the table User of the list User.';
    const checked = await command('--check');
    expect([checked.code, checked.stdout]).toEqual([2, expect.stringContaining(missing)]);
    const applied = await command('--apply', '--yes');
    expect([applied.code, applied.stderr]).toEqual([1, expect.stringContaining(missing)]);
    expect(await stateOf(database)).toBe(before);
  });
});

describe('several adapters', () => {
  const scenario = loadScenario('two-adapters');

  it('one has to be named, before anything connects', async () => {
    const session = await open('postgres://nowhere.invalid/none', scenario, 'old');
    await expect(session.check()).rejects.toMatchObject({ code: 'ADAPTER_REQUIRED' });
    await expect(session.apply()).rejects.toMatchObject({ code: 'ADAPTER_REQUIRED' });
    await expect(session.check({ adapter: 'x' })).rejects.toMatchObject({
      code: 'UNKNOWN_ADAPTER',
    });
  });

  it('each is connected to by its own settings', async () => {
    await server.createDatabase('several');
    const session = await open(server.url('several'), scenario, 'old');
    const found = await session.check({ adapter: 'pg' });
    expect(found).toMatchObject({ adapter: 'pg', state: 'neither' });
    const related = found.relationships.map(({ name }) => name);
    expect(related).toContain('Post.tags -> Tag.posts');
  });
});

describe('one at a time', () => {
  it('a second run says who has the lock, and waits for nothing', async () => {
    const { database, session } = await makeDatabase();
    const client = await server.connect(database);
    await client.query(`BEGIN; SET LOCAL application_name = 'another one';
      SELECT pg_advisory_xact_lock(${0x6b73746e}, 1)`);
    const locked = {
      code: 'LOCKED',
      message: expect.stringMatching(
        /^A migration of this database is running: another one \(user .*, since 2.*, server process \d+\)/,
      ),
    };
    await expect(session.check()).rejects.toMatchObject(locked);
    await expect(session.apply()).rejects.toMatchObject(locked);
    await client.end();
    expect(await session.apply()).toMatchObject({ isApplied: true });
  });

  it('a check is not run over: a migration waits a moment for it, and then says who it is', async () => {
    const { database, session } = await makeDatabase();
    const look = async () => {
      const client = await server.connect(database);
      await client.query(`BEGIN READ ONLY; SET LOCAL application_name = 'one who looks';
        SELECT pg_advisory_xact_lock_shared(${0x6b73746e}, 1)`);
      return client;
    };
    const first = await look();
    expect(await session.check()).toMatchObject({ state: 'old' });
    await expect(session.apply()).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/^A check of this database is running: one who looks \(user /),
    });
    await first.end();
    // It has asked for the lock when it asks who has it.
    const isWaiting = `SELECT FROM pg_stat_activity
      WHERE application_name LIKE 'keystone-upgrade-relationships%' AND query LIKE '%pg_locks%'`;
    let outcome;
    // Where its patience ends before this test has seen it wait, it is tried again.
    do {
      const looking = await look();
      let hasEnded = false;
      const applied = session
        .apply()
        .catch((error) => error)
        .finally(() => (hasEnded = true));
      while (!hasEnded && (await server.query(database, isWaiting)).length === 0);
      await looking.end();
      outcome = await applied;
    } while (outcome.code === 'LOCKED');
    expect(outcome).toMatchObject({ isApplied: true });
  });

  it('a check has the lock while it looks, and no longer', async () => {
    const { database, session } = await makeDatabase();
    const held = () =>
      server.query(
        database,
        `SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
    let locks = [];
    let found;
    let tries = 5;
    // Where its patience ends before the table is free, it is tried again.
    do {
      const other = await server.connect(database);
      await other.query('BEGIN; LOCK TABLE "Todo" IN ACCESS EXCLUSIVE MODE');
      let hasEnded = false;
      const checking = session
        .check()
        .catch((error) => error)
        .finally(() => (hasEnded = true));
      while (locks.length === 0 && !hasEnded) locks = await held();
      await other.end();
      found = await checking;
    } while (--tries && found.message?.includes('Other sessions use the tables'));
    expect(locks).toEqual([{ mode: 'ShareLock' }]);
    expect(found).toMatchObject({ state: 'old' });
    expect(await held()).toEqual([]);
  });

  it('of several at once one does it, and the others say so', async () => {
    const { database } = await makeDatabase();
    const url = server.url(database);
    const sessions = [await open(url), await open(url, GUIDE, 'old'), await open(url)];
    const results = await Promise.allSettled(sessions.map((session) => session.apply()));
    const applied = results.filter(({ value }) => value && value.isApplied);
    expect(applied).toHaveLength(1);
    for (const { value, reason } of results) {
      if (reason) expect(['LOCKED', 'MIGRATION_FAILED']).toContain(reason.code);
      else if (!value.isApplied) expect(value.check.isDone).toBe(true);
    }
    expect((await sessions[0].check()).state).toBe('new');
  });
});

it('what is no Keystone is refused', async () => {
  const { apply, check } = require('..');
  for (const thing of [undefined, {}, { version: 1, lists: [] }]) {
    await expect(check(thing)).rejects.toMatchObject({ code: 'NOT_KEYSTONE' });
    await expect(apply(thing)).rejects.toMatchObject({ code: 'NOT_KEYSTONE' });
  }
});
