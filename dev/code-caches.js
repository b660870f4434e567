'use strict';

// Before the first test: has written what `code-cache.js` reads, once for each install and Node.

const { execFileSync } = require('child_process');
const fs = require('fs');
const { createRequire } = require('module');
const path = require('path');
const { PRELOAD, fileOf } = require('./code-cache');
const { folder } = require('./installs');
const { buildKeystone, loadScenario } = require('./scenario');

/** By set, what loads as much of it as most tests do. */
const PROGRAMS = {
  'keystones/new': () => [__filename],
  'keystones/old': () => [__filename],
  'mongodb/mongosh': (modules) => [
    path.join(modules, 'mongosh', 'bin', 'mongosh.js'),
    ...['--nodb', '--quiet', '--eval', '1'],
  ],
};

function write() {
  for (const [set, program] of Object.entries(PROGRAMS)) {
    if (!fs.existsSync(folder(set))) continue;
    const install = fs.realpathSync(folder(set)); // As a module's file is named.
    if (fs.existsSync(fileOf(install))) continue;
    const args = [...PRELOAD, ...program(path.join(install, 'node_modules'))];
    const env = { ...process.env, WRITE_CODE_CACHE: install };
    execFileSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

/** Loads a Keystone with both of its adapters, and the driver that is loaded when one connects. */
function loadKeystone(modules) {
  const scenario = loadScenario('blog');
  for (const adapter of scenario.adapters) buildKeystone(scenario, { modules, adapter });
  createRequire(path.join(modules, 'index.js'))('knex')({ client: 'pg' });
}

if (require.main === module) loadKeystone(path.join(process.env.WRITE_CODE_CACHE, 'node_modules'));

module.exports = write;
