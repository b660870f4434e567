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
// Post.a -> Tag (one-sided: many to many)
stopIf(
  'Post.a -> Tag: the join collection post_a_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_a_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.a_many -> Tag (one-sided: many to many)
stopIf(
  'Post.a_many -> Tag: the join collection post_a_many_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_a_many_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.a_many_many -> Tag (one-sided: many to many)
stopIf(
  'Post.a_many_many -> Tag: the join collection post_a_many_many_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_a_many_many_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// Post.a -> Tag (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { a: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Tag_right_id: {
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
  { $unwind: '$Tag_right_id' },
  { $out: 'post_a_manies' },
], { allowDiskUse: true });
db.getCollection('post_a_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_a_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// Post.a_many -> Tag (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { a_many: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Tag_right_id: {
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
  { $unwind: '$Tag_right_id' },
  { $out: 'post_a_many_manies' },
], { allowDiskUse: true });
db.getCollection('post_a_many_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_a_many_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// Post.a_many_many -> Tag (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { a_many_many: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Tag_right_id: {
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
  { $unwind: '$Tag_right_id' },
  { $out: 'post_a_many_many_manies' },
], { allowDiskUse: true });
db.getCollection('post_a_many_many_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_a_many_many_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Post.a -> Tag (one-sided: many to many)
stopIf(
  'Post.a -> Tag: posts.a and its copy post_a_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_a_manies and run the script again',
  'posts',
  [
    { $match: { a: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
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
        from: 'post_a_manies',
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

// Post.a_many -> Tag (one-sided: many to many)
stopIf(
  'Post.a_many -> Tag: posts.a_many and its copy post_a_many_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_a_many_manies and run the script again',
  'posts',
  [
    { $match: { a_many: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] },
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
        from: 'post_a_many_manies',
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

// Post.a_many_many -> Tag (one-sided: many to many)
stopIf(
  'Post.a_many_many -> Tag: posts.a_many_many and its copy post_a_many_many_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_a_many_many_manies and run the script again',
  'posts',
  [
    { $match: { a_many_many: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
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
        from: 'post_a_many_many_manies',
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
// Post.a -> Tag (one-sided: many to many)
db.getCollection('posts').updateMany({ a: { $exists: true } }, { $unset: { a: 1 } });

// Post.a_many -> Tag (one-sided: many to many)
db.getCollection('posts').updateMany({ a_many: { $exists: true } }, { $unset: { a_many: 1 } });

// Post.a_many_many -> Tag (one-sided: many to many)
db.getCollection('posts').updateMany({ a_many_many: { $exists: true } }, { $unset: { a_many_many: 1 } });
