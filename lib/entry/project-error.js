'use strict';

const path = require('path');
const { fileURLToPath } = require('url');
const { hideSecrets } = require('../secrets');

/**
 * Describes errors of a project to the person who has to fix them: what happened, and where in the
 * project's own code. The frames of Node, of packages and of this tool are left out.
 */

const MAX_PLACES = 5;

/**
 * Anything that was thrown, like `TypeError: x is not a function`, in one or more lines, without
 * passwords.
 */
function describeError(error) {
  if (!(error && typeof error.message === 'string')) return hideSecrets(String(error));
  const name = typeof error.name === 'string' ? error.name : 'Error';
  // "Cannot find module" also lists which files required it, down to the files of this tool.
  const message = error.message.split('\nRequire stack:')[0];
  return message ? `${name}: ${hideSecrets(message)}` : name;
}

/**
 * The places of an error in the project's own code, the innermost first, as `file:line:column` or
 * `file:line`; at most five.
 */
function projectPlaces(error, folder) {
  const own = places(error).filter(({ file }) => isWithin(file, folder));
  return own.slice(0, MAX_PLACES).map(({ file, position }) => file + position);
}

/** Whether an error was thrown by a file or by what it called. */
function cameThrough(error, file) {
  return places(error).some((place) => place.file === file);
}

function places(error) {
  if (!(error && typeof error.stack === 'string')) return [];
  const lines = error.stack.split('\n');
  // The stack of a syntax error starts with the place of the mistake, before the message.
  const syntax = error.name === 'SyntaxError' && lines[0].match(/^(.+?)(:\d+)$/);
  const frames = lines.map((line) =>
    line.match(/^\s+at (?:async )?(?:.*? \()?(.+?)((?::\d+){1,2})\)?$/),
  );
  return [syntax, ...frames].filter(Boolean).map(([, file, position]) => ({
    file: file.startsWith('file://') ? fileURLToPath(file) : file,
    position,
  }));
}

function isWithin(file, folder) {
  const relative = path.relative(folder, file);
  const outside = relative === '' || path.isAbsolute(relative) || relative.startsWith('..');
  return path.isAbsolute(file) && !outside && !relative.split(path.sep).includes('node_modules');
}

module.exports = { describeError, projectPlaces, cameThrough };
