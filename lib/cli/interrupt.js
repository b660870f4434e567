'use strict';

/**
 * Makes the first signal that would end the process ask for a clean end in its place, by a `signal` that
 * is an `AbortSignal` as far as it is needed here, because older Nodes have none. A second one ends the
 * process at once. `stop` leaves the signals to what they always do.
 */
function watchInterrupts(guard, onFirst, onSecond) {
  const listeners = new Set();
  const signal = {
    aborted: false,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
  const stop = guard.onSignal(() => {
    signal.aborted = true;
    onFirst();
    listeners.forEach((listener) => listener());
  }, onSecond);
  return { signal, stop };
}

module.exports = { watchInterrupts };
