'use strict';

// The order in which Jest runs the specs. By itself it knows how long each takes only when it has run
// before, and goes by the size of its file until then: a long one that begins last runs alone.

const path = require('path');

const LONGEST = [
  'mongodb-proof',
  'postgres-proof',
  'node-versions',
  'mongodb-run',
  'mongodb-real',
  'postgres-run',
  'postgres-odd',
  'mongodb-check',
  'mongodb-crash',
  'guards-postgres',
  'entry',
  'mongodb-random',
  'command',
  'scenarios',
  'package',
  'postgres-random',
  'formats-postgres',
  'formats-mongodb',
  'docs',
  'guards-mongodb',
  'mixed',
  'inert',
  'postgres-data',
  'passwords',
  'mongodb-refusals',
  'dry-run',
  'report',
].map((name) => `${name}.spec.js`);

module.exports = class LongestFirst {
  sort(tests) {
    const place = (test) => LONGEST.indexOf(path.basename(test.path));
    const long = tests.filter((test) => place(test) >= 0).sort((a, b) => place(a) - place(b));
    return [...long, ...tests.filter((test) => place(test) < 0)];
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
};
