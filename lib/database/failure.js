'use strict';

const { UpgradeError } = require('../error');
const { hideSecrets } = require('../secrets');

/**
 * What the server or the driver says, and what else is known, without passwords. Empty lines are left
 * out.
 */
function serverError(code, lines) {
  return new UpgradeError(code, lines.filter(Boolean).map(hideSecrets));
}

/** A run was ended; `left` says in which state the database is. */
function interrupted(left) {
  return new UpgradeError('INTERRUPTED', `Interrupted. ${left}`);
}

/** What a run has made is not as it must be. The error has the `outcome`, which the core has judged. */
function notVerified(heading, outcome) {
  const { problems } = outcome;
  const lines = [heading, ...problems.map(({ message }) => message)];
  return Object.assign(new UpgradeError('NOT_VERIFIED', lines, problems), { outcome });
}

module.exports = { interrupted, notVerified, serverError };
