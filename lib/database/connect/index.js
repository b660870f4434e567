'use strict';

const { projectAdapters } = require('../../snapshot/adapters');
const { connectKnex } = require('./knex');
const { connectMongoose } = require('./mongoose');

const CONNECTORS = { knex: connectKnex, mongoose: connectMongoose };

/**
 * Connects to the database of one adapter, for as long as a function needs it.
 *
 * @template T
 * @param {object} keystone - a Keystone 5 object
 * @param {string} name - the adapter's name, as plans have it
 * @param {(connection: object) => Promise<T>} use - the function
 * @returns {Promise<T>} what the function returns; the connection is closed by then
 * @throws {UpgradeError} `CONNECTION_FAILED`
 */
async function withConnection(keystone, name, use) {
  const part = projectAdapters(keystone).find((it) => it.name === name);
  const connection = await CONNECTORS[part.adapter.name](keystone, part);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

module.exports = { withConnection };
