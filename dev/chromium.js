'use strict';

// Chromium of the system: where it is, and how it gets there. Needs no package.

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Where Chromium is.
 *
 * @returns {string | undefined} the executable: that of CHROMIUM, or one on the PATH
 */
function findBrowser() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH || '').split(path.delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return files.find((file) => fs.existsSync(file));
}

/**
 * Installs Chromium where it is missing and Debian's packages can be installed.
 *
 * @returns {Promise<boolean>} whether it had to be installed
 * @throws {Error} saying how to get it, where that fails
 */
async function installBrowser() {
  if (findBrowser()) return false;
  const apt = (...args) => promisify(execFile)('apt-get', args);
  try {
    await apt('update');
    await apt('install', '--yes', '--no-install-recommends', 'chromium');
  } catch (error) {
    throw new Error(`${MISSING}\n${error.stderr || error.message}`, { cause: error });
  }
  return true;
}

const MISSING =
  'The tests of reports need Chromium. Install it (on Debian, as root: apt-get install chromium), or set CHROMIUM to its executable.';

module.exports = { MISSING, findBrowser, installBrowser };
