'use strict';

const { codeOf, templateLiteral } = require('./code');

/** A migration file for the Knex CLI. */
module.exports = {
  engine: 'postgresql',
  tool: 'Knex',
  empty: 'has none of the tables',
  imports: [],

  /** The name of a file, without its extension. */
  fileName: (timestamp) => `${timestamp}_arcade_relationships`,

  /** The name of the tool's own configuration, without its extension. */
  config: 'knexfile',

  /** What runs the file. */
  command: (config) => `npx knex migrate:latest${config ? ` --knexfile ${config}` : ''}`,

  /** The code of the file, with functions `up` and `down`. */
  code(plan, options) {
    const sql = (direction) =>
      templateLiteral(
        plan.migration(Object.assign({}, options, { direction, transaction: false })),
      );
    return [
      'const up = (knex) => run(knex, UP);\n\nconst down = (knex) => run(knex, DOWN);',
      codeOf('knex-file.js'),
      `const UP = ${sql('up')};`,
      `const DOWN = ${sql('down')};`,
    ];
  },
};
