'use strict';

const ADDRESS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\n]*@/gi;

const SETTING =
  /([\w-]*(?:password|passwd|pwd|secret|token)["']?(?:\s*=\s*|:\s*(?=["'])|:(?=\S)))("[^"]*"|'[^']*'|[^\s&,;}]+)/gi;

/**
 * Keeps passwords out of messages: drivers and projects put addresses and settings into their errors. In a
 * line that has an address, `***` stands for all before the last `@`: an unencoded password may hold any
 * other character.
 */
function hideSecrets(text) {
  return text.replace(ADDRESS, '$1***@').replace(SETTING, '$1***');
}

module.exports = { hideSecrets };
