'use strict';

/** The sequences that colour a text. */
// eslint-disable-next-line no-control-regex
const COLORS = /\x1b\[[0-9;]*m/g;

/** What a terminal obeys in place of showing it: control characters, and what turns or hides text. */
const INVISIBLE =
  // eslint-disable-next-line no-control-regex
  /(?![\n\t])[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Makes a text safe for a terminal: without colours, and with escapes for what cannot be seen. Servers,
 * data and projects may put into names and messages what changes what is seen. JSON stays the same JSON.
 */
function visible(text) {
  return text.replace(COLORS, '').replace(INVISIBLE, escape);
}

module.exports = { visible };
