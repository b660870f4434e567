'use strict';

const path = require('path');

/**
 * Finds a file of one of the project's packages, as the project itself would.
 *
 * @param {string} request - a package, or a file in one, such as `knex` or `knex/package.json`
 * @param {string[]} from - directories to look from, the first that has it wins
 * @returns {string|undefined} its absolute path, or undefined when none of them has it
 */
function resolveFrom(request, from) {
  try {
    return require.resolve(request, { paths: from });
  } catch {
    return undefined;
  }
}

/**
 * Loads a package that a package of the project depends on, such as the `knex` that belongs to
 * `@keystonejs/adapter-knex`.
 *
 * @param {string[]} chain - package names, each to be found from the one before it
 * @param {string[]} from - directories to look for the first from
 * @returns {unknown} what the last one exports, or undefined when one of them is not there
 */
function requireThrough(chain, from) {
  const file = chain.reduce((directories, name) => {
    const found = directories && resolveFrom(name, directories);
    return found && [path.dirname(found), found];
  }, from);
  return file && require(file[1]);
}

module.exports = { resolveFrom, requireThrough };
