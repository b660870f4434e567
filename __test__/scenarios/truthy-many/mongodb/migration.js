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
// Post.tags -> Tag (one-sided: many to many)
stopIf(
  'Post.tags -> Tag: the join collection post_tags_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_tags_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.labels -> Tag.posts (two-sided: many to many)
stopIf(
  'Post.labels -> Tag.posts: the join collection post_labels_tag_posts already holds documents, so this migration has been run before. Nothing has been changed',
  'post_labels_tag_posts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
stopIf(
  'Post.labels -> Tag.posts: links that only tags.posts has would be lost. Nothing has been changed. Add them to posts.labels, or remove them, then run the script again',
  'tags',
  [
    { $match: { posts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'posts', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.labels'] }, '$$other.labels', ['$$other.labels']] },
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
  'Post.labels -> Tag.posts: links that only posts.labels has, and not tags.posts. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'posts',
  [
    { $match: { labels: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$labels'] }, '$labels', ['$labels']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.posts'] }, '$$other.posts', ['$$other.posts']] },
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

// ---- Copies ----
// Post.tags -> Tag (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { tags: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
  { $out: 'post_tags_manies' },
], { allowDiskUse: true });
db.getCollection('post_tags_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_tags_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// Post.labels -> Tag.posts (two-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { labels: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$labels'] }, '$labels', ['$labels']] },
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
  { $out: 'post_labels_tag_posts' },
], { allowDiskUse: true });
db.getCollection('post_labels_tag_posts').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_labels_tag_posts').createIndex({ Tag_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Post.tags -> Tag (one-sided: many to many)
stopIf(
  'Post.tags -> Tag: posts.tags and its copy post_tags_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_tags_manies and run the script again',
  'posts',
  [
    { $match: { tags: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
        from: 'post_tags_manies',
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

// Post.labels -> Tag.posts (two-sided: many to many)
stopIf(
  'Post.labels -> Tag.posts: posts.labels and its copy post_labels_tag_posts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_labels_tag_posts and run the script again',
  'posts',
  [
    { $match: { labels: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$labels'] }, '$labels', ['$labels']] },
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
        from: 'post_labels_tag_posts',
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
// Post.tags -> Tag (one-sided: many to many)
db.getCollection('posts').updateMany({ tags: { $exists: true } }, { $unset: { tags: 1 } });

// Post.labels -> Tag.posts (two-sided: many to many)
db.getCollection('posts').updateMany({ labels: { $exists: true } }, { $unset: { labels: 1 } });
db.getCollection('tags').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });
