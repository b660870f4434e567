'use strict';

// A process with one generation of Keystone loaded, which works on many databases one after the
// other. Both generations cannot be in one process, and Jest's own module registry would load each
// of their thousands of files anew for every spec.

const { fork } = require('child_process');
const path = require('path');
const { buildKeystone } = require('./scenario');

/**
 * Starts the process.
 *
 * @param {string} modules the generation's `node_modules` folder
 * @returns {{ work: (url: string, scenario: object, steps: object[]) => Promise<any[]>,
 *   stop: () => void }} `work` connects a Keystone with the scenario's lists, does the steps in
 *   order, disconnects and resolves to their results:
 *   - `{ createTables: true }`
 *   - `{ createItems: { List: [item] } }`: OLD's way of seeding, which gives the items
 *   - `{ query: '…' }`: GraphQL; gives the data, or rejects with the first error
 *   - `{ together: ['…'] }`: GraphQL queries at the same time; their errors are of no interest
 */
function startKeystone(modules) {
  const child = fork(__filename, [modules], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'test', NODE_NO_WARNINGS: '1' },
  });
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, results, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(results);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values())
      reject(new Error(`Keystone's process ended: ${code}`));
  });
  return {
    work: (url, scenario, steps) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        child.send({ id: last, url, scenario, steps });
      }),
    stop: () => child.kill(),
  };
}

/** What the process does. */
function serve(modules) {
  const load = require('module').createRequire(path.join(modules, 'index.js'));
  const isOld = Number(load('@keystonejs/keystone/package.json').version.split('.')[0]) < 8;

  /** A function that runs GraphQL without access control. */
  async function graphql(keystone) {
    if (isOld) {
      const { GraphQLApp } = load('@keystonejs/app-graphql');
      await keystone.prepare({ apps: [new GraphQLApp({ graphiqlPath: false })], dev: true });
      return (query) => keystone.executeQuery(query);
    }
    keystone.createApolloServer({ schemaName: 'public', dev: true });
    const context = keystone.createContext({ schemaName: 'public', skipAccessControl: true });
    return (query) => keystone.executeGraphQL({ context, query });
  }

  async function work({ url, scenario, steps }) {
    const knex = { ...scenario.knex, knexOptions: { connection: url } };
    const keystone = buildKeystone({ ...scenario, knex }, { modules, adapter: 'knex' });
    const execute = await graphql(keystone);
    await keystone.connect();
    try {
      const results = [];
      for (const step of steps) results.push(await take(keystone, execute, step));
      return results;
    } finally {
      await keystone.disconnect();
    }
  }

  async function take(keystone, execute, { createTables, createItems, query, together }) {
    if (createTables) {
      const [adapter] = new Set(keystone.listsArray.map((list) => list.adapter.parentAdapter));
      return void (await adapter._createTables());
    }
    if (createItems) return keystone.createItems(createItems);
    if (together) return void (await Promise.all(together.map((each) => execute(each))));
    const { data, errors } = await execute(query);
    if (errors) throw errors[0];
    return data;
  }

  // One at a time: OLD's queries of one process would otherwise slow each other down.
  let before = Promise.resolve();
  process.on('message', (message) => {
    before = before
      .then(() => work(message))
      .then(
        (results) => process.send({ id: message.id, results }),
        (error) => process.send({ id: message.id, error: error.stack || String(error) }),
      );
  });
  process.on('disconnect', () => process.exit());
}

if (require.main === module) serve(process.argv[2]);

module.exports = { startKeystone };
