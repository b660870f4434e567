'use strict';

/** A line that is indented so far is a command or a place in the code, which is copied as a whole. */
const CODE = /^ {4}/;

/**
 * Breaks lines between words, so that the terminal does not break them elsewhere. What goes on in a new
 * line is indented by two more, and a word that is longer than the width has a line of its own.
 */
function wrap(text, width) {
  const lines = text.split('\n').map((line) => (CODE.test(line) ? line : wrapLine(line, width)));
  return lines.join('\n');
}

function wrapLine(line, width) {
  const [indent] = /^ */.exec(line);
  const lines = [];
  let rest = line;
  for (;;) {
    const at = breakOf(rest, width);
    if (at === -1) return [...lines, rest].join('\n');
    lines.push(rest.slice(0, at));
    rest = `${indent}  ${rest.slice(at + 1)}`;
  }
}

/** Where a line is broken, -1 when it is not. A mark of one letter stays with the word after it. */
function breakOf(line, width) {
  if (line.length <= width) return -1;
  const [indent] = /^ */.exec(line);
  const first = indent.length + 2;
  const at = line.lastIndexOf(' ', width);
  return at >= first ? at : line.indexOf(' ', Math.max(width, first));
}

/** How many characters a line of a stream can have: no limit where it is no terminal. */
function widthOf(stream) {
  return (stream.isTTY && stream.columns) || Infinity;
}

module.exports = { widthOf, wrap };
