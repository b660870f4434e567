'use strict';

// The second line of defence on PostgreSQL: what is verified before the commit, what the session's own
// settings and rules could spoil, how a run ends that is ended, and what is left for the project.

const fs = require('fs');
const net = require('net');
const path = require('path');
const { Client } = require('pg');
const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { oldKeystone } = require('../dev/keystones');
const { isGiven, postgresVersions, startPostgres } = require('../dev/postgres');
const { makeProject, makeScenarioProject, removeProjects, run } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { runOnTerminal } = require('../dev/terminal');

const GUIDE = loadScenario('guide');

let server;
/** NEW, for the API. */
let keystone;
let project;
let count = 0;
/** All that is in the database before and after a migration. */
const states = {};

beforeAll(async () => {
  server = await startPostgres(postgresVersions()[0]);
  keystone = startKeystone('new');
  project = makeScenarioProject(GUIDE, 'knex');
  const old = startKeystone('old');
  await server.createDatabase('old');
  const session = await old.open(GUIDE, server.url('old'));
  await session.createSchema();
  await session.fill({ seed: 3, canBeEmpty: false, canDelete: true });
  await old.stop();
  states.old = await stateOf('old');
  await server.createDatabase('new', 'old');
  expect(await applyTo('new')).toMatchObject({ isApplied: true });
  states.new = await stateOf('new');
});

afterAll(async () => {
  removeProjects();
  if (keystone) await keystone.stop();
  if (server) await server.stop();
});

const stateOf = async (database) =>
  (await server.schemaOf(database)) + (await server.rowsOf(database));

async function makeDatabase(template = 'old', name = `guard ${++count}`) {
  await server.createDatabase(name, template);
  return name;
}

/** A project of NEW that knows an address and is not connected. */
const open = (url, scenario = GUIDE) => keystone.open(scenario, url, { connects: false });

async function checkOf(database, options) {
  const session = await open(server.url(database));
  return session.check(options);
}

async function applyTo(database, options) {
  const session = await open(server.url(database));
  return session.apply(options);
}

const planOf = async (lists) =>
  planUpgrade(await (await keystone.open(lists ? { lists } : GUIDE)).snapshot());

const codes = ({ problems }) => problems.map(({ code }) => code);

/** Runs the command on a database. */
const runOn = (database, args, options) =>
  run(project, args, { env: { DATABASE_URL: server.url(database) }, ...options });

/** Has the migration's own session run something after each statement of a kind. */
async function interfere(database, tag, body) {
  await server.query(
    database,
    `CREATE FUNCTION public.interfere() RETURNS event_trigger LANGUAGE plpgsql
       AS $interfere$ BEGIN ${body} END $interfere$`,
  );
  await server.query(
    database,
    `CREATE EVENT TRIGGER interfere ON ddl_command_end WHEN TAG IN ('${tag}')
       EXECUTE FUNCTION public.interfere()`,
  );
  return stateOf(database);
}

/** Statements for `interfere` that empty a table as soon as it is there. */
const empty = (table) =>
  `IF to_regclass('public."${table}"') IS NOT NULL THEN EXECUTE 'DELETE FROM public."${table}"'; END IF;`;

/** Resolves when a query has an answer, or when there is nothing to wait for any more. */
async function until(database, sql, isOver = () => false) {
  while (!isOver()) {
    const [row] = await server.query(database, sql);
    if (row) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Resolves when a session of a database does what the server calls so. */
const untilWaiting = (database, event, isOver) =>
  until(
    database,
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = '${event}'`,
    isOver,
  );

describe('verified before the commit', () => {
  it.each([
    ['an N:N', 'up', 'old', 'Todo_readers_User_readPosts', 'Todo.readers -> User.readPosts'],
    ['a one-sided N:N', 'up', 'old', 'Todo_reviewers_many', 'Todo.reviewers -> User'],
    ['a one-sided N:N', 'down', 'new', 'Todo_reviewers', 'Todo.reviewers -> User'],
    ['an N:N', 'down', 'new', 'Todo_readers', 'Todo.readers -> User.readPosts'],
    ['an N:N’s second copy', 'down', 'new', 'User_readPosts', 'Todo.readers -> User.readPosts'],
    ['a 1:N’s second copy', 'down', 'new', 'User_published', 'Todo.publisher -> User.published'],
  ])('links of %s that vanish on the way %s', async (_, direction, template, table, name) => {
    const database = await makeDatabase(template);
    const tag = table.startsWith('User_') ? 'CREATE INDEX' : 'ALTER TABLE';
    const before = await interfere(database, tag, empty(table));
    const error = await applyTo(database, { direction }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'NOT_VERIFIED' });
    const plan = await planOf();
    const named = error.problems.map(({ code, relationship }) => [
      code,
      plan.relationships[relationship].name,
    ]);
    expect(named).toEqual([['LINKS_DIFFER', name]]);
    expect(await stateOf(database)).toBe(before);
  });

  it.each([
    ['1:1', 'UPDATE public."Todo" SET "leadAuthor" = NULL', 'Todo.leadAuthor -> User.leadPost'],
    ['1:N', 'UPDATE public."Todo" SET publisher = NULL', 'Todo.publisher -> User.published'],
    ['one-sided 1:N', 'UPDATE public."Todo" SET author = NULL', 'Todo.author -> User'],
  ])('links in the column of a %s that vanish', async (_, sql, name) => {
    const database = await makeDatabase();
    const before = await interfere(database, 'ALTER TABLE', `${sql};`);
    const error = await applyTo(database).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'NOT_VERIFIED', problems: [{ code: 'LINKS_DIFFER' }] });
    expect(error.message).toContain(name);
    expect(await stateOf(database)).toBe(before);
  });

  it('links that come from nowhere', async () => {
    const database = await makeDatabase();
    const before = await interfere(
      database,
      'ALTER TABLE',
      `IF to_regclass('public."Todo_reviewers_many"') IS NOT NULL THEN
         EXECUTE 'INSERT INTO public."Todo_reviewers_many" SELECT "Todo".id, "User".id
           FROM public."Todo", public."User" LIMIT 1';
       END IF;`,
    );
    await expect(applyTo(database)).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      problems: [{ code: 'LINKS_DIFFER' }],
    });
    expect(await stateOf(database)).toBe(before);
  });

  it('a repair that loses one of the links that only one side had', async () => {
    const database = await makeDatabase();
    // As the two sides hold the same links, one of them has one more then.
    const [{ links }] = await server.query(
      database,
      `SELECT count(*)::int AS links FROM "Todo_readers"`,
    );
    const one = (table) => `ctid = (SELECT min(ctid) FROM public."${table}")`;
    await server.query(database, `DELETE FROM "Todo_readers" WHERE ${one('Todo_readers')}`);
    const table = 'Todo_readers_User_readPosts';
    const before = await interfere(
      database,
      'ALTER TABLE',
      `IF to_regclass('public."${table}"') IS NOT NULL THEN
         EXECUTE 'DELETE FROM public."${table}" WHERE ${one(table)}
           AND (SELECT count(*) FROM public."${table}") = ${links}';
       END IF;`,
    );
    await expect(applyTo(database, { reconcile: true })).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      problems: [{ code: 'LINKS_DIFFER' }],
    });
    expect(await stateOf(database)).toBe(before);
  });

  it.each([
    ['up', 'old', 'DROP TABLE', 'User_published', '"User_id" int, "Todo_id" int'],
    [
      ...['down', 'new', 'ALTER TABLE', 'Todo_reviewers_many'],
      '"Todo_left_id" int, "User_right_id" int',
    ],
  ])('a table of the other schema that is there again on the way %s', async (...row) => {
    const [direction, template, tag, table, columns] = row;
    const database = await makeDatabase(template);
    const before = await interfere(
      database,
      tag,
      `IF to_regclass('public."${table}"') IS NULL THEN
         EXECUTE 'CREATE TABLE public."${table}" (${columns})';
       END IF;`,
    );
    const error = await applyTo(database, { direction }).catch((reason) => reason);
    expect([error.code, codes(error)]).toEqual(['NOT_VERIFIED', ['NOT_DONE']]);
    expect(await stateOf(database)).toBe(before);
  });

  it('by the command: an error, and nothing on stdout', async () => {
    const database = await makeDatabase();
    const before = await interfere(database, 'ALTER TABLE', empty('Todo_reviewers_many'));
    const { code, stdout, stderr } = await runOn(database, ['--apply', '--yes']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Todo.reviewers -> User');
    expect(await stateOf(database)).toBe(before);
  });
});

describe('a connection that is lost while it commits', () => {
  /** What is between a client and the server, and ends with the statement COMMIT. */
  async function startProxy(isCommitted) {
    const { hostname, port } = new URL(server.url());
    const proxy = net.createServer((client) => {
      const upstream = net.connect(Number(port), hostname);
      const end = () => [client, upstream].forEach((socket) => socket.destroy());
      for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
      upstream.pipe(client);
      client.on('data', (chunk) => {
        if (!chunk.includes('COMMIT\0')) return upstream.write(chunk);
        upstream.unpipe(client);
        if (!isCommitted) return end();
        upstream.once('data', end).resume(); // The answer says that it is done.
        return upstream.write(chunk);
      });
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  it.each([
    ['before', false, 'old'],
    ['after', true, 'new'],
  ])('%s the server has committed', async (_, isCommitted, state) => {
    const database = await makeDatabase();
    const proxy = await startProxy(isCommitted);
    const url = new URL(server.url(database));
    url.hostname = '127.0.0.1';
    url.port = proxy.address().port;
    const error = await (await open(url.href)).apply().catch((reason) => reason);
    proxy.close();
    expect(error.code).toBe('COMMIT_UNKNOWN');
    expect(await stateOf(database)).toBe(states[state]);
    expect(await applyTo(database)).toMatchObject({ isApplied: !isCommitted });
    expect(await stateOf(database)).toBe(states.new);
  });
});

describe('what a database shows', () => {
  it('that is finished: no problem, in either direction', async () => {
    for (const [database, direction] of [
      ['new', 'up'],
      ['old', 'down'],
    ]) {
      const found = await checkOf(database, { direction });
      expect(found).toMatchObject({ isDone: true, isReady: false, problems: [] });
      const args = direction === 'up' ? ['--check'] : ['--rollback', '--check'];
      expect((await runOn(database, args)).code).toBe(0);
    }
  });

  it('the tables that it would lock: those that foreign keys refer to as well', async () => {
    const side = (ref) => ({ fields: { many: { type: 'Relationship', ref, many: true } } });
    const lists = { A: side('B.many'), B: side('A.many') };
    const database = await makeDatabase('template0');
    await server.query(database, (await planOf(lists)).schema('old'));
    const session = await open(server.url(database), { lists });
    const { locks } = await session.check();
    expect(locks.map(({ name }) => name)).toEqual(['A', 'A_many', 'B', 'B_many']);
  });

  it('that is finished, though one may only read: no problem', async () => {
    const database = await makeDatabase('new');
    await server.query(
      undefined,
      `ALTER DATABASE "${database}" SET default_transaction_read_only = on`,
    );
    expect(await checkOf(database)).toMatchObject({ isDone: true, problems: [] });
  });

  it('where a column is missing beside everything else: it is not finished', async () => {
    const database = await makeDatabase('new');
    await server.query(database, 'ALTER TABLE "Todo" DROP COLUMN publisher');
    const found = await checkOf(database);
    expect([found.isDone, found.isReady, codes(found)]).toEqual([false, false, ['MISSING']]);
  });

  it('to its owner, where row-level security is forced and hides rows: nothing, not a part', async () => {
    const database = await makeDatabase();
    const role = 'forced';
    const tables = ['Todo', 'User', 'Todo_readers', 'Todo_reviewers', 'User_published'];
    await server.query(
      database,
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT CREATE ON SCHEMA public TO ${role};
       ${[...tables, 'User_readPosts'].map((it) => `ALTER TABLE "${it}" OWNER TO ${role};`).join(' ')}
       ALTER TABLE "Todo_readers" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
       CREATE POLICY one ON "Todo_readers" USING ("Todo_id" = 1)`,
    );
    const before = await stateOf(database);
    const url = new URL(server.url(database));
    Object.assign(url, { username: role, password: 'pw' });
    const session = await open(url.href);
    await expect(session.check()).rejects.toMatchObject({ code: 'CHECK_FAILED' });
    await expect(session.apply()).rejects.toMatchObject({ code: 'CHECK_FAILED' });
    // The script finds it by itself.
    await expect(scriptAs(url.href, (await planOf()).migration())).rejects.toMatchObject({
      code: '42501',
    });
    expect(await stateOf(database)).toBe(before);
    await server.dropDatabase(database);
    await server.query(undefined, `DROP ROLE ${role}`);
  });

  const onOwnServer = isGiven() ? it.skip : it;
  onOwnServer('on a standby: all of it, and that it cannot be migrated there', async () => {
    const standby = await startPostgres(postgresVersions()[0]);
    try {
      const client = await standby.connect();
      await client.query((await planOf()).schema('old'));
      await client.query(
        'INSERT INTO "User" DEFAULT VALUES; INSERT INTO "User_readPosts" TABLE "User_readPosts"',
      );
      await client.end();
      await standby.becomeStandby();
      const session = await open(standby.url());
      const found = await session.check();
      expect([found.state, found.isReady, codes(found)]).toEqual(['old', false, ['STANDBY']]);
      expect(found.problems[0].message).toContain('Connect to the primary server.');
      await expect(session.apply()).rejects.toMatchObject({ code: 'STANDBY' });
    } finally {
      await standby.stop();
    }
  });
});

/** Runs a script as the user of an address. */
async function scriptAs(url, script) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(script);
  } finally {
    await client.end();
  }
}

describe('limits of the session', () => {
  it.each([
    ['a database', (database) => `ALTER DATABASE "${database}" SET statement_timeout = 100`],
    ['a role', () => 'ALTER ROLE hasty SET statement_timeout = 100'],
  ])('%s with a statement_timeout: neither a check nor a migration has it', async (_, setting) => {
    const database = await makeDatabase();
    await server.query(
      undefined,
      `CREATE ROLE hasty SUPERUSER LOGIN PASSWORD 'pw'; ${setting(database)}`,
    );
    const url = new URL(server.url(database));
    Object.assign(url, { username: 'hasty', password: 'pw' });
    // Each has to wait for a lock for longer than it may, and goes on then.
    const other = await server.connect(database);
    await other.query('SET statement_timeout = 0');
    const waitsLong = `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
      AND wait_event_type = 'Lock' AND clock_timestamp() - state_change > '300 ms'`;
    const behindLock = async (action) => {
      await other.query('BEGIN; LOCK TABLE "Todo_readers" IN ACCESS EXCLUSIVE MODE');
      let isOver = false;
      const error = action()
        .then(
          () => null,
          (reason) => reason,
        )
        .finally(() => (isOver = true));
      await until(database, waitsLong, () => isOver);
      await other.query('COMMIT');
      return error;
    };
    const session = await open(url.href);
    let error;
    // Where its patience with the lock ends before that is gone, it is tried again.
    do error = await behindLock(() => session.check());
    while (error?.message.includes('Other sessions use the tables'));
    expect(error).toBe(null);
    const script = (await planOf())
      .migration()
      .replace(`lock_timeout = '5s'`, `lock_timeout = '1d'`);
    expect(script).toContain("'1d'");
    expect(await behindLock(() => scriptAs(url.href, script))).toBe(null);
    await other.end();
    expect(await stateOf(database)).toBe(states.new);
    await server.dropDatabase(database);
    await server.query(undefined, 'DROP ROLE hasty');
  });
});

describe('a run that is ended', () => {
  /** A database on which a migration takes for ever, unless it is told to stop. */
  async function makeEndless(body = 'PERFORM pg_sleep(3600);') {
    const database = await makeDatabase();
    return { database, before: await interfere(database, 'ALTER TABLE', body) };
  }

  /** Runs the command, and sends it signals, each when the server is in a sleep. */
  async function runAndSignal(database, ...signals) {
    let isOver = false;
    const sent = [];
    const onStart = async (child) => {
      child.once('exit', () => (isOver = true));
      for (const signal of signals) {
        await untilWaiting(database, 'PgSleep', () => isOver);
        sent.push(child.kill(signal));
        if (sent.length < signals.length) await untilSleepsAnew(database, () => isOver);
      }
    };
    const result = await runOn(database, ['--apply', '--yes'], { onStart });
    return { ...result, sent };
  }

  /** Resolves when the sleep that is to be seen is the second one, after the first was cancelled. */
  const untilSleepsAnew = (database, isOver) =>
    until(database, 'SELECT 1 WHERE (SELECT last_value FROM public.sleeps) > 1', isOver);

  const sessions = (database) =>
    server.query(
      database,
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('by %s in a long statement', async (signal) => {
    const { database, before } = await makeEndless();
    const { code, stdout, stderr } = await runAndSignal(database, signal);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('rolled back');
    expect(await sessions(database)).toEqual([]);
    expect(await stateOf(database)).toBe(before);
  });

  it('by Ctrl-C on a terminal in a long statement', async () => {
    const { database, before } = await makeEndless();
    let isOver = false;
    let interrupt;
    const running = runOnTerminal(project, ['--apply', '--yes'], {
      env: { DATABASE_URL: server.url(database) },
      onStart: (child) => (interrupt = () => child.stdin.write('\x03')),
    }).finally(() => (isOver = true));
    await untilWaiting(database, 'PgSleep', () => isOver);
    interrupt();
    // The statement takes an hour: that this ends at all is what is proved.
    expect((await running).code).toBe(1);
    expect(await stateOf(database)).toBe(before);
  });

  it('by a second signal at once, where the clean end does not come', async () => {
    // A statement that does not let itself be cancelled.
    const { database } = await makeEndless(
      `PERFORM nextval('public.sleeps');
       BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN
         PERFORM nextval('public.sleeps'), pg_sleep(3600);
       END;`,
    );
    await server.query(database, 'CREATE SEQUENCE public.sleeps');
    const { signal, sent } = await runAndSignal(database, 'SIGINT', 'SIGINT');
    expect(sent).toEqual([true, true]);
    expect(signal).toBe('SIGINT');
    // What is left of it is the server's.
    await server.dropDatabase(database);
  });

  it('through the API: before it begins, and in the midst of it', async () => {
    const { database, before } = await makeEndless();
    const session = await open(server.url(database));
    const ended = (options) => session.apply(options).catch(({ code }) => code);
    expect(await ended({ abortsAt: 'start' })).toBe('INTERRUPTED');
    expect(await ended({ abortsAt: 'migrate' })).toBe('INTERRUPTED');
    const running = ended();
    await untilWaiting(database, 'PgSleep');
    await session.abort();
    expect(await running).toBe('INTERRUPTED');
    expect(await stateOf(database)).toBe(before);
  });

  it('by a no', async () => {
    await expect(applyTo('old', { confirms: false })).rejects.toMatchObject({ code: 'DECLINED' });
    expect(await stateOf('old')).toBe(states.old);
  });
});

describe('what is left for the project', () => {
  it('its keystone connects and works, before and after a check and a migration', async () => {
    const database = await makeDatabase('new');
    const url = server.url(database);
    const fresh = await keystone.open(GUIDE, url);
    const expected = await fresh.read();
    await fresh.close();
    const session = await open(url);
    await session.check();
    await session.connect();
    expect(await session.read()).toEqual(expected);
    // And one that is connected already.
    await session.check();
    await session.check({ direction: 'down' });
    expect(await session.read()).toEqual(expected);
    expect(await session.apply({ direction: 'down' })).toMatchObject({ isApplied: true });
    expect(await session.apply()).toMatchObject({ isApplied: true });
    expect(await session.read()).toEqual(expected);
    await session.close();
  });

  it('no session stays on the server', async () => {
    const database = await makeDatabase();
    await checkOf(database);
    await applyTo(database);
    // The server takes a moment to see that a client has gone: one that stays is waited for in vain.
    const sessions = `FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await until(database, `SELECT 1 WHERE NOT EXISTS (SELECT ${sessions})`);
    expect(await server.query(database, `SELECT application_name ${sessions}`)).toEqual([]);
  });
});

describe('the options of a run', () => {
  /** A project with two adapters of one kind, which only Keystones up to 18 can have. */
  const TWO = [
    "const { Keystone } = require('@keystonejs/keystone');",
    "const { KnexAdapter } = require('@keystonejs/adapter-knex');",
    "const { Relationship, Text } = require('@keystonejs/fields');",
    'const adapter = (connection) => new KnexAdapter({ knexOptions: { connection } });',
    'const keystone = new Keystone({',
    "  name: 'two', defaultAdapter: 'first',",
    '  adapters: { first: adapter(process.env.FIRST), second: adapter(process.env.SECOND) },',
    '});',
    "for (const [key, adapterName] of [['A', 'first'], ['B', 'second']]) {",
    '  keystone.createList(key, {',
    '    adapterName,',
    '    fields: { name: { type: Text }, many: { type: Relationship, ref: key + "2", many: true } },',
    '  });',
    '  keystone.createList(key + "2", { adapterName, fields: { name: { type: Text } } });',
    '}',
    'exports.keystone = keystone;',
  ].join('\n');

  it('--adapter says which of two of one kind', async () => {
    const folder = makeProject({ 'index.js': TWO }, [], oldKeystone());
    const names = { FIRST: await makeEmpty('A'), SECOND: await makeEmpty('B') };
    const env = Object.fromEntries(
      Object.entries(names).map(([name, database]) => [name, server.url(database)]),
    );
    const two = (...args) => run(folder, args, { env });
    const tables = async (database) =>
      (await server.schemaOf(database)).match(/public\."?\w+_many(_many)?\b/)[0];

    for (const wrong of [['--check'], ['--apply', '--yes', '--adapter', 'third']]) {
      expect(await two(...wrong)).toMatchObject({ code: 1, stdout: '' });
    }
    expect((await two('--exit-code', '--adapter', 'second')).code).toBe(2);

    const found = JSON.parse((await two('--check', '--json', '--adapter', 'second')).stdout);
    expect(found).toMatchObject({ adapter: 'second', isReady: true });
    expect(found.database.name).toBe(names.SECOND);
    expect((await two('--apply', '--yes', '--adapter', 'second')).code).toBe(0);
    expect(await tables(names.FIRST)).toMatch(/A_many$/);
    expect(await tables(names.SECOND)).toMatch(/B_many_many$/);
    expect((await two('--apply', '--yes', '--adapter', 'first')).code).toBe(0);
    expect(await tables(names.FIRST)).toMatch(/A_many_many$/);
    const back = ['--rollback', '--apply', '--yes', '--adapter', 'second'];
    expect((await two(...back)).code).toBe(0);
    expect(await tables(names.FIRST)).toMatch(/A_many_many$/);
    expect(await tables(names.SECOND)).toMatch(/B_many$/);

    /** The old database of one of them. */
    async function makeEmpty(key) {
      const database = await makeDatabase('template0');
      const lists = {
        [key]: {
          fields: {
            name: { type: 'Text' },
            many: { type: 'Relationship', ref: `${key}2`, many: true },
          },
        },
        [`${key}2`]: { fields: { name: { type: 'Text' } } },
      };
      await server.query(database, (await planOf(lists)).schema('old'));
      return database;
    }
  });

  it('a migration that cannot be taken back runs with --one-way alone', async () => {
    const database = await makeDatabase();
    const before = await stateOf(database);
    const folder = makeScenarioProject(GUIDE, 'knex');
    fs.writeFileSync(
      path.join(folder, 'keyless.js'),
      `const { keystone } = require('./index');
       keystone.lists.User.adapter.getPrimaryKeyAdapter = () => ({});
       module.exports = { keystone };`,
    );
    const env = { DATABASE_URL: server.url(database) };
    const apply = (...args) =>
      run(folder, ['--entry', 'keyless.js', '--apply', '--yes', ...args], { env });
    const refused = await apply();
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /no rollback[^]*add --one-way[^]*\[UNKNOWN_TYPE\]|\[UNKNOWN_TYPE\][^]*--one-way/,
    );
    expect(await stateOf(database)).toBe(before);
    expect(await apply('--one-way')).toMatchObject({ code: 0 });
    expect(await stateOf(database)).toBe(states.new);
  });

  it('--reconcile with --rollback drops what the old schema has no place for', async () => {
    const lists = {
      User: { fields: { friends: { type: 'Relationship', ref: 'User', many: true } } },
    };
    const database = await makeDatabase('template0');
    const plan = await planOf(lists);
    await server.query(database, plan.schema('old'));
    await server.query(database, plan.migration());
    await server.query(
      database,
      `INSERT INTO "User" DEFAULT VALUES; INSERT INTO "User_friends_many" VALUES (1, 1)`,
    );
    const before = await stateOf(database);
    const folder = makeScenarioProject({ lists }, 'knex');
    const env = { DATABASE_URL: server.url(database) };
    const back = (...args) => run(folder, ['--rollback', ...args], { env });
    expect((await back('--apply', '--yes')).code).toBe(1);
    expect(await stateOf(database)).toBe(before);

    const { stdout } = await back('--reconcile');
    const copy = await makeDatabase(database);
    expect((await server.runScript(copy, stdout)).error).toBe(null);
    expect((await back('--apply', '--yes', '--reconcile')).code).toBe(0);
    for (const changed of [copy, database]) {
      expect(await server.query(changed, 'SELECT FROM "User"')).toHaveLength(1);
      expect(await server.schemaOf(changed)).not.toContain('friends');
    }
  });
});
