// keystone-upgrade-relationships *: a migration for migrate-mongo. `up` takes the relationships of Keystone 5 from
// the old schema to the new (Arcade), and `down` takes them back. Take a backup first, and stop the
// application until the end. On a database that is there already, or has none of the collections, it
// says so and changes nothing.
/* eslint-disable */
'use strict';

const up = (db) => run({ ...MIGRATION, direction: "up", server: [ 4, 0 ] }, db);

const down = (db) => run({ ...MIGRATION, direction: "down", server: [ 4, 2 ] }, db);

const MIGRATION = {
  reconcile: false,
  plan: "0770f4654d7183ff",
  collections: [ "todo_readers_user_readposts", "todo_reviewers_manies", "todos", "users" ],
  relationships: [
    {
      kind: "oneSidedManyToMany",
      name: "Todo.reviewers -> User",
      left: { "collection": "todos", "field": "reviewers", "many": true },
      right: { "collection": "users" },
      join: { "collection": "todo_reviewers_manies", "left": "Todo_left_id", "right": "User_right_id" },
    },
    {
      kind: "twoSidedOneToOne",
      name: "Todo.leadAuthor -> User.leadPost",
      left: { "collection": "todos", "field": "leadAuthor" },
      right: { "collection": "users", "field": "leadPost" },
    },
    {
      kind: "twoSidedOneToMany",
      name: "Todo.publisher -> User.published",
      left: { "collection": "todos", "field": "publisher" },
      right: { "collection": "users", "field": "published", "many": true },
    },
    {
      kind: "twoSidedManyToMany",
      name: "Todo.readers -> User.readPosts",
      left: { "collection": "todos", "field": "readers", "many": true },
      right: { "collection": "users", "field": "readPosts", "many": true },
      join: { "collection": "todo_readers_user_readposts", "left": "Todo_left_id", "right": "User_right_id" },
    },
  ],
  indexes: { "todos": [ "author", "leadAuthor", "publisher" ] },
};

/** Runs a migration by the driver that the tool has connected. */
async function run(migration, db) {
  const primary = { readPreference: 'primary' };
  const shell = {
    database: db.databaseName,
    command: (document) => db.command(document, primary),
    adminCommand: (document) => db.admin().command(document, primary),
    report({ text, isWarning, done, rate }) {
      const count = done === undefined ? '' : `: ${done}${rate ? ` (${rate}/s)` : ''}`;
      console.log((isWarning ? 'Warning: ' : '') + text + count);
    },
  };
  // All migrations of a project run on each new database.
  const empty = await wrongDatabase(serverOf(shell), migration);
  if (empty) console.log(`Nothing to do: ${empty}`);
  else await migrate(migration, shell);
}

exports.up = up;
exports.down = down;
