'use strict';

const { UpgradeError } = require('../../error');
const { inspect } = require('../inspect');
const { serverError } = require('./failure');
const { takeLock } = require('./lock');

const READ_ONLY = [
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  "SET LOCAL lock_timeout = '5s'",
  // Counting whole tables may take longer than what the application usually asks.
  'SET LOCAL statement_timeout = 0',
  // So that large tables are sorted there, and not in files.
  "SELECT set_config('work_mem', '64MB', true) WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')",
  // Row-level security that hides rows is an error, not a filter.
  'SET LOCAL row_security = off',
];

/**
 * Puts a question of the core to a PostgreSQL database.
 *
 * @param {object} connection
 * @returns {(question: { sql: string }) => Promise<object[]>}
 */
function asker(connection) {
  return async ({ sql }) => {
    const [{ answer }] = await connection.query(sql);
    return JSON.parse(answer);
  };
}

/**
 * Finds out what a PostgreSQL database holds, in a transaction that can only read.
 *
 * @param {object} connection
 * @param {(answers: object) => object} core - as for `inspect`
 * @param {(done: number) => void} onAnswer
 * @returns {Promise<object>} the inspection
 * @throws {UpgradeError} `CHECK_FAILED`, or `LOCKED` when a migration is running
 */
async function checkPostgres(connection, core, onAnswer) {
  try {
    for (const sql of READ_ONLY) await connection.query(sql);
    await takeLock(connection, 'check');
    return await inspect(core, asker(connection), onAnswer);
  } catch (error) {
    throw error instanceof UpgradeError ? error : serverError('CHECK_FAILED', error);
  } finally {
    await connection.query('ROLLBACK').catch(() => {}); // The session may be gone.
  }
}

module.exports = { asker, checkPostgres };
