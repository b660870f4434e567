'use strict';

const { UpgradeError } = require('../../error');
const { interrupted, notVerified } = require('../failure');
const { inspect } = require('../inspect');
const { migrate } = require('./runner');
const { asker } = require('./check');
const { isLost, serverError } = require('./failure');

/** From these phases on, the user's own data has changed, and the migration can only go forward. */
const FORWARD = ['resume', 'fill', 'repair', 'index', 'remove'];

/** How far a migration has come, for a user who is cut off from it. */
const UNTOUCHED = 'None of your documents has been changed.';
const GOES_ON =
  'The database has been changed in part. Run it again: it goes on where it was stopped.';
const LEFTOVERS = 'The next run removes the copies that this one has made.';
const TAKEN_OVER = 'That run says what has been changed; so does --check once it has ended.';
/** What cannot be taken back, or would change more than copies. */
const SKIPPED = {
  up: ['giving the join collections their names', 'repairs', 'indexes of lists', 'removals'],
  down: ['copies into the documents', 'indexes of lists', 'removals'],
};

const UNEXPECTED = 'The migration has been run, but not everything is as it must be.';
const DONE = 'The migration has been done, and not been verified: --check says what there is.';

/**
 * Runs a migration on a MongoDB database by the runner that is in its script, and verifies what has come
 * of it. The options are as for PostgreSQL; `statements` is what the runner takes.
 *
 * The errors `LOCKED`, `INTERRUPTED`, `MIGRATION_FAILED` and `CONNECTION_LOST` all say whether anything
 * has been changed; after `NOT_VERIFIED` it has been.
 */
async function migrateMongodb(connection, options) {
  const { statements, core, compare, onProgress, signal, dryRun } = options;
  const measure = () => inspect(core, asker(connection));
  const warnings = [];
  const copied = new Map();
  let position = UNTOUCHED;
  let before;
  const left = () => (position === UNTOUCHED ? `${position} ${LEFTOVERS}` : position);
  let outcome;
  const report = ({ phase, text, isWarning, relationship, done, rate }) => {
    if (FORWARD.includes(phase)) position = GOES_ON;
    if (isWarning) {
      // The check has already said what is left out.
      if (phase !== 'leave' || !before.relationships.some((it) => it.reconcile)) {
        const it = before.relationships.find(({ name }) => text.startsWith(`${name}: `));
        warnings.push({ code: 'DATA', message: `${text}.`, relationship: it && it.relationship });
      }
    } else if (phase !== 'done') {
      const it = before.relationships.find(({ name }) => name === relationship);
      const count = it && { relationship: it.relationship, done, total: it.expected, rate };
      if (it && phase === 'count') copied.set(it, done);
      onProgress({ phase: 'migrate', title: text, left: left(), ...count });
    }
    // This is between two steps, and each is complete in itself.
    if (signal.aborted && phase !== 'done') throw interrupted(position);
  };
  try {
    before = await measure();
    warnings.push(...before.warnings);
    await migrate(statements, {
      ...connection.shell,
      isDryRun: dryRun,
      report,
      async verify() {
        position = DONE;
        onProgress({ phase: 'verify', title: 'Verifying', left: position });
        outcome = compare(before, await measure());
        if (!outcome.isVerified) throw notVerified(UNEXPECTED, outcome);
      },
    });
    if (dryRun) {
      const relationships = [...copied].map(([{ relationship, name, expected }, after]) => {
        const before = expected === undefined ? after : expected;
        return { relationship, name, before, after, explanation: null };
      });
      return { relationships, warnings, notices: [], skipped: SKIPPED[statements.direction] };
    }
    return { relationships: outcome.relationships, warnings, notices: [], skipped: [] };
  } catch (error) {
    if (error.isTakenOver) position = TAKEN_OVER;
    throw explain(error, error.isUntouched ? UNTOUCHED : position);
  }
}

function explain(error, position) {
  if (error instanceof UpgradeError) return error;
  const role = 'readWrite';
  const more = [position];
  if (/^Another run is at work/.test(error.message)) return serverError('LOCKED', error, { role });
  if (!isLost(error)) return serverError('MIGRATION_FAILED', error, { role, more });
  return serverError('CONNECTION_LOST', error, { role, before: 'The connection was lost: ', more });
}

module.exports = { migrateMongodb };
