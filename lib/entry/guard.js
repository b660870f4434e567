'use strict';

const { warn, fail } = require('../messages');
const { describeError, projectPlaces } = require('./project-error');

/**
 * Guards a run against what a project does to the process it is loaded in. The project's server
 * never starts here, so its broken connections and timers are no concern of the run; and whatever
 * ends the process early, the run must not look like a success.
 *
 * @returns {{ exit: (code: number) => Promise<void> }} `exit` is the one way to end the process
 *   without an error; it first lets all messages reach stderr
 */
function guardProcess() {
  // Newer Nodes raise unhandled rejections here too; older ones print a warning themselves.
  process.on('uncaughtException', backgroundWarner());

  // Emitted when nothing is left to wait for, but not by `process.exit()`.
  let idle = false;
  process.on('beforeExit', () => {
    idle = true;
  });

  const onExit = (code) => {
    fail(idle ? NEVER_SETTLED : exited(code));
    process.exitCode = 1;
  };
  process.on('exit', onExit);

  return {
    exit: async (code) => {
      await new Promise((resolve) => process.stderr.write('', () => resolve()));
      process.removeListener('exit', onExit);
      process.exit(code);
    },
  };
}

/** Warns of errors that are thrown in the background; a client that retries repeats itself. */
function backgroundWarner() {
  const told = new Set();
  return (error) => {
    const text = [describeError(error), ...projectPlaces(error, process.cwd())].join('\n    at ');
    if (told.has(text)) return;
    told.add(text);
    warn(`An error in the background of the project, which does not stop this run:\n  ${text}`);
  };
}

const NEVER_SETTLED = [
  'The project never finished loading: it waits for something that can no longer happen.',
  '  Look for a promise at the top level of the entry file (an `await`, or an exported promise)',
  '  that is neither resolved nor rejected.',
].join('\n');

function exited(code) {
  // The listener runs inside the call of process.exit(), so this stack leads to the caller.
  const places = projectPlaces(new Error(), process.cwd());
  return [
    `The project ended the process while it was being loaded, with process.exit(${code}).`,
    ...places.map((place) => `    at ${place}`),
    '  Often this is its answer to a missing environment variable: look at what it printed above.',
  ].join('\n');
}

module.exports = { guardProcess };
