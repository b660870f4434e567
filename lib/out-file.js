'use strict';

const fs = require('fs');
const path = require('path');
const { UpgradeError } = require('./error');

/**
 * Writes a file whole or not at all: what was there stays until the new text is complete on disk.
 *
 * @param {string} file absolute path; of a symbolic link, the file it points to is written
 * @param {string} text
 * @throws {UpgradeError} OUT_FAILED when the file cannot be written
 */
function writeOutFile(file, text) {
  try {
    replaceFile(realPath(file), text);
  } catch (error) {
    throw new UpgradeError('OUT_FAILED', `Cannot write --out ${file}: ${error.message}`);
  }
}

function realPath(file) {
  if (!fs.existsSync(file)) return file;
  const real = fs.realpathSync(file);
  // A rename over /dev/null or a named pipe would replace the device itself.
  if (!fs.statSync(real).isFile()) throw new Error('it exists and is not a regular file');
  return real;
}

function replaceFile(file, text) {
  // In the same folder, because a rename is atomic within one file system only.
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.tmp`);
  const fd = fs.openSync(temporary, 'wx');
  try {
    try {
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.unlinkSync(temporary);
    throw error;
  }
}

module.exports = { writeOutFile };
