'use strict';

const failure = require('../failure');

/** What to do, by SQLSTATE, where the server does not say. */
const HINTS = {
  25006: 'This session may only read. Connect to the primary server, as a user who may write.',
  42501: 'Run it as the owner of the tables, or as a user with the privileges that are missing.',
  '55P03': 'Other sessions use the tables. Stop the application, then run it again.',
  57014: 'The statement was cancelled.',
};

/** Where the server says no more than that this setting might have to be increased. */
const LOCKS_SETTING = 'max_locks_per_transaction';
const LOCKS =
  'Every table and index of the relationships stays locked until the end, and the server has no room for so many locks. Raise max_locks_per_transaction in postgresql.conf (64 by default; 256 are enough for some 5,000 relationships) and restart the server. It can be set back afterwards.';

/** The session is gone: ended by someone, or by a server that went down, or cut off. */
const LOST = /^(57P0[0-9]|08...|ECONNRESET|EPIPE|ETIMEDOUT)$/;

/** Whether the session has ended with an error of the driver. */
function isLost(error) {
  return (
    LOST.test(error.code) ||
    /^Connection terminated|Connection ended|not queryable/.test(error.message)
  );
}

/** An error of the server, as the user reads it, with further lines. */
function serverError(code, error, more = []) {
  const { message, detail } = error;
  const isFull = error.hint && error.hint.includes(LOCKS_SETTING);
  const hint = isFull ? LOCKS : error.hint || HINTS[error.code];
  return failure.serverError(code, [message, detail, hint, ...more]);
}

module.exports = { isLost, serverError };
