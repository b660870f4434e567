'use strict';

const { UpgradeError } = require('../error');

/**
 * Finds the `keystone` among an entry's exports or, as ES modules and transpilers write it, on
 * `default`; each may be a promise.
 *
 * @param {*} exported what the entry exports
 * @param {string} file the entry's path, for messages
 * @returns {Promise<object>} the Keystone 5 object
 * @throws {UpgradeError} NO_KEYSTONE, NOT_KEYSTONE
 * @throws whatever a promise is rejected with
 */
async function findKeystone(exported, file) {
  const onDefault = await property(exported, 'default');
  const onDefaultDefault = await property(onDefault, 'default');
  for (const holder of [exported, onDefault, onDefaultDefault]) {
    const keystone = await property(holder, 'keystone');
    if (keystone) return checkKeystone(keystone, file);
  }
  const isItself = [exported, onDefault, onDefaultDefault].some(isKeystone);
  if (isItself) throw exportsItself(file);
  throw new UpgradeError(
    'NO_KEYSTONE',
    [
      `${file} exports no \`keystone\`. ${listExports(exported, onDefault)}`,
      '  Export the Keystone object, `module.exports = { keystone }` or `export { keystone }`,',
      '  or pass the file that does: --entry <file>',
    ].join('\n'),
  );
}

function property(holder, name) {
  return holder === undefined || holder === null ? undefined : holder[name];
}

function isKeystone(value) {
  return Boolean(value) && Array.isArray(value.listsArray);
}

function exportsItself(file) {
  return new UpgradeError(
    'NO_KEYSTONE',
    [
      `${file} exports the Keystone object itself, not an object that holds it as \`keystone\`.`,
      '  Write `module.exports = { keystone }` or `export { keystone }`, as Keystone itself expects it.',
    ].join('\n'),
  );
}

function listExports(exported, onDefault) {
  const names = (value) => Object.keys(Object(value)).join(', ');
  if (!names(exported)) return 'It exports nothing by name.';
  const inDefault = names(onDefault);
  return `It exports: ${names(exported)}${inDefault ? ` (default holds: ${inDefault})` : ''}.`;
}

function checkKeystone(keystone, file) {
  if (isKeystone(keystone)) return keystone;
  throw new UpgradeError(
    'NOT_KEYSTONE',
    [
      `The \`keystone\` that ${file} exports is no Keystone 5 object: it has no \`listsArray\`.`,
      '  Expected is what `new Keystone({ … })` of @keystonejs/keystone makes. Databases of other',
      '  versions (Keystone 4; Keystone 6, once called next) never had the schema this is about.',
    ].join('\n'),
  );
}

module.exports = { findKeystone };
