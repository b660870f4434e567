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
// Post.reviewers -> User (one-sided: many to many)
stopIf(
  'Post.reviewers -> User: the join collection post_reviewers_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_reviewers_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// Post.reviewers -> User (one-sided: many to many)
db.getCollection('posts').aggregate([
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
      Post_left_id: '$_id',
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
  { $out: 'post_reviewers_manies' },
], { allowDiskUse: true });
db.getCollection('post_reviewers_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_reviewers_manies').createIndex({ User_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Post.reviewers -> User (one-sided: many to many)
stopIf(
  'Post.reviewers -> User: posts.reviewers and its copy post_reviewers_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_reviewers_manies and run the script again',
  'posts',
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
        from: 'post_reviewers_manies',
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
// Post.reviewers -> User (one-sided: many to many)
db.getCollection('posts').updateMany({ reviewers: { $exists: true } }, { $unset: { reviewers: 1 } });
