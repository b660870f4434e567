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
  plan: '250aa9d6b69b80c3',
  relationships: [
    // InternationalPublication.contributingResearchers -> Researcher.publications (two-sided: many to many)
    {
      name: 'InternationalPublication.contributingResearchers -> Researcher.publications',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublication_contributingresearchers_researcher_publications' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: internationalpublications.contributingResearchers holds links that internationalpublication_contributingresearchers_researcher_publications does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: researchers.publications holds links that internationalpublication_contributingresearchers_researcher_publications does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublications',
            updates: [{ q: { contributingResearchers: { $exists: false } }, u: { $set: { contributingResearchers: [] } }, multi: true }],
          },
        },
        {
          run: {
            aggregate: 'internationalpublication_contributingresearchers_researcher_publications',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Researcher_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Researcher_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', contributingResearchers: { $push: '$id' } } },
              { $merge: { into: 'internationalpublications', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'researchers', updates: [{ q: { publications: { $exists: false } }, u: { $set: { publications: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'internationalpublication_contributingresearchers_researcher_publications',
            pipeline: [
              { $match: { Researcher_right_id: { $type: 'objectId' }, InternationalPublication_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Researcher_right_id', id: '$InternationalPublication_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', publications: { $push: '$id' } } },
              { $merge: { into: 'researchers', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: internationalpublications.contributingResearchers does not hold all links of internationalpublication_contributingresearchers_researcher_publications. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_contributingresearchers_researcher_publications',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Researcher_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Researcher_right_id' } },
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
                              $ifNull: [{ $cond: [{ $isArray: ['$contributingResearchers'] }, '$contributingResearchers', ['$contributingResearchers']] }, []],
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
        {
          says: 'InternationalPublication.contributingResearchers -> Researcher.publications: researchers.publications does not hold all links of internationalpublication_contributingresearchers_researcher_publications. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_contributingresearchers_researcher_publications',
            pipeline: [
              { $match: { Researcher_right_id: { $type: 'objectId' }, InternationalPublication_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Researcher_right_id', id: '$InternationalPublication_left_id' } },
              { $lookup: { from: 'researchers', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'researchers',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$publications'] }, '$publications', ['$publications']] }, []] } } },
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
        { drop: 'internationalpublication_contributingresearchers_researcher_publications' },
      ],
    },
    // InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher (one-sided: many to many)
    {
      name: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'internationalpublication_distinguishedpeerreviewersofrecord_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: internationalpublications.distinguishedPeerReviewersOfRecord holds links that internationalpublication_distinguishedpeerreviewersofrecord_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'internationalpublications',
            updates: [{ q: { distinguishedPeerReviewersOfRecord: { $exists: false } }, u: { $set: { distinguishedPeerReviewersOfRecord: [] } }, multi: true }],
          },
        },
        {
          run: {
            aggregate: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Researcher_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Researcher_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', distinguishedPeerReviewersOfRecord: { $push: '$id' } } },
              { $merge: { into: 'internationalpublications', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'InternationalPublication.distinguishedPeerReviewersOfRecord -> Researcher: internationalpublications.distinguishedPeerReviewersOfRecord does not hold all links of internationalpublication_distinguishedpeerreviewersofrecord_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'internationalpublication_distinguishedpeerreviewersofrecord_manies',
            pipeline: [
              { $match: { InternationalPublication_left_id: { $type: 'objectId' }, Researcher_right_id: { $type: 'objectId' } } },
              { $project: { own: '$InternationalPublication_left_id', id: '$Researcher_right_id' } },
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
                                    { $isArray: ['$distinguishedPeerReviewersOfRecord'] },
                                    '$distinguishedPeerReviewersOfRecord',
                                    ['$distinguishedPeerReviewersOfRecord'],
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
        { drop: 'internationalpublication_distinguishedpeerreviewersofrecord_manies' },
      ],
    },
    // OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive (one-sided: many to many)
    {
      name: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'organisationdepartment_subordinatedepartmentsofrecord_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: organisationdepartments.subordinateDepartmentsOfRecord holds links that organisationdepartment_subordinatedepartmentsofrecord_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'organisationdepartments',
            updates: [{ q: { subordinateDepartmentsOfRecord: { $exists: false } }, u: { $set: { subordinateDepartmentsOfRecord: [] } }, multi: true }],
          },
        },
        {
          run: {
            aggregate: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
            pipeline: [
              { $match: { OrganisationDepartment_left_id: { $type: 'objectId' }, OrganisationDepartmentArchive_right_id: { $type: 'objectId' } } },
              { $project: { own: '$OrganisationDepartment_left_id', id: '$OrganisationDepartmentArchive_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', subordinateDepartmentsOfRecord: { $push: '$id' } } },
              { $merge: { into: 'organisationdepartments', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'OrganisationDepartment.subordinateDepartmentsOfRecord -> OrganisationDepartmentArchive: organisationdepartments.subordinateDepartmentsOfRecord does not hold all links of organisationdepartment_subordinatedepartmentsofrecord_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'organisationdepartment_subordinatedepartmentsofrecord_manies',
            pipeline: [
              { $match: { OrganisationDepartment_left_id: { $type: 'objectId' }, OrganisationDepartmentArchive_right_id: { $type: 'objectId' } } },
              { $project: { own: '$OrganisationDepartment_left_id', id: '$OrganisationDepartmentArchive_right_id' } },
              { $lookup: { from: 'organisationdepartments', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'organisationdepartments',
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
                                    { $isArray: ['$subordinateDepartmentsOfRecord'] },
                                    '$subordinateDepartmentsOfRecord',
                                    ['$subordinateDepartmentsOfRecord'],
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
        { drop: 'organisationdepartment_subordinatedepartmentsofrecord_manies' },
      ],
    },
    // Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag (one-sided: many to many)
    {
      name: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ holds links that post_tablenameofsixtyonebyteswhichisjustshortenough______manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'posts',
            updates: [
              {
                q: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $exists: false } },
                u: { $set: { tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: [] } },
                multi: true,
              },
            ],
          },
        },
        {
          run: {
            aggregate: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', tableNameOfSixtyOneBytesWhichIsJustShortEnough_____: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ -> Tag: posts.tableNameOfSixtyOneBytesWhichIsJustShortEnough_____ does not hold all links of post_tablenameofsixtyonebyteswhichisjustshortenough______manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
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
                                    { $isArray: ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'] },
                                    '$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____',
                                    ['$tableNameOfSixtyOneBytesWhichIsJustShortEnough_____'],
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
        { drop: 'post_tablenameofsixtyonebyteswhichisjustshortenough______manies' },
      ],
    },
    // Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag (one-sided: many to many)
    {
      name: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ holds links that post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            update: 'posts',
            updates: [
              {
                q: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $exists: false } },
                u: { $set: { tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: [] } },
                multi: true,
              },
            ],
          },
        },
        {
          run: {
            aggregate: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ -> Tag: posts.tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____ does not hold all links of post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
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
                                    { $isArray: ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'] },
                                    '$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____',
                                    ['$tableNameOfSixtyTwoBytesWhichIsTooLongByJustOne_____'],
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
        { drop: 'post_tablenameofsixtytwobyteswhichistoolongbyjustone______manies' },
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
