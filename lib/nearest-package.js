'use strict';

const fs = require('fs');
const path = require('path');

/**
 * The nearest package.json in a folder or above it of which a function accepts the contents:
 * `{ folder, json }`, or undefined.
 */
function nearestPackage(folder, accept = () => true) {
  const json = readPackage(folder);
  if (json && accept(json)) return { folder, json };
  const parent = path.dirname(folder);
  return parent === folder ? undefined : nearestPackage(parent, accept);
}

function readPackage(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined; // None here, or one that says nothing.
  }
}

module.exports = { nearestPackage };
