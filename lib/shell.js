'use strict';

/** What stands in a shell without quotes. */
const PLAIN = /^[\w./:@%+=,-]+$/;

const quote = (text) => (PLAIN.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);

/** Words as a line that a shell takes apart into them again. */
const commandLine = (words) => words.map(quote).join(' ');

module.exports = { commandLine };
