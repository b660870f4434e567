'use strict';

const { inspect } = require('util');
const { UpgradeError } = require('./error');
const { EXTENSIONS } = require('./formats/code');

const oneOf = (...values) => ({
  expected: values.map((value) => inspect(value)).join(' or '),
  matches: (value) => values.includes(value),
});
const text = { expected: 'a string', matches: (value) => typeof value === 'string' };
const texts = {
  expected: 'an array of strings',
  matches: (value) => Array.isArray(value) && value.every(text.matches),
};
const aFunction = { expected: 'a function', matches: (value) => typeof value === 'function' };
const signal = {
  expected: 'an AbortSignal',
  matches: (value) => Boolean(value) && typeof value.addEventListener === 'function',
};

const ENGINES = ['postgresql', 'mongodb'];

/** Only what JavaScript reads of it: the core says what else is wrong with it. */
const inspection = {
  expected: 'what check or apply has returned',
  matches: (value) => {
    const { check = value } = value || {};
    const { engine, database } = check || {};
    return ENGINES.includes(engine) && Boolean(database) && text.matches(database.name);
  },
};

/** What each option of the API has to be. */
const OPTIONS = {
  adapter: text,
  color: oneOf(true, false),
  columns: oneOf(true, false),
  confirm: aFunction,
  direction: oneOf('up', 'down'),
  dryRun: oneOf(true, false),
  extension: oneOf(...EXTENSIONS),
  // Each method has its own values.
  format: text,
  inspection,
  locales: oneOf(true, false),
  newName: text,
  oldName: text,
  onProgress: aFunction,
  oneWay: oneOf(true, false),
  reconcile: oneOf(true, false),
  resolveFrom: texts,
  signal,
  transaction: oneOf(true, false),
};

/** The options of `check` and `apply`: one object may serve both. */
const RUN_OPTIONS = [
  'adapter',
  'direction',
  'reconcile',
  'resolveFrom',
  'onProgress',
  'confirm',
  'signal',
  'dryRun',
  'oneWay',
];

/** Throws `INVALID_OPTION` when a value is not of a kind. */
function checkValue(name, value, { expected, matches }) {
  if (matches(value)) return;
  const shown = inspect(value, { depth: 0, breakLength: Infinity });
  throw new UpgradeError('INVALID_OPTION', `${name} cannot be ${shown}: it must be ${expected}.`);
}

/**
 * Those of the named options that are given; others are for another function. The caller may have passed
 * anything: a wrong value is `INVALID_OPTION`.
 */
function readOptions(options = {}, names) {
  const anObject = { expected: 'an object', matches: (it) => it && typeof it === 'object' };
  checkValue('options', options, anObject);
  const given = {};
  names.forEach((name) => {
    const value = options[name];
    if (value === undefined) return;
    checkValue(`The option ${name}`, value, OPTIONS[name]);
    given[name] = value;
  });
  return given;
}

/** The options that say which migration, with defaults for those left out. */
function migrationOptions(options) {
  const given = readOptions(options, ['adapter', 'direction', 'reconcile', 'transaction']);
  return { direction: 'up', reconcile: false, transaction: true, ...given };
}

/** Checks the options of a run on a database, where a misspelt one must not be ignored. */
function checkRunOptions(options) {
  readOptions(options, RUN_OPTIONS);
  const unknown = Object.keys(options).find((name) => !RUN_OPTIONS.includes(name));
  if (unknown === undefined) return;
  throw new UpgradeError(
    'INVALID_OPTION',
    `There is no option ${unknown}. The options are ${RUN_OPTIONS.join(', ')}.`,
  );
}

module.exports = { checkRunOptions, checkValue, migrationOptions, oneOf, readOptions, text };
