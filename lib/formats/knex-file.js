'use strict';

/* The code in a migration file for Knex: `knex.js` puts it there. */

/**
 * Runs SQL by the driver's own connection: `knex.raw` would take each `?` in it for a value, and hide
 * hints and notices.
 */
async function run(knex, sql) {
  // Within Knex's own transaction this is a savepoint.
  const running = knex.transaction(async (transaction) => {
    const connection = await transaction.client.acquireConnection();
    const report = ({ message }) => console.log(message);
    connection.on('notice', report);
    try {
      await connection.query(sql);
    } finally {
      connection.removeListener('notice', report);
    }
  });
  try {
    await running;
  } catch (error) {
    const { code, message, detail, hint } = error;
    if (code !== 'KSNOP') {
      error.message = [message, detail, hint].filter(Boolean).join('\n  ');
      throw error;
    }
    console.log(`Nothing to do: ${message}`);
  }
}

module.exports = { run };
