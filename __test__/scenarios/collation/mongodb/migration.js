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
  plan: 'a0cd57b2baf390bd',
  relationships: [
    // Post.tags -> PostTag.posts (two-sided: many to many)
    {
      name: 'Post.tags -> PostTag.posts',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { tags: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'posttags', filter: { posts: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tags -> PostTag.posts: documents with something in posts.tags that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
          says: 'Post.tags -> PostTag.posts: documents of posts whose own _id is no ObjectId have links in tags. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
          says: 'Post.tags -> PostTag.posts: documents with nulls or duplicates in posts.tags, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$tags'] }, { $in: [{ $type: '$tags' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$tags'] }, 1, 0] },
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
          says: 'Post.tags -> PostTag.posts: ids in posts.tags of documents that posttags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'posttags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.tags -> PostTag.posts: documents with something in posttags.posts that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
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
          says: 'Post.tags -> PostTag.posts: documents of posttags whose own _id is no ObjectId have links in posts. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { posts: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
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
          says: 'Post.tags -> PostTag.posts: documents with nulls or duplicates in posttags.posts, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$posts'] }, { $in: [{ $type: '$posts' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$posts'] }, 1, 0] },
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
          says: 'Post.tags -> PostTag.posts: ids in posttags.posts of documents that posts does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Post.tags -> PostTag.posts: links that only posts.tags has, and posttags.posts has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
          says: 'Post.tags -> PostTag.posts: links that only posttags.posts has, and posts.tags has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
          into: 'post_tags_posttag_posts',
          indexes: ['Post_left_id', 'PostTag_right_id'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$PostTag_right_id' },
            ],
          },
          count: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, [null]] } } } },
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
          says: 'Post.tags -> PostTag.posts: links in posts.tags that post_tags_posttag_posts does not have, so they came after it was made: was the application running? Add them there, or remove them from posts.tags',
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
              { $lookup: { from: 'posttags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.tags -> PostTag.posts: links in posttags.posts that post_tags_posttag_posts does not have, so they came after it was made: was the application running? Add them there, or remove them from posttags.posts',
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
              { $lookup: { from: 'posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'post_tags_posttag_posts', indexes: [{ key: { Post_left_id: 1 }, name: 'Post_left_id_1', background: true }] },
        { createIndexes: 'post_tags_posttag_posts', indexes: [{ key: { PostTag_right_id: 1 }, name: 'PostTag_right_id_1', background: true }] },
        { dropIndexes: 'posts', index: { tags: 1 } },
        { dropIndexes: 'posttags', index: { posts: 1 } },
      ],
      removals: [
        { update: 'posts', updates: [{ q: { tags: { $exists: true } }, u: { $unset: { tags: 1 } }, multi: true }] },
        { update: 'posttags', updates: [{ q: { posts: { $exists: true } }, u: { $unset: { posts: 1 } }, multi: true }] },
      ],
    },
    // Post_x.tags -> PostTag.underscores (two-sided: many to many)
    {
      name: 'Post_x.tags -> PostTag.underscores',
      // finds something as long as there is anything to do
      pending: [
        { find: 'post_xes', filter: { tags: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'posttags', filter: { underscores: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post_x.tags -> PostTag.underscores: documents with something in post_xes.tags that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
          says: 'Post_x.tags -> PostTag.underscores: documents of post_xes whose own _id is no ObjectId have links in tags. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
          says: 'Post_x.tags -> PostTag.underscores: documents with nulls or duplicates in post_xes.tags, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$tags'] }, { $in: [{ $type: '$tags' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$tags'] }, 1, 0] },
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
          says: 'Post_x.tags -> PostTag.underscores: ids in post_xes.tags of documents that posttags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'posttags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post_x.tags -> PostTag.underscores: documents with something in posttags.underscores that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
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
          says: 'Post_x.tags -> PostTag.underscores: documents of posttags whose own _id is no ObjectId have links in underscores. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { underscores: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
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
          says: 'Post_x.tags -> PostTag.underscores: documents with nulls or duplicates in posttags.underscores, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$underscores'] }, { $in: [{ $type: '$underscores' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$underscores'] }, 1, 0] },
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
          says: 'Post_x.tags -> PostTag.underscores: ids in posttags.underscores of documents that post_xes does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'post_xes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Post_x.tags -> PostTag.underscores: links that only post_xes.tags has, and posttags.underscores has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                          input: { $cond: [{ $isArray: ['$$other.underscores'] }, '$$other.underscores', ['$$other.underscores']] },
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
          says: 'Post_x.tags -> PostTag.underscores: links that only posttags.underscores has, and post_xes.tags has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
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
          into: 'post_x_tags_posttag_underscores',
          indexes: ['Post_x_left_id', 'PostTag_right_id'],
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$PostTag_right_id' },
            ],
          },
          count: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, [null]] } } } },
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
          says: 'Post_x.tags -> PostTag.underscores: links in post_xes.tags that post_x_tags_posttag_underscores does not have, so they came after it was made: was the application running? Add them there, or remove them from post_xes.tags',
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
              { $lookup: { from: 'posttags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post_x.tags -> PostTag.underscores: links in posttags.underscores that post_x_tags_posttag_underscores does not have, so they came after it was made: was the application running? Add them there, or remove them from posttags.underscores',
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
              { $lookup: { from: 'post_xes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'post_x_tags_posttag_underscores', indexes: [{ key: { Post_x_left_id: 1 }, name: 'Post_x_left_id_1', background: true }] },
        {
          createIndexes: 'post_x_tags_posttag_underscores',
          indexes: [{ key: { PostTag_right_id: 1 }, name: 'PostTag_right_id_1', background: true }],
        },
        { dropIndexes: 'post_xes', index: { tags: 1 } },
        { dropIndexes: 'posttags', index: { underscores: 1 } },
      ],
      removals: [
        { update: 'post_xes', updates: [{ q: { tags: { $exists: true } }, u: { $unset: { tags: 1 } }, multi: true }] },
        { update: 'posttags', updates: [{ q: { underscores: { $exists: true } }, u: { $unset: { underscores: 1 } }, multi: true }] },
      ],
    },
    // Post1.tag -> PostTag.digit (two-sided: one to one)
    {
      name: 'Post1.tag -> PostTag.digit',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posttags', filter: { digit: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'post1',
          pipeline: [
            { $match: { tag: { $type: 'objectId' } } },
            { $group: { _id: '$tag', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'posttags', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.digit'] }, '$$other.digit', ['$$other.digit']] },
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
          says: 'Post1.tag -> PostTag.digit: documents with something in posttags.digit that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { digit: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$digit'],
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
          says: 'Post1.tag -> PostTag.digit: documents of posttags whose own _id is no ObjectId have links in digit. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posttags',
            pipeline: [
              { $match: { digit: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$digit'] }, '$digit', ['$digit']] },
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
          says: 'Post1.tag -> PostTag.digit: documents with something in post1.tag that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$tag'],
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
          says: 'Post1.tag -> PostTag.digit: documents of post1 whose own _id is no ObjectId have links in tag. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$tag'] }, '$tag', ['$tag']] },
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
          says: 'Post1.tag -> PostTag.digit: links that only posttags.digit has would be lost. Add them to post1.tag, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Post1.tag -> PostTag.digit: links in posttags.digit that post1.tag contradicts. The old Keystone leaves such stale links behind. post1.tag decides',
          stops: false,
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
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Post1.tag -> PostTag.digit: links that only post1.tag has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$tag'] }, '$tag', ['$tag']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                          input: { $cond: [{ $isArray: ['$$other.digit'] }, '$$other.digit', ['$$other.digit']] },
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
          says: 'Post1.tag -> PostTag.digit: documents that several documents hold in post1.tag, and whose own posttags.digit names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $type: 'objectId' } } },
              { $group: { _id: '$tag', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'posttags', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.digit'] }, '$$other.digit', ['$$other.digit']] },
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
          says: 'Post1.tag -> PostTag.digit: documents that are released in post1.tag, because another one holds the same',
          collection: 'post1',
          field: 'tag',
          how: 'release',
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { tag: { $type: 'objectId' } } },
              { $group: { _id: '$tag', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'posttags', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.digit'] }, '$$other.digit', ['$$other.digit']] },
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
          says: 'Post1.tag -> PostTag.digit: links that only posttags.digit has would be lost. Add them to post1.tag, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'posttags', index: { digit: 1 } },
      ],
      removals: [
        { update: 'posttags', updates: [{ q: { digit: { $exists: true } }, u: { $unset: { digit: 1 } }, multi: true }] },
      ],
    },
    // Post_x.digits -> Post1.underscores (two-sided: many to many)
    {
      name: 'Post_x.digits -> Post1.underscores',
      // finds something as long as there is anything to do
      pending: [
        { find: 'post_xes', filter: { digits: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'post1', filter: { underscores: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post_x.digits -> Post1.underscores: documents with something in post_xes.digits that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] },
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
          says: 'Post_x.digits -> Post1.underscores: documents of post_xes whose own _id is no ObjectId have links in digits. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] },
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
          says: 'Post_x.digits -> Post1.underscores: documents with nulls or duplicates in post_xes.digits, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$digits'] }, { $in: [{ $type: '$digits' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$digits'] }, 1, 0] },
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
          says: 'Post_x.digits -> Post1.underscores: ids in post_xes.digits of documents that post1 does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'post1', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post_x.digits -> Post1.underscores: documents with something in post1.underscores that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
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
          says: 'Post_x.digits -> Post1.underscores: documents of post1 whose own _id is no ObjectId have links in underscores. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { underscores: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
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
          says: 'Post_x.digits -> Post1.underscores: documents with nulls or duplicates in post1.underscores, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$underscores'] }, { $in: [{ $type: '$underscores' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$underscores'] }, 1, 0] },
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
          says: 'Post_x.digits -> Post1.underscores: ids in post1.underscores of documents that post_xes does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'post_xes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Post_x.digits -> Post1.underscores: links that only post_xes.digits has, and post1.underscores has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                          input: { $cond: [{ $isArray: ['$$other.underscores'] }, '$$other.underscores', ['$$other.underscores']] },
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
          says: 'Post_x.digits -> Post1.underscores: links that only post1.underscores has, and post_xes.digits has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'post1',
            pipeline: [
              { $match: { underscores: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$underscores'] }, '$underscores', ['$underscores']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
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
          into: 'post_x_digits_post1_underscores',
          indexes: ['Post_x_left_id', 'Post1_right_id'],
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Post1_right_id' },
            ],
          },
          count: {
            aggregate: 'post_xes',
            pipeline: [
              { $match: { digits: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$digits'] }, '$digits', ['$digits']] }, [null]] } } } },
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
          says: 'Post_x.digits -> Post1.underscores: links in post_xes.digits that post_x_digits_post1_underscores does not have, so they came after it was made: was the application running? Add them there, or remove them from post_xes.digits',
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
              { $lookup: { from: 'post1', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post_x.digits -> Post1.underscores: links in post1.underscores that post_x_digits_post1_underscores does not have, so they came after it was made: was the application running? Add them there, or remove them from post1.underscores',
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
              { $lookup: { from: 'post_xes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'post_x_digits_post1_underscores', indexes: [{ key: { Post_x_left_id: 1 }, name: 'Post_x_left_id_1', background: true }] },
        { createIndexes: 'post_x_digits_post1_underscores', indexes: [{ key: { Post1_right_id: 1 }, name: 'Post1_right_id_1', background: true }] },
        { dropIndexes: 'post_xes', index: { digits: 1 } },
        { dropIndexes: 'post1', index: { underscores: 1 } },
      ],
      removals: [
        { update: 'post_xes', updates: [{ q: { digits: { $exists: true } }, u: { $unset: { digits: 1 } }, multi: true }] },
        { update: 'post1', updates: [{ q: { underscores: { $exists: true } }, u: { $unset: { underscores: 1 } }, multi: true }] },
      ],
    },
    // banana.zebras -> Zebra.bananas (two-sided: many to many)
    {
      name: 'banana.zebras -> Zebra.bananas',
      // finds something as long as there is anything to do
      pending: [
        { find: 'bananas', filter: { zebras: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'zebras', filter: { bananas: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'banana.zebras -> Zebra.bananas: documents with something in bananas.zebras that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] },
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
          says: 'banana.zebras -> Zebra.bananas: documents of bananas whose own _id is no ObjectId have links in zebras. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] },
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
          says: 'banana.zebras -> Zebra.bananas: documents with nulls or duplicates in bananas.zebras, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$zebras'] }, { $in: [{ $type: '$zebras' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$zebras'] }, 1, 0] },
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
          says: 'banana.zebras -> Zebra.bananas: ids in bananas.zebras of documents that zebras does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'zebras', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'banana.zebras -> Zebra.bananas: documents with something in zebras.bananas that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { bananas: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] },
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
          says: 'banana.zebras -> Zebra.bananas: documents of zebras whose own _id is no ObjectId have links in bananas. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { bananas: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] },
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
          says: 'banana.zebras -> Zebra.bananas: documents with nulls or duplicates in zebras.bananas, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { bananas: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$bananas'] }, { $in: [{ $type: '$bananas' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$bananas'] }, 1, 0] },
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
          says: 'banana.zebras -> Zebra.bananas: ids in zebras.bananas of documents that bananas does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { bananas: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'bananas', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'banana.zebras -> Zebra.bananas: links that only bananas.zebras has, and zebras.bananas has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                          input: { $cond: [{ $isArray: ['$$other.bananas'] }, '$$other.bananas', ['$$other.bananas']] },
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
          says: 'banana.zebras -> Zebra.bananas: links that only zebras.bananas has, and bananas.zebras has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { bananas: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$bananas'] }, '$bananas', ['$bananas']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
          into: 'banana_zebras_zebra_bananas',
          indexes: ['banana_left_id', 'Zebra_right_id'],
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Zebra_right_id' },
            ],
          },
          count: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { zebras: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$zebras'] }, '$zebras', ['$zebras']] }, [null]] } } } },
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
          says: 'banana.zebras -> Zebra.bananas: links in bananas.zebras that banana_zebras_zebra_bananas does not have, so they came after it was made: was the application running? Add them there, or remove them from bananas.zebras',
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
              { $lookup: { from: 'zebras', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'banana.zebras -> Zebra.bananas: links in zebras.bananas that banana_zebras_zebra_bananas does not have, so they came after it was made: was the application running? Add them there, or remove them from zebras.bananas',
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
              { $lookup: { from: 'bananas', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'banana_zebras_zebra_bananas', indexes: [{ key: { banana_left_id: 1 }, name: 'banana_left_id_1', background: true }] },
        { createIndexes: 'banana_zebras_zebra_bananas', indexes: [{ key: { Zebra_right_id: 1 }, name: 'Zebra_right_id_1', background: true }] },
        { dropIndexes: 'bananas', index: { zebras: 1 } },
        { dropIndexes: 'zebras', index: { bananas: 1 } },
      ],
      removals: [
        { update: 'bananas', updates: [{ q: { zebras: { $exists: true } }, u: { $unset: { zebras: 1 } }, multi: true }] },
        { update: 'zebras', updates: [{ q: { bananas: { $exists: true } }, u: { $unset: { bananas: 1 } }, multi: true }] },
      ],
    },
    // apple.zebra -> Zebra.apple (two-sided: one to one)
    {
      name: 'apple.zebra -> Zebra.apple',
      // finds something as long as there is anything to do
      pending: [
        { find: 'zebras', filter: { apple: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'apples',
          pipeline: [
            { $match: { zebra: { $type: 'objectId' } } },
            { $group: { _id: '$zebra', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'zebras', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.apple'] }, '$$other.apple', ['$$other.apple']] },
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
          says: 'apple.zebra -> Zebra.apple: documents with something in zebras.apple that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { apple: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$apple'],
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
          says: 'apple.zebra -> Zebra.apple: documents of zebras whose own _id is no ObjectId have links in apple. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'zebras',
            pipeline: [
              { $match: { apple: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$apple'] }, '$apple', ['$apple']] },
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
          says: 'apple.zebra -> Zebra.apple: documents with something in apples.zebra that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$zebra'],
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
          says: 'apple.zebra -> Zebra.apple: documents of apples whose own _id is no ObjectId have links in zebra. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$zebra'] }, '$zebra', ['$zebra']] },
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
          says: 'apple.zebra -> Zebra.apple: links that only zebras.apple has would be lost. Add them to apples.zebra, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'apple.zebra -> Zebra.apple: links in zebras.apple that apples.zebra contradicts. The old Keystone leaves such stale links behind. apples.zebra decides',
          stops: false,
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
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'apple.zebra -> Zebra.apple: links that only apples.zebra has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$zebra'] }, '$zebra', ['$zebra']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                          input: { $cond: [{ $isArray: ['$$other.apple'] }, '$$other.apple', ['$$other.apple']] },
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
          says: 'apple.zebra -> Zebra.apple: documents that several documents hold in apples.zebra, and whose own zebras.apple names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $type: 'objectId' } } },
              { $group: { _id: '$zebra', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'zebras', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.apple'] }, '$$other.apple', ['$$other.apple']] },
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
          says: 'apple.zebra -> Zebra.apple: documents that are released in apples.zebra, because another one holds the same',
          collection: 'apples',
          field: 'zebra',
          how: 'release',
          run: {
            aggregate: 'apples',
            pipeline: [
              { $match: { zebra: { $type: 'objectId' } } },
              { $group: { _id: '$zebra', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'zebras', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.apple'] }, '$$other.apple', ['$$other.apple']] },
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
          says: 'apple.zebra -> Zebra.apple: links that only zebras.apple has would be lost. Add them to apples.zebra, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'zebras', index: { apple: 1 } },
      ],
      removals: [
        { update: 'zebras', updates: [{ q: { apple: { $exists: true } }, u: { $unset: { apple: 1 } }, multi: true }] },
      ],
    },
    // banana.cherry -> Cherry.banana (two-sided: one to one)
    {
      name: 'banana.cherry -> Cherry.banana',
      // finds something as long as there is anything to do
      pending: [
        { find: 'cherries', filter: { banana: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'bananas',
          pipeline: [
            { $match: { cherry: { $type: 'objectId' } } },
            { $group: { _id: '$cherry', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'cherries', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.banana'] }, '$$other.banana', ['$$other.banana']] },
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
          says: 'banana.cherry -> Cherry.banana: documents with something in cherries.banana that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'cherries',
            pipeline: [
              { $match: { banana: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$banana'],
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
          says: 'banana.cherry -> Cherry.banana: documents of cherries whose own _id is no ObjectId have links in banana. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'cherries',
            pipeline: [
              { $match: { banana: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$banana'] }, '$banana', ['$banana']] },
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
          says: 'banana.cherry -> Cherry.banana: documents with something in bananas.cherry that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { cherry: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$cherry'],
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
          says: 'banana.cherry -> Cherry.banana: documents of bananas whose own _id is no ObjectId have links in cherry. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { cherry: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$cherry'] }, '$cherry', ['$cherry']] },
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
          says: 'banana.cherry -> Cherry.banana: links that only cherries.banana has would be lost. Add them to bananas.cherry, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'banana.cherry -> Cherry.banana: links in cherries.banana that bananas.cherry contradicts. The old Keystone leaves such stale links behind. bananas.cherry decides',
          stops: false,
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
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'banana.cherry -> Cherry.banana: links that only bananas.cherry has. The new Keystone shows them from both sides',
          stops: false,
          run: {
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'banana.cherry -> Cherry.banana: documents that several documents hold in bananas.cherry, and whose own cherries.banana names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { cherry: { $type: 'objectId' } } },
              { $group: { _id: '$cherry', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'cherries', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.banana'] }, '$$other.banana', ['$$other.banana']] },
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
          says: 'banana.cherry -> Cherry.banana: documents that are released in bananas.cherry, because another one holds the same',
          collection: 'bananas',
          field: 'cherry',
          how: 'release',
          run: {
            aggregate: 'bananas',
            pipeline: [
              { $match: { cherry: { $type: 'objectId' } } },
              { $group: { _id: '$cherry', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'cherries', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.banana'] }, '$$other.banana', ['$$other.banana']] },
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
          says: 'banana.cherry -> Cherry.banana: links that only cherries.banana has would be lost. Add them to bananas.cherry, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'cherries', index: { banana: 1 } },
      ],
      removals: [
        { update: 'cherries', updates: [{ q: { banana: { $exists: true } }, u: { $unset: { banana: 1 } }, multi: true }] },
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
