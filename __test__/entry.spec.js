'use strict';

// How entry files of all kinds are loaded, by the real command with the real Keystone.

const fs = require('fs');
const path = require('path');
const { PLANNED, makeProject, removeProjects, run } = require('../dev/project');

afterAll(removeProjects);

/** Expects that the project was planned, and that nothing but the summary is on stdout. */
function expectPlanned({ code, stdout, stderr }) {
  expect(code === 0 ? 'planned' : stderr).toBe('planned');
  expect(stdout).toContain(PLANNED);
  expect(stdout).not.toContain('noise');
}

/** Expects an error that says all of `texts`, without this tool's own stack. */
function expectError({ code, stdout, stderr }, ...texts) {
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  for (const text of texts) expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/lib[/\\][a-z-]+\.js/);
  expect(stderr).not.toContain('Unexpected error');
}

const EXPORT = "module.exports = require('./keystone');";
const ES_EXPORT = "export { keystone } from './keystone.js';";
const MODULE_PACKAGE = '{ "name": "app", "type": "module" }';
// In a package of ES modules the fixture has to say that it is CommonJS.
const inModulePackage = (files) => ({
  'package.json': MODULE_PACKAGE,
  'keystone.js': "export { default as nothing } from './cjs/keystone.js';",
  'cjs/package.json': '{ "type": "commonjs" }',
  'cjs/keystone.js': fs.readFileSync(path.join(__dirname, 'fixtures', 'keystone.js'), 'utf8'),
  ...files,
});

describe('JavaScript', () => {
  const entries = {
    'a CommonJS export': { 'index.js': EXPORT },
    'a default export of a transpiler': {
      'index.js': "exports.__esModule = true; exports.default = require('./keystone');",
    },
    'a default inside the default': {
      'index.js': "exports.default = { default: require('./keystone') };",
    },
    'a promise': { 'index.js': "module.exports = Promise.resolve(require('./keystone'));" },
    'a promise named keystone': {
      'index.js': "exports.keystone = Promise.resolve(require('./keystone').keystone);",
    },
    'a promise as default': {
      'index.js': "exports.default = Promise.resolve(require('./keystone'));",
    },
    'an ES module package': inModulePackage({
      'index.js': "export { keystone } from './cjs/keystone.js';",
    }),
    'an ES module with a default export': inModulePackage({
      'index.js': "import it from './cjs/keystone.js'; export default { keystone: it.keystone };",
    }),
    'top-level await': inModulePackage({
      'index.js': "const { keystone } = await import('./cjs/keystone.js'); export { keystone };",
    }),
  };
  it.each(Object.keys(entries))('%s', async (name) => {
    expectPlanned(await run(makeProject(entries[name])));
  });

  it('an .mjs file', async () => {
    expectPlanned(await run(makeProject({ 'index.mjs': ES_EXPORT }), ['--entry', 'index.mjs']));
  });

  it('an entry without extension, and a folder', async () => {
    const project = makeProject({
      'server.js': EXPORT,
      'src/index.mjs': "export * from '../keystone.js';",
    });
    expectPlanned(await run(project, ['--entry', './server']));
    expectPlanned(await run(project, ['--entry', 'src']));
  });

  it('hooks of node -r', async () => {
    const project = makeProject({
      'index.js': "import './keystone'; export { keystone } from './keystone';",
    });
    expectPlanned(await run(project, [], { node: ['-r', 'esm'] }));
  });
});

describe("the project's folder", () => {
  const entry = "require('fs').readFileSync('.env'); module.exports = require('../keystone');";

  it('is the working directory while the entry is loaded', async () => {
    const project = makeProject({ '.env': '', 'server/index.js': entry });
    expectPlanned(await run(path.dirname(project), ['--entry', 'app/server/index.js']));
  });

  it('is not one whose package.json only sets the module type', async () => {
    const project = makeProject({
      '.env': '',
      'dist/package.json': '{ "type": "commonjs" }',
      'dist/index.js': entry,
    });
    expectPlanned(await run(project, ['--entry', 'dist/index.js']));
  });

  it('is that of the entry when there is no package.json', async () => {
    const project = makeProject({ 'index.js': "require('./keystone'); process.exit(7)" });
    fs.unlinkSync(path.join(project, 'package.json'));
    // Where the project is shows in the places of the project's code.
    expectError(
      await run(path.dirname(project), ['--entry', 'app']),
      path.join(project, 'index.js:1'),
    );
  });
});

describe('TypeScript', () => {
  const entry = [
    "import { Keystone } from '@keystonejs/keystone';",
    'enum Kind { One }', // not for those that merely strip types
    'const holder = require("./keystone") as { keystone: Keystone };',
    'export const keystone: Keystone = Kind.One === 0 && holder.keystone;',
  ].join('\n');

  const loaders = {
    tsx: ['tsx'],
    'ts-node': ['ts-node', 'typescript'],
    'esbuild-register': ['esbuild-register', 'esbuild'],
    '@swc-node/register': ['@swc-node/register', '@swc/core', 'typescript'],
  };
  describe.each(Object.keys(loaders))('%s', (name) => {
    it('CommonJS', async () => {
      const project = makeProject({ 'index.ts': entry }, loaders[name]);
      expectPlanned(await run(project, ['--entry', 'index.ts']));
    });

    it('CommonJS by the extension, in a package of ES modules', async () => {
      const project = makeProject(
        inModulePackage({ 'index.cts': entry.replace('./keystone', './cjs/keystone.js') }),
        loaders[name],
      );
      expectPlanned(await run(project, ['--entry', 'index.cts']));
    });

    it('an ES module by the extension, in a package of CommonJS', async () => {
      const project = makeProject(
        {
          'index.mts': "import it from './keystone.js'; export const keystone: any = it.keystone;",
        },
        loaders[name],
      );
      expectPlanned(await run(project, ['--entry', 'index.mts']));
    });

    it('with a compiler set to ES modules', async () => {
      const tsconfig =
        '{ "compilerOptions": { "module": "esnext", "moduleResolution": "bundler" } }';
      const project = makeProject({ 'index.ts': entry, 'tsconfig.json': tsconfig }, loaders[name]);
      expectPlanned(await run(project, ['--entry', 'index.ts']));
    });

    it('an ES module package', async () => {
      const files = inModulePackage({
        'index.ts': [
          "import { lists } from './lists';",
          "import type { Keystone } from '@keystonejs/keystone';",
          'export const keystone: Keystone = lists.keystone;',
        ].join('\n'),
        'lists.ts': "import holder from './cjs/keystone.js'; export const lists: any = holder;",
      });
      const project = makeProject(files, loaders[name]);
      expectPlanned(await run(project, ['--entry', 'index.ts']));
    });
  });

  it('top-level await, with tsx', async () => {
    const files = inModulePackage({
      'index.ts': "const it: any = await import('./cjs/keystone.js'); export default it;",
    });
    expectPlanned(await run(makeProject(files, loaders.tsx), ['--entry', 'index.ts']));
  });

  it('the hook that node -r has registered comes first', async () => {
    const project = makeProject(
      {
        'index.ts': entry,
        'tsconfig.json': '{ "compilerOptions": { "module": "commonjs" } }',
        'hook.js': "require('ts-node/register/transpile-only');",
        // A loader of the project's own that must not be touched.
        'node_modules/tsx/cjs.js': "throw new Error('not me');",
      },
      ['ts-node', 'typescript'],
    );
    expectPlanned(await run(project, ['--entry', 'index.ts'], { node: ['-r', './hook.js'] }));
    expectError(await run(project, ['--entry', 'index.ts']), 'not me');
  });

  it('no loader', async () => {
    const project = makeProject({ 'index.ts': entry });
    // Newer Nodes load plain TypeScript by themselves.
    const node = process.features.typescript ? ['--no-experimental-strip-types'] : [];
    const result = await run(project, ['--entry', 'index.ts'], { node });
    expectError(result, ...Object.keys(loaders), '--entry dist/', '[NO_TYPESCRIPT_LOADER]');
  });
});

describe('output of the project', () => {
  it('what is printed goes to stderr, at once and at the end', async () => {
    const noisy = [
      "console.log('noise of the console');",
      "const pino = require('pino');",
      "pino().info('noise of pino');",
      "pino(pino.destination({ sync: false })).info('noise of pino, asynchronously');",
      "process.on('exit', () => console.log('noise at the end'));",
    ];
    const result = await run(makeProject({ 'index.js': `${noisy.join('\n')} ${EXPORT}` }));
    expectPlanned(result);
    const places = ['of the console', 'of pino"', 'of pino, asynchronously', 'at the end'];
    for (const place of places) expect(result.stderr).toContain(`noise ${place}`);
  });

  it('every function of fs that writes to an open file goes to stderr', async () => {
    const text = (name) => `'noise of ${name}\\n'`;
    const calls = {
      write: `fs.write(1, ${text('write')}, () => {})`,
      writeSync: `fs.writeSync(1, ${text('writeSync')})`,
      writev: `fs.writev(1, [Buffer.from(${text('writev')})], () => {})`,
      writevSync: `fs.writevSync(1, [Buffer.from(${text('writevSync')})])`,
      writeFile: `fs.writeFile(1, ${text('writeFile')}, () => {})`,
      writeFileSync: `fs.writeFileSync(1, ${text('writeFileSync')})`,
      appendFile: `fs.appendFile(1, ${text('appendFile')}, () => {})`,
      appendFileSync: `fs.appendFileSync(1, ${text('appendFileSync')})`,
      createWriteStream: `const stream = fs.createWriteStream(null, { fd: 1, autoClose: false });
        stream.cork(); stream.write('noise '); stream.write('of createWriteStream'); stream.uncork()`,
    };
    const lines = Object.values(calls).join(';\n');
    const project = makeProject({
      'index.js': `const fs = require('fs');\n${lines};\nmodule.exports = new Promise((resolve) =>
        setImmediate(resolve)).then(() => require('./keystone'));`,
    });
    const result = await run(project);
    expectPlanned(result);
    for (const name of Object.keys(calls)) expect(result.stderr).toContain(`noise of ${name}`);
  });

  it('functions imported into an ES module before go to stderr', async () => {
    const project = makeProject({
      'before.mjs': "import 'fs';",
      'index.mjs': `import { writeSync } from 'fs'; writeSync(1, 'noise'); ${ES_EXPORT}`,
    });
    const node = ['--import', './before.mjs'];
    const result = await run(project, ['--entry', 'index.mjs'], { node });
    expectPlanned(result);
    expect(result.stderr).toContain('noise');
  });
});

describe('a project that stays busy or ends early', () => {
  it('open handles do not keep the command alive', async () => {
    const open = "setInterval(() => {}, 1000); require('net').createServer().listen(0);";
    expectPlanned(await run(makeProject({ 'index.js': `${open} ${EXPORT}` })));
  });

  it('a promise that never settles is an error', async () => {
    const project = makeProject({ 'index.js': 'module.exports = new Promise(() => {});' });
    expectError(await run(project), 'never finished loading');
  });

  it('a top-level await that never settles is an error', async () => {
    const project = makeProject({ 'index.mjs': 'await new Promise(() => {});' });
    expectError(await run(project, ['--entry', 'index.mjs']), 'never finished loading');
  });

  it('a promise that never settles beside open handles is an error in time', async () => {
    const project = makeProject({
      'index.js': 'setInterval(() => {}, 1000); module.exports = new Promise(() => {});',
      'fast.js':
        'const wait = setTimeout; global.setTimeout = (f, ms) => wait(f, ms > 5000 ? ms / 50 : ms);',
    });
    const result = await run(project, [], { node: ['-r', './fast.js'] });
    expectError(result, 'Still loading', 'within 60 seconds. [ENTRY_TIMEOUT]');
  });

  it('a wait for one of several Keystones that start is an error at once', async () => {
    const project = makeProject({
      'index.js': `
        const first = require('./keystone').keystone;
        const { keystone: second } = require('./second');
        setInterval(() => {}, 1000);
        module.exports = Promise.all([first.connect(), second.connect()]);
      `,
      'second.js': fs.readFileSync(path.join(__dirname, 'fixtures', 'keystone.js'), 'utf8'),
    });
    const result = await run(project);
    expectError(result, 'unclear which Keystone it exports: it has made 2. [NO_KEYSTONE]');
    expect(result.stderr).not.toContain('Still loading');
  });

  it.each([0, 3])('process.exit(%d) is an error that says where', async (code) => {
    const project = makeProject({ 'index.js': `${EXPORT}\nprocess.exit(${code});` });
    const place = path.join(project, 'index.js:2');
    expectError(await run(project), 'while it was loading', `process.exit(${code})`, place);
  });

  it('errors in the background are warnings, each told once', async () => {
    const project = makeProject({
      'index.js': [
        "const { EventEmitter } = require('events');",
        "const retry = () => new EventEmitter().emit('error', new Error('redis is down'));",
        'setImmediate(retry);',
        'setImmediate(retry);',
        "Promise.reject(new Error('nobody listens'));",
        'module.exports = new Promise((resolve) => {',
        "  setImmediate(() => setImmediate(() => resolve(require('./keystone'))));",
        '});',
      ].join('\n'),
    });
    const result = await run(project);
    expectPlanned(result);
    expect(result.stderr).toContain('⚠');
    expect(result.stderr).toContain('nobody listens');
    expect(result.stderr.split('redis is down')).toHaveLength(2);
    expect(result.stderr).toContain(path.join(project, 'index.js:5'));
  });
});

describe('mistakes', () => {
  it('no such file', async () => {
    const project = makeProject({});
    expectError(await run(project), path.join(project, 'index.js'), '--entry', '[ENTRY_NOT_FOUND]');
    expectError(
      await run(project, ['--entry', 'a/b.js']),
      path.join(project, 'a', 'b.js'),
      '--entry',
    );
  });

  it('no such file, but one with another extension', async () => {
    const project = makeProject({ 'index.ts': '' });
    expectError(await run(project), '--entry index.ts');
  });

  it('an entry that throws', async () => {
    const project = makeProject({
      'index.js': "require('./config');",
      'config.js': "\nthrow new TypeError('DATABASE_URL is not set');",
    });
    expectError(
      await run(project),
      `${path.join(project, 'index.js')} failed: [ENTRY_FAILED]`,
      'TypeError: DATABASE_URL is not set',
      `${path.join(project, 'config.js:2')}`,
      `${path.join(project, 'index.js:1')}`,
      'environment variables',
      process.version,
    );
  });

  it.each(["throw 'a string';", 'throw undefined;', 'module.exports = Promise.reject();'])(
    'an entry that does %s',
    async (text) => {
      expectError(
        await run(makeProject({ 'index.js': text })),
        'failed',
        /string/.test(text) ? 'a string' : 'undefined',
      );
    },
  );

  it('an ES module that throws', async () => {
    const project = makeProject({ 'index.mjs': "\n\nthrow new Error('broken');" });
    const result = await run(project, ['--entry', 'index.mjs']);
    expectError(result, 'Error: broken', path.join(project, 'index.mjs:3'));
  });

  it('a missing package', async () => {
    const project = makeProject({
      'index.js': "require('./lists');",
      'lists.js': "require('nope');",
    });
    const result = await run(project);
    expectError(result, "Cannot find module 'nope'", path.join(project, 'lists.js:1'));
    expect(result.stderr).not.toContain('environment variables');
    // That is the way from this tool's own files.
    expect(result.stderr).not.toContain('Require stack');
  });

  it('a syntax error', async () => {
    const project = makeProject({ 'index.js': "require('./lists');", 'lists.js': '\nlet let;' });
    const result = await run(project);
    expectError(result, 'SyntaxError', path.join(project, 'lists.js:2'));
    expect(result.stderr).not.toContain('environment variables');
  });

  it('ES module syntax in a CommonJS file', async () => {
    const project = makeProject({
      'package.json': '{ "name": "app", "type": "commonjs" }',
      'index.js': "import './keystone.js';",
    });
    expectError(await run(project), 'SyntaxError', '-r esm', '"type": "module"');
  });

  it('runs an entry once that requires an ES module', async () => {
    const project = makeProject({
      'index.js': "console.error('once'); require('./lists.mjs');",
      'lists.mjs': 'await 0;',
    });
    const result = await run(project);
    expectError(result, 'failed');
    expect(result.stderr.split('once')).toHaveLength(2);
  });

  it('no keystone among the exports', async () => {
    const project = makeProject({ 'index.js': 'exports.apps = []; exports.distDir = 1;' });
    expectError(
      await run(project),
      'exports no `keystone`',
      'apps, distDir',
      '--entry',
      '[NO_KEYSTONE]',
    );
    const none = makeProject({ 'index.js': '' });
    expectError(await run(none), 'exports no `keystone`', 'nothing');
    const inDefault = makeProject({ 'index.js': 'exports.default = { server: 1 };' });
    expectError(await run(inDefault), 'default holds: server');
  });

  it('a keystone that is not there yet, and a function', async () => {
    const later = makeProject({ 'index.js': 'exports.keystone = undefined; exports.apps = [];' });
    expectError(await run(later), 'exports `keystone`, but it is undefined when');
    const made = makeProject({ 'index.js': 'module.exports = () => {};' });
    expectError(await run(made), 'exports a function');
  });

  it('an ES module that is written for the "esm" package', async () => {
    const project = makeProject({
      'package.json': '{ "name": "app", "type": "module" }',
      'index.js': "export * from './lists';",
      'lists.js': '',
    });
    expectError(await run(project), '"esm" package', 'NODE_OPTIONS="-r esm"');
  });

  it.each([
    "module.exports = require('./keystone').keystone;",
    "exports.default = require('./keystone').keystone;",
  ])('the Keystone object itself: %s', async (text) => {
    const result = await run(makeProject({ 'index.js': text }));
    expectError(result, 'exports the Keystone object itself', 'module.exports = { keystone }');
    expect(result.stderr).not.toContain('listsArray');
    expect(result.stderr).not.toContain('It exports');
  });

  describe('no lists', () => {
    const empty = [
      "const { Keystone } = require('@keystonejs/keystone');",
      "const { KnexAdapter } = require('@keystonejs/adapter-knex');",
      "const keystone = new Keystone({ adapter: new KnexAdapter(), cookieSecret: 'secret' });",
      'exports.keystone = keystone;',
    ].join('\n');

    it.each([[], ['--check']])('%j', async (...args) => {
      const project = makeProject({ 'index.js': empty });
      expectError(await run(project, args), 'has no lists. [NO_LISTS]', 'after an `await`');
    });

    it('yet: they come after an `await`', async () => {
      const later = `${empty} Promise.resolve().then(() => setTimeout(() => {
        keystone.createList('User', { fields: {} });
      }));`;
      expectError(await run(makeProject({ 'index.js': later })), 'has no lists');
    });

    it('but another Keystone has some', async () => {
      const project = makeProject({ 'index.js': `require('./keystone'); ${empty}` });
      expectError(await run(project), 'has no lists', 'Another Keystone has 2');
    });
  });

  it('a keystone of another version', async () => {
    const project = makeProject({ 'index.js': 'exports.keystone = { lists: {} };' });
    expectError(await run(project), 'not a Keystone 5 object', 'listsArray');
  });

  it('exports that refer to themselves', async () => {
    const project = makeProject({ 'index.js': 'module.exports.default = module.exports;' });
    expectError(await run(project), 'exports no `keystone`');
  });
});

test.each([
  'Invalid URL: postgres://me:very secret/x@host/db',
  'connect {"host":"h","password":"secret"}',
  'PGPASSWORD=secret is refused',
  "{ password: 'secret', sslpassword: 'secret' }",
  'postgres://host/db?sslpassword=secret&ssl=1',
])('an error of the project that holds a password: %s', async (message) => {
  const project = makeProject({ 'index.js': `throw new Error(${JSON.stringify(message)});` });
  const result = await run(project);
  expectError(result, '***');
  expect(result.stderr).not.toContain('secret');
});
