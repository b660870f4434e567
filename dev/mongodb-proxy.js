'use strict';

// A network between a client and its MongoDB server that can be cut, that can hold a command while
// somebody else writes, and that can answer as another server would.

const net = require('net');
const wire = require('./mongodb-wire');

const WRITES =
  /^(?:insert|update|delete|findAndModify|create|createIndexes|dropIndexes|drop|renameCollection|collMod)$/;

/** What drivers know a server's version by. */
const WIRE_VERSIONS = {
  3.6: 6,
  '4.0': 7,
  4.2: 8,
  4.4: 9,
  '5.0': 13,
  '6.0': 17,
  '7.0': 21,
  '8.0': 25,
};

/**
 * Starts a proxy.
 *
 * Both callbacks are asked about a command before it is sent, and may take their time: meanwhile
 * the client waits, and others can write. To hold the step behind a command, give `reply` as action, which
 * may take its time too.
 *
 * @param {{ host: string, port: number }} server
 * @param {(command: Command) => Action | Promise<Action>} [onWrite] is asked about each write command,
 *   in their order
 * @param {object} [options]
 * @param {(command: Command) => Action | Promise<Action>} [options.onRead] is asked about each of the
 *   others
 * @param {string} [options.version] what the server calls itself, `4.0.28` or `8.0.0-rc5`
 * @param {number} [options.wireVersion] what drivers take it for, where that is not of this version:
 *   drivers that are new do not talk to old servers at all
 * @param {string} [options.replicaSet] the name of a set whose only member it says to be: drivers ask
 *   one server alone for everything, whatever they are told to prefer
 * @returns {Promise<Proxy>} to be stopped with its `stop()`
 *
 * @typedef {object} Command
 * @property {string} name `update`
 * @property {object} command as it was sent: `{ update: 'users', updates, writeConcern, $db, … }`
 * @property {string} [collection] that the command is for
 * @property {number} [number] of a write: its place among all writes, from 1
 * @property {number} [step] of a write that is not a beat: its place among these, from 1. How fast the
 *   machine is makes no difference to it
 * @property {boolean} isBeat whether it says only that a migration is at work, as there is one before
 *   each of its writes
 *
 * @typedef {'pass' | 'cut' | 'cut after' | { error: ServerError } | { answer: object }
 *   | { reply: (answer: object) => object | Promise<object> }} Action
 *   `cut`: the command is not sent, and nothing gets through any more; `cut after`: it is executed and
 *   the answer lost, and new connections work; `error` and `answer`: it is not sent, and this is the
 *   answer; `reply`: it is executed, and the answer becomes what this makes of it. Nothing at all
 *   means `pass`
 *
 * @typedef {{ code: number, codeName?: string, message?: string }} ServerError
 *
 * @typedef {object} Proxy
 * @property {string} address `host:port`
 * @property {string[]} writes the names of the write commands so far
 * @property {Command[]} commands all commands so far
 * @property {() => Promise<void>} stop rejects with what a callback has thrown
 */
async function startProxy(server, onWrite = () => 'pass', options = {}) {
  const { onRead = () => 'pass' } = options;
  const sockets = new Set();
  const writes = [];
  const commands = [];
  /** What callbacks have thrown. */
  const failures = [];
  let steps = 0;
  let isCut = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const pretend = pretender(options, () => listener.address());

  const ask = (message) => {
    const command = wire.commandOf(message);
    if (!command) return 'pass';
    const [name] = Object.keys(command);
    const collection = typeof command[name] === 'string' ? command[name] : undefined;
    const told = { name, command, collection, isBeat: isBeat(command) };
    commands.push(told);
    if (!isWrite(command, name)) return onRead(told);
    told.number = writes.push(name);
    if (!told.isBeat) told.step = ++steps;
    return onWrite(told);
  };

  const listener = net.createServer((client) => {
    if (isCut) return client.destroy();
    const upstream = net.connect(server);
    /** What becomes of the answers to some commands of this connection, by their numbers. */
    const replies = new Map();
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
    const toServer = inOrder(async (message) => {
      const action = (await ask(message)) ?? 'pass';
      if (action === 'cut') {
        isCut = true;
        return cut();
      }
      const answer = action.error ? failure(action.error) : action.answer;
      if (answer) return client.write(wire.answerTo(message, answer));
      if (action === 'cut after') replies.set(wire.requestOf(message), cut);
      if (action.reply) replies.set(wire.requestOf(message), action.reply);
      upstream.write(message);
    });
    const toClient = inOrder(async (message) => {
      const reply = replies.get(wire.answeredBy(message));
      if (!reply && !pretend) return client.write(message);
      if (reply === cut) return cut();
      let answer = wire.answerOf(message);
      if (pretend) answer = pretend(answer);
      if (reply) answer = await reply(answer);
      client.write(wire.withAnswer(message, answer));
    });
    const onFailure = (error) => {
      // The client need not wait for what a callback failed to do.
      failures.push(error);
      cut();
    };
    client.on(
      'data',
      wire.messages((message) => toServer(message).catch(onFailure)),
    );
    upstream.on(
      'data',
      wire.messages((message) => toClient(message).catch(onFailure)),
    );
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    address: nameOf(listener.address()),
    writes,
    commands,
    stop: async () => {
      await new Promise((resolve) => {
        listener.close(resolve);
        cut();
      });
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Calls an asynchronous function for one message after the other, however long one takes. */
function inOrder(use) {
  let last = Promise.resolve();
  return (message) => (last = last.then(() => use(message)));
}

const nameOf = ({ address, port }) => `${address}:${port}`;

/** Makes another server of the one that answers, or nothing when none is asked for. */
function pretender({ version, wireVersion, replicaSet }, address) {
  if (!version && !wireVersion && !replicaSet) return undefined;
  const [, major, minor, patch, candidate] =
    /^(\d+)\.(\d+)\.(\d+)(?:-rc(\d+))?$/.exec(version ?? '') ?? [];
  // A candidate is counted back from the version that it becomes.
  const rank = candidate === undefined ? 0 : Number(candidate) - 50;
  const versionArray = [major, minor, patch].map(Number).concat(rank);
  const maxWireVersion = wireVersion ?? WIRE_VERSIONS[`${major}.${minor}`];
  const member = () => {
    const me = nameOf(address());
    return { setName: replicaSet, hosts: [me], me, primary: me };
  };
  return (answer) => ({
    ...answer,
    ...(replicaSet && answer.maxWireVersion && member()),
    ...(version && answer.versionArray && { version, versionArray }),
    ...(maxWireVersion && answer.maxWireVersion && { maxWireVersion }),
  });
}

const failure = ({ code, codeName = 'Error', message = `an error of the code ${code}` }) => ({
  ...{ ok: 0, errmsg: message, code, codeName },
});

/** An aggregation may read, or write. */
function isWrite(command, name) {
  if (WRITES.test(name)) return true;
  if (name !== 'aggregate') return false;
  const [last = {}] = command.pipeline.slice(-1);
  return '$out' in last || '$merge' in last;
}

/** The heartbeat of a migration's lock: no more than a time. */
function isBeat({ update, updates = [] }) {
  if (update !== 'keystone_upgrade_relationships') return false;
  return updates.every(({ u }) => {
    const values = Object.values(u.$set ?? {});
    return values.length > 0 && values.every((value) => value instanceof Date);
  });
}

module.exports = { startProxy };
