'use strict';

const { UpgradeError } = require('../../error');
const { inspect } = require('../inspect');
const { asker } = require('./check');
const { isLost, serverError } = require('./failure');
const { takeLock } = require('./lock');

const ROLLED_BACK = 'Nothing has been changed: the server rolls the transaction back.';
const UNKNOWN = 'The server may have committed the migration: --check says which schema there is.';
const UNCHANGED = 'Nothing has been changed: the transaction was rolled back.';

/**
 * Runs the statements of a migration on a PostgreSQL database, and verifies what comes of them before
 * they are committed.
 *
 * @param {object} connection
 * @param {object} options
 * @param {object[]} options.statements - those of the plan
 * @param {(answers: object) => object} options.core - as for `inspect`, for a migration that runs
 * @param {(before: object, after: object) => object} options.compare - the core's judgement
 * @param {(event: object) => void} options.onProgress
 * @param {{ aborted: boolean, addEventListener: Function, removeEventListener: Function }} [options.signal]
 *   ends the run; an `AbortSignal`
 * @param {boolean} options.dryRun - takes everything back once it is verified
 * @returns {Promise<{ relationships: object[], warnings: object[], notices: string[], lockedMs: number,
 *   skipped: string[] }>}
 * @throws {UpgradeError} after which nothing has been changed, but for `COMMIT_UNKNOWN`: `LOCKED`,
 *   `INTERRUPTED`, `NOT_VERIFIED` (with the `outcome`), `CONNECTION_LOST`, `MIGRATION_FAILED`
 */
async function migratePostgres(connection, options) {
  const { statements, core, compare, onProgress, signal, dryRun } = options;
  const steps = numberSteps(statements);
  const notices = [];
  const stopListening = connection.onNotice((message) => notices.push(message));
  const stopWatching = onAbort(signal, () => connection.cancel().catch(() => {}));
  const measure = () => inspect(core, asker(connection));
  let running;
  let isCommitting = false;
  let before;
  let outcome;
  let lockedAt;
  try {
    for (const statement of statements) {
      running = statement;
      if (signal && signal.aborted) throw interrupted();
      if (statement.role === 'commit') {
        onProgress({ phase: 'verify', title: 'Verifying', left: ROLLED_BACK });
        outcome = compare(before, await measure());
        if (!outcome.isVerified) throw notVerified(outcome);
        if (dryRun) {
          onProgress({ phase: 'verify', title: 'Taking it back', left: ROLLED_BACK });
          await connection.query('ROLLBACK');
          break;
        }
        // What is asked from now on is too late: the commit is not to be cancelled.
        stopWatching();
        isCommitting = true;
        onProgress({ phase: 'verify', title: 'Committing', left: UNKNOWN });
      }
      const { role } = statement;
      if (steps.has(statement)) onProgress(stepEvent(steps, statement));
      if (role === 'lock') await takeLock(connection, 'migration');
      await connection.query(statement.sql);
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
    throw explain(error, { title: running.title, isCommitting, signal });
  } finally {
    stopWatching();
    stopListening();
  }
}

/** The first statement of each step, statements in a row that have one title, to the step's number. */
function numberSteps(statements) {
  const first = statements.filter(
    ({ title }, at) => title && (at === 0 || statements[at - 1].title !== title),
  );
  return new Map(first.map((statement, at) => [statement, at + 1]));
}

function stepEvent(steps, statement) {
  const { title, relationship } = statement;
  return {
    phase: 'migrate',
    title,
    relationship,
    step: steps.get(statement),
    steps: steps.size,
    left: ROLLED_BACK,
  };
}

/** Calls a function when the signal says so. Returns how to forget that. */
function onAbort(signal, action) {
  if (!signal) return () => {};
  signal.addEventListener('abort', action);
  return () => signal.removeEventListener('abort', action);
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
  if (signal && signal.aborted) return interrupted();
  const where = title ? [`At: ${title}`] : [];
  const told = /Nothing has been changed/.test(error.hint);
  return serverError('MIGRATION_FAILED', error, told ? where : [...where, UNCHANGED]);
}

function interrupted() {
  return new UpgradeError('INTERRUPTED', `Interrupted. ${UNCHANGED}`);
}

function notVerified(outcome) {
  const problems = outcome.problems.map(({ message }) => message);
  const error = new UpgradeError(
    'NOT_VERIFIED',
    [`The migration did not do what it must. ${UNCHANGED}`, ...problems].join('\n  '),
    outcome.problems,
  );
  return Object.assign(error, { outcome });
}

module.exports = { migratePostgres };
