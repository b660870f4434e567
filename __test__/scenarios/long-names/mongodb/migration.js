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
  plan: '250aa9d6b69b80c3',
  relationships: [
    // InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
    {
      name: 'InternationalPublication.contributingResearchers -> Researcher.publications',
      // finds something as long as there is anything to do
      pending: [
        { find: 'internationalpublications', filter: { contributingResearchers: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'researchers', filter: { publications: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: documents with something in internationalpublications.contributingResearchers that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: documents of internationalpublications whose own _id is no ObjectId have links in contributingResearchers. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: documents with nulls or duplicates in internationalpublications.contributingResearchers, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$contributingResearchers'] },
                          { $in: [{ $type: '$contributingResearchers' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$contributingResearchers'] }, 1, 0] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: ids in internationalpublications.contributingResearchers of documents that researchers does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'researchers', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: documents with something in researchers.publications that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'researchers',
            pipeline: [
              { $match: { publications: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: documents of researchers whose own _id is no ObjectId have links in publications. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'researchers',
            pipeline: [
              { $match: { publications: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: documents with nulls or duplicates in researchers.publications, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'researchers',
            pipeline: [
              { $match: { publications: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
                  lone: {
                    $cond: [{ $or: [{ $isArray: ['$publications'] }, { $in: [{ $type: '$publications' }, ['missing', 'null', 'undefined']] }] }, 0, 1],
                  },
                  array: { $cond: [{ $isArray: ['$publications'] }, 1, 0] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: ids in researchers.publications of documents that internationalpublications does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'researchers',
            pipeline: [
              { $match: { publications: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'internationalpublications', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: links that only internationalpublications.contributingResearchers has, and researchers.publications has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'researchers', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.publications'] }, '$$other.publications', ['$$other.publications']] },
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: links that only researchers.publications has, and internationalpublications.contributingResearchers has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'researchers',
            pipeline: [
              { $match: { publications: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'internationalpublications', localField: 'id', foreignField: '_id', as: 'other' } },
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
                              { $isArray: ['$$other.contributingResearchers'] },
                              '$$other.contributingResearchers',
                              ['$$other.contributingResearchers'],
                            ],
                          },
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
          into: 'internationalpublication_contributingresearchers_researcher_publications',
          indexes: ['InternationalPublication_left_id', 'Researcher_right_id'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  InternationalPublication_left_id: '$_id',
                  Researcher_right_id: {
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
              { $unwind: '$Researcher_right_id' },
            ],
          },
          count: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [{ $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] }, [null]],
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
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: links in internationalpublications.contributingResearchers that internationalpublication_contributingresearchers_researcher_publications does not have, so they came after it was made: was the application running? Add them there, or remove them from internationalpublications.contributingResearchers',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { contributingResearchers: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_contributingresearchers_researcher_publications',
                  localField: '_id',
                  foreignField: 'InternationalPublication_left_id',
                  as: 'rows',
                },
              },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Researcher_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'researchers', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: links in researchers.publications that internationalpublication_contributingresearchers_researcher_publications does not have, so they came after it was made: was the application running? Add them there, or remove them from researchers.publications',
          stops: true,
          run: {
            aggregate: 'researchers',
            pipeline: [
              { $match: { publications: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_contributingresearchers_researcher_publications',
                  localField: '_id',
                  foreignField: 'Researcher_right_id',
                  as: 'rows',
                },
              },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.InternationalPublication_left_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'internationalpublications', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        {
          createIndexes: 'internationalpublication_contributingresearchers_researcher_publications',
          indexes: [{ key: { InternationalPublication_left_id: 1 }, name: 'InternationalPublication_left_id_1', background: true }],
        },
        {
          createIndexes: 'internationalpublication_contributingresearchers_researcher_publications',
          indexes: [{ key: { Researcher_right_id: 1 }, name: 'Researcher_right_id_1', background: true }],
        },
        { dropIndexes: 'internationalpublications', index: { contributingResearchers: 1 } },
        { dropIndexes: 'researchers', index: { publications: 1 } },
      ],
      removals: [
        {
          update: 'internationalpublications',
          updates: [{ q: { contributingResearchers: { $exists: true } }, u: { $unset: { contributingResearchers: 1 } }, multi: true }],
        },
        { update: 'researchers', updates: [{ q: { publications: { $exists: true } }, u: { $unset: { publications: 1 } }, multi: true }] },
      ],
    },
    // InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher',
      // finds something as long as there is anything to do
      pending: [
        { find: 'internationalpublications', filter: { distinguishedPeerReviewersOfRecord: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: documents with something in internationalpublications.distinguishedPeerReviewersOfRecord that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                          '$distinguishedPeerReviewersOfRecord',
                          ['$distinguishedPeerReviewersOfRecord'],
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: documents of internationalpublications whose own _id is no ObjectId have links in distinguishedPeerReviewersOfRecord. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                          '$distinguishedPeerReviewersOfRecord',
                          ['$distinguishedPeerReviewersOfRecord'],
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: documents with nulls or duplicates in internationalpublications.distinguishedPeerReviewersOfRecord, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                      '$distinguishedPeerReviewersOfRecord',
                      ['$distinguishedPeerReviewersOfRecord'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                          { $in: [{ $type: '$distinguishedPeerReviewersOfRecord' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$distinguishedPeerReviewersOfRecord'] }, 1, 0] },
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: ids in internationalpublications.distinguishedPeerReviewersOfRecord of documents that researchers does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                          '$distinguishedPeerReviewersOfRecord',
                          ['$distinguishedPeerReviewersOfRecord'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'researchers', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
          indexes: ['InternationalPublication_left_id', 'Researcher_right_id'],
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                          '$distinguishedPeerReviewersOfRecord',
                          ['$distinguishedPeerReviewersOfRecord'],
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
                  Researcher_right_id: {
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
              { $unwind: '$Researcher_right_id' },
            ],
          },
          count: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                              '$distinguishedPeerReviewersOfRecord',
                              ['$distinguishedPeerReviewersOfRecord'],
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
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: links in internationalpublications.distinguishedPeerReviewersOfRecord that internationalpublication_distinguishedpeerreviewersofrecord_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from internationalpublications.distinguishedPeerReviewersOfRecord',
          stops: true,
          run: {
            aggregate: 'internationalpublications',
            pipeline: [
              { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                          '$distinguishedPeerReviewersOfRecord',
                          ['$distinguishedPeerReviewersOfRecord'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
                  localField: '_id',
                  foreignField: 'InternationalPublication_left_id',
                  as: 'rows',
                },
              },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Researcher_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'researchers', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        {
          createIndexes: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
          indexes: [{ key: { InternationalPublication_left_id: 1 }, name: 'InternationalPublication_left_id_1', background: true }],
        },
        {
          createIndexes: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
          indexes: [{ key: { Researcher_right_id: 1 }, name: 'Researcher_right_id_1', background: true }],
        },
        { dropIndexes: 'internationalpublications', index: { distinguishedPeerReviewersOfRecord: 1 } },
      ],
      removals: [
        {
          update: 'internationalpublications',
          updates: [{ q: { distinguishedPeerReviewersOfRecord: { $exists: true } }, u: { $unset: { distinguishedPeerReviewersOfRecord: 1 } }, multi: true }],
        },
      ],
    },
    // OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
    {
      name: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive',
      // finds something as long as there is anything to do
      pending: [
        { find: 'organisationdepartments', filter: { subordinateDepartmentsOfRecord: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: documents with something in organisationdepartments.subordinateDepartmentsOfRecord that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, '$subordinateDepartmentsOfRecord', ['$subordinateDepartmentsOfRecord']],
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
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: documents of organisationdepartments whose own _id is no ObjectId have links in subordinateDepartmentsOfRecord. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, '$subordinateDepartmentsOfRecord', ['$subordinateDepartmentsOfRecord']],
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
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: documents with nulls or duplicates in organisationdepartments.subordinateDepartmentsOfRecord, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, '$subordinateDepartmentsOfRecord', ['$subordinateDepartmentsOfRecord']],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$subordinateDepartmentsOfRecord'] },
                          { $in: [{ $type: '$subordinateDepartmentsOfRecord' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, 1, 0] },
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
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: ids in organisationdepartments.subordinateDepartmentsOfRecord of documents that organisationdepartmentarchives does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, '$subordinateDepartmentsOfRecord', ['$subordinateDepartmentsOfRecord']],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'organisationdepartmentarchives', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          into: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
          indexes: ['OrganisationDepartment_left_id', 'OrganisationDepartmentArchive_right_id'],
          run: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, '$subordinateDepartmentsOfRecord', ['$subordinateDepartmentsOfRecord']],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $project: {
                  _id: 0,
                  OrganisationDepartment_left_id: '$_id',
                  OrganisationDepartmentArchive_right_id: {
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
              { $unwind: '$OrganisationDepartmentArchive_right_id' },
            ],
          },
          count: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$subordinateDepartmentsOfRecord'] },
                              '$subordinateDepartmentsOfRecord',
                              ['$subordinateDepartmentsOfRecord'],
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
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: links in organisationdepartments.subordinateDepartmentsOfRecord that organisationdepartment_subordinatedepartmentsofrecord_manies does not have, so they came after it was made: was the application running? Add them there, or remove them from organisationdepartments.subordinateDepartmentsOfRecord',
          stops: true,
          run: {
            aggregate: 'organisationdepartments',
            pipeline: [
              { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [{ $isArray: ['$subordinateDepartmentsOfRecord'] }, '$subordinateDepartmentsOfRecord', ['$subordinateDepartmentsOfRecord']],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
                  localField: '_id',
                  foreignField: 'OrganisationDepartment_left_id',
                  as: 'rows',
                },
              },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.OrganisationDepartmentArchive_right_id' } }] } } },
              { $unwind: '$id' },
              { $lookup: { from: 'organisationdepartmentarchives', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        {
          createIndexes: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
          indexes: [{ key: { OrganisationDepartment_left_id: 1 }, name: 'OrganisationDepartment_left_id_1', background: true }],
        },
        {
          createIndexes: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
          indexes: [{ key: { OrganisationDepartmentArchive_right_id: 1 }, name: 'OrganisationDepartmentArchive_right_id_1', background: true }],
        },
        { dropIndexes: 'organisationdepartments', index: { subordinateDepartmentsOfRecord: 1 } },
      ],
      removals: [
        {
          update: 'organisationdepartments',
          updates: [{ q: { subordinateDepartmentsOfRecord: { $exists: true } }, u: { $unset: { subordinateDepartmentsOfRecord: 1 } }, multi: true }],
        },
      ],
    },
    // Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
    {
      name: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: documents with something in posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                          '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                          ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: documents of posts whose own _id is no ObjectId have links in tableNameOfSixtyOneBytesWhichIsJustShortEnough_____. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                          '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                          ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: documents with nulls or duplicates in posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                      '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                      ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                          { $in: [{ $type: '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] }, 1, 0] },
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
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: ids in posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                          '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                          ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
          into: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
          indexes: ['Post_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                          '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                          ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                              '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                              ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: links in posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ that post_tablenameofsixtyonebyteswhichisjustshortenough______manies does not have, so they came after it was made: was the application running? Add them there, or remove them from posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                          '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                          ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
                  localField: '_id',
                  foreignField: 'Post_left_id',
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
          createIndexes: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
          indexes: [{ key: { Post_left_id: 1 }, name: 'Post_left_id_1', background: true }],
        },
        {
          createIndexes: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
          indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }],
        },
        { dropIndexes: 'posts', index: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: 1 } },
      ],
      removals: [
        {
          update: 'posts',
          updates: [
            {
              q: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } },
              u: { $unset: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: 1 } },
              multi: true,
            },
          ],
        },
      ],
    },
    // Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
    {
      name: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: documents with something in posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                          '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                          ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: documents of posts whose own _id is no ObjectId have links in tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                          '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                          ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: documents with nulls or duplicates in posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
              {
                $project: {
                  all: {
                    $cond: [
                      { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                      '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                      ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
                    ],
                  },
                  lone: {
                    $cond: [
                      {
                        $or: [
                          { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                          { $in: [{ $type: '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____' }, ['missing', 'null', 'undefined']] },
                        ],
                      },
                      0,
                      1,
                    ],
                  },
                  array: { $cond: [{ $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] }, 1, 0] },
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
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: ids in posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ of documents that tags does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                          '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                          ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
          into: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
          indexes: ['Post_left_id', 'Tag_right_id'],
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                          '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                          ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
              {
                $group: {
                  _id: null,
                  n: {
                    $sum: {
                      $size: {
                        $setDifference: [
                          {
                            $cond: [
                              { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                              '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                              ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: links in posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ that post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies does not have, so they came after it was made: was the application running? Add them there, or remove them from posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: {
                        $cond: [
                          { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                          '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                          ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
                        ],
                      },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
                  localField: '_id',
                  foreignField: 'Post_left_id',
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
          createIndexes: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
          indexes: [{ key: { Post_left_id: 1 }, name: 'Post_left_id_1', background: true }],
        },
        {
          createIndexes: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
          indexes: [{ key: { Tag_right_id: 1 }, name: 'Tag_right_id_1', background: true }],
        },
        { dropIndexes: 'posts', index: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: 1 } },
      ],
      removals: [
        {
          update: 'posts',
          updates: [
            {
              q: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } },
              u: { $unset: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: 1 } },
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
