'use strict';

// Dry runs on real servers: everything of the migration that can be taken back, and then a database
// that is what it was, to the byte.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { documentsText, indexesText, startMongodb } = require('../dev/mongodb');
const { LISTS, makeData } = require('../dev/mongodb-example');
const { startProxy } = require('../dev/mongodb-proxy');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { makeScenarioProject, removeProjects, run } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { runOnTerminal } = require('../dev/terminal');

const DRY_RUN = ['--apply', '--dry-run'];

afterAll(removeProjects);

describe('on PostgreSQL', () => {
  const GUIDE = loadScenario('guide');
  let server;
  let project;
  let keystone;

  beforeAll(async () => {
    server = await startPostgres(postgresVersions()[0]);
    project = makeScenarioProject(GUIDE, 'knex');
    keystone = startKeystone('new');
    const old = startKeystone('old');
    await server.createDatabase('old');
    const session = await old.open(GUIDE, server.url('old'));
    await session.createSchema();
    await session.fill({ seed: 2, canBeEmpty: false, canDelete: true });
    await old.stop();
    await server.createDatabase('new', 'old');
    expect((await runOn('new', '--apply', '--yes')).code).toBe(0);
  });
  afterAll(async () => {
    await keystone?.stop();
    await server?.stop();
  });

  const environment = (database) => ({ DATABASE_URL: server.url(database) });
  const runOn = (database, ...args) => run(project, args, { env: environment(database) });
  const stateOf = async (database) =>
    (await server.schemaOf(database)) + (await server.rowsOf(database));
  const open = (database) => keystone.open(GUIDE, server.url(database), { connects: false });

  it.each([
    ['old', [], 'the new schema', '--apply'],
    ['new', ['--rollback'], 'the old schema', '--rollback --apply'],
  ])(
    'from the %s schema: says what it took, and leaves nothing',
    async (database, way, to, call) => {
      const before = await stateOf(database);
      const report = path.join(project, `${database}.md`);
      const args = [...way, ...DRY_RUN, '--yes', '--report', report];
      const { code, stdout, stderr } = await runOn(database, ...args);
      expect([code, stderr]).toEqual([0, expect.stringContaining('Taking it back')]);
      const rows = [...stdout.matchAll(/^\S+ -> \S+ +(\d+) +(\d+)$/gm)];
      expect(rows.map(([, had, has]) => had === has)).toEqual(Array(5).fill(true));
      expect(stdout).toMatch(
        /\nIt took \d+\.\d seconds\.\nFor \d+\.\d seconds it locked .*Todo \(/,
      );
      expect(stdout).toContain(
        `\nThe tables were as in --schema ${database === 'old' ? 'new' : 'old'}, names`,
      );
      expect(stdout).toContain('The dry run succeeded, and everything has been taken back.');
      expect(stdout).toMatch(
        new RegExp(`${call} takes the database ${database} on \\S+ to ${to}\\.\\n$`),
      );
      const written = fs.readFileSync(report, 'utf8');
      expect(written).toContain('**The dry run succeeded.**');
      expect(written).toMatch(
        /It took \d+\.\d seconds, and the tables were locked for \d+\.\d seconds\./,
      );
      expect(await stateOf(database)).toBe(before);
    },
  );

  it('through the API, with all that apply says', async () => {
    const before = await stateOf('old');
    const session = await open('old');
    const result = await session.apply({ dryRun: true });
    await session.close();
    expect(result).toMatchObject({ isApplied: false, isRehearsed: true, skipped: [], notices: [] });
    expect(result.relationships).toHaveLength(5);
    expect(result.check).toMatchObject({ state: 'old', isReady: true });
    expect(result.lockedMs).toBeGreaterThanOrEqual(0);
    expect(result.durationMs).toBeGreaterThanOrEqual(result.lockedMs);
    expect(await stateOf('old')).toBe(before);
  });

  it('exits with 2 where something has to be decided, with 0 where nothing is to do', async () => {
    await server.createDatabase('disagreeing', 'old');
    await server.query('disagreeing', 'DELETE FROM "User_published"');
    const before = await stateOf('disagreeing');
    const { code, stdout } = await runOn('disagreeing', ...DRY_RUN, '--yes');
    expect([code, stdout]).toEqual([2, expect.stringContaining('the two stored sides disagree')]);
    const repaired = await runOn('disagreeing', ...DRY_RUN, '--yes', '--reconcile');
    expect(repaired).toMatchObject({ code: 0 });
    expect(repaired.stdout).toContain('--apply --reconcile takes the database');
    expect(await stateOf('disagreeing')).toBe(before);
    const done = await runOn('new', ...DRY_RUN, '--yes');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') });
  });

  it('asks, and says that others wait', async () => {
    const refused = await runOn('old', ...DRY_RUN);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('A dry run works on the database old');
    const types = [[/Run it now\? \(y\/N\) /, 'n\r']];
    const { code, shown } = await runOnTerminal(project, DRY_RUN, {
      env: environment('old'),
      types,
    });
    expect(code).toBe(1);
    expect(shown).toMatch(/to\s+the\s+new\s+schema,\s+and\s+then\s+takes\s+everything\s+back\./);
    expect(shown).toContain('other sessions wait for the tables');
    expect(shown).not.toContain('It drops');
  });

  it('killed or interrupted at a step, leaves nothing either', async () => {
    const before = await stateOf('old');
    const victim = startKeystone('new');
    const runs = [];
    for (const step of [1, 5, 8, 10, 'verify']) {
      const database = `cut off ${step}`;
      await server.createDatabase(database, 'old');
      const session = await victim.open(GUIDE, server.url(database), { connects: false });
      await session.applyUntil(step, { dryRun: true });
      runs.push({ database, session });
    }
    // Every second one has Ctrl-C before.
    for (const { session } of runs.filter((_, at) => at % 2)) {
      await session.abort();
      await expect(session.goOn()).rejects.toMatchObject({ code: 'INTERRUPTED' });
    }
    expect(await victim.kill()).toBe('SIGKILL');
    for (const { database } of runs) {
      expect([database, (await stateOf(database)) === before]).toEqual([database, true]);
      await server.dropDatabase(database);
    }
  });

  it('goes with --apply alone', async () => {
    const { code, stderr } = await runOn('old', '--dry-run');
    expect([code, stderr]).toEqual([1, expect.stringContaining('--dry-run goes with --apply')]);
    const session = await open('old');
    await expect(session.apply({ dryRun: 'yes' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await session.close();
  });
});

describe('on MongoDB', () => {
  let server;
  let keystone;
  let project;
  /** What apply makes of a database, by direction. */
  const states = {};

  beforeAll(async () => {
    server = await startMongodb();
    keystone = startKeystone('new', 'mongoose');
    project = makeScenarioProject(LISTS, 'mongoose');
    states.up = makeData(4);
    await server.write('migrated', states.up);
    expect(await applyTo('migrated', {})).toMatchObject({ isApplied: true });
    states.down = await server.read('migrated');
  });
  afterAll(async () => {
    await keystone?.stop();
    await server?.stop();
  });

  async function applyTo(database, options, { process = keystone, at } = {}) {
    const session = await process.open(LISTS, server.url(database, { at }), { connects: false });
    try {
      return await session.apply(options);
    } finally {
      await session.close().catch(() => {}); // The process may be gone.
    }
  }

  /** All that is in a database: collections with their documents and indexes, in order of name. */
  async function stateOf(database) {
    const collections = await server.read(database);
    return documentsText(collections) + indexesText(collections);
  }

  it.each(['up', 'down'])('on the way %s: leaves nothing', async (direction) => {
    const database = `dry_${direction}`;
    await server.write(database, states[direction]);
    const before = await stateOf(database);
    const written = [];
    // The record of the run goes in the end, under another name first.
    const isRecord = ({ renameCollection }) =>
      /\.keystone_upgrade_relationships$/.test(renameCollection);
    const proxy = await startProxy(server.address, ({ name, command, isBeat }) => {
      if (!isBeat && !isRecord(command)) written.push(name);
      return 'pass';
    });
    const result = await applyTo(database, { direction, dryRun: true }, { at: proxy.address });
    await proxy.stop();
    expect(result).toMatchObject({ isApplied: false, isRehearsed: true });
    expect(result.skipped).toContain('removals');
    const copied = result.relationships.map(({ name, before: had, after }) => [name, had, after]);
    expect(copied).toEqual([
      ['Post.tags -> Tag.posts', 12, 12],
      ['Post.editors -> User', 12, 12],
      ...(direction === 'up'
        ? []
        : [
            ['Post.cover -> User.covered', 3, 3],
            ['Post.owner -> User.owned', 4, 4],
          ]),
    ]);
    // It has copied and indexed in fact, and never renamed or changed a document.
    expect(written.filter((name) => name === 'aggregate')).toHaveLength(direction === 'up' ? 2 : 5);
    expect(written.includes('createIndexes')).toBe(direction === 'up');
    expect(written).not.toContain('renameCollection');
    expect(await stateOf(database)).toBe(before);
  });

  it('by the command, which says what it leaves out', async () => {
    await server.write('command', states.up);
    const before = await stateOf('command');
    const env = { MONGO_URI: server.url('command') };
    const { code, stdout } = await run(project, [...DRY_RUN, '--yes'], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Post\.tags -> Tag\.posts +12 +12$/m);
    expect(stdout).toContain(
      'A dry run leaves out: giving the join collections their names, repairs, indexes of lists, removals.',
    );
    expect(stdout).toContain('The dry run succeeded, and everything has been taken back.');
    expect(await stateOf('command')).toBe(before);
  });

  it('killed while it copies: the next dry run leaves nothing', async () => {
    await server.write('killed', states.up);
    const before = await stateOf('killed');
    const victim = startKeystone('new', 'mongoose');
    const proxy = await startProxy(server.address, async ({ name }) => {
      if (name !== 'createIndexes') return 'pass';
      await victim.kill();
      return new Promise(() => {});
    });
    const options = { process: victim, at: proxy.address };
    await expect(applyTo('killed', { dryRun: true }, options)).rejects.toThrow('SIGKILL');
    await proxy.stop();
    expect(await stateOf('killed')).not.toBe(before);
    expect(await applyTo('killed', { dryRun: true })).toMatchObject({ isRehearsed: true });
    expect(await stateOf('killed')).toBe(before);
  });

  it('refuses a database on which a migration was stopped half-way', async () => {
    await server.write('half', states.down);
    const state = { direction: 'up', plan: 'x', names: [], phase: 'removing', copies: [] };
    Object.assign(state, { filled: [], token: 'x' });
    await server
      .database('half')
      .collection('keystone_upgrade_relationships')
      .insertOne({ _id: 'run', state });
    const before = await stateOf('half');
    const result = await applyTo('half', { dryRun: true }).catch((error) => error);
    expect(result.isRehearsed).not.toBe(true);
    expect(await stateOf('half')).toBe(before);
  });
});
