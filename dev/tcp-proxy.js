'use strict';

// A network between a client and any server, which counts connections and can hold what is sent.

const net = require('net');

/**
 * Starts a proxy.
 *
 * @param {{ host: string, port: number }} [server] without one, it accepts connections and stays silent
 * @param {(text: string) => unknown} [onSent] is asked about all that a client sends, as latin1; it may
 *   take its time, and meanwhile the client waits; a text that it returns is sent instead
 * @returns {Promise<{ address: string, connections: number, stop: () => void }>}
 */
function startTcpProxy(server, onSent = () => {}) {
  const sockets = new Set();
  const proxy = { connections: 0 };
  const listener = net.createServer((client) => {
    proxy.connections += 1;
    const upstream = server ? net.connect(server) : undefined;
    const pair = [client, upstream].filter(Boolean);
    for (const socket of pair) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => pair.forEach((other) => other.destroy()));
    }
    if (!upstream) return;
    upstream.pipe(client);
    let last = Promise.resolve();
    client.on('data', (bytes) => {
      last = last
        .then(() => onSent(bytes.toString('latin1')))
        .then((other) =>
          upstream.write(typeof other === 'string' ? Buffer.from(other, 'latin1') : bytes),
        );
    });
  });
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      proxy.address = `127.0.0.1:${listener.address().port}`;
      proxy.stop = () => {
        for (const socket of sockets) socket.destroy();
        listener.close();
      };
      resolve(proxy);
    });
  });
}

module.exports = { startTcpProxy };
