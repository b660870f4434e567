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
  plan: 'b0dbec7d13fbdb96',
  relationships: [
    // Post.authors -> User.posts (two-sided: many to many)
    {
      name: 'Post.authors -> User.posts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_authors_user_posts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.authors -> User.posts: posts.authors holds links that post_authors_user_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { authors: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$authors'] }, '$authors', ['$authors']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_authors_user_posts', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.authors -> User.posts: users.posts holds links that post_authors_user_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_authors_user_posts', localField: '_id', foreignField: 'User_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { authors: { $exists: false } }, u: { $set: { authors: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_authors_user_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', authors: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'users', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_authors_user_posts',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.authors -> User.posts: posts.authors does not hold all links of post_authors_user_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_authors_user_posts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$User_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
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
        {
          says: 'Post.authors -> User.posts: users.posts does not hold all links of post_authors_user_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_authors_user_posts',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Post_left_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
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
        { drop: 'post_authors_user_posts' },
      ],
    },
    // Avatar.user -> User.profile (two-sided: one to one)
    {
      name: 'Avatar.user -> User.profile',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'avatars',
          pipeline: [
            { $match: { user: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$user'] }, '$user', ['$user']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
              },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'users', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.profile'] }, '$$other.profile', ['$$other.profile']] },
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
          says: 'Avatar.user -> User.profile: users.profile holds links that avatars.user does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { profile: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$profile'] }, '$profile', ['$profile']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'avatars', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.user'] }, '$$other.user', ['$$other.user']] },
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
            aggregate: 'avatars',
            pipeline: [
              { $match: { user: { $type: 'objectId' } } },
              { $project: { own: '$user', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', profile: { $max: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Avatar.user -> User.profile: users.profile does not hold all links of avatars. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'avatars',
            pipeline: [
              { $match: { user: { $type: 'objectId' } } },
              { $project: { own: '$user', id: '$_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [{ $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.profile' }, 'objectId'] } } }],
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
    // Post.fans -> User.favourites (two-sided: many to many)
    {
      name: 'Post.fans -> User.favourites',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_fans_user_favourites' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.fans -> User.favourites: posts.fans holds links that post_fans_user_favourites does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { fans: { $exists: true } } },
              {
                $project: {
                  ids: { $filter: { input: { $cond: [{ $isArray: ['$fans'] }, '$fans', ['$fans']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
                },
              },
              { $lookup: { from: 'post_fans_user_favourites', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.fans -> User.favourites: users.favourites holds links that post_fans_user_favourites does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { favourites: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$favourites'] }, '$favourites', ['$favourites']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'post_fans_user_favourites', localField: '_id', foreignField: 'User_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { fans: { $exists: false } }, u: { $set: { fans: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_fans_user_favourites',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', fans: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'users', updates: [{ q: { favourites: { $exists: false } }, u: { $set: { favourites: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_fans_user_favourites',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', favourites: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.fans -> User.favourites: posts.fans does not hold all links of post_fans_user_favourites. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_fans_user_favourites',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$User_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$fans'] }, '$fans', ['$fans']] }, []] } } } } }],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
        {
          says: 'Post.fans -> User.favourites: users.favourites does not hold all links of post_fans_user_favourites. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_fans_user_favourites',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Post_left_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$favourites'] }, '$favourites', ['$favourites']] }, []] } } },
                      },
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
        { drop: 'post_fans_user_favourites' },
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
