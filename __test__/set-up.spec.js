'use strict';

// The scripts are the first thing that is run on a fresh checkout, and install what they need: until
// then there is no package. And what is kept of the installs makes no difference but of time.

const fs = require('fs');
const { isBuiltin } = require('module');
const path = require('path');
const esbuild = require('esbuild');
const { PRELOAD, fileOf } = require('../dev/code-cache');
const { installed } = require('../dev/installs');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { makeProject, removeProjects, run } = require('../dev/project');

const root = path.join(__dirname, '..');
const { scripts } = require('../package.json');

/** The entry points that package.json runs with Node. */
const ENTRIES = Object.values(scripts).flatMap((line) => line.match(/\S+\.mjs/g) ?? []);

/** A dynamic import of a file that is known when it runs. */
const isRelative = (target) => target.startsWith('./');

/** The packages that a file needs before its first line runs: by static imports and `require`. */
async function packagesBefore(entry) {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    external: ['*.node'],
    metafile: true,
    write: false,
    outdir: 'nowhere',
    logLevel: 'silent',
  });
  const packages = new Set();
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { path: target, kind, external } of metafile.inputs[file].imports) {
      if (kind !== 'import-statement' && kind !== 'require-call') continue;
      if (!external) visit(target);
      else if (!isRelative(target) && !isBuiltin(target)) packages.add(target);
    }
  };
  visit(entry);
  return [...packages];
}

test('every entry point is looked at', () => {
  expect(ENTRIES).toEqual(expect.arrayContaining(['scripts/demo.mjs', 'scripts/test.mjs']));
});

test.each([...new Set(ENTRIES)])(
  '%s imports no package before it has installed them',
  async (entry) => {
    expect(await packagesBefore(entry)).toEqual([]);
  },
);

test('a package that is imported by what a file imports would be found', async () => {
  expect(await packagesBefore('dev/demo.mjs')).toContain('pg');
});

afterAll(removeProjects);

test.each([
  ['keystones/new', newKeystone],
  ['keystones/old', oldKeystone],
])('%s loads the same by what is kept of it', async (set, modules) => {
  expect(fs.existsSync(fileOf(fs.realpathSync(installed(set))))).toBe(true);
  const project = makeProject({ 'index.js': "require('./keystone')" }, [], modules());
  const print = `
    require('./keystone');
    console.log(Object.keys(require.cache).sort().join('\\n'));`;
  fs.writeFileSync(`${project}/print.js`, print);
  const [kept, plain] = [
    await run(project, [], { file: 'print.js', node: PRELOAD }),
    await run(project, [], { file: 'print.js', node: [] }),
  ];
  const files = (output) => output.stdout.split('\n').filter((it) => !it.includes('code-cache'));
  expect(files(kept).length).toBeGreaterThan(500);
  expect(files(kept)).toEqual(files(plain));
});
