'use strict';

/** The files of `lib/`, `bin/` and `dev/` depend on each other in one direction. */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Move what ties the two files into a file of its own, which both require.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'dev-is-not-published',
      severity: 'error',
      from: { path: '^(index\\.js|lib|bin)' },
      to: { path: '^(dev|scripts|bench|__test__)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.node$' },
  },
};
