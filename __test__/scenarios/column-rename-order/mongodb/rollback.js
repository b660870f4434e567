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
  plan: 'e4626c7af713127b',
  relationships: [
    // Post.a -> Tag (one-sided: many to many)
    {
      name: 'Post.a -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_a_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.a -> Tag: posts.a holds links that post_a_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a: { $exists: true } } },
              {
                $project: { ids: { $filter: { input: { $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } } },
              },
              { $lookup: { from: 'post_a_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { a: { $exists: false } }, u: { $set: { a: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_a_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', a: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.a -> Tag: posts.a does not hold all links of post_a_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_a_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$a'] }, '$a', ['$a']] }, []] } } } } }],
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
        { drop: 'post_a_manies' },
      ],
    },
    // Post.a_many -> Post_left (one-sided: many to many)
    {
      name: 'Post.a_many -> Post_left',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_a_many_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.a_many -> Post_left: posts.a_many holds links that post_a_many_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { a_many: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_a_many_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { a_many: { $exists: false } }, u: { $set: { a_many: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_a_many_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Post_left_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Post_left_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', a_many: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.a_many -> Post_left: posts.a_many does not hold all links of post_a_many_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_a_many_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Post_left_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Post_left_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$a_many'] }, '$a_many', ['$a_many']] }, []] } } } },
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
        { drop: 'post_a_many_manies' },
      ],
    },
    // Post.sides -> Post_left.posts (two-sided: many to many)
    {
      name: 'Post.sides -> Post_left.posts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_sides_post_left_posts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.sides -> Post_left.posts: posts.sides holds links that post_sides_post_left_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { sides: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$sides'] }, '$sides', ['$sides']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_sides_post_left_posts', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.sides -> Post_left.posts: post_lefts.posts holds links that post_sides_post_left_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'post_lefts',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_sides_post_left_posts', localField: '_id', foreignField: 'Post_left_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { sides: { $exists: false } }, u: { $set: { sides: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_sides_post_left_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Post_left_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Post_left_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', sides: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'post_lefts', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_sides_post_left_posts',
            pipeline: [
              { $match: { Post_left_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'post_lefts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.sides -> Post_left.posts: posts.sides does not hold all links of post_sides_post_left_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_sides_post_left_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Post_left_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Post_left_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$sides'] }, '$sides', ['$sides']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Post.sides -> Post_left.posts: post_lefts.posts does not hold all links of post_sides_post_left_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_sides_post_left_posts',
            pipeline: [
              { $match: { Post_left_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_right_id', id: '$Post_left_id' } },
              { $lookup: { from: 'post_lefts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'post_lefts',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, []] } } } } }],
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
        { drop: 'post_sides_post_left_posts' },
      ],
    },
    // Tag_right.tags -> Tag (one-sided: many to many)
    {
      name: 'Tag_right.tags -> Tag',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'tag_right_tags_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Tag_right.tags -> Tag: tag_rights.tags holds links that tag_right_tags_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'tag_rights',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $lookup: { from: 'tag_right_tags_manies', localField: '_id', foreignField: 'Tag_right_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'tag_rights', updates: [{ q: { tags: { $exists: false } }, u: { $set: { tags: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'tag_right_tags_manies',
            pipeline: [
              { $match: { Tag_right_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Tag_right_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', tags: { $push: '$id' } } },
              { $merge: { into: 'tag_rights', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Tag_right.tags -> Tag: tag_rights.tags does not hold all links of tag_right_tags_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'tag_right_tags_manies',
            pipeline: [
              { $match: { Tag_right_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Tag_right_left_id', id: '$Tag_right_id' } },
              { $lookup: { from: 'tag_rights', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'tag_rights',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, []] } } } } }],
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
        { drop: 'tag_right_tags_manies' },
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
