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
  plan: '82d533b6fe5e4899',
  relationships: [
    // order.user -> user.order (two-sided: one to one)
    {
      name: 'order.user -> user.order',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'orders',
          pipeline: [
            { $match: { user: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$user'] }, '$user', ['$user']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
              },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.order'] }, '$$other.order', ['$$other.order']] },
                        cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                      },
                    },
                  },
                },
              },
            },
            { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
            { $project: { _id: 0, left: '$_id', right: '$id' } },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'order.user -> user.order: users.order holds links that orders.user does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { order: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$order'] }, '$order', ['$order']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                          input: { $cond: [{ $isArray: ['$$other.user'] }, '$$other.user', ['$$other.user']] },
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
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { user: { $type: 'objectId' } } },
              { $project: { own: '$user', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', order: { $max: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'order.user -> user.order: users.order does not hold all links of orders. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { user: { $type: 'objectId' } } },
              { $project: { own: '$user', id: '$_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.order' }, 'objectId'] } } }],
                  },
                },
              },
              { $project: { own: 1, id: 1 } },
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
    // user.group -> group (one-sided: many to many)
    {
      name: 'user.group -> group',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'user_group_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'user.group -> group: users.group holds links that user_group_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { group: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$group'] }, '$group', ['$group']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'user_group_manies', localField: '_id', foreignField: 'user_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.group_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'users', updates: [{ q: { group: { $exists: false } }, u: { $set: { group: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'user_group_manies',
            pipeline: [
              { $match: { user_left_id: { $type: 'objectId' }, group_right_id: { $type: 'objectId' } } },
              { $project: { own: '$user_left_id', id: '$group_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', group: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'user.group -> group: users.group does not hold all links of user_group_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'user_group_manies',
            pipeline: [
              { $match: { user_left_id: { $type: 'objectId' }, group_right_id: { $type: 'objectId' } } },
              { $project: { own: '$user_left_id', id: '$group_right_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$group'] }, '$group', ['$group']] }, []] } } } } }],
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
        { drop: 'user_group_manies' },
      ],
    },
    // order.where -> user.select (two-sided: many to many)
    {
      name: 'order.where -> user.select',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'order_where_user_selects' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'order.where -> user.select: orders.where holds links that order_where_user_selects does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { where: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$where'] }, '$where', ['$where']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'order_where_user_selects', localField: '_id', foreignField: 'order_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.user_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'order.where -> user.select: users.select holds links that order_where_user_selects does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { select: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$select'] }, '$select', ['$select']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'order_where_user_selects', localField: '_id', foreignField: 'user_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.order_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'orders', updates: [{ q: { where: { $exists: false } }, u: { $set: { where: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'order_where_user_selects',
            pipeline: [
              { $match: { order_left_id: { $type: 'objectId' }, user_right_id: { $type: 'objectId' } } },
              { $project: { own: '$order_left_id', id: '$user_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', where: { $push: '$id' } } },
              { $merge: { into: 'orders', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'users', updates: [{ q: { select: { $exists: false } }, u: { $set: { select: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'order_where_user_selects',
            pipeline: [
              { $match: { user_right_id: { $type: 'objectId' }, order_left_id: { $type: 'objectId' } } },
              { $project: { own: '$user_right_id', id: '$order_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', select: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'order.where -> user.select: orders.where does not hold all links of order_where_user_selects. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'order_where_user_selects',
            pipeline: [
              { $match: { order_left_id: { $type: 'objectId' }, user_right_id: { $type: 'objectId' } } },
              { $project: { own: '$order_left_id', id: '$user_right_id' } },
              { $lookup: { from: 'orders', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'orders',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$where'] }, '$where', ['$where']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'order.where -> user.select: users.select does not hold all links of order_where_user_selects. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'order_where_user_selects',
            pipeline: [
              { $match: { user_right_id: { $type: 'objectId' }, order_left_id: { $type: 'objectId' } } },
              { $project: { own: '$user_right_id', id: '$order_left_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$select'] }, '$select', ['$select']] }, []] } } } },
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
        { drop: 'order_where_user_selects' },
      ],
    },
    // group.references -> order.table (two-sided: one to many)
    {
      name: 'group.references -> order.table',
      // finds something as long as there is anything to do
      pending: [
        { find: 'groups', filter: { references: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'group.references -> order.table: groups.references holds links that orders.table does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'groups',
            pipeline: [
              { $match: { references: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$references'] }, '$references', ['$references']] },
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
                          input: { $cond: [{ $isArray: ['$$other.table'] }, '$$other.table', ['$$other.table']] },
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
      ],
      copies: [
        { run: { update: 'groups', updates: [{ q: { references: { $exists: false } }, u: { $set: { references: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { table: { $type: 'objectId' } } },
              { $project: { own: '$table', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', references: { $push: '$id' } } },
              { $merge: { into: 'groups', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'group.references -> order.table: groups.references does not hold all links of orders. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'orders',
            pipeline: [
              { $match: { table: { $type: 'objectId' } } },
              { $project: { own: '$table', id: '$_id' } },
              { $lookup: { from: 'groups', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'groups',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$references'] }, '$references', ['$references']] }, []] } } },
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
    // group.constructor -> group (one-sided: many to many)
    {
      name: 'group.constructor -> group',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'group_constructor_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'group.constructor -> group: groups.constructor holds links that group_constructor_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'groups',
            pipeline: [
              { $match: { constructor: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$constructor'] }, '$constructor', ['$constructor']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'group_constructor_manies', localField: '_id', foreignField: 'group_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.group_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'groups', updates: [{ q: { constructor: { $exists: false } }, u: { $set: { constructor: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'group_constructor_manies',
            pipeline: [
              { $match: { group_left_id: { $type: 'objectId' }, group_right_id: { $type: 'objectId' } } },
              { $project: { own: '$group_left_id', id: '$group_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', constructor: { $push: '$id' } } },
              { $merge: { into: 'groups', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'group.constructor -> group: groups.constructor does not hold all links of group_constructor_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'group_constructor_manies',
            pipeline: [
              { $match: { group_left_id: { $type: 'objectId' }, group_right_id: { $type: 'objectId' } } },
              { $project: { own: '$group_left_id', id: '$group_right_id' } },
              { $lookup: { from: 'groups', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'groups',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$constructor'] }, '$constructor', ['$constructor']] }, []] } } },
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
        { drop: 'group_constructor_manies' },
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
