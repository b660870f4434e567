'use strict';

module.exports = {
  testEnvironment: 'node',
  // Nothing of Jest's is elsewhere; the snapshots of src/ are those of the Rust tests.
  roots: ['<rootDir>/__test__'],
  testMatch: ['**/*.spec.js'],
  // Many tests run the real command, which loads the real Keystone.
  testTimeout: 120000,
  maxWorkers: 2,
};
