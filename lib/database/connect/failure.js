'use strict';

const { UpgradeError } = require('../../error');
const { hideSecrets } = require('../../secrets');

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

const AMBIGUOUS =
  'The address is not a valid URL, so it is not shown. Encode special characters in the user and the password: / is %2F, @ is %40.';

/** The MongoDB driver has the code only in its message. */
const CODE = /\b(?:connect|getaddrinfo|querySrv) (E[A-Z_]+)/;

/**
 * The error for a connection of an adapter that could not be made, without any password. The `address` is
 * as the project has it, and comes from the `source`; `target` are its parts and `mistake` what is wrong
 * with it, if known.
 */
function connectionFailed(error, { name, address, target, mistake, source }) {
  // Node tries every address of a host, and then throws an error without a message that holds the
  // others.
  const [first = error] = (error && error.errors) || [];
  const message = String((first && first.message) || (first && first.code) || first);
  const code = (first && first.code) || (CODE.exec(message) || [])[1];
  // The driver has split the address at other places: its message may hold pieces of the password.
  const isAmbiguous = typeof address === 'string' && !target;
  const reason = isAmbiguous ? code : message;
  const hint = mistake || (isAmbiguous ? AMBIGUOUS : HINTS[code]);
  const where = target && describeTarget(target);
  return new UpgradeError('CONNECTION_FAILED', [
    `Could not connect to the database of the adapter ${name}${where ? ` (${where})` : ''}:`,
    reason && hideSecrets(reason).replace(/\n/g, '\n  '),
    hint,
    `The address comes from ${source}.`,
  ]);
}

function describeTarget({ database, hosts, port, user }) {
  const at = hosts && (hosts.length > 1 ? `hosts ${hosts.join(', ')}` : `host ${hosts[0]}`);
  return [database && `database ${database}`, at, port && `port ${port}`, user && `user ${user}`]
    .filter(Boolean)
    .join(', ');
}

module.exports = { connectionFailed };
