'use strict';

const { visible } = require('./visible');
const { widthOf, wrap } = require('./wrap');

/**
 * What the command says beside its result. All of it goes to stderr: stdout carries the result and
 * nothing else.
 */

const say = (symbol) => (text, code) => {
  const message = marked(symbol, visible(text), code);
  process.stderr.write(`${wrap(message, widthOf(process.stderr))}\n`);
};

/**
 * @param {string} symbol
 * @param {string} text - one or more lines
 * @param {string} [code] - of an error or a warning; `docs/errors.md` has a section for each
 * @returns {string} the text with the symbol before it and the code at the end of its first line
 */
function marked(symbol, text, code) {
  return `${symbol} ${code ? text.replace(/\n|$/, (end) => ` [${code}]${end}`) : text}`;
}

module.exports = {
  marked,
  /** @type {(text: string) => void} */
  info: say('ℹ'),
  /** @type {(text: string, code?: string) => void} */
  warn: say('⚠'),
  /** @type {(text: string, code?: string) => void} */
  fail: say('✖'),
};
