'use strict';

/**
 * A mistake in the project or in how the tool was called: something its user can mend. The command
 * prints its message alone, never a stack trace.
 *
 * `code` is stable and meant for programs (`UNKNOWN_LIST`, `ENTRY_NOT_FOUND`, …). `problems` lists
 * every mistake found in the one run, each `{ code, message, list?, field? }`.
 */
class UpgradeError extends Error {
  /**
   * @param {string} code - for several problems that of the first
   * @param {string | string[]} message - what is wrong and where; then, in lines of their own, what else
   *   is known and what to do
   * @param {Array<{code: string, message: string, list?: string, field?: string}>} [problems] -
   *   all problems, when there are several; by default the one that `code` and `message` describe
   */
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
