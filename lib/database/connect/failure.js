'use strict';

const { UpgradeError } = require('../../error');
const { hideSecrets } = require('./secrets');

/** What to check, by the code of the error. */
const HINTS = {
  ECONNREFUSED: 'Is the server running, and can it be reached from here?',
  ENOTFOUND: 'Is the host name right?',
  EAI_AGAIN: 'Is the host name right?',
  ETIMEDOUT: 'Can the server be reached from here?',
  '28P01': 'Is the password right?',
  28000: 'May this user connect to this database from here (pg_hba.conf)?',
  '3D000': 'Is the database name right?',
  42501: 'May this user connect to this database?',
  18: 'Are the user, the password and the authSource right?',
};

/** The MongoDB driver has the code only in its message. */
const CODE = /\b(?:connect|getaddrinfo|querySrv) (E[A-Z_]+)/;

/**
 * The error for a connection that could not be made.
 *
 * @param {Error} error - the driver's
 * @param {object} place
 * @param {string} place.name - the adapter's
 * @param {object} [place.target] - the parts of the address, if known
 * @param {string} [place.mistake] - what is wrong with the address, if known
 * @param {string} place.source - where the project sets the address
 * @returns {UpgradeError} `CONNECTION_FAILED`, without any password
 */
function connectionFailed(error, { name, target, mistake, source }) {
  // Node tries every address of a host, and then throws an error without a message that holds the
  // others.
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
      `  The address comes from ${source}.`,
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
