'use strict';

/** What is long enough for any machine, in milliseconds. */
const MOST = 5 * 60 * 1000;

/**
 * Tries something that has to wait a while for what may never come, and a little longer each time: how
 * fast a machine is decides how often it is tried, and never what comes of it.
 *
 * @template T
 * @param {(patience: number) => Promise<T | undefined>} attempt is given how long to wait, in
 *   milliseconds; resolves to nothing when that was too short
 * @returns {Promise<T>}
 */
async function withPatience(attempt) {
  for (let patience = 250; patience < MOST; patience *= 2) {
    const result = await attempt(patience);
    if (result !== undefined) return result;
  }
  throw new Error('no patience was long enough');
}

module.exports = { withPatience };
