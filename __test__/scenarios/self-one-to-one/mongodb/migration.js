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
  plan: 'e03be9b73316c12b',
  relationships: [
    // Person.husband -> Person.wife (two-sided: one to one)
    {
      name: 'Person.husband -> Person.wife',
      // finds something as long as there is anything to do
      pending: [
        { find: 'people', filter: { wife: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'people',
          pipeline: [
            { $match: { husband: { $type: 'objectId' } } },
            { $group: { _id: '$husband', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'people', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.wife'] }, '$$other.wife', ['$$other.wife']] },
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
          says: 'Person.husband -> Person.wife: documents with something in people.wife that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { wife: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$wife'],
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
          says: 'Person.husband -> Person.wife: documents of people whose own _id is no ObjectId have links in wife. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { wife: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$wife'] }, '$wife', ['$wife']] },
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
          says: 'Person.husband -> Person.wife: documents with something in people.husband that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$husband'],
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
          says: 'Person.husband -> Person.wife: documents of people whose own _id is no ObjectId have links in husband. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$husband'] }, '$husband', ['$husband']] },
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
          says: 'Person.husband -> Person.wife: links that only people.wife has would be lost. Add them to people.husband, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { wife: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$wife'] }, '$wife', ['$wife']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.husband'] }, '$$other.husband', ['$$other.husband']] },
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
          says: 'Person.husband -> Person.wife: links in people.wife that people.husband contradicts. The old Keystone leaves such stale links behind. people.husband decides',
          stops: false,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { wife: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$wife'] }, '$wife', ['$wife']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.husband'] }, '$$other.husband', ['$$other.husband']] },
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
          says: 'Person.husband -> Person.wife: links that only people.husband has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$husband'] }, '$husband', ['$husband']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.wife'] }, '$$other.wife', ['$$other.wife']] },
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
          says: 'Person.husband -> Person.wife: documents that several documents hold in people.husband, and whose own people.wife names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $type: 'objectId' } } },
              { $group: { _id: '$husband', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'people', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.wife'] }, '$$other.wife', ['$$other.wife']] },
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
          says: 'Person.husband -> Person.wife: documents that are released in people.husband, because another one holds the same',
          collection: 'people',
          field: 'husband',
          how: 'release',
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $type: 'objectId' } } },
              { $group: { _id: '$husband', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'people', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.wife'] }, '$$other.wife', ['$$other.wife']] },
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
          says: 'Person.husband -> Person.wife: links that only people.wife has would be lost. Add them to people.husband, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { wife: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$wife'] }, '$wife', ['$wife']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.husband'] }, '$$other.husband', ['$$other.husband']] },
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
        { dropIndexes: 'people', index: { wife: 1 } },
      ],
      removals: [
        { update: 'people', updates: [{ q: { wife: { $exists: true } }, u: { $unset: { wife: 1 } }, multi: true }] },
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
