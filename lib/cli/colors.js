'use strict';

/**
 * Whether to colour the output to a stream. `--no-color` decides first, then the variables of
 * no-color.org and force-color.org (an empty one counts as not set). Otherwise terminals get colours.
 */
function shouldColor(stream, flags = {}) {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (flags['--no-color'] || NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return Boolean(stream.isTTY) && TERM !== 'dumb';
}

module.exports = { shouldColor };
