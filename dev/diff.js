'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');

/**
 * What GNU's `diff -u` prints of two texts, under the names that the tool gives to schemas.
 *
 * @param {string} before
 * @param {string} after
 * @returns {string} empty for equal texts
 * @throws {Error} when there is no `diff`, or it failed
 */
function diffU(before, after) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'diff-'));
  try {
    fs.writeFileSync(path.join(folder, 'old'), before);
    fs.writeFileSync(path.join(folder, 'new'), after);
    const labels = ['--label=old schema', '--label=new schema'];
    const { error, status, stdout, stderr } = spawnSync('diff', ['-u', ...labels, 'old', 'new'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (error)
      throw new Error('GNU diff is needed: install the package diffutils', { cause: error });
    // It ends with 1 where the texts differ.
    if (status > 1) throw new Error(stderr);
    return stdout;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = { diffU };
