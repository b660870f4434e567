'use strict';

// For the Knex CLI, which comes with Keystone's adapter.
module.exports = {
  client: 'pg',
  connection: process.env.DATABASE_URL || 'postgres://localhost/todo',
};
