'use strict';

// A real browser for the pages that are made: Chromium of the system, driven by playwright-core.

const { chromium } = require('playwright-core');
const { MISSING, findBrowser } = require('./chromium');

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
 * Starts the browser.
 *
 * @returns {Promise<import('playwright-core').Browser>}
 * @throws {Error} saying how to get it, where it is missing
 */
async function launchBrowser() {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error(MISSING);
  return chromium.launch({ executablePath, args: FLAGS });
}

module.exports = { launchBrowser };
