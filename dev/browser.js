'use strict';

// A real browser for the pages that are made: Chromium of the system, driven by playwright-core.

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');
const { promisify } = require('util');

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** No sandbox, which root may not have, and nothing that a browser does on the network by itself. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

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

/**
 * Starts the browser.
 *
 * @returns {Promise<import('playwright-core').Browser>}
 * @throws {Error} saying how to get it, where it is missing
 */
async function launchBrowser() {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error(MISSING);
  // Not at the top: the browser is installed before the packages are.
  const { chromium } = require('playwright-core');
  return chromium.launch({ executablePath, args: FLAGS });
}

module.exports = { installBrowser, launchBrowser };
