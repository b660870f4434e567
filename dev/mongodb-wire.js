'use strict';

// MongoDB's wire protocol, as far as a proxy has to understand it: whole messages, the documents in
// them, and answers of its own.

const path = require('path');
const { createRequire } = require('module');
const { newKeystone } = require('./keystones');

const HEADER = 16;
const OP_REPLY = 1;
const OP_MSG = 2013;
/** Where the document of an answer begins: behind flags and the kind of the section, or behind flags,
 * cursor, start and number. */
const BODY = { [OP_MSG]: HEADER + 5, [OP_REPLY]: HEADER + 20 };

let bson;

/** BSON as the driver of the new Keystone reads it: newer ones do not work in Jest's realm. */
function codec() {
  if (!bson) {
    const load = createRequire(path.join(newKeystone(), 'mongoose', 'index.js'));
    const BSON = load('bson');
    const { Long, ObjectID, Binary, Code, DBRef, Symbol: Name, Double, Timestamp, MaxKey } = BSON;
    const { MinKey, Int32, Decimal128, BSONRegExp } = BSON;
    const values = [Binary, Code, DBRef, Decimal128, Double, Int32, Long, BSON.Map, MaxKey, MinKey];
    bson = new BSON([...values, ObjectID, BSONRegExp, Name, Timestamp]);
  }
  return bson;
}

const requestOf = (message) => message.readInt32LE(4);
const answeredBy = (message) => message.readInt32LE(8);
const kindOf = (message) => message.readInt32LE(12);

/**
 * Cuts a stream of bytes into messages.
 *
 * @param {(message: Buffer) => void} onMessage called for each whole message
 * @returns {(chunk: Buffer) => void} takes the bytes
 */
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

/**
 * The command that a message carries.
 *
 * @param {Buffer} message from a client
 * @returns {object | undefined} the whole command, or nothing where the message is of the old kind that
 *   drivers use only to say hello
 */
function commandOf(message) {
  if (kindOf(message) !== OP_MSG) return undefined;
  const command = {};
  for (let at = HEADER + 4; at < message.length;) {
    const isDocument = message[at] === 0;
    const end = at + 1 + message.readInt32LE(at + 1);
    if (isDocument) {
      Object.assign(command, codec().deserialize(message.subarray(at + 1, end)));
    } else {
      // A sequence of documents, which stands for an array in the command.
      const zero = message.indexOf(0, at + 5);
      const documents = [];
      for (let from = zero + 1; from < end;) {
        const to = from + message.readInt32LE(from);
        documents.push(codec().deserialize(message.subarray(from, to)));
        from = to;
      }
      command[message.toString('utf8', at + 5, zero)] = documents;
    }
    at = end;
  }
  return command;
}

/**
 * The document that a server answers with.
 *
 * @param {Buffer} message from a server
 * @returns {object} with the numbers as BSON has them, so that it can be sent on unchanged
 */
function answerOf(message) {
  return codec().deserialize(message.subarray(BODY[kindOf(message)]), { promoteValues: false });
}

/**
 * An answer with another document.
 *
 * @param {Buffer} message from a server
 * @param {object} document
 * @returns {Buffer}
 */
function withAnswer(message, document) {
  const start = message.subarray(0, BODY[kindOf(message)]);
  return sized(Buffer.concat([start, codec().serialize(document, { ignoreUndefined: true })]));
}

/**
 * An answer to a command that the server has not seen.
 *
 * @param {Buffer} request
 * @param {object} document
 * @returns {Buffer}
 */
function answerTo(request, document) {
  const start = Buffer.alloc(BODY[OP_MSG]);
  start.writeInt32LE(requestOf(request), 4);
  start.writeInt32LE(requestOf(request), 8);
  start.writeInt32LE(OP_MSG, 12);
  return sized(Buffer.concat([start, codec().serialize(document, { ignoreUndefined: true })]));
}

function sized(message) {
  message.writeInt32LE(message.length, 0);
  return message;
}

module.exports = { answerOf, answerTo, answeredBy, commandOf, messages, requestOf, withAnswer };
