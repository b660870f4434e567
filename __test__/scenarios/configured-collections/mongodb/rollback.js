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
  plan: 'f16084d8a29930b7',
  relationships: [
    // Post.tags -> Tag.posts (two-sided: many to many)
    {
      name: 'Post.tags -> Tag.posts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_tags_tag_posts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.tags -> Tag.posts: posts.tags holds links that post_tags_tag_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { tags: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $lookup: { from: 'post_tags_tag_posts', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.tags -> Tag.posts: old-tags.posts holds links that post_tags_tag_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'old-tags',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_tags_tag_posts', localField: '_id', foreignField: 'Tag_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { tags: { $exists: false } }, u: { $set: { tags: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Tag_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', tags: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'old-tags', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { Tag_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Tag_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'old-tags', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.tags -> Tag.posts: posts.tags does not hold all links of post_tags_tag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_tag_posts',
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
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Post.tags -> Tag.posts: old-tags.posts does not hold all links of post_tags_tag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { Tag_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Tag_right_id', id: '$Post_left_id' } },
              { $lookup: { from: 'old-tags', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'old-tags',
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
        { drop: 'post_tags_tag_posts' },
      ],
    },
    // Image.post -> Post.cover (two-sided: one to one)
    {
      name: 'Image.post -> Post.cover',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'pictures',
          pipeline: [
            { $match: { post: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$post'] }, '$post', ['$post']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                        input: { $cond: [{ $isArray: ['$$other.cover'] }, '$$other.cover', ['$$other.cover']] },
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
          says: 'Image.post -> Post.cover: posts.cover holds links that pictures.post does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { cover: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$cover'] }, '$cover', ['$cover']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'pictures', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.post'] }, '$$other.post', ['$$other.post']] },
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
            aggregate: 'pictures',
            pipeline: [
              { $match: { post: { $type: 'objectId' } } },
              { $project: { own: '$post', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', cover: { $max: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Image.post -> Post.cover: posts.cover does not hold all links of pictures. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'pictures',
            pipeline: [
              { $match: { post: { $type: 'objectId' } } },
              { $project: { own: '$post', id: '$_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.cover' }, 'objectId'] } } }],
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
