'use strict';

const path = require('path');
const { classFolders, resolveFrom } = require('../resolve');

/**
 * A knex that compiles statements and connects to nothing: that of the adapter's own package, or of one
 * that is found from some directories. Undefined when there is none.
 */
function compilingKnex(adapter, directories) {
  const installed = resolveFrom('@keystonejs/adapter-knex', directories);
  const folders = classFolders(adapter).concat(installed ? path.dirname(installed) : []);
  const file = resolveFrom('knex', folders);
  const loaded = file && require(file);
  const knex = (loaded && loaded.knex) || loaded;
  return knex && knex({ client: adapter.client });
}

module.exports = { compilingKnex };
