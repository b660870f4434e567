'use strict';

// Whatever happens while a migration runs, the database is in the old schema or in the new one, with
// all its rows, and running the migration again says in which or ends the work.

const { planUpgrade } = require('..');
const { rowsText, schemaText } = require('../dev/catalogue');
const { startKeystone } = require('../dev/keystone-process');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { LISTS, ROWS } = require('../dev/postgres-data-odd');
const { Random } = require('../dev/random');

let old;
let plan;
let UP;
let DOWN;

beforeAll(async () => {
  old = startKeystone('old');
  const session = await old.open(LISTS);
  plan = planUpgrade(await session.snapshot());
  await session.close();
  UP = plan.migration();
  DOWN = plan.migration({ direction: 'down' });
});

afterAll(() => old && old.stop());

const SEED = Number(process.env.TEST_SEED ?? 1);

/** The statements of a script; comments stay with the statement that follows. */
function statementsOf(script) {
  const statements = [];
  let statement = '';
  // Quoted text whole, else one character after the other.
  const tokens =
    /(\$\w*\$)[\s\S]*?\1|E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|[\s\S]/g;
  for (const [token] of script.matchAll(tokens)) {
    statement += token;
    if (token !== ';') continue;
    statements.push(statement);
    statement = '';
  }
  return statements;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A script that waits for locks as long as it takes: a slow machine must not change how it ends. */
const patient = (script) => withLockTimeout(script, '1d');

function withLockTimeout(script, time) {
  const changed = script.replace(`lock_timeout = '5s'`, `lock_timeout = '${time}'`);
  expect(changed).not.toEqual(script);
  return changed;
}

// What a transaction is has been the same in every version: one server says it all.
describe.each(postgresVersions().slice(-1))('PostgreSQL %s', (version) => {
  let server;
  let count = 0;
  /** The state of the database before and after. */
  const states = {};

  beforeAll(async () => {
    server = await startPostgres(version);
    await server.createDatabase('old');
    const session = await old.open(LISTS, server.url('old'));
    await session.createSchema();
    await session.close();
    expect((await server.runScript('old', ROWS)).error).toBe(null);
    states.old = await stateOf('old');
    const database = await makeDatabase();
    expect((await server.runScript(database, UP)).error).toBe(null);
    states.new = await stateOf(database);
    expect(states.new).not.toEqual(states.old);
    await server.createDatabase('new', database);
  });

  afterAll(() => server && server.stop());

  async function makeDatabase(template = 'old') {
    count += 1;
    const database = `crash ${count}`;
    await server.createDatabase(database, template);
    return database;
  }

  async function stateOf(database) {
    const client = await server.connect(database);
    try {
      return (await schemaText(client)) + (await rowsText(client));
    } finally {
      await client.end();
    }
  }

  /** Which of the two states a database is in; anything else fails. */
  async function whichState(database) {
    const state = await stateOf(database);
    if (state === states.old) return 'old';
    expect(state).toEqual(states.new);
    return 'new';
  }

  const pidOf = async (client) =>
    (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;

  /** What a session does; nothing when it has ended. */
  const activityOf = async (pid) =>
    (await server.query(undefined, `SELECT * FROM pg_stat_activity WHERE pid = ${pid}`))[0];

  /** Waits until a script waits for an event of a name or of a type. */
  async function untilWaiting({ pid, done }, event) {
    let hasEnded = false;
    done.then(() => (hasEnded = true));
    while (!hasEnded) {
      const { wait_event: name, wait_event_type: type } = (await activityOf(pid)) ?? {};
      if ([name, type].includes(event)) return;
      await sleep(5);
    }
    throw new Error(`it has ended without waiting for ${event}: ${await done}`);
  }

  async function untilGone(pid) {
    while (await activityOf(pid)) await sleep(5);
  }

  const terminate = (pid) => server.query(undefined, `SELECT pg_terminate_backend(${pid})`);

  /** Starts a script in a session of its own, which may have settings of its own. */
  async function start(database, script, setting) {
    const client = await server.connect(database);
    if (setting) await client.query(setting);
    const pid = await pidOf(client);
    const done = client.query(script).then(
      () => null,
      (error) => error,
    );
    return { client, pid, done };
  }

  describe.each([
    ['the migration', {}, 'old', 'new'],
    ['the migration with repairs', { reconcile: true }, 'old', 'new'],
    ['the way back', { direction: 'down' }, 'new', 'old'],
  ])('%s', (_, options, from, to) => {
    let script;
    let statements;

    beforeAll(() => {
      script = plan.migration(options);
      statements = statementsOf(script);
    });

    it('is a single transaction', () => {
      expect(statements.join('') + '\n').toEqual(script);
      expect(statements.length).toBeGreaterThan(10);
      const plain = statements.map((each) => each.replaceAll(/^\s*--.*\n/gm, '').trim());
      expect(plain[0]).toMatch(/^BEGIN\b/);
      expect(plain.filter((each) => /^(COMMIT|ROLLBACK|END)\b/.test(each))).toEqual(['COMMIT;']);
      expect(plain.at(-1)).toBe('COMMIT;');
    });

    it('leaves nothing behind when its session is ended after any statement but the last', async () => {
      const database = await makeDatabase(from);
      // The others run the same statements around theirs.
      const step = script === UP ? 1 : 4;
      for (let at = 1; at < statements.length; at += step) {
        const slowed = [...statements];
        slowed.splice(at, 0, '\nSELECT pg_sleep(86400);');
        const run = await start(database, slowed.join(''));
        await untilWaiting(run, 'PgSleep');
        await terminate(run.pid);
        const error = await run.done;
        expect([at, error && error.code]).toEqual([at, '57P01']);
        await untilGone(run.pid);
        // The whole comparison is slow, and the transaction is undone the same way each time.
        if (at % 3 === 0) {
          expect([at, await whichState(database)]).toEqual([at, from]);
        }
      }
      expect((await server.runScript(database, script)).error).toBe(null);
      expect(await whichState(database)).toBe(to);
    });

    it('leaves nothing behind when psql loses its connection between two statements', async () => {
      const random = new Random(SEED);
      const database = await makeDatabase(from);
      for (let round = 0; round < 3; round++) {
        const at = random.integer(1, statements.length - 1);
        const client = await server.connect(database);
        const pid = await pidOf(client);
        for (const statement of statements.slice(0, at)) await client.query(statement);
        client.connection.stream.destroy();
        await untilGone(pid);
        expect([SEED, at, await whichState(database)]).toEqual([SEED, at, from]);
      }
    });

    it('is in one of the two states when it is cut off at any moment', async () => {
      const random = new Random(SEED + 1);
      const slowed = statements.join('\nSELECT pg_sleep(0.005);');
      let database = await makeDatabase(from);
      for (let round = 0; round < 4; round++) {
        const { client, pid, done } = await start(database, slowed);
        const delay = random.integer(0, statements.length * 8);
        await sleep(delay);
        // The server either hears of it or finds out when it writes to the socket.
        if (random.chance(0.5)) await terminate(pid);
        else client.connection.stream.destroy();
        await done;
        await untilGone(pid);
        const state = await whichState(database);
        const again = await server.runScript(database, script);
        if (state === from) {
          expect([SEED, delay, again.error]).toEqual([SEED, delay, null]);
        } else {
          expect(again.error.message).toContain(`The database is in the ${to} schema already`);
        }
        expect(await whichState(database)).toBe(to);
        database = await makeDatabase(from);
      }
    });

    it('gives up with advice, and no change, when another session holds a lock', async () => {
      const database = await makeDatabase(from);
      const application = await server.connect(database);
      await application.query('BEGIN; UPDATE "User" SET name = name');
      const hurried = withLockTimeout(script, '200ms');
      const { error, notices } = await server.runScript(database, hurried);
      expect(notices).toEqual([]);
      expect(error.code).toBe('55P03');
      expect(error.message).toContain('Other sessions are using the tables');
      expect(error.hint).toContain('Stop the application');
      expect(error.hint).toContain('Nothing has been changed');
      await application.query('ROLLBACK');
      await application.end();
      expect(await whichState(database)).toBe(from);
      expect((await server.runScript(database, script)).error).toBe(null);
      expect(await whichState(database)).toBe(to);
    });

    it('is done by one of several that run at once', async () => {
      const database = await makeDatabase(from);
      const results = await Promise.all(
        Array.from({ length: 3 }, () => server.runScript(database, patient(script))),
      );
      const errors = results.map(({ error }) => error).filter(Boolean);
      expect(errors).toHaveLength(2);
      for (const { message } of errors) {
        expect(message).toContain(`The database is in the ${to} schema already`);
      }
      expect(await whichState(database)).toBe(to);
    });
  });

  it('ends in one of the two states when both directions run at once', async () => {
    for (const from of ['old', 'new']) {
      const database = await makeDatabase(from);
      const results = await Promise.all(
        [UP, DOWN].map((script) => server.runScript(database, patient(script))),
      );
      const [up, down] = results.map(({ error }) => error && error.message);
      const state = await whichState(database);
      // The one that came too early says so, or comes after the other.
      for (const [message, where] of [
        [up, 'new'],
        [down, 'old'],
      ]) {
        if (message) {
          expect(message).toContain(`The database is in the ${where} schema already`);
          expect(from).toBe(where);
        }
      }
      if (up || down) expect(state).toBe(up ? 'old' : 'new');
      else expect(state).toBe(from);
    }
  });

  it.each(['read committed', 'repeatable read', 'serializable'])(
    'sees what the application writes while it waits, with sessions that are %s',
    async (isolation) => {
      const database = await makeDatabase();
      const application = await server.connect(database);
      await application.query('BEGIN; UPDATE "User" SET "leadPost" = 2 WHERE id = 2');
      // A query of its own: a setting does not reach the transaction that it is made in.
      const setting = `SET default_transaction_isolation = '${isolation}'`;
      const run = await start(database, patient(UP), setting);
      await untilWaiting(run, 'Lock');
      await application.query('COMMIT');
      await application.end();
      const error = await run.done;
      await run.client.end();
      expect(error.message).toContain('the two stored sides disagree');
      expect(error.message).toContain('(2, 2)');
    },
  );

  it('survives a deadlock with the application', async () => {
    const database = await makeDatabase();
    const application = await server.connect(database);
    // The script locks "Todo" before "User".
    await application.query('BEGIN; UPDATE "User" SET name = name');
    const run = await start(database, patient(UP));
    await untilWaiting(run, 'Lock');
    const update = application.query('UPDATE "Todo" SET name = name').then(
      () => null,
      (error) => error,
    );
    // The server ends one of the two waits, whose it likes; the other goes on.
    const refused = await update;
    if (refused) {
      expect(refused.code).toBe('40P01');
    } else {
      const { message, hint } = await run.done;
      expect(message).toContain('Other sessions are using the tables: deadlock detected');
      expect(hint).toContain('Nothing has been changed');
    }
    await application.query('ROLLBACK');
    await application.end();
    const error = await run.done;
    await run.client.end();
    expect(await whichState(database)).toBe(error ? 'old' : 'new');
  });

  it('changes nothing when psql goes on after an error', async () => {
    const database = await makeDatabase();
    const client = await server.connect(database);
    const change = 'UPDATE "User" SET "leadPost" = 2 WHERE id = 2';
    await client.query(change);
    const before = await stateOf(database);
    const codes = new Set();
    for (const statement of statementsOf(UP)) {
      await client.query(statement).catch(({ code }) => codes.add(code));
    }
    await client.end();
    expect([...codes].sort()).toEqual(['25P02', 'P0001']);
    expect(await stateOf(database)).toEqual(before);
  });

  describe('without a transaction of its own', () => {
    const SETTINGS = [
      'search_path',
      'lock_timeout',
      'statement_timeout',
      'work_mem',
      'row_security',
    ];
    const bare = (options) => plan.migration({ ...options, transaction: false });

    it('does nothing where none is open, nor in one that does not see what is committed', async () => {
      const database = await makeDatabase();
      const client = await server.connect(database);
      const [first] = statementsOf(bare());
      await expect(client.query(first)).rejects.toMatchObject({ code: '25P01' });
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await expect(client.query(bare())).rejects.toMatchObject({
        message: 'The migration needs a transaction that is READ COMMITTED',
      });
      await client.query('ROLLBACK');
      await client.end();
      expect(await whichState(database)).toBe('old');
    });

    it.each([
      [{}, 'old', 'new'],
      [{ direction: 'down' }, 'new', 'old'],
    ])('%p ends as with one, and leaves its settings to no one', async (options, from, to) => {
      const database = await makeDatabase(from);
      const client = await server.connect(database);
      await client.query('BEGIN');
      await client.query(
        `SET LOCAL search_path = public, pg_temp; SET LOCAL lock_timeout = '3s'; SET LOCAL work_mem = '5MB'`,
      );
      const settings = async () => {
        const values = SETTINGS.map((name) => `current_setting('${name}') AS ${name}`);
        return (await client.query(`SELECT ${values.join(', ')}`)).rows;
      };
      const before = await settings();
      await client.query(bare(options));
      expect(await settings()).toEqual(before);
      await client.query('COMMIT');
      await client.end();
      expect(await whichState(database)).toBe(to);
    });
  });
});
