'use strict';

const { UpgradeError } = require('../error');

/**
 * Finds the `keystone` among what an entry file exports, or on `default`, where ES modules and
 * transpilers put it. Each may be a promise. Throws `NO_KEYSTONE`, `NOT_KEYSTONE`, and what a promise is
 * rejected with.
 */
async function findKeystone(exported, file) {
  const onDefault = await property(exported, 'default');
  const holders = [exported, onDefault, await property(onDefault, 'default')];
  for (const holder of holders) {
    const keystone = await property(holder, 'keystone');
    if (keystone) return checkKeystone(keystone, file);
  }
  if (holders.some(isKeystone)) throw exportsItself(file);
  const held = holders.find((it) => Object.keys(Object(it)).includes('keystone'));
  if (held) throw exportsNothing(file, held.keystone);
  const isFunction = holders.some((it) => typeof it === 'function');
  throw new UpgradeError('NO_KEYSTONE', [
    isFunction
      ? `${file} exports a function. It has to export the Keystone that the function makes.`
      : `${file} exports no \`keystone\`. ${listExports(exported, onDefault)}`,
    'Export the Keystone object, `module.exports = { keystone }` or `export { keystone }`,',
    'or pass the file that does: --entry <file>',
  ]);
}

function property(holder, name) {
  return holder === undefined || holder === null ? undefined : holder[name];
}

function isKeystone(value) {
  return Boolean(value) && Array.isArray(value.listsArray);
}

function exportsItself(file) {
  return new UpgradeError('NO_KEYSTONE', [
    `${file} exports the Keystone object itself. It has to export it by the name \`keystone\`.`,
    'Write `module.exports = { keystone }` or `export { keystone }`, as Keystone itself requires.',
  ]);
}

/** The name is there, but nothing behind it when the file has been loaded. */
function exportsNothing(file, value) {
  return new UpgradeError('NO_KEYSTONE', [
    `${file} exports \`keystone\`, but it is ${value} when the file has been loaded.`,
    'Is it set later, in a callback or after an `await`? Then export a promise of it.',
  ]);
}

function listExports(exported, onDefault) {
  const names = (value) => Object.keys(Object(value)).join(', ');
  if (!names(exported)) return 'It exports nothing by name.';
  const inDefault = names(onDefault);
  return `It exports: ${names(exported)}${inDefault ? ` (default holds: ${inDefault})` : ''}.`;
}

function checkKeystone(keystone, file) {
  if (isKeystone(keystone)) return keystone;
  throw new UpgradeError('NOT_KEYSTONE', [
    `The \`keystone\` that ${file} exports is not a Keystone 5 object: it has no \`listsArray\`.`,
    'Export what `new Keystone({ … })` of @keystonejs/keystone returns. Keystone 4 and Keystone 6',
    '(once called next) store relationships in other ways: they do not need this migration.',
  ]);
}

/**
 * Refuses a Keystone without lists: its migration would be empty, and look like good news. `keystones`
 * are all that the entry file has made. Throws `NO_LISTS`.
 */
function requireLists(keystone, { file, keystones }) {
  if (keystone.listsArray.length) return;
  const other = keystones.find(({ listsArray }) => listsArray.length);
  throw new UpgradeError('NO_LISTS', [
    `The \`keystone\` that ${file} exports has no lists.`,
    ...(other
      ? [`Another Keystone has ${other.listsArray.length}: export that one as \`keystone\`.`]
      : [
          'Usual causes: keystone.createList() runs after an `await` or in a callback, when the file is',
          'loaded already (export a promise of the keystone instead); another file creates the lists',
          '(pass it with --entry); or the lists are read from a folder that is not found from here.',
        ]),
  ]);
}

module.exports = { findKeystone, requireLists };
