'use strict';

const fs = require('fs');
const Module = require('module');
const { Socket } = require('net');
const { UpgradeError } = require('../error');
const { reasonOf } = require('./system-error');

/**
 * Keeps stdout for the result. A project may print while it is loaded, through `console.log` or, as
 * the logger pino does, straight to file descriptor 1: all of that goes to stderr.
 */

const STDOUT = 1;
const STDERR = 2;

let captured;

/**
 * From now until the process ends, redirects to stderr all that this process writes to stdout. What it
 * returns is the only way to stdout that is left: `write` resolves when the file, pipe or terminal has
 * taken the whole text, or when the reader has gone (`| head -1`), and is rejected with `OUT_FAILED`.
 * Calling this again gives the same object.
 */
function captureStdout() {
  if (!captured) captured = capture();
  return captured;
}

function capture() {
  // Node makes this stream on first use. For a file it keeps the `fs.writeSync` of that moment, so
  // the stream has to exist before `fs.writeSync` is replaced.
  const { stdout, stderr } = process;
  const { writeSync } = fs;
  const writeStdout = stdout.write;

  // A reader that has gone is not an error here, and nobody is left to report it to.
  stdout.on('error', () => {});
  stderr.on('error', () => {});

  stdout.write = (...args) => stderr.write(...args);
  // What writes to an open file takes its descriptor first.
  for (const name of Object.keys(fs).filter((it) => /^(write|append)/.test(it))) redirect(name);
  // Brings the replaced functions to `import { writeSync } from 'fs'`, where this Node has that.
  // eslint-disable-next-line n/no-unsupported-features/node-builtins
  if (Module.syncBuiltinESMExports) Module.syncBuiltinESMExports();

  const writeStream = (text) =>
    new Promise((resolve, reject) => {
      writeStdout.call(stdout, text, (error) => (error ? reject(error) : resolve()));
    });

  // Node's own stream for a file takes a write that a full disk cut short for a complete one.
  const writeFile = async (text) => {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length;) {
      done += writeSync(STDOUT, bytes, done, bytes.length - done);
    }
  };

  const write = stdout instanceof Socket ? writeStream : writeFile;
  return {
    write: (text) =>
      write(text).catch((error) => {
        if (error.code === 'EPIPE') return;
        throw new UpgradeError('OUT_FAILED', `Cannot write to stdout: ${reasonOf(error)}`);
      }),
  };
}

function redirect(name) {
  const original = fs[name];
  const redirected = function (fd, ...rest) {
    return original.call(this, fd === STDOUT ? STDERR : fd, ...rest);
  };
  // Keeps `length`, and the symbol that `util.promisify` looks for.
  Object.defineProperties(redirected, Object.getOwnPropertyDescriptors(original));
  fs[name] = redirected;
}

module.exports = { captureStdout };
