// keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.4 or later, a standalone server, a replica set or a sharded cluster, and
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
  server: [4, 4],
  plan: 'e03be9b73316c12b',
  relationships: [
    // Person.husband -> Person.wife (two-sided: one to one)
    {
      name: 'Person.husband -> Person.wife',
      // finds something as long as there is anything to do
      pending: [
        {
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
            { $project: { _id: 0, left: '$_id', right: '$id' } },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'Person.husband -> Person.wife: people.wife holds links that people.husband does not have. They would be overwritten: is the database in the old schema already?',
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
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        {
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $type: 'objectId' } } },
              { $project: { own: '$husband', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', wife: { $max: '$id' } } },
              { $merge: { into: 'people', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Person.husband -> Person.wife: people.wife does not hold all links of people. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { husband: { $type: 'objectId' } } },
              { $project: { own: '$husband', id: '$_id' } },
              { $lookup: { from: 'people', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.wife' }, 'objectId'] } } }],
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
