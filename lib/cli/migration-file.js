'use strict';

const fs = require('fs');
const path = require('path');
const { UpgradeError } = require('../error');
const { nearestPackage } = require('../nearest-package');
const { FORMATS } = require('../formats');
const { EXTENSIONS } = require('../formats/code');
const { commandLine } = require('../shell');

/**
 * Where the migration file of a tool is written, by the value of --out: to a file, or to a folder under a
 * name that the tool itself would give it. Throws `USAGE` when the tool would not load it.
 */
function placeOf(format, out, cwd) {
  const target = path.resolve(cwd, out);
  const extension = path.extname(target).slice(1);
  if (/[\\/]$/.test(out) || isFolder(target) || (!extension && !fs.existsSync(target))) {
    const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
    return path.join(target, `${FORMATS[format].fileName(timestamp)}.js`);
  }
  if (EXTENSIONS.includes(extension)) return target;
  const endings = EXTENSIONS.map((it) => `.${it}`).join(', ');
  throw new UpgradeError(
    'USAGE',
    `--out ${out} cannot be a migration file of ${FORMATS[format].tool}: its name has to end with one of ${endings}. Or pass a folder.`,
  );
}

function isFolder(target) {
  return fs.existsSync(target) && fs.statSync(target).isDirectory();
}

/**
 * How a file has to be written, which its extension says, and for `.js` also the project. Without a file
 * it is for stdout.
 */
function extensionOf(file) {
  if (!file) return 'js';
  const extension = path.extname(file).slice(1);
  const { json = {} } = nearestPackage(path.dirname(file)) || {};
  return extension === 'js' && json.type === 'module' ? 'mjs' : extension;
}

/**
 * The command that runs a migration file, with the configuration that is in the file's folder or above
 * it, if there is one.
 */
function commandOf(format, file, cwd) {
  const { config, configOption, command } = FORMATS[format];
  const names = EXTENSIONS.map((extension) => `${config}.${extension}`);
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const found = names.map((name) => path.join(folder, name)).find((it) => fs.existsSync(it));
    // The tool itself looks for this one.
    if (found === path.join(cwd, names[0])) return commandLine(command);
    if (found) return commandLine([...command, configOption, path.relative(cwd, found)]);
    if (folder === path.dirname(folder)) return commandLine(command);
  }
}

module.exports = { commandOf, extensionOf, placeOf };
