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
// InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher (one-sided: many to many)
stopIf(
  'InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher: the join collection internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher (one-sided: many to many)
db.getCollection('internationalpublicationarchives').aggregate([
  { $match: { distinguishedPeerReviewersOfRecords: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: {
            $cond: [
              { $isArray: ['$distinguishedPeerReviewersOfRecords'] },
              '$distinguishedPeerReviewersOfRecords',
              ['$distinguishedPeerReviewersOfRecords'],
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
      InternationalPublicationArchive_left_id: '$_id',
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
  { $out: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies' },
], { allowDiskUse: true });
db.getCollection('internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies').createIndex({ InternationalPublicationArchive_left_id: 1 }, { background: true });
db.getCollection('internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies').createIndex({ Researcher_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher (one-sided: many to many)
stopIf(
  'InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher: internationalpublicationarchives.distinguishedPeerReviewersOfRecords and its copy internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies and run the script again',
  'internationalpublicationarchives',
  [
    { $match: { distinguishedPeerReviewersOfRecords: { $exists: true } } },
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
                        { $isArray: ['$distinguishedPeerReviewersOfRecords'] },
                        '$distinguishedPeerReviewersOfRecords',
                        ['$distinguishedPeerReviewersOfRecords'],
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
        from: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies',
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
// InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher (one-sided: many to many)
db.getCollection('internationalpublicationarchives').updateMany({ distinguishedPeerReviewersOfRecords: { $exists: true } }, { $unset: { distinguishedPeerReviewersOfRecords: 1 } });
