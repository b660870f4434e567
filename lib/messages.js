'use strict';

/**
 * What the command says beside its result. All of it goes to stderr: stdout carries the result and
 * nothing else.
 */

const say = (symbol) => (text) => process.stderr.write(`${symbol} ${text}\n`);

module.exports = {
  /** @type {(text: string) => void} */
  info: say('ℹ'),
  /** @type {(text: string) => void} */
  warn: say('⚠'),
  /** @type {(text: string) => void} */
  fail: say('✖'),
};
