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
// user.group -> group (one-sided: many to many)
stopIf(
  'user.group -> group: the join collection user_group_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'user_group_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// order.where -> user.select (two-sided: many to many)
stopIf(
  'order.where -> user.select: the join collection order_where_user_selects already holds documents, so this migration has been run before. Nothing has been changed',
  'order_where_user_selects',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// group.constructor -> group (one-sided: many to many)
stopIf(
  'group.constructor -> group: the join collection group_constructor_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'group_constructor_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// order.user -> user.order (two-sided: one to one)
stopIf(
  'order.user -> user.order: links that only users.order has would be lost. Nothing has been changed. Add them to orders.user, or remove them, then run the script again',
  'users',
  [
    { $match: { order: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$order'] }, '$order', ['$order']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: { $cond: [{ $isArray: ['$$other.user'] }, '$$other.user', ['$$other.user']] },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: [] } },
    { $project: { _id: 0, left: '$id', right: '$_id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
warnIf(
  'order.user -> user.order: users.order has links that orders.user contradicts. The new Keystone reads orders.user; stale links like these are left by the old one',
  'users',
  [
    { $match: { order: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$order'] }, '$order', ['$order']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: { $cond: [{ $isArray: ['$$other.user'] }, '$$other.user', ['$$other.user']] },
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: { $ne: [] } } },
    { $project: { _id: 0, left: '$id', right: '$_id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
stopIf(
  'order.user -> user.order: several documents hold the same id in orders.user, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'orders',
  [
    { $match: { user: { $ne: null } } },
    { $group: { _id: '$user', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// order.where -> user.select (two-sided: many to many)
stopIf(
  'order.where -> user.select: links that only users.select has would be lost. Nothing has been changed. Add them to orders.where, or remove them, then run the script again',
  'users',
  [
    { $match: { select: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$select'] }, '$select', ['$select']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                input: { $cond: [{ $isArray: ['$$other.where'] }, '$$other.where', ['$$other.where']] },
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
  'order.where -> user.select: links that only orders.where has, and not users.select. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'orders',
  [
    { $match: { where: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$where'] }, '$where', ['$where']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
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
                input: { $cond: [{ $isArray: ['$$other.select'] }, '$$other.select', ['$$other.select']] },
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

// group.references -> order.table (two-sided: one to many)
stopIf(
  'group.references -> order.table: links that only groups.references has would be lost. Nothing has been changed. Add them to orders.table, or remove them, then run the script again',
  'groups',
  [
    { $match: { references: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$references'] }, '$references', ['$references']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: [] } },
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
warnIf(
  'group.references -> order.table: groups.references has links that orders.table contradicts. The new Keystone reads orders.table; stale links like these are left by the old one',
  'groups',
  [
    { $match: { references: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$references'] }, '$references', ['$references']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
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
                cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
              },
            },
          },
        },
      },
    },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
    { $match: { back: { $ne: [] } } },
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// user.group -> group (one-sided: many to many)
db.getCollection('users').aggregate([
  { $match: { group: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$group'] }, '$group', ['$group']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      user_left_id: '$_id',
      group_right_id: {
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
  { $unwind: '$group_right_id' },
  { $out: 'user_group_manies' },
], { allowDiskUse: true });
db.getCollection('user_group_manies').createIndex({ user_left_id: 1 }, { background: true });
db.getCollection('user_group_manies').createIndex({ group_right_id: 1 }, { background: true });

// order.where -> user.select (two-sided: many to many)
db.getCollection('orders').aggregate([
  { $match: { where: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$where'] }, '$where', ['$where']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      order_left_id: '$_id',
      user_right_id: {
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
  { $unwind: '$user_right_id' },
  { $out: 'order_where_user_selects' },
], { allowDiskUse: true });
db.getCollection('order_where_user_selects').createIndex({ order_left_id: 1 }, { background: true });
db.getCollection('order_where_user_selects').createIndex({ user_right_id: 1 }, { background: true });

// group.constructor -> group (one-sided: many to many)
db.getCollection('groups').aggregate([
  { $match: { constructor: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$constructor'] }, '$constructor', ['$constructor']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      group_left_id: '$_id',
      group_right_id: {
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
  { $unwind: '$group_right_id' },
  { $out: 'group_constructor_manies' },
], { allowDiskUse: true });
db.getCollection('group_constructor_manies').createIndex({ group_left_id: 1 }, { background: true });
db.getCollection('group_constructor_manies').createIndex({ group_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// user.group -> group (one-sided: many to many)
stopIf(
  'user.group -> group: users.group and its copy user_group_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop user_group_manies and run the script again',
  'users',
  [
    { $match: { group: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$group'] }, '$group', ['$group']] },
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
        from: 'user_group_manies',
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

// order.where -> user.select (two-sided: many to many)
stopIf(
  'order.where -> user.select: orders.where and its copy order_where_user_selects do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop order_where_user_selects and run the script again',
  'orders',
  [
    { $match: { where: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$where'] }, '$where', ['$where']] },
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
        from: 'order_where_user_selects',
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

// group.constructor -> group (one-sided: many to many)
stopIf(
  'group.constructor -> group: groups.constructor and its copy group_constructor_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop group_constructor_manies and run the script again',
  'groups',
  [
    { $match: { constructor: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$constructor'] }, '$constructor', ['$constructor']] },
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
        from: 'group_constructor_manies',
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
// order.user -> user.order (two-sided: one to one)
db.getCollection('users').updateMany({ order: { $exists: true } }, { $unset: { order: 1 } });

// user.group -> group (one-sided: many to many)
db.getCollection('users').updateMany({ group: { $exists: true } }, { $unset: { group: 1 } });

// order.where -> user.select (two-sided: many to many)
db.getCollection('orders').updateMany({ where: { $exists: true } }, { $unset: { where: 1 } });
db.getCollection('users').updateMany({ select: { $exists: true } }, { $unset: { select: 1 } });

// group.references -> order.table (two-sided: one to many)
db.getCollection('groups').updateMany({ references: { $exists: true } }, { $unset: { references: 1 } });

// group.constructor -> group (one-sided: many to many)
db.getCollection('groups').updateMany({ constructor: { $exists: true } }, { $unset: { constructor: 1 } });
