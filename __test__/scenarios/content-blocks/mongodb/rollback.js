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
  plan: 'fc0399e161ee9f54',
  relationships: [
    // _ContentType_Post_body.from -> Post.body (two-sided: one to one)
    {
      name: '_ContentType_Post_body.from -> Post.body',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: '_contenttype_post_bodies',
          pipeline: [
            { $match: { from: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$from'] }, '$from', ['$from']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
              },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'posts', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.body'] }, '$$other.body', ['$$other.body']] },
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
          says: '_ContentType_Post_body.from -> Post.body: posts.body holds links that _contenttype_post_bodies.from does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { body: { $exists: true } } },
              {
                $project: {
                  id: { $filter: { input: { $cond: [{ $isArray: ['$body'] }, '$body', ['$body']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: '_contenttype_post_bodies', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.from'] }, '$$other.from', ['$$other.from']] },
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
            aggregate: '_contenttype_post_bodies',
            pipeline: [
              { $match: { from: { $type: 'objectId' } } },
              { $project: { own: '$from', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', body: { $max: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: '_ContentType_Post_body.from -> Post.body: posts.body does not hold all links of _contenttype_post_bodies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: '_contenttype_post_bodies',
            pipeline: [
              { $match: { from: { $type: 'objectId' } } },
              { $project: { own: '$from', id: '$_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.body' }, 'objectId'] } } }],
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
    // _Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds (two-sided: one to many)
    {
      name: '_Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds',
      // finds something as long as there is anything to do
      pending: [
        { find: '_contenttype_post_bodies', filter: { oEmbeds: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: '_Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds: _contenttype_post_bodies.oEmbeds holds links that _block_post_oembeds.from does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: '_contenttype_post_bodies',
            pipeline: [
              { $match: { oEmbeds: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$oEmbeds'] }, '$oEmbeds', ['$oEmbeds']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: '_block_post_oembeds', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.from'] }, '$$other.from', ['$$other.from']] },
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
        { run: { update: '_contenttype_post_bodies', updates: [{ q: { oEmbeds: { $exists: false } }, u: { $set: { oEmbeds: [] } }, multi: true }] } },
        {
          run: {
            aggregate: '_block_post_oembeds',
            pipeline: [
              { $match: { from: { $type: 'objectId' } } },
              { $project: { own: '$from', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', oEmbeds: { $push: '$id' } } },
              { $merge: { into: '_contenttype_post_bodies', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: '_Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds: _contenttype_post_bodies.oEmbeds does not hold all links of _block_post_oembeds. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: '_block_post_oembeds',
            pipeline: [
              { $match: { from: { $type: 'objectId' } } },
              { $project: { own: '$from', id: '$_id' } },
              { $lookup: { from: '_contenttype_post_bodies', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: '_contenttype_post_bodies',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$oEmbeds'] }, '$oEmbeds', ['$oEmbeds']] }, []] } } } },
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
