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
// Node.Next -> Node.next_of (two-sided: many to many)
stopIf(
  'Node.Next -> Node.next_of: the join collection node_next_node_next_ofs already holds documents, so this migration has been run before. Nothing has been changed',
  'node_next_node_next_ofs',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Node.ab -> Node.aB (two-sided: many to many)
stopIf(
  'Node.ab -> Node.aB: the join collection node_ab_node_abs already holds documents, so this migration has been run before. Nothing has been changed',
  'node_ab_node_abs',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Node.a -> Node.B (two-sided: one to one)
stopIf(
  'Node.a -> Node.B: links that only nodes.B has would be lost. Nothing has been changed. Add them to nodes.a, or remove them, then run the script again',
  'nodes',
  [
    { $match: { B: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$B'] }, '$B', ['$B']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
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
  'Node.a -> Node.B: nodes.B has links that nodes.a contradicts. The new Keystone reads nodes.a; stale links like these are left by the old one',
  'nodes',
  [
    { $match: { B: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$B'] }, '$B', ['$B']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
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
  'Node.a -> Node.B: several documents hold the same id in nodes.a, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'nodes',
  [
    { $match: { a: { $ne: null } } },
    { $group: { _id: '$a', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Node.link_to -> Node.link2 (two-sided: one to one)
stopIf(
  'Node.link_to -> Node.link2: links that only nodes.link2 has would be lost. Nothing has been changed. Add them to nodes.link_to, or remove them, then run the script again',
  'nodes',
  [
    { $match: { link2: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$link2'] }, '$link2', ['$link2']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: {
                  $cond: [{ $isArray: ['$$other.link_to'] }, '$$other.link_to', ['$$other.link_to']],
                },
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
  'Node.link_to -> Node.link2: nodes.link2 has links that nodes.link_to contradicts. The new Keystone reads nodes.link_to; stale links like these are left by the old one',
  'nodes',
  [
    { $match: { link2: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$link2'] }, '$link2', ['$link2']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: {
                  $cond: [{ $isArray: ['$$other.link_to'] }, '$$other.link_to', ['$$other.link_to']],
                },
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
  'Node.link_to -> Node.link2: several documents hold the same id in nodes.link_to, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'nodes',
  [
    { $match: { link_to: { $ne: null } } },
    { $group: { _id: '$link_to', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Node.Next -> Node.next_of (two-sided: many to many)
stopIf(
  'Node.Next -> Node.next_of: links that only nodes.next_of has would be lost. Nothing has been changed. Add them to nodes.Next, or remove them, then run the script again',
  'nodes',
  [
    { $match: { next_of: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.Next'] }, '$$other.Next', ['$$other.Next']] },
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
  'Node.Next -> Node.next_of: links that only nodes.Next has, and not nodes.next_of. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'nodes',
  [
    { $match: { Next: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: {
                  $cond: [{ $isArray: ['$$other.next_of'] }, '$$other.next_of', ['$$other.next_of']],
                },
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

// Node.ab -> Node.aB (two-sided: many to many)
stopIf(
  'Node.ab -> Node.aB: links that only nodes.aB has would be lost. Nothing has been changed. Add them to nodes.ab, or remove them, then run the script again',
  'nodes',
  [
    { $match: { aB: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.ab'] }, '$$other.ab', ['$$other.ab']] },
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
  'Node.ab -> Node.aB: links that only nodes.ab has, and not nodes.aB. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'nodes',
  [
    { $match: { ab: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.aB'] }, '$$other.aB', ['$$other.aB']] },
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

// ---- Copies ----
// Node.Next -> Node.next_of (two-sided: many to many)
db.getCollection('nodes').aggregate([
  { $match: { Next: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Node_left_id: '$_id',
      Node_right_id: {
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
  { $unwind: '$Node_right_id' },
  { $out: 'node_next_node_next_ofs' },
], { allowDiskUse: true });
db.getCollection('node_next_node_next_ofs').createIndex({ Node_left_id: 1 }, { background: true });
db.getCollection('node_next_node_next_ofs').createIndex({ Node_right_id: 1 }, { background: true });

// Node.ab -> Node.aB (two-sided: many to many)
db.getCollection('nodes').aggregate([
  { $match: { ab: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Node_left_id: '$_id',
      Node_right_id: {
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
  { $unwind: '$Node_right_id' },
  { $out: 'node_ab_node_abs' },
], { allowDiskUse: true });
db.getCollection('node_ab_node_abs').createIndex({ Node_left_id: 1 }, { background: true });
db.getCollection('node_ab_node_abs').createIndex({ Node_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Node.Next -> Node.next_of (two-sided: many to many)
stopIf(
  'Node.Next -> Node.next_of: nodes.Next and its copy node_next_node_next_ofs do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop node_next_node_next_ofs and run the script again',
  'nodes',
  [
    { $match: { Next: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] },
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
        from: 'node_next_node_next_ofs',
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

// Node.ab -> Node.aB (two-sided: many to many)
stopIf(
  'Node.ab -> Node.aB: nodes.ab and its copy node_ab_node_abs do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop node_ab_node_abs and run the script again',
  'nodes',
  [
    { $match: { ab: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] },
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
        from: 'node_ab_node_abs',
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
// Node.a -> Node.B (two-sided: one to one)
db.getCollection('nodes').updateMany({ B: { $exists: true } }, { $unset: { B: 1 } });

// Node.link_to -> Node.link2 (two-sided: one to one)
db.getCollection('nodes').updateMany({ link2: { $exists: true } }, { $unset: { link2: 1 } });

// Node.Next -> Node.next_of (two-sided: many to many)
db.getCollection('nodes').updateMany({ Next: { $exists: true } }, { $unset: { Next: 1 } });
db.getCollection('nodes').updateMany({ next_of: { $exists: true } }, { $unset: { next_of: 1 } });

// Node.ab -> Node.aB (two-sided: many to many)
db.getCollection('nodes').updateMany({ ab: { $exists: true } }, { $unset: { ab: 1 } });
db.getCollection('nodes').updateMany({ aB: { $exists: true } }, { $unset: { aB: 1 } });
