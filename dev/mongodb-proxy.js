'use strict';

// A network between a client and its server that can be cut, or stopped, at any write command.

const net = require('net');

const HEADER = 16;
const OP_MSG = 2013;

const WRITES =
  /^(?:insert|update|delete|findAndModify|create|createIndexes|dropIndexes|drop|renameCollection)$/;

/**
 * Starts a proxy.
 *
 * @param {{ host: string, port: number }} server
 * @param {(command: { name: string, number: number, isBeat: boolean }) => Action | Promise<Action>}
 *   onWrite is asked about each write command, in their order from 1; it may take its time. `isBeat`:
 *   it says only that the migration is at work, as there is one before each of the others
 * @returns {Promise<{ address: string, writes: string[], stop: () => Promise<void> }>} `writes`: the
 *   names of the commands so far
 *
 * @typedef {'pass' | 'cut' | 'cut after'} Action `cut`: the command is not sent, and nothing gets
 *   through any more; `cut after`: it is executed and the answer lost, and new connections work
 */
async function startProxy(server, onWrite) {
  const sockets = new Set();
  const writes = [];
  let isCut = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };

  const listener = net.createServer((client) => {
    if (isCut) return client.destroy();
    const upstream = net.connect(server);
    /** The command of this connection whose answer is to be lost. */
    let lost;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    // One after the other, however long one takes.
    let last = Promise.resolve();
    client.on(
      'data',
      messages((message) => {
        last = last.then(async () => {
          const name = writeOf(message);
          const write = () => ({ name, number: writes.push(name), isBeat: isBeat(message) });
          const action = name ? await onWrite(write()) : 'pass';
          if (action === 'cut') {
            isCut = true;
            return cut();
          }
          if (action === 'cut after') lost = message.readInt32LE(4);
          upstream.write(message);
        });
      }),
    );
    upstream.on(
      'data',
      messages((message) => {
        if (message.readInt32LE(8) === lost) cut();
        else client.write(message);
      }),
    );
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${listener.address().port}`,
    writes,
    stop: () =>
      new Promise((resolve) => {
        listener.close(resolve);
        cut();
      }),
  };
}

/** Calls back for each whole message of a stream of bytes. */
function messages(onMessage) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      onMessage(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
}

/** The name of a message's command when it writes. */
function writeOf(message) {
  if (message.readInt32LE(12) !== OP_MSG) return undefined;
  // Flags, the kind of the section, the length of its document, the type of the first field.
  const start = HEADER + 4 + 1 + 4 + 1;
  const name = message.toString('utf8', start, message.indexOf(0, start));
  if (WRITES.test(name)) return name;
  const isWriting = message.includes('$out\0') || message.includes('$merge\0');
  return name === 'aggregate' && isWriting ? name : undefined;
}

/** The heartbeat of a migration's lock: no more than a time. */
const isBeat = (message) =>
  message.includes('keystone_upgrade_relationships\0') &&
  message.includes('$set\0') &&
  !['host\0', 'phase\0', 'copies\0'].some((field) => message.includes(field));

module.exports = { startProxy };
