'use strict';

// A migration runs with the highest rights that a database sees. Here are users who may create in the
// schema `public`, as everyone may on old servers: nothing of theirs runs, is read, or keeps the
// application from its new tables.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { parse, parsePlPgSQL } = require('libpg-query');
const { planUpgrade } = require('..');
const { startKeystone } = require('../dev/keystone-process');
const { isGiven, postgresVersions, startPostgres } = require('../dev/postgres');
const { loadScenario } = require('../dev/scenario');

const GUIDE = loadScenario('guide');
const SELF = loadScenario('self-n-n-one-sided');
const PASSWORD = 'secret';
const ROWS = `
  INSERT INTO "User" DEFAULT VALUES; INSERT INTO "User" DEFAULT VALUES;
  INSERT INTO "Todo" ("leadAuthor", publisher) VALUES (1, 2), (2, NULL);
  UPDATE "User" SET "leadPost" = id;
  INSERT INTO "User_published" ("User_id", "Todo_id") VALUES (2, 1);
  INSERT INTO "Todo_reviewers" ("Todo_id", "User_id") VALUES (1, 2);
  INSERT INTO "Todo_readers" ("Todo_id", "User_id") VALUES (1, 1), (2, 1);
  INSERT INTO "User_readPosts" ("Todo_id", "User_id") VALUES (1, 1), (2, 1);`;

let keystone;
let server;
let log;
let plan;
let schema;
let count = 0;

beforeAll(async () => {
  log = fs.mkdtempSync(path.join(os.tmpdir(), 'statements-'));
  fs.chmodSync(log, 0o777);
  server = await startPostgres(postgresVersions().at(-1), {
    logging_collector: 'on',
    log_directory: log,
    log_filename: 'all.log',
    log_file_mode: '0644',
    log_line_prefix: '%d|',
    log_statement: 'all',
  });
  keystone = startKeystone('new');
  const session = await keystone.open(GUIDE, undefined, { connects: false });
  plan = planUpgrade(await session.snapshot());
  schema = plan.schema('old');
  await server.query(
    undefined,
    `CREATE ROLE owner LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE application;
     CREATE ROLE stranger LOGIN PASSWORD '${PASSWORD}'`,
  );
});

afterAll(async () => {
  if (keystone) await keystone.stop();
  if (server) await server.stop();
  fs.rmSync(log, { recursive: true, force: true });
});

/** A database in the old schema, which belongs to the role `owner`; all may create in it. */
async function makeDatabase() {
  const database = `hostile ${++count}`;
  await server.createDatabase(database);
  await server.query(
    database,
    `GRANT ALL ON SCHEMA public TO PUBLIC; SET ROLE owner; ${schema}; ${ROWS}`,
  );
  return database;
}

function urlFor(database, user) {
  const url = new URL(server.url(database));
  if (user) Object.assign(url, { username: user, password: PASSWORD });
  return url.href;
}

const open = (database, user, scenario = GUIDE) =>
  keystone.open(scenario, urlFor(database, user), { connects: false });

/** Runs a script as a user. */
const runAs = (database, user, sql) =>
  server.runScript(database, user ? `SET SESSION AUTHORIZATION ${user};\n${sql}` : sql);

const asStranger = (database, sql) => runAs(database, 'stranger', sql);

const codes = ({ problems }) => problems.map(({ code }) => code);

/** The statements that the server has been sent for a database. */
function statementsSent(database) {
  const entries = fs.readFileSync(path.join(log, 'all.log'), 'utf8').split(/\n(?=[^\t])/);
  return entries
    .filter((entry) => entry.startsWith(`${database}|`))
    .map((entry) => /LOG: {2}(?:statement|execute [^:]*): ([\s\S]*)/.exec(entry))
    .filter(Boolean)
    .map(([, sql]) => sql.replace(/\n\t/g, '\n'));
}

/** Everything within a value that has a key of that name. */
function* valuesOf(value, key) {
  if (!value || typeof value !== 'object') return;
  for (const [name, each] of Object.entries(value)) {
    if (name === key) yield each;
    yield* valuesOf(each, key);
  }
}

/** The trees of a statement, of the blocks in it, and of the statements that those put together. */
async function* treesOf(sql) {
  const tree = await parse(sql).catch(() => undefined);
  if (!tree) return;
  yield tree;
  for (const { args } of valuesOf(tree, 'DoStmt')) {
    const body = args.find(({ DefElem }) => DefElem.defname === 'as').DefElem.arg.String.sval;
    const quote = '$a_block$';
    const block = await parsePlPgSQL(`DO ${quote}${body}${quote}`);
    for (const query of valuesOf(block, 'query')) {
      if (typeof query !== 'string') continue;
      yield* treesOf(/^(SELECT|WITH)\b/.test(query.trim()) ? query : `SELECT ${query}`);
    }
  }
  for (const { sval } of valuesOf(tree, 'sval')) {
    if (/\b(SELECT|UPDATE|INSERT|ALTER|GRANT|LOCK)\b/.test(sval)) {
      yield* treesOf(sval.replace(/%(\d\$)?[sIL]/g, 'x'));
    }
  }
}

const nameOf = (names) => names.map(({ String }) => String.sval);

/** The functions, with how many arguments they get, and the operators that statements call. */
async function callsOf(statements) {
  const functions = new Map();
  const operators = new Set();
  for (const sql of statements) {
    for await (const tree of treesOf(sql)) {
      for (const { funcname, args = [] } of valuesOf(tree, 'FuncCall')) {
        const [name, ...more] = nameOf(funcname);
        // One that is named with its schema is no other.
        if (more.length) continue;
        if (!functions.has(name)) functions.set(name, new Set());
        functions.get(name).add(args.length);
      }
      for (const { name } of valuesOf(tree, 'A_Expr')) {
        const [operator] = nameOf(name);
        if (/^[^a-z]+$/i.test(operator)) operators.add(operator);
      }
    }
  }
  return { functions, operators: [...operators] };
}

const TYPES = ['text', 'name', 'oid', 'regclass', 'int', 'bigint', 'boolean', '"char"', 'smallint'];

/** Lists of types that suit a call more exactly than what the server has. */
function signatures(length) {
  const same = TYPES.map((type) => Array(length).fill(type));
  if (length !== 2)
    return [...same, Array(length).fill('anyelement'), Array(length).fill('text[]')];
  return TYPES.flatMap((left) => TYPES.map((right) => [left, right]));
}

/** SQL for functions and operators of a stranger's that raise an error when anyone calls them. */
function trapsFor({ functions, operators }) {
  const body = (name) =>
    `LANGUAGE plpgsql AS $trap$BEGIN RAISE EXCEPTION 'the trap ${name.replaceAll("'", "''")} has gone off'; END$trap$`;
  const sql = [];
  for (const [name, lengths] of functions) {
    const all = new Set([...lengths].flatMap((length) => signatures(length).map(String)));
    for (const types of all) {
      sql.push(`CREATE FUNCTION public."${name}"(${types}) RETURNS boolean ${body(name)}`);
    }
  }
  for (const [at, operator] of operators.entries()) {
    for (const [left, right] of signatures(2)) {
      const trap = `trap_${at}`;
      sql.push(
        `CREATE FUNCTION public.${trap}(${left}, ${right}) RETURNS boolean ${body(operator)}`,
        `CREATE OPERATOR public.${operator} (LEFTARG = ${left}, RIGHTARG = ${right}, FUNCTION = public.${trap})`,
      );
    }
  }
  return sql.map((statement) => `${statement};`).join('\n');
}

/** A server that others use cannot be asked for what it has been sent: these count as skipped there. */
const describeOnOwnServer = isGiven() ? describe.skip : describe;

describeOnOwnServer('functions and operators of a stranger do not run', () => {
  const SCRIPTS = [
    ['the migration', {}],
    ['the way back', { direction: 'down' }],
    ['the migration that reconciles', { reconcile: true }],
    ['the way back that reconciles', { direction: 'down', reconcile: true }],
  ];
  let traps;
  let calls;

  beforeAll(async () => {
    const database = await makeDatabase();
    for (const [, options] of SCRIPTS) {
      const { error } = await server.runScript(database, plan.migration(options));
      expect(error).toBe(null);
    }
    const session = await open(database);
    for (const direction of ['up', 'down']) {
      await session.check({ direction });
      await session.check({ direction, reconcile: true });
      await session.apply({ direction });
    }
    calls = await callsOf(statementsSent(database));
    traps = trapsFor(calls);
  });

  it('of those that are called, here are all', () => {
    const functions = ['format', 'count', 'string_agg', 'to_regclass', 'pg_describe_object'];
    const others = ['pg_total_relation_size', 'pg_try_advisory_xact_lock_shared', 'concat_ws'];
    expect([...calls.functions.keys()]).toEqual(expect.arrayContaining([...functions, ...others]));
    expect(calls.operators).toEqual(expect.arrayContaining(['=', '<>', '>', '||']));
  });

  it.each([['owner'], [undefined]])('when %s runs it', async (user) => {
    const database = await makeDatabase();
    expect((await asStranger(database, traps)).error).toBe(null);
    for (const [name, options] of SCRIPTS) {
      const script = plan.migration(options);
      // Without the setting a trap goes off, so it is no empty promise.
      const unguarded = script.replace(/SET LOCAL search_path[^;]*;/, '');
      const { error } = await runAs(database, user, unguarded);
      expect([name, error && error.message]).toEqual([
        name,
        expect.stringMatching(/^the trap .* has gone off$/),
      ]);
      // Even where the server's own schema comes last.
      const guarded = `SET search_path = public, pg_catalog;\n${script}`;
      expect([name, (await runAs(database, user, guarded)).error]).toEqual([name, null]);
    }
    // Likewise by --check and --apply, but for what knex itself calls when it connects.
    await server.query(
      database,
      `DROP FUNCTION public.version(); DROP OPERATOR public.+ (int, int); ALTER DATABASE "${database}" SET search_path = public, pg_catalog`,
    );
    const session = await open(database, user);
    for (const direction of ['up', 'down']) {
      for (const reconcile of [false, true]) {
        expect(await session.check({ direction, reconcile })).toMatchObject({ isReady: true });
      }
      expect(await session.apply({ direction })).toMatchObject({ isApplied: true });
    }
  });
});

describe('what a stranger has put in the place of a table', () => {
  const TRAP = `CREATE FUNCTION public.spring() RETURNS int LANGUAGE plpgsql AS
    $trap$BEGIN RAISE EXCEPTION 'the trap has gone off'; END$trap$;`;
  const VIEW = (name, columns) =>
    `${TRAP} CREATE VIEW public."${name}" AS SELECT public.spring() AS "${columns[0]}", 1 AS "${columns[1]}"`;

  /** Nothing is read, by no way, and nothing is changed. */
  async function expectRefused(database, code, what) {
    const before = await server.schemaOf(database);
    const session = await open(database);
    const found = await session.check();
    expect(codes(found)).toContain(code);
    expect(found.problems.map(({ message }) => message).join('\n')).toMatch(what);
    await expect(session.apply()).rejects.toMatchObject({ code });
    const { error } = await server.runScript(database, plan.migration());
    expect(error.message).toMatch(what);
    expect(error.hint).toContain('Nothing has been changed');
    expect(await server.schemaOf(database)).toBe(before);
  }

  it('a view with the name of a new table', async () => {
    const database = await makeDatabase();
    const view = VIEW('Todo_reviewers_many', ['Todo_left_id', 'User_right_id']);
    expect((await asStranger(database, view)).error).toBe(null);
    await expectRefused(database, 'NAME_TAKEN', /Todo_reviewers_many/);
  });

  it('a view with the name of an old table', async () => {
    const database = await makeDatabase();
    await server.query(database, 'DROP TABLE "User_published"');
    const view = VIEW('User_published', ['User_id', 'Todo_id']);
    expect((await asStranger(database, view)).error).toBe(null);
    await expectRefused(database, 'NOT_OUR_TABLE', /public\."User_published" is not a table/);
  });

  it('a foreign table with the name of an old table', async () => {
    const database = await makeDatabase();
    await server.query(
      database,
      `DROP TABLE "User_published"; CREATE FOREIGN DATA WRAPPER empty; CREATE SERVER nowhere
       FOREIGN DATA WRAPPER empty; CREATE FOREIGN TABLE "User_published" ("User_id" int, "Todo_id" int)
       SERVER nowhere`,
    );
    await expectRefused(database, 'NOT_OUR_TABLE', /public\."User_published" is not a table/);
  });

  it('a table of its own', async () => {
    const database = await makeDatabase();
    await server.query(database, 'DROP TABLE "User_published"');
    const table = `CREATE TABLE public."User_published" ("User_id" int, "Todo_id" int)`;
    expect((await asStranger(database, table)).error).toBe(null);
    await expectRefused(database, 'NOT_OUR_TABLE', /"User_published" belongs to stranger/);
  });

  it('a rule, which would act in place of the migration', async () => {
    const database = await makeDatabase();
    const rule = `${TRAP} CREATE RULE "in place" AS ON UPDATE TO "Todo" DO INSTEAD SELECT public.spring()`;
    await server.query(database, rule);
    await expectRefused(database, 'NOT_OUR_TABLE', /public\."Todo" has the rule in place/);
  });
});

describe('new tables have the owner and the grants of their sisters', () => {
  const GRANTS = `GRANT SELECT, INSERT, DELETE ON "Todo", "Todo_readers" TO application;
    GRANT SELECT ON "Todo" TO stranger WITH GRANT OPTION; GRANT SELECT ON "Todo" TO PUBLIC`;
  const aclOf = async (database, table) => {
    const [{ acl, owner }] = await server.query(
      database,
      `SELECT relacl::text[] AS acl, relowner::regrole::text AS owner FROM pg_class
       WHERE oid = '"${table}"'::regclass`,
    );
    return { owner, acl: [...acl].sort() };
  };

  it.each(['a superuser', 'a member of the owner'])('after the way back by %s', async (who) => {
    const database = await makeDatabase();
    await runAs(database, 'owner', GRANTS);
    expect((await runAs(database, 'owner', plan.migration())).error).toBe(null);
    let user;
    if (who === 'a member of the owner') {
      user = 'member';
      await server.query(database, `CREATE ROLE member IN ROLE owner`);
    }
    const down = plan.migration({ direction: 'down' });
    expect((await runAs(database, user, down)).error).toBe(null);
    // The tables that hold the same links.
    const [todo, readers] = [await aclOf(database, 'Todo'), await aclOf(database, 'Todo_readers')];
    expect(todo.acl.length).toBeGreaterThan(readers.acl.length);
    // But it is not opened to all.
    const acl = todo.acl.filter((item) => !item.startsWith('='));
    expect(acl.length).toBe(todo.acl.length - 1);
    expect(await aclOf(database, 'User_published')).toEqual({ ...todo, acl });
    expect(await aclOf(database, 'User_readPosts')).toEqual(readers);
    const read = 'SET ROLE application; SELECT FROM "User_published"; DELETE FROM "User_published"';
    expect((await server.runScript(database, read)).error).toBe(null);
  });

  it('or the way back is not committed', async () => {
    const database = await makeDatabase();
    expect((await runAs(database, 'owner', plan.migration())).error).toBe(null);
    await server.query(
      database,
      `GRANT SELECT ON "Todo" TO application;
       CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS $body$BEGIN
         ALTER TABLE public."User_published" OWNER TO stranger;
       END$body$;
       CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('GRANT') EXECUTE FUNCTION meddle()`,
    );
    const before = await server.schemaOf(database);
    const session = await open(database);
    await expect(session.apply({ direction: 'down' })).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      message: expect.stringContaining(
        'User_published: the owner is missing; Keystone makes owner',
      ),
    });
    expect(await server.schemaOf(database)).toBe(before);
  });

  it('after a migration that makes a table for a list related to itself', async () => {
    const database = `hostile ${++count}`;
    await server.createDatabase(database);
    const session = await open(database, undefined, SELF);
    const ownPlan = planUpgrade(await session.snapshot());
    const [list] = Object.keys(SELF.lists);
    await server.query(
      database,
      `GRANT ALL ON SCHEMA public TO PUBLIC; SET ROLE owner; ${ownPlan.schema('old')};
       GRANT SELECT ON "${list}" TO application`,
    );
    expect(await session.apply()).toMatchObject({ isApplied: true });
    const { to, table = to } = ownPlan.adapters[0].steps[0];
    expect(await aclOf(database, table.name)).toEqual(await aclOf(database, list));
  });
});

describe('at the same time as another migration', () => {
  it('a check that waited for it sees what it has done', async () => {
    let session;
    let found;
    // Where its patience ends before the other is done, it is tried again.
    do {
      const database = await makeDatabase();
      const client = await server.connect(database);
      const script = plan.migration();
      await client.query(script.replace(/COMMIT;\s*$/, ''));
      session = await open(database);
      let hasEnded = false;
      const checking = session
        .check()
        .catch((error) => error)
        .finally(() => (hasEnded = true));
      await untilWaiting(database, () => hasEnded);
      await client.query('COMMIT');
      await client.end();
      found = await checking;
    } while (found.message?.includes('Other sessions use the tables'));
    // It has begun before: either it sees the end, or it says why it cannot.
    if (found.code) {
      expect(found.code).toBe('CHECK_FAILED');
      expect(found.message).toContain('Something is changing the schema at the same time');
    } else {
      expect(found).toMatchObject({ state: 'new', isDone: true });
    }
    expect(await session.check()).toMatchObject({ state: 'new', isDone: true });
  });

  /** Resolves when a session of the database waits for a lock, or does so no more. */
  async function untilWaiting(database, isOver) {
    while (!isOver()) {
      const waiting = await server.query(
        database,
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (waiting.length) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
