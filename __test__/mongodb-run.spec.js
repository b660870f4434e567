'use strict';

// `--check` and `--apply` on MongoDB by the real command: what it prints, on a terminal and without,
// and what is left when it is ended, or cut off from the server, in the midst of it.

const { planUpgrade } = require('..');
const { migrate } = require('../lib/database/mongodb/runner');
const { startKeystone } = require('../dev/keystone-process');
const {
  documentsText,
  indexesText,
  isGiven,
  startMongodb,
  startMongodbWithUsers,
} = require('../dev/mongodb');
const { LISTS, makeData, makeManyLinks } = require('../dev/mongodb-example');
const { normalized } = require('../dev/mongodb-model');
const { startProxy } = require('../dev/mongodb-proxy');
const { withPatience } = require('../dev/patience');
const { makeScenarioProject, removeProjects, run } = require('../dev/project');
const { runOnTerminal } = require('../dev/terminal');

/** A server that others use is not ours to give users to: these tests count as skipped there. */
const testOnOwnServer = isGiven() ? it.skip : it;

let server;
let keystone;
let project;
let relationships;
let count = 0;
/** The database before and after, by direction, and what NEW reads in the new schema. */
const states = {};

beforeAll(async () => {
  server = await startMongodb();
  keystone = startKeystone('new', 'mongoose');
  project = makeScenarioProject(LISTS, 'mongoose');
  const session = await keystone.open(LISTS, server.url('fresh'));
  relationships = await session.relationships();
  await session.close();
  states.up = await statesOf('up', makeData(4));
  states.down = await statesOf('down', states.up.after);
  const database = await makeDatabase(states.up.after);
  states.up.read = await readByNew(database);
  await server.dropDatabase(database);
});

afterAll(async () => {
  removeProjects();
  await keystone?.stop();
  await server?.stop();
});

/** What `apply` makes of a database when nothing disturbs it. */
async function statesOf(direction, before) {
  const database = await makeDatabase(before);
  expect(await applyTo(server.url(database), { direction })).toMatchObject({ isApplied: true });
  const after = await server.read(database);
  await server.dropDatabase(database);
  return { before, after, expected: stateText(after) };
}

async function makeDatabase(collections) {
  const database = `run_${++count}`;
  await server.write(database, collections);
  return database;
}

async function applyTo(url, options, process = keystone) {
  const session = await process.open(LISTS, url, { connects: false });
  try {
    return await session.apply(options);
  } finally {
    await session.close().catch(() => {}); // The process may be gone.
  }
}

async function readByNew(database) {
  const session = await keystone.open(LISTS, server.url(database));
  const read = await session.read();
  await session.close();
  return read;
}

function stateText(collections) {
  const documents = Object.fromEntries(
    Object.entries(collections).map(([name, collection]) => [name, collection.documents]),
  );
  return documentsText(normalized(documents, relationships)) + indexesText(collections);
}

/** MongoDB drops its own temporary collections when it starts; the server that stands in keeps them. */
const isTemporary = (name) => name.startsWith('tmp.agg_out.');

async function stateOf(database) {
  const collections = Object.entries(await server.read(database));
  return stateText(Object.fromEntries(collections.filter(([name]) => !isTemporary(name))));
}

const environment = (url) => ({ MONGO_URI: url });

const runOn = (url, ...args) => run(project, args, { env: environment(url) });

describe.each(['up', 'down'])('cut off on the way %s', (direction) => {
  const steps = [];

  beforeAll(async () => {
    const database = await makeDatabase(states[direction].before);
    const proxy = await startProxy(server.address, ({ step }) => {
      if (step) steps.push(step);
      return 'pass';
    });
    await applyTo(server.url(database, { at: proxy.address }), { direction });
    await proxy.stop();
    expect(await stateOf(database)).toBe(states[direction].expected);
    await server.dropDatabase(database);
    expect(steps.length).toBeGreaterThan(10);
  });

  /** Runs it again, which has to end as if nothing had happened. */
  async function expectEnd(step, database) {
    await applyTo(server.url(database), { direction });
    expect([step, await stateOf(database)]).toEqual([step, states[direction].expected]);
  }

  /** Does something at each of some steps, all at once, each on a database of its own. */
  async function atEach(some, use) {
    const uses = some.map(async (step) => {
      const database = await makeDatabase(states[direction].before);
      await use(step, database);
      await server.dropDatabase(database);
    });
    const outcomes = await Promise.allSettled(uses);
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
  }

  it('killed before any step, then again', async () => {
    // One process does it all at once, and is killed when every run has come to its step.
    const victim = startKeystone('new', 'mongoose');
    const waiting = [];
    let allWait;
    const killed = new Promise((resolve) => (allWait = resolve)).then(() => victim.kill());
    const runUntil = async (step, database) => {
      const proxy = await startProxy(server.address, (write) => {
        if (write.step !== step) return 'pass';
        if (waiting.push(step) === steps.length) allWait();
        return new Promise(() => {});
      });
      const url = server.url(database, { at: proxy.address });
      const error = await applyTo(url, { direction }, victim).catch((reason) => reason);
      if (!waiting.includes(step)) allWait(); // The others need not wait for this one.
      expect([step, error.message]).toEqual([step, expect.stringContaining('ended (SIGKILL)')]);
      await proxy.stop();
    };
    await atEach(steps, async (step, database) => {
      await runUntil(step, database);
      expect([step, await killed]).toEqual([step, 'SIGKILL']);
      await expectEnd(step, database);
      const isReadToo = direction === 'up' && steps.indexOf(step) % 5 === 0;
      if (isReadToo) expect([step, await readByNew(database)]).toEqual([step, states.up.read]);
    });
    expect(waiting).toHaveLength(steps.length);
  });

  it.each(['cut', 'cut after'])('the connection %s some steps, then again', async (action) => {
    // What is in the database then is what a process leaves that is killed before a step.
    const some = steps.filter((_, at) => at % 3 === 0);
    await atEach(some, async (step, database) => {
      // When nothing answers any more, the driver need not wait for it.
      const error = await withPatience(async (patience) => {
        await server.write(database, states[direction].before);
        let isReached = false;
        const proxy = await startProxy(server.address, (write) => {
          if (write.step !== step) return 'pass';
          isReached = true;
          return action;
        });
        const options = `serverSelectionTimeoutMS=${patience}`;
        const url = server.url(database, { at: proxy.address, options });
        const reason = await applyTo(url, { direction }).catch((it) => it);
        await proxy.stop();
        return isReached ? reason : undefined;
      });
      // What becomes of its own collection in the end is of no interest to the user.
      if (step < steps.at(-4))
        expect([step, error]).toEqual([
          step,
          expect.objectContaining({
            code: 'CONNECTION_LOST',
            message: expect.stringMatching(/None of your documents has been changed|Run it again/),
          }),
        ]);
      await expectEnd(step, database);
    });
  });
});

const STATE = 'keystone_upgrade_relationships';

/** Tells the copies of a migration, and its removals. */
const isCopy =
  () =>
  ({ name }) =>
    name === 'aggregate';
const isRemoval =
  () =>
  ({ command, collection }) =>
    collection !== STATE && (command.updates ?? []).some(({ u }) => u.$unset);

it('the command, killed at work, goes on when it is run again', async () => {
  for (const [direction, isAtWork] of [
    ['up', isRemoval()],
    ['down', isCopy()],
  ]) {
    const database = await makeDatabase(states[direction].before);
    let child;
    const proxy = await startProxy(server.address, (write) => {
      if (!isAtWork(write)) return 'pass';
      child.kill('SIGKILL');
      return new Promise(() => {});
    });
    const args = [...(direction === 'down' ? ['--rollback'] : []), '--apply', '--yes'];
    const { signal } = await run(project, args, {
      env: environment(server.url(database, { at: proxy.address })),
      onStart: (it) => (child = it),
    });
    await proxy.stop();
    expect([direction, signal]).toEqual([direction, 'SIGKILL']);
    const { code, stdout } = await runOn(server.url(database), ...args);
    expect([direction, code]).toEqual([direction, 0]);
    expect(stdout).toMatch(/^Post\.tags -> Tag\.posts +12 +12$/m);
    expect(stdout).toContain('Done and verified');
    expect([direction, await stateOf(database)]).toEqual([direction, states[direction].expected]);
  }
});

async function statementsUp() {
  const session = await keystone.open(LISTS);
  const statements = planUpgrade(await session.snapshot()).statements();
  await session.close();
  return statements;
}

it('says how far a copy is, as long as that runs', async () => {
  const database = await makeDatabase(states.up.before);
  const db = server.database(database);
  const statements = await statementsUp();
  const reported = [];
  let copying;
  let isCounted;
  await migrate(statements, {
    database: db.databaseName,
    beatMs: 20,
    adminCommand: (command) => db.admin().command(command),
    async command(command) {
      const answer = await db.command(command);
      // The answer to a copy comes when that has been counted on the way.
      const isCopy = command.pipeline?.some(({ $out }) => $out);
      if (isCopy) await new Promise((resolve) => (isCounted = resolve));
      return answer;
    },
    report(event) {
      if (event.phase === 'copy') copying = event.text.split(': ')[0];
      if (event.done === undefined) return;
      reported.push(event);
      // What was counted of the one before may come late.
      if (event.relationship === copying) isCounted();
    },
  });
  expect(await stateOf(database)).toBe(states.up.expected);
  for (const name of ['Post.tags -> Tag.posts', 'Post.editors -> User']) {
    const counts = reported.filter(({ relationship }) => relationship === name);
    // And at the end.
    expect(counts.length).toBeGreaterThan(1);
    for (const { done, text } of counts) {
      expect([done, text]).toEqual([12, expect.stringContaining(`${name}: copied links into`)]);
    }
  }
});

it('says nothing more of a copy that has failed', async () => {
  const db = server.database(await makeDatabase(states.up.before));
  let reported = 0;
  let asked;
  let end;
  const isAsked = new Promise((resolve) => (asked = resolve));
  const isEnded = new Promise((resolve) => (end = resolve));
  const running = migrate(await statementsUp(), {
    database: db.databaseName,
    beatMs: 20,
    adminCommand: (command) => db.admin().command(command),
    async command(command) {
      if (command.pipeline?.some(({ $out }) => $out)) {
        await isAsked;
        throw new Error('refused');
      }
      if (!command.count) return db.command(command);
      asked();
      await isEnded;
      return { n: 12 };
    },
    report: () => void (reported += 1),
  });
  await expect(running).rejects.toThrow('refused');
  const before = reported;
  end();
  await new Promise(setImmediate);
  expect(reported).toBe(before);
});

describe('on a terminal', () => {
  const apply = (url, types, { args = [], onShow } = {}) =>
    runOnTerminal(project, ['--apply', ...args], { env: environment(url), types, onShow });
  const QUESTION = /Run it now\? \(y\/N\) /;

  testOnOwnServer(
    'asks, saying what it is about to do and how to back up, without the password',
    async () => {
      const guarded = await startMongodbWithUsers();
      await guarded.write('blog', states.up.before);
      const password = 'very-secret';
      const url = await guarded.addUser('blog', 'editor', password, ['readWrite']);
      const { host, port } = guarded.address;
      for (const answer of ['\r', 'n\r', '\x03']) {
        const { code, shown } = await apply(url, [[QUESTION, answer]]);
        expect([answer, code]).toEqual([answer, 1]);
        expect(shown).toContain(`This takes the database blog on ${host}:${port} from`);
        // A terminal breaks lines between words.
        expect(shown.replace(/\s+/g, ' ')).toContain(
          'It moves the links of posts.tags to post_tags_tag_posts, then removes posts.tags.',
        );
        expect(shown).toContain('It drops tags.posts, users.covered, users.owned.');
        expect(shown).toContain(
          `mongodump --host=${host} --port=${port} --username=editor --authenticationDatabase=blog --db=blog --out=blog-dump`,
        );
        expect(shown).toContain('Nothing has been changed.');
        expect(shown).not.toContain(password);
      }
      expect(stateText(await guarded.read('blog'))).toBe(stateText(states.up.before));
      const { code, shown } = await apply(url, [[QUESTION, 'yes\r']]);
      expect(shown).toContain('Done and verified');
      expect(code).toBe(0);
      expect(shown).not.toContain(password);
      expect(stateText(await guarded.read('blog'))).toBe(states.up.expected);
      await guarded.stop();
    },
  );

  it('runs it with a yes, and shows the step that it is at', async () => {
    const database = await makeDatabase(states.up.before);
    const { code, shown } = await apply(server.url(database), [[QUESTION, 'y\r']]);
    expect(code).toBe(0);
    expect(shown).toMatch(/\r\x1b\[K. Post\.tags -> Tag\.posts: copying links into/); // eslint-disable-line no-control-regex
    expect(shown).toContain('Done and verified');
    expect(await stateOf(database)).toBe(states.up.expected);
    const args = ['--rollback'];
    const back = await apply(server.url(database), [[QUESTION, 'y\r']], { args });
    expect(back.code).toBe(0);
    expect(await stateOf(database)).toBe(states.down.expected);
  });

  /** Types Ctrl-C while the server is at work on the first write of a kind. */
  async function interrupt(database, title, isAtWork) {
    let goOn;
    const isInterrupted = new Promise((resolve) => (goOn = resolve));
    const proxy = await startProxy(server.address, async (write) => {
      if (isAtWork(write)) await isInterrupted;
      return 'pass';
    });
    const url = server.url(database, { at: proxy.address });
    const onShow = (shown) => shown.includes('coming to a clean end') && goOn();
    const outcome = await apply(url, [[title, '\x03']], { args: ['--yes'], onShow });
    await proxy.stop();
    return outcome;
  }

  it('Ctrl-C while it checks does not wait for the server', async () => {
    const database = await makeDatabase(states.up.before);
    // An answer that never comes: the end of the command is what ends this.
    const onRead = ({ name }) => (name === 'aggregate' ? new Promise(() => {}) : 'pass');
    const proxy = await startProxy(server.address, undefined, { onRead });
    const url = server.url(database, { at: proxy.address });
    const { code, shown } = await apply(url, [[/Checking \d+ of \d+/, '\x03']]);
    await proxy.stop();
    expect(shown).toContain('✖ Interrupted. Nothing has been changed. [INTERRUPTED]');
    expect(code).toBe(1);
    expect(stateText(await server.read(database))).toBe(stateText(states.up.before));
  });

  it.each([
    [
      'copies',
      /copying links into/,
      isCopy(),
      'None of your documents has been changed. The next run',
    ],
    ['removes', /removing posts\.tags/, isRemoval(), 'The database has been changed in part.'],
  ])('a second Ctrl-C while it %s ends it at once', async (_, title, isAtWork, left) => {
    const database = await makeDatabase(states.up.before);
    // The step takes for ever.
    const proxy = await startProxy(server.address, (write) =>
      isAtWork(write) ? new Promise(() => {}) : 'pass',
    );
    const url = server.url(database, { at: proxy.address });
    const types = [
      [title, '\x03'],
      [/Another Ctrl-C ends it at once/, '\x03'],
    ];
    const { code, shown } = await apply(url, types, { args: ['--yes'] });
    await proxy.stop();
    const words = shown.replace(/\s+/g, ' ');
    expect(words).toMatch(new RegExp(`It waits for the end of this step: .*${title.source}`));
    expect(words).toContain(`Ended at once. ${left}`);
    expect(code).toBe(130);
    expect((await runOn(server.url(database), '--apply', '--yes')).code).toBe(0);
    expect(await stateOf(database)).toBe(states.up.expected);
  });

  it('Ctrl-C while it copies leaves all as it was', async () => {
    const database = await makeDatabase(states.up.before);
    const { code, shown } = await interrupt(database, /copying links into/, isCopy());
    expect(code).toBe(1);
    expect(shown).toContain('Interrupted: coming to a clean end …');
    expect(shown).toContain('✖ Interrupted. None of your documents has been changed.');
    expect(await stateOf(database)).toBe(stateText(states.up.before));
    expect((await runOn(server.url(database), '--apply', '--yes')).code).toBe(0);
    expect(await stateOf(database)).toBe(states.up.expected);
  });

  it('Ctrl-C while it removes ends it after the step, and it goes on when it is run again', async () => {
    const database = await makeDatabase(states.up.before);
    const { code, shown } = await interrupt(database, /removing posts\.tags/, isRemoval());
    expect(code).toBe(1);
    expect(shown.replace(/\s+/g, ' ')).toContain(
      '✖ Interrupted. The database has been changed in part. Run it again: it goes on where it was stopped.',
    );
    const documents = async (path) =>
      server
        .database(database)
        .collection('posts')
        .countDocuments({ [path]: { $exists: true } });
    expect([await documents('tags'), await documents('editors')]).toEqual([0, 4]);
    const checked = await runOn(server.url(database), '--check');
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain(
      '⚠ A migration was stopped half-way. Run that migration again (--apply). It continues where it stopped. [UNFINISHED]\n',
    );
    const other = await runOn(server.url(database), '--rollback', '--apply', '--yes');
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('Run that migration again first (--apply).');
    const { stdout } = await runOn(server.url(database), '--apply', '--yes');
    expect(stdout).toMatch(/^Post\.tags -> Tag\.posts +12 +12$/m);
    expect(await stateOf(database)).toBe(states.up.expected);
  });
});

describe('100,000 links', () => {
  it('are counted on the way, and before and after', async () => {
    const database = await makeDatabase(makeManyLinks());
    const { code, stdout, stderr } = await runOn(server.url(database), '--apply', '--yes');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^Post\.editors -> User +100000 +100000$/m);
    const counted = /^ℹ Post\.editors -> User: copied links into \S+ 100000 of 100000 \(\d+\/s\)$/m;
    expect(stderr).toMatch(counted);
  });
});
