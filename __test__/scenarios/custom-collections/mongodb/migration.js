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
  plan: '0507c32bbbf7dff3',
  relationships: [
    // Todo.reviewers -> User (one-sided: many to many)
    {
      name: 'Todo.reviewers -> User',
      // finds something as long as there is anything to do
      pending: [
        { find: 'my-todos', filter: { reviewers: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.reviewers -> User: documents with something in my-todos.reviewers that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'my-todos',
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
          says: 'Todo.reviewers -> User: documents of my-todos whose own _id is no ObjectId have links in reviewers. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'my-todos',
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
          says: 'Todo.reviewers -> User: documents with nulls or duplicates in my-todos.reviewers, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'my-todos',
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
          says: 'Todo.reviewers -> User: ids in my-todos.reviewers of documents that people does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'my-todos',
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
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
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
            aggregate: 'my-todos',
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
          says: 'Todo.reviewers -> User: links in my-todos.reviewers that todo_reviewers_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from my-todos.reviewers',
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
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
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
        { dropIndexes: 'my-todos', index: { reviewers: 1 } },
      ],
      removals: [
        { update: 'my-todos', updates: [{ q: { reviewers: { $exists: true } }, u: { $unset: { reviewers: 1 } }, multi: true }] },
      ],
    },
    // Todo.readers -> User.readPosts (two-sided: many to many)
    {
      name: 'Todo.readers -> User.readPosts',
      // finds something as long as there is anything to do
      pending: [
        { find: 'my-todos', filter: { readers: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'people', filter: { readPosts: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.readers -> User.readPosts: documents with something in my-todos.readers that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'my-todos',
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
          says: 'Todo.readers -> User.readPosts: documents of my-todos whose own _id is no ObjectId have links in readers. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'my-todos',
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
          says: 'Todo.readers -> User.readPosts: documents with nulls or duplicates in my-todos.readers, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'my-todos',
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
          says: 'Todo.readers -> User.readPosts: ids in my-todos.readers of documents that people does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'my-todos',
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
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: documents with something in people.readPosts that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'people',
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
          says: 'Todo.readers -> User.readPosts: documents of people whose own _id is no ObjectId have links in readPosts. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'people',
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
          says: 'Todo.readers -> User.readPosts: documents with nulls or duplicates in people.readPosts, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'people',
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
          says: 'Todo.readers -> User.readPosts: ids in people.readPosts of documents that my-todos does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'people',
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
              { $lookup: { from: 'my-todos', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: links that only my-todos.readers has, and people.readPosts has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'my-todos',
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
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
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
          says: 'Todo.readers -> User.readPosts: links that only people.readPosts has, and my-todos.readers has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'people',
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
            aggregate: 'my-todos',
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
          says: 'Todo.readers -> User.readPosts: links in my-todos.readers that todo_readers_user_readposts does not have, so they came after it was made: was the application running? Add them there, or remove them from my-todos.readers',
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
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Todo.readers -> User.readPosts: links in people.readPosts that todo_readers_user_readposts does not have, so they came after it was made: was the application running? Add them there, or remove them from people.readPosts',
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
              { $lookup: { from: 'my-todos', localField: 'id', foreignField: '_id', as: 'other' } },
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
        { dropIndexes: 'my-todos', index: { readers: 1 } },
        { dropIndexes: 'people', index: { readPosts: 1 } },
      ],
      removals: [
        { update: 'my-todos', updates: [{ q: { readers: { $exists: true } }, u: { $unset: { readers: 1 } }, multi: true }] },
        { update: 'people', updates: [{ q: { readPosts: { $exists: true } }, u: { $unset: { readPosts: 1 } }, multi: true }] },
      ],
    },
    // Todo.lead -> User.leads (two-sided: one to many)
    {
      name: 'Todo.lead -> User.leads',
      // finds something as long as there is anything to do
      pending: [
        { find: 'people', filter: { leads: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Todo.lead -> User.leads: documents with something in people.leads that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { leads: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$leads'] }, '$leads', ['$leads']] },
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
          says: 'Todo.lead -> User.leads: documents of people whose own _id is no ObjectId have links in leads. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { leads: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$leads'] }, '$leads', ['$leads']] },
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
          says: 'Todo.lead -> User.leads: documents with something in my-todos.lead that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { lead: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$lead'],
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
          says: 'Todo.lead -> User.leads: documents of my-todos whose own _id is no ObjectId have links in lead. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { lead: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$lead'] }, '$lead', ['$lead']] },
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
          says: 'Todo.lead -> User.leads: links that only people.leads has would be lost. Add them to my-todos.lead, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.lead -> User.leads: links in people.leads that my-todos.lead contradicts. The old Keystone leaves such stale links behind. my-todos.lead decides',
          stops: false,
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
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Todo.lead -> User.leads: links that only my-todos.lead has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'my-todos',
            pipeline: [
              { $match: { lead: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$lead'] }, '$lead', ['$lead']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.leads'] }, '$$other.leads', ['$$other.leads']] },
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
          says: 'Todo.lead -> User.leads: links that only people.leads has would be lost. Add them to my-todos.lead, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'people', index: { leads: 1 } },
      ],
      removals: [
        { update: 'people', updates: [{ q: { leads: { $exists: true } }, u: { $unset: { leads: 1 } }, multi: true }] },
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
