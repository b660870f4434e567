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
  plan: 'f1e3119b57321bc4',
  relationships: [
    // Author.books -> Book.authors (two-sided: many to many)
    {
      name: 'Author.books -> Book.authors',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'author_books_book_authors' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Author.books -> Book.authors: 📚 著者.books holds links that author_books_book_authors does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: '📚 著者',
            pipeline: [
              { $match: { books: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$books'] }, '$books', ['$books']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'author_books_book_authors', localField: '_id', foreignField: 'Author_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Book_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Author.books -> Book.authors: книги.authors holds links that author_books_book_authors does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'книги',
            pipeline: [
              { $match: { authors: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$authors'] }, '$authors', ['$authors']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'author_books_book_authors', localField: '_id', foreignField: 'Book_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Author_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: '📚 著者', updates: [{ q: { books: { $exists: false } }, u: { $set: { books: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'author_books_book_authors',
            pipeline: [
              { $match: { Author_left_id: { $type: 'objectId' }, Book_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Author_left_id', id: '$Book_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', books: { $push: '$id' } } },
              { $merge: { into: '📚 著者', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'книги', updates: [{ q: { authors: { $exists: false } }, u: { $set: { authors: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'author_books_book_authors',
            pipeline: [
              { $match: { Book_right_id: { $type: 'objectId' }, Author_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Book_right_id', id: '$Author_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', authors: { $push: '$id' } } },
              { $merge: { into: 'книги', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Author.books -> Book.authors: 📚 著者.books does not hold all links of author_books_book_authors. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'author_books_book_authors',
            pipeline: [
              { $match: { Author_left_id: { $type: 'objectId' }, Book_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Author_left_id', id: '$Book_right_id' } },
              { $lookup: { from: '📚 著者', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: '📚 著者',
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
        {
          says: 'Author.books -> Book.authors: книги.authors does not hold all links of author_books_book_authors. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'author_books_book_authors',
            pipeline: [
              { $match: { Book_right_id: { $type: 'objectId' }, Author_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Book_right_id', id: '$Author_left_id' } },
              { $lookup: { from: 'книги', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'книги',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$authors'] }, '$authors', ['$authors']] }, []] } } } },
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
        { drop: 'author_books_book_authors' },
      ],
    },
    // Book.shelf -> Shelf.books (two-sided: one to many)
    {
      name: 'Book.shelf -> Shelf.books',
      // finds something as long as there is anything to do
      pending: [
        { find: 'étagère', filter: { books: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Book.shelf -> Shelf.books: étagère.books holds links that книги.shelf does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'étagère',
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
              { $lookup: { from: 'книги', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.shelf'] }, '$$other.shelf', ['$$other.shelf']] },
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
        { run: { update: 'étagère', updates: [{ q: { books: { $exists: false } }, u: { $set: { books: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'книги',
            pipeline: [
              { $match: { shelf: { $type: 'objectId' } } },
              { $project: { own: '$shelf', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', books: { $push: '$id' } } },
              { $merge: { into: 'étagère', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Book.shelf -> Shelf.books: étagère.books does not hold all links of книги. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'книги',
            pipeline: [
              { $match: { shelf: { $type: 'objectId' } } },
              { $project: { own: '$shelf', id: '$_id' } },
              { $lookup: { from: 'étagère', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'étagère',
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
    // Book.cover -> Cover.book (two-sided: one to one)
    {
      name: 'Book.cover -> Cover.book',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'книги',
          pipeline: [
            { $match: { cover: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$cover'] }, '$cover', ['$cover']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
              },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'étagère', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.book'] }, '$$other.book', ['$$other.book']] },
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
          says: 'Book.cover -> Cover.book: étagère.book holds links that книги.cover does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'étagère',
            pipeline: [
              { $match: { book: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$book'] }, '$book', ['$book']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'книги', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.cover'] }, '$$other.cover', ['$$other.cover']] },
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
            aggregate: 'книги',
            pipeline: [
              { $match: { cover: { $type: 'objectId' } } },
              { $project: { own: '$cover', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', book: { $max: '$id' } } },
              { $merge: { into: 'étagère', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Book.cover -> Cover.book: étagère.book does not hold all links of книги. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'книги',
            pipeline: [
              { $match: { cover: { $type: 'objectId' } } },
              { $project: { own: '$cover', id: '$_id' } },
              { $lookup: { from: 'étagère', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.book' }, 'objectId'] } } }],
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
    // Author.friends -> Author (one-sided: many to many)
    {
      name: 'Author.friends -> Author',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'author_friends_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Author.friends -> Author: 📚 著者.friends holds links that author_friends_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: '📚 著者',
            pipeline: [
              { $match: { friends: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$friends'] }, '$friends', ['$friends']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'author_friends_manies', localField: '_id', foreignField: 'Author_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Author_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: '📚 著者', updates: [{ q: { friends: { $exists: false } }, u: { $set: { friends: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'author_friends_manies',
            pipeline: [
              { $match: { Author_left_id: { $type: 'objectId' }, Author_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Author_left_id', id: '$Author_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', friends: { $push: '$id' } } },
              { $merge: { into: '📚 著者', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Author.friends -> Author: 📚 著者.friends does not hold all links of author_friends_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'author_friends_manies',
            pipeline: [
              { $match: { Author_left_id: { $type: 'objectId' }, Author_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Author_left_id', id: '$Author_right_id' } },
              { $lookup: { from: '📚 著者', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: '📚 著者',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$friends'] }, '$friends', ['$friends']] }, []] } } } },
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
        { drop: 'author_friends_manies' },
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
