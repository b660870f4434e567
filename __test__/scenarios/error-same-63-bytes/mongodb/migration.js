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
// InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: the join collection internationalpublication_distinguishedpeerreviewersofworks_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublication_distinguishedpeerreviewersofworks_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: the join collection internationalpublication_distinguishedpeerreviewersofworks_many_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: the join collection internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: the join collection internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').aggregate([
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
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$Tag_right_id' },
  { $out: 'internationalpublication_distinguishedpeerreviewersofworks_manies' },
], { allowDiskUse: true });
db.getCollection('internationalpublication_distinguishedpeerreviewersofworks_manies').createIndex({ InternationalPublication_left_id: 1 }, { background: true });
db.getCollection('internationalpublication_distinguishedpeerreviewersofworks_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').aggregate([
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
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$Tag_right_id' },
  { $out: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies' },
], { allowDiskUse: true });
db.getCollection('internationalpublication_distinguishedpeerreviewersofworks_many_manies').createIndex({ InternationalPublication_left_id: 1 }, { background: true });
db.getCollection('internationalpublication_distinguishedpeerreviewersofworks_many_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').aggregate([
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
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$Tag_right_id' },
  { $out: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies' },
], { allowDiskUse: true });
db.getCollection('internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies').createIndex({ InternationalPublication_left_id: 1 }, { background: true });
db.getCollection('internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').aggregate([
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
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$Tag_right_id' },
  { $out: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies' },
], { allowDiskUse: true });
db.getCollection('internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies').createIndex({ InternationalPublication_left_id: 1 }, { background: true });
db.getCollection('internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies').createIndex({ Tag_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: internationalpublications.distinguishedPeerReviewersOfWorks and its copy internationalpublication_distinguishedpeerreviewersofworks_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublication_distinguishedpeerreviewersofworks_manies and run the script again',
  'internationalpublications',
  [
    { $match: { distinguishedPeerReviewersOfWorks: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: {
                      $cond: [
                        { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                        '$distinguishedPeerReviewersOfWorks',
                        ['$distinguishedPeerReviewersOfWorks'],
                      ],
                    },
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
        from: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
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

// InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: internationalpublications.distinguishedPeerReviewersOfWorks_many and its copy internationalpublication_distinguishedpeerreviewersofworks_many_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublication_distinguishedpeerreviewersofworks_many_manies and run the script again',
  'internationalpublications',
  [
    { $match: { distinguishedPeerReviewersOfWorks_many: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: {
                      $cond: [
                        { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                        '$distinguishedPeerReviewersOfWorks_many',
                        ['$distinguishedPeerReviewersOfWorks_many'],
                      ],
                    },
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
        from: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
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

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: internationalpublications.distinguishedContributorsOfTheFirstRankByMerit and its copy internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies and run the script again',
  'internationalpublications',
  [
    { $match: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: {
                      $cond: [
                        { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                        '$distinguishedContributorsOfTheFirstRankByMerit',
                        ['$distinguishedContributorsOfTheFirstRankByMerit'],
                      ],
                    },
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
        from: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
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

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: internationalpublications.distinguishedContributorsOfTheFirstRankByMerits and its copy internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies and run the script again',
  'internationalpublications',
  [
    { $match: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: {
                      $cond: [
                        { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                        '$distinguishedContributorsOfTheFirstRankByMerits',
                        ['$distinguishedContributorsOfTheFirstRankByMerits'],
                      ],
                    },
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
        from: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
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
// InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').updateMany({ distinguishedPeerReviewersOfWorks: { $exists: true } }, { $unset: { distinguishedPeerReviewersOfWorks: 1 } });

// InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').updateMany({ distinguishedPeerReviewersOfWorks_many: { $exists: true } }, { $unset: { distinguishedPeerReviewersOfWorks_many: 1 } });

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').updateMany({ distinguishedContributorsOfTheFirstRankByMerit: { $exists: true } }, { $unset: { distinguishedContributorsOfTheFirstRankByMerit: 1 } });

// InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag (one-sided: many to many)
db.getCollection('internationalpublications').updateMany({ distinguishedContributorsOfTheFirstRankByMerits: { $exists: true } }, { $unset: { distinguishedContributorsOfTheFirstRankByMerits: 1 } });
