'use strict';

const { UpgradeError } = require('../error');
const { hideSecrets } = require('../secrets');

/**
 * @param {string} code - the stable code
 * @param {string[]} lines - what the server or the driver says, and what else is known; empty ones are
 *   left out
 * @returns {UpgradeError} without passwords
 */
function serverError(code, lines) {
  return new UpgradeError(code, lines.filter(Boolean).map(hideSecrets));
}

/**
 * @param {string} left - in which state the database is left
 * @returns {UpgradeError}
 */
function interrupted(left) {
  return new UpgradeError('INTERRUPTED', `Interrupted. ${left}`);
}

/**
 * @param {string} heading
 * @param {{ problems: object[] }} outcome - what the core says of a run
 * @returns {UpgradeError} which has the `outcome`
 */
function notVerified(heading, outcome) {
  const { problems } = outcome;
  const lines = [heading, ...problems.map(({ message }) => message)];
  return Object.assign(new UpgradeError('NOT_VERIFIED', lines, problems), { outcome });
}

module.exports = { interrupted, notVerified, serverError };
