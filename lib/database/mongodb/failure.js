'use strict';

const failure = require('../failure');

/** Out of reach, going down or no longer the primary, by the driver's names and the server's numbers. */
const LOST_NAMES = /^Mongo(Network|ServerSelection|Timeout|TopologyClosed|NotConnected|Pool)/;
const LOST_CODES = [6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436];
const LOST_MESSAGES =
  /topology (is closed|was destroyed)|pool (was )?(destroyed|closed)|connection \S+ to \S+ (closed|timed out)/i;

const UNAUTHORIZED = 13;

/** Whether the connection has ended with an error of the driver. */
function isLost({ name, code, message }) {
  return LOST_NAMES.test(name) || LOST_CODES.includes(code) || LOST_MESSAGES.test(message);
}

/**
 * An error of the server or the driver, as the user reads it: `role` is the one that allows what failed,
 * `before` stands before the message, `more` are further lines.
 */
function serverError(code, error, { role, before = '', more = [] }) {
  // The server repeats the whole command, with the values that it holds.
  const message = error.message.replace(/(to execute command) \{ *"?(\w+)[^]*$/, '$1 $2');
  const hint = error.code === UNAUTHORIZED && `The user needs the role ${role} on this database.`;
  return failure.serverError(code, [before + message, hint, ...more]);
}

module.exports = { isLost, serverError };
