'use strict';

const { withConnection } = require('./connect');
const { checkMongodb } = require('./mongodb/check');
const { checkPostgres } = require('./postgres/check');
const { loadProject } = require('./project');

const ENGINES = { postgresql: checkPostgres, mongodb: checkMongodb };

/**
 * The part of a plan that a run is for.
 *
 * @param {object} plan - an `UpgradePlan`
 * @param {string} [name] - an adapter's name, needed when there are several
 * @returns {object} one of `plan.adapters`
 */
function partOf(plan, name) {
  return plan.adapters.find((it) => name === undefined || it.name === name);
}

/**
 * Looks at a database: reads, and changes nothing.
 *
 * @param {object} connection - as `withConnection` gives it
 * @param {object} part - one of `plan.adapters`
 * @param {(answers: object) => object} core - as for `inspect`
 * @param {(event: object) => void} onProgress
 * @returns {Promise<object>} the inspection, with where the connection leads to
 */
async function look(connection, { engine }, core, onProgress) {
  const onAnswer = (done, total) => onProgress({ phase: 'check', title: 'Checking', done, total });
  const inspection = await ENGINES[engine](connection, core, onAnswer);
  const { host, port, uri } = connection.place;
  return Object.assign(inspection, {
    database: Object.assign({ host, port }, uri && { uri }, inspection.database),
  });
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
  const { plan, inspect } = loadProject(keystone, options);
  const { onProgress = () => {} } = options;
  plan.statements(options); // Its mistakes come before any connection.
  const part = partOf(plan, options.adapter);
  onProgress({ phase: 'connect', title: 'Connecting' });
  return withConnection(keystone, part.name, (connection) =>
    look(connection, part, inspect(options), onProgress),
  );
}

module.exports = { check, look, partOf };
