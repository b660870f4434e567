'use strict';

// The script that Keystone itself prints for the migration, which breaks on most projects.

const path = require('path');
const { newKeystone } = require('./keystones');
const { makeScenarioProject, run } = require('./project');

/** What of it is a statement, by adapter: the link at its end is not. */
const STATEMENT = { knex: /^[A-Z]+ TABLE /, mongoose: /^db\./ };

/**
 * Keystone's own script, with what people mend in it for PostgreSQL: the missing semicolons and the quotes
 * around a schema.
 *
 * @param {object} scenario as for `buildKeystone` of `scenario.js`
 * @param {'knex' | 'mongoose'} adapter
 * @returns {Promise<string[]>} its statements, a line each
 */
async function keystonesOwnScript(scenario, adapter) {
  const folder = makeScenarioProject(scenario, adapter);
  const file = path.join(newKeystone(), '@keystonejs', 'keystone', 'bin', 'cli.js');
  const { stdout } = await run(folder, ['upgrade-relationships', '--migration'], { file });
  const lines = stdout.split('\n').filter((line) => STATEMENT[adapter].test(line));
  return lines.map((line) => line.replace(/ TABLE (\w+)\./, ' TABLE "$1".'));
}

module.exports = { keystonesOwnScript };
