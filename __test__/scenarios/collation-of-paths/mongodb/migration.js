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
  plan: '0aa310f68f9a00e7',
  relationships: [
    // Node.a -> Node.B (two-sided: one to one)
    {
      name: 'Node.a -> Node.B',
      // finds something as long as there is anything to do
      pending: [
        { find: 'nodes', filter: { B: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'nodes',
          pipeline: [
            { $match: { a: { $type: 'objectId' } } },
            { $group: { _id: '$a', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'nodes', localField: '_id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                holders: 1,
                named: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $setIntersection: [
                        {
                          $filter: {
                            input: { $cond: [{ $isArray: ['$$other.B'] }, '$$other.B', ['$$other.B']] },
                            cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                          },
                        },
                        '$holders',
                      ],
                    },
                  },
                },
              },
            },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'Node.a -> Node.B: documents with something in nodes.B that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { B: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$B'],
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
          says: 'Node.a -> Node.B: documents of nodes whose own _id is no ObjectId have links in B. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { B: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$B'] }, '$B', ['$B']] },
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
          says: 'Node.a -> Node.B: documents with something in nodes.a that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$a'],
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
          says: 'Node.a -> Node.B: documents of nodes whose own _id is no ObjectId have links in a. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { a: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] },
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
          says: 'Node.a -> Node.B: links that only nodes.B has would be lost. Add them to nodes.a, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Node.a -> Node.B: links in nodes.B that nodes.a contradicts. The old Keystone leaves such stale links behind. nodes.a decides',
          stops: false,
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
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Node.a -> Node.B: links that only nodes.a has. The new Keystone shows them from both sides',
          stops: false,
          run: {
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.a -> Node.B: documents that several documents hold in nodes.a, and whose own nodes.B names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { a: { $type: 'objectId' } } },
              { $group: { _id: '$a', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'nodes', localField: '_id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  holders: 1,
                  named: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $setIntersection: [
                          {
                            $filter: {
                              input: { $cond: [{ $isArray: ['$$other.B'] }, '$$other.B', ['$$other.B']] },
                              cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                            },
                          },
                          '$holders',
                        ],
                      },
                    },
                  },
                },
              },
              { $match: { named: [] } },
            ],
          },
        },
      ],
      copies: [],
      counts: [],
      // of links that are kept
      repairs: [
        {
          says: 'Node.a -> Node.B: documents that are released in nodes.a, because another one holds the same',
          collection: 'nodes',
          field: 'a',
          how: 'release',
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { a: { $type: 'objectId' } } },
              { $group: { _id: '$a', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'nodes', localField: '_id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  holders: 1,
                  named: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $setIntersection: [
                          {
                            $filter: {
                              input: { $cond: [{ $isArray: ['$$other.B'] }, '$$other.B', ['$$other.B']] },
                              cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                            },
                          },
                          '$holders',
                        ],
                      },
                    },
                  },
                },
              },
              { $match: { named: { $ne: [] } } },
              { $project: { holders: 1, keeps: { $cond: [{ $eq: ['$named', []] }, { $max: '$holders' }, { $arrayElemAt: ['$named', 0] }] } } },
              { $unwind: '$holders' },
              { $match: { $expr: { $ne: ['$holders', '$keeps'] } } },
              { $project: { _id: '$holders' } },
            ],
          },
        },
      ],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Node.a -> Node.B: links that only nodes.B has would be lost. Add them to nodes.a, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'nodes', index: { B: 1 } },
      ],
      removals: [
        { update: 'nodes', updates: [{ q: { B: { $exists: true } }, u: { $unset: { B: 1 } }, multi: true }] },
      ],
    },
    // Node.link_to -> Node.link2 (two-sided: one to one)
    {
      name: 'Node.link_to -> Node.link2',
      // finds something as long as there is anything to do
      pending: [
        { find: 'nodes', filter: { link2: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        {
          aggregate: 'nodes',
          pipeline: [
            { $match: { link_to: { $type: 'objectId' } } },
            { $group: { _id: '$link_to', holders: { $push: '$_id' } } },
            { $match: { 'holders.1': { $exists: true } } },
            { $lookup: { from: 'nodes', localField: '_id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                holders: 1,
                named: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $setIntersection: [
                        {
                          $filter: {
                            input: { $cond: [{ $isArray: ['$$other.link2'] }, '$$other.link2', ['$$other.link2']] },
                            cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                          },
                        },
                        '$holders',
                      ],
                    },
                  },
                },
              },
            },
            { $limit: 1 },
          ],
        },
      ],
      // before anything changes
      checks: [
        {
          says: 'Node.link_to -> Node.link2: documents with something in nodes.link2 that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link2: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$link2'],
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
          says: 'Node.link_to -> Node.link2: documents of nodes whose own _id is no ObjectId have links in link2. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link2: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$link2'] }, '$link2', ['$link2']] },
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
          says: 'Node.link_to -> Node.link2: documents with something in nodes.link_to that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link_to: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: ['$link_to'],
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
          says: 'Node.link_to -> Node.link2: documents of nodes whose own _id is no ObjectId have links in link_to. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link_to: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$link_to'] }, '$link_to', ['$link_to']] },
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
          says: 'Node.link_to -> Node.link2: links that only nodes.link2 has would be lost. Add them to nodes.link_to, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Node.link_to -> Node.link2: links in nodes.link2 that nodes.link_to contradicts. The old Keystone leaves such stale links behind. nodes.link_to decides',
          stops: false,
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
              { $match: { back: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Node.link_to -> Node.link2: links that only nodes.link_to has. The new Keystone shows them from both sides',
          stops: false,
          run: {
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.link_to -> Node.link2: documents that several documents hold in nodes.link_to, and whose own nodes.link2 names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link_to: { $type: 'objectId' } } },
              { $group: { _id: '$link_to', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'nodes', localField: '_id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  holders: 1,
                  named: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $setIntersection: [
                          {
                            $filter: {
                              input: { $cond: [{ $isArray: ['$$other.link2'] }, '$$other.link2', ['$$other.link2']] },
                              cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                            },
                          },
                          '$holders',
                        ],
                      },
                    },
                  },
                },
              },
              { $match: { named: [] } },
            ],
          },
        },
      ],
      copies: [],
      counts: [],
      // of links that are kept
      repairs: [
        {
          says: 'Node.link_to -> Node.link2: documents that are released in nodes.link_to, because another one holds the same',
          collection: 'nodes',
          field: 'link_to',
          how: 'release',
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { link_to: { $type: 'objectId' } } },
              { $group: { _id: '$link_to', holders: { $push: '$_id' } } },
              { $match: { 'holders.1': { $exists: true } } },
              { $lookup: { from: 'nodes', localField: '_id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  holders: 1,
                  named: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $setIntersection: [
                          {
                            $filter: {
                              input: { $cond: [{ $isArray: ['$$other.link2'] }, '$$other.link2', ['$$other.link2']] },
                              cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                            },
                          },
                          '$holders',
                        ],
                      },
                    },
                  },
                },
              },
              { $match: { named: { $ne: [] } } },
              { $project: { holders: 1, keeps: { $cond: [{ $eq: ['$named', []] }, { $max: '$holders' }, { $arrayElemAt: ['$named', 0] }] } } },
              { $unwind: '$holders' },
              { $match: { $expr: { $ne: ['$holders', '$keeps'] } } },
              { $project: { _id: '$holders' } },
            ],
          },
        },
      ],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Node.link_to -> Node.link2: links that only nodes.link2 has would be lost. Add them to nodes.link_to, or remove them, or use --reconcile, which adopts them',
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
              { $match: { back: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { dropIndexes: 'nodes', index: { link2: 1 } },
      ],
      removals: [
        { update: 'nodes', updates: [{ q: { link2: { $exists: true } }, u: { $unset: { link2: 1 } }, multi: true }] },
      ],
    },
    // Node.Next -> Node.next_of (two-sided: many to many)
    {
      name: 'Node.Next -> Node.next_of',
      // finds something as long as there is anything to do
      pending: [
        { find: 'nodes', filter: { Next: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'nodes', filter: { next_of: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Node.Next -> Node.next_of: documents with something in nodes.Next that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] },
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
          says: 'Node.Next -> Node.next_of: documents of nodes whose own _id is no ObjectId have links in Next. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] },
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
          says: 'Node.Next -> Node.next_of: documents with nulls or duplicates in nodes.Next, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$Next'] }, { $in: [{ $type: '$Next' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$Next'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: ids in nodes.Next of documents that nodes does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: documents with something in nodes.next_of that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { next_of: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] },
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
          says: 'Node.Next -> Node.next_of: documents of nodes whose own _id is no ObjectId have links in next_of. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { next_of: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] },
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
          says: 'Node.Next -> Node.next_of: documents with nulls or duplicates in nodes.next_of, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { next_of: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$next_of'] }, { $in: [{ $type: '$next_of' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$next_of'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: ids in nodes.next_of of documents that nodes does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { next_of: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: links that only nodes.Next has, and nodes.next_of has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                          input: { $cond: [{ $isArray: ['$$other.next_of'] }, '$$other.next_of', ['$$other.next_of']] },
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
        {
          says: 'Node.Next -> Node.next_of: links that only nodes.next_of has, and nodes.Next has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { next_of: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$next_of'] }, '$next_of', ['$next_of']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
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
          into: 'node_next_node_next_ofs',
          indexes: ['Node_left_id', 'Node_right_id'],
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Node_right_id' },
            ],
          },
          count: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { Next: { $exists: true } } },
              {
                $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$Next'] }, '$Next', ['$Next']] }, [null]] } } } },
              },
            ],
          },
        },
      ],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Node.Next -> Node.next_of: links in nodes.Next that node_next_node_next_ofs does not have, so they came after it was made: was the application running? Add them there, or remove them from nodes.Next',
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
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.Next -> Node.next_of: links in nodes.next_of that node_next_node_next_ofs does not have, so they came after it was made: was the application running? Add them there, or remove them from nodes.next_of',
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
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'node_next_node_next_ofs', indexes: [{ key: { Node_left_id: 1 }, name: 'Node_left_id_1', background: true }] },
        { createIndexes: 'node_next_node_next_ofs', indexes: [{ key: { Node_right_id: 1 }, name: 'Node_right_id_1', background: true }] },
        { dropIndexes: 'nodes', index: { Next: 1 } },
        { dropIndexes: 'nodes', index: { next_of: 1 } },
      ],
      removals: [
        { update: 'nodes', updates: [{ q: { Next: { $exists: true } }, u: { $unset: { Next: 1 } }, multi: true }] },
        { update: 'nodes', updates: [{ q: { next_of: { $exists: true } }, u: { $unset: { next_of: 1 } }, multi: true }] },
      ],
    },
    // Node.ab -> Node.aB (two-sided: many to many)
    {
      name: 'Node.ab -> Node.aB',
      // finds something as long as there is anything to do
      pending: [
        { find: 'nodes', filter: { ab: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
        { find: 'nodes', filter: { aB: { $exists: true } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Node.ab -> Node.aB: documents with something in nodes.ab that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] },
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
          says: 'Node.ab -> Node.aB: documents of nodes whose own _id is no ObjectId have links in ab. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] },
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
          says: 'Node.ab -> Node.aB: documents with nulls or duplicates in nodes.ab, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$ab'] }, { $in: [{ $type: '$ab' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$ab'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: ids in nodes.ab of documents that nodes does not have. No Keystone shows them. They are copied as they are',
          stops: false,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: documents with something in nodes.aB that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { aB: { $exists: true } } },
              {
                $project: {
                  wrong: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] },
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
          says: 'Node.ab -> Node.aB: documents of nodes whose own _id is no ObjectId have links in aB. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { aB: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
              {
                $project: {
                  type: { $type: '$_id' },
                  links: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] },
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
          says: 'Node.ab -> Node.aB: documents with nulls or duplicates in nodes.aB, or with a lone value in place of an array. Each link is copied once, nulls are left out',
          stops: false,
          sums: ['nulls', 'duplicates', 'lone'],
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { aB: { $exists: true } } },
              {
                $project: {
                  all: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] },
                  lone: { $cond: [{ $or: [{ $isArray: ['$aB'] }, { $in: [{ $type: '$aB' }, ['missing', 'null', 'undefined']] }] }, 0, 1] },
                  array: { $cond: [{ $isArray: ['$aB'] }, 1, 0] },
                },
              },
              {
                $project: {
                  all: 1,
                  lone: 1,
                  array: 1,
                  links: { $filter: { input: '$all', cond: { $not: [{ $in: [{ $type: '$$this' }, ['missing', 'null', 'undefined']] }] } } },
                },
              },
              {
                $project: {
                  lone: 1,
                  nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
                  duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
                },
              },
              { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: ids in nodes.aB of documents that nodes does not have. No Keystone shows them. They go with the field',
          stops: false,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { aB: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: [] } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: links that only nodes.ab has, and nodes.aB has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
        {
          says: 'Node.ab -> Node.aB: links that only nodes.aB has, and nodes.ab has not. Bring both sides into agreement, or use --reconcile, which takes the links of both',
          stops: true,
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { aB: { $exists: true } } },
              {
                $project: { id: { $filter: { input: { $cond: [{ $isArray: ['$aB'] }, '$aB', ['$aB']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
          into: 'node_ab_node_abs',
          indexes: ['Node_left_id', 'Node_right_id'],
          run: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
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
                  __v: { $literal: 0 },
                },
              },
              { $unwind: '$Node_right_id' },
            ],
          },
          count: {
            aggregate: 'nodes',
            pipeline: [
              { $match: { ab: { $exists: true } } },
              { $group: { _id: null, n: { $sum: { $size: { $setDifference: [{ $cond: [{ $isArray: ['$ab'] }, '$ab', ['$ab']] }, [null]] } } } } },
            ],
          },
        },
      ],
      counts: [],
      repairs: [],
      leftovers: [],
      // in place of the checks, when going on with removals
      guards: [
        {
          says: 'Node.ab -> Node.aB: links in nodes.ab that node_ab_node_abs does not have, so they came after it was made: was the application running? Add them there, or remove them from nodes.ab',
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
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Node.ab -> Node.aB: links in nodes.aB that node_ab_node_abs does not have, so they came after it was made: was the application running? Add them there, or remove them from nodes.aB',
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
              { $lookup: { from: 'nodes', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      // whether or not there are links
      ensures: [
        { createIndexes: 'node_ab_node_abs', indexes: [{ key: { Node_left_id: 1 }, name: 'Node_left_id_1', background: true }] },
        { createIndexes: 'node_ab_node_abs', indexes: [{ key: { Node_right_id: 1 }, name: 'Node_right_id_1', background: true }] },
        { dropIndexes: 'nodes', index: { ab: 1 } },
        { dropIndexes: 'nodes', index: { aB: 1 } },
      ],
      removals: [
        { update: 'nodes', updates: [{ q: { ab: { $exists: true } }, u: { $unset: { ab: 1 } }, multi: true }] },
        { update: 'nodes', updates: [{ q: { aB: { $exists: true } }, u: { $unset: { aB: 1 } }, multi: true }] },
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
