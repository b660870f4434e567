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

// Post.a_many -> Post_left (one-sided: many to many)
stopIf(
  'Post.a_many -> Post_left: the join collection post_a_many_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_a_many_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.sides -> Post_left.posts (two-sided: many to many)
stopIf(
  'Post.sides -> Post_left.posts: the join collection post_sides_post_left_posts already holds documents, so this migration has been run before. Nothing has been changed',
  'post_sides_post_left_posts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Tag_right.tags -> Tag (one-sided: many to many)
stopIf(
  'Tag_right.tags -> Tag: the join collection tag_right_tags_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'tag_right_tags_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.sides -> Post_left.posts (two-sided: many to many)
stopIf(
  'Post.sides -> Post_left.posts: links that only post_lefts.posts has would be lost. Nothing has been changed. Add them to posts.sides, or remove them, then run the script again',
  'post_lefts',
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
                input: { $cond: [{ $isArray: ['$$other.sides'] }, '$$other.sides', ['$$other.sides']] },
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
  'Post.sides -> Post_left.posts: links that only posts.sides has, and not post_lefts.posts. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'posts',
  [
    { $match: { sides: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$sides'] }, '$sides', ['$sides']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'post_lefts', localField: 'id', foreignField: '_id', as: 'other' } },
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

// Post.a_many -> Post_left (one-sided: many to many)
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
      Post_left_right_id: {
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
  { $unwind: '$Post_left_right_id' },
  { $out: 'post_a_many_manies' },
], { allowDiskUse: true });
db.getCollection('post_a_many_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_a_many_manies').createIndex({ Post_left_right_id: 1 }, { background: true });

// Post.sides -> Post_left.posts (two-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { sides: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$sides'] }, '$sides', ['$sides']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Post_left_right_id: {
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
  { $unwind: '$Post_left_right_id' },
  { $out: 'post_sides_post_left_posts' },
], { allowDiskUse: true });
db.getCollection('post_sides_post_left_posts').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_sides_post_left_posts').createIndex({ Post_left_right_id: 1 }, { background: true });

// Tag_right.tags -> Tag (one-sided: many to many)
db.getCollection('tag_rights').aggregate([
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
      Tag_right_left_id: '$_id',
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
  { $out: 'tag_right_tags_manies' },
], { allowDiskUse: true });
db.getCollection('tag_right_tags_manies').createIndex({ Tag_right_left_id: 1 }, { background: true });
db.getCollection('tag_right_tags_manies').createIndex({ Tag_right_id: 1 }, { background: true });

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

// Post.a_many -> Post_left (one-sided: many to many)
stopIf(
  'Post.a_many -> Post_left: posts.a_many and its copy post_a_many_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_a_many_manies and run the script again',
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

// Post.sides -> Post_left.posts (two-sided: many to many)
stopIf(
  'Post.sides -> Post_left.posts: posts.sides and its copy post_sides_post_left_posts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_sides_post_left_posts and run the script again',
  'posts',
  [
    { $match: { sides: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$sides'] }, '$sides', ['$sides']] },
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
        from: 'post_sides_post_left_posts',
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

// Tag_right.tags -> Tag (one-sided: many to many)
stopIf(
  'Tag_right.tags -> Tag: tag_rights.tags and its copy tag_right_tags_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop tag_right_tags_manies and run the script again',
  'tag_rights',
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
        from: 'tag_right_tags_manies',
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

// Post.a_many -> Post_left (one-sided: many to many)
db.getCollection('posts').updateMany({ a_many: { $exists: true } }, { $unset: { a_many: 1 } });

// Post.sides -> Post_left.posts (two-sided: many to many)
db.getCollection('posts').updateMany({ sides: { $exists: true } }, { $unset: { sides: 1 } });
db.getCollection('post_lefts').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });

// Tag_right.tags -> Tag (one-sided: many to many)
db.getCollection('tag_rights').updateMany({ tags: { $exists: true } }, { $unset: { tags: 1 } });
