'use strict';

// Faults to put into the product on purpose, one at a time: for each of them a test has to fail.
// `dev/faults/*.json` holds them; `scripts/faults.mjs` makes them.

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const FOLDER = path.join(__dirname, 'faults');

/** What a fault consists of, and whether it may be left out. */
const KEYS = {
  id: true,
  file: true,
  search: true,
  replace: true,
  spec: true,
  test: false,
  why: true,
};

/**
 * The whole list.
 *
 * @typedef {object} Fault
 * @property {string} id unique; begins with the name of its file in `dev/faults`
 * @property {string} file the file of the product that it changes
 * @property {string} search what stands there once
 * @property {string} replace what the fault puts in its place
 * @property {string} spec the spec that has to notice, without `.spec.js`; `cargo` for the tests in Rust
 * @property {string} [test] the name of the test that has to notice, or a part of it
 * @property {string} why what would be lost without anyone noticing
 * @returns {Fault[]}
 */
function loadFaults() {
  return fs
    .readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => JSON.parse(fs.readFileSync(path.join(FOLDER, name), 'utf8')));
}

/**
 * What is wrong with the list itself. A fault that the code has outgrown has to be written anew: it
 * would otherwise count as noticed, or never be made again.
 *
 * @param {Fault[]} faults
 * @returns {string[]} a line for each mistake
 */
function mistakes(faults) {
  const seen = new Set();
  const texts = new Map();
  const read = (file) => {
    if (!texts.has(file)) texts.set(file, readIfThere(path.join(root, file)));
    return texts.get(file);
  };
  return faults.flatMap((fault) => {
    const found = mistakeOf(fault, read);
    const twice = seen.has(fault.id) ? 'there are two of this id' : undefined;
    seen.add(fault.id);
    return [found, twice].filter(Boolean).map((what) => `${fault.id}: ${what}`);
  });
}

function mistakeOf(fault, read) {
  const unknown = Object.keys(fault).find((key) => !(key in KEYS));
  if (unknown) return `${unknown} is not a key of a fault`;
  const missing = Object.keys(KEYS).find((key) => KEYS[key] && typeof fault[key] !== 'string');
  if (missing) return `${missing} is missing`;
  if (fault.search === fault.replace) return 'search and replace are the same';
  if (fault.spec !== 'cargo' && read(specFile(fault.spec)) === undefined) {
    return `there is no ${specFile(fault.spec)}`;
  }
  const text = read(fault.file);
  if (text === undefined) return `there is no ${fault.file}`;
  const times = text.split(fault.search).length - 1;
  return times === 1 ? undefined : `its search text occurs ${times} times in ${fault.file}`;
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const specFile = (spec) => `__test__/${spec}.spec.js`;

/**
 * Refuses a list that no longer fits the code.
 *
 * @returns {Promise<string>} how many faults there are
 * @throws {Error} whose `output` is all that is wrong
 */
async function checkList() {
  const faults = loadFaults();
  const output = mistakes(faults).join('\n');
  if (!output) return `all ${faults.length} apply`;
  throw Object.assign(new Error('the list of faults does not fit the code'), { output });
}

/**
 * Refuses a list that names a test that there is not.
 *
 * @param {Map<string, string[]>} names the full names of the tests, by spec
 * @returns {string} how many faults have one
 * @throws {Error} whose `output` is all that is wrong
 */
function checkTests(names) {
  const faults = loadFaults();
  const hasTest = ({ spec, test = '' }) => names.get(spec)?.some((name) => name.includes(test));
  const wrong = faults.filter((fault) => !hasTest(fault));
  if (wrong.length === 0) return `all ${faults.length} have one`;
  const output = wrong.map((fault) => `${fault.id}: no test of ${fault.spec} is "${fault.test}"`);
  throw Object.assign(new Error('the list of faults does not fit the tests'), {
    output: output.join('\n'),
  });
}

module.exports = { checkList, checkTests, loadFaults, specFile };
