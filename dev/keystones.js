'use strict';

// The real Keystones: NEW (since Arcade) and OLD (before it).

const fs = require('fs');
const { createRequire } = require('module');
const path = require('path');
const { modules } = require('./installs');

/** @returns {string} NEW's node_modules; throws when `npm run keystones` has not been run */
const newKeystone = () => modules('keystones/new');

/** @returns {string} OLD's node_modules; throws when `npm run keystones` has not been run */
const oldKeystone = () => modules('keystones/old');

/**
 * The `require` of a project, for packages by the names that they have had since Keystone 5.
 *
 * @param {string} nodeModules of any generation, `@keystone-alpha` among them
 * @returns {((name: string) => unknown) & { resolve: (name: string) => string }}
 */
function loader(nodeModules) {
  const load = createRequire(path.join(nodeModules, 'index.js'));
  if (fs.existsSync(path.join(nodeModules, '@keystonejs'))) return load;
  const own = (name) => name.replace('@keystonejs/', '@keystone-alpha/');
  return Object.assign((name) => load(own(name)), { resolve: (name) => load.resolve(own(name)) });
}

module.exports = { loader, newKeystone, oldKeystone };
