'use strict';

const { UpgradeError } = require('./error');

/** The options of `check` and `apply`, as `index.d.ts` describes them: one object may do for both. */
const RUN_OPTIONS = [
  'adapter',
  'direction',
  'reconcile',
  'resolveFrom',
  'onProgress',
  'confirm',
  'signal',
];

/**
 * @param {string} name - the option's, for the message
 * @param {*} value
 * @param {Array<string|boolean>} allowed
 * @throws {UpgradeError} `INVALID_OPTION` when the value is none of those that are allowed
 */
function checkValue(name, value, allowed) {
  if (allowed.includes(value)) return;
  const show = (it) => (typeof it === 'string' ? `'${it}'` : String(it));
  throw new UpgradeError(
    'INVALID_OPTION',
    `${name} cannot be ${show(value)}: it is ${allowed.map(show).join(' or ')}.`,
  );
}

/**
 * The options that say which migration, with what is left out filled in.
 *
 * @param {object} [options]
 * @returns {{ direction: 'up'|'down', reconcile: boolean, adapter?: string }}
 * @throws {UpgradeError} `INVALID_OPTION`
 */
function migrationOptions(options) {
  const { direction = 'up', reconcile = false, adapter } = options || {};
  checkValue('direction', direction, ['up', 'down']);
  checkValue('reconcile', reconcile, [true, false]);
  return { direction, reconcile, adapter };
}

/**
 * Checks the options of a run on a database, where one that is misspelt must not be ignored.
 *
 * @param {object} options
 * @throws {UpgradeError} `INVALID_OPTION`
 */
function checkRunOptions(options) {
  const unknown = Object.keys(options).find((name) => !RUN_OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new UpgradeError(
      'INVALID_OPTION',
      `There is no option ${unknown}: the options are ${RUN_OPTIONS.join(', ')}.`,
    );
  }
  migrationOptions(options);
}

module.exports = { checkRunOptions, checkValue, migrationOptions };
