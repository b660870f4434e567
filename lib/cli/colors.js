'use strict';

/**
 * Whether to colour what goes to a stream. The user's word comes first: `--no-color`, then the
 * variables of no-color.org and force-color.org, of which an empty one counts as not set; without a
 * word of the user, terminals get colours.
 *
 * @param {{ isTTY?: boolean }} stream where the text goes
 * @param {{ '--no-color'?: boolean }} [flags] the parsed options
 * @returns {boolean}
 */
function shouldColor(stream, flags = {}) {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (flags['--no-color'] || NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return Boolean(stream.isTTY) && TERM !== 'dumb';
}

module.exports = { shouldColor };
