'use strict';

/**
 * A mistake in the project or in how the tool was called: something its user can mend. The command
 * prints its message alone, never a stack trace.
 *
 * `code` is stable and meant for programs (`UNKNOWN_LIST`, `ENTRY_NOT_FOUND`, …). `message` says what is
 * wrong and where; then, in lines of their own, what else is known and what to do. `problems` lists every
 * mistake found in the one run, each `{ code, message, list?, field? }`: by default the one that `code` and
 * `message` describe. Of several, `code` is that of the first.
 */
class UpgradeError extends Error {
  constructor(code, message, problems) {
    super([].concat(message).filter(Boolean).join('\n  '));
    this.name = 'UpgradeError';
    this.code = code;
    this.problems = problems || [{ code, message: this.message }];
  }
}

/**
 * Whether something thrown is an `UpgradeError`. In Jest, and wherever modules are loaded more than
 * once, there are several such classes.
 *
 * @param {*} error
 * @returns {boolean}
 */
function isUpgradeError(error) {
  return Boolean(error) && error.name === 'UpgradeError' && Array.isArray(error.problems);
}

module.exports = { UpgradeError, isUpgradeError };
