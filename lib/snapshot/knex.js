'use strict';

const { requireThrough } = require('./resolve');

/**
 * A knex that compiles statements and connects to nothing.
 *
 * @param {object} adapter - a Keystone knex adapter
 * @param {string[]} directories - where to look for `@keystonejs/adapter-knex`, whose knex is used
 * @returns {Function|undefined} undefined when it is not found there
 */
function compilingKnex(adapter, directories) {
  const loaded = requireThrough(['@keystonejs/adapter-knex', 'knex'], directories);
  const knex = (loaded && loaded.knex) || loaded;
  return knex && knex({ client: adapter.client });
}

module.exports = { compilingKnex };
