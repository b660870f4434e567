// keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump), and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// The connection string must not set socketTimeoutMS: a copy may take longer. mongosh 2.12 reaches MongoDB
// 4.4 and later, up to 2.10.0 also 4.2, up to 2.5.6 also 4.0. The old shell, mongo, cannot run this.
// It needs MongoDB 4.0 or later, standalone, as a replica set or sharded, and a user with the role
// readWrite on this database. Where lists or join collections are sharded, the checks need 5.1.
// A join collection that is sharded already is filled in place.
//
// First come all checks, which report everything that is wrong; then the copies, which are counted. Until
// then, nothing in the documents has changed. From then on it only goes forward: the join collections get
// their names, links are repaired, and what is stored elsewhere by then is removed.
// If it stops at any point, run it again: it starts over before the names, and continues after them. The
// collection keystone_upgrade_relationships records how far it has come, and keeps a second run out. It is
// gone in the end.

const migration = {
  direction: 'up',
  reconcile: false,
  server: [4, 0],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: 'b45616878145a592',
  // One of these has to be there, or this is the wrong database.
  collections: [
    'user_friendof_user_friends',
    'users',
  ],
  relationships: [
    {
      kind: 'twoSidedManyToMany',
      name: 'User.friendOf -> User.friends',
      left: { collection: 'users', field: 'friendOf', many: true },
      right: { collection: 'users', field: 'friends', many: true },
      join: { collection: 'user_friendof_user_friends', left: 'User_left_id', right: 'User_right_id' },
    },
  ],
  // Fields that the new Keystone indexes and the old one did not, by collection.
  indexes: {
  },
};

// From here on, every script is the same. Nothing is sent before the call of `migrate` at the end.

if (typeof require === 'undefined') {
  print('This script needs mongosh, not the old shell: mongosh <connection string> <this file>');
  quit(1);
}
migrate(migration, {
  database: db.getName(),
  command: async (document) => db.runCommand(document),
  adminCommand: async (document) => db.adminCommand(document),
  report({ text, isWarning, done, rate }) {
    const count = done === undefined ? '' : `: ${done}${rate ? ` (${rate}/s)` : ''}`;
    print((isWarning ? 'Warning: ' : '') + text + count);
  },
});
