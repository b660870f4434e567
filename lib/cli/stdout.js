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

/** The functions of `fs` that write to an open file, given its descriptor first. */
const FD_WRITERS = [
  'write',
  'writeSync',
  'writev',
  'writevSync',
  'writeFile',
  'writeFileSync',
  'appendFile',
  'appendFileSync',
];

let captured;

/**
 * From now until the process ends, sends to stderr what anything in this process writes to stdout.
 * Calling it again gives the same object.
 *
 * @returns {{ write: (text: string) => Promise<void> }} the one way left to stdout; the promise is
 *   fulfilled when the text has been taken over whole by the file, pipe or terminal, or when its
 *   reader is gone (`| head -1`), and rejected with `OUT_FAILED` when it cannot be written (disk full)
 */
function captureStdout() {
  if (!captured) captured = capture();
  return captured;
}

function capture() {
  // Node makes this stream on first use, and for a file gives it the `fs.writeSync` of that moment:
  // so it has to exist before that is replaced.
  const { stdout, stderr } = process;
  const { writeSync } = fs;
  const writeStdout = stdout.write;

  // A reader that went away is no error of ours, and nobody is left to tell.
  stdout.on('error', () => {});
  stderr.on('error', () => {});

  stdout.write = (...args) => stderr.write(...args);
  for (const name of FD_WRITERS) redirect(name);
  // Brings the replaced functions to `import { writeSync } from 'fs'`, where this Node has that.
  // eslint-disable-next-line n/no-unsupported-features/node-builtins
  if (Module.syncBuiltinESMExports) Module.syncBuiltinESMExports();

  const writeStream = (text) =>
    new Promise((resolve, reject) => {
      writeStdout.call(stdout, text, (error) => (error ? reject(error) : resolve()));
    });

  // Node's own stream for a file takes a write cut short, by a full disk, for a complete one.
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
  if (!original) return; // This Node has no such function.
  const redirected = function (fd, ...rest) {
    return original.call(this, fd === STDOUT ? STDERR : fd, ...rest);
  };
  // Callers find everything else as it was: `length`, and what `util.promisify` looks for.
  Object.defineProperties(redirected, Object.getOwnPropertyDescriptors(original));
  fs[name] = redirected;
}

module.exports = { captureStdout };
