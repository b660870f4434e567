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
  plan: '5b3735a8e3b4689a',
  relationships: [
    // A.bs -> B.as (two-sided: many to many)
    {
      name: 'A.bs -> B.as',
      // finds something as long as there is anything to do
      pending: [
        { find: 'my.dotted.posts', filter: { bs: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'with-dashes', filter: { as: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'A.bs -> B.as: documents with something in my.dotted.posts.bs that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] },
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
          says: 'A.bs -> B.as: documents of my.dotted.posts whose own _id is no ObjectId have links in bs. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] },
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
          says: 'A.bs -> B.as: documents with nulls or duplicates in my.dotted.posts.bs, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$bs'] }, { $in: [{ $type: '$bs' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$bs'] }, 1, 0] },
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
          says: 'A.bs -> B.as: ids in my.dotted.posts.bs of documents that with-dashes does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'with-dashes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'A.bs -> B.as: documents with something in with-dashes.as that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] },
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
          says: 'A.bs -> B.as: documents of with-dashes whose own _id is no ObjectId have links in as. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] },
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
          says: 'A.bs -> B.as: documents with nulls or duplicates in with-dashes.as, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$as'] }, { $in: [{ $type: '$as' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$as'] }, 1, 0] },
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
          says: 'A.bs -> B.as: ids in with-dashes.as of documents that my.dotted.posts does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'A.bs -> B.as: links that only my.dotted.posts.bs has, and with-dashes.as has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'with-dashes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.as'] }, '$$other.as', ['$$other.as']] },
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
          says: 'A.bs -> B.as: links that only with-dashes.as has, and my.dotted.posts.bs has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.bs'] }, '$$other.bs', ['$$other.bs']] },
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
          into: 'a_bs_b_as',
          indexes: ['A_left_id', 'B_right_id'],
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              {
                $project: {
                  _id: 0,
                  A_left_id: '$_id',
                  B_right_id: {
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
              { $unwind: '$B_right_id' },
            ],
          },
          count: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              { $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, [null]] } } } } },
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
          says: 'A.bs -> B.as: links in my.dotted.posts.bs that a_bs_b_as does not have, so they came after it was made: was the application running? Add them there, or remove them from my.dotted.posts.bs',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'a_bs_b_as', localField: '_id', foreignField: 'A_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.B_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'with-dashes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'A.bs -> B.as: links in with-dashes.as that a_bs_b_as does not have, so they came after it was made: was the application running? Add them there, or remove them from with-dashes.as',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'a_bs_b_as', localField: '_id', foreignField: 'B_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.A_left_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'a_bs_b_as', indexes: [{ key: { A_left_id: 1 }, name: 'A_left_id_1', background: true }] },
        { createIndexes: 'a_bs_b_as', indexes: [{ key: { B_right_id: 1 }, name: 'B_right_id_1', background: true }] },
        { dropIndexes: 'my.dotted.posts', index: { bs: 1 } },
        { dropIndexes: 'with-dashes', index: { as: 1 } },
      ],
      removals: [
        { update: 'my.dotted.posts', updates: [{ q: { bs: { $exists: true } }, u: { $unset: { bs: 1 } }, multi: true }] },
        { update: 'with-dashes', updates: [{ q: { as: { $exists: true } }, u: { $unset: { as: 1 } }, multi: true }] },
      ],
    },
    // A.c -> C.a (two-sided: one to one)
    {
      name: 'A.c -> C.a',
      // finds something as long as there is anything to do
      pending: [
        { find: '_leading', filter: { a: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'my.dotted.posts',
          pipeline: [
            { $match: { c: { $type: 'objectId' } } },
            { $group: { _id: '$c', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: '_leading', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.c -> C.a: documents with something in _leading.a that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$a'],
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
          says: 'A.c -> C.a: documents of _leading whose own _id is no ObjectId have links in a. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: '_leading',
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
          says: 'A.c -> C.a: documents with something in my.dotted.posts.c that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$c'],
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
          says: 'A.c -> C.a: documents of my.dotted.posts whose own _id is no ObjectId have links in c. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$c'] }, '$c', ['$c']] },
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
          says: 'A.c -> C.a: links that only _leading.a has would be lost. Add them to my.dotted.posts.c, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.c'] }, '$$other.c', ['$$other.c']] },
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
          says: 'A.c -> C.a: links in _leading.a that my.dotted.posts.c contradicts. The old Keystone leaves such stale links behind. my.dotted.posts.c decides',
          stops: false,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.c'] }, '$$other.c', ['$$other.c']] },
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
          says: 'A.c -> C.a: links that only my.dotted.posts.c has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$c'] }, '$c', ['$c']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: '_leading', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.c -> C.a: documents that several documents hold in my.dotted.posts.c, and whose own _leading.a names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $type: 'objectId' } } },
              { $group: { _id: '$c', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: '_leading', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.c -> C.a: documents that are released in my.dotted.posts.c, because another one holds the same',
          collection: 'my.dotted.posts',
          field: 'c',
          how: 'release',
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $type: 'objectId' } } },
              { $group: { _id: '$c', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: '_leading', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.c -> C.a: links that only _leading.a has would be lost. Add them to my.dotted.posts.c, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.c'] }, '$$other.c', ['$$other.c']] },
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
        { dropIndexes: '_leading', index: { a: 1 } },
      ],
      removals: [
        { update: '_leading', updates: [{ q: { a: { $exists: true } }, u: { $unset: { a: 1 } }, multi: true }] },
      ],
    },
    // B.ds -> D.b (two-sided: one to many)
    {
      name: 'B.ds -> D.b',
      // finds something as long as there is anything to do
      pending: [
        { find: 'with-dashes', filter: { ds: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'B.ds -> D.b: documents with something in with-dashes.ds that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
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
          says: 'B.ds -> D.b: documents of with-dashes whose own _id is no ObjectId have links in ds. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { ds: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
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
          says: 'B.ds -> D.b: documents with something in stats.b that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { b: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$b'],
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
          says: 'B.ds -> D.b: documents of stats whose own _id is no ObjectId have links in b. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { b: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$b'] }, '$b', ['$b']] },
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
          says: 'B.ds -> D.b: links that only with-dashes.ds has would be lost. Add them to stats.b, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.b'] }, '$$other.b', ['$$other.b']] },
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
          says: 'B.ds -> D.b: links in with-dashes.ds that stats.b contradicts. The old Keystone leaves such stale links behind. stats.b decides',
          stops: false,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.b'] }, '$$other.b', ['$$other.b']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'B.ds -> D.b: links that only stats.b has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { b: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$b'] }, '$b', ['$b']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'with-dashes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.ds'] }, '$$other.ds', ['$$other.ds']] },
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
      copies: [],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'B.ds -> D.b: links that only with-dashes.ds has would be lost. Add them to stats.b, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.b'] }, '$$other.b', ['$$other.b']] },
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
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'with-dashes', index: { ds: 1 } },
      ],
      removals: [
        { update: 'with-dashes', updates: [{ q: { ds: { $exists: true } }, u: { $unset: { ds: 1 } }, multi: true }] },
      ],
    },
    // C.quotes -> E (one-sided: many to many)
    {
      name: 'C.quotes -> E',
      // finds something as long as there is anything to do
      pending: [
        { find: '_leading', filter: { quotes: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'C.quotes -> E: documents with something in _leading.quotes that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] },
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
          says: 'C.quotes -> E: documents of _leading whose own _id is no ObjectId have links in quotes. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] },
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
          says: 'C.quotes -> E: documents with nulls or duplicates in _leading.quotes, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$quotes'] }, { $in: [{ $type: '$quotes' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$quotes'] }, 1, 0] },
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
          says: 'C.quotes -> E: ids in _leading.quotes of documents that it\'s "quoted" `here` \\ x does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'c_quotes_manies',
          indexes: ['C_left_id', 'E_right_id'],
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  C_left_id: '$_id',
                  E_right_id: {
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
              { $unwind: '$E_right_id' },
            ],
          },
          count: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] }, [null]] } } } },
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
          says: 'C.quotes -> E: links in _leading.quotes that c_quotes_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from _leading.quotes',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'c_quotes_manies', localField: '_id', foreignField: 'C_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.E_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'c_quotes_manies', indexes: [{ key: { C_left_id: 1 }, name: 'C_left_id_1', background: true }] },
        { createIndexes: 'c_quotes_manies', indexes: [{ key: { E_right_id: 1 }, name: 'E_right_id_1', background: true }] },
        { dropIndexes: '_leading', index: { quotes: 1 } },
      ],
      removals: [
        { update: '_leading', updates: [{ q: { quotes: { $exists: true } }, u: { $unset: { quotes: 1 } }, multi: true }] },
      ],
    },
    // D.es -> E.ds (two-sided: many to many)
    {
      name: 'D.es -> E.ds',
      // finds something as long as there is anything to do
      pending: [
        { find: 'stats', filter: { es: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'it\'s "quoted" `here` \\ x', filter: { ds: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'D.es -> E.ds: documents with something in stats.es that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] },
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
          says: 'D.es -> E.ds: documents of stats whose own _id is no ObjectId have links in es. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] },
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
          says: 'D.es -> E.ds: documents with nulls or duplicates in stats.es, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$es'] }, { $in: [{ $type: '$es' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$es'] }, 1, 0] },
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
          says: 'D.es -> E.ds: ids in stats.es of documents that it\'s "quoted" `here` \\ x does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'D.es -> E.ds: documents with something in it\'s "quoted" `here` \\ x.ds that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
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
          says: 'D.es -> E.ds: documents of it\'s "quoted" `here` \\ x whose own _id is no ObjectId have links in ds. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
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
          says: 'D.es -> E.ds: documents with nulls or duplicates in it\'s "quoted" `here` \\ x.ds, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$ds'] }, { $in: [{ $type: '$ds' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$ds'] }, 1, 0] },
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
          says: 'D.es -> E.ds: ids in it\'s "quoted" `here` \\ x.ds of documents that stats does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'D.es -> E.ds: links that only stats.es has, and it\'s "quoted" `here` \\ x.ds has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.ds'] }, '$$other.ds', ['$$other.ds']] },
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
          says: 'D.es -> E.ds: links that only it\'s "quoted" `here` \\ x.ds has, and stats.es has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.es'] }, '$$other.es', ['$$other.es']] },
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
          into: 'd_es_e_ds',
          indexes: ['D_left_id', 'E_right_id'],
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              {
                $project: {
                  _id: 0,
                  D_left_id: '$_id',
                  E_right_id: {
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
              { $unwind: '$E_right_id' },
            ],
          },
          count: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              { $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, [null]] } } } } },
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
          says: 'D.es -> E.ds: links in stats.es that d_es_e_ds does not have, so they came after it was made: was the application running? Add them there, or remove them from stats.es',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'd_es_e_ds', localField: '_id', foreignField: 'D_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.E_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'D.es -> E.ds: links in it\'s "quoted" `here` \\ x.ds that d_es_e_ds does not have, so they came after it was made: was the application running? Add them there, or remove them from it\'s "quoted" `here` \\ x.ds',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'd_es_e_ds', localField: '_id', foreignField: 'E_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.D_left_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'd_es_e_ds', indexes: [{ key: { D_left_id: 1 }, name: 'D_left_id_1', background: true }] },
        { createIndexes: 'd_es_e_ds', indexes: [{ key: { E_right_id: 1 }, name: 'E_right_id_1', background: true }] },
        { dropIndexes: 'stats', index: { es: 1 } },
        { dropIndexes: 'it\'s "quoted" `here` \\ x', index: { ds: 1 } },
      ],
      removals: [
        { update: 'stats', updates: [{ q: { es: { $exists: true } }, u: { $unset: { es: 1 } }, multi: true }] },
        { update: 'it\'s "quoted" `here` \\ x', updates: [{ q: { ds: { $exists: true } }, u: { $unset: { ds: 1 } }, multi: true }] },
      ],
    },
    // E.f -> F.e (two-sided: one to one)
    {
      name: 'E.f -> F.e',
      // finds something as long as there is anything to do
      pending: [
        { find: 'with spaces', filter: { e: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'it\'s "quoted" `here` \\ x',
          pipeline: [
            { $match: { f: { $type: 'objectId' } } },
            { $group: { _id: '$f', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'with spaces', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.e'] }, '$$other.e', ['$$other.e']] },
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
          says: 'E.f -> F.e: documents with something in with spaces.e that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'with spaces',
            pipeline: [
              { $match: { e: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$e'],
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
          says: 'E.f -> F.e: documents of with spaces whose own _id is no ObjectId have links in e. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'with spaces',
            pipeline: [
              { $match: { e: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] },
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
          says: 'E.f -> F.e: documents with something in it\'s "quoted" `here` \\ x.f that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$f'],
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
          says: 'E.f -> F.e: documents of it\'s "quoted" `here` \\ x whose own _id is no ObjectId have links in f. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$f'] }, '$f', ['$f']] },
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
          says: 'E.f -> F.e: links that only with spaces.e has would be lost. Add them to it\'s "quoted" `here` \\ x.f, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'with spaces',
            pipeline: [
              { $match: { e: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.f'] }, '$$other.f', ['$$other.f']] },
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
          says: 'E.f -> F.e: links in with spaces.e that it\'s "quoted" `here` \\ x.f contradicts. The old Keystone leaves such stale links behind. it\'s "quoted" `here` \\ x.f decides',
          stops: false,
          run: {
            aggregate: 'with spaces',
            pipeline: [
              { $match: { e: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.f'] }, '$$other.f', ['$$other.f']] },
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
          says: 'E.f -> F.e: links that only it\'s "quoted" `here` \\ x.f has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$f'] }, '$f', ['$f']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'with spaces', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.e'] }, '$$other.e', ['$$other.e']] },
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
          says: 'E.f -> F.e: documents that several documents hold in it\'s "quoted" `here` \\ x.f, and whose own with spaces.e names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $type: 'objectId' } } },
              { $group: { _id: '$f', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'with spaces', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.e'] }, '$$other.e', ['$$other.e']] },
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
          says: 'E.f -> F.e: documents that are released in it\'s "quoted" `here` \\ x.f, because another one holds the same',
          collection: 'it\'s "quoted" `here` \\ x',
          field: 'f',
          how: 'release',
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $type: 'objectId' } } },
              { $group: { _id: '$f', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'with spaces', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.e'] }, '$$other.e', ['$$other.e']] },
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
          says: 'E.f -> F.e: links that only with spaces.e has would be lost. Add them to it\'s "quoted" `here` \\ x.f, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'with spaces',
            pipeline: [
              { $match: { e: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.f'] }, '$$other.f', ['$$other.f']] },
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
        { dropIndexes: 'with spaces', index: { e: 1 } },
      ],
      removals: [
        { update: 'with spaces', updates: [{ q: { e: { $exists: true } }, u: { $unset: { e: 1 } }, multi: true }] },
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
