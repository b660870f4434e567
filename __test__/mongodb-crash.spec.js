'use strict';

// Whatever happens while a migration runs, running it again ends the work: nothing is lost, nothing
// doubled, and nothing of its own is left behind.

const { startKeystone } = require('../dev/keystone-process');
const { documentsText, indexesText, isGiven, startMongodb } = require('../dev/mongodb');
const { LISTS, makeData } = require('../dev/mongodb-example');
const { normalized } = require('../dev/mongodb-model');
const { startProxy } = require('../dev/mongodb-proxy');
const { Shell, runMongosh } = require('../dev/mongosh');

/** A server that others use is not ours to kill: these tests count as skipped there. */
const testOnOwnServer = isGiven() ? test.skip : test;

/** When nothing answers any more, mongosh need not wait for it. */
const IMPATIENT = 'serverSelectionTimeoutMS=200';

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

/** The number of a process that has ended. */
async function deadPid() {
  const { code, stdout } = await runMongosh(server.url('fresh'), 'print(process.pid)');
  expect(code).toBe(0);
  return Number(stdout);
}

/** Runs a script with a network of which `onWrite` decides. */
async function withProxy(onWrite, use) {
  const proxy = await startProxy(server.address, onWrite);
  try {
    return await use(
      (database) => server.url(database, { at: proxy.address, options: IMPATIENT }),
      proxy,
    );
  } finally {
    await proxy.stop();
  }
}

describe.each(['up', 'down'])('%s', (direction) => {
  let script;
  let writes;

  beforeAll(async () => {
    script = plan[direction];
    const database = await makeDatabase(states[direction].before);
    writes = await withProxy(
      () => 'pass',
      async (url, proxy) => {
        await expectDone(await shell.run(url(database), script));
        return proxy.writes;
      },
    );
    expect(await stateOf(database)).toBe(states[direction].expected);
    expect(writes.length).toBeGreaterThan(10);
  });

  test.each(['cut', 'cut after'])(
    '%s at every write command, then again',
    async (action) => {
      const pid = await deadPid();
      for (let at = 1; at <= writes.length; at++) {
        const database = await makeDatabase(states[direction].before);
        const { code, stderr } = await withProxy(
          ({ number }) => (number === at ? action : 'pass'),
          (url) => shell.run(url(database), script, { pid }),
        );
        // What the last one does to its own collection is of no interest to the user.
        if (at < writes.length - 1)
          expect([at, writes[at - 1], code, stderr]).toEqual([
            at,
            writes[at - 1],
            1,
            expect.stringMatching(/\S/),
          ]);
        await expectEnd(database, script, states[direction]);
        await server.dropDatabase(database);
      }
    },
    600_000,
  );

  test('mongosh killed at some write commands, then again', async () => {
    for (const share of [0.2, 0.5, 0.8]) {
      const at = Math.round(share * writes.length);
      const database = await makeDatabase(states[direction].before);
      let child;
      const { signal } = await withProxy(
        ({ number }) => {
          if (number === at) child.kill('SIGKILL');
          return 'pass';
        },
        (url) => runMongosh(url(database), script, { onStart: (it) => (child = it) }),
      );
      expect([at, signal]).toEqual([at, 'SIGKILL']);
      await expectEnd(database, script, states[direction]);
    }
  });

  testOnOwnServer(
    'the server killed in the middle of commands, then again',
    async () => {
      const large = await largeStates();
      const { before, after } = large[direction];
      const pid = await deadPid();
      for (const share of [0.2, 0.35, 0.5, 0.65, 0.8]) {
        const at = Math.ceil(share * writes.length);
        const database = await makeDatabase(before);
        const { code } = await withProxy(
          ({ number }) => {
            // The command is sent, and the server has no time to finish it.
            if (number === at) setTimeout(() => server.kill(), 5);
            return 'pass';
          },
          (url) => shell.run(url(database), script, { pid }),
        );
        expect([at, code]).toEqual([at, 1]);
        await server.restart();
        await expectEnd(database, script, { expected: stateText(after) });
        await server.dropDatabase(database);
      }
    },
    600_000,
  );

  test('a second one at the same time is refused, and says who is at work', async () => {
    const database = await makeDatabase(states[direction].before);
    const half = Math.round(writes.length / 2);
    let second;
    let child;
    const first = await withProxy(
      async ({ number }) => {
        if (number === half) second = await shell.run(server.url(database), script);
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

  test('one that another host has started is left alone, until it has been silent for a minute', async () => {
    const database = await makeDatabase(states[direction].before);
    const half = Math.round(writes.length / 2);
    const pid = await deadPid();
    await withProxy(
      ({ number }) => (number === half ? 'cut' : 'pass'),
      (url) => shell.run(url(database), script, { pid }),
    );
    const state = server.database(database).collection('keystone_upgrade_relationships');
    await state.updateOne({ _id: 'lock' }, { $set: { host: 'elsewhere' } });
    const before = await stateOf(database);
    const { code, stderr } = await shell.run(server.url(database), script);
    expect([code, stderr]).toEqual([1, expect.stringContaining('elsewhere')]);
    expect(await stateOf(database)).toBe(before);
    const { at } = await state.findOne({ _id: 'lock' });
    await state.updateOne({ _id: 'lock' }, { $set: { at: new Date(at - 61_000) } });
    await expectEnd(database, script, states[direction]);
  });

  test('one that has been taken over changes nothing more', async () => {
    const database = await makeDatabase(states[direction].before);
    const half = Math.round(writes.length / 2);
    let taken;
    const { code, stderr } = await withProxy(
      async ({ number }) => {
        if (number === half) {
          const state = server.database(database).collection('keystone_upgrade_relationships');
          await state.updateOne({ _id: 'lock' }, { $set: { token: 'another', pid: 1 } });
          taken = number;
        }
        return 'pass';
      },
      (url) => shell.run(url(database), script),
    );
    expect(taken).toBe(half);
    expect([code, stderr]).toEqual([1, expect.stringContaining('taken over')]);
    const state = server.database(database).collection('keystone_upgrade_relationships');
    expect(await state.findOne({ _id: 'lock' })).toMatchObject({ token: 'another' });
    await state.deleteOne({ _id: 'lock' });
    await expectEnd(database, script, states[direction]);
  });
});

test('the way back goes first when it was stopped half-way, and the other way round', async () => {
  for (const [direction, other] of [
    ['up', 'down'],
    ['down', 'up'],
  ]) {
    const database = await makeDatabase(states[direction].before);
    const pid = await deadPid();
    const last = await withProxy(
      ({ name }) => (['dropIndexes', 'drop'].includes(name) ? 'cut' : 'pass'),
      (url) => shell.run(url(database), plan[direction], { pid }),
    );
    expect(last.code).toBe(1);
    // The one that is dead is not at work any more, whoever finds out.
    const withoutLock = async () =>
      (await stateOf(database)).replace(/^.* \{"_id":"lock".*\n/m, '');
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
