// keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.2 or later, a standalone server, a replica set or a sharded cluster, and
// a user who may read and write this database (the role readWrite). Lists in sharded collections
// need 5.1 for the checks. Join collections that are sharded already are filled where they are.
//
// All checks come first, then all copies, all counts, and the removals at last. It stops at the first
// error. Stopped at any point, by whatever, it can be run again: before the removals it starts over,
// from then on it goes on. The collection keystone_upgrade_relationships tells how far it has come,
// and keeps a second run out. In the end it is gone.
//
const migration = {
  direction: 'down',
  server: [4, 2],
  plan: 'b45616878145a592',
  relationships: [
    // User.friendOf -> User.friends (two-sided: many to many)
    {
      name: 'User.friendOf -> User.friends',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'user_friendof_user_friends' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'User.friendOf -> User.friends: users.friendOf holds links that user_friendof_user_friends does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { friendOf: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$friendOf'] }, '$friendOf', ['$friendOf']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'user_friendof_user_friends', localField: '_id', foreignField: 'User_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'User.friendOf -> User.friends: users.friends holds links that user_friendof_user_friends does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { friends: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$friends'] }, '$friends', ['$friends']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'user_friendof_user_friends', localField: '_id', foreignField: 'User_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'users', updates: [{ q: { friendOf: { $exists: false } }, u: { $set: { friendOf: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'user_friendof_user_friends',
            pipeline: [
              { $match: { User_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$User_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', friendOf: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'users', updates: [{ q: { friends: { $exists: false } }, u: { $set: { friends: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'user_friendof_user_friends',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, User_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$User_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', friends: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'User.friendOf -> User.friends: users.friendOf does not hold all links of user_friendof_user_friends. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'user_friendof_user_friends',
            pipeline: [
              { $match: { User_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$User_left_id', id: '$User_right_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$friendOf'] }, '$friendOf', ['$friendOf']] }, []] } } } },
                    },
                  ],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'User.friendOf -> User.friends: users.friends does not hold all links of user_friendof_user_friends. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'user_friendof_user_friends',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, User_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$User_left_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$friends'] }, '$friends', ['$friends']] }, []] } } } },
                    },
                  ],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
      ],
      repairs: [],
      leftovers: [],
      guards: [],
      ensures: [],
      removals: [
        { drop: 'user_friendof_user_friends' },
      ],
    },
  ],
};

migrate(migration, {
  database: db.getName(),
  command: async (document) => db.runCommand(document),
  adminCommand: async (document) => db.adminCommand(document),
  process: { host: require('os').hostname(), pid: process.pid },
  isAlive(pid) {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      return error.code === 'EPERM';
    }
  },
  report({ text, isWarning, done, rate }) {
    const count = done === undefined ? '' : ': ' + done + (rate ? ' (' + rate + '/s)' : '');
    print((isWarning ? 'Warning: ' : '') + text + count);
  },
});
