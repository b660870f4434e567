'use strict';

// What the tests need to run servers of their own.

const net = require('net');

/** Calls a function when this process ends, by itself or by a signal. Returns how to forget that. */
function onEnd(action) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const onSignal = (signal) => {
    forget();
    action();
    process.kill(process.pid, signal); // Nothing handles it any more: it does what it always does.
  };
  const forget = () => {
    process.off('exit', action);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.once('exit', action);
  for (const signal of signals) process.once(signal, onSignal);
  return forget;
}

/** A port that nobody listens on at the moment. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Calls a function with a free port; another process may take that first, so it tries again. */
async function onFreePort(start) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return await start(port);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

module.exports = { onEnd, onFreePort };
