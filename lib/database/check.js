'use strict';

const { withConnection } = require('./connect');
const { checkMongodb } = require('./mongodb/check');
const { checkPostgres } = require('./postgres/check');
const { loadProject } = require('./project');

const ENGINES = { postgresql: checkPostgres, mongodb: checkMongodb };

/**
 * Finds out what the database of a connection holds, and changes nothing. The inspection also says where
 * the connection leads.
 */
async function look(connection, { engine }, core, onProgress) {
  const onAnswer = (done, total) => onProgress({ phase: 'check', title: 'Checking', done, total });
  const inspection = await ENGINES[engine](connection, core, onAnswer);
  const { host, port, uri } = connection.place;
  const database = { host, port, ...(uri && { uri }), ...inspection.database };
  return { ...inspection, database };
}

/** Part of the API: see `index.d.ts`. */
async function check(keystone, options = {}) {
  const { part, inspect } = loadProject(keystone, options);
  const { onProgress = () => {} } = options;
  onProgress({ phase: 'connect', title: 'Connecting' });
  return withConnection(keystone, part.name, (connection) =>
    look(connection, part, inspect(options), onProgress),
  );
}

module.exports = { check, look };
