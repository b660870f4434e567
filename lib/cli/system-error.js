'use strict';

/**
 * The reason that the operating system gives: of `ENOSPC: no space left on device, open '/x'` it is `no
 * space left on device`, without the path, which the user may never have named.
 */
function reasonOf({ message }) {
  const [, reason = message] = /^E[A-Z0-9]+: (.+?), [a-z]+\b/.exec(message) || [];
  return reason;
}

module.exports = { reasonOf };
