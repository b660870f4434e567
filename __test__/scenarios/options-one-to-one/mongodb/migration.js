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
// A.b -> B.a (two-sided: one to one)
stopIf(
  'A.b -> B.a: links that only bs.a has would be lost. Nothing has been changed. Add them to as.b, or remove them, then run the script again',
  'bs',
  [
    { $match: { a: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'A.b -> B.a: bs.a has links that as.b contradicts. The new Keystone reads as.b; stale links like these are left by the old one',
  'bs',
  [
    { $match: { a: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'A.b -> B.a: several documents hold the same id in as.b, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'as',
  [
    { $match: { b: { $ne: null } } },
    { $group: { _id: '$b', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// A.c -> C.a (two-sided: one to one)
stopIf(
  'A.c -> C.a: links that only cs.a has would be lost. Nothing has been changed. Add them to as.c, or remove them, then run the script again',
  'cs',
  [
    { $match: { a: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'A.c -> C.a: cs.a has links that as.c contradicts. The new Keystone reads as.c; stale links like these are left by the old one',
  'cs',
  [
    { $match: { a: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'A.c -> C.a: several documents hold the same id in as.c, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'as',
  [
    { $match: { c: { $ne: null } } },
    { $group: { _id: '$c', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// A.d -> D.a (two-sided: one to one)
stopIf(
  'A.d -> D.a: links that only ds.a has would be lost. Nothing has been changed. Add them to as.d, or remove them, then run the script again',
  'ds',
  [
    { $match: { a: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'A.d -> D.a: ds.a has links that as.d contradicts. The new Keystone reads as.d; stale links like these are left by the old one',
  'ds',
  [
    { $match: { a: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'A.d -> D.a: several documents hold the same id in as.d, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'as',
  [
    { $match: { d: { $ne: null } } },
    { $group: { _id: '$d', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Removals ----
// A.b -> B.a (two-sided: one to one)
db.getCollection('bs').updateMany({ a: { $exists: true } }, { $unset: { a: 1 } });

// A.c -> C.a (two-sided: one to one)
db.getCollection('cs').updateMany({ a: { $exists: true } }, { $unset: { a: 1 } });

// A.d -> D.a (two-sided: one to one)
db.getCollection('ds').updateMany({ a: { $exists: true } }, { $unset: { a: 1 } });
