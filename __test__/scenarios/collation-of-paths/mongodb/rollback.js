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
  plan: '0aa310f68f9a00e7',
  relationships: [
    // Node.a -> Node.B (two-sided: one to one)
    {
      name: 'Node.a -> Node.B',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'nodes',
          pipeline: [
            { $match: { a: { $exists: true } } },
            {
              $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
                        input: { $cond: [{ $isArray: ['$$other.B'] }, '$$other.B', ['$$other.B']] },
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
          says: 'Node.a -> Node.B: nodes.B holds links that nodes.a does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { B: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$B'] }, '$B', ['$B']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
            aggregate: 'nodes',
            pipeline: [
              { $match: { a: { $type: 'objectId' } } },
              { $project: { own: '$a', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', B: { $max: '$id' } } },
              { $merge: { into: 'nodes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Node.a -> Node.B: nodes.B does not hold all links of nodes. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { a: { $type: 'objectId' } } },
              { $project: { own: '$a', id: '$_id' } },
              { $lookup: { from: 'nodes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.B' }, 'objectId'] } } }],
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
    // Node.link_to -> Node.link2 (two-sided: one to one)
    {
      name: 'Node.link_to -> Node.link2',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'nodes',
          pipeline: [
            { $match: { link_to: { $exists: true } } },
            {
              $project: {
                id: {
                  $filter: { input: { $cond: [{ $isArray: ['$link_to'] }, '$link_to', ['$link_to']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                        input: { $cond: [{ $isArray: ['$$other.link2'] }, '$$other.link2', ['$$other.link2']] },
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
          says: 'Node.link_to -> Node.link2: nodes.link2 holds links that nodes.link_to does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link2: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$link2'] }, '$link2', ['$link2']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
                          input: { $cond: [{ $isArray: ['$$other.link_to'] }, '$$other.link_to', ['$$other.link_to']] },
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
            aggregate: 'nodes',
            pipeline: [
              { $match: { link_to: { $type: 'objectId' } } },
              { $project: { own: '$link_to', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', link2: { $max: '$id' } } },
              { $merge: { into: 'nodes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Node.link_to -> Node.link2: nodes.link2 does not hold all links of nodes. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link_to: { $type: 'objectId' } } },
              { $project: { own: '$link_to', id: '$_id' } },
              { $lookup: { from: 'nodes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.link2' }, 'objectId'] } } }],
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
    // Node.Next -> Node.next_of (two-sided: many to many)
    {
      name: 'Node.Next -> Node.next_of',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'node_next_node_next_ofs' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Node.Next -> Node.next_of: nodes.Next holds links that node_next_node_next_ofs does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $lookup: { from: 'node_next_node_next_ofs', localField: '_id', foreignField: 'Node_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Node_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: nodes.next_of holds links that node_next_node_next_ofs does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { next_of: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'node_next_node_next_ofs', localField: '_id', foreignField: 'Node_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Node_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'nodes', updates: [{ q: { Next: { $exists: false } }, u: { $set: { Next: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'node_next_node_next_ofs',
            pipeline: [
              { $match: { Node_left_id: { $type: 'objectId' }, Node_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_left_id', id: '$Node_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', Next: { $push: '$id' } } },
              { $merge: { into: 'nodes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'nodes', updates: [{ q: { next_of: { $exists: false } }, u: { $set: { next_of: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'node_next_node_next_ofs',
            pipeline: [
              { $match: { Node_right_id: { $type: 'objectId' }, Node_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_right_id', id: '$Node_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', next_of: { $push: '$id' } } },
              { $merge: { into: 'nodes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Node.Next -> Node.next_of: nodes.Next does not hold all links of node_next_node_next_ofs. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'node_next_node_next_ofs',
            pipeline: [
              { $match: { Node_left_id: { $type: 'objectId' }, Node_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_left_id', id: '$Node_right_id' } },
              { $lookup: { from: 'nodes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'nodes',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: nodes.next_of does not hold all links of node_next_node_next_ofs. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'node_next_node_next_ofs',
            pipeline: [
              { $match: { Node_right_id: { $type: 'objectId' }, Node_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_right_id', id: '$Node_left_id' } },
              { $lookup: { from: 'nodes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'nodes',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] }, []] } } } },
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
        { drop: 'node_next_node_next_ofs' },
      ],
    },
    // Node.ab -> Node.aB (two-sided: many to many)
    {
      name: 'Node.ab -> Node.aB',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'node_ab_node_abs' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Node.ab -> Node.aB: nodes.ab holds links that node_ab_node_abs does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'node_ab_node_abs', localField: '_id', foreignField: 'Node_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Node_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: nodes.aB holds links that node_ab_node_abs does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { aB: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'node_ab_node_abs', localField: '_id', foreignField: 'Node_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Node_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'nodes', updates: [{ q: { ab: { $exists: false } }, u: { $set: { ab: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'node_ab_node_abs',
            pipeline: [
              { $match: { Node_left_id: { $type: 'objectId' }, Node_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_left_id', id: '$Node_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', ab: { $push: '$id' } } },
              { $merge: { into: 'nodes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'nodes', updates: [{ q: { aB: { $exists: false } }, u: { $set: { aB: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'node_ab_node_abs',
            pipeline: [
              { $match: { Node_right_id: { $type: 'objectId' }, Node_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_right_id', id: '$Node_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', aB: { $push: '$id' } } },
              { $merge: { into: 'nodes', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Node.ab -> Node.aB: nodes.ab does not hold all links of node_ab_node_abs. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'node_ab_node_abs',
            pipeline: [
              { $match: { Node_left_id: { $type: 'objectId' }, Node_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_left_id', id: '$Node_right_id' } },
              { $lookup: { from: 'nodes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'nodes',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: nodes.aB does not hold all links of node_ab_node_abs. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'node_ab_node_abs',
            pipeline: [
              { $match: { Node_right_id: { $type: 'objectId' }, Node_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Node_right_id', id: '$Node_left_id' } },
              { $lookup: { from: 'nodes', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'nodes',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] }, []] } } } } }],
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
        { drop: 'node_ab_node_abs' },
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
