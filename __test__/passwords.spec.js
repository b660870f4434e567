'use strict';

// Passwords in every form in which a project can give them: none is ever shown, whatever fails. Nothing
// listens at these addresses.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { newKeystone } = require('../dev/keystones');
const { makeProject, removeProjects } = require('../dev/project');

afterAll(removeProjects);

/** Passwords by what is special about them; each part of one is a secret. */
const PASSWORDS = {
  plain: 'veryhidden',
  encoded: 'very%2Fhidden',
  'with a slash': 'very/hidden',
  'with an @': 'very@hidden',
  'with a colon': 'very:hidden',
  'with a question mark': 'very?hidden',
  'with a hash': 'very#hidden',
  'with a percent sign': 'very%hidden',
  'with a space': 'very hidden',
};
const SECRET = /very|hidden/i;

const NOWHERE = '127.0.0.1:1';
const SOON = 'serverSelectionTimeoutMS=50&connectTimeoutMS=50';

/** What a project may give, by engine and form: the options of its adapter, or variables. */
const FORMS = {
  knex: (password) => ({
    postgres: { knexOptions: { connection: `postgres://me:${password}@${NOWHERE}/db` } },
    postgresql: { knexOptions: { connection: `postgresql://me:${password}@${NOWHERE}/db?a=b` } },
    pg: { knexOptions: { connection: `pg://me:${password}@${NOWHERE}/db` } },
    'without user': { knexOptions: { connection: `postgres://:${password}@${NOWHERE}/db` } },
    'without host': { knexOptions: { connection: `postgres://me:${password}@/db` } },
    parameter: {
      knexOptions: { connection: `postgres://${NOWHERE}/db?user=me&password=${password}` },
    },
    socket: { knexOptions: { connection: `socket:/none?user=me&password=${password}&db=db` } },
    'another scheme': { knexOptions: { connection: `mysql://me:${password}@${NOWHERE}/db` } },
    'no scheme': { knexOptions: { connection: `me:${password}@${NOWHERE}/db` } },
    words: { knexOptions: { connection: `host=127.0.0.1 port=1 user=me password=${password}` } },
    object: { knexOptions: { connection: { host: '127.0.0.1', port: 1, user: 'me', password } } },
    'object with an address': {
      knexOptions: { connection: { connectionString: `postgres://me:${password}@${NOWHERE}/db` } },
    },
    CONNECT_TO: { env: { CONNECT_TO: `postgres://me:${password}@${NOWHERE}/db` } },
    DATABASE_URL: { env: { DATABASE_URL: `postgres://me:${password}@${NOWHERE}/db` } },
    KNEX_URI: { env: { KNEX_URI: `postgres://me:${password}@${NOWHERE}/db` } },
    PGPASSWORD: { env: { PGPASSWORD: password, DATABASE_URL: `postgres://me@${NOWHERE}/db` } },
  }),
  mongoose: (password) => ({
    mongodb: { mongoUri: `mongodb://me:${password}@${NOWHERE}/db?${SOON}` },
    'several hosts': { mongoUri: `mongodb://me:${password}@${NOWHERE},127.0.0.1:2/db?${SOON}` },
    'without database': { mongoUri: `mongodb://me:${password}@${NOWHERE}/?${SOON}` },
    srv: { mongoUri: `mongodb+srv://me:${password}@nowhere.invalid/db` },
    'another scheme': { mongoUri: `postgres://me:${password}@${NOWHERE}/db` },
    'no scheme': { mongoUri: `me:${password}@${NOWHERE}/db` },
    options: { mongoUri: `mongodb://${NOWHERE}/db?${SOON}`, user: 'me', pass: password },
    MONGO_URI: { env: { MONGO_URI: `mongodb://me:${password}@${NOWHERE}/db?${SOON}` } },
    CONNECT_TO: { env: { CONNECT_TO: `mongodb://me:${password}@${NOWHERE}/db?${SOON}` } },
  }),
};

/** Run in the project: checks each of the forms, and prints what a program would get to see. */
async function showAll({ root, modules, engine, forms }) {
  const { apply, check } = require(root);
  const { buildKeystone } = require(`${root}/dev/scenario`);
  const lists = { User: { fields: { name: { type: 'Text' } } } };
  const all = {};
  for (const { name, env = {}, ...options } of forms) {
    Object.assign(process.env, env);
    const scenario = { lists, [engine]: options };
    const shown = [];
    for (const run of [check, apply]) {
      const keystone = buildKeystone(scenario, { modules, adapter: engine });
      const error = await run(keystone, { resolveFrom: [modules] }).catch((reason) => reason);
      const { inspect } = require('util');
      shown.push(error.code, [error.message, error.stack, JSON.stringify(error), inspect(error)]);
    }
    Object.keys(env).forEach((variable) => delete process.env[variable]);
    all[name] = shown;
  }
  require('fs').writeFileSync('all.json', JSON.stringify(all));
  process.exit(0);
}

describe.each(Object.keys(FORMS))('%s', (engine) => {
  it.each(Object.keys(PASSWORDS))('a password %s is not shown', (kind) => {
    const forms = Object.entries(FORMS[engine](PASSWORDS[kind])).map(([name, options]) => ({
      name,
      ...options,
    }));
    const task = { root: path.join(__dirname, '..'), modules: newKeystone(), engine, forms };
    const folder = makeProject({ 'all.js': `(${showAll})(${JSON.stringify(task)});` });
    const { status, stdout, stderr } = spawnSync(process.execPath, ['all.js'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout + stderr).not.toMatch(SECRET);
    const all = JSON.parse(fs.readFileSync(path.join(folder, 'all.json'), 'utf8'));
    const failed = Object.entries(all).map(([name, [checked, , applied]]) => [
      name,
      checked,
      applied,
    ]);
    expect(failed).toEqual(
      forms.map(({ name }) => [name, 'CONNECTION_FAILED', 'CONNECTION_FAILED']),
    );
    const showing = Object.entries(all).flatMap(([name, [, ofCheck, , ofApply]]) =>
      [...ofCheck, ...ofApply]
        .filter((text) => SECRET.test(text))
        .map((text) => `${name}: ${text}`),
    );
    expect(showing).toEqual([]);
  });
});
