'use strict';

const path = require('path');
const { pathToFileURL } = require('url');
const { UpgradeError } = require('../error');
const { cameThrough } = require('./project-error');

/** The codes of `require` for a file that only `import()` can load. */
const NEEDS_IMPORT = ['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'];

/**
 * Loads a file of the project. It tries `require` first, so that the hooks of `node -r` apply, and
 * `import()` where `require` refuses. Throws `ESM_NOT_SUPPORTED` when this Node has no ES modules, and
 * what the file throws while it loads.
 */
async function loadModule(file) {
  try {
    return require(file);
  } catch (error) {
    // Else the file ran, and something that it required was refused.
    const refused = error && NEEDS_IMPORT.includes(error.code) && !cameThrough(error, file);
    if (!refused) throw error;
  }
  return importModule(file);
}

async function importModule(file) {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    // The whole message of Node before 12.17, where ES modules need a flag.
    if (error.message === 'Not supported') throw notSupported(file);
    throw error;
  }
}

function notSupported(file) {
  const orEsm = ', or with the "esm" package: NODE_OPTIONS="-r esm"';
  return new UpgradeError('ESM_NOT_SUPPORTED', [
    `${file} is an ES module, which Node ${process.version} cannot load.`,
    `Run this command with Node 12.17 or newer${path.extname(file) === '.mjs' ? '' : orEsm}.`,
  ]);
}

module.exports = { loadModule };
