'use strict';

const path = require('path');
const { UpgradeError } = require('../error');
const { loadModule } = require('./load-module');
const { nearestPackage } = require('./nearest-package');

/**
 * TypeScript entries are loaded by whatever the project itself loads TypeScript with. Types are
 * never checked here: that is the business of the project's build.
 */

const EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts'];

/**
 * The loaders, of which the first that the project has is used. Requiring `module` registers some of
 * them; `register` does what is left to do with its exports.
 */
const LOADERS = [
  {
    name: 'tsx',
    module: 'tsx/cjs',
    register: (_, { esm, resolve }) => esm && loadModule(resolve('tsx/esm')),
  },
  {
    name: 'ts-node',
    module: 'ts-node',
    register: (tsNode, { esm, projectDir }) => {
      tsNode.register({
        cwd: projectDir,
        transpileOnly: true,
        compilerOptions: { module: 'commonjs', moduleResolution: 'node' },
        // Else ts-node leaves the files of an ES module package to Node, which knows no TypeScript.
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
 * Makes TypeScript files loadable in this process and loads one.
 *
 * @param {string} file absolute path
 * @param {string} projectDir the project's folder, where its loaders are looked for
 * @returns {Promise<any>} the file's exports
 * @throws {UpgradeError} NO_TYPESCRIPT_LOADER when nothing here can load TypeScript
 * @throws whatever the loader or the file throws
 */
async function loadTypeScript(file, projectDir) {
  const ready = hasHook(path.extname(file)) || (await registerLoader(projectDir, isEsm(file)));
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- undefined in older Nodes
  if (!ready && !process.features.typescript) throw noLoader(file);
  return loadModule(file);
}

/** Whether `node -r`, or a file it loaded, has taken charge of the extension already. */
function hasHook(extension) {
  // eslint-disable-next-line n/no-deprecated-api -- the only place where hooks can be seen
  const handler = require.extensions[extension];
  // Some Nodes that strip types themselves have a handler of their own here, of this name.
  return Boolean(handler) && !/^loadM?C?TS$/.test(handler.name);
}

/** Whether the file is an ES module, by its extension or else by its package.json. */
function isEsm(file) {
  const extension = path.extname(file);
  if (extension === '.mts' || extension === '.cts') return extension === '.mts';
  const nearest = nearestPackage(path.dirname(file));
  return Boolean(nearest) && nearest.json.type === 'module';
}

/** Registers the first loader that the project has, and says whether it has one. */
async function registerLoader(projectDir, esm) {
  const resolve = (request) => require.resolve(request, { paths: [projectDir] });
  for (const { module, register } of LOADERS) {
    const found = tryResolve(resolve, module);
    if (found) {
      await register(require(found), { projectDir, esm, resolve });
      return true;
    }
  }
  return false;
}

function tryResolve(resolve, request) {
  try {
    return resolve(request);
  } catch {
    return undefined;
  }
}

function noLoader(file) {
  const names = LOADERS.map(({ name }) => name);
  return new UpgradeError(
    'NO_TYPESCRIPT_LOADER',
    [
      `${file} is TypeScript, and the project has nothing that loads TypeScript.`,
      `  Looked for ${names.join(', ')}. Install one of them in the project:`,
      '      npm install --save-dev tsx',
      '  or compile the project and name the JavaScript file: --entry dist/index.js',
    ].join('\n'),
  );
}

module.exports = { EXTENSIONS, loadTypeScript };
