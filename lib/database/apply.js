'use strict';

const { look } = require('./check');
const { withConnection } = require('./connect');
const { UpgradeError } = require('../error');
const { interrupted } = require('./failure');
const { migrateMongodb } = require('./mongodb/migrate');
const { migratePostgres } = require('./postgres/migrate');
const { loadProject } = require('./project');

/** The signal of a run that nobody can end. */
const NEVER = { aborted: false, addEventListener() {}, removeEventListener() {} };

/**
 * The MongoDB script makes indexes and empty join collections that are missing, also where there are no
 * links to move.
 */
const ENGINES = {
  postgresql: { migrate: migratePostgres, isForDoneToo: false },
  mongodb: { migrate: migrateMongodb, isForDoneToo: true },
};

/**
 * Runs the migration on a project's database, or with `direction: 'down'` the way back: connects,
 * checks, asks for consent, runs the statements of `plan.statements()`, and verifies the result. With
 * `dryRun` it takes everything back again.
 *
 * @param {object} keystone - a Keystone 5 object with all its lists created
 * @param {object} [options] - as `index.d.ts` describes them
 * @returns {Promise<object>} what was done
 * @throws {UpgradeError} rejects so, with a stable `code`: those of `check` and of what it finds,
 *   `DECLINED`, `INTERRUPTED`, `MIGRATION_FAILED`, `NOT_VERIFIED`, `CONNECTION_LOST`,
 *   `COMMIT_UNKNOWN`
 */
async function apply(keystone, options = {}) {
  const { plan, part, inspect, statements, compare } = loadProject(keystone, options);
  const { onProgress = () => {}, confirm = () => true, signal = NEVER, dryRun = false } = options;
  checkWayBack(plan, options);
  onProgress({ phase: 'connect', title: 'Connecting' });
  return withConnection(keystone, part.name, async (connection) => {
    const inspection = await unlessAborted(
      look(connection, part, inspect(options), onProgress),
      signal,
    );
    const { migrate, isForDoneToo } = ENGINES[part.engine];
    const run = () =>
      migrate(connection, {
        statements: statements(options, inspection),
        core: inspect({ ...options, isRunning: true }),
        compare,
        onProgress,
        signal,
        dryRun,
      });
    if (inspection.isDone) {
      if (isForDoneToo && part.hasChanges && !dryRun) await run();
      return { isApplied: false, check: inspection };
    }
    if (!inspection.isReady) {
      if (dryRun) return { isApplied: false, isRehearsed: false, check: inspection };
      throw notReady(inspection);
    }
    if (!(await confirm(inspection))) {
      throw new UpgradeError('DECLINED', 'Nothing has been changed.');
    }
    const began = Date.now();
    const { relationships, warnings, notices, lockedMs, skipped } = await run();
    const done = { check: inspection, relationships, warnings, notices };
    if (!dryRun) return { isApplied: true, ...done };
    const times = { durationMs: Date.now() - began, lockedMs };
    return { isApplied: false, isRehearsed: true, ...done, ...times, skipped };
  });
}

/** Does not wait for the server, which may be counting for minutes. */
function unlessAborted(looking, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(interrupted('Nothing has been changed.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    looking.then(resolve, reject).then(() => signal.removeEventListener('abort', stop));
  });
}

/** Refuses a migration that could not be rolled back, unless the user accepts that. */
function checkWayBack(plan, options) {
  if (options.direction === 'down' || options.oneWay) return;
  try {
    plan.statements({ ...options, direction: 'down' });
  } catch (error) {
    const lines = [
      'Nothing has been changed, because there would be no rollback.',
      error.message,
      'To migrate without a rollback, add --one-way (the option `oneWay` in the API).',
    ];
    throw new UpgradeError(error.code, lines, error.problems);
  }
}

function notReady(inspection) {
  const { direction, problems } = inspection;
  const what = direction === 'down' ? 'rollback' : 'migration';
  const heading = `The ${what} cannot be run. Nothing has been changed. Resolve these problems, then run it again:`;
  const lines = [heading, ...problems.map(({ message }) => message)];
  return Object.assign(new UpgradeError(problems[0].code, lines, problems), { check: inspection });
}

module.exports = { apply };
