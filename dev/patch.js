'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');

/**
 * What `patch` makes of a text by a unified diff, without guessing where a hunk belongs.
 *
 * @param {string} before
 * @param {string} diff
 * @returns {string} the text after it
 * @throws {Error} when there is no `patch`, or the diff does not fit the text exactly
 */
function patched(before, diff) {
  if (diff === '') return before; // `patch` takes an empty diff for a mistake.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'patch-'));
  try {
    fs.writeFileSync(path.join(folder, 'text'), before);
    const { error, status, stdout, stderr } = spawnSync(
      'patch',
      ['--binary', '--fuzz=0', '--output=patched', 'text'],
      { cwd: folder, input: diff, encoding: 'utf8' },
    );
    if (error) throw error;
    const said = stdout + stderr;
    if (status > 0 || /offset|fuzz/.test(said)) throw new Error(said);
    return fs.readFileSync(path.join(folder, 'patched'), 'utf8');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = { patched };
