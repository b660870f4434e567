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
  plan: '982d1bd979f60e7f',
  relationships: [
    // Post.author -> User.posts (two-sided: one to many)
    {
      name: 'Post.author -> User.posts',
      // finds something as long as there is anything to do
      pending: [
        { find: 'users', filter: { posts: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.author -> User.posts: users.posts holds links that posts.author does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
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
                          input: { $cond: [{ $isArray: ['$$other.author'] }, '$$other.author', ['$$other.author']] },
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
        { run: { update: 'users', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
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
          says: 'Post.author -> User.posts: users.posts does not hold all links of posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
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
      removals: [],
    },
    // Post.editors -> User.editedPosts (two-sided: many to many)
    {
      name: 'Post.editors -> User.editedPosts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_editors_user_editedposts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.editors -> User.editedPosts: posts.editors holds links that post_editors_user_editedposts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { editors: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_editors_user_editedposts', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Post.editors -> User.editedPosts: users.editedPosts holds links that post_editors_user_editedposts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { editedPosts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$editedPosts'] }, '$editedPosts', ['$editedPosts']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'post_editors_user_editedposts', localField: '_id', foreignField: 'User_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { editors: { $exists: false } }, u: { $set: { editors: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_editors_user_editedposts',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', editors: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'users', updates: [{ q: { editedPosts: { $exists: false } }, u: { $set: { editedPosts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_editors_user_editedposts',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', editedPosts: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.editors -> User.editedPosts: posts.editors does not hold all links of post_editors_user_editedposts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_editors_user_editedposts',
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
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] }, []] } } } },
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
          says: 'Post.editors -> User.editedPosts: users.editedPosts does not hold all links of post_editors_user_editedposts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_editors_user_editedposts',
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
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$editedPosts'] }, '$editedPosts', ['$editedPosts']] }, []] } } },
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
        { drop: 'post_editors_user_editedposts' },
      ],
    },
    // Profile.user -> User.profile (two-sided: one to one)
    {
      name: 'Profile.user -> User.profile',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'profiles',
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
          says: 'Profile.user -> User.profile: users.profile holds links that profiles.user does not have. They would be overwritten: is the database in the old schema already?',
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
              { $lookup: { from: 'profiles', localField: 'id', foreignField: '_id', as: 'other' } },
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
            aggregate: 'profiles',
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
          says: 'Profile.user -> User.profile: users.profile does not hold all links of profiles. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'profiles',
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
    // Comment.author -> User.comments (two-sided: one to many)
    {
      name: 'Comment.author -> User.comments',
      // finds something as long as there is anything to do
      pending: [
        { find: 'users', filter: { comments: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Comment.author -> User.comments: users.comments holds links that comments.author does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { comments: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'comments', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.author'] }, '$$other.author', ['$$other.author']] },
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
        { run: { update: 'users', updates: [{ q: { comments: { $exists: false } }, u: { $set: { comments: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', comments: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Comment.author -> User.comments: users.comments does not hold all links of comments. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
              { $lookup: { from: 'users', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'users',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] }, []] } } } },
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
    // User.followers -> User.following (two-sided: many to many)
    {
      name: 'User.followers -> User.following',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'user_followers_user_followings' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'User.followers -> User.following: users.followers holds links that user_followers_user_followings does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { followers: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$followers'] }, '$followers', ['$followers']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'user_followers_user_followings', localField: '_id', foreignField: 'User_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'User.followers -> User.following: users.following holds links that user_followers_user_followings does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { following: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$following'] }, '$following', ['$following']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'user_followers_user_followings', localField: '_id', foreignField: 'User_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'users', updates: [{ q: { followers: { $exists: false } }, u: { $set: { followers: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'user_followers_user_followings',
            pipeline: [
              { $match: { User_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$User_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', followers: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'users', updates: [{ q: { following: { $exists: false } }, u: { $set: { following: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'user_followers_user_followings',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, User_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$User_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', following: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'User.followers -> User.following: users.followers does not hold all links of user_followers_user_followings. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'user_followers_user_followings',
            pipeline: [
              { $match: { User_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$User_left_id', id: '$User_right_id' } },
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
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$followers'] }, '$followers', ['$followers']] }, []] } } },
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
        {
          says: 'User.followers -> User.following: users.following does not hold all links of user_followers_user_followings. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'user_followers_user_followings',
            pipeline: [
              { $match: { User_right_id: { $type: 'objectId' }, User_left_id: { $type: 'objectId' } } },
              { $project: { own: '$User_right_id', id: '$User_left_id' } },
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
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$following'] }, '$following', ['$following']] }, []] } } },
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
        { drop: 'user_followers_user_followings' },
      ],
    },
    // User.bookmarks -> Post (one-sided: many to many)
    {
      name: 'User.bookmarks -> Post',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'user_bookmarks_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'User.bookmarks -> Post: users.bookmarks holds links that user_bookmarks_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'users',
            pipeline: [
              { $match: { bookmarks: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$bookmarks'] }, '$bookmarks', ['$bookmarks']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'user_bookmarks_manies', localField: '_id', foreignField: 'User_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'users', updates: [{ q: { bookmarks: { $exists: false } }, u: { $set: { bookmarks: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'user_bookmarks_manies',
            pipeline: [
              { $match: { User_left_id: { $type: 'objectId' }, Post_right_id: { $type: 'objectId' } } },
              { $project: { own: '$User_left_id', id: '$Post_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', bookmarks: { $push: '$id' } } },
              { $merge: { into: 'users', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'User.bookmarks -> Post: users.bookmarks does not hold all links of user_bookmarks_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'user_bookmarks_manies',
            pipeline: [
              { $match: { User_left_id: { $type: 'objectId' }, Post_right_id: { $type: 'objectId' } } },
              { $project: { own: '$User_left_id', id: '$Post_right_id' } },
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
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$bookmarks'] }, '$bookmarks', ['$bookmarks']] }, []] } } },
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
        { drop: 'user_bookmarks_manies' },
      ],
    },
    // Category.posts -> Post.categories (two-sided: many to many)
    {
      name: 'Category.posts -> Post.categories',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'category_posts_post_categories' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Category.posts -> Post.categories: categories.posts holds links that category_posts_post_categories does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { posts: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'category_posts_post_categories', localField: '_id', foreignField: 'Category_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'Category.posts -> Post.categories: posts.categories holds links that category_posts_post_categories does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { categories: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: {
                      input: { $cond: [{ $isArray: ['$categories'] }, '$categories', ['$categories']] },
                      cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                    },
                  },
                },
              },
              { $lookup: { from: 'category_posts_post_categories', localField: '_id', foreignField: 'Post_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Category_left_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'categories', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'category_posts_post_categories',
            pipeline: [
              { $match: { Category_left_id: { $type: 'objectId' }, Post_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Category_left_id', id: '$Post_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'categories', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
        { run: { update: 'posts', updates: [{ q: { categories: { $exists: false } }, u: { $set: { categories: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'category_posts_post_categories',
            pipeline: [
              { $match: { Post_right_id: { $type: 'objectId' }, Category_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_right_id', id: '$Category_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', categories: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Category.posts -> Post.categories: categories.posts does not hold all links of category_posts_post_categories. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'category_posts_post_categories',
            pipeline: [
              { $match: { Category_left_id: { $type: 'objectId' }, Post_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Category_left_id', id: '$Post_right_id' } },
              { $lookup: { from: 'categories', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'categories',
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
        {
          says: 'Category.posts -> Post.categories: posts.categories does not hold all links of category_posts_post_categories. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'category_posts_post_categories',
            pipeline: [
              { $match: { Post_right_id: { $type: 'objectId' }, Category_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_right_id', id: '$Category_left_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [
                    {
                      $group: {
                        _id: null,
                        n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$categories'] }, '$categories', ['$categories']] }, []] } } },
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
        { drop: 'category_posts_post_categories' },
      ],
    },
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
          says: 'Post.tags -> Tag.posts: tags.posts holds links that post_tags_tag_posts does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'tags',
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
        { run: { update: 'tags', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { Tag_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Tag_right_id', id: '$Post_left_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'tags', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
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
          says: 'Post.tags -> Tag.posts: tags.posts does not hold all links of post_tags_tag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { Tag_right_id: { $type: 'objectId' }, Post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$Tag_right_id', id: '$Post_left_id' } },
              { $lookup: { from: 'tags', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'tags',
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
    // Image.coverOf -> Post.cover (two-sided: one to one)
    {
      name: 'Image.coverOf -> Post.cover',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'images',
          pipeline: [
            { $match: { coverOf: { $exists: true } } },
            {
              $project: {
                id: {
                  $filter: { input: { $cond: [{ $isArray: ['$coverOf'] }, '$coverOf', ['$coverOf']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                },
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
          says: 'Image.coverOf -> Post.cover: posts.cover holds links that images.coverOf does not have. They would be overwritten: is the database in the old schema already?',
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
              { $lookup: { from: 'images', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.coverOf'] }, '$$other.coverOf', ['$$other.coverOf']] },
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
            aggregate: 'images',
            pipeline: [
              { $match: { coverOf: { $type: 'objectId' } } },
              { $project: { own: '$coverOf', id: '$_id' } },
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
          says: 'Image.coverOf -> Post.cover: posts.cover does not hold all links of images. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'images',
            pipeline: [
              { $match: { coverOf: { $type: 'objectId' } } },
              { $project: { own: '$coverOf', id: '$_id' } },
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
    // Post.gallery -> Image (one-sided: many to many)
    {
      name: 'Post.gallery -> Image',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_gallery_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.gallery -> Image: posts.gallery holds links that post_gallery_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { gallery: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$gallery'] }, '$gallery', ['$gallery']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_gallery_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Image_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { gallery: { $exists: false } }, u: { $set: { gallery: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_gallery_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Image_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Image_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', gallery: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.gallery -> Image: posts.gallery does not hold all links of post_gallery_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_gallery_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Image_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Image_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$gallery'] }, '$gallery', ['$gallery']] }, []] } } } },
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
        { drop: 'post_gallery_manies' },
      ],
    },
    // Post.related -> Post (one-sided: many to many)
    {
      name: 'Post.related -> Post',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_related_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Post.related -> Post: posts.related holds links that post_related_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { related: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$related'] }, '$related', ['$related']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'post_related_manies', localField: '_id', foreignField: 'Post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Post_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { related: { $exists: false } }, u: { $set: { related: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_related_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Post_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Post_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', related: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.related -> Post: posts.related does not hold all links of post_related_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_related_manies',
            pipeline: [
              { $match: { Post_left_id: { $type: 'objectId' }, Post_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Post_left_id', id: '$Post_right_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$related'] }, '$related', ['$related']] }, []] } } } },
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
        { drop: 'post_related_manies' },
      ],
    },
    // Comment.post -> Post.comments (two-sided: one to many)
    {
      name: 'Comment.post -> Post.comments',
      // finds something as long as there is anything to do
      pending: [
        { find: 'posts', filter: { comments: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Comment.post -> Post.comments: posts.comments holds links that comments.post does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { comments: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'comments', localField: 'id', foreignField: '_id', as: 'other' } },
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
        { run: { update: 'posts', updates: [{ q: { comments: { $exists: false } }, u: { $set: { comments: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { post: { $type: 'objectId' } } },
              { $project: { own: '$post', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', comments: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Comment.post -> Post.comments: posts.comments does not hold all links of comments. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { post: { $type: 'objectId' } } },
              { $project: { own: '$post', id: '$_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'posts',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] }, []] } } } },
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
    // Post.next -> Post.previous (two-sided: one to one)
    {
      name: 'Post.next -> Post.previous',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'posts',
          pipeline: [
            { $match: { next: { $exists: true } } },
            {
              $project: {
                id: { $filter: { input: { $cond: [{ $isArray: ['$next'] }, '$next', ['$next']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } } },
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
                        input: { $cond: [{ $isArray: ['$$other.previous'] }, '$$other.previous', ['$$other.previous']] },
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
          says: 'Post.next -> Post.previous: posts.previous holds links that posts.next does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { previous: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$previous'] }, '$previous', ['$previous']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
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
                          input: { $cond: [{ $isArray: ['$$other.next'] }, '$$other.next', ['$$other.next']] },
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
            aggregate: 'posts',
            pipeline: [
              { $match: { next: { $type: 'objectId' } } },
              { $project: { own: '$next', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', previous: { $max: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Post.next -> Post.previous: posts.previous does not hold all links of posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { next: { $type: 'objectId' } } },
              { $project: { own: '$next', id: '$_id' } },
              { $lookup: { from: 'posts', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [
                      {
                        $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.previous' }, 'objectId'] } },
                      },
                    ],
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
    // Category.children -> Category.parent (two-sided: one to many)
    {
      name: 'Category.children -> Category.parent',
      // finds something as long as there is anything to do
      pending: [
        { find: 'categories', filter: { children: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Category.children -> Category.parent: categories.children holds links that categories.parent does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { children: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'categories', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.parent'] }, '$$other.parent', ['$$other.parent']] },
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
        { run: { update: 'categories', updates: [{ q: { children: { $exists: false } }, u: { $set: { children: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { parent: { $type: 'objectId' } } },
              { $project: { own: '$parent', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', children: { $push: '$id' } } },
              { $merge: { into: 'categories', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Category.children -> Category.parent: categories.children does not hold all links of categories. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'categories',
            pipeline: [
              { $match: { parent: { $type: 'objectId' } } },
              { $project: { own: '$parent', id: '$_id' } },
              { $lookup: { from: 'categories', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'categories',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] }, []] } } } },
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
    // Comment.likedBy -> User (one-sided: many to many)
    {
      name: 'Comment.likedBy -> User',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'comment_likedby_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Comment.likedBy -> User: comments.likedBy holds links that comment_likedby_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { likedBy: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$likedBy'] }, '$likedBy', ['$likedBy']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'comment_likedby_manies', localField: '_id', foreignField: 'Comment_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.User_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'comments', updates: [{ q: { likedBy: { $exists: false } }, u: { $set: { likedBy: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'comment_likedby_manies',
            pipeline: [
              { $match: { Comment_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Comment_left_id', id: '$User_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', likedBy: { $push: '$id' } } },
              { $merge: { into: 'comments', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Comment.likedBy -> User: comments.likedBy does not hold all links of comment_likedby_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'comment_likedby_manies',
            pipeline: [
              { $match: { Comment_left_id: { $type: 'objectId' }, User_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Comment_left_id', id: '$User_right_id' } },
              { $lookup: { from: 'comments', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'comments',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$likedBy'] }, '$likedBy', ['$likedBy']] }, []] } } } },
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
        { drop: 'comment_likedby_manies' },
      ],
    },
    // Comment.replies -> Comment.replyTo (two-sided: one to many)
    {
      name: 'Comment.replies -> Comment.replyTo',
      // finds something as long as there is anything to do
      pending: [
        { find: 'comments', filter: { replies: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Comment.replies -> Comment.replyTo: comments.replies holds links that comments.replyTo does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { replies: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$replies'] }, '$replies', ['$replies']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'comments', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.replyTo'] }, '$$other.replyTo', ['$$other.replyTo']] },
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
        { run: { update: 'comments', updates: [{ q: { replies: { $exists: false } }, u: { $set: { replies: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { replyTo: { $type: 'objectId' } } },
              { $project: { own: '$replyTo', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', replies: { $push: '$id' } } },
              { $merge: { into: 'comments', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Comment.replies -> Comment.replyTo: comments.replies does not hold all links of comments. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'comments',
            pipeline: [
              { $match: { replyTo: { $type: 'objectId' } } },
              { $project: { own: '$replyTo', id: '$_id' } },
              { $lookup: { from: 'comments', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'comments',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$replies'] }, '$replies', ['$replies']] }, []] } } } },
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
