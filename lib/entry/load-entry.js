'use strict';

const path = require('path');
const { UpgradeError } = require('../error');
const { findKeystone, requireLists } = require('./find-keystone');
const { keepInert } = require('./inert');
const { loadModule } = require('./load-module');
const { info, warn } = require('../messages');
const { describeError, projectPlaces } = require('./project-error');
const typescript = require('./typescript');

const NOTE_AFTER_MS = 10 * 1000;
const LIMIT_MS = 60 * 1000;

/** How long an entry file may go on loading after it has started its server. */
const GRACE_MS = 1000;

const VARIABLES =
  'Does it need environment variables, such as DATABASE_URL or COOKIE_SECRET, that are not set?';

/**
 * Loads a project's entry file and finds the keystone it exports. The process moves to the project's
 * folder first, because projects read files (`.env`) relative to it. From then on no Keystone of the
 * project connects or starts. Throws `ENTRY_FAILED`, `ENTRY_TIMEOUT`, and what those throw that load and
 * find it.
 */
async function loadEntry(file, projectDir) {
  process.chdir(projectDir);
  // So that the stack of an error reaches from the depths of a package to the project's own code.
  Error.stackTraceLimit = 100;
  try {
    return await withTimeLimit(startedOrLoaded(file, projectDir), file);
  } catch (error) {
    throw error instanceof UpgradeError ? error : entryFailed(error, file, projectDir);
  }
}

/**
 * The keystone that the entry file exports. Where loading waits for a server to start, which never
 * happens here, it is the Keystone that was to start. Throws `NO_KEYSTONE` where there are several.
 */
async function startedOrLoaded(file, projectDir) {
  let timer;
  let keystones;
  const held = [];
  const started = new Promise((resolve) => {
    keystones = keepInert((call, object) => {
      held.push(object);
      if (timer) return;
      warn(startsItself(call, projectDir));
      timer = setTimeout(() => resolve(startedKeystone(held, { file, keystones })), GRACE_MS);
    });
  });
  try {
    const keystone = await Promise.race([loadKeystone(file, projectDir), started]);
    requireLists(keystone, { file, keystones });
    return keystone;
  } finally {
    clearTimeout(timer);
  }
}

function startsItself(call, projectDir) {
  const [place] = projectPlaces(new Error(), projectDir);
  return [
    `The entry file starts the server when it is loaded: it calls ${call}${place ? ` at ${place}` : ''}.`,
    '  The call was stopped: the Keystone of the project never connects or starts here.',
  ].join('\n');
}

/**
 * The Keystone that was to start: one that was held itself or by its adapter, else the only one with
 * lists. Says which it is where the file has made others, as it may export one of those.
 */
async function startedKeystone(held, { file, keystones }) {
  const withLists = keystones.filter(({ listsArray }) => listsArray.length);
  const started = withLists.filter((it) => held.some((object) => belongsTo(object, it)));
  const found = [started, withLists, keystones].find((some) => some.length === 1);
  if (!found) throw startsSeveral(file, keystones);
  const [keystone] = found;
  if (keystones.length > 1) {
    const lists = keystone.listsArray.map(({ key }) => key).join(', ');
    warn(
      `Of the ${keystones.length} Keystones of ${file}, the one with these lists is taken: ${lists}.`,
    );
  }
  return keystone;
}

/** Whether a held object is a Keystone or the adapter of one of its lists. */
function belongsTo(object, keystone) {
  return (
    object === keystone ||
    keystone.listsArray.some(({ adapter }) => adapter.parentAdapter === object)
  );
}

function startsSeveral(file, { length }) {
  return new UpgradeError('NO_KEYSTONE', [
    `${file} waits for its server to start. It is unclear which Keystone it exports: it has made ${length}.`,
    'Export the Keystone before the server starts, or from a file of its own: --entry <file>',
  ]);
}

async function loadKeystone(file, projectDir) {
  const isTypeScript = typescript.EXTENSIONS.includes(path.extname(file));
  const load = isTypeScript ? typescript.loadTypeScript : loadModule;
  return findKeystone(await load(file, projectDir), file);
}

function entryFailed(error, file, projectDir) {
  const hint = moduleHint(error || {}) || [
    ...(isMistaken(error) ? [] : [VARIABLES]),
    `It was loaded with the working directory ${projectDir} and Node ${process.version}.`,
  ];
  return new UpgradeError('ENTRY_FAILED', [
    `Loading ${file} failed:`,
    describeError(error).replace(/\n/g, '\n  '),
    ...projectPlaces(error, projectDir).map((place) => `  at ${place}`),
    ...hint,
  ]);
}

/** Whether an error has nothing to do with what the environment says. */
function isMistaken(error) {
  const { code, name } = error || {};
  return name === 'SyntaxError' || /^(ERR_)?MODULE_NOT_FOUND$/.test(code);
}

/** What to do where a file is meant for the "esm" package, or for Node's own ES modules. */
function moduleHint({ name, code, message, stack }) {
  // Node's own ES modules import neither files without their extension nor names of such packages.
  const isForEsm =
    code === 'ERR_UNSUPPORTED_DIR_IMPORT' ||
    (code === 'ERR_MODULE_NOT_FOUND' &&
      /Cannot find module '.*[\\/][^.\\/]+' imported/.test(message)) ||
    (name === 'SyntaxError' && /is a CommonJS module, which may not support/.test(message));
  if (isForEsm) {
    return [
      'Node loads this as an ES module, but it is written for the "esm" package. Run this command the',
      'way the project runs: NODE_OPTIONS="-r esm"',
    ];
  }
  // The stack of a syntax error starts with its place and the line of code.
  const [, line] = String(stack).split('\n');
  const isEsm = /^\s*(import|export)\b/.test(line) || /import\.meta|await is/.test(message);
  if (name !== 'SyntaxError' || !isEsm) return undefined;
  return [
    'This is written as an ES module, but Node takes it for CommonJS. If the project runs with the',
    '"esm" package, run this command the same way: NODE_OPTIONS="-r esm". Otherwise it takes Node',
    '12.17 or newer and the name .mjs, or "type": "module" in package.json.',
  ];
}

/** Ends the wait for a project that keeps the process busy but never finishes loading. */
function withTimeLimit(loading, file) {
  return new Promise((resolve, reject) => {
    const note = setTimeout(() => info(`Still loading ${file} …`), NOTE_AFTER_MS);
    const limit = setTimeout(() => reject(tookTooLong(file)), LIMIT_MS);
    // They must not keep the process waiting when nothing else is left to wait for.
    [note, limit].forEach((timer) => timer.unref());
    const stop = () => [note, limit].forEach(clearTimeout);
    loading.then(resolve, reject).then(stop);
  });
}

function tookTooLong(file) {
  return new UpgradeError('ENTRY_TIMEOUT', [
    `${file} did not finish loading within ${LIMIT_MS / 1000} seconds.`,
    'Look for a promise at the top level of the entry file (an `await`, or an exported promise)',
    'that is neither resolved nor rejected, and for errors in the background above.',
  ]);
}

module.exports = { loadEntry };
