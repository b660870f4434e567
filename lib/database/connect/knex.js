'use strict';

const { NO_ADDRESS, parseAddress, wrongScheme } = require('./address');
const { connectionFailed } = require('./failure');
const { allow } = require('../../entry/inert');
const { quietly } = require('./quietly');

const SOURCE =
  "the adapter's knexOptions.connection, else from CONNECT_TO, DATABASE_URL or KNEX_URI";

/** knex accepts the last two as well. */
const SCHEMES = ['postgres://', 'postgresql://', 'pg://', 'socket://'];

/**
 * Connects to PostgreSQL as the project does: by its own adapter, with its own knex and driver. The
 * caller has to close the connection.
 *
 * Only `_connect` of the adapter runs, which makes a knex and tries it. `keystone.connect()` would also
 * set up the lists and, with `dropDatabase`, drop their tables.
 */
async function connectKnex(keystone, { name, adapter }) {
  // `_connect` stores what it makes on this object, so that the project's adapter does not change.
  const own = allow(Object.create(adapter));
  own.knex = undefined;
  try {
    await quietly(() => own._connect({ name: keystone.name, rels: [] }, own.config));
    const { client } = own.knex;
    return new PostgresConnection(own.knex, await client.acquireConnection());
  } catch (error) {
    if (own.knex) await own.knex.destroy();
    const connection = connectionOf(adapter);
    // The path of a socket is not an address.
    const address = String(connection).startsWith('/') ? undefined : connection;
    throw connectionFailed(error, {
      name,
      address,
      target: typeof address === 'object' ? targetOf(address) : parseAddress(address, '5432'),
      mistake: connection ? wrongScheme(address, 'PostgreSQL', SCHEMES) : NO_ADDRESS,
      source: SOURCE,
    });
  }
}

function targetOf({ host, port, database, user }) {
  return { database, hosts: host && [host], port, user };
}

/** The address or the settings that the adapter uses; undefined where there are none. */
function connectionOf({ config: { knexOptions = {} } }) {
  const { CONNECT_TO, DATABASE_URL, KNEX_URI } = process.env;
  return knexOptions.connection || CONNECT_TO || DATABASE_URL || KNEX_URI;
}

/** One session on a PostgreSQL server. */
class PostgresConnection {
  constructor(knex, session) {
    this.knex = knex;
    this.session = session;
    /** The server that it is connected to, without secrets. */
    this.place = { host: session.host, port: session.port };
  }

  /** Sends a statement as it is, and gives its rows. */
  async query(sql, values) {
    const { rows } = await this.session.query(...(values ? [sql, values] : [sql]));
    return rows;
  }

  /** Listens to the notices of the server. Returns what stops that. */
  onNotice(listener) {
    const listen = ({ message }) => listener(message);
    this.session.on('notice', listen);
    return () => this.session.removeListener('notice', listen);
  }

  /** Asks the server, by another connection, to stop the statement that is running. */
  async cancel() {
    const other = await this.knex.client.acquireRawConnection();
    try {
      await other.query('SELECT pg_catalog.pg_cancel_backend($1::pg_catalog.int4)', [
        this.session.processID,
      ]);
    } finally {
      await other.end();
    }
  }

  /** Ends the session. The server rolls back what was not committed. */
  async close() {
    // A broken connection cannot be closed.
    await this.knex.client.releaseConnection(this.session).catch(() => {});
    await this.knex.destroy().catch(() => {});
  }
}

module.exports = { connectKnex };
