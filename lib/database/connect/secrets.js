'use strict';

/**
 * Keeps passwords out of messages: drivers put addresses into their errors.
 *
 * @param {string} text
 * @returns {string} the text with `***` in place of whatever stands before the `@` of an address,
 *   and of passwords among its parameters
 */
function hideSecrets(text) {
  return (
    text
      // To the last @ of the line: a password that should have been encoded may hold /, @ or a space.
      .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\n]*@/gi, '$1***@')
      .replace(
        /\b(password|passwd|pwd|secret|token)(\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;]+)/gi,
        '$1$2***',
      )
  );
}

module.exports = { hideSecrets };
