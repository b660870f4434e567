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
  plan: '0507c32bbbf7dff3',
  relationships: [
    // Todo.reviewers -> User (one-sided: many to many)
    {
      name: 'Todo.reviewers -> User',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'todo_reviewers_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.reviewers -> User: my-todos.reviewers holds links that todo_reviewers_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { reviewers: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'todo_reviewers_manies', localField: '_id', foreignField: 'Todo_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'my-todos', updates: [{ q: { reviewers: { $exists: false } }, u: { $set: { reviewers: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'todo_reviewers_manies',
            pipeline: [
              { $match: { Todo_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Todo_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', reviewers: { $push: '$id' } } },
              { $merge: { into: 'my-todos', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Todo.reviewers -> User: my-todos.reviewers does not hold all links of todo_reviewers_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'todo_reviewers_manies',
            pipeline: [
              { $match: { Todo_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Todo_left_id', id: '$User_right_id' } },
              { $lookup: { from: 'my-todos', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'my-todos',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] }, []] } } },
                      },
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
        { drop: 'todo_reviewers_manies' },
      ],
    },
    // Todo.readers -> User.readPosts (two-sided: many to many)
    {
      name: 'Todo.readers -> User.readPosts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'todo_readers_user_readposts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.readers -> User.readPosts: my-todos.readers holds links that todo_readers_user_readposts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'todo_readers_user_readposts', localField: '_id', foreignField: 'Todo_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: people.readPosts holds links that todo_readers_user_readposts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { readPosts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'todo_readers_user_readposts', localField: '_id', foreignField: 'User_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Todo_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'my-todos', updates: [{ q: { readers: { $exists: false } }, u: { $set: { readers: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'todo_readers_user_readposts',
            pipeline: [
              { $match: { Todo_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Todo_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', readers: { $push: '$id' } } },
              { $merge: { into: 'my-todos', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'people', updates: [{ q: { readPosts: { $exists: false } }, u: { $set: { readPosts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'todo_readers_user_readposts',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Todo_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Todo_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', readPosts: { $push: '$id' } } },
              { $merge: { into: 'people', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Todo.readers -> User.readPosts: my-todos.readers does not hold all links of todo_readers_user_readposts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'todo_readers_user_readposts',
            pipeline: [
              { $match: { Todo_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Todo_left_id', id: '$User_right_id' } },
              { $lookup: { from: 'my-todos', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'my-todos',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] }, []] } } } },
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
          says: 'Todo.readers -> User.readPosts: people.readPosts does not hold all links of todo_readers_user_readposts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'todo_readers_user_readposts',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Todo_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Todo_left_id' } },
              { $lookup: { from: 'people', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'people',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] }, []] } } },
                      },
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
        { drop: 'todo_readers_user_readposts' },
      ],
    },
    // Todo.lead -> User.leads (two-sided: one to many)
    {
      name: 'Todo.lead -> User.leads',
      // finds something as long as there is anything to do
      pending: [
        { find: 'people', filter: { leads: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.lead -> User.leads: people.leads holds links that my-todos.lead does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { leads: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$leads'] }, '$leads', ['$leads']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my-todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.lead'] }, '$$other.lead', ['$$other.lead']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'people', updates: [{ q: { leads: { $exists: false } }, u: { $set: { leads: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { lead: { $type: 'objectId' } } },
              { $project: { own: '$lead', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', leads: { $push: '$id' } } },
              { $merge: { into: 'people', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Todo.lead -> User.leads: people.leads does not hold all links of my-todos. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { lead: { $type: 'objectId' } } },
              { $project: { own: '$lead', id: '$_id' } },
              { $lookup: { from: 'people', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'people',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$leads'] }, '$leads', ['$leads']] }, []] } } } } }],
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
      removals: [],
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
