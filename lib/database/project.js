'use strict';

const { checkRunOptions } = require('../options');
const { coreOf, planUpgrade } = require('../plan');
const { snapshot } = require('../snapshot');

/**
 * A project with its plan, and what the core makes of its database.
 *
 * @param {object} keystone - a Keystone 5 object with all its lists created
 * @param {object} options - of `check` or `apply`, as `index.d.ts` describes them
 * @returns {{ keystone: object, plan: object, inspect: Function, statements: Function, compare: Function }}
 * @throws {UpgradeError} `INVALID_OPTION`, and what `planUpgrade` throws
 */
function loadProject(keystone, options) {
  checkRunOptions(options);
  if (!keystone || !keystone.listsArray) snapshot(keystone); // Says what is wrong.
  const plan = planUpgrade(keystone, Object.assign({ locales: true }, options));
  return Object.assign({ keystone, plan }, coreOf(plan));
}

module.exports = { loadProject };
