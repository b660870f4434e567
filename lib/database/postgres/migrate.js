'use strict';

const { UpgradeError } = require('../../error');
const { interrupted, notVerified } = require('../failure');
const { inspect } = require('../inspect');
const { asker } = require('./check');
const { isLost, serverError } = require('./failure');
const { takeLock } = require('./lock');

const ROLLED_BACK = 'Nothing has been changed: the server rolls the transaction back.';
const UNKNOWN = 'The server may have committed the migration: --check says which schema there is.';
const UNCHANGED = 'Nothing has been changed: the transaction was rolled back.';
const UNEXPECTED = `The migration did not do what it must. ${UNCHANGED}`;

/**
 * Runs the statements of a migration on a PostgreSQL database, and verifies what comes of them before
 * they are committed, or with `dryRun` taken back. `core` is as for `inspect`, for a migration that runs;
 * `compare` is the core's judgement of what was found before and after; `signal` ends the run.
 *
 * After an error nothing has been changed, but for `COMMIT_UNKNOWN`: `LOCKED`, `INTERRUPTED`,
 * `NOT_VERIFIED` (with the `outcome`), `CONNECTION_LOST`, `MIGRATION_FAILED`.
 */
async function migratePostgres(connection, options) {
  const { statements, core, compare, onProgress, signal, dryRun } = options;
  const isStep = ({ title }, at) => title && (at === 0 || statements[at - 1].title !== title);
  const steps = statements.filter(isStep).length;
  let step = 0;
  const notices = [];
  const stopListening = connection.onNotice((message) => notices.push(message));
  const cancel = () => connection.cancel().catch(() => {});
  signal.addEventListener('abort', cancel);
  const measure = () => inspect(core, asker(connection));
  let running;
  let isCommitting = false;
  let before;
  let outcome;
  let lockedAt;
  try {
    for (const [at, statement] of statements.entries()) {
      const { role, title, relationship, sql } = statement;
      running = title;
      if (signal.aborted) throw interrupted(UNCHANGED);
      if (role === 'commit') {
        onProgress({ phase: 'verify', title: 'Verifying', left: ROLLED_BACK });
        outcome = compare(before, await measure());
        if (!outcome.isVerified) throw notVerified(UNEXPECTED, outcome);
        if (dryRun) {
          onProgress({ phase: 'verify', title: 'Taking it back', left: ROLLED_BACK });
          await connection.query('ROLLBACK');
          break;
        }
        // What is asked from now on is too late: the commit is not to be cancelled.
        signal.removeEventListener('abort', cancel);
        isCommitting = true;
        onProgress({ phase: 'verify', title: 'Committing', left: UNKNOWN });
      }
      if (isStep(statement, at)) {
        step += 1;
        onProgress({ phase: 'migrate', title, relationship, step, steps, left: ROLLED_BACK });
      }
      if (role === 'lock') await takeLock(connection, 'migration');
      await connection.query(sql);
      // From here on no one else changes what is counted.
      if (role === 'lock') {
        lockedAt = Date.now();
        before = await measure();
      }
    }
    const { relationships, warnings } = outcome;
    const lockedMs = Date.now() - lockedAt;
    return { relationships, warnings, notices, lockedMs, skipped: [] };
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => {}); // The session may be gone.
    throw explain(error, { title: running, isCommitting, signal });
  } finally {
    signal.removeEventListener('abort', cancel);
    stopListening();
  }
}

function explain(error, { title, isCommitting, signal }) {
  if (error instanceof UpgradeError) return error;
  if (isLost(error)) {
    return isCommitting
      ? serverError('COMMIT_UNKNOWN', error, [
          'The connection was lost while the migration was being committed. It is done whole or not at all: --check says which.',
        ])
      : serverError('CONNECTION_LOST', error, [
          'The connection was lost. Nothing has been changed: the server rolls back what is not committed. Run it again.',
        ]);
  }
  if (signal.aborted) return interrupted(UNCHANGED);
  const where = title ? [`At: ${title}`] : [];
  const isSaid = /Nothing has been changed/.test(error.hint);
  return serverError('MIGRATION_FAILED', error, isSaid ? where : [...where, UNCHANGED]);
}

module.exports = { migratePostgres };
