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
 * A text with a symbol before it and, at the end of its first line, the code of an error or a warning, if
 * there is one. `docs/errors.md` has a section for each code.
 */
function marked(symbol, text, code) {
  return `${symbol} ${code ? text.replace(/\n|$/, (end) => ` [${code}]${end}`) : text}`;
}

module.exports = { marked, info: say('ℹ'), warn: say('⚠'), fail: say('✖') };
