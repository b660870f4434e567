'use strict';

// `--check` and `--apply` by the real command: what it prints, on a terminal and without, and what is
// left when it is ended in the midst of it.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { makeScenarioProject, removeProjects, run, shell } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { runOnTerminal } = require('../dev/terminal');

const GUIDE = loadScenario('guide');

let server;
let project;
let count = 0;
/** All that is in a database before and after. */
const states = {};

beforeAll(async () => {
  server = await startPostgres(postgresVersions()[0]);
  project = makeScenarioProject(GUIDE, 'knex');
  const old = startKeystone('old');
  await server.createDatabase('filled');
  const session = await old.open(GUIDE, server.url('filled'));
  await session.createSchema();
  await session.fill({ seed: 2, canBeEmpty: false, canDelete: true });
  await old.stop();
  states.old = await stateOf('filled');
  await server.createDatabase('migrated', 'filled');
  expect((await runOn('migrated', '--apply', '--yes')).code).toBe(0);
  states.new = await stateOf('migrated');
  expect(states.new).not.toBe(states.old);
});

afterAll(async () => {
  removeProjects();
  if (server) await server.stop();
});

async function makeDatabase(template = 'filled') {
  const database = `run_${++count}`;
  await server.createDatabase(database, template);
  return database;
}

const stateOf = async (database) =>
  (await server.schemaOf(database)) + (await server.rowsOf(database));

const runOn = (database, ...args) => run(project, args, { env: environment(database) });

const environment = (database) => ({ DATABASE_URL: server.url(database) });

describe('without a terminal', () => {
  it('there and back: tables of links, and every exit code', async () => {
    const database = await makeDatabase();
    const checked = await runOn(database, '--check');
    expect(checked.code).toBe(0);
    expect(checked.stdout).toMatch(/^The database run_\d+ on \S+ is in the old schema\.\n/);
    expect(checked.stdout).toMatch(
      /\nTodo\.readers -> User\.readPosts +old +Todo_readers: \d+, User_readPosts: \d+\n/,
    );
    expect(checked.stdout).toContain('It drops User.leadPost, User_published, User_readPosts.');
    expect(checked.stdout).toMatch(/\nReady: --apply takes it to the new schema\.\n$/);
    expect(await stateOf(database)).toBe(states.old);

    const refused = await runOn(database, '--apply');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('there is no terminal to ask on. [CONFIRMATION_REQUIRED]');
    expect(refused.stderr).toContain('run it again with --yes');
    expect(await stateOf(database)).toBe(states.old);

    const applied = await runOn(database, '--apply', '--yes');
    expect(applied.code).toBe(0);
    expect(applied.stdout).toMatch(/^Relationship +Links before +after\n/);
    const rows = [...applied.stdout.matchAll(/^\S+ -> \S+ +(\d+) +(\d+)$/gm)];
    expect(rows.map(([, before, after]) => before === after)).toEqual(Array(5).fill(true));
    expect(applied.stdout).toMatch(/\nDone and verified: .* is in the new schema\.\n$/);
    expect(applied.stderr).toMatch(
      /\nℹ Checking that both sides of 3 relationships hold the same links \[\d+\/\d+\] …\n/,
    );
    const steps = applied.stderr.split('\n').filter((line) => line.startsWith('ℹ'));
    expect(steps).toEqual([...new Set(steps)]);
    expect(await stateOf(database)).toBe(states.new);

    const again = await runOn(database, '--apply', '--yes');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^Nothing to do: .* is in the new schema\.\n$/);
    expect((await runOn(database, '--check')).code).toBe(0);
    expect(await stateOf(database)).toBe(states.new);

    const checkedBack = await runOn(database, '--rollback', '--check');
    expect(checkedBack.stdout).toMatch(
      /\nReady: --rollback --apply takes it to the old schema\.\n$/,
    );
    const back = await runOn(database, '--rollback', '--apply', '--yes');
    expect(back.code).toBe(0);
    expect(back.stdout).toMatch(/is in the old schema\.\n$/);
    expect(await stateOf(database)).toBe(states.old);
  });

  it('of many tables that it locks, the largest are told', async () => {
    const tags = Array.from({ length: 12 }, (_, at) => [
      `tags${at}`,
      { type: 'Relationship', ref: 'Tag', many: true },
    ]);
    const scenario = {
      lists: {
        Post: { fields: Object.fromEntries(tags) },
        Tag: { fields: { name: { type: 'Text' } } },
      },
    };
    await server.createDatabase('many');
    const old = startKeystone('old');
    const session = await old.open(scenario, server.url('many'));
    await session.createSchema();
    await old.stop();
    await server.query(
      'many',
      `INSERT INTO "Post" DEFAULT VALUES; INSERT INTO "Tag" DEFAULT VALUES;
       INSERT INTO "Post_tags11" SELECT 1, 1 FROM generate_series(1, 5000)`,
    );
    const folder = makeScenarioProject(scenario, 'knex');
    const check = (...args) =>
      run(folder, ['--check', ...args], { env: { DATABASE_URL: server.url('many') } });
    const { locks } = JSON.parse((await check('--json')).stdout);
    expect(locks.length).toBeGreaterThan(10);
    const [, told, more] = /^It locks (.*) and (\d+) more while it runs\.$/m.exec(
      (await check()).stdout,
    );
    expect(told).toMatch(/^Post_tags11 \(\d+ kB\), /);
    expect(told.split(', ')).toHaveLength(10);
    expect(Number(more)).toBe(locks.length - 10);
  });

  it('what has to be decided is 2 for a check, and an error for a run', async () => {
    const database = await makeDatabase();
    await server.query(database, 'DELETE FROM "User_published"');
    const before = await stateOf(database);
    const checked = await runOn(database, '--check', '--json');
    expect(checked.code).toBe(2);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      version: 1,
      isReady: false,
      problems: [{ code: 'DISAGREEMENT', relationship: 3 }],
    });
    const text = (await runOn(database, '--check')).stdout;
    expect(text).toContain('✖ Todo.publisher -> User.published: the two stored sides disagree.');
    expect(text).toMatch(/\nResolve the problems above first\.\n$/);
    const applied = await runOn(database, '--apply', '--yes');
    expect(applied).toMatchObject({ code: 1, stdout: '' });
    expect(applied.stderr).toContain('Nothing has been changed.');
    expect(await stateOf(database)).toBe(before);

    const repairing = await runOn(database, '--check', '--reconcile');
    expect(repairing.stdout).toMatch(
      /\nReady: --apply --reconcile takes it to the new schema\.\n$/,
    );
    const file = path.join(project, 'applied.json');
    const args = ['--apply', '--yes', '--reconcile', '--json', '--out', file];
    expect(await runOn(database, ...args)).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ isApplied: true });
  });

  it('a rollback that cannot be run is called so', async () => {
    await server.createDatabase('empty');
    const { code, stdout, stderr } = await runOn('empty', '--rollback', '--apply', '--yes');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /\n✖ The rollback cannot be run\. Nothing has been changed\. Resolve these problems, then run it again:\n✖ .* \[MISSING\]\n/,
    );
  });

  it('a report that cannot be written: nothing is done, or it says that all is done', async () => {
    const database = await makeDatabase();
    const inFile = await runOn(database, '--apply', '--yes', '--out', 'index.js/report.txt');
    expect(inFile).toMatchObject({ code: 1, stdout: '' });
    expect(inFile.stderr).toMatch(/✖ Cannot write --out .*index\.js.* \[OUT_FAILED\]\n$/);
    expect(await stateOf(database)).toBe(states.old);

    const toFull = (line) =>
      shell(project, `kur ${line} > /dev/full`, { env: environment(database) });
    const up = await toFull('--apply --yes');
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(
      /✖ Cannot write to stdout: no space left on device \[OUT_FAILED\]\n {2}The migration succeeded and was verified; .* Run --check/,
    );
    expect(await stateOf(database)).toBe(states.new);
    // Nothing was changed by this one.
    expect((await toFull('--apply --yes')).stderr).toMatch(
      /no space left on device \[OUT_FAILED\]\n$/,
    );

    const down = await toFull('--rollback --apply --yes');
    expect(down.code).toBe(1);
    expect(down.stderr).toMatch(
      /\n {2}The rollback succeeded and was verified; .* Run --rollback --check/,
    );
    expect(await stateOf(database)).toBe(states.old);
  });

  it('a report that cannot be written any more does not hide what stops a migration', async () => {
    const database = await makeDatabase();
    await server.query(database, 'DELETE FROM "User_published"');
    const own = makeScenarioProject(GUIDE, 'knex');
    // The folder of the report can be made until the project is loaded.
    fs.appendFileSync(path.join(own, 'index.js'), "require('fs').writeFileSync('reports', '');\n");
    const args = ['--apply', '--yes', '--report', 'reports/plan.md'];
    const { code, stderr } = await run(own, args, { env: environment(database) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/⚠ Cannot write --report .*plan\.md: .* \[OUT_FAILED\]\n/);
    expect(stderr).toMatch(/✖ .*the two stored sides disagree.* \[DISAGREEMENT\]\n/);
  });

  it.each([
    ['--check --apply', 'Only one of --check and --apply can be used'],
    ['--check --migration', 'Only one of --migration and --check can be used'],
    ['--apply --schema old', 'Only one of --schema and --apply can be used'],
    ['--yes', '--yes goes with --apply'],
    ['--check --yes', '--yes goes with --apply'],
    ['--check --exit-code', '--exit-code does not go with --check'],
  ])('%s is a mistake', async (line, message) => {
    const { code, stdout, stderr } = await run(project, line.split(' '));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('on a terminal', () => {
  const apply = (database, types, ...args) =>
    runOnTerminal(project, ['--apply', ...args], { env: environment(database), types });
  const QUESTION = /Run it now\? \(y\/N\) /;

  it('asks, saying what it is about to do and how to back up, without the password', async () => {
    const database = await makeDatabase();
    for (const answer of ['\r', 'n\r', 'what?\r', '\x03', '\x04']) {
      const { code, shown } = await apply(database, [[QUESTION, answer]]);
      expect([answer, code]).toEqual([answer, 1]);
      const { hostname, port, username, password } = new URL(server.url(database));
      expect(shown).toContain(`This takes the database ${database} on ${hostname}:${port} from`);
      expect(shown).toContain('It drops User.leadPost, User_published, User_readPosts.');
      expect(shown).toContain(
        `pg_dump --host=${hostname} --port=${port} --username=${username} --format=custom --file=${database}.dump ${database}`,
      );
      // On a line of its own, also where the question was closed without an answer.
      expect(shown).toMatch(/\n\S*✖\S* Nothing has been changed\./);
      expect(shown).not.toContain(password);
    }
    expect(await stateOf(database)).toBe(states.old);

    await server.query(database, 'DELETE FROM "User_published"');
    const { shown } = await apply(database, [[QUESTION, 'n\r']], '--reconcile');
    expect(shown).toMatch(
      /--reconcile\s+keeps\s+\d+\s+links\s+that\s+only\s+Todo\.publisher\s+has/,
    );
    // All of it is broken between words, but for the commands, which are copied.
    const lines = shown.slice(shown.indexOf('This takes')).split('\n');
    const prose = lines.filter((line) => !/^ {2}(pg_|dropdb|createdb)/.test(line));
    for (const line of prose) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.length - prose.length).toBe(4);
    expect(lines[0]).toMatch(/^This takes the database/);
  });

  it('runs it with a yes, and shows the step that it is at', async () => {
    const database = await makeDatabase();
    const { code, shown } = await runOnTerminal(project, ['--apply'], {
      env: environment(database),
      columns: 50,
      types: [[QUESTION, 'y\r']],
    });
    expect(code).toBe(0);
    expect(shown).toMatch(/\r\x1b\[K. Checking that both/); // eslint-disable-line no-control-regex
    expect(shown).toContain('Done and verified');
    expect(await stateOf(database)).toBe(states.new);
    // Titles that are too long are cut, and not how far it is.
    const lines = shown.split('\r\x1b[K').map((line) => line.split('\n')[0]);
    const cut = lines.filter((line) => line.includes('…'));
    expect(cut.length).toBeGreaterThan(0);
    for (const line of cut) expect(line).toMatch(/^. .{20,}… \[\d+\/\d+\]( \d+ s)?$/);
    expect(Math.max(...cut.map((line) => line.length))).toBe(49);
    // So is the report: a relationship is a block, and no line is broken by the terminal.
    expect(shown).toContain('Todo.readers -> User.readPosts\n  Links before: ');
    const report = shown.slice(shown.lastIndexOf('\x1b[K')).split('\n');
    for (const line of report) expect(line.length).toBeLessThanOrEqual(53);
    const back = await apply(database, [[QUESTION, 'yes\r']], '--rollback');
    expect(back.code).toBe(0);
    expect(await stateOf(database)).toBe(states.old);
  });

  it('says once what has been repaired', async () => {
    const database = await makeDatabase();
    await server.query(database, 'DELETE FROM "Todo_readers"');
    await server.query(database, 'DROP INDEX "todo_reviewers_todo_id_index"');
    const args = ['--apply', '--dry-run', '--yes', '--reconcile'];
    const { stderr, stdout } = await runOn(database, ...args);
    const notice = /ℹ Todo\.readers -> User\.readPosts: \w+ .*\n/;
    expect(stderr).toMatch(notice);
    const { code, shown } = await runOnTerminal(project, args, { env: environment(database) });
    expect(code).toBe(0);
    const [, repaired] = /(⚠ Todo\.readers -> User\.readPosts: .*?)(\.| For)/.exec(stdout);
    expect(shown.replace(/\n {2,}/g, ' ').split(repaired)).toHaveLength(2);
    expect(shown).not.toMatch(notice);
    // What only the server says is said.
    expect(shown).toContain('ℹ public."Todo_reviewers_many".Todo_left_id has no index');
  });

  it('Ctrl-C in the midst of it rolls back', async () => {
    const database = await makeDatabase();
    const other = await server.connect(database);
    await other.query('BEGIN; LOCK TABLE "Todo" IN ACCESS SHARE MODE');
    const interrupt = () => apply(database, [[/Locking 6 tables/, '\x03']], '--yes');
    let outcome;
    // Where the wait for the lock was over before the key was there, it has to be pressed again.
    do outcome = await interrupt();
    while (outcome.shown.includes('Other sessions are using the tables'));
    await other.end();
    const { code, shown } = outcome;
    expect(code).toBe(1);
    expect(shown).toContain('Interrupted: coming to a clean end …');
    expect(shown).toContain(
      '✖ Interrupted. Nothing has been changed: the transaction was rolled back.',
    );
    expect(await stateOf(database)).toBe(states.old);
    expect((await runOn(database, '--apply', '--yes')).code).toBe(0);
    expect(await stateOf(database)).toBe(states.new);
  });

  it('tells of other sessions that use the tables', async () => {
    const database = await makeDatabase();
    const other = await server.connect(database);
    await other.query('BEGIN; LOCK TABLE "Todo" IN ACCESS SHARE MODE');
    const { code, stdout, stderr } = await runOn(database, '--apply', '--yes');
    await other.end();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('✖ Other sessions are using the tables');
    expect(stderr).toContain('Stop the application');
    expect(await stateOf(database)).toBe(states.old);
  });
});

describe('100,000 links', () => {
  it('are counted before and after', async () => {
    const database = await makeDatabase();
    await server.query(
      database,
      `TRUNCATE "Todo", "User" CASCADE;
       INSERT INTO "Todo" (id, name) SELECT i, 'todo' FROM generate_series(1, 1000) AS i;
       INSERT INTO "User" (id, name) SELECT i, 'user' FROM generate_series(1, 100) AS i;
       INSERT INTO "Todo_readers" ("Todo_id", "User_id")
         SELECT "Todo".id, "User".id FROM "Todo", "User";
       INSERT INTO "User_readPosts" ("Todo_id", "User_id") TABLE "Todo_readers"`,
    );
    const { code, stdout } = await runOn(database, '--apply', '--yes');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Todo\.readers -> User\.readPosts +100000 +100000$/m);
  });
});

describe.each([
  ['up', 'old', 'new', 'filled'],
  ['down', 'new', 'old', 'migrated'],
])('cut off on the way %s', (direction, from, to, template) => {
  // After each statement of the script: see `postgres-crash.spec.js`.
  const all = [1, 5, { up: 10, down: 9 }[direction], 'verify'];
  let keystone;

  beforeAll(() => (keystone = startKeystone('new')));
  afterAll(() => keystone.stop());

  /** One process with a run at each step, each on a database of its own. */
  async function runToEachStep(process) {
    const runs = [];
    for (const step of all) {
      const database = await makeDatabase(template);
      const session = await process.open(GUIDE, server.url(database), { connects: false });
      runs.push({ step, database, session });
    }
    await Promise.all(runs.map(({ session, step }) => session.applyUntil(step, { direction })));
    return runs;
  }

  async function expectRollback({ step, database }) {
    expect([step, (await stateOf(database)) === states[from]]).toEqual([step, true]);
    const session = await keystone.open(GUIDE, server.url(database), { connects: false });
    expect(await session.apply({ direction })).toMatchObject({ isApplied: true });
    expect([step, (await stateOf(database)) === states[to]]).toEqual([step, true]);
    await server.dropDatabase(database);
  }

  it('(killed) at a step: nothing is changed, and it can be run again', async () => {
    const victim = startKeystone('new');
    const runs = await runToEachStep(victim);
    expect(await victim.kill()).toBe('SIGKILL');
    for (const run of runs) await expectRollback(run);
  });

  it('(its session ended) at a step: nothing is changed, and it can be run again', async () => {
    for (const run of await runToEachStep(keystone)) {
      await server.query(
        undefined,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${run.database}'`,
      );
      const error = { code: 'CONNECTION_LOST' };
      await expect(run.session.goOn()).rejects.toMatchObject(error);
      await expectRollback(run);
    }
  });
});
