'use strict';

// Entry files that start their server when they are loaded: nothing of the project connects, prepares,
// creates or drops, whichever Keystone it is and however it is loaded.

const fs = require('fs');
const path = require('path');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { startKeystone } = require('../dev/keystone-process');
const { documentsText, indexesText, startMongodb } = require('../dev/mongodb');
const { startProxy } = require('../dev/mongodb-proxy');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { makeProject, removeProjects, run } = require('../dev/project');
const { startTcpProxy } = require('../dev/tcp-proxy');

const MODULES = { new: newKeystone, old: oldKeystone };

afterAll(removeProjects);

/** A Keystone with two lists, to be started; `scope` is that of its packages. */
const keystoneFile = (adapter, scope = '@keystonejs') => `
  const { Keystone } = require('${scope}/keystone');
  const { ${adapter} } = require('${scope}/adapter-${adapter === 'KnexAdapter' ? 'knex' : 'mongoose'}');
  const { Text, Relationship } = require('@keystonejs/fields');
  const keystone = new Keystone({
    name: 'started',
    adapter: new ${adapter}({ dropDatabase: true }),
    cookieSecret: 'secret',
    onConnect: () => console.error('went on'),
  });
  const user = { name: { type: Text }, posts: { type: Relationship, ref: 'Post.author', many: true } };
  const post = { name: { type: Text }, author: { type: Relationship, ref: 'User.posts' } };
  keystone.createList('User', { fields: { ...user, lead: { type: Relationship, ref: 'Post.leader' } } });
  keystone.createList('Post', { fields: { ...post, leader: { type: Relationship, ref: 'User.lead' } } });
  module.exports = { keystone };
`;

/** The same lists as data. */
const LISTS = {
  adapters: ['knex', 'mongoose'],
  lists: {
    User: {
      fields: {
        name: { type: 'Text' },
        posts: { type: 'Relationship', ref: 'Post.author', many: true },
        lead: { type: 'Relationship', ref: 'Post.leader' },
      },
    },
    Post: {
      fields: {
        name: { type: 'Text' },
        author: { type: 'Relationship', ref: 'User.posts' },
        leader: { type: 'Relationship', ref: 'User.lead' },
      },
    },
  },
};

const START = `
  const { keystone } = module.exports = require('./keystone');
  keystone.prepare({ apps: [], dev: true }).then(async () => {
    await keystone.connect();
    console.error('went on');
  });
`;

/** Makes another Keystone, without lists. */
const ANOTHER = `
  const { Keystone } = require('@keystonejs/keystone');
  const { KnexAdapter } = require('@keystonejs/adapter-knex');
  new Keystone({ name: 'another', adapter: new KnexAdapter(), cookieSecret: 'secret' });
`;

/** An adapter that is the one of `keystone.js`, but for a class field over `_connect`. */
const WITH_FIELD = keystoneFile('KnexAdapter').replace(
  'new KnexAdapter(',
  'new (class extends KnexAdapter { _connect = async (...args) => super._connect(...args); })(',
);

/** Projects whose entry file starts the server, by how: the files, the entry file, packages. */
const WAYS = {
  'in a promise': { 'index.js': START },
  'before it exports, as an ES module': {
    'index.mjs': `
      import project from './keystone.js';
      export const { keystone } = project;
      await keystone.connect();
      console.error('went on');
    `,
  },
  'in an exported promise': {
    'index.js': `
      const project = require('./keystone');
      setInterval(() => {}, 1000);
      module.exports = project.keystone.connect().then(() => project);
    `,
  },
  'in an exported promise, by one of two Keystones': {
    'index.js': `
      ${ANOTHER}
      const project = require('./keystone');
      setInterval(() => {}, 1000);
      module.exports = project.keystone.connect().then(() => project);
    `,
  },
  'before it exports, as an ES module, by one of two Keystones': {
    'index.mjs': `
      import './another.js';
      import project from './keystone.js';
      export const { keystone } = project;
      await keystone.connect();
      console.error('went on');
    `,
    'another.js': ANOTHER,
  },
  'by the adapter of one of two Keystones': {
    'index.js': `
      require('./lists.js');
      const project = require('./keystone');
      module.exports = project.keystone.adapter.connect({ rels: [] }).then(() => project);
    `,
    'lists.js': `
      ${ANOTHER.replace('new Keystone', 'const another = new Keystone')}
      another.createList('Other', { fields: {} });
    `,
  },
  'in TypeScript': {
    'index.ts': `
      import project = require('./keystone');
      export const keystone: any = project.keystone;
      keystone.connect().then(() => console.error('went on'));
    `,
  },
  'in a TypeScript ES module': {
    'package.json': '{ "name": "app", "type": "module" }',
    'index.ts': `
      import project from './cjs/keystone.js';
      export const keystone: any = project.keystone;
      await keystone.connect();
      console.error('went on');
    `,
    'cjs/package.json': '{ "type": "commonjs" }',
    'cjs/keystone.js': keystoneFile('KnexAdapter'),
  },
  'by its adapter': {
    'index.js': `
      const { keystone } = module.exports = require('./keystone');
      const adapter = keystone.adapter || keystone.adapters.KnexAdapter;
      const rels = keystone._consolidateRelationships();
      const goOn = () => console.error('went on');
      for (const method of ['connect', '_connect', 'postConnect', 'dropDatabase', '_createTables']) {
        Promise.resolve().then(() => adapter[method]({ rels })).then(goOn, goOn);
      }
    `,
  },
  'by methods of its own': {
    'index.js': `
      const { Keystone } = require('@keystonejs/keystone');
      const connect = Keystone.prototype.connect;
      Keystone.prototype.connect = function () { return connect.call(this); };
      const { keystone } = module.exports = require('./keystone');
      keystone.start = () => connect.call(keystone);
      keystone.connect();
      keystone.start().then(() => console.error('went on'));
      const adapter = keystone.adapter || keystone.adapters.KnexAdapter;
      adapter.postConnect = async () => console.error('went on');
      adapter.postConnect();
    `,
  },
  'by a class field of its adapter': {
    'keystone.js': WITH_FIELD,
    'index.js': `
      const { keystone } = module.exports = require('./keystone');
      keystone.adapter._connect({ rels: [] }, {}).then(() => console.error('went on'));
    `,
  },
};

const PACKAGES = { 'index.ts': ['tsx'] };

describe('nothing connects', () => {
  let server;
  beforeAll(async () => (server = await startTcpProxy()));
  afterAll(() => server.stop());

  async function expectHeld(project, args) {
    const before = server.connections;
    const env = { DATABASE_URL: `postgres://user:secret@${server.address}/todo` };
    const { code, stdout, stderr } = await run(project, args, { env });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('starts the server when it is loaded'),
    });
    expect(stdout).toContain('Post.leader -> User.lead');
    expect(stderr).not.toContain('went on');
    expect(stderr.split('starts the server')).toHaveLength(2);
    expect(server.connections).toBe(before);
  }

  it.each(Object.keys(WAYS))('%s', async (way) => {
    const [entry] = Object.keys(WAYS[way]).filter((file) => file.startsWith('index.'));
    const files = { 'keystone.js': keystoneFile('KnexAdapter'), ...WAYS[way] };
    await expectHeld(makeProject(files, PACKAGES[entry]), ['--entry', entry]);
  });

  it.each(['KnexAdapter', 'MongooseAdapter'])('of the Keystone before Arcade: %s', async (name) => {
    const files = { 'keystone.js': keystoneFile(name), 'index.js': START };
    await expectHeld(makeProject(files, [], oldKeystone()), []);
  });

  it('of another copy, published under another scope', async () => {
    const project = makeProject({
      'keystone.js': keystoneFile('KnexAdapter', '@fork'),
      'index.js': START,
    });
    for (const name of ['keystone', 'adapter-knex']) {
      const folder = path.join(project, 'node_modules', '@fork', name);
      fs.cpSync(path.join(newKeystone(), '@keystonejs', name), folder, { recursive: true });
    }
    const adapter = path.join(project, 'node_modules/@fork/adapter-knex/lib/adapter-knex.js');
    const text = fs.readFileSync(adapter, 'utf8');
    fs.writeFileSync(adapter, text.replace('@keystonejs/keystone', '@fork/keystone'));
    await expectHeld(project, []);
  });
});

const seeds = async (session) => {
  await session.query('mutation { createUser(data: { name: "Ada" }) { id } }');
  await session.query('mutation { createPost(data: { name: "One" }) { id } }');
};

describe.each(['old', 'new'])('a PostgreSQL database, by %s', (generation) => {
  let server;
  let project;
  beforeAll(async () => {
    server = await startPostgres(postgresVersions().at(-1));
    await server.createDatabase('filled');
    const keystone = startKeystone(generation);
    const session = await keystone.open(LISTS, server.url('filled'));
    await session.createSchema();
    await seeds(session);
    await keystone.stop();
    const files = { 'keystone.js': keystoneFile('KnexAdapter'), 'index.js': START };
    project = makeProject(files, [], MODULES[generation]());
  });
  afterAll(() => server.stop());

  it.each([['--check'], ['--apply', '--yes']])('keeps its rows: %s', async (...args) => {
    const before = await server.rowsOf('filled');
    expect(before.match(/Ada|One/g)).toHaveLength(2);
    const url = new URL(server.url('filled'));
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.host = proxy.address;
    const { code, stderr } = await run(project, args, { env: { DATABASE_URL: url.href } });
    proxy.stop();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).not.toContain('went on');
    expect((await server.rowsOf('filled')).match(/Ada|One/g)).toHaveLength(2);
    expect(proxy.connections).toBe(1);
  });

  it('is reached by an adapter with a class field, once', async () => {
    const files = { 'keystone.js': WITH_FIELD, 'index.js': START };
    const own = makeProject(files, [], MODULES[generation]());
    const url = new URL(server.url('filled'));
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.host = proxy.address;
    const { code, stderr } = await run(own, ['--check'], { env: { DATABASE_URL: url.href } });
    proxy.stop();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(proxy.connections).toBe(1);
  });
});

describe.each(['old', 'new'])('a MongoDB database, by %s', (generation) => {
  let server;
  let project;
  beforeAll(async () => {
    server = await startMongodb();
    const keystone = startKeystone(generation, 'mongoose');
    const session = await keystone.open(LISTS, server.url('filled'));
    await seeds(session);
    await keystone.stop();
    const files = { 'keystone.js': keystoneFile('MongooseAdapter'), 'index.js': START };
    project = makeProject(files, [], MODULES[generation]());
  });
  afterAll(() => server.stop());

  it('is only read by --check', async () => {
    // Keystone drops an index that is not its own.
    await server.database('filled').collection('users').createIndex({ name: 1 });
    const state = async () => {
      const collections = await server.read('filled');
      return documentsText(collections) + indexesText(collections);
    };
    const before = await state();
    expect(before.match(/Ada|One/g)).toHaveLength(2);
    const proxy = await startProxy(server.address);
    const env = { DATABASE_URL: server.url('filled', { at: proxy.address }) };
    const { code, stderr } = await run(project, ['--check'], { env });
    await proxy.stop();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(proxy.writes).toEqual([]);
    expect(await state()).toBe(before);
  });

  it('keeps its documents and indexes with --apply', async () => {
    const env = { DATABASE_URL: server.url('filled') };
    const { code, stderr } = await run(project, ['--apply', '--yes'], { env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).not.toContain('went on');
    const collections = await server.read('filled');
    expect(documentsText(collections).match(/Ada|One/g)).toHaveLength(2);
    expect(indexesText(collections)).toContain('name_1');
  });
});
