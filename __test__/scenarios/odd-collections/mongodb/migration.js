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
// A.bs -> B.as (two-sided: many to many)
stopIf(
  'A.bs -> B.as: the join collection a_bs_b_as already holds documents, so this migration has been run before. Nothing has been changed',
  'a_bs_b_as',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// C.quotes -> E (one-sided: many to many)
stopIf(
  'C.quotes -> E: the join collection c_quotes_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'c_quotes_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// D.es -> E.ds (two-sided: many to many)
stopIf(
  'D.es -> E.ds: the join collection d_es_e_ds already holds documents, so this migration has been run before. Nothing has been changed',
  'd_es_e_ds',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// A.bs -> B.as (two-sided: many to many)
stopIf(
  'A.bs -> B.as: links that only with-dashes.as has would be lost. Nothing has been changed. Add them to my.dotted.posts.bs, or remove them, then run the script again',
  'with-dashes',
  [
    { $match: { as: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$as'] }, '$as', ['$as']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
                input: { $cond: [{ $isArray: ['$$other.bs'] }, '$$other.bs', ['$$other.bs']] },
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
  'A.bs -> B.as: links that only my.dotted.posts.bs has, and not with-dashes.as. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'my.dotted.posts',
  [
    { $match: { bs: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'with-dashes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.as'] }, '$$other.as', ['$$other.as']] },
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

// A.c -> C.a (two-sided: one to one)
stopIf(
  'A.c -> C.a: links that only _leading.a has would be lost. Nothing has been changed. Add them to my.dotted.posts.c, or remove them, then run the script again',
  '_leading',
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
  'A.c -> C.a: _leading.a has links that my.dotted.posts.c contradicts. The new Keystone reads my.dotted.posts.c; stale links like these are left by the old one',
  '_leading',
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
  'A.c -> C.a: several documents hold the same id in my.dotted.posts.c, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'my.dotted.posts',
  [
    { $match: { c: { $ne: null } } },
    { $group: { _id: '$c', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// B.ds -> D.b (two-sided: one to many)
stopIf(
  'B.ds -> D.b: links that only with-dashes.ds has would be lost. Nothing has been changed. Add them to stats.b, or remove them, then run the script again',
  'with-dashes',
  [
    { $match: { ds: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
  'B.ds -> D.b: with-dashes.ds has links that stats.b contradicts. The new Keystone reads stats.b; stale links like these are left by the old one',
  'with-dashes',
  [
    { $match: { ds: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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

// D.es -> E.ds (two-sided: many to many)
stopIf(
  'D.es -> E.ds: links that only it\'s "quoted" `here` \\ x.ds has would be lost. Nothing has been changed. Add them to stats.es, or remove them, then run the script again',
  'it\'s "quoted" `here` \\ x',
  [
    { $match: { ds: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$ds'] }, '$ds', ['$ds']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
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
                input: { $cond: [{ $isArray: ['$$other.es'] }, '$$other.es', ['$$other.es']] },
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
  'D.es -> E.ds: links that only stats.es has, and not it\'s "quoted" `here` \\ x.ds. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'stats',
  [
    { $match: { es: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' },
    },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.ds'] }, '$$other.ds', ['$$other.ds']] },
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

// E.f -> F.e (two-sided: one to one)
stopIf(
  'E.f -> F.e: links that only with spaces.e has would be lost. Nothing has been changed. Add them to it\'s "quoted" `here` \\ x.f, or remove them, then run the script again',
  'with spaces',
  [
    { $match: { e: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' },
    },
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
  'E.f -> F.e: with spaces.e has links that it\'s "quoted" `here` \\ x.f contradicts. The new Keystone reads it\'s "quoted" `here` \\ x.f; stale links like these are left by the old one',
  'with spaces',
  [
    { $match: { e: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$e'] }, '$e', ['$e']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: 'it\'s "quoted" `here` \\ x', localField: 'id', foreignField: '_id', as: 'other' },
    },
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
  'E.f -> F.e: several documents hold the same id in it\'s "quoted" `here` \\ x.f, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'it\'s "quoted" `here` \\ x',
  [
    { $match: { f: { $ne: null } } },
    { $group: { _id: '$f', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// A.bs -> B.as (two-sided: many to many)
db.getCollection('my.dotted.posts').aggregate([
  { $match: { bs: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      A_left_id: '$_id',
      B_right_id: {
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
  { $unwind: '$B_right_id' },
  { $out: 'a_bs_b_as' },
], { allowDiskUse: true });
db.getCollection('a_bs_b_as').createIndex({ A_left_id: 1 }, { background: true });
db.getCollection('a_bs_b_as').createIndex({ B_right_id: 1 }, { background: true });

// C.quotes -> E (one-sided: many to many)
db.getCollection('_leading').aggregate([
  { $match: { quotes: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      C_left_id: '$_id',
      E_right_id: {
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
  { $unwind: '$E_right_id' },
  { $out: 'c_quotes_manies' },
], { allowDiskUse: true });
db.getCollection('c_quotes_manies').createIndex({ C_left_id: 1 }, { background: true });
db.getCollection('c_quotes_manies').createIndex({ E_right_id: 1 }, { background: true });

// D.es -> E.ds (two-sided: many to many)
db.getCollection('stats').aggregate([
  { $match: { es: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      D_left_id: '$_id',
      E_right_id: {
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
  { $unwind: '$E_right_id' },
  { $out: 'd_es_e_ds' },
], { allowDiskUse: true });
db.getCollection('d_es_e_ds').createIndex({ D_left_id: 1 }, { background: true });
db.getCollection('d_es_e_ds').createIndex({ E_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// A.bs -> B.as (two-sided: many to many)
stopIf(
  'A.bs -> B.as: my.dotted.posts.bs and its copy a_bs_b_as do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop a_bs_b_as and run the script again',
  'my.dotted.posts',
  [
    { $match: { bs: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$bs'] }, '$bs', ['$bs']] },
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
        from: 'a_bs_b_as',
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

// C.quotes -> E (one-sided: many to many)
stopIf(
  'C.quotes -> E: _leading.quotes and its copy c_quotes_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop c_quotes_manies and run the script again',
  '_leading',
  [
    { $match: { quotes: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$quotes'] }, '$quotes', ['$quotes']] },
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
        from: 'c_quotes_manies',
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

// D.es -> E.ds (two-sided: many to many)
stopIf(
  'D.es -> E.ds: stats.es and its copy d_es_e_ds do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop d_es_e_ds and run the script again',
  'stats',
  [
    { $match: { es: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$es'] }, '$es', ['$es']] },
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
        from: 'd_es_e_ds',
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
// A.bs -> B.as (two-sided: many to many)
db.getCollection('my.dotted.posts').updateMany({ bs: { $exists: true } }, { $unset: { bs: 1 } });
db.getCollection('with-dashes').updateMany({ as: { $exists: true } }, { $unset: { as: 1 } });

// A.c -> C.a (two-sided: one to one)
db.getCollection('_leading').updateMany({ a: { $exists: true } }, { $unset: { a: 1 } });

// B.ds -> D.b (two-sided: one to many)
db.getCollection('with-dashes').updateMany({ ds: { $exists: true } }, { $unset: { ds: 1 } });

// C.quotes -> E (one-sided: many to many)
db.getCollection('_leading').updateMany({ quotes: { $exists: true } }, { $unset: { quotes: 1 } });

// D.es -> E.ds (two-sided: many to many)
db.getCollection('stats').updateMany({ es: { $exists: true } }, { $unset: { es: 1 } });
db.getCollection('it\'s "quoted" `here` \\ x').updateMany({ ds: { $exists: true } }, { $unset: { ds: 1 } });

// E.f -> F.e (two-sided: one to one)
db.getCollection('with spaces').updateMany({ e: { $exists: true } }, { $unset: { e: 1 } });
