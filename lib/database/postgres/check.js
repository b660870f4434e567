'use strict';

const { UpgradeError } = require('../../error');
const { inspect } = require('../inspect');
const { serverError } = require('./failure');
const { takeLock } = require('./lock');

const READ_ONLY = [
  // Each question sees what was committed before it: also what a migration did before it let go of the
  // lock.
  'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY',
  // Names without a schema are the server's own.
  'SET LOCAL search_path = pg_catalog, pg_temp',
  "SET LOCAL lock_timeout = '5s'",
  // Counting whole tables may take longer than what the application usually asks.
  'SET LOCAL statement_timeout = 0',
  // So that large tables are sorted there, and not in files.
  "SET LOCAL work_mem = '64MB'",
  // Row-level security that hides rows is an error, not a filter.
  'SET LOCAL row_security = off',
];

/** The oldest server that the migration has been tested on. */
const MIN_VERSION = 12;
const VERSION = "SELECT current_setting('server_version') AS version";

/** A table or column was there a moment ago, by the catalogue, and is not there now. */
const CHANGED = /^(42P01|42703|XX000)$/;
const BESIDE =
  'Something is changing the schema at the same time, such as the script of --migration. Wait for it to end, then run this again.';

/** Puts questions of the core to a PostgreSQL database. */
function asker(connection) {
  return async ({ sql }) => {
    const [{ answer }] = await connection.query(sql);
    return JSON.parse(answer);
  };
}

/**
 * Finds out what a PostgreSQL database holds, in a transaction that can only read. Throws `CHECK_FAILED`,
 * `SERVER_VERSION`, or `LOCKED` when a migration is running.
 */
async function checkPostgres(connection, core, onAnswer) {
  try {
    for (const sql of READ_ONLY) await connection.query(sql);
    await expectVersion(connection);
    await takeLock(connection, 'check');
    return await inspect(core, asker(connection), onAnswer);
  } catch (error) {
    if (error instanceof UpgradeError) throw error;
    throw serverError('CHECK_FAILED', error, CHANGED.test(error.code) ? [BESIDE] : []);
  } finally {
    await connection.query('ROLLBACK').catch(() => {}); // The session may be gone.
  }
}

/** An older server would stop at a question that it does not understand, and say nothing of its age. */
async function expectVersion(connection) {
  const [{ version }] = await connection.query(VERSION);
  if (parseInt(version, 10) >= MIN_VERSION) return;
  const message = `This needs PostgreSQL ${MIN_VERSION} or later, and the server is ${version}. Nothing has been changed.`;
  throw new UpgradeError('SERVER_VERSION', message);
}

module.exports = { asker, checkPostgres };
