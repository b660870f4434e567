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
  plan: '0bc584d6144f3971',
  relationships: [
    // InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher (one-sided: many to many)
    {
      name: 'InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher: internationalpublicationarchives.distinguishedPeerReviewersOfRecords holds links that internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'internationalpublicationarchives',
            pipeline: [
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
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              {
                $lookup: {
                  from: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies',
                  localField: '_id',
                  foreignField: 'InternationalPublicationArchive_left_id',
                  as: 'rows',
                },
              },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Researcher_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublicationarchives',
            updates: [
              {
                q: { distinguishedPeerReviewersOfRecords: { $exists: false } },
                u: { $set: { distinguishedPeerReviewersOfRecords: [] } },
                multi: true,
              },
            ],
          },
        },
        {
          run: {
            aggregate: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies',
            pipeline: [
              { $match: { InternationalPublicationArchive_left_id: { $type: 'objectId' }, Researcher_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublicationArchive_left_id', id: '$Researcher_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', distinguishedPeerReviewersOfRecords: { $push: '$id' } } },
              { $merge: { into: 'internationalpublicationarchives', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublicationArchive.distinguishedPeerReviewersOfRecords -> Researcher: internationalpublicationarchives.distinguishedPeerReviewersOfRecords does not hold all links of internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies',
            pipeline: [
              { $match: { InternationalPublicationArchive_left_id: { $type: 'objectId' }, Researcher_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublicationArchive_left_id', id: '$Researcher_right_id' } },
              { $lookup: { from: 'internationalpublicationarchives', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'internationalpublicationarchives',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: {
                          $sum: {
                            $size: {
                              $ifNull: [
                                {
                                  $cond: [
                                    { $isArray: ['$distinguishedPeerReviewersOfRecords'] },
                                    '$distinguishedPeerReviewersOfRecords',
                                    ['$distinguishedPeerReviewersOfRecords'],
                                  ],
                                },
                                [],
                              ],
                            },
                          },
                        },
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
        { drop: 'internationalpublicationarchive_distinguishedpeerreviewersofrecords_manies' },
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
