'use strict';

const { randomBytes } = require('crypto');
const fs = require('fs');
const path = require('path');
const { UpgradeError } = require('../error');
const { reasonOf } = require('./system-error');

/**
 * Makes sure, before any work is done for it, that the file which an option names can be written and is
 * not the entry file. It leaves nothing behind. Folders that are missing are made when it is written.
 * Throws `OUT_FAILED`.
 */
function checkOutFile(option, file, entry) {
  trying(option, file, () => {
    const real = realPath(file);
    if (real === entry) throw new Error('it is the entry file');
    fs.unlinkSync(writeTemporary(path.join(existing(path.dirname(real)), path.basename(real)), ''));
  });
}

/**
 * Writes a file completely or not at all: the old file stays until the new text is complete on disk. Of a
 * symbolic link, the file that it points to is written. Returns whether there was none. Throws
 * `OUT_FAILED`.
 */
function writeOutFile(option, file, text) {
  return trying(option, file, () => {
    const real = realPath(file);
    const isNew = !fs.existsSync(real);
    fs.mkdirSync(path.dirname(real), { recursive: true });
    const temporary = writeTemporary(real, text);
    removedOnError(temporary, () => fs.renameSync(temporary, real));
    return isNew;
  });
}

function trying(option, file, write) {
  try {
    return write();
  } catch (error) {
    throw new UpgradeError('OUT_FAILED', `Cannot write ${option} ${file}: ${reasonOf(error)}`);
  }
}

/** The nearest folder that is there: a folder itself, or one above it. */
function existing(folder) {
  return fs.existsSync(folder) ? folder : existing(path.dirname(folder));
}

function realPath(file) {
  if (!fs.existsSync(file)) {
    const link = linkOf(file);
    return link ? realPath(path.resolve(path.dirname(file), link)) : file;
  }
  const real = fs.realpathSync(file);
  // A rename over /dev/null or a named pipe would replace the device itself.
  if (!fs.statSync(real).isFile()) throw new Error('it exists and is not a regular file');
  return real;
}

/** The path that a symbolic link leads to, also when nothing is there. */
function linkOf(file) {
  try {
    return fs.readlinkSync(file);
  } catch {
    return undefined;
  }
}

/** Writes a file beside another, with the same mode. Returns its path. */
function writeTemporary(file, text) {
  // In the same folder, because a rename is atomic within one file system only.
  const name = `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`;
  const temporary = path.join(path.dirname(file), name);
  const fd = fs.openSync(temporary, 'wx');
  removedOnError(temporary, () => {
    try {
      fs.writeFileSync(fd, text);
      if (fs.existsSync(file)) fs.fchmodSync(fd, fs.statSync(file).mode);
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
