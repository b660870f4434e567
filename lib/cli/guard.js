'use strict';

const { describeError, projectPlaces } = require('../entry/project-error');
const { fail, warn } = require('../messages');

/**
 * Guards the process against the project that is loaded in it. The project's server never starts here,
 * so its errors in the background do not concern the run, and neither do its handlers of signals and
 * errors. While a database is at stake, the project cannot end the process.
 */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Thrown where the project calls `process.exit()`, because that must not return. */
class ExitRefused extends Error {
  constructor() {
    super('process.exit() was called while keystone-upgrade-relationships was at work');
  }
}

/** From now until the process ends, signals and uncaught errors are handled here alone. */
class Guard {
  constructor() {
    this._exit = process.exit;
    this._emit = process.emit;
    this._isLoading = true;
    this._listeners = [];
    this._warned = new Set();
    const onError = (error) => {
      if (error instanceof ExitRefused) return;
      this._warn(`An error in the background of the project:\n  ${describeError(error)}`, error);
    };
    this._handlers = {
      uncaughtException: onError,
      unhandledRejection: onError,
      // Emitted when nothing is left to wait for.
      beforeExit: () => {
        fail(NEVER_SETTLED);
        this._end(1);
      },
    };
    for (const name of SIGNALS) this._handlers[name] = () => this._onSignal(name);
    this._replaceExit();
    this._replaceEmit();
    // Node looks for signals only while something listens.
    for (const name of SIGNALS) process.on(name, () => {});
  }

  /** From now on, `process.exit()` of the project does not end the process. */
  loaded() {
    this._isLoading = false;
  }

  /**
   * Makes the next signal call a function in place of ending the process. The one after that calls the
   * second function and ends it. Returns what leaves the signals to what they did before.
   */
  onSignal(onFirst, onSecond) {
    this._listeners = [onFirst, onSecond];
    return () => {
      this._listeners = [];
    };
  }

  /** Ends the process, once all messages have reached stderr. */
  async exit(code) {
    await new Promise((resolve) => process.stderr.write('', () => resolve()));
    this._end(code);
  }

  _replaceExit() {
    process.exit = (code = process.exitCode || 0) => {
      // Its stack leads to the caller.
      const refused = new ExitRefused();
      if (this._isLoading) {
        fail(exited(code, refused));
        this._end(1);
      }
      this._warn(`The project called process.exit(${code}). See what it printed above.`, refused);
      throw refused;
    };
  }

  /** Everything that happens to a process reaches its listeners through this method. */
  _replaceEmit() {
    const { _emit: emit, _handlers: handlers } = this;
    process.emit = function (name, ...args) {
      // Node goes on looking for the signal as long as it does not hear of a removed listener.
      if (name === 'removeListener' && SIGNALS.includes(args[0])) return true;
      if (!Object.prototype.hasOwnProperty.call(handlers, name)) {
        return emit.call(this, name, ...args);
      }
      handlers[name](...args);
      return true;
    };
  }

  /** Warns of what the project does in the background, once: a client that retries repeats itself. */
  _warn(text, error) {
    const lines = [text, ...places(error), '  It does not stop this run.'].join('\n');
    if (this._warned.has(lines)) return;
    this._warned.add(lines);
    warn(lines);
  }

  _onSignal(name) {
    const listener = this._listeners.shift();
    if (listener) listener();
    if (this._listeners.length > 0) return undefined;
    // Without listeners, the signal does what it does to any process.
    process.removeAllListeners(name);
    this._emit.call(process, 'removeListener', name, () => {});
    return process.kill(process.pid, name);
  }

  _end(code) {
    // Listeners of the project still run, to write what they hold back. The exit code stays.
    process.exit = () => {};
    process.emit = (name, ...args) => {
      const isHandled = this._emit.call(process, name, ...args);
      process.exitCode = code;
      return isHandled;
    };
    this._exit.call(process, code);
  }
}

function places(error) {
  return projectPlaces(error, process.cwd()).map((place) => `    at ${place}`);
}

const NEVER_SETTLED = [
  'The project never finished loading: it waits for something that can no longer happen.',
  '  Look for a promise at the top level of the entry file (an `await`, or an exported promise)',
  '  that is never resolved or rejected.',
].join('\n');

function exited(code, error) {
  return [
    `The project ended the process while it was loading, with process.exit(${code}).`,
    ...places(error),
    '  A missing environment variable is a usual cause: see what it printed above.',
  ].join('\n');
}

module.exports = { Guard };
