'use strict';

const { templateLiteral } = require('./code');

/** A migration file for the Knex CLI. */
module.exports = {
  engine: 'postgresql',
  tool: 'Knex',
  empty: 'has none of the tables',
  fileName: (timestamp) => `${timestamp}_arcade_relationships`,
  config: 'knexfile',
  configOption: '--knexfile',
  command: ['npx', 'knex', 'migrate:latest'],

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
