// `npm test`: everything, from a fresh checkout. Arguments go to Jest: `npm test -- scenarios`.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import faults from '../dev/faults.js';
import installs from '../dev/installs.js';
import { cargoEnv } from '../dev/cargo.mjs';
import { installBrowser } from '../dev/chromium.js';
import mongodb from '../dev/mongodb.js';
import { bin, root, run, script, stage } from '../dev/run.mjs';
import { setUp, startInstalls } from '../dev/setup.mjs';

/** Files of the checkout that the build writes: it must leave them as they were committed. */
const GENERATED = ['binding.d.ts', 'Cargo.lock'];

/** A stage that only has to succeed. */
const check = (name, command, args, env) =>
  stage(name, async () => void (await run(command, args, { env })));

/** How many faults are made in a run of everything. */
const FAULTS = 5;

const makeFaults = async () =>
  void (await run(process.execPath, [path.join(root, 'scripts', 'faults.mjs'), String(FAULTS)], {
    to: 'inherit',
  }));

const totals = { passed: 0, failed: 0, skipped: 0 };

/** The full names of the tests that have run, by spec as in the list of faults. */
const names = new Map();

/** The closing line, in the plain form that counts in any language. */
function printTotals() {
  const skipped = totals.skipped ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
}

/** Adds up the `test result:` lines of cargo. */
function countCargo(output) {
  const result = /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm;
  for (const [, passed, failed, ignored] of output.matchAll(result)) {
    totals.passed += Number(passed);
    totals.failed += Number(failed);
    totals.skipped += Number(ignored);
  }
}

async function cargoTest() {
  try {
    const output = await run('cargo', ['test'], { env: await cargoEnv() });
    countCargo(output);
    const all = [...output.matchAll(/^test (\S+)/gm)].map(([, name]) => name);
    names.set('cargo', all);
    return `${totals.passed} passed`;
  } catch (error) {
    countCargo(error.output ?? '');
    throw error;
  }
}

async function jest() {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'jest-'));
  const outputFile = path.join(folder, 'results.json');
  try {
    const args = ['--json', `--outputFile=${outputFile}`, ...process.argv.slice(2)];
    await run(bin('jest'), args, { to: 'inherit' });
  } finally {
    const results = JSON.parse(await fs.readFile(outputFile, 'utf8').catch(() => '{}'));
    for (const { name, assertionResults } of results.testResults ?? []) {
      const all = assertionResults.map(({ fullName }) => fullName);
      names.set(path.basename(name, '.spec.js'), all);
    }
    totals.passed += results.numPassedTests ?? 0;
    // A file that could not be run has no tests to count.
    totals.failed += (results.numFailedTests ?? 0) + (results.numRuntimeErrorTestSuites ?? 0);
    totals.skipped += (results.numPendingTests ?? 0) + (results.numTodoTests ?? 0);
    await fs.rm(folder, { recursive: true, force: true });
  }
}

/** Compares with what git has, since the build may have been made by another command before this one. */
async function checkGenerated() {
  if (!(await fs.stat(path.join(root, '.git')).catch(() => undefined)))
    return 'not a checkout of git';
  const trusted = ['-c', `safe.directory=${root}`];
  const changed = await run('git', [...trusted, 'diff', '--name-only', '--', ...GENERATED]);
  if (changed) throw new Error(`the build changed ${changed.trim().split('\n')}: add them to git`);
}

async function checkScripts() {
  await check('prettier', bin('prettier'), ['--check', '.']);
  await check('eslint', bin('eslint'), ['--max-warnings=0', '.']);
  const cruised = ['index.js', 'lib', 'bin', 'dev', 'scripts', 'bench'];
  await check('circles between files', bin('depcruise'), cruised);
  await check('types', bin('tsc'), ['--project', '__test__']);
}

async function checkRust() {
  const env = await cargoEnv();
  await check('cargo fmt', 'cargo', ['fmt', '--check']);
  await check('cargo clippy', 'cargo', ['clippy', '--all-targets', '--', '-D', 'warnings'], env);
  const doc = ['doc', '--no-deps', '--document-private-items'];
  await check('cargo doc', 'cargo', doc, { ...env, RUSTDOCFLAGS: '-D warnings' });
  await stage('cargo test', cargoTest);
}

/** Everything before the tests themselves, and then those. */
async function all() {
  await setUp();
  await stage('generated files', checkGenerated);
  await stage('list of faults', faults.checkList);

  try {
    // Each keeps about one core busy.
    const both = await Promise.allSettled([checkScripts(), checkRust()]);
    for (const { status, reason } of both) if (status === 'rejected') throw reason;
    for (const each of [packages, server]) await each.finish();
    await stage('jest', jest);
    // What was asked for by arguments is tests alone.
    if (process.argv.length === 2) {
      await stage('tests of the faults', async () => faults.checkTests(names));
      await stage(`${FAULTS} faults`, makeFaults);
    }
  } finally {
    printTotals();
  }
}

/** The sets that not every machine needs. */
const NEEDED = {
  'mongodb/server': mongodb.isServerNeeded,
  // The binaries are packages for this platform alone.
  nodes: () => process.platform === 'linux' && process.arch === 'x64',
};

// All that there are but those of `npm run test:wide`, so that none is forgotten. The server is built from source, which takes minutes:
// it begins at once, beside the others.
const needed = Object.keys(installs.SETS)
  .filter((name) => !(name in installs.WIDE))
  .filter((name) => NEEDED[name]?.() ?? true);
const isServer = (name) => name === 'mongodb/server';
const server = startInstalls(needed.filter(isServer));
const packages = startInstalls(needed.filter((name) => !isServer(name)));
// Packages of the system take half a minute.
const browser = installBrowser();
browser.catch(() => {}); // The stage that waits for it reports it.
await script(all).finally(() => {
  server.stop();
  packages.stop();
});
