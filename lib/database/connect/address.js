'use strict';

/** What is wrong where the project sets no address. */
const NO_ADDRESS = 'No address is set. Is an environment variable missing, such as DATABASE_URL?';

/**
 * Reads the parts of a database's address that are not secret. An unencoded password can look like any
 * other part: an address that could be read in two ways is not taken apart at all.
 */

const SCHEME = /^([a-z][a-z0-9+.-]*:\/\/)/i;

/**
 * Scheme, user and password, hosts, database. The user and the password hold nothing that would have to
 * be encoded, so that every parser reads the same parts.
 */
const ADDRESS =
  /^[a-z][a-z0-9+.-]*:\/\/(?:([\w.~!$&'()*+,;=%:-]*)@)?([\w.,:[\]%-]+)(?:\/([^/?#@\\\s]*))?(?:\?[^@\s]*)?$/i;

/**
 * Where an address leads to: `{ hosts, port?, database?, user? }`, with the port when there is one host.
 * Undefined when it is not a valid address, or ambiguous.
 */
function parseAddress(address, defaultPort) {
  const [, credentials = '', hostList, database] = ADDRESS.exec(address) || [];
  if (!hostList) return undefined;
  const [user] = credentials.split(':');
  const where = { database: decoded(database), user: decoded(user) };
  const hosts = hostList.split(',');
  if (hosts.length > 1) return { ...where, hosts };
  const [, host, port = defaultPort] = /^(.*?)(?::(\d+))?$/.exec(hostList);
  return { ...where, hosts: [decoded(host)], port };
}

function decoded(text) {
  try {
    return text && decodeURIComponent(text);
  } catch (_) {
    return text; // It has a literal %.
  }
}

/** What MongoDB's tools understand of an address, and what is no secret. */
const OPTIONS =
  /^(authMechanism|authSource|directConnection|replicaSet|ssl|tls|tlsAllowInvalid\w+|tlsCAFile|tlsInsecure)$/;

/**
 * An address of MongoDB's for its tools, which ask for the password, where host and port are not all that
 * they need. It has no database, to which it would be bound. `settings` are further options, which the
 * project has in code.
 */
function toolAddress(address, settings) {
  const target = parseAddress(address);
  if (!target) return undefined;
  const [, scheme] = SCHEME.exec(address);
  const [head, query = ''] = address.split('?');
  const options = Object.keys(settings)
    .map((key) => `${key}=${settings[key]}`)
    .concat(query.split('&'))
    .filter((it) => OPTIONS.test(it.split('=')[0]));
  const isPlain = /^mongodb:/i.test(scheme) && target.hosts.length === 1;
  if (isPlain && options.every((it) => it.startsWith('authSource='))) return undefined;
  const [, credentials, hosts] = /^(?:(.*)@)?([^/]*)/.exec(head.slice(scheme.length));
  const user = credentials && `${credentials.split(':')[0]}@`;
  return `${scheme}${user || ''}${hosts}/?${Array.from(new Set(options)).join('&')}`;
}

/**
 * What is wrong with an address if it is for another kind of server. Of the schemes that are right, the
 * message names the first two.
 */
function wrongScheme(address, server, schemes) {
  if (typeof address !== 'string') return undefined;
  const [, scheme] = SCHEME.exec(address) || [];
  if (scheme && schemes.includes(scheme.toLowerCase())) return undefined;
  const [usual, other] = schemes;
  const found = scheme ? `starts with ${scheme}` : 'has no scheme';
  return `The address ${found}. Addresses of ${server} start with ${usual} or ${other}.`;
}

module.exports = { NO_ADDRESS, parseAddress, toolAddress, wrongScheme };
