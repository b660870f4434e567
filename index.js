'use strict';

const { apply } = require('./lib/database/apply');
const { check } = require('./lib/database/check');
const { isUpgradeError } = require('./lib/error');
const { UpgradePlan, diffSchemas, planUpgrade } = require('./lib/plan');
const { snapshot } = require('./lib/snapshot');

module.exports = {
  planUpgrade,
  snapshot,
  diffSchemas,
  check,
  apply,
  UpgradePlan,
  isUpgradeError,
};
