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
  plan: 'f116f30af654584d',
  relationships: [
    // Post.a -> Tag (one-sided: many to many)
    {
      name: 'Post.a -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { a: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.a -> Tag: documents with something in posts.a that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
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
          says: 'Post.a -> Tag: documents of posts whose own _id is no ObjectId have links in a. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
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
          says: 'Post.a -> Tag: documents with nulls or duplicates in posts.a, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$a'] }, { $in: [{ $type: '$a' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$a'] }, 1, 0] },
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
          says: 'Post.a -> Tag: ids in posts.a of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'post_a_manies',
          indexes: ['Post_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Tag_right_id' },
            ],
          },
          count: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              { $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, [null]] } } } } },
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
          says: 'Post.a -> Tag: links in posts.a that post_a_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from posts.a',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'post_a_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'post_a_manies', indexes: [{ key: { Post_left_id: 1 }, name: 'Post_left_id_1', background: true }] },
        { createIndexes: 'post_a_manies', indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }] },
        { dropIndexes: 'posts', index: { a: 1 } },
      ],
      removals: [
        { update: 'posts', updates: [{ q: { a: { $exists: true } }, u: { $unset: { a: 1 } }, multi: true }] },
      ],
    },
    // Post.a_many -> Tag (one-sided: many to many)
    {
      name: 'Post.a_many -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { a_many: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.a_many -> Tag: documents with something in posts.a_many that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] },
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
          says: 'Post.a_many -> Tag: documents of posts whose own _id is no ObjectId have links in a_many. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] },
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
          says: 'Post.a_many -> Tag: documents with nulls or duplicates in posts.a_many, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$a_many'] }, { $in: [{ $type: '$a_many' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$a_many'] }, 1, 0] },
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
          says: 'Post.a_many -> Tag: ids in posts.a_many of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'post_a_many_manies',
          indexes: ['Post_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Tag_right_id' },
            ],
          },
          count: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] }, [null]] } } } },
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
          says: 'Post.a_many -> Tag: links in posts.a_many that post_a_many_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from posts.a_many',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_a_many_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'post_a_many_manies', indexes: [{ key: { Post_left_id: 1 }, name: 'Post_left_id_1', background: true }] },
        { createIndexes: 'post_a_many_manies', indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }] },
        { dropIndexes: 'posts', index: { a_many: 1 } },
      ],
      removals: [
        { update: 'posts', updates: [{ q: { a_many: { $exists: true } }, u: { $unset: { a_many: 1 } }, multi: true }] },
      ],
    },
    // Post.a_many_many -> Tag (one-sided: many to many)
    {
      name: 'Post.a_many_many -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { a_many_many: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.a_many_many -> Tag: documents with something in posts.a_many_many that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
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
          says: 'Post.a_many_many -> Tag: documents of posts whose own _id is no ObjectId have links in a_many_many. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
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
          says: 'Post.a_many_many -> Tag: documents with nulls or duplicates in posts.a_many_many, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$a_many_many'] }, { $in: [{ $type: '$a_many_many' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$a_many_many'] }, 1, 0] },
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
          says: 'Post.a_many_many -> Tag: ids in posts.a_many_many of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'post_a_many_many_manies',
          indexes: ['Post_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Tag_right_id' },
            ],
          },
          count: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] }, [null]] } } },
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
          says: 'Post.a_many_many -> Tag: links in posts.a_many_many that post_a_many_many_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from posts.a_many_many',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a_many_many'] }, '$a_many_many', ['$a_many_many']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'post_a_many_many_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'post_a_many_many_manies', indexes: [{ key: { Post_left_id: 1 }, name: 'Post_left_id_1', background: true }] },
        { createIndexes: 'post_a_many_many_manies', indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }] },
        { dropIndexes: 'posts', index: { a_many_many: 1 } },
      ],
      removals: [
        { update: 'posts', updates: [{ q: { a_many_many: { $exists: true } }, u: { $unset: { a_many_many: 1 } }, multi: true }] },
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
