'use strict';

module.exports = {
  testEnvironment: 'node',
  // Nothing of Jest's is elsewhere; the snapshots of src/ are those of the Rust tests.
  roots: ['<rootDir>/__test__'],
  testMatch: ['**/*.spec.js'],
  // Ends what hangs. No test is decided by the clock: how fast the machine is makes no difference.
  testTimeout: 15 * 60 * 1000,
  // Nothing needs to be changed before Node runs it.
  transform: {},
  maxWorkers: 2,
  globalSetup: '<rootDir>/dev/code-caches.js',
  testSequencer: '<rootDir>/dev/longest-first.js',
};
