// keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.0 or later, a standalone server, a replica set or a sharded cluster, and
// a user who may read and write this database (the role readWrite). Lists in sharded collections
// need 5.1 for the checks. Join collections that are sharded already are filled where they are.
//
// All checks come first, then all copies, all counts, and the removals at last. It stops at the first
// error. Stopped at any point, by whatever, it can be run again: before the removals it starts over,
// from then on it goes on. The collection keystone_upgrade_relationships tells how far it has come,
// and keeps a second run out. In the end it is gone.
//
const migration = {
  direction: 'up',
  server: [4, 0],
  plan: '0770f4654d7183ff',
  relationships: [
    // Todo.reviewers -> User (one-sided: many to many)
    {
      name: 'Todo.reviewers -> User',
      // finds something as long as there is anything to do
      pending: [
        { find: 'todos', filter: { reviewers: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.reviewers -> User: documents with something in todos.reviewers that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { reviewers: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.reviewers -> User: documents of todos whose own _id is no ObjectId have links in reviewers. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { reviewers: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.reviewers -> User: documents with nulls or duplicates in todos.reviewers, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { reviewers: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$reviewers'] }, { $in: [{ $type: '$reviewers' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$reviewers'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Todo.reviewers -> User: ids in todos.reviewers of documents that users does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { reviewers: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'todo_reviewers_manies',
          indexes: ['Todo_left_id', 'User_right_id'],
          run: {
            aggregate: 'todos',
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
              {
                $project: {
                  _id: 0,
                  Todo_left_id: '$_id',
                  User_right_id: {
                    $map: {
                      input: {
                        $filter: {
                          input: { $range: [0, { $size: '$ids' }] },
                          as: 'at',
                          cond: { $eq: ['$$at', { $indexOfArray: ['$ids', { $arrayElemAt: ['$ids', '$$at'] }] }] },
                        },
                      },
                      as: 'at',
                      in: { $arrayElemAt: ['$ids', '$$at'] },
                    },
                  },
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$User_right_id' },
            ],
          },
          count: {
            aggregate: 'todos',
            pipeline: [
              { $match: { reviewers: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] }, [null]] } } },
                },
              },
            ],
          },
        },
      ],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Todo.reviewers -> User: links in todos.reviewers that todo_reviewers_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from todos.reviewers',
          stops: true,
          run: {
            aggregate: 'todos',
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
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'todo_reviewers_manies', indexes: [{ key: { Todo_left_id: 1 }, name: 'Todo_left_id_1', background: true }] },
        { createIndexes: 'todo_reviewers_manies', indexes: [{ key: { User_right_id: 1 }, name: 'User_right_id_1', background: true }] },
        { dropIndexes: 'todos', index: { reviewers: 1 } },
      ],
      removals: [
        { update: 'todos', updates: [{ q: { reviewers: { $exists: true } }, u: { $unset: { reviewers: 1 } }, multi: true }] },
      ],
    },
    // Todo.leadAuthor -> User.leadPost (two-sided: one to one)
    {
      name: 'Todo.leadAuthor -> User.leadPost',
      // finds something as long as there is anything to do
      pending: [
        { find: 'users', filter: { leadPost: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'todos',
          pipeline: [
            { $match: { leadAuthor: { $type: 'objectId' } } },
            { $group: { _id: '$leadAuthor', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'users', localField: '_id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                holders: 1,
                named: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $setIntersection: [
                        {
                          $filter: {
                            input: { $cond: [{ $isArray: ['$$other.leadPost'] }, '$$other.leadPost', ['$$other.leadPost']] },
                            cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                          },
                        },
                        '$holders',
                      ],
                    },
                  },
                },
              },
            },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.leadAuthor -> User.leadPost: documents with something in users.leadPost that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { leadPost: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$leadPost'],
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: documents of users whose own _id is no ObjectId have links in leadPost. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { leadPost: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$leadPost'] }, '$leadPost', ['$leadPost']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: documents with something in todos.leadAuthor that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { leadAuthor: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$leadAuthor'],
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: documents of todos whose own _id is no ObjectId have links in leadAuthor. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { leadAuthor: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$leadAuthor'] }, '$leadAuthor', ['$leadAuthor']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: links that only users.leadPost has would be lost. Add them to todos.leadAuthor, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { leadPost: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$leadPost'] }, '$leadPost', ['$leadPost']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.leadAuthor'] }, '$$other.leadAuthor', ['$$other.leadAuthor']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: links in users.leadPost that todos.leadAuthor contradicts. The old Keystone leaves such stale links behind. todos.leadAuthor decides',
          stops: false,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { leadPost: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$leadPost'] }, '$leadPost', ['$leadPost']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.leadAuthor'] }, '$$other.leadAuthor', ['$$other.leadAuthor']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: links that only todos.leadAuthor has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { leadAuthor: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$leadAuthor'] }, '$leadAuthor', ['$leadAuthor']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.leadPost'] }, '$$other.leadPost', ['$$other.leadPost']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.leadAuthor -> User.leadPost: documents that several documents hold in todos.leadAuthor, and whose own users.leadPost names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { leadAuthor: { $type: 'objectId' } } },
              { $group: { _id: '$leadAuthor', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'users', localField: '_id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  holders: 1,
                  named: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $setIntersection: [
                          {
                            $filter: {
                              input: { $cond: [{ $isArray: ['$$other.leadPost'] }, '$$other.leadPost', ['$$other.leadPost']] },
                              cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                            },
                          },
                          '$holders',
                        ],
                      },
                    },
                  },
                },
              },
              { $match: { named: [] } },
            ],
          },
        },
      ],
      copies: [],
      counts: [],
      // of links that are kept
      repairs: [
        {
          says: 'Todo.leadAuthor -> User.leadPost: documents that are released in todos.leadAuthor, because another one holds the same',
          collection: 'todos',
          field: 'leadAuthor',
          how: 'release',
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { leadAuthor: { $type: 'objectId' } } },
              { $group: { _id: '$leadAuthor', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'users', localField: '_id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  holders: 1,
                  named: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $setIntersection: [
                          {
                            $filter: {
                              input: { $cond: [{ $isArray: ['$$other.leadPost'] }, '$$other.leadPost', ['$$other.leadPost']] },
                              cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                            },
                          },
                          '$holders',
                        ],
                      },
                    },
                  },
                },
              },
              { $match: { named: { $ne: [] } } },
              { $project: { holders: 1, keeps: { $cond: [{ $eq: ['$named', []] }, { $max: '$holders' }, { $arrayElemAt: ['$named', 0] }] } } },
              { $unwind: '$holders' },
              { $match: { $expr: { $ne: ['$holders', '$keeps'] } } },
              { $project: { _id: '$holders' } },
            ],
          },
        },
      ],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Todo.leadAuthor -> User.leadPost: links that only users.leadPost has would be lost. Add them to todos.leadAuthor, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { leadPost: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$leadPost'] }, '$leadPost', ['$leadPost']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.leadAuthor'] }, '$$other.leadAuthor', ['$$other.leadAuthor']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'users', index: { leadPost: 1 } },
      ],
      removals: [
        { update: 'users', updates: [{ q: { leadPost: { $exists: true } }, u: { $unset: { leadPost: 1 } }, multi: true }] },
      ],
    },
    // Todo.publisher -> User.published (two-sided: one to many)
    {
      name: 'Todo.publisher -> User.published',
      // finds something as long as there is anything to do
      pending: [
        { find: 'users', filter: { published: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.publisher -> User.published: documents with something in users.published that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { published: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$published'] }, '$published', ['$published']] },
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.publisher -> User.published: documents of users whose own _id is no ObjectId have links in published. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { published: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$published'] }, '$published', ['$published']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.publisher -> User.published: documents with something in todos.publisher that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { publisher: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$publisher'],
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.publisher -> User.published: documents of todos whose own _id is no ObjectId have links in publisher. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { publisher: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publisher'] }, '$publisher', ['$publisher']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.publisher -> User.published: links that only users.published has would be lost. Add them to todos.publisher, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { published: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$published'] }, '$published', ['$published']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.publisher'] }, '$$other.publisher', ['$$other.publisher']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.publisher -> User.published: links in users.published that todos.publisher contradicts. The old Keystone leaves such stale links behind. todos.publisher decides',
          stops: false,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { published: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$published'] }, '$published', ['$published']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.publisher'] }, '$$other.publisher', ['$$other.publisher']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.publisher -> User.published: links that only todos.publisher has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { publisher: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publisher'] }, '$publisher', ['$publisher']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.published'] }, '$$other.published', ['$$other.published']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Todo.publisher -> User.published: links that only users.published has would be lost. Add them to todos.publisher, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { published: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$published'] }, '$published', ['$published']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.publisher'] }, '$$other.publisher', ['$$other.publisher']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'users', index: { published: 1 } },
      ],
      removals: [
        { update: 'users', updates: [{ q: { published: { $exists: true } }, u: { $unset: { published: 1 } }, multi: true }] },
      ],
    },
    // Todo.readers -> User.readPosts (two-sided: many to many)
    {
      name: 'Todo.readers -> User.readPosts',
      // finds something as long as there is anything to do
      pending: [
        { find: 'todos', filter: { readers: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'users', filter: { readPosts: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.readers -> User.readPosts: documents with something in todos.readers that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] },
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: documents of todos whose own _id is no ObjectId have links in readers. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: documents with nulls or duplicates in todos.readers, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$readers'] }, { $in: [{ $type: '$readers' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$readers'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: ids in todos.readers of documents that users does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: documents with something in users.readPosts that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { readPosts: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
                      cond: {
                        $not: [{ $or: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }, { $eq: [{ $type: '$$this' }, 'objectId'] }] }],
                      },
                    },
                  },
                },
              },
              { $match: { wrong: { $ne: [] } } },
              { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: documents of users whose own _id is no ObjectId have links in readPosts. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { readPosts: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
                      cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] },
                    },
                  },
                },
              },
              { $match: { links: { $ne: [] } } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: documents with nulls or duplicates in users.readPosts, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { readPosts: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$readPosts'] }, { $in: [{ $type: '$readPosts' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$readPosts'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: ids in users.readPosts of documents that todos does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { readPosts: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: links that only todos.readers has, and users.readPosts has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.readPosts'] }, '$$other.readPosts', ['$$other.readPosts']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: links that only users.readPosts has, and todos.readers has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { readPosts: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.readers'] }, '$$other.readers', ['$$other.readers']] },
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
        {
          into: 'todo_readers_user_readposts',
          indexes: ['Todo_left_id', 'User_right_id'],
          run: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  Todo_left_id: '$_id',
                  User_right_id: {
                    $map: {
                      input: {
                        $filter: {
                          input: { $range: [0, { $size: '$ids' }] },
                          as: 'at',
                          cond: { $eq: ['$$at', { $indexOfArray: ['$ids', { $arrayElemAt: ['$ids', '$$at'] }] }] },
                        },
                      },
                      as: 'at',
                      in: { $arrayElemAt: ['$ids', '$$at'] },
                    },
                  },
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$User_right_id' },
            ],
          },
          count: {
            aggregate: 'todos',
            pipeline: [
              { $match: { readers: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] }, [null]] } } } },
              },
            ],
          },
        },
      ],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Todo.readers -> User.readPosts: links in todos.readers that todo_readers_user_readposts does not have, so they came after it was made: was the application running? Add them there, or remove them from todos.readers',
          stops: true,
          run: {
            aggregate: 'todos',
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
              { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: links in users.readPosts that todo_readers_user_readposts does not have, so they came after it was made: was the application running? Add them there, or remove them from users.readPosts',
          stops: true,
          run: {
            aggregate: 'users',
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
              { $lookup: { from: 'todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'todo_readers_user_readposts', indexes: [{ key: { Todo_left_id: 1 }, name: 'Todo_left_id_1', background: true }] },
        { createIndexes: 'todo_readers_user_readposts', indexes: [{ key: { User_right_id: 1 }, name: 'User_right_id_1', background: true }] },
        { dropIndexes: 'todos', index: { readers: 1 } },
        { dropIndexes: 'users', index: { readPosts: 1 } },
      ],
      removals: [
        { update: 'todos', updates: [{ q: { readers: { $exists: true } }, u: { $unset: { readers: 1 } }, multi: true }] },
        { update: 'users', updates: [{ q: { readPosts: { $exists: true } }, u: { $unset: { readPosts: 1 } }, multi: true }] },
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
