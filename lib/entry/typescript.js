'use strict';

const path = require('path');
const { UpgradeError } = require('../error');
const { loadModule } = require('./load-module');
const { nearestPackage } = require('../nearest-package');
const { resolveFrom } = require('../resolve');

/**
 * Loads TypeScript entry files with the loader that the project has. It does not check types: the
 * project's own build does.
 */

const EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts'];

/**
 * The first of these that the project has is used. Requiring `module` registers some of them;
 * `register` gets its exports and does the rest.
 */
const LOADERS = [
  {
    name: 'tsx',
    module: 'tsx/cjs',
    register: (_, { esm, projectDir }) => esm && loadModule(resolveFrom('tsx/esm', [projectDir])),
  },
  {
    name: 'ts-node',
    module: 'ts-node',
    register: (tsNode, { esm, projectDir }) => {
      tsNode.register({
        cwd: projectDir,
        transpileOnly: true,
        compilerOptions: { module: 'commonjs', moduleResolution: 'node' },
        // Else ts-node leaves the files of an ES module package to Node, which cannot load TypeScript.
        moduleTypes: esm ? { '**/*': 'cjs' } : {},
      });
    },
  },
  {
    name: 'esbuild-register',
    module: 'esbuild-register/dist/node',
    register: (it) => it.register(),
  },
  { name: '@swc-node/register', module: '@swc-node/register', register: () => {} },
];

/**
 * Makes TypeScript files loadable in this process by one of the project's loaders, and loads one. Throws
 * `NO_TYPESCRIPT_LOADER`, and what the loader or the file throws.
 */
async function loadTypeScript(file, projectDir) {
  const ready = hasHook(path.extname(file)) || (await registerLoader(projectDir, isEsm(file)));
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- undefined in older Nodes
  if (!ready && !process.features.typescript) throw noLoader(file);
  return loadModule(file);
}

/** Whether a hook for the extension is registered already, by `node -r` or a file it loaded. */
function hasHook(extension) {
  // eslint-disable-next-line n/no-deprecated-api -- the only place where hooks can be seen
  const handler = require.extensions[extension];
  // Nodes that strip types themselves have a handler of this name.
  return Boolean(handler) && !/^loadM?C?TS$/.test(handler.name);
}

/** Whether the file is an ES module, by its extension or else by its package.json. */
function isEsm(file) {
  const extension = path.extname(file);
  if (extension === '.mts' || extension === '.cts') return extension === '.mts';
  const nearest = nearestPackage(path.dirname(file));
  return Boolean(nearest) && nearest.json.type === 'module';
}

/** Registers the first loader that the project has. Returns whether it has one. */
async function registerLoader(projectDir, esm) {
  for (const { module, register } of LOADERS) {
    const found = resolveFrom(module, [projectDir]);
    if (found) {
      await register(require(found), { projectDir, esm });
      return true;
    }
  }
  return false;
}

function noLoader(file) {
  const names = LOADERS.map(({ name }) => name);
  return new UpgradeError('NO_TYPESCRIPT_LOADER', [
    `${file} is TypeScript, but the project has no loader for TypeScript.`,
    `Install one of ${names.join(', ')} in the project:`,
    '    npm install --save-dev tsx',
    'or compile the project and pass the JavaScript file: --entry dist/index.js',
  ]);
}

module.exports = { EXTENSIONS, loadTypeScript };
