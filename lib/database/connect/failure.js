'use strict';

const { UpgradeError } = require('../../error');
const { hideSecrets } = require('./secrets');

/** What to look at, by the code of the error. */
const HINTS = {
  ECONNREFUSED: 'Is the server running there, and may it be reached from here?',
  ENOTFOUND: 'Is the name of the host right?',
  EAI_AGAIN: 'Is the name of the host right?',
  ETIMEDOUT: 'May the server be reached from here?',
  '28P01': 'Is the password right?',
  28000: 'May this user connect to this database from here (pg_hba.conf)?',
  '3D000': 'Is the name of the database right?',
  42501: 'May this user connect to this database?',
  18: 'Are the user, the password and the database that it is of (authSource) right?',
};

/** The code that the MongoDB driver leaves to its message. */
const CODE = /\b(?:connect|getaddrinfo|querySrv) (E[A-Z_]+)/;

/**
 * The error for a connection that could not be made.
 *
 * @param {Error} error - the driver's
 * @param {object} place
 * @param {string} place.name - the adapter's
 * @param {object} [place.target] - where it wanted to connect to, as far as that is known
 * @param {string} [place.mistake] - what is wrong with the address, as far as that is known
 * @param {string} place.source - where the project says so
 * @returns {UpgradeError} `CONNECTION_FAILED`, with no password in it
 */
function connectionFailed(error, { name, target, mistake, source }) {
  // Node tries every address of a host, and puts what went wrong into an error without a message.
  const [first = error] = (error && error.errors) || [];
  const reason = String((first && first.message) || (first && first.code) || first);
  const [, code] = CODE.exec(reason) || [];
  const hint = mistake || HINTS[first && first.code] || HINTS[code];
  return new UpgradeError(
    'CONNECTION_FAILED',
    [
      `Could not connect to the database of the adapter ${name}${target ? ` (${describeTarget(target)})` : ''}:`,
      `  ${hideSecrets(reason).replace(/\n/g, '\n  ')}`,
      ...(hint ? [`  ${hint}`] : []),
      `  The connection is the project's own: ${source}.`,
    ].join('\n'),
  );
}

function describeTarget({ database, hosts, port, user }) {
  const at = hosts && (hosts.length > 1 ? `hosts ${hosts.join(', ')}` : `host ${hosts[0]}`);
  return [database && `database ${database}`, at, port && `port ${port}`, user && `user ${user}`]
    .filter(Boolean)
    .join(', ');
}

module.exports = { connectionFailed };
