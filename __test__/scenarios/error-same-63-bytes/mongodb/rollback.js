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
  plan: '77c3035cf614ce7a',
  relationships: [
    // InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublication_distinguishedpeerreviewersofworks_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: internationalpublications.distinguishedPeerReviewersOfWorks holds links that internationalpublication_distinguishedpeerreviewersofworks_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublications',
            updates: [{ q: { distinguishedPeerReviewersOfWorks: { $exists: false } }, u: { $set: { distinguishedPeerReviewersOfWorks: [] } }, multi: true }],
          },
        },
        {
          run: {
            aggregate: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', distinguishedPeerReviewersOfWorks: { $push: '$id' } } },
              { $merge: { into: 'internationalpublications', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks -> Tag: internationalpublications.distinguishedPeerReviewersOfWorks does not hold all links of internationalpublication_distinguishedpeerreviewersofworks_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_distinguishedpeerreviewersofworks_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'internationalpublications', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'internationalpublications',
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
                                    { $isArray: ['$distinguishedPeerReviewersOfWorks'] },
                                    '$distinguishedPeerReviewersOfWorks',
                                    ['$distinguishedPeerReviewersOfWorks'],
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
        { drop: 'internationalpublication_distinguishedpeerreviewersofworks_manies' },
      ],
    },
    // InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: internationalpublications.distinguishedPeerReviewersOfWorks_many holds links that internationalpublication_distinguishedpeerreviewersofworks_many_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublications',
            updates: [
              {
                q: { distinguishedPeerReviewersOfWorks_many: { $exists: false } },
                u: { $set: { distinguishedPeerReviewersOfWorks_many: [] } },
                multi: true,
              },
            ],
          },
        },
        {
          run: {
            aggregate: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', distinguishedPeerReviewersOfWorks_many: { $push: '$id' } } },
              { $merge: { into: 'internationalpublications', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfWorks_many -> Tag: internationalpublications.distinguishedPeerReviewersOfWorks_many does not hold all links of internationalpublication_distinguishedpeerreviewersofworks_many_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'internationalpublications', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'internationalpublications',
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
                                    { $isArray: ['$distinguishedPeerReviewersOfWorks_many'] },
                                    '$distinguishedPeerReviewersOfWorks_many',
                                    ['$distinguishedPeerReviewersOfWorks_many'],
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
        { drop: 'internationalpublication_distinguishedpeerreviewersofworks_many_manies' },
      ],
    },
    // InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: internationalpublications.distinguishedContributorsOfTheFirstRankByMerit holds links that internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublications',
            updates: [
              {
                q: { distinguishedContributorsOfTheFirstRankByMerit: { $exists: false } },
                u: { $set: { distinguishedContributorsOfTheFirstRankByMerit: [] } },
                multi: true,
              },
            ],
          },
        },
        {
          run: {
            aggregate: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', distinguishedContributorsOfTheFirstRankByMerit: { $push: '$id' } } },
              { $merge: { into: 'internationalpublications', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerit -> Tag: internationalpublications.distinguishedContributorsOfTheFirstRankByMerit does not hold all links of internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'internationalpublications', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'internationalpublications',
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
                                    { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerit'] },
                                    '$distinguishedContributorsOfTheFirstRankByMerit',
                                    ['$distinguishedContributorsOfTheFirstRankByMerit'],
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
        { drop: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerit_manies' },
      ],
    },
    // InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: internationalpublications.distinguishedContributorsOfTheFirstRankByMerits holds links that internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublications',
            updates: [
              {
                q: { distinguishedContributorsOfTheFirstRankByMerits: { $exists: false } },
                u: { $set: { distinguishedContributorsOfTheFirstRankByMerits: [] } },
                multi: true,
              },
            ],
          },
        },
        {
          run: {
            aggregate: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', distinguishedContributorsOfTheFirstRankByMerits: { $push: '$id' } } },
              { $merge: { into: 'internationalpublications', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublication.distinguishedContributorsOfTheFirstRankByMerits -> Tag: internationalpublications.distinguishedContributorsOfTheFirstRankByMerits does not hold all links of internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'internationalpublications', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'internationalpublications',
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
                                    { $isArray: ['$distinguishedContributorsOfTheFirstRankByMerits'] },
                                    '$distinguishedContributorsOfTheFirstRankByMerits',
                                    ['$distinguishedContributorsOfTheFirstRankByMerits'],
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
        { drop: 'internationalpublication_distinguishedcontributorsofthefirstrankbymerits_manies' },
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
