'use strict';

// For migrate-mongo.
module.exports = {
  mongodb: { url: process.env.DATABASE_URL || 'mongodb://localhost/todo' },
  migrationsDir: 'migrations',
  changelogCollectionName: 'changelog',
};
