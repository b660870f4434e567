'use strict';

const fs = require('fs');
const path = require('path');
const { UpgradeError } = require('../error');
const { nearestPackage } = require('../nearest-package');
const { resolveFrom } = require('../resolve');
const typescript = require('./typescript');

/** The extensions to try beside those that `require` tries by itself. */
const MORE_EXTENSIONS = ['.mjs', '.cjs', ...typescript.EXTENSIONS];

/**
 * Finds an entry file, by the path of it or of its folder, with symbolic links resolved, and the folder
 * of the project that it belongs to. Throws `ENTRY_NOT_FOUND`.
 */
function resolveEntry(entry, cwd) {
  const file = findFile(entry, cwd);
  return { file, projectDir: findProject(path.dirname(file)) };
}

function findFile(entry, cwd) {
  const target = path.resolve(cwd, entry);
  const more = MORE_EXTENSIONS.map((extension) => target + extension);
  const inside = MORE_EXTENSIONS.map((extension) => path.join(target, `index${extension}`));
  for (const request of [target, ...more, ...inside]) {
    const found = resolveFrom(request, [cwd]);
    if (found) return found;
  }

  const { dir, name } = path.parse(target);
  const others = MORE_EXTENSIONS.map((extension) => name + extension);
  const similar = others.find((other) => fs.existsSync(path.join(dir, other)));
  throw new UpgradeError('ENTRY_NOT_FOUND', [
    `There is no entry file ${target}.`,
    similar
      ? `There is ${similar}: pass --entry ${path.join(path.dirname(entry), similar)}`
      : 'Pass the file that exports `keystone`, relative to the current directory: --entry <file>',
  ]);
}

/**
 * The nearest folder whose package.json is that of a project. A package.json that only sets the
 * module type of a folder (`{ "type": "module" }` in dist/) has neither a name nor dependencies.
 */
function findProject(folder) {
  const found = nearestPackage(folder, ({ name, dependencies }) => Boolean(name || dependencies));
  return found ? found.folder : folder;
}

module.exports = { resolveEntry };
