'use strict';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Makes the first signal that would end the process ask for a clean end in its place. A second one
 * ends it at once.
 *
 * @param {() => void} onFirst - called at the first signal
 * @returns {{ signal: object, stop: () => void }} `signal` is an `AbortSignal` as far as it is needed
 *   here, because older Nodes have none; `stop` leaves the signals to what they always do
 */
function watchInterrupts(onFirst) {
  const listeners = new Set();
  const signal = {
    aborted: false,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
  const stop = () => SIGNALS.forEach((name) => process.removeListener(name, onSignal));
  const onSignal = () => {
    stop();
    signal.aborted = true;
    onFirst();
    listeners.forEach((listener) => listener());
  };
  SIGNALS.forEach((name) => process.on(name, onSignal));
  return { signal, stop };
}

module.exports = { watchInterrupts };
