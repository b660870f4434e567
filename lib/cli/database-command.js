'use strict';

const { confirm } = require('./confirm');
const { watchInterrupts } = require('./interrupt');
const { info, warn } = require('../messages');
const { showProgress } = require('./progress');
const { applyReport, checkReport, dryRunReport } = require('./report');
const { visible } = require('../visible');
const { widthOf } = require('../wrap');

/**
 * `--check` and `--apply`: what the command does with a connection. `which` are the options of the API
 * that say which migration it is. Gives the text for stdout or for the `file`, and what has been found or
 * done.
 */
async function runOnDatabase(keystone, which, { args, guard, file }) {
  const progress = showProgress();
  const run = args['--apply'] ? applyOn : checkOn;
  try {
    const { result, reportOf, exitCode } = await run(keystone, which, { args, guard, progress });
    progress.stop();
    const isSeen = !file && process.stdout.isTTY && !args['--json'];
    noticesBeside(result, isSeen).forEach((notice) => info(notice));
    const width = file ? undefined : widthOf(process.stdout);
    const text = args['--json'] ? `${JSON.stringify(result, null, 2)}\n` : reportOf(width);
    return { text: visible(text), exitCode, inspection: result };
  } finally {
    progress.stop();
  }
}

/** The server's notices. Where the report is seen beside them, without the repairs that are in both. */
function noticesBeside({ notices = [], relationships = [] }, isSeen) {
  const repaired = relationships.filter(({ reconcile }) => isSeen && reconcile);
  return notices.filter((notice) => !repaired.some(({ name }) => notice.startsWith(`${name}: `)));
}

async function checkOn(keystone, which, { progress: { onProgress } }) {
  const { check } = require('../database/check');
  const result = await check(keystone, { ...which, onProgress });
  const exitCode = result.isReady || result.isDone ? 0 : 2;
  return { result, reportOf: (width) => checkReport(result, width), exitCode };
}

async function applyOn(keystone, which, { args, guard, progress }) {
  const { apply } = require('../database/apply');
  let step = { title: 'Loading' };
  const onProgress = (event) => {
    step = event;
    progress.onProgress(event);
  };
  const interrupts = watchInterrupts(
    guard,
    () => {
      progress.stop();
      const title = visible(step.title);
      warn(
        `Interrupted: coming to a clean end …\n  It waits for the end of this step: ${title}. Another Ctrl-C ends it at once.`,
      );
    },
    () => {
      progress.stop();
      warn(`Ended at once. ${step.left || 'Nothing has been changed.'}`);
    },
  );
  const { signal } = interrupts;
  const dryRun = Boolean(args['--dry-run']);
  const ask = async (inspection) => {
    progress.stop();
    return args['--yes'] || confirm(inspection, signal, { dryRun });
  };
  try {
    const oneWay = Boolean(args['--one-way']);
    const how = { dryRun, oneWay, confirm: ask, onProgress, signal };
    const result = await apply(keystone, { ...which, ...how });
    const { isRehearsed, check } = result;
    if (!dryRun) return { result, reportOf: (width) => applyReport(result, width), exitCode: 0 };
    return isRehearsed
      ? { result, reportOf: (width) => dryRunReport(result, width), exitCode: 0 }
      : { result, reportOf: (width) => checkReport(check, width), exitCode: check.isDone ? 0 : 2 };
  } finally {
    interrupts.stop();
  }
}

module.exports = { runOnDatabase };
