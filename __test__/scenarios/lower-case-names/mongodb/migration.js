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
// post.tags -> tag.posts (two-sided: many to many)
stopIf(
  'post.tags -> tag.posts: the join collection post_tags_tag_posts already holds documents, so this migration has been run before. Nothing has been changed',
  'post_tags_tag_posts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// post.editors -> person (one-sided: many to many)
stopIf(
  'post.editors -> person: the join collection post_editors_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_editors_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// person.posts -> post.author (two-sided: one to many)
stopIf(
  'person.posts -> post.author: links that only people.posts has would be lost. Nothing has been changed. Add them to posts.author, or remove them, then run the script again',
  'people',
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
                input: { $cond: [{ $isArray: ['$$other.author'] }, '$$other.author', ['$$other.author']] },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: [] } },
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
warnIf(
  'person.posts -> post.author: people.posts has links that posts.author contradicts. The new Keystone reads posts.author; stale links like these are left by the old one',
  'people',
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
                input: { $cond: [{ $isArray: ['$$other.author'] }, '$$other.author', ['$$other.author']] },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: { $ne: [] } } },
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// post.tags -> tag.posts (two-sided: many to many)
stopIf(
  'post.tags -> tag.posts: links that only tags.posts has would be lost. Nothing has been changed. Add them to posts.tags, or remove them, then run the script again',
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
                input: { $cond: [{ $isArray: ['$$other.tags'] }, '$$other.tags', ['$$other.tags']] },
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
  'post.tags -> tag.posts: links that only posts.tags has, and not tags.posts. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'posts',
  [
    { $match: { tags: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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

// passport.person -> person.passport (two-sided: one to one)
stopIf(
  'passport.person -> person.passport: links that only people.passport has would be lost. Nothing has been changed. Add them to passports.person, or remove them, then run the script again',
  'people',
  [
    { $match: { passport: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$passport'] }, '$passport', ['$passport']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'passports', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.person'] }, '$$other.person', ['$$other.person']] },
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
  'passport.person -> person.passport: people.passport has links that passports.person contradicts. The new Keystone reads passports.person; stale links like these are left by the old one',
  'people',
  [
    { $match: { passport: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$passport'] }, '$passport', ['$passport']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'passports', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.person'] }, '$$other.person', ['$$other.person']] },
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
stopIf(
  'passport.person -> person.passport: several documents hold the same id in passports.person, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'passports',
  [
    { $match: { person: { $ne: null } } },
    { $group: { _id: '$person', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// post.tags -> tag.posts (two-sided: many to many)
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
      post_left_id: '$_id',
      tag_right_id: {
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
  { $unwind: '$tag_right_id' },
  { $out: 'post_tags_tag_posts' },
], { allowDiskUse: true });
db.getCollection('post_tags_tag_posts').createIndex({ post_left_id: 1 }, { background: true });
db.getCollection('post_tags_tag_posts').createIndex({ tag_right_id: 1 }, { background: true });

// post.editors -> person (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { editors: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      post_left_id: '$_id',
      person_right_id: {
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
  { $unwind: '$person_right_id' },
  { $out: 'post_editors_manies' },
], { allowDiskUse: true });
db.getCollection('post_editors_manies').createIndex({ post_left_id: 1 }, { background: true });
db.getCollection('post_editors_manies').createIndex({ person_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// post.tags -> tag.posts (two-sided: many to many)
stopIf(
  'post.tags -> tag.posts: posts.tags and its copy post_tags_tag_posts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_tags_tag_posts and run the script again',
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
        from: 'post_tags_tag_posts',
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

// post.editors -> person (one-sided: many to many)
stopIf(
  'post.editors -> person: posts.editors and its copy post_editors_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_editors_manies and run the script again',
  'posts',
  [
    { $match: { editors: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] },
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
        from: 'post_editors_manies',
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
// person.posts -> post.author (two-sided: one to many)
db.getCollection('people').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });

// post.tags -> tag.posts (two-sided: many to many)
db.getCollection('posts').updateMany({ tags: { $exists: true } }, { $unset: { tags: 1 } });
db.getCollection('tags').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });

// post.editors -> person (one-sided: many to many)
db.getCollection('posts').updateMany({ editors: { $exists: true } }, { $unset: { editors: 1 } });

// passport.person -> person.passport (two-sided: one to one)
db.getCollection('people').updateMany({ passport: { $exists: true } }, { $unset: { passport: 1 } });
