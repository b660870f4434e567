'use strict';

const { migrate, serverOf, wrongDatabase } = require('../database/mongodb/runner');

/* The code in a migration file for migrate-mongo: `migrate-mongo.js` puts it there. */

/** Runs a migration by the driver that the tool has connected. */
async function run(migration, db) {
  const primary = { readPreference: 'primary' };
  const shell = {
    database: db.databaseName,
    command: (document) => db.command(document, primary),
    adminCommand: (document) => db.admin().command(document, primary),
    report({ text, isWarning, done, rate }) {
      const count = done === undefined ? '' : `: ${done}${rate ? ` (${rate}/s)` : ''}`;
      console.log((isWarning ? 'Warning: ' : '') + text + count);
    },
  };
  // All migrations of a project run on each new database.
  const empty = await wrongDatabase(serverOf(shell), migration);
  if (empty) console.log(`Nothing to do: ${empty}`);
  else await migrate(migration, shell);
}

module.exports = { run };
