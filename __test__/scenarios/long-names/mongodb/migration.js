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
// InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
stopIf(
  'InternationalPublication.contributingResearchers -> Researcher.publications: the join collection internationalpublication_contributingresearchers_researcher_publications already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublication_contributingresearchers_researcher_publications',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: the join collection internationalpublication_distinguishedpeerreviewersofrecord_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublication_distinguishedpeerreviewersofrecord_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
stopIf(
  'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: the join collection organisationdepartment_subordinatedepartmentsofrecord_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'organisationdepartment_subordinatedepartmentsofrecord_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
stopIf(
  'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: the join collection post_tablenameofsixtyonebyteswhichisjustshortenough______manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
stopIf(
  'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: the join collection post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
stopIf(
  'InternationalPublication.contributingResearchers -> Researcher.publications: links that only researchers.publications has would be lost. Nothing has been changed. Add them to internationalpublications.contributingResearchers, or remove them, then run the script again',
  'researchers',
  [
    { $match: { publications: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: 'internationalpublications', localField: 'id', foreignField: '_id', as: 'other' },
    },
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
  'InternationalPublication.contributingResearchers -> Researcher.publications: links that only internationalpublications.contributingResearchers has, and not researchers.publications. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'internationalpublications',
  [
    { $match: { contributingResearchers: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: {
              $cond: [
                { $isArray: ['$contributingResearchers'] },
                '$contributingResearchers',
                ['$contributingResearchers'],
              ],
            },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: {
                  $cond: [
                    { $isArray: ['$$other.publications'] },
                    '$$other.publications',
                    ['$$other.publications'],
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

// ---- Copies ----
// InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
db.getCollection('internationalpublications').aggregate([
  { $match: { contributingResearchers: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: {
            $cond: [
              { $isArray: ['$contributingResearchers'] },
              '$contributingResearchers',
              ['$contributingResearchers'],
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
    },
  },
  { $unwind: '$Researcher_right_id' },
  { $out: 'internationalpublication_contributingresearchers_researcher_publications' },
], { allowDiskUse: true });
db.getCollection('internationalpublication_contributingresearchers_researcher_publications').createIndex({ InternationalPublication_left_id: 1 }, { background: true });
db.getCollection('internationalpublication_contributingresearchers_researcher_publications').createIndex({ Researcher_right_id: 1 }, { background: true });

// InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
db.getCollection('internationalpublications').aggregate([
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
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
    },
  },
  { $unwind: '$Researcher_right_id' },
  { $out: 'internationalpublication_distinguishedpeerreviewersofrecord_manies' },
], { allowDiskUse: true });
db.getCollection('internationalpublication_distinguishedpeerreviewersofrecord_manies').createIndex({ InternationalPublication_left_id: 1 }, { background: true });
db.getCollection('internationalpublication_distinguishedpeerreviewersofrecord_manies').createIndex({ Researcher_right_id: 1 }, { background: true });

// OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
db.getCollection('organisationdepartments').aggregate([
  { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: {
            $cond: [
              { $isArray: ['$subordinateDepartmentsOfRecord'] },
              '$subordinateDepartmentsOfRecord',
              ['$subordinateDepartmentsOfRecord'],
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
    },
  },
  { $unwind: '$OrganisationDepartmentArchive_right_id' },
  { $out: 'organisationdepartment_subordinatedepartmentsofrecord_manies' },
], { allowDiskUse: true });
db.getCollection('organisationdepartment_subordinatedepartmentsofrecord_manies').createIndex({ OrganisationDepartment_left_id: 1 }, { background: true });
db.getCollection('organisationdepartment_subordinatedepartmentsofrecord_manies').createIndex({ OrganisationDepartmentArchive_right_id: 1 }, { background: true });

// Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
db.getCollection('posts').aggregate([
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
  { $out: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies' },
], { allowDiskUse: true });
db.getCollection('post_tablenameofsixtyonebyteswhichisjustshortenough______manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_tablenameofsixtyonebyteswhichisjustshortenough______manies').createIndex({ Tag_right_id: 1 }, { background: true });

// Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
db.getCollection('posts').aggregate([
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
  { $out: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies' },
], { allowDiskUse: true });
db.getCollection('post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies').createIndex({ Tag_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
stopIf(
  'InternationalPublication.contributingResearchers -> Researcher.publications: internationalpublications.contributingResearchers and its copy internationalpublication_contributingresearchers_researcher_publications do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublication_contributingresearchers_researcher_publications and run the script again',
  'internationalpublications',
  [
    { $match: { contributingResearchers: { $exists: true } } },
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
                        { $isArray: ['$contributingResearchers'] },
                        '$contributingResearchers',
                        ['$contributingResearchers'],
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
        from: 'internationalpublication_contributingresearchers_researcher_publications',
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

// InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
stopIf(
  'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: internationalpublications.distinguishedPeerReviewersOfRecord and its copy internationalpublication_distinguishedpeerreviewersofrecord_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublication_distinguishedpeerreviewersofrecord_manies and run the script again',
  'internationalpublications',
  [
    { $match: { distinguishedPeerReviewersOfRecord: { $exists: true } } },
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
                        { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                        '$distinguishedPeerReviewersOfRecord',
                        ['$distinguishedPeerReviewersOfRecord'],
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
        from: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
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

// OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
stopIf(
  'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: organisationdepartments.subordinateDepartmentsOfRecord and its copy organisationdepartment_subordinatedepartmentsofrecord_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop organisationdepartment_subordinatedepartmentsofrecord_manies and run the script again',
  'organisationdepartments',
  [
    { $match: { subordinateDepartmentsOfRecord: { $exists: true } } },
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
                        { $isArray: ['$subordinateDepartmentsOfRecord'] },
                        '$subordinateDepartmentsOfRecord',
                        ['$subordinateDepartmentsOfRecord'],
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
        from: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
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

// Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
stopIf(
  'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ and its copy post_tablenameofsixtyonebyteswhichisjustshortenough______manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_tablenameofsixtyonebyteswhichisjustshortenough______manies and run the script again',
  'posts',
  [
    { $match: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } } },
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
                        { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                        '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                        ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
        from: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
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

// Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
stopIf(
  'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ and its copy post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies and run the script again',
  'posts',
  [
    { $match: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } } },
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
                        { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                        '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                        ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
        from: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
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
// InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
db.getCollection('internationalpublications').updateMany({ contributingResearchers: { $exists: true } }, { $unset: { contributingResearchers: 1 } });
db.getCollection('researchers').updateMany({ publications: { $exists: true } }, { $unset: { publications: 1 } });

// InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
db.getCollection('internationalpublications').updateMany({ distinguishedPeerReviewersOfRecord: { $exists: true } }, { $unset: { distinguishedPeerReviewersOfRecord: 1 } });

// OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
db.getCollection('organisationdepartments').updateMany({ subordinateDepartmentsOfRecord: { $exists: true } }, { $unset: { subordinateDepartmentsOfRecord: 1 } });

// Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
db.getCollection('posts').updateMany({ tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: true } }, { $unset: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: 1 } });

// Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
db.getCollection('posts').updateMany({ tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: true } }, { $unset: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: 1 } });
