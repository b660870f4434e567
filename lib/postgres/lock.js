'use strict';

const os = require('os');
const { UpgradeError } = require('../error');

/** Two numbers that no one else is likely to use: `kstn` in ASCII, and one. */
const KEY = [0x6b73746e, 1];

const HOLDER = `
  SELECT pg_stat_activity.pid, application_name AS name, usename AS user,
    host(client_addr) AS address, to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS since
  FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE locktype = 'advisory' AND (classid, objid, objsubid) = (${KEY[0]}, ${KEY[1]}, 2) AND granted
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/**
 * Takes the lock that lets one migration at a time run on a database. It ends with the transaction,
 * and so with the session, however that ends.
 *
 * @param {object} connection - in a transaction
 * @returns {Promise<void>}
 * @throws {UpgradeError} `LOCKED`, saying who holds it
 */
async function takeLock(connection) {
  // Who looks at pg_stat_activity, such as the next one who wants the lock, sees who we are.
  const name = `keystone-upgrade-relationships, process ${process.pid} on ${os.hostname()}`;
  await connection.query(`SELECT set_config('application_name', $1, true)`, [name.slice(0, 63)]);
  const [{ taken }] = await connection.query(
    `SELECT pg_try_advisory_xact_lock(${KEY.join(', ')}) AS taken`,
  );
  if (taken) return;
  await refuseLocked(connection);
  throw locked('another session, which has just ended', 'Run it again.');
}

/**
 * @param {object} connection
 * @returns {Promise<void>}
 * @throws {UpgradeError} `LOCKED` when someone holds the lock
 */
async function refuseLocked(connection) {
  const [holder] = await connection.query(HOLDER);
  if (!holder) return;
  const { pid, name, user, address, since } = holder;
  const from = address ? ` from ${address}` : '';
  throw locked(
    `${name || 'a session'} (user ${user}${from}, since ${since}, server process ${pid})`,
    `Wait for it to end. Should it hang, SELECT pg_terminate_backend(${pid}) ends it and takes back what it did.`,
  );
}

function locked(who, advice) {
  return new UpgradeError(
    'LOCKED',
    `A migration of this database is running: ${who}.\n  ${advice}`,
  );
}

module.exports = { refuseLocked, takeLock };
