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
  plan: '5b3735a8e3b4689a',
  relationships: [
    // A.bs -> B.as (two-sided: many to many)
    {
      name: 'A.bs -> B.as',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'a_bs_b_as' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'A.bs -> B.as: my.dotted.posts.bs holds links that a_bs_b_as does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { bs: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'a_bs_b_as', localField: '_id', foreignField: 'A_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.B_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'A.bs -> B.as: with-dashes.as holds links that a_bs_b_as does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { as: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'a_bs_b_as', localField: '_id', foreignField: 'B_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.A_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'my.dotted.posts', updates: [{ q: { bs: { $exists: false } }, u: { $set: { bs: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'a_bs_b_as',
            pipeline: [
              { $match: { A_left_id: { $type: 'objectId' }, B_right_id: { $type: 'objectId' } } },
              { $project: { own: '$A_left_id', id: '$B_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', bs: { $push: '$id' } } },
              { $merge: { into: 'my.dotted.posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'with-dashes', updates: [{ q: { as: { $exists: false } }, u: { $set: { as: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'a_bs_b_as',
            pipeline: [
              { $match: { B_right_id: { $type: 'objectId' }, A_left_id: { $type: 'objectId' } } },
              { $project: { own: '$B_right_id', id: '$A_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', as: { $push: '$id' } } },
              { $merge: { into: 'with-dashes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'A.bs -> B.as: my.dotted.posts.bs does not hold all links of a_bs_b_as. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'a_bs_b_as',
            pipeline: [
              { $match: { A_left_id: { $type: 'objectId' }, B_right_id: { $type: 'objectId' } } },
              { $project: { own: '$A_left_id', id: '$B_right_id' } },
              { $lookup: { from: 'my.dotted.posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'my.dotted.posts',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'A.bs -> B.as: with-dashes.as does not hold all links of a_bs_b_as. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'a_bs_b_as',
            pipeline: [
              { $match: { B_right_id: { $type: 'objectId' }, A_left_id: { $type: 'objectId' } } },
              { $project: { own: '$B_right_id', id: '$A_left_id' } },
              { $lookup: { from: 'with-dashes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'with-dashes',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] }, []] } } } } }],
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
        { drop: 'a_bs_b_as' },
      ],
    },
    // A.c -> C.a (two-sided: one to one)
    {
      name: 'A.c -> C.a',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'my.dotted.posts',
          pipeline: [
            { $match: { c: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$c'] }, '$c', ['$c']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
            },
            { $unwind: '$id' },
            { $lookup: { from: '_leading', localField: 'id', foreignField: '_id', as: 'other' } },
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
          says: 'A.c -> C.a: _leading.a holds links that my.dotted.posts.c does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'my.dotted.posts', localField: 'id', foreignField: '_id', as: 'other' } },
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
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $type: 'objectId' } } },
              { $project: { own: '$c', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', a: { $max: '$id' } } },
              { $merge: { into: '_leading', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'A.c -> C.a: _leading.a does not hold all links of my.dotted.posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'my.dotted.posts',
            pipeline: [
              { $match: { c: { $type: 'objectId' } } },
              { $project: { own: '$c', id: '$_id' } },
              { $lookup: { from: '_leading', localField: 'own', foreignField: '_id', as: 'document' } },
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
    // B.ds -> D.b (two-sided: one to many)
    {
      name: 'B.ds -> D.b',
      // finds something as long as there is anything to do
      pending: [
        { find: 'with-dashes', filter: { ds: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'B.ds -> D.b: with-dashes.ds holds links that stats.b does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'with-dashes',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'stats', localField: 'id', foreignField: '_id', as: 'other' } },
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'with-dashes', updates: [{ q: { ds: { $exists: false } }, u: { $set: { ds: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { b: { $type: 'objectId' } } },
              { $project: { own: '$b', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', ds: { $push: '$id' } } },
              { $merge: { into: 'with-dashes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'B.ds -> D.b: with-dashes.ds does not hold all links of stats. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { b: { $type: 'objectId' } } },
              { $project: { own: '$b', id: '$_id' } },
              { $lookup: { from: 'with-dashes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'with-dashes',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, []] } } } } }],
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
    // C.quotes -> E (one-sided: many to many)
    {
      name: 'C.quotes -> E',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'c_quotes_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'C.quotes -> E: _leading.quotes holds links that c_quotes_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: '_leading',
            pipeline: [
              { $match: { quotes: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'c_quotes_manies', localField: '_id', foreignField: 'C_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.E_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: '_leading', updates: [{ q: { quotes: { $exists: false } }, u: { $set: { quotes: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'c_quotes_manies',
            pipeline: [
              { $match: { C_left_id: { $type: 'objectId' }, E_right_id: { $type: 'objectId' } } },
              { $project: { own: '$C_left_id', id: '$E_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', quotes: { $push: '$id' } } },
              { $merge: { into: '_leading', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'C.quotes -> E: _leading.quotes does not hold all links of c_quotes_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'c_quotes_manies',
            pipeline: [
              { $match: { C_left_id: { $type: 'objectId' }, E_right_id: { $type: 'objectId' } } },
              { $project: { own: '$C_left_id', id: '$E_right_id' } },
              { $lookup: { from: '_leading', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: '_leading',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] }, []] } } } },
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
        { drop: 'c_quotes_manies' },
      ],
    },
    // D.es -> E.ds (two-sided: many to many)
    {
      name: 'D.es -> E.ds',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'd_es_e_ds' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'D.es -> E.ds: stats.es holds links that d_es_e_ds does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'stats',
            pipeline: [
              { $match: { es: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'd_es_e_ds', localField: '_id', foreignField: 'D_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.E_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'D.es -> E.ds: it\'s "quoted" `here` \\ x.ds holds links that d_es_e_ds does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { ds: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'd_es_e_ds', localField: '_id', foreignField: 'E_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.D_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'stats', updates: [{ q: { es: { $exists: false } }, u: { $set: { es: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'd_es_e_ds',
            pipeline: [
              { $match: { D_left_id: { $type: 'objectId' }, E_right_id: { $type: 'objectId' } } },
              { $project: { own: '$D_left_id', id: '$E_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', es: { $push: '$id' } } },
              { $merge: { into: 'stats', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'it\'s "quoted" `here` \\ x', updates: [{ q: { ds: { $exists: false } }, u: { $set: { ds: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'd_es_e_ds',
            pipeline: [
              { $match: { E_right_id: { $type: 'objectId' }, D_left_id: { $type: 'objectId' } } },
              { $project: { own: '$E_right_id', id: '$D_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', ds: { $push: '$id' } } },
              { $merge: { into: 'it\'s "quoted" `here` \\ x', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'D.es -> E.ds: stats.es does not hold all links of d_es_e_ds. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'd_es_e_ds',
            pipeline: [
              { $match: { D_left_id: { $type: 'objectId' }, E_right_id: { $type: 'objectId' } } },
              { $project: { own: '$D_left_id', id: '$E_right_id' } },
              { $lookup: { from: 'stats', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'stats',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'D.es -> E.ds: it\'s "quoted" `here` \\ x.ds does not hold all links of d_es_e_ds. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'd_es_e_ds',
            pipeline: [
              { $match: { E_right_id: { $type: 'objectId' }, D_left_id: { $type: 'objectId' } } },
              { $project: { own: '$E_right_id', id: '$D_left_id' } },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'it\'s "quoted" `here` \\ x',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] }, []] } } } } }],
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
        { drop: 'd_es_e_ds' },
      ],
    },
    // E.f -> F.e (two-sided: one to one)
    {
      name: 'E.f -> F.e',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'it\'s "quoted" `here` \\ x',
          pipeline: [
            { $match: { f: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$f'] }, '$f', ['$f']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'with spaces', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.e'] }, '$$other.e', ['$$other.e']] },
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
          says: 'E.f -> F.e: with spaces.e holds links that it\'s "quoted" `here` \\ x.f does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'with spaces',
            pipeline: [
              { $match: { e: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.f'] }, '$$other.f', ['$$other.f']] },
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
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $type: 'objectId' } } },
              { $project: { own: '$f', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', e: { $max: '$id' } } },
              { $merge: { into: 'with spaces', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'E.f -> F.e: with spaces.e does not hold all links of it\'s "quoted" `here` \\ x. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'it\'s "quoted" `here` \\ x',
            pipeline: [
              { $match: { f: { $type: 'objectId' } } },
              { $project: { own: '$f', id: '$_id' } },
              { $lookup: { from: 'with spaces', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.e' }, 'objectId'] } } }],
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
