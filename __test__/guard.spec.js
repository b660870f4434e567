'use strict';

// Projects that try to end the process, or to handle its signals and errors, while a migration runs.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { startMongodb } = require('../dev/mongodb');
const { LISTS, makeData } = require('../dev/mongodb-example');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { makeScenarioProject, removeProjects, run } = require('../dev/project');
const { loadScenario } = require('../dev/scenario');
const { startTcpProxy } = require('../dev/tcp-proxy');

afterAll(removeProjects);

/** Each shows that it has run by its words; the background waits for a file. */
const HANDLERS = `
  for (const name of ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection']) {
    process.on(name, () => {
      console.error('shutting down by ' + name);
      process.exit(3);
    });
  }
  process.on('exit', () => process.exit(4));
  const { existsSync } = require('fs');
  const timer = setInterval(() => {
    if (!existsSync('go')) return;
    clearInterval(timer);
    Promise.reject(new Error('rejected'));
    setImmediate(() => {
      throw new Error('thrown');
    });
    setImmediate(async () => {
      console.log('Redis is not there, giving up');
      process.exit(1);
    });
  }, 10);
`;

const GUIDE = loadScenario('guide');

/** By adapter: how to fill a database, and the first change of the migration as it is sent. */
const ENGINES = {
  knex: {
    lists: GUIDE,
    change: /DROP TABLE/,
    start: () => startPostgres(postgresVersions().at(-1)),
    async fill(server) {
      const keystone = startKeystone('old');
      await server.createDatabase('todo');
      const session = await keystone.open(GUIDE, server.url('todo'));
      await session.createSchema();
      await session.fill({ seed: 2, canBeEmpty: false, canDelete: true });
      await keystone.stop();
    },
    unchanged: 'Interrupted. Nothing has been changed',
  },
  mongoose: {
    lists: LISTS,
    change: /\$unset/,
    start: startMongodb,
    fill: (server) => server.write('todo', makeData(4)),
    unchanged: 'Interrupted. The database has been changed in part',
  },
};

describe.each(Object.keys(ENGINES))('%s', (adapter) => {
  const { lists, change, start, fill, unchanged } = ENGINES[adapter];
  let server;
  let project;
  beforeAll(async () => {
    server = await start();
    project = makeScenarioProject(lists, adapter);
    fs.appendFileSync(path.join(project, 'index.js'), HANDLERS);
  });
  afterAll(() => server.stop());

  /** Runs --apply. At the first change, acts on the process and goes on when stderr shows a text. */
  async function applyAnd(act, text) {
    await fill(server);
    const url = new URL(server.url('todo'));
    let child;
    let stderr = '';
    let isDone = false;
    const proxy = await startTcpProxy(
      { host: url.hostname, port: Number(url.port) },
      async (sent) => {
        if (isDone || !change.test(sent)) return;
        isDone = true;
        const shown = new Promise((resolve) => {
          child.stderr.on('data', (chunk) => {
            stderr += chunk;
            if (stderr.includes(text)) resolve();
          });
          child.on('close', resolve);
        });
        act(child);
        await shown;
      },
    );
    url.host = proxy.address;
    const env = { DATABASE_URL: url.href };
    const result = await run(project, ['--apply', '--yes'], { env, onStart: (it) => (child = it) });
    proxy.stop();
    expect(isDone).toBe(true);
    return result;
  }

  it('goes on when the project ends the process, or fails, in the background', async () => {
    const act = () => fs.writeFileSync(path.join(project, 'go'), '');
    const { code, stdout, stderr } = await applyAnd(act, 'process.exit(1)');
    fs.unlinkSync(path.join(project, 'go'));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/\nDone and verified/);
    expect(stderr).toContain('Redis is not there, giving up');
    expect(stderr).toContain('The project called process.exit(1)');
    expect(stderr).toContain(path.join(project, 'index.js:'));
    expect(stderr).toContain('Error: thrown');
    expect(stderr).toContain('Error: rejected');
    expect(stderr).not.toContain('shutting down');
  });

  it('comes to a clean end by a signal that the project handles', async () => {
    if (adapter === 'knex') await server.dropDatabase('todo');
    const act = (child) => child.kill('SIGINT');
    const { code, stdout, stderr } = await applyAnd(act, 'coming to a clean end');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(unchanged);
    expect(stderr).not.toContain('shutting down');
  });
});

it('a signal ends a project that is loading, whatever it does with signals', async () => {
  const project = makeScenarioProject(GUIDE, 'knex');
  const loads = `process.removeAllListeners('SIGTERM'); ${HANDLERS}
    setInterval(() => {}, 1000);
    console.error('loading');
    exports.keystone = new Promise(() => {});
  `;
  fs.writeFileSync(path.join(project, 'index.js'), loads);
  const onStart = (child) =>
    child.stderr.on('data', (chunk) => {
      if (String(chunk).includes('loading')) child.kill('SIGTERM');
    });
  const { signal, stderr } = await run(project, [], { onStart });
  expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: expect.anything() });
  expect(stderr).not.toContain('shutting down');
});
