'use strict';

const { templateLiteral } = require('./code');

/** A migration file for the Knex CLI. */
module.exports = {
  engine: 'postgresql',
  tool: 'Knex',
  empty: 'has none of the tables',

  /** The name of a file, without its extension. */
  fileName: (timestamp) => `${timestamp}_arcade_relationships`,

  /** The name of the tool's own configuration, without its extension. */
  config: 'knexfile',

  /** What runs the file. */
  command: (config) => `npx knex migrate:latest${config ? ` --knexfile ${config}` : ''}`,

  /** The parts of the file, with functions `up` and `down`. */
  code(plan, options) {
    const sql = (direction) =>
      templateLiteral(plan.migration({ ...options, direction, transaction: false }));
    return [
      { code: 'const up = (knex) => run(knex, UP);\n\nconst down = (knex) => run(knex, DOWN);' },
      { file: 'knex-file.js' },
      { code: `const UP = ${sql('up')};` },
      { code: `const DOWN = ${sql('down')};` },
    ];
  },
};
