'use strict';

const fs = require('fs');
const path = require('path');
const { UpgradeError } = require('../error');
const { reasonOf } = require('./system-error');

/**
 * Makes sure that a file can be written, before any work is done for it. It leaves nothing behind.
 *
 * @param {string} file absolute path
 * @throws {UpgradeError} OUT_FAILED when it cannot be written
 */
function checkOutFile(file) {
  trying(file, () => fs.unlinkSync(writeTemporary(realPath(file), '')));
}

/**
 * Writes a file completely or not at all: the old file stays until the new text is complete on disk.
 *
 * @param {string} file absolute path; if it is a symbolic link, the file that it points to is written
 * @param {string} text
 * @throws {UpgradeError} OUT_FAILED when the file cannot be written
 */
function writeOutFile(file, text) {
  trying(file, () => {
    const real = realPath(file);
    const temporary = writeTemporary(real, text);
    removedOnError(temporary, () => fs.renameSync(temporary, real));
  });
}

function trying(file, write) {
  try {
    write();
  } catch (error) {
    const folder = path.dirname(file);
    const isMissing = error.code === 'ENOENT' && !fs.existsSync(folder);
    const reason = isMissing ? `the folder ${folder} does not exist` : reasonOf(error);
    throw new UpgradeError('OUT_FAILED', `Cannot write --out ${file}: ${reason}`);
  }
}

function realPath(file) {
  if (!fs.existsSync(file)) return file;
  const real = fs.realpathSync(file);
  // A rename over /dev/null or a named pipe would replace the device itself.
  if (!fs.statSync(real).isFile()) throw new Error('it exists and is not a regular file');
  return real;
}

/** Writes a file beside another. Returns its path. */
function writeTemporary(file, text) {
  // In the same folder, because a rename is atomic within one file system only.
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  const fd = fs.openSync(temporary, 'wx');
  removedOnError(temporary, () => {
    try {
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  });
  return temporary;
}

function removedOnError(file, action) {
  try {
    action();
  } catch (error) {
    fs.unlinkSync(file);
    throw error;
  }
}

module.exports = { checkOutFile, writeOutFile };
