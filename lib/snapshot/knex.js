'use strict';

const path = require('path');
const { classFolders, resolveFrom } = require('./resolve');

/**
 * A knex that compiles statements and connects to nothing: that of the adapter's own package.
 *
 * @param {object} adapter - a Keystone knex adapter
 * @param {string[]} directories - where to look for `@keystonejs/adapter-knex` when the adapter's class
 *   does not say where it came from
 * @returns {Function|undefined} undefined when it is not found there
 */
function compilingKnex(adapter, directories) {
  const installed = resolveFrom('@keystonejs/adapter-knex', directories);
  const folders = classFolders(adapter).concat(installed ? path.dirname(installed) : []);
  const file = folders.map((folder) => resolveFrom('knex', [folder])).find(Boolean);
  const loaded = file && require(file);
  const knex = (loaded && loaded.knex) || loaded;
  return knex && knex({ client: adapter.client });
}

module.exports = { compilingKnex };
