'use strict';

/**
 * What the address of a database says, as far as it is nothing secret. A password that should have
 * been encoded can look like any other part: such an address is not taken apart at all.
 */

const SCHEME = /^([a-z][a-z0-9+.-]*:\/\/)/i;

/** Scheme, user and password, hosts, database. */
const MONGODB = /^mongodb(\+srv)?:\/\/(?:([^/?#@]*)@)?([^/?#@]+)(?:\/([^/?#@]*))?(?:\?[^@]*)?$/i;

/**
 * Where an address of MongoDB leads to.
 *
 * @param {string} address
 * @returns {{ hosts: string[], port?: string, database?: string, user?: string } | undefined}
 *   undefined where it is no good address; `port` where there is one host
 */
function parseMongodbAddress(address) {
  const [, isSrv, credentials = '', hostList, database] = MONGODB.exec(address) || [];
  if (!hostList) return undefined;
  const [user] = credentials.split(':');
  const where = { database: decoded(database), user: decoded(user) };
  const hosts = hostList.split(',');
  if (hosts.length > 1) return Object.assign(where, { hosts });
  const [, host, port = isSrv ? undefined : '27017'] = /^(.*?)(?::(\d+))?$/.exec(hostList);
  return Object.assign(where, { hosts: [decoded(host)], port });
}

function decoded(text) {
  try {
    return text && decodeURIComponent(text);
  } catch (_) {
    return text; // A % that stands for itself.
  }
}

/**
 * Tells an address that is for something else.
 *
 * @param {*} address - settings that are no text have no scheme to be wrong
 * @param {string} server - whose address it should be
 * @param {string[]} schemes - what that starts with: two to name, and any others that are taken
 * @returns {string | undefined} what is wrong with it, if anything is
 */
function wrongScheme(address, server, schemes) {
  if (typeof address !== 'string') return undefined;
  const [, scheme] = SCHEME.exec(address) || [];
  if (scheme && schemes.includes(scheme.toLowerCase())) return undefined;
  const [usual, other] = schemes;
  const found = scheme ? `starts with ${scheme}` : 'has no scheme';
  return `The address ${found}; that of ${server} starts with ${usual} or ${other}.`;
}

module.exports = { parseMongodbAddress, wrongScheme };
