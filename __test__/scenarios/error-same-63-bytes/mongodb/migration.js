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
  plan: '77c3035cf614ce7a',
  relationships: [
    // InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'internationalpublications', filter: { distinguishedPeerReviewersOfWorks: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: documents with something in internationalpublications.distinguishedPeerReviewersOfWorks that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                          '$distinguishedPeerReviewersOfWorks',
                          ['$distinguishedPeerReviewersOfWorks'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: documents of internationalpublications whose own _id is no ObjectId have links in distinguishedPeerReviewersOfWorks. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                          '$distinguishedPeerReviewersOfWorks',
                          ['$distinguishedPeerReviewersOfWorks'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: documents with nulls or duplicates in internationalpublications.distinguishedPeerReviewersOfWorks, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                      '$distinguishedPeerReviewersOfWorks',
                      ['$distinguishedPeerReviewersOfWorks'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                          { $in: [{ $type: '$distinguishedPeerReviewersOfWorks' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$distinguishedPeerReviewersOfWorks'] }, 1, 0] },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: ids in internationalpublications.distinguishedPeerReviewersOfWorks of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                          '$distinguishedPeerReviewersOfWorks',
                          ['$distinguishedPeerReviewersOfWorks'],
                        ],
                      },
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
          into: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
          indexes: ['InternationalPublication_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                          '$distinguishedPeerReviewersOfWorks',
                          ['$distinguishedPeerReviewersOfWorks'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  InternationalPublication_left_id: '$_id',
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
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                              '$distinguishedPeerReviewersOfWorks',
                              ['$distinguishedPeerReviewersOfWorks'],
                            ],
                          },
                          [null],
                        ],
                      },
                    },
                  },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: links in internationalpublications.distinguishedPeerReviewersOfWorks that internationalpublication_distinguishedpeerreviewersofworks_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from internationalpublications.distinguishedPeerReviewersOfWorks',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                          '$distinguishedPeerReviewersOfWorks',
                          ['$distinguishedPeerReviewersOfWorks'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
                  localField: '_id',
                  foreignField: 'InternationalPublication_left_id',
                  as: 'rows',
                },
              },
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
        {
          createIndexes: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
          indexes: [{ key: { InternationalPublication_left_id: 1 }, name: 'InternationalPublication_left_id_1', background: true }],
        },
        {
          createIndexes: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
          indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }],
        },
        { dropIndexes: 'internationalpublications', index: { distinguishedPeerReviewersOfWorks: 1 } },
      ],
      removals: [
        {
          update: 'internationalpublications',
          updates: [{ q: { distinguishedPeerReviewersOfWorks: { $exists: true } }, u: { $unset: { distinguishedPeerReviewersOfWorks: 1 } }, multi: true }],
        },
      ],
    },
    // InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'internationalpublications', filter: { distinguishedPeerReviewersOfWorks_many: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: documents with something in internationalpublications.distinguishedPeerReviewersOfWorks_many that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                          '$distinguishedPeerReviewersOfWorks_many',
                          ['$distinguishedPeerReviewersOfWorks_many'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: documents of internationalpublications whose own _id is no ObjectId have links in distinguishedPeerReviewersOfWorks_many. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                          '$distinguishedPeerReviewersOfWorks_many',
                          ['$distinguishedPeerReviewersOfWorks_many'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: documents with nulls or duplicates in internationalpublications.distinguishedPeerReviewersOfWorks_many, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                      '$distinguishedPeerReviewersOfWorks_many',
                      ['$distinguishedPeerReviewersOfWorks_many'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                          { $in: [{ $type: '$distinguishedPeerReviewersOfWorks_many' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$distinguishedPeerReviewersOfWorks_many'] }, 1, 0] },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: ids in internationalpublications.distinguishedPeerReviewersOfWorks_many of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                          '$distinguishedPeerReviewersOfWorks_many',
                          ['$distinguishedPeerReviewersOfWorks_many'],
                        ],
                      },
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
          into: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
          indexes: ['InternationalPublication_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                          '$distinguishedPeerReviewersOfWorks_many',
                          ['$distinguishedPeerReviewersOfWorks_many'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  InternationalPublication_left_id: '$_id',
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
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                              '$distinguishedPeerReviewersOfWorks_many',
                              ['$distinguishedPeerReviewersOfWorks_many'],
                            ],
                          },
                          [null],
                        ],
                      },
                    },
                  },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: links in internationalpublications.distinguishedPeerReviewersOfWorks_many that internationalpublication_distinguishedpeerreviewersofworks_many_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from internationalpublications.distinguishedPeerReviewersOfWorks_many',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                          '$distinguishedPeerReviewersOfWorks_many',
                          ['$distinguishedPeerReviewersOfWorks_many'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
                  localField: '_id',
                  foreignField: 'InternationalPublication_left_id',
                  as: 'rows',
                },
              },
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
        {
          createIndexes: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
          indexes: [{ key: { InternationalPublication_left_id: 1 }, name: 'InternationalPublication_left_id_1', background: true }],
        },
        {
          createIndexes: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
          indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }],
        },
        { dropIndexes: 'internationalpublications', index: { distinguishedPeerReviewersOfWorks_many: 1 } },
      ],
      removals: [
        {
          update: 'internationalpublications',
          updates: [
            {
              q: { distinguishedPeerReviewersOfWorks_many: { $exists: true } },
              u: { $unset: { distinguishedPeerReviewersOfWorks_many: 1 } },
              multi: true,
            },
          ],
        },
      ],
    },
    // InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag',
      // finds something as long as there is anything to do
      pending: [
        {
          find: 'internationalpublications',
          filter: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } },
          projection: { _id: 1 },
          limit: 1,
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: documents with something in internationalpublications.distinguishedContributorsOfTheFirstRankByMerit that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                          '$distinguishedContributorsOfTheFirstRankByMerit',
                          ['$distinguishedContributorsOfTheFirstRankByMerit'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: documents of internationalpublications whose own _id is no ObjectId have links in distinguishedContributorsOfTheFirstRankByMerit. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                          '$distinguishedContributorsOfTheFirstRankByMerit',
                          ['$distinguishedContributorsOfTheFirstRankByMerit'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: documents with nulls or duplicates in internationalpublications.distinguishedContributorsOfTheFirstRankByMerit, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                      '$distinguishedContributorsOfTheFirstRankByMerit',
                      ['$distinguishedContributorsOfTheFirstRankByMerit'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                          { $in: [{ $type: '$distinguishedContributorsOfTheFirstRankByMerit' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] }, 1, 0] },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: ids in internationalpublications.distinguishedContributorsOfTheFirstRankByMerit of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                          '$distinguishedContributorsOfTheFirstRankByMerit',
                          ['$distinguishedContributorsOfTheFirstRankByMerit'],
                        ],
                      },
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
          into: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
          indexes: ['InternationalPublication_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                          '$distinguishedContributorsOfTheFirstRankByMerit',
                          ['$distinguishedContributorsOfTheFirstRankByMerit'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  InternationalPublication_left_id: '$_id',
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
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                              '$distinguishedContributorsOfTheFirstRankByMerit',
                              ['$distinguishedContributorsOfTheFirstRankByMerit'],
                            ],
                          },
                          [null],
                        ],
                      },
                    },
                  },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: links in internationalpublications.distinguishedContributorsOfTheFirstRankByMerit that internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from internationalpublications.distinguishedContributorsOfTheFirstRankByMerit',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                          '$distinguishedContributorsOfTheFirstRankByMerit',
                          ['$distinguishedContributorsOfTheFirstRankByMerit'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
                  localField: '_id',
                  foreignField: 'InternationalPublication_left_id',
                  as: 'rows',
                },
              },
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
        {
          createIndexes: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
          indexes: [{ key: { InternationalPublication_left_id: 1 }, name: 'InternationalPublication_left_id_1', background: true }],
        },
        {
          createIndexes: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
          indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }],
        },
        { dropIndexes: 'internationalpublications', index: { distinguishedContributorsOfTheFirstRankByMerit: 1 } },
      ],
      removals: [
        {
          update: 'internationalpublications',
          updates: [
            {
              q: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } },
              u: { $unset: { distinguishedContributorsOfTheFirstRankByMerit: 1 } },
              multi: true,
            },
          ],
        },
      ],
    },
    // InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag',
      // finds something as long as there is anything to do
      pending: [
        {
          find: 'internationalpublications',
          filter: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } },
          projection: { _id: 1 },
          limit: 1,
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: documents with something in internationalpublications.distinguishedContributorsOfTheFirstRankByMerits that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                          '$distinguishedContributorsOfTheFirstRankByMerits',
                          ['$distinguishedContributorsOfTheFirstRankByMerits'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: documents of internationalpublications whose own _id is no ObjectId have links in distinguishedContributorsOfTheFirstRankByMerits. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                          '$distinguishedContributorsOfTheFirstRankByMerits',
                          ['$distinguishedContributorsOfTheFirstRankByMerits'],
                        ],
                      },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: documents with nulls or duplicates in internationalpublications.distinguishedContributorsOfTheFirstRankByMerits, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                      '$distinguishedContributorsOfTheFirstRankByMerits',
                      ['$distinguishedContributorsOfTheFirstRankByMerits'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                          { $in: [{ $type: '$distinguishedContributorsOfTheFirstRankByMerits' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] }, 1, 0] },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: ids in internationalpublications.distinguishedContributorsOfTheFirstRankByMerits of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                          '$distinguishedContributorsOfTheFirstRankByMerits',
                          ['$distinguishedContributorsOfTheFirstRankByMerits'],
                        ],
                      },
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
          into: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
          indexes: ['InternationalPublication_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                          '$distinguishedContributorsOfTheFirstRankByMerits',
                          ['$distinguishedContributorsOfTheFirstRankByMerits'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  InternationalPublication_left_id: '$_id',
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
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                              '$distinguishedContributorsOfTheFirstRankByMerits',
                              ['$distinguishedContributorsOfTheFirstRankByMerits'],
                            ],
                          },
                          [null],
                        ],
                      },
                    },
                  },
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
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: links in internationalpublications.distinguishedContributorsOfTheFirstRankByMerits that internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from internationalpublications.distinguishedContributorsOfTheFirstRankByMerits',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                          '$distinguishedContributorsOfTheFirstRankByMerits',
                          ['$distinguishedContributorsOfTheFirstRankByMerits'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
                  localField: '_id',
                  foreignField: 'InternationalPublication_left_id',
                  as: 'rows',
                },
              },
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
        {
          createIndexes: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
          indexes: [{ key: { InternationalPublication_left_id: 1 }, name: 'InternationalPublication_left_id_1', background: true }],
        },
        {
          createIndexes: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
          indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }],
        },
        { dropIndexes: 'internationalpublications', index: { distinguishedContributorsOfTheFirstRankByMerits: 1 } },
      ],
      removals: [
        {
          update: 'internationalpublications',
          updates: [
            {
              q: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } },
              u: { $unset: { distinguishedContributorsOfTheFirstRankByMerits: 1 } },
              multi: true,
            },
          ],
        },
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
