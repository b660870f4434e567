'use strict';

// The script that Keystone itself prints for the migration, which breaks on most projects.

const path = require('path');
const { newKeystone } = require('./keystones');
const { makeScenarioProject, run } = require('./project');

/**
 * Keystone's own script for PostgreSQL, with what people mend in it: the missing semicolons, the quotes
 * around a schema, and the link at its end.
 *
 * @param {object} scenario as for `buildKeystone` of `scenario.js`
 * @returns {Promise<string[]>} its statements, a line each
 */
async function keystonesOwnScript(scenario) {
  const folder = makeScenarioProject(scenario, 'knex');
  const file = path.join(newKeystone(), '@keystonejs', 'keystone', 'bin', 'cli.js');
  const { stdout } = await run(folder, ['upgrade-relationships', '--migration'], { file });
  const lines = stdout.split('\n').filter((line) => /^[A-Z]+ TABLE /.test(line));
  return lines.map((line) => line.replace(/ TABLE (\w+)\./, ' TABLE "$1".'));
}

module.exports = { keystonesOwnScript };
