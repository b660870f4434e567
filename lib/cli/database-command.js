'use strict';

const { confirm } = require('./confirm');
const { watchInterrupts } = require('./interrupt');
const { info, warn } = require('../messages');
const { showProgress } = require('./progress');
const { applyReport, checkReport, dryRunReport } = require('./report');
const { visible } = require('../visible');

/**
 * `--check` and `--apply`: what the command does with a connection.
 *
 * @param {object} keystone
 * @param {{ resolveFrom: string[] }} from - where the project's packages are
 * @param {object} args - the options of the command
 * @param {object} guard - of the process
 * @returns {Promise<{ text: string, exitCode: number, hasMigrated: boolean, inspection: object }>} the
 *   result for stdout, whether the database has been changed, and what has been found or done
 * @throws {UpgradeError}
 */
async function runOnDatabase(keystone, from, args, guard) {
  const options = Object.assign({}, from, {
    adapter: args['--adapter'],
    direction: args['--rollback'] ? 'down' : 'up',
    reconcile: Boolean(args['--reconcile']),
  });
  if (args['--dry-run']) options.dryRun = true;
  if (args['--one-way']) options.oneWay = true;
  const run = args['--apply'] ? applyOn : checkOn;
  const width = args['--out'] ? undefined : process.stdout.columns;
  const { result, report, exitCode } = await run(keystone, options, { args, guard, width });
  return {
    text: visible(args['--json'] ? `${JSON.stringify(result, null, 2)}\n` : report),
    exitCode,
    hasMigrated: Boolean(result.isApplied),
    inspection: result,
  };
}

async function checkOn(keystone, options, { width }) {
  const { check } = require('../database/check');
  const progress = showProgress();
  try {
    const result = await check(keystone, { ...options, onProgress: progress.onProgress });
    progress.stop();
    const exitCode = result.isReady || result.isDone ? 0 : 2;
    return { result, report: checkReport(result, width), exitCode };
  } finally {
    progress.stop();
  }
}

async function applyOn(keystone, options, { args, guard, width }) {
  const { apply } = require('../database/apply');
  const progress = showProgress();
  let step = { title: 'Loading' };
  const onProgress = (event) => {
    step = event;
    progress.onProgress(event);
  };
  const interrupts = watchInterrupts(
    guard,
    () => {
      progress.stop();
      warn(`Interrupted: coming to a clean end …\n  ${waitsFor(step)}`);
    },
    () => {
      progress.stop();
      warn(`Ended at once. ${step.left || 'Nothing has been changed.'}`);
    },
  );
  const ask = async (inspection) => {
    progress.stop();
    return args['--yes'] || confirm(inspection, interrupts.signal, options);
  };
  try {
    const { signal } = interrupts;
    const result = await apply(keystone, { ...options, confirm: ask, onProgress, signal });
    progress.stop();
    if (result.notices) result.notices.forEach((notice) => info(notice));
    if (options.dryRun) return rehearsed(result, width);
    return { result, report: applyReport(result, width), exitCode: 0 };
  } finally {
    progress.stop();
    interrupts.stop();
  }
}

function waitsFor({ title }) {
  return `It waits for the end of this step: ${visible(title)}. Another Ctrl-C ends it at once.`;
}

function rehearsed(result, width) {
  if (!result.isRehearsed) {
    return {
      result,
      report: checkReport(result.check, width),
      exitCode: result.check.isDone ? 0 : 2,
    };
  }
  return { result, report: dryRunReport(result, width), exitCode: 0 };
}

module.exports = { runOnDatabase };
