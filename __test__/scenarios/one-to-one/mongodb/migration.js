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
  plan: '94fa78a953d8e195',
  relationships: [
    // Address.company -> Company.address (two-sided: one to one)
    {
      name: 'Address.company -> Company.address',
      // finds something as long as there is anything to do
      pending: [
        { find: 'companies', filter: { address: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'addresses',
          pipeline: [
            { $match: { company: { $type: 'objectId' } } },
            { $group: { _id: '$company', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'companies', localField: '_id', foreignField: '_id', as: 'other' } },
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
                            input: { $cond: [{ $isArray: ['$$other.address'] }, '$$other.address', ['$$other.address']] },
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
          says: 'Address.company -> Company.address: documents with something in companies.address that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'companies',
            pipeline: [
              { $match: { address: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$address'],
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
          says: 'Address.company -> Company.address: documents of companies whose own _id is no ObjectId have links in address. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'companies',
            pipeline: [
              { $match: { address: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$address'] }, '$address', ['$address']] },
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
          says: 'Address.company -> Company.address: documents with something in addresses.company that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'addresses',
            pipeline: [
              { $match: { company: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$company'],
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
          says: 'Address.company -> Company.address: documents of addresses whose own _id is no ObjectId have links in company. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'addresses',
            pipeline: [
              { $match: { company: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$company'] }, '$company', ['$company']] },
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
          says: 'Address.company -> Company.address: links that only companies.address has would be lost. Add them to addresses.company, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'companies',
            pipeline: [
              { $match: { address: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$address'] }, '$address', ['$address']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'addresses', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.company'] }, '$$other.company', ['$$other.company']] },
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
          says: 'Address.company -> Company.address: links in companies.address that addresses.company contradicts. The old Keystone leaves such stale links behind. addresses.company decides',
          stops: false,
          run: {
            aggregate: 'companies',
            pipeline: [
              { $match: { address: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$address'] }, '$address', ['$address']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'addresses', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.company'] }, '$$other.company', ['$$other.company']] },
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
          says: 'Address.company -> Company.address: links that only addresses.company has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'addresses',
            pipeline: [
              { $match: { company: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$company'] }, '$company', ['$company']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'companies', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.address'] }, '$$other.address', ['$$other.address']] },
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
          says: 'Address.company -> Company.address: documents that several documents hold in addresses.company, and whose own companies.address names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'addresses',
            pipeline: [
              { $match: { company: { $type: 'objectId' } } },
              { $group: { _id: '$company', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'companies', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.address'] }, '$$other.address', ['$$other.address']] },
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
          says: 'Address.company -> Company.address: documents that are released in addresses.company, because another one holds the same',
          collection: 'addresses',
          field: 'company',
          how: 'release',
          run: {
            aggregate: 'addresses',
            pipeline: [
              { $match: { company: { $type: 'objectId' } } },
              { $group: { _id: '$company', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'companies', localField: '_id', foreignField: '_id', as: 'other' } },
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
                              input: { $cond: [{ $isArray: ['$$other.address'] }, '$$other.address', ['$$other.address']] },
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
          says: 'Address.company -> Company.address: links that only companies.address has would be lost. Add them to addresses.company, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'companies',
            pipeline: [
              { $match: { address: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$address'] }, '$address', ['$address']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'addresses', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.company'] }, '$$other.company', ['$$other.company']] },
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
        { dropIndexes: 'companies', index: { address: 1 } },
      ],
      removals: [
        { update: 'companies', updates: [{ q: { address: { $exists: true } }, u: { $unset: { address: 1 } }, multi: true }] },
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
