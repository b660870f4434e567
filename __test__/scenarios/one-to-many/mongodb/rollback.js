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
  plan: '020551e4b0d9d9f9',
  relationships: [
    // Author.books -> Book.author (two-sided: one to many)
    {
      name: 'Author.books -> Book.author',
      // finds something as long as there is anything to do
      pending: [
        { find: 'authors', filter: { books: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Author.books -> Book.author: authors.books holds links that books.author does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'authors',
            pipeline: [
              { $match: { books: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$books'] }, '$books', ['$books']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'books', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.author'] }, '$$other.author', ['$$other.author']] },
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
        { run: { update: 'authors', updates: [{ q: { books: { $exists: false } }, u: { $set: { books: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'books',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', books: { $push: '$id' } } },
              { $merge: { into: 'authors', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Author.books -> Book.author: authors.books does not hold all links of books. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'books',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
              { $lookup: { from: 'authors', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'authors',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$books'] }, '$books', ['$books']] }, []] } } } } }],
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
    // Copy.reader -> Reader.loans (two-sided: one to many)
    {
      name: 'Copy.reader -> Reader.loans',
      // finds something as long as there is anything to do
      pending: [
        { find: 'readers', filter: { loans: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Copy.reader -> Reader.loans: readers.loans holds links that copies.reader does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'readers',
            pipeline: [
              { $match: { loans: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$loans'] }, '$loans', ['$loans']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'copies', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.reader'] }, '$$other.reader', ['$$other.reader']] },
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
        { run: { update: 'readers', updates: [{ q: { loans: { $exists: false } }, u: { $set: { loans: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'copies',
            pipeline: [
              { $match: { reader: { $type: 'objectId' } } },
              { $project: { own: '$reader', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', loans: { $push: '$id' } } },
              { $merge: { into: 'readers', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Copy.reader -> Reader.loans: readers.loans does not hold all links of copies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'copies',
            pipeline: [
              { $match: { reader: { $type: 'objectId' } } },
              { $project: { own: '$reader', id: '$_id' } },
              { $lookup: { from: 'readers', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'readers',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$loans'] }, '$loans', ['$loans']] }, []] } } } } }],
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
