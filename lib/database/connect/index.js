'use strict';

const { projectAdapters } = require('../../snapshot/adapters');
const { connectKnex } = require('./knex');
const { connectMongoose } = require('./mongoose');

const CONNECTORS = { knex: connectKnex, mongoose: connectMongoose };

/**
 * Connects to the database of one adapter, by the name that plans give it, for as long as a function
 * needs the connection. Gives what the function does; the connection is closed by then.
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
