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
  plan: '92ee0846fd6f62a6',
  relationships: [
    // Category.children -> Category.parent (two-sided: one to many)
    {
      name: 'Category.children -> Category.parent',
      // finds something as long as there is anything to do
      pending: [
        { find: 'categories', filter: { children: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Category.children -> Category.parent: documents with something in categories.children that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { children: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] },
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
          says: 'Category.children -> Category.parent: documents of categories whose own _id is no ObjectId have links in children. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { children: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] },
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
          says: 'Category.children -> Category.parent: documents with something in categories.parent that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { parent: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$parent'],
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
          says: 'Category.children -> Category.parent: documents of categories whose own _id is no ObjectId have links in parent. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { parent: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$parent'] }, '$parent', ['$parent']] },
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
          says: 'Category.children -> Category.parent: links that only categories.children has would be lost. Add them to categories.parent, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { children: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'categories', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.parent'] }, '$$other.parent', ['$$other.parent']] },
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
          says: 'Category.children -> Category.parent: links in categories.children that categories.parent contradicts. The old Keystone leaves such stale links behind. categories.parent decides',
          stops: false,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { children: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'categories', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.parent'] }, '$$other.parent', ['$$other.parent']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Category.children -> Category.parent: links that only categories.parent has. The new Keystone shows them from both sides',
          stops: false,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { parent: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$parent'] }, '$parent', ['$parent']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'categories', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.children'] }, '$$other.children', ['$$other.children']] },
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
      copies: [],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Category.children -> Category.parent: links that only categories.children has would be lost. Add them to categories.parent, or remove them, or use --reconcile, which adopts them',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { children: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'categories', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.parent'] }, '$$other.parent', ['$$other.parent']] },
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
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'categories', index: { children: 1 } },
      ],
      removals: [
        { update: 'categories', updates: [{ q: { children: { $exists: true } }, u: { $unset: { children: 1 } }, multi: true }] },
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
