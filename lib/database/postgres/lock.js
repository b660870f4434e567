'use strict';

const os = require('os');
const { UpgradeError } = require('../../error');

/** Two numbers that no one else is likely to use: `kstn` in ASCII, and one. */
const KEY = [0x6b73746e, 1];

/** The functions that try for it: a migration has it alone, checks share it. */
const KINDS = {
  migration: 'pg_try_advisory_xact_lock',
  check: 'pg_try_advisory_xact_lock_shared',
};

/** A migration first: there is at most one, and it takes longest. */
const HOLDER = `
  SELECT pg_stat_activity.pid, application_name AS name, usename AS user,
    host(client_addr) AS address, to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS since,
    mode = 'ExclusiveLock' AS migrates
  FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE locktype = 'advisory' AND (classid, objid, objsubid) = (${KEY[0]}, ${KEY[1]}, 2) AND granted
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY migrates DESC, xact_start
  LIMIT 1`;

/** How long a migration waits for checks, and how often it looks, in milliseconds. */
const PATIENCE = 5000;
const PAUSE = 100;

/**
 * Takes the lock that lets one migration at a time run on a database, and no check beside it: half of
 * what a check sees would be from before, half from after. It ends with the transaction, and so with the
 * session, however that ends. A migration waits a moment for checks; a check never waits. Throws
 * `LOCKED`, saying who holds it.
 */
async function takeLock(connection, kind) {
  // Whoever looks at pg_stat_activity, such as the next one to want the lock, sees who we are.
  const name = `keystone-upgrade-relationships, process ${process.pid} on ${os.hostname()}`;
  await connection.query(`SELECT set_config('application_name', $1, true)`, [name.slice(0, 63)]);
  for (const until = Date.now() + PATIENCE; ;) {
    const [{ taken }] = await connection.query(`SELECT ${KINDS[kind]}(${KEY.join(', ')}) AS taken`);
    if (taken) return;
    const [holder] = await connection.query(HOLDER);
    if (holder && holder.migrates) throw locked(holder);
    // Whoever cannot be seen has just ended, or is not there as a session: no reason to wait for ever.
    if (Date.now() > until) throw locked(holder || UNSEEN);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

const UNSEEN = { name: 'a session that pg_stat_activity does not show', migrates: true };

function locked({ pid, name, user, address, since, migrates }) {
  const what = migrates ? 'migration' : 'check';
  const from = address ? ` from ${address}` : '';
  const who = name || 'a session';
  const details = pid ? ` (user ${user}${from}, since ${since}, server process ${pid})` : '';
  const then = migrates ? ' and takes back what it did' : ': it only reads';
  const end = pid ? ` Should it hang, SELECT pg_terminate_backend(${pid}) ends it${then}.` : '';
  return new UpgradeError('LOCKED', [
    `A ${what} of this database is running: ${who}${details}.`,
    `Wait for it to end.${end}`,
  ]);
}

module.exports = { takeLock };
