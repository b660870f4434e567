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
  plan: 'a0cd57b2baf390bd',
  relationships: [
    // Post.tags -> PostTag.posts (two-sided: many to many)
    {
      name: 'Post.tags -> PostTag.posts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_tags_posttag_posts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tags -> PostTag.posts: posts.tags holds links that post_tags_posttag_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $lookup: { from: 'post_tags_posttag_posts', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.PostTag_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.tags -> PostTag.posts: posttags.posts holds links that post_tags_posttag_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_tags_posttag_posts', localField: '_id', foreignField: 'PostTag_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { tags: { $exists: false } }, u: { $set: { tags: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_tags_posttag_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, PostTag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$PostTag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', tags: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'posttags', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_tags_posttag_posts',
            pipeline: [
              { $match: { PostTag_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$PostTag_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'posttags', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.tags -> PostTag.posts: posts.tags does not hold all links of post_tags_posttag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_posttag_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, PostTag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$PostTag_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Post.tags -> PostTag.posts: posttags.posts does not hold all links of post_tags_posttag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_posttag_posts',
            pipeline: [
              { $match: { PostTag_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$PostTag_right_id', id: '$Post_left_id' } },
              { $lookup: { from: 'posttags', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posttags',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, []] } } } } }],
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
        { drop: 'post_tags_posttag_posts' },
      ],
    },
    // Post_x.tags -> PostTag.underscores (two-sided: many to many)
    {
      name: 'Post_x.tags -> PostTag.underscores',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_x_tags_posttag_underscores' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post_x.tags -> PostTag.underscores: post_xes.tags holds links that post_x_tags_posttag_underscores does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $lookup: { from: 'post_x_tags_posttag_underscores', localField: '_id', foreignField: 'Post_x_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.PostTag_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post_x.tags -> PostTag.underscores: posttags.underscores holds links that post_x_tags_posttag_underscores does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'post_x_tags_posttag_underscores', localField: '_id', foreignField: 'PostTag_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_x_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'post_xes', updates: [{ q: { tags: { $exists: false } }, u: { $set: { tags: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_x_tags_posttag_underscores',
            pipeline: [
              { $match: { Post_x_left_id: { $type: 'objectId' }, PostTag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_x_left_id', id: '$PostTag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', tags: { $push: '$id' } } },
              { $merge: { into: 'post_xes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'posttags', updates: [{ q: { underscores: { $exists: false } }, u: { $set: { underscores: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_x_tags_posttag_underscores',
            pipeline: [
              { $match: { PostTag_right_id: { $type: 'objectId' }, Post_x_left_id: { $type: 'objectId' } } },
              { $project: { own: '$PostTag_right_id', id: '$Post_x_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', underscores: { $push: '$id' } } },
              { $merge: { into: 'posttags', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post_x.tags -> PostTag.underscores: post_xes.tags does not hold all links of post_x_tags_posttag_underscores. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_x_tags_posttag_underscores',
            pipeline: [
              { $match: { Post_x_left_id: { $type: 'objectId' }, PostTag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_x_left_id', id: '$PostTag_right_id' } },
              { $lookup: { from: 'post_xes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'post_xes',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Post_x.tags -> PostTag.underscores: posttags.underscores does not hold all links of post_x_tags_posttag_underscores. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_x_tags_posttag_underscores',
            pipeline: [
              { $match: { PostTag_right_id: { $type: 'objectId' }, Post_x_left_id: { $type: 'objectId' } } },
              { $project: { own: '$PostTag_right_id', id: '$Post_x_left_id' } },
              { $lookup: { from: 'posttags', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posttags',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] }, []] } } },
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
        { drop: 'post_x_tags_posttag_underscores' },
      ],
    },
    // Post1.tag -> PostTag.digit (two-sided: one to one)
    {
      name: 'Post1.tag -> PostTag.digit',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'post1',
          pipeline: [
            { $match: { tag: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$tag'] }, '$tag', ['$tag']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
                        input: { $cond: [{ $isArray: ['$$other.digit'] }, '$$other.digit', ['$$other.digit']] },
                        cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                      },
                    },
                  },
                },
              },
            },
            { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
            { $project: { _id: 0, left: '$_id', right: '$id' } },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post1.tag -> PostTag.digit: posttags.digit holds links that post1.tag does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { digit: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$digit'] }, '$digit', ['$digit']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $type: 'objectId' } } },
              { $project: { own: '$tag', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', digit: { $max: '$id' } } },
              { $merge: { into: 'posttags', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post1.tag -> PostTag.digit: posttags.digit does not hold all links of post1. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $type: 'objectId' } } },
              { $project: { own: '$tag', id: '$_id' } },
              { $lookup: { from: 'posttags', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.digit' }, 'objectId'] } } }],
                  },
                },
              },
              { $project: { own: 1, id: 1 } },
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
    // Post_x.digits -> Post1.underscores (two-sided: many to many)
    {
      name: 'Post_x.digits -> Post1.underscores',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_x_digits_post1_underscores' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post_x.digits -> Post1.underscores: post_xes.digits holds links that post_x_digits_post1_underscores does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_x_digits_post1_underscores', localField: '_id', foreignField: 'Post_x_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post1_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post_x.digits -> Post1.underscores: post1.underscores holds links that post_x_digits_post1_underscores does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'post_x_digits_post1_underscores', localField: '_id', foreignField: 'Post1_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_x_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'post_xes', updates: [{ q: { digits: { $exists: false } }, u: { $set: { digits: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_x_digits_post1_underscores',
            pipeline: [
              { $match: { Post_x_left_id: { $type: 'objectId' }, Post1_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_x_left_id', id: '$Post1_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', digits: { $push: '$id' } } },
              { $merge: { into: 'post_xes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'post1', updates: [{ q: { underscores: { $exists: false } }, u: { $set: { underscores: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_x_digits_post1_underscores',
            pipeline: [
              { $match: { Post1_right_id: { $type: 'objectId' }, Post_x_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Post1_right_id', id: '$Post_x_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', underscores: { $push: '$id' } } },
              { $merge: { into: 'post1', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post_x.digits -> Post1.underscores: post_xes.digits does not hold all links of post_x_digits_post1_underscores. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_x_digits_post1_underscores',
            pipeline: [
              { $match: { Post_x_left_id: { $type: 'objectId' }, Post1_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_x_left_id', id: '$Post1_right_id' } },
              { $lookup: { from: 'post_xes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'post_xes',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] }, []] } } } },
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
          says: 'Post_x.digits -> Post1.underscores: post1.underscores does not hold all links of post_x_digits_post1_underscores. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_x_digits_post1_underscores',
            pipeline: [
              { $match: { Post1_right_id: { $type: 'objectId' }, Post_x_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Post1_right_id', id: '$Post_x_left_id' } },
              { $lookup: { from: 'post1', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'post1',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] }, []] } } },
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
        { drop: 'post_x_digits_post1_underscores' },
      ],
    },
    // banana.zebras -> Zebra.bananas (two-sided: many to many)
    {
      name: 'banana.zebras -> Zebra.bananas',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'banana_zebras_zebra_bananas' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'banana.zebras -> Zebra.bananas: bananas.zebras holds links that banana_zebras_zebra_bananas does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'banana_zebras_zebra_bananas', localField: '_id', foreignField: 'banana_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Zebra_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'banana.zebras -> Zebra.bananas: zebras.bananas holds links that banana_zebras_zebra_bananas does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { bananas: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'banana_zebras_zebra_bananas', localField: '_id', foreignField: 'Zebra_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.banana_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'bananas', updates: [{ q: { zebras: { $exists: false } }, u: { $set: { zebras: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'banana_zebras_zebra_bananas',
            pipeline: [
              { $match: { banana_left_id: { $type: 'objectId' }, Zebra_right_id: { $type: 'objectId' } } },
              { $project: { own: '$banana_left_id', id: '$Zebra_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', zebras: { $push: '$id' } } },
              { $merge: { into: 'bananas', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'zebras', updates: [{ q: { bananas: { $exists: false } }, u: { $set: { bananas: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'banana_zebras_zebra_bananas',
            pipeline: [
              { $match: { Zebra_right_id: { $type: 'objectId' }, banana_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Zebra_right_id', id: '$banana_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', bananas: { $push: '$id' } } },
              { $merge: { into: 'zebras', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'banana.zebras -> Zebra.bananas: bananas.zebras does not hold all links of banana_zebras_zebra_bananas. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'banana_zebras_zebra_bananas',
            pipeline: [
              { $match: { banana_left_id: { $type: 'objectId' }, Zebra_right_id: { $type: 'objectId' } } },
              { $project: { own: '$banana_left_id', id: '$Zebra_right_id' } },
              { $lookup: { from: 'bananas', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'bananas',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] }, []] } } } },
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
          says: 'banana.zebras -> Zebra.bananas: zebras.bananas does not hold all links of banana_zebras_zebra_bananas. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'banana_zebras_zebra_bananas',
            pipeline: [
              { $match: { Zebra_right_id: { $type: 'objectId' }, banana_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Zebra_right_id', id: '$banana_left_id' } },
              { $lookup: { from: 'zebras', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'zebras',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] }, []] } } } },
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
        { drop: 'banana_zebras_zebra_bananas' },
      ],
    },
    // apple.zebra -> Zebra.apple (two-sided: one to one)
    {
      name: 'apple.zebra -> Zebra.apple',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'apples',
          pipeline: [
            { $match: { zebra: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$zebra'] }, '$zebra', ['$zebra']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                        input: { $cond: [{ $isArray: ['$$other.apple'] }, '$$other.apple', ['$$other.apple']] },
                        cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                      },
                    },
                  },
                },
              },
            },
            { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
            { $project: { _id: 0, left: '$_id', right: '$id' } },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'apple.zebra -> Zebra.apple: zebras.apple holds links that apples.zebra does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { apple: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$apple'] }, '$apple', ['$apple']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $type: 'objectId' } } },
              { $project: { own: '$zebra', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', apple: { $max: '$id' } } },
              { $merge: { into: 'zebras', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'apple.zebra -> Zebra.apple: zebras.apple does not hold all links of apples. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $type: 'objectId' } } },
              { $project: { own: '$zebra', id: '$_id' } },
              { $lookup: { from: 'zebras', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.apple' }, 'objectId'] } } }],
                  },
                },
              },
              { $project: { own: 1, id: 1 } },
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
    // banana.cherry -> Cherry.banana (two-sided: one to one)
    {
      name: 'banana.cherry -> Cherry.banana',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'bananas',
          pipeline: [
            { $match: { cherry: { $exists: true } } },
            {
              $project: {
                id: {
                  $filter: { input: { $cond: [{ $isArray: ['$cherry'] }, '$cherry', ['$cherry']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                },
              },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'cherries', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.banana'] }, '$$other.banana', ['$$other.banana']] },
                        cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                      },
                    },
                  },
                },
              },
            },
            { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
            { $project: { _id: 0, left: '$_id', right: '$id' } },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'banana.cherry -> Cherry.banana: cherries.banana holds links that bananas.cherry does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'cherries',
            pipeline: [
              { $match: { banana: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$banana'] }, '$banana', ['$banana']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { cherry: { $type: 'objectId' } } },
              { $project: { own: '$cherry', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', banana: { $max: '$id' } } },
              { $merge: { into: 'cherries', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'banana.cherry -> Cherry.banana: cherries.banana does not hold all links of bananas. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { cherry: { $type: 'objectId' } } },
              { $project: { own: '$cherry', id: '$_id' } },
              { $lookup: { from: 'cherries', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.banana' }, 'objectId'] } } }],
                  },
                },
              },
              { $project: { own: 1, id: 1 } },
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
