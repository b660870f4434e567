'use strict';

const { UpgradeError } = require('../error');
const { hideSecrets } = require('./secrets');

/** What to look at, by the code of the error. */
const HINTS = {
  ECONNREFUSED: 'Is the server running there, and may it be reached from here?',
  ENOTFOUND: 'Is the name of the host right?',
  ETIMEDOUT: 'May the server be reached from here?',
  '28P01': 'Is the password right?',
  28000: 'May this user connect to this database from here (pg_hba.conf)?',
  '3D000': 'Is the name of the database right?',
  42501: 'May this user connect to this database?',
  18: 'Are the user, the password and the database that it is of (authSource) right?',
};

/**
 * The error for a connection that could not be made.
 *
 * @param {Error} error - the driver's
 * @param {{ name: string, target?: string, source: string }} place - the adapter, where it wanted to
 *   connect to as far as that is known, and where the project says so
 * @returns {UpgradeError} `CONNECTION_FAILED`, with no password in it
 */
function connectionFailed(error, { name, target, source }) {
  // Node tries every address of a host, and puts what went wrong into an error without a message.
  const [first = error] = (error && error.errors) || [];
  const reason = String((first && first.message) || (first && first.code) || first);
  const hint = HINTS[first && first.code];
  return new UpgradeError(
    'CONNECTION_FAILED',
    [
      `Could not connect to the database of the adapter ${name}${target ? ` (${target})` : ''}:`,
      `  ${hideSecrets(reason).replace(/\n/g, '\n  ')}`,
      ...(hint ? [`  ${hint}`] : []),
      `  The connection is the project's own: ${source}.`,
    ].join('\n'),
  );
}

module.exports = { connectionFailed };
