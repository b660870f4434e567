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
// Post.tags -> PostTag.posts (two-sided: many to many)
stopIf(
  'Post.tags -> PostTag.posts: the join collection post_tags_posttag_posts already holds documents, so this migration has been run before. Nothing has been changed',
  'post_tags_posttag_posts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post_x.tags -> PostTag.underscores (two-sided: many to many)
stopIf(
  'Post_x.tags -> PostTag.underscores: the join collection post_x_tags_posttag_underscores already holds documents, so this migration has been run before. Nothing has been changed',
  'post_x_tags_posttag_underscores',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post_x.digits -> Post1.underscores (two-sided: many to many)
stopIf(
  'Post_x.digits -> Post1.underscores: the join collection post_x_digits_post1_underscores already holds documents, so this migration has been run before. Nothing has been changed',
  'post_x_digits_post1_underscores',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// banana.zebras -> Zebra.bananas (two-sided: many to many)
stopIf(
  'banana.zebras -> Zebra.bananas: the join collection banana_zebras_zebra_bananas already holds documents, so this migration has been run before. Nothing has been changed',
  'banana_zebras_zebra_bananas',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.tags -> PostTag.posts (two-sided: many to many)
stopIf(
  'Post.tags -> PostTag.posts: links that only posttags.posts has would be lost. Nothing has been changed. Add them to posts.tags, or remove them, then run the script again',
  'posttags',
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
  'Post.tags -> PostTag.posts: links that only posts.tags has, and not posttags.posts. Nothing has been changed. Bring both sides into agreement, then run the script again',
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
    { $lookup: { from: 'posttags', localField: 'id', foreignField: '_id', as: 'other' } },
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

// Post_x.tags -> PostTag.underscores (two-sided: many to many)
stopIf(
  'Post_x.tags -> PostTag.underscores: links that only posttags.underscores has would be lost. Nothing has been changed. Add them to post_xes.tags, or remove them, then run the script again',
  'posttags',
  [
    { $match: { underscores: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'post_xes', localField: 'id', foreignField: '_id', as: 'other' } },
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
  'Post_x.tags -> PostTag.underscores: links that only post_xes.tags has, and not posttags.underscores. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'post_xes',
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
    { $lookup: { from: 'posttags', localField: 'id', foreignField: '_id', as: 'other' } },
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
                  $cond: [
                    { $isArray: ['$$other.underscores'] },
                    '$$other.underscores',
                    ['$$other.underscores'],
                  ],
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

// Post1.tag -> PostTag.digit (two-sided: one to one)
stopIf(
  'Post1.tag -> PostTag.digit: links that only posttags.digit has would be lost. Nothing has been changed. Add them to post1.tag, or remove them, then run the script again',
  'posttags',
  [
    { $match: { digit: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$digit'] }, '$digit', ['$digit']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'post1', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.tag'] }, '$$other.tag', ['$$other.tag']] },
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
  'Post1.tag -> PostTag.digit: posttags.digit has links that post1.tag contradicts. The new Keystone reads post1.tag; stale links like these are left by the old one',
  'posttags',
  [
    { $match: { digit: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$digit'] }, '$digit', ['$digit']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'post1', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.tag'] }, '$$other.tag', ['$$other.tag']] },
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
  'Post1.tag -> PostTag.digit: several documents hold the same id in post1.tag, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'post1',
  [
    { $match: { tag: { $ne: null } } },
    { $group: { _id: '$tag', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post_x.digits -> Post1.underscores (two-sided: many to many)
stopIf(
  'Post_x.digits -> Post1.underscores: links that only post1.underscores has would be lost. Nothing has been changed. Add them to post_xes.digits, or remove them, then run the script again',
  'post1',
  [
    { $match: { underscores: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'post_xes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.digits'] }, '$$other.digits', ['$$other.digits']] },
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
  'Post_x.digits -> Post1.underscores: links that only post_xes.digits has, and not post1.underscores. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'post_xes',
  [
    { $match: { digits: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'post1', localField: 'id', foreignField: '_id', as: 'other' } },
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
                  $cond: [
                    { $isArray: ['$$other.underscores'] },
                    '$$other.underscores',
                    ['$$other.underscores'],
                  ],
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

// banana.zebras -> Zebra.bananas (two-sided: many to many)
stopIf(
  'banana.zebras -> Zebra.bananas: links that only zebras.bananas has would be lost. Nothing has been changed. Add them to bananas.zebras, or remove them, then run the script again',
  'zebras',
  [
    { $match: { bananas: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'bananas', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.zebras'] }, '$$other.zebras', ['$$other.zebras']] },
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
  'banana.zebras -> Zebra.bananas: links that only bananas.zebras has, and not zebras.bananas. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'bananas',
  [
    { $match: { zebras: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'zebras', localField: 'id', foreignField: '_id', as: 'other' } },
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
                  $cond: [{ $isArray: ['$$other.bananas'] }, '$$other.bananas', ['$$other.bananas']],
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

// apple.zebra -> Zebra.apple (two-sided: one to one)
stopIf(
  'apple.zebra -> Zebra.apple: links that only zebras.apple has would be lost. Nothing has been changed. Add them to apples.zebra, or remove them, then run the script again',
  'zebras',
  [
    { $match: { apple: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$apple'] }, '$apple', ['$apple']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'apples', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.zebra'] }, '$$other.zebra', ['$$other.zebra']] },
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
  'apple.zebra -> Zebra.apple: zebras.apple has links that apples.zebra contradicts. The new Keystone reads apples.zebra; stale links like these are left by the old one',
  'zebras',
  [
    { $match: { apple: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$apple'] }, '$apple', ['$apple']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'apples', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.zebra'] }, '$$other.zebra', ['$$other.zebra']] },
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
  'apple.zebra -> Zebra.apple: several documents hold the same id in apples.zebra, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'apples',
  [
    { $match: { zebra: { $ne: null } } },
    { $group: { _id: '$zebra', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// banana.cherry -> Cherry.banana (two-sided: one to one)
stopIf(
  'banana.cherry -> Cherry.banana: links that only cherries.banana has would be lost. Nothing has been changed. Add them to bananas.cherry, or remove them, then run the script again',
  'cherries',
  [
    { $match: { banana: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$banana'] }, '$banana', ['$banana']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'bananas', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.cherry'] }, '$$other.cherry', ['$$other.cherry']] },
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
  'banana.cherry -> Cherry.banana: cherries.banana has links that bananas.cherry contradicts. The new Keystone reads bananas.cherry; stale links like these are left by the old one',
  'cherries',
  [
    { $match: { banana: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$banana'] }, '$banana', ['$banana']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'bananas', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.cherry'] }, '$$other.cherry', ['$$other.cherry']] },
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
  'banana.cherry -> Cherry.banana: several documents hold the same id in bananas.cherry, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'bananas',
  [
    { $match: { cherry: { $ne: null } } },
    { $group: { _id: '$cherry', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// Post.tags -> PostTag.posts (two-sided: many to many)
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
      PostTag_right_id: {
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
  { $unwind: '$PostTag_right_id' },
  { $out: 'post_tags_posttag_posts' },
], { allowDiskUse: true });
db.getCollection('post_tags_posttag_posts').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_tags_posttag_posts').createIndex({ PostTag_right_id: 1 }, { background: true });

// Post_x.tags -> PostTag.underscores (two-sided: many to many)
db.getCollection('post_xes').aggregate([
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
      Post_x_left_id: '$_id',
      PostTag_right_id: {
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
  { $unwind: '$PostTag_right_id' },
  { $out: 'post_x_tags_posttag_underscores' },
], { allowDiskUse: true });
db.getCollection('post_x_tags_posttag_underscores').createIndex({ Post_x_left_id: 1 }, { background: true });
db.getCollection('post_x_tags_posttag_underscores').createIndex({ PostTag_right_id: 1 }, { background: true });

// Post_x.digits -> Post1.underscores (two-sided: many to many)
db.getCollection('post_xes').aggregate([
  { $match: { digits: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_x_left_id: '$_id',
      Post1_right_id: {
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
  { $unwind: '$Post1_right_id' },
  { $out: 'post_x_digits_post1_underscores' },
], { allowDiskUse: true });
db.getCollection('post_x_digits_post1_underscores').createIndex({ Post_x_left_id: 1 }, { background: true });
db.getCollection('post_x_digits_post1_underscores').createIndex({ Post1_right_id: 1 }, { background: true });

// banana.zebras -> Zebra.bananas (two-sided: many to many)
db.getCollection('bananas').aggregate([
  { $match: { zebras: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      banana_left_id: '$_id',
      Zebra_right_id: {
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
  { $unwind: '$Zebra_right_id' },
  { $out: 'banana_zebras_zebra_bananas' },
], { allowDiskUse: true });
db.getCollection('banana_zebras_zebra_bananas').createIndex({ banana_left_id: 1 }, { background: true });
db.getCollection('banana_zebras_zebra_bananas').createIndex({ Zebra_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Post.tags -> PostTag.posts (two-sided: many to many)
stopIf(
  'Post.tags -> PostTag.posts: posts.tags and its copy post_tags_posttag_posts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_tags_posttag_posts and run the script again',
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
        from: 'post_tags_posttag_posts',
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

// Post_x.tags -> PostTag.underscores (two-sided: many to many)
stopIf(
  'Post_x.tags -> PostTag.underscores: post_xes.tags and its copy post_x_tags_posttag_underscores do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_x_tags_posttag_underscores and run the script again',
  'post_xes',
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
        from: 'post_x_tags_posttag_underscores',
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

// Post_x.digits -> Post1.underscores (two-sided: many to many)
stopIf(
  'Post_x.digits -> Post1.underscores: post_xes.digits and its copy post_x_digits_post1_underscores do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_x_digits_post1_underscores and run the script again',
  'post_xes',
  [
    { $match: { digits: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] },
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
        from: 'post_x_digits_post1_underscores',
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

// banana.zebras -> Zebra.bananas (two-sided: many to many)
stopIf(
  'banana.zebras -> Zebra.bananas: bananas.zebras and its copy banana_zebras_zebra_bananas do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop banana_zebras_zebra_bananas and run the script again',
  'bananas',
  [
    { $match: { zebras: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] },
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
        from: 'banana_zebras_zebra_bananas',
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
// Post.tags -> PostTag.posts (two-sided: many to many)
db.getCollection('posts').updateMany({ tags: { $exists: true } }, { $unset: { tags: 1 } });
db.getCollection('posttags').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });

// Post_x.tags -> PostTag.underscores (two-sided: many to many)
db.getCollection('post_xes').updateMany({ tags: { $exists: true } }, { $unset: { tags: 1 } });
db.getCollection('posttags').updateMany({ underscores: { $exists: true } }, { $unset: { underscores: 1 } });

// Post1.tag -> PostTag.digit (two-sided: one to one)
db.getCollection('posttags').updateMany({ digit: { $exists: true } }, { $unset: { digit: 1 } });

// Post_x.digits -> Post1.underscores (two-sided: many to many)
db.getCollection('post_xes').updateMany({ digits: { $exists: true } }, { $unset: { digits: 1 } });
db.getCollection('post1').updateMany({ underscores: { $exists: true } }, { $unset: { underscores: 1 } });

// banana.zebras -> Zebra.bananas (two-sided: many to many)
db.getCollection('bananas').updateMany({ zebras: { $exists: true } }, { $unset: { zebras: 1 } });
db.getCollection('zebras').updateMany({ bananas: { $exists: true } }, { $unset: { bananas: 1 } });

// apple.zebra -> Zebra.apple (two-sided: one to one)
db.getCollection('zebras').updateMany({ apple: { $exists: true } }, { $unset: { apple: 1 } });

// banana.cherry -> Cherry.banana (two-sided: one to one)
db.getCollection('cherries').updateMany({ banana: { $exists: true } }, { $unset: { banana: 1 } });
