// keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new (Arcade)
// Adapter mongoose, MongoDB. Order of left and right: locale *.
// Take a backup first (mongodump) and stop the application. Then run it as a file:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.0. It stops at the first error; nothing is removed before all is copied.

function find(collection, pipeline) {
  return db.getCollection(collection).aggregate(pipeline, { allowDiskUse: true }).toArray()[0];
}

function describe(message, found) {
  const examples = found.examples.map(example => EJSON.stringify(example)).join(', ');
  return `${message}. Found: ${found.count[0].n}, for example ${examples}`;
}

function stopIf(message, collection, pipeline) {
  const found = find(collection, pipeline);
  if (found) throw new Error(describe(message, found));
}

function warnIf(message, collection, pipeline) {
  const found = find(collection, pipeline);
  if (found) print('Warning: ' + describe(message, found));
}

// ---- Checks: nothing has been changed before all of them pass ----
// Todo.reviewers -> User (one-sided: many to many)
stopIf(
  'Todo.reviewers -> User: the join collection todo_reviewers_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'todo_reviewers_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Todo.readers -> User.readPosts (two-sided: many to many)
stopIf(
  'Todo.readers -> User.readPosts: the join collection todo_readers_user_readposts already holds documents, so this migration has been run before. Nothing has been changed',
  'todo_readers_user_readposts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
stopIf(
  'Todo.readers -> User.readPosts: links that only people.readPosts has would be lost. Nothing has been changed. Add them to my-todos.readers, or remove them, then run the script again',
  'people',
  [
    { $match: { readPosts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$readPosts'] }, '$readPosts', ['$readPosts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: {
                  $cond: [{ $isArray: ['$$other.readers'] }, '$$other.readers', ['$$other.readers']],
                },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $project: { _id: 0, left: '$id', right: '$_id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
stopIf(
  'Todo.readers -> User.readPosts: links that only my-todos.readers has, and not people.readPosts. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'my-todos',
  [
    { $match: { readers: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [{ $isArray: ['$$other.readPosts'] }, '$$other.readPosts', ['$$other.readPosts']],
                },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Todo.lead -> User.leads (two-sided: one to many)
stopIf(
  'Todo.lead -> User.leads: links that only people.leads has would be lost. Nothing has been changed. Add them to my-todos.lead, or remove them, then run the script again',
  'people',
  [
    { $match: { leads: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$leads'] }, '$leads', ['$leads']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: { $cond: [{ $isArray: ['$$other.lead'] }, '$$other.lead', ['$$other.lead']] },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: [] } },
    { $project: { _id: 0, left: '$id', right: '$_id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
warnIf(
  'Todo.lead -> User.leads: people.leads has links that my-todos.lead contradicts. The new Keystone reads my-todos.lead; stale links like these are left by the old one',
  'people',
  [
    { $match: { leads: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$leads'] }, '$leads', ['$leads']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: { $cond: [{ $isArray: ['$$other.lead'] }, '$$other.lead', ['$$other.lead']] },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: { $ne: [] } } },
    { $project: { _id: 0, left: '$id', right: '$_id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// Todo.reviewers -> User (one-sided: many to many)
db.getCollection('my-todos').aggregate([
  { $match: { reviewers: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$User_right_id' },
  { $out: 'todo_reviewers_manies' },
], { allowDiskUse: true });
db.getCollection('todo_reviewers_manies').createIndex({ Todo_left_id: 1 }, { background: true });
db.getCollection('todo_reviewers_manies').createIndex({ User_right_id: 1 }, { background: true });

// Todo.readers -> User.readPosts (two-sided: many to many)
db.getCollection('my-todos').aggregate([
  { $match: { readers: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$User_right_id' },
  { $out: 'todo_readers_user_readposts' },
], { allowDiskUse: true });
db.getCollection('todo_readers_user_readposts').createIndex({ Todo_left_id: 1 }, { background: true });
db.getCollection('todo_readers_user_readposts').createIndex({ User_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Todo.reviewers -> User (one-sided: many to many)
stopIf(
  'Todo.reviewers -> User: my-todos.reviewers and its copy todo_reviewers_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop todo_reviewers_manies and run the script again',
  'my-todos',
  [
    { $match: { reviewers: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$reviewers'] }, '$reviewers', ['$reviewers']] },
                    cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
                  },
                },
                [],
              ],
            },
          },
        },
      },
    },
    {
      $lookup: {
        from: 'todo_reviewers_manies',
        let: {},
        pipeline: [{ $group: { _id: null, n: { $sum: 1 } } }],
        as: 'copied',
      },
    },
    {
      $project: {
        _id: 0,
        links: 1,
        copied: {
          $let: { vars: { first: { $arrayElemAt: ['$copied', 0] } }, in: { $ifNull: ['$$first.n', 0] } },
        },
      },
    },
    { $match: { $expr: { $ne: ['$links', '$copied'] } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Todo.readers -> User.readPosts (two-sided: many to many)
stopIf(
  'Todo.readers -> User.readPosts: my-todos.readers and its copy todo_readers_user_readposts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop todo_readers_user_readposts and run the script again',
  'my-todos',
  [
    { $match: { readers: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$readers'] }, '$readers', ['$readers']] },
                    cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
                  },
                },
                [],
              ],
            },
          },
        },
      },
    },
    {
      $lookup: {
        from: 'todo_readers_user_readposts',
        let: {},
        pipeline: [{ $group: { _id: null, n: { $sum: 1 } } }],
        as: 'copied',
      },
    },
    {
      $project: {
        _id: 0,
        links: 1,
        copied: {
          $let: { vars: { first: { $arrayElemAt: ['$copied', 0] } }, in: { $ifNull: ['$$first.n', 0] } },
        },
      },
    },
    { $match: { $expr: { $ne: ['$links', '$copied'] } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Removals ----
// Todo.reviewers -> User (one-sided: many to many)
db.getCollection('my-todos').updateMany({ reviewers: { $exists: true } }, { $unset: { reviewers: 1 } });

// Todo.readers -> User.readPosts (two-sided: many to many)
db.getCollection('my-todos').updateMany({ readers: { $exists: true } }, { $unset: { readers: 1 } });
db.getCollection('people').updateMany({ readPosts: { $exists: true } }, { $unset: { readPosts: 1 } });

// Todo.lead -> User.leads (two-sided: one to many)
db.getCollection('people').updateMany({ leads: { $exists: true } }, { $unset: { leads: 1 } });
