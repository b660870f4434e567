'use strict';

const path = require('path');

/**
 * The folders of the modules that an object's classes came from, its own class first. That is where the
 * packages are that belong to it, wherever in a workspace they are and whatever scope they have. Classes
 * that no loaded CommonJS module exports have none.
 */
function classFolders(object) {
  const classes = [];
  let prototype = Object.getPrototypeOf(object);
  while (prototype && prototype !== Object.prototype) {
    classes.push(prototype.constructor);
    prototype = Object.getPrototypeOf(prototype);
  }
  const modules = Object.keys(require.cache).map((key) => require.cache[key]);
  const folders = classes.map((it) => modules.find((loaded) => loaded && exportsIt(loaded, it)));
  return folders.filter(Boolean).map(({ filename }) => path.dirname(filename));
}

/** Looks at no getters: a package may load much of itself by them. */
function exportsIt({ exports }, it) {
  if (exports === it) return true;
  if (!exports || typeof exports !== 'object') return false;
  const { value } = Object.getOwnPropertyDescriptor(exports, it.name) || {};
  return value === it;
}

/**
 * Finds a file (`knex`, `knex/package.json`, an absolute path), as a module in one of some directories
 * would: the first directory that has it wins. Undefined when none has it.
 */
function resolveFrom(request, from) {
  // With no folder to look from, Node would look from this file.
  if (from.length === 0) return undefined;
  try {
    return require.resolve(request, { paths: from });
  } catch {
    return undefined;
  }
}

module.exports = { classFolders, resolveFrom };
