'use strict';

const os = require('os');
const { hideSecrets } = require('../connect/secrets');
const { UpgradeError } = require('../error');
const { inspect } = require('../inspect');
const { migrate } = require('../mongodb-runner');
const { asker } = require('./check');

/** From these on it can only go on. */
const FORWARD = ['resume', 'repair', 'index', 'remove'];

const GOES_ON = 'Run it again: it goes on where it was stopped.';

/**
 * Runs a migration on a MongoDB database by the runner that is in its script, and verifies what has
 * come of it.
 *
 * @param {object} connection
 * @param {object} options - as for PostgreSQL; `statements` is what the runner takes
 * @returns {Promise<{ outcome: object, notices: string[] }>}
 * @throws {UpgradeError} `INTERRUPTED`, `MIGRATION_FAILED`, both of which say whether anything has been
 *   changed; `NOT_VERIFIED`, after which it has been
 */
async function migrateMongodb(connection, { statements, core, compare, onProgress, signal }) {
  const measure = () => inspect(core, asker(connection));
  const notices = [];
  let isForward = false;
  const report = ({ phase, text, isWarning }) => {
    isForward = isForward || FORWARD.includes(phase);
    if (isWarning) notices.push(text);
    else if (phase !== 'done') onProgress({ phase: 'migrate', title: text });
    // Between two steps, of which each is whole.
    if (signal && signal.aborted && phase !== 'done') throw interrupted(isForward);
  };
  const before = await measure();
  try {
    await migrate(statements, {
      command: (command) => connection.command(command),
      adminCommand: (command) => connection.adminCommand(command),
      database: connection.place.name,
      process: { host: os.hostname(), pid: process.pid },
      isAlive,
      report,
    });
  } catch (error) {
    if (error instanceof UpgradeError) throw error;
    const isLocked = /^Another run is at work/.test(error.message);
    const left = isForward ? GOES_ON : 'Nothing of yours has been changed.';
    const text = isLocked ? error.message : `${error.message}\n  ${left}`;
    throw new UpgradeError(isLocked ? 'LOCKED' : 'MIGRATION_FAILED', hideSecrets(text));
  }
  onProgress({ phase: 'verify', title: 'Verifying' });
  const after = await measure();
  const outcome = compare(before, after);
  if (!outcome.isVerified) throw notVerified(outcome);
  return { before, after, outcome, notices };
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function interrupted(isForward) {
  return new UpgradeError(
    'INTERRUPTED',
    isForward ? `Interrupted. ${GOES_ON}` : 'Interrupted. Nothing has been changed.',
  );
}

function notVerified(outcome) {
  const text = ['The migration has been run, but not everything is as it must be.'];
  const messages = text.concat(outcome.problems.map(({ message }) => message));
  const error = new UpgradeError('NOT_VERIFIED', messages.join('\n  '), outcome.problems);
  return Object.assign(error, { outcome });
}

module.exports = { migrateMongodb };
