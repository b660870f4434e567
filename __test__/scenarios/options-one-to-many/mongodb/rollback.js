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
  plan: '54df79fd177dfe47',
  relationships: [
    // Order.plain -> Shop.plain (two-sided: one to many)
    {
      name: 'Order.plain -> Shop.plain',
      // finds something as long as there is anything to do
      pending: [
        { find: 'shops', filter: { plain: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Order.plain -> Shop.plain: shops.plain holds links that orders.plain does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'shops',
            pipeline: [
              { $match: { plain: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$plain'] }, '$plain', ['$plain']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'orders', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.plain'] }, '$$other.plain', ['$$other.plain']] },
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
        { run: { update: 'shops', updates: [{ q: { plain: { $exists: false } }, u: { $set: { plain: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { plain: { $type: 'objectId' } } },
              { $project: { own: '$plain', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', plain: { $push: '$id' } } },
              { $merge: { into: 'shops', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Order.plain -> Shop.plain: shops.plain does not hold all links of orders. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { plain: { $type: 'objectId' } } },
              { $project: { own: '$plain', id: '$_id' } },
              { $lookup: { from: 'shops', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'shops',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$plain'] }, '$plain', ['$plain']] }, []] } } } } }],
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
      removals: [],
    },
    // Order.unique -> Shop.unique (two-sided: one to many)
    {
      name: 'Order.unique -> Shop.unique',
      // finds something as long as there is anything to do
      pending: [
        { find: 'shops', filter: { unique: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Order.unique -> Shop.unique: shops.unique holds links that orders.unique does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'shops',
            pipeline: [
              { $match: { unique: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$unique'] }, '$unique', ['$unique']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'orders', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.unique'] }, '$$other.unique', ['$$other.unique']] },
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
        { run: { update: 'shops', updates: [{ q: { unique: { $exists: false } }, u: { $set: { unique: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { unique: { $type: 'objectId' } } },
              { $project: { own: '$unique', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', unique: { $push: '$id' } } },
              { $merge: { into: 'shops', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Order.unique -> Shop.unique: shops.unique does not hold all links of orders. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { unique: { $type: 'objectId' } } },
              { $project: { own: '$unique', id: '$_id' } },
              { $lookup: { from: 'shops', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'shops',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$unique'] }, '$unique', ['$unique']] }, []] } } } },
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
      removals: [],
    },
    // Order.unindexed -> Shop.unindexed (two-sided: one to many)
    {
      name: 'Order.unindexed -> Shop.unindexed',
      // finds something as long as there is anything to do
      pending: [
        { find: 'shops', filter: { unindexed: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Order.unindexed -> Shop.unindexed: shops.unindexed holds links that orders.unindexed does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'shops',
            pipeline: [
              { $match: { unindexed: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$unindexed'] }, '$unindexed', ['$unindexed']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'orders', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.unindexed'] }, '$$other.unindexed', ['$$other.unindexed']] },
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
        { run: { update: 'shops', updates: [{ q: { unindexed: { $exists: false } }, u: { $set: { unindexed: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { unindexed: { $type: 'objectId' } } },
              { $project: { own: '$unindexed', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', unindexed: { $push: '$id' } } },
              { $merge: { into: 'shops', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Order.unindexed -> Shop.unindexed: shops.unindexed does not hold all links of orders. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { unindexed: { $type: 'objectId' } } },
              { $project: { own: '$unindexed', id: '$_id' } },
              { $lookup: { from: 'shops', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'shops',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$unindexed'] }, '$unindexed', ['$unindexed']] }, []] } } },
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
      removals: [],
    },
    // Order.required -> Shop.required (two-sided: one to many)
    {
      name: 'Order.required -> Shop.required',
      // finds something as long as there is anything to do
      pending: [
        { find: 'shops', filter: { required: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Order.required -> Shop.required: shops.required holds links that orders.required does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'shops',
            pipeline: [
              { $match: { required: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$required'] }, '$required', ['$required']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'orders', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.required'] }, '$$other.required', ['$$other.required']] },
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
        { run: { update: 'shops', updates: [{ q: { required: { $exists: false } }, u: { $set: { required: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { required: { $type: 'objectId' } } },
              { $project: { own: '$required', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', required: { $push: '$id' } } },
              { $merge: { into: 'shops', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Order.required -> Shop.required: shops.required does not hold all links of orders. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { required: { $type: 'objectId' } } },
              { $project: { own: '$required', id: '$_id' } },
              { $lookup: { from: 'shops', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'shops',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$required'] }, '$required', ['$required']] }, []] } } } },
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
      removals: [],
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
