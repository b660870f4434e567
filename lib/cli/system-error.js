'use strict';

/**
 * Why the operating system has refused something, in its own words.
 *
 * @param {Error} error - one of Node's, such as `ENOSPC: no space left on device, open '/x'`
 * @returns {string} `no space left on device`: without the path, which may be one the user never named
 */
function reasonOf({ message }) {
  const [, reason = message] = /^E[A-Z0-9]+: (.+?), [a-z]+\b/.exec(message) || [];
  return reason;
}

module.exports = { reasonOf };
