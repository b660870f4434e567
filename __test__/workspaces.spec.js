'use strict';

// Projects whose Keystone is somewhere else than their entry file, under another name, or has lists
// that no relationship can refer to: what is asked of knex has to be asked of the adapter's own.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { newKeystone } = require('../dev/keystones');
const { bin, makeProject, removeProjects } = require('../dev/project');

const folders = [];

afterAll(() => {
  removeProjects();
  folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true }));
});

/** A workspace: `packages/app` has the lists, and gets its Keystone from `packages/core`. */
function makeWorkspace(scope) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-')));
  folders.push(root);
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  };
  const link = (name, target) => {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.symlinkSync(target, path.join(root, name), 'junction');
  };
  const own = newKeystone();
  for (const name of ['keystone', 'adapter-knex', 'fields']) {
    link(`packages/core/node_modules/${scope}/${name}`, path.join(own, '@keystonejs', name));
  }
  link('node_modules/@acme/core', path.join(root, 'packages/core'));
  write('packages/core/package.json', '{ "name": "@acme/core", "main": "index.js" }');
  write(
    'packages/core/index.js',
    `const { Keystone } = require('${scope}/keystone');
const { KnexAdapter } = require('${scope}/adapter-knex');
exports.fields = require('${scope}/fields');
class OwnAdapter extends KnexAdapter {}
exports.makeKeystone = (name, lists) => {
  const keystone = new Keystone({ name, adapter: new OwnAdapter(), cookieSecret: 'x'.repeat(40) });
  for (const [key, schema] of Object.entries(lists)) keystone.createList(key, schema);
  return keystone;
};
`,
  );
  write('packages/app/package.json', '{ "name": "@acme/app" }');
  write(
    'packages/app/index.js',
    `const { makeKeystone, fields: { Text, Relationship, Uuid } } = require('@acme/core');
const id = { type: Uuid, knexOptions: { defaultTo: (knex) => knex.raw('gen_random_uuid()') } };
const many = (ref) => ({ type: Relationship, ref, many: true });
const keystone = makeKeystone('acme', {
  User: { fields: { id, name: { type: Text }, posts: many('Post.readers') } },
  Post: { fields: { id, readers: many('User.posts'), lead: { type: Relationship, ref: 'Tag.leads' } } },
  Tag: { fields: { name: { type: Text }, leads: many('Post.lead') } },
});
module.exports = { keystone };
`,
  );
  return path.join(root, 'packages/app');
}

const run = (cwd, ...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin.command, ...args], {
    cwd,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

describe.each(['@keystonejs', '@fork'])('a workspace with its Keystone under %s', (scope) => {
  let app;
  beforeAll(() => {
    app = makeWorkspace(scope);
  });

  test('has its types, columns and version', () => {
    const { status, stdout, stderr } = run(app, '--schema', 'old');
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('⚠') });
    expect(stdout).toContain('"Post_id" uuid not null');
    expect(stdout).toContain('\tlead integer');
    expect(stdout).toContain('gen_random_uuid()');
    expect(JSON.parse(run(app, '--json').stdout).keystone).toBe('19.3.4');
  });

  test('has a way back', () => {
    const { status, stdout } = run(app, '--rollback');
    expect(status).toBe(0);
    expect(stdout).toMatch(/CREATE TABLE public\."User_posts"[^;]*"Post_id" uuid NOT NULL/);
    expect(stdout).toMatch(/CREATE TABLE public\."Tag_leads"[^;]*"Tag_id" integer NOT NULL/);
  });
});

test("the version is Keystone's, where the project exports classes of its own", () => {
  const project = makeProject({
    'package.json': '{ "name": "app", "version": "1.2.3" }',
    'index.js': `const { MyKeystone, MyAdapter } = require('./sub/my');
const { Text } = require('@keystonejs/fields');
const keystone = new MyKeystone({ adapter: new MyAdapter(), cookieSecret: 'x'.repeat(40) });
keystone.createList('User', { fields: { name: { type: Text } } });
module.exports = { keystone };
`,
    'sub/my.js': `const { Keystone } = require('@keystonejs/keystone');
const { KnexAdapter } = require('@keystonejs/adapter-knex');
exports.MyKeystone = class MyKeystone extends Keystone {};
exports.MyAdapter = class MyAdapter extends KnexAdapter {};
`,
  });
  expect(JSON.parse(run(project, '--json').stdout).keystone).toBe('19.3.4');
  const { status, stdout, stderr } = run(project, '--schema', 'old');
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('⚠') });
  expect(stdout).toContain('name text');
});

/** Lists one of which has an id that no other can refer to. */
const entry = (country) => `
const { Keystone } = require('@keystonejs/keystone');
const { KnexAdapter } = require('@keystonejs/adapter-knex');
const { Text, Relationship } = require('@keystonejs/fields');
const keystone = new Keystone({ adapter: new KnexAdapter(), cookieSecret: 'x'.repeat(40) });
keystone.createList('Country', {
  fields: { id: { type: Text, isUnique: true }, name: { type: Text }, ${country} },
});
keystone.createList('User', {
  fields: { posts: { type: Relationship, ref: 'Post.author', many: true } },
});
keystone.createList('Post', { fields: { author: { type: Relationship, ref: 'User.posts' } } });
exports.keystone = keystone;
`;

test('a list that no relationship can refer to costs the others nothing', () => {
  const project = makeProject({ 'index.js': entry('') });
  const rollback = run(project, '--rollback');
  expect(rollback.status).toBe(0);
  expect(rollback.stdout).toContain('"User_id" integer NOT NULL');
  expect(run(project, '--schema', 'new').stdout).toContain('author integer');
});

test('a field type that fails costs its own columns, and is named', () => {
  const project = makeProject({
    'index.js': `${entry('')}
const name = keystone.lists.Country.adapter.fieldAdaptersByPath.name;
name.addToTableSchema = () => { throw new Error('no columns here'); };
`,
  });
  const { status, stdout, stderr } = run(project, '--schema', 'new');
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /The columns of Country\.name are unknown \(no columns here\).* \[COLUMNS_UNKNOWN\]$/m,
  );
  expect(stdout).toContain('create table "Country"\n(\n\tid text');
  expect(stdout).not.toContain('\tname text');
  expect(stdout).toContain('author integer');
});

test('a column whose type is unknown is an error in a schema, where a migration that only renames needs none', () => {
  const project = makeProject({
    'index.js': entry(`citizens: { type: Relationship, ref: 'User', many: true }`),
  });
  for (const args of [['--schema', 'old'], ['--schema', 'new'], ['--diff']]) {
    const { status, stdout, stderr } = run(project, ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/The SQL type of Country_citizens\S* is unknown.*the list Country/s);
  }
  expect(run(project, '--migration').status).toBe(0);
});
