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
  plan: 'a6175c13178ff52b',
  relationships: [
    // A.b -> B.a (two-sided: one to one)
    {
      name: 'A.b -> B.a',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'as',
          pipeline: [
            { $match: { b: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$b'] }, '$b', ['$b']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'bs', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.b -> B.a: bs.a holds links that as.b does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'bs',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'as', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.b'] }, '$$other.b', ['$$other.b']] },
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
            aggregate: 'as',
            pipeline: [
              { $match: { b: { $type: 'objectId' } } },
              { $project: { own: '$b', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', a: { $max: '$id' } } },
              { $merge: { into: 'bs', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'A.b -> B.a: bs.a does not hold all links of as. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'as',
            pipeline: [
              { $match: { b: { $type: 'objectId' } } },
              { $project: { own: '$b', id: '$_id' } },
              { $lookup: { from: 'bs', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.a' }, 'objectId'] } } }],
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
    // A.c -> C.a (two-sided: one to one)
    {
      name: 'A.c -> C.a',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'as',
          pipeline: [
            { $match: { c: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$c'] }, '$c', ['$c']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'cs', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.c -> C.a: cs.a holds links that as.c does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'cs',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'as', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.c'] }, '$$other.c', ['$$other.c']] },
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
            aggregate: 'as',
            pipeline: [
              { $match: { c: { $type: 'objectId' } } },
              { $project: { own: '$c', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', a: { $max: '$id' } } },
              { $merge: { into: 'cs', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'A.c -> C.a: cs.a does not hold all links of as. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'as',
            pipeline: [
              { $match: { c: { $type: 'objectId' } } },
              { $project: { own: '$c', id: '$_id' } },
              { $lookup: { from: 'cs', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.a' }, 'objectId'] } } }],
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
      // whether or not there are links
      ensures: [
        { createIndexes: 'cs', indexes: [{ key: { a: 1 }, name: 'a_1', unique: true, background: true }] },
      ],
      removals: [],
    },
    // A.d -> D.a (two-sided: one to one)
    {
      name: 'A.d -> D.a',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'as',
          pipeline: [
            { $match: { d: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$d'] }, '$d', ['$d']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'ds', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.a'] }, '$$other.a', ['$$other.a']] },
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
          says: 'A.d -> D.a: ds.a holds links that as.d does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'ds',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'as', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.d'] }, '$$other.d', ['$$other.d']] },
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
            aggregate: 'as',
            pipeline: [
              { $match: { d: { $type: 'objectId' } } },
              { $project: { own: '$d', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', a: { $max: '$id' } } },
              { $merge: { into: 'ds', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'A.d -> D.a: ds.a does not hold all links of as. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'as',
            pipeline: [
              { $match: { d: { $type: 'objectId' } } },
              { $project: { own: '$d', id: '$_id' } },
              { $lookup: { from: 'ds', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.a' }, 'objectId'] } } }],
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
