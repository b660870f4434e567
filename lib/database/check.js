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

/**
 * Connects to a project's database, by its own adapter and driver, and says what it holds: which
 * schema, how many links, where the two stored sides disagree, and what stands in the way of a
 * migration. It only reads.
 *
 * @param {object} keystone - a Keystone 5 object with all its lists created
 * @param {object} [options] - as `index.d.ts` describes them
 * @returns {Promise<object>} the inspection
 * @throws {UpgradeError} rejects so, with a stable `code`: those of `planUpgrade`,
 *   `INVALID_OPTION`, `CONNECTION_FAILED`, `LOCKED`, `CHECK_FAILED`
 */
async function check(keystone, options = {}) {
  const { part, inspect } = loadProject(keystone, options);
  const { onProgress = () => {} } = options;
  onProgress({ phase: 'connect', title: 'Connecting' });
  return withConnection(keystone, part.name, (connection) =>
    look(connection, part, inspect(options), onProgress),
  );
}

module.exports = { check, look };
