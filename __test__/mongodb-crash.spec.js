'use strict';

// Whatever happens while a migration runs, running it again ends the work: nothing is lost, nothing
// doubled, and nothing of its own is left behind.

const { startKeystone } = require('../dev/keystone-process');
const { documentsText, indexesText, isGiven, startMongodb } = require('../dev/mongodb');
const { LISTS, makeData } = require('../dev/mongodb-example');
const { normalized } = require('../dev/mongodb-model');
const { startProxy } = require('../dev/mongodb-proxy');
const { steps, withoutHolder } = require('../dev/mongodb-trials');
const { Shell, runMongosh } = require('../dev/mongosh');
const { withPatience } = require('../dev/patience');

/** A server that others use is not ours to kill: these tests count as skipped there. */
const testOnOwnServer = isGiven() ? test.skip : test;

/** The number of a process that is not there: no system counts so far. One that has ended may be given again. */
const NO_PROCESS = 2 ** 22 + 1;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let server;
let shell;
let plan;
let relationships;
/** The database before and after, by direction. */
const states = {};
let databases = 0;

beforeAll(async () => {
  server = await startMongodb();
  shell = new Shell();
  const current = startKeystone('new', 'mongoose');
  try {
    const session = await current.open(LISTS, server.url('fresh'));
    relationships = await session.relationships();
    await session.close();
    const planned = await current.open(LISTS);
    plan = await planned.plan();
    await planned.close();
  } finally {
    await current.stop();
  }
  states.up = await statesOf(plan.up, makeData(4));
  states.down = await statesOf(plan.down, states.up.after);
});

afterAll(async () => {
  await shell?.stop();
  await server?.stop();
});

/** What a script makes of a database that nothing disturbs. */
async function statesOf(script, before) {
  const database = await makeDatabase(before);
  await expectDone(await shell.run(server.url(database), script));
  const after = await server.read(database);
  await server.dropDatabase(database);
  return { before, after, expected: stateText(after) };
}

async function makeDatabase(collections) {
  const database = `crash_${++databases}`;
  await server.write(database, collections);
  return database;
}

function stateText(collections) {
  const documents = Object.fromEntries(
    Object.entries(collections).map(([name, collection]) => [name, collection.documents]),
  );
  return documentsText(normalized(documents, relationships)) + indexesText(collections);
}

const expectDone = ({ code, stdout, stderr }) =>
  expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: expect.any(String) });

/** MongoDB drops its own temporary collections when it starts; the server that stands in keeps them. */
const isTemporary = (name) => name.startsWith('tmp.agg_out.');

async function stateOf(database) {
  const collections = Object.entries(await server.read(database));
  return stateText(Object.fromEntries(collections.filter(([name]) => !isTemporary(name))));
}

/** Runs a script again, which has to end as if nothing had happened. `where` is told in a failure. */
async function expectEnd(database, script, { expected }, where) {
  await expectDone(await shell.run(server.url(database), script));
  expect({ ...where, state: await stateOf(database) }).toEqual({ ...where, state: expected });
}

/** Runs a script with a network of which `onWrite` decides. */
async function withProxy(onWrite, use, options) {
  const proxy = await startProxy(server.address, onWrite);
  try {
    return await use((database) => server.url(database, { at: proxy.address, options }));
  } finally {
    await proxy.stop();
  }
}

/**
 * Runs a script on a new database, by a process that has ended then, until it comes to a write, of which
 * `onWrite` decides. Nothing may answer from there on, and mongosh need not wait for that.
 */
async function runUntil(isIt, { before, script, onWrite }) {
  return withPatience(async (patience) => {
    const database = await makeDatabase(before);
    let isReached = false;
    const outcome = await withProxy(
      (write) => {
        if (!isIt(write)) return 'pass';
        isReached = true;
        return onWrite();
      },
      (url) => shell.run(url(database), script, { pid: NO_PROCESS }),
      `serverSelectionTimeoutMS=${patience}`,
    );
    if (isReached) return { database, ...outcome };
    await server.dropDatabase(database);
  });
}

describe.each(['up', 'down'])('%s', (direction) => {
  let script;
  let steps;

  beforeAll(async () => {
    script = plan[direction];
    const database = await makeDatabase(states[direction].before);
    await withProxy(
      ({ step }) => {
        steps = step ?? steps;
        return 'pass';
      },
      async (url) => expectDone(await shell.run(url(database), script)),
    );
    expect(await stateOf(database)).toBe(states[direction].expected);
    expect(steps).toBeGreaterThan(10);
  });

  /** Whether a write is that at a share of all. */
  const isAt =
    (share) =>
    ({ step }) =>
      step === Math.ceil(share * steps);

  // At every one by the same runner in Node: see `mongodb-run.spec.js`.
  test.each(['cut', 'cut after'])('%s at some write commands, then again', async (action) => {
    for (const share of [0.35, 0.75]) {
      const { database, code, stderr } = await runUntil(isAt(share), {
        ...{ before: states[direction].before, script, onWrite: () => action },
      });
      expect([share, code, stderr]).toEqual([share, 1, expect.stringMatching(/\S/)]);
      await expectEnd(database, script, states[direction]);
      await server.dropDatabase(database);
    }
  });

  test('mongosh killed at some write commands, then again', async () => {
    for (const share of [0.3, 0.7]) {
      const isIt = isAt(share);
      const database = await makeDatabase(states[direction].before);
      let child;
      const { signal } = await withProxy(
        (write) => {
          if (isIt(write)) child.kill('SIGKILL');
          return 'pass';
        },
        (url) => runMongosh(url(database), script, { onStart: (it) => (child = it) }),
      );
      expect([share, signal]).toEqual([share, 'SIGKILL']);
      await expectEnd(database, script, states[direction]);
    }
  });

  testOnOwnServer('the server killed in the middle of commands, then again', async () => {
    const { before, after } = (await largeStates())[direction];
    for (const share of [0.3, 0.7]) {
      let killed;
      const onWrite = () => {
        // The command is sent, and the server has no time to finish it. Where it does, nothing more
        // gets through.
        killed = sleep(5).then(() => server.kill());
        return { reply: (answer) => killed.then(() => answer) };
      };
      const { database, code } = await runUntil(isAt(share), { before, script, onWrite });
      expect([share, code]).toEqual([share, 1]);
      await killed;
      await server.restart();
      await expectEnd(database, script, { expected: stateText(after) });
      await server.dropDatabase(database);
    }
  });

  test('a second one at the same time is refused, and says who is at work', async () => {
    const database = await makeDatabase(states[direction].before);
    const isHalf = isAt(0.5);
    let second;
    let child;
    const first = await withProxy(
      async (write) => {
        if (isHalf(write)) second = await shell.run(server.url(database), script);
        return 'pass';
      },
      (url) => runMongosh(url(database), script, { onStart: (it) => (child = it) }),
    );
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('Another run is at work');
    expect(second.stderr).toContain(`${child.pid} on ${require('os').hostname()}`);
    await expectDone(first);
    expect(await stateOf(database)).toBe(states[direction].expected);
  });

  test('one that has been taken over changes nothing more', async () => {
    const database = await makeDatabase(states[direction].before);
    const isHalf = isAt(0.5);
    let isTaken = false;
    const { code, stderr } = await withProxy(
      async (write) => {
        if (isHalf(write)) {
          const state = server.database(database).collection('keystone_upgrade_relationships');
          await state.updateOne({ _id: 'run' }, { $set: { token: 'another', pid: 1 } });
          isTaken = true;
        }
        return 'pass';
      },
      (url) => shell.run(url(database), script),
    );
    expect(isTaken).toBe(true);
    expect([code, stderr]).toEqual([1, expect.stringContaining('taken over')]);
    const state = server.database(database).collection('keystone_upgrade_relationships');
    expect(await state.findOne({ _id: 'run' })).toMatchObject({ token: 'another' });
    await state.updateOne({ _id: 'run' }, { $unset: { token: 1 } });
    await expectEnd(database, script, states[direction]);
  });
});

test('the way back goes first when it was stopped half-way, and the other way round', async () => {
  for (const [direction, other] of [
    ['up', 'down'],
    ['down', 'up'],
  ]) {
    const { database, ...stopped } = await runUntil(
      (it) => steps.removal('tags')(it) || (it.name === 'renameCollection' && direction === 'down'),
      {
        ...{ before: states[direction].before, script: plan[direction], onWrite: () => 'cut' },
      },
    );
    expect(stopped.code).toBe(1);
    // The one that is dead is not at work any more, whoever finds out.
    const withoutLock = async () => withoutHolder(await stateOf(database));
    const before = await withoutLock();
    const { code, stderr } = await shell.run(server.url(database), plan[other]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('stopped half-way')]);
    expect(await withoutLock()).toBe(before);
    await expectEnd(database, plan[direction], states[direction]);
  }
});

let large;

/** States with so many documents that the server is busy with a command when it is killed. */
async function largeStates() {
  if (large) return large;
  const up = await statesOf(plan.up, makeData(300));
  const down = await statesOf(plan.down, up.after);
  large = { up, down };
  return large;
}
