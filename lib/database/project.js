'use strict';

const { checkRunOptions } = require('../options');
const { coreOf, planUpgrade } = require('../plan');
const { snapshot } = require('../snapshot');

/**
 * A project with its plan, the part of it that a run is for (an adapter of its outline), and what the core
 * makes of that database (`coreOf`). All mistakes in the options and in the project show here, before any
 * connection.
 */
function loadProject(keystone, options) {
  checkRunOptions(options);
  if (!keystone || !keystone.listsArray) snapshot(keystone); // Says what is wrong.
  const plan = planUpgrade(keystone, { locales: true, ...options });
  plan.statements(options);
  const { adapter } = options;
  const part = plan.outline.adapters.find(({ name }) => adapter === undefined || name === adapter);
  return { plan, part, ...coreOf(plan) };
}

module.exports = { loadProject };
