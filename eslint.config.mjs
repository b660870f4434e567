import js from '@eslint/js';
import n from 'eslint-plugin-n';

/** What users run: every Node of `engines`, so the syntax and built-ins of Node 10 (ES2019 but for a few built-ins). */
const published = ['index.js', 'lib/**/*.js', 'bin/**/*.js'];

/** What only this repository runs: the Node that builds it. */
const development = ['**/*.mjs', 'jest.config.js', '__test__/**/*.js', 'dev/**/*.js'];
const developmentNode = '>=20.0.0';

const jestGlobals = Object.fromEntries(
  'afterAll afterEach beforeAll beforeEach describe expect it jest test'
    .split(' ')
    .map((name) => [name, 'readonly']),
);

export default [
  {
    ignores: [
      'target/**',
      '__test__/fixtures/**', // some are broken on purpose
      '__test__/scenarios/**', // data
      'examples/*/migrations/**', // the demo makes them
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrors: 'all',
          caughtErrorsIgnorePattern: '^_',
        },
      ],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    ...n.configs['flat/recommended-script'],
    files: ['**/*.js'],
  },
  {
    ...n.configs['flat/recommended-module'],
    files: ['**/*.mjs'],
  },
  {
    files: ['**/*.js'],
    rules: { strict: ['error', 'global'] },
  },
  {
    files: published,
    languageOptions: { ecmaVersion: 2019 },
    rules: {
      // The range comes from package.json's engines. None of these may be let off.
      // Every Node strips the first line of a command itself.
      'n/no-unsupported-features/es-syntax': ['error', { ignores: ['hashbang'] }],
      'n/no-unsupported-features/es-builtins': 'error',
      'n/no-unsupported-features/node-builtins': 'error',
    },
  },
  {
    // Node 10 knows the syntax already and rejects the promise, which this file handles.
    files: ['lib/entry/load-module.js'],
    languageOptions: { ecmaVersion: 2020 },
    rules: { 'n/no-unsupported-features/es-syntax': ['error', { ignores: ['dynamic-import'] }] },
  },
  {
    // A project's open handles must not keep the command alive.
    files: ['lib/cli/guard.js', 'lib/cli/dispatch.js'],
    rules: { 'n/no-process-exit': 'off' },
  },
  {
    files: development,
    languageOptions: { ecmaVersion: 2023 },
    settings: { n: { version: developmentNode } },
    rules: {
      'n/no-process-exit': 'off',
      'n/no-unpublished-import': 'off',
      'n/no-unsupported-features/node-builtins': [
        'error',
        { allowExperimental: true, ignores: ['process.features.typescript'] },
      ],
    },
  },
  {
    files: ['__test__/**/*.js', 'dev/**/*.js'],
    languageOptions: { globals: jestGlobals },
  },
  {
    // The packages of an example are its own.
    files: ['examples/**/*.js'],
    rules: { 'n/no-missing-require': 'off', 'n/no-extraneous-require': 'off' },
  },
];
