'use strict';

const { UpgradeError } = require('../error');
const { hideSecrets } = require('../connect/secrets');

/** What to do, by SQLSTATE, where the server does not say. */
const HINTS = {
  25006: 'This session may only read. Connect to the primary server, as a user who may write.',
  42501: 'Run it as the owner of the tables, or as a user with the privileges that are missing.',
  '55P03': 'Other sessions use the tables. Stop the application, then run it again.',
  57014: 'The statement was cancelled.',
};

/** The session is gone: ended by someone, or by a server that went down, or cut off. */
const LOST = /^(57P0[0-9]|08...|ECONNRESET|EPIPE|ETIMEDOUT)$/;

/**
 * @param {Error} error - an error of the driver
 * @returns {boolean} whether the session has ended with it
 */
function isLost(error) {
  return (
    LOST.test(error.code) ||
    /^Connection terminated|Connection ended|not queryable/.test(error.message)
  );
}

/**
 * An error of the server's, told to the user.
 *
 * @param {string} code - the stable code to give it
 * @param {Error} error - the driver's
 * @param {string[]} [more] - further lines
 * @returns {UpgradeError}
 */
function serverError(code, error, more = []) {
  const { message, detail, hint = HINTS[error.code] } = error;
  const lines = [message, detail, hint, ...more].filter(Boolean).map(hideSecrets);
  return new UpgradeError(code, lines.join('\n  '));
}

module.exports = { isLost, serverError };
