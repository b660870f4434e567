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
// Post.editors -> User.editedPosts (two-sided: many to many)
stopIf(
  'Post.editors -> User.editedPosts: the join collection post_editors_user_editedposts already holds documents, so this migration has been run before. Nothing has been changed',
  'post_editors_user_editedposts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// User.followers -> User.following (two-sided: many to many)
stopIf(
  'User.followers -> User.following: the join collection user_followers_user_followings already holds documents, so this migration has been run before. Nothing has been changed',
  'user_followers_user_followings',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// User.bookmarks -> Post (one-sided: many to many)
stopIf(
  'User.bookmarks -> Post: the join collection user_bookmarks_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'user_bookmarks_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Category.posts -> Post.categories (two-sided: many to many)
stopIf(
  'Category.posts -> Post.categories: the join collection category_posts_post_categories already holds documents, so this migration has been run before. Nothing has been changed',
  'category_posts_post_categories',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.tags -> Tag.posts (two-sided: many to many)
stopIf(
  'Post.tags -> Tag.posts: the join collection post_tags_tag_posts already holds documents, so this migration has been run before. Nothing has been changed',
  'post_tags_tag_posts',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.gallery -> Image (one-sided: many to many)
stopIf(
  'Post.gallery -> Image: the join collection post_gallery_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_gallery_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.related -> Post (one-sided: many to many)
stopIf(
  'Post.related -> Post: the join collection post_related_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'post_related_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Comment.likedBy -> User (one-sided: many to many)
stopIf(
  'Comment.likedBy -> User: the join collection comment_likedby_manies already holds documents, so this migration has been run before. Nothing has been changed',
  'comment_likedby_manies',
  [
    { $project: { _id: 1 } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Post.author -> User.posts (two-sided: one to many)
stopIf(
  'Post.author -> User.posts: links that only users.posts has would be lost. Nothing has been changed. Add them to posts.author, or remove them, then run the script again',
  'users',
  [
    { $match: { posts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Post.author -> User.posts: users.posts has links that posts.author contradicts. The new Keystone reads posts.author; stale links like these are left by the old one',
  'users',
  [
    { $match: { posts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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

// Post.editors -> User.editedPosts (two-sided: many to many)
stopIf(
  'Post.editors -> User.editedPosts: links that only users.editedPosts has would be lost. Nothing has been changed. Add them to posts.editors, or remove them, then run the script again',
  'users',
  [
    { $match: { editedPosts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$editedPosts'] }, '$editedPosts', ['$editedPosts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [{ $isArray: ['$$other.editors'] }, '$$other.editors', ['$$other.editors']],
                },
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
  'Post.editors -> User.editedPosts: links that only posts.editors has, and not users.editedPosts. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'posts',
  [
    { $match: { editors: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
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
                input: {
                  $cond: [
                    { $isArray: ['$$other.editedPosts'] },
                    '$$other.editedPosts',
                    ['$$other.editedPosts'],
                  ],
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

// Profile.user -> User.profile (two-sided: one to one)
stopIf(
  'Profile.user -> User.profile: links that only users.profile has would be lost. Nothing has been changed. Add them to profiles.user, or remove them, then run the script again',
  'users',
  [
    { $match: { profile: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$profile'] }, '$profile', ['$profile']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Profile.user -> User.profile: users.profile has links that profiles.user contradicts. The new Keystone reads profiles.user; stale links like these are left by the old one',
  'users',
  [
    { $match: { profile: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$profile'] }, '$profile', ['$profile']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Profile.user -> User.profile: several documents hold the same id in profiles.user, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'profiles',
  [
    { $match: { user: { $ne: null } } },
    { $group: { _id: '$user', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Comment.author -> User.comments (two-sided: one to many)
stopIf(
  'Comment.author -> User.comments: links that only users.comments has would be lost. Nothing has been changed. Add them to comments.author, or remove them, then run the script again',
  'users',
  [
    { $match: { comments: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Comment.author -> User.comments: users.comments has links that comments.author contradicts. The new Keystone reads comments.author; stale links like these are left by the old one',
  'users',
  [
    { $match: { comments: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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

// User.followers -> User.following (two-sided: many to many)
stopIf(
  'User.followers -> User.following: links that only users.following has would be lost. Nothing has been changed. Add them to users.followers, or remove them, then run the script again',
  'users',
  [
    { $match: { following: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$following'] }, '$following', ['$following']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
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
                input: {
                  $cond: [{ $isArray: ['$$other.followers'] }, '$$other.followers', ['$$other.followers']],
                },
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
  'User.followers -> User.following: links that only users.followers has, and not users.following. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'users',
  [
    { $match: { followers: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$followers'] }, '$followers', ['$followers']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
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
                input: {
                  $cond: [{ $isArray: ['$$other.following'] }, '$$other.following', ['$$other.following']],
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

// Category.posts -> Post.categories (two-sided: many to many)
stopIf(
  'Category.posts -> Post.categories: links that only posts.categories has would be lost. Nothing has been changed. Add them to categories.posts, or remove them, then run the script again',
  'posts',
  [
    { $match: { categories: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$categories'] }, '$categories', ['$categories']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: { $cond: [{ $isArray: ['$$other.posts'] }, '$$other.posts', ['$$other.posts']] },
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
  'Category.posts -> Post.categories: links that only categories.posts has, and not posts.categories. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'categories',
  [
    { $match: { posts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [
                    { $isArray: ['$$other.categories'] },
                    '$$other.categories',
                    ['$$other.categories'],
                  ],
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

// Post.tags -> Tag.posts (two-sided: many to many)
stopIf(
  'Post.tags -> Tag.posts: links that only tags.posts has would be lost. Nothing has been changed. Add them to posts.tags, or remove them, then run the script again',
  'tags',
  [
    { $match: { posts: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: { $cond: [{ $isArray: ['$$other.tags'] }, '$$other.tags', ['$$other.tags']] },
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
  'Post.tags -> Tag.posts: links that only posts.tags has, and not tags.posts. Nothing has been changed. Bring both sides into agreement, then run the script again',
  'posts',
  [
    { $match: { tags: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    { $lookup: { from: 'tags', localField: 'id', foreignField: '_id', as: 'other' } },
    { $match: { other: { $ne: [] } } },
    {
      $project: {
        id: 1,
        back: {
          $let: {
            vars: { other: { $arrayElemAt: ['$other', 0] } },
            in: {
              $filter: {
                input: { $cond: [{ $isArray: ['$$other.posts'] }, '$$other.posts', ['$$other.posts']] },
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

// Image.coverOf -> Post.cover (two-sided: one to one)
stopIf(
  'Image.coverOf -> Post.cover: links that only posts.cover has would be lost. Nothing has been changed. Add them to images.coverOf, or remove them, then run the script again',
  'posts',
  [
    { $match: { cover: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$cover'] }, '$cover', ['$cover']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [{ $isArray: ['$$other.coverOf'] }, '$$other.coverOf', ['$$other.coverOf']],
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
  'Image.coverOf -> Post.cover: posts.cover has links that images.coverOf contradicts. The new Keystone reads images.coverOf; stale links like these are left by the old one',
  'posts',
  [
    { $match: { cover: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$cover'] }, '$cover', ['$cover']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [{ $isArray: ['$$other.coverOf'] }, '$$other.coverOf', ['$$other.coverOf']],
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
  'Image.coverOf -> Post.cover: several documents hold the same id in images.coverOf, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'images',
  [
    { $match: { coverOf: { $ne: null } } },
    { $group: { _id: '$coverOf', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Comment.post -> Post.comments (two-sided: one to many)
stopIf(
  'Comment.post -> Post.comments: links that only posts.comments has would be lost. Nothing has been changed. Add them to comments.post, or remove them, then run the script again',
  'posts',
  [
    { $match: { comments: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Comment.post -> Post.comments: posts.comments has links that comments.post contradicts. The new Keystone reads comments.post; stale links like these are left by the old one',
  'posts',
  [
    { $match: { comments: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$comments'] }, '$comments', ['$comments']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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

// Post.next -> Post.previous (two-sided: one to one)
stopIf(
  'Post.next -> Post.previous: links that only posts.previous has would be lost. Nothing has been changed. Add them to posts.next, or remove them, then run the script again',
  'posts',
  [
    { $match: { previous: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$previous'] }, '$previous', ['$previous']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Post.next -> Post.previous: posts.previous has links that posts.next contradicts. The new Keystone reads posts.next; stale links like these are left by the old one',
  'posts',
  [
    { $match: { previous: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$previous'] }, '$previous', ['$previous']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Post.next -> Post.previous: several documents hold the same id in posts.next, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  'posts',
  [
    { $match: { next: { $ne: null } } },
    { $group: { _id: '$next', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// Category.children -> Category.parent (two-sided: one to many)
stopIf(
  'Category.children -> Category.parent: links that only categories.children has would be lost. Nothing has been changed. Add them to categories.parent, or remove them, then run the script again',
  'categories',
  [
    { $match: { children: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  'Category.children -> Category.parent: categories.children has links that categories.parent contradicts. The new Keystone reads categories.parent; stale links like these are left by the old one',
  'categories',
  [
    { $match: { children: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$children'] }, '$children', ['$children']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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

// Comment.replies -> Comment.replyTo (two-sided: one to many)
stopIf(
  'Comment.replies -> Comment.replyTo: links that only comments.replies has would be lost. Nothing has been changed. Add them to comments.replyTo, or remove them, then run the script again',
  'comments',
  [
    { $match: { replies: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$replies'] }, '$replies', ['$replies']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [{ $isArray: ['$$other.replyTo'] }, '$$other.replyTo', ['$$other.replyTo']],
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
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);
warnIf(
  'Comment.replies -> Comment.replyTo: comments.replies has links that comments.replyTo contradicts. The new Keystone reads comments.replyTo; stale links like these are left by the old one',
  'comments',
  [
    { $match: { replies: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$replies'] }, '$replies', ['$replies']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
                input: {
                  $cond: [{ $isArray: ['$$other.replyTo'] }, '$$other.replyTo', ['$$other.replyTo']],
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
    { $project: { _id: 0, left: '$_id', right: '$id' } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Copies ----
// Post.editors -> User.editedPosts (two-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { editors: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      User_right_id: {
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
  { $unwind: '$User_right_id' },
  { $out: 'post_editors_user_editedposts' },
], { allowDiskUse: true });
db.getCollection('post_editors_user_editedposts').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_editors_user_editedposts').createIndex({ User_right_id: 1 }, { background: true });

// User.followers -> User.following (two-sided: many to many)
db.getCollection('users').aggregate([
  { $match: { followers: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$followers'] }, '$followers', ['$followers']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      User_left_id: '$_id',
      User_right_id: {
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
  { $unwind: '$User_right_id' },
  { $out: 'user_followers_user_followings' },
], { allowDiskUse: true });
db.getCollection('user_followers_user_followings').createIndex({ User_left_id: 1 }, { background: true });
db.getCollection('user_followers_user_followings').createIndex({ User_right_id: 1 }, { background: true });

// User.bookmarks -> Post (one-sided: many to many)
db.getCollection('users').aggregate([
  { $match: { bookmarks: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$bookmarks'] }, '$bookmarks', ['$bookmarks']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      User_left_id: '$_id',
      Post_right_id: {
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
  { $unwind: '$Post_right_id' },
  { $out: 'user_bookmarks_manies' },
], { allowDiskUse: true });
db.getCollection('user_bookmarks_manies').createIndex({ User_left_id: 1 }, { background: true });
db.getCollection('user_bookmarks_manies').createIndex({ Post_right_id: 1 }, { background: true });

// Category.posts -> Post.categories (two-sided: many to many)
db.getCollection('categories').aggregate([
  { $match: { posts: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Category_left_id: '$_id',
      Post_right_id: {
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
  { $unwind: '$Post_right_id' },
  { $out: 'category_posts_post_categories' },
], { allowDiskUse: true });
db.getCollection('category_posts_post_categories').createIndex({ Category_left_id: 1 }, { background: true });
db.getCollection('category_posts_post_categories').createIndex({ Post_right_id: 1 }, { background: true });

// Post.tags -> Tag.posts (two-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { tags: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Tag_right_id: {
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
  { $unwind: '$Tag_right_id' },
  { $out: 'post_tags_tag_posts' },
], { allowDiskUse: true });
db.getCollection('post_tags_tag_posts').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_tags_tag_posts').createIndex({ Tag_right_id: 1 }, { background: true });

// Post.gallery -> Image (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { gallery: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$gallery'] }, '$gallery', ['$gallery']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Image_right_id: {
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
  { $unwind: '$Image_right_id' },
  { $out: 'post_gallery_manies' },
], { allowDiskUse: true });
db.getCollection('post_gallery_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_gallery_manies').createIndex({ Image_right_id: 1 }, { background: true });

// Post.related -> Post (one-sided: many to many)
db.getCollection('posts').aggregate([
  { $match: { related: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$related'] }, '$related', ['$related']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Post_left_id: '$_id',
      Post_right_id: {
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
  { $unwind: '$Post_right_id' },
  { $out: 'post_related_manies' },
], { allowDiskUse: true });
db.getCollection('post_related_manies').createIndex({ Post_left_id: 1 }, { background: true });
db.getCollection('post_related_manies').createIndex({ Post_right_id: 1 }, { background: true });

// Comment.likedBy -> User (one-sided: many to many)
db.getCollection('comments').aggregate([
  { $match: { likedBy: { $exists: true } } },
  {
    $project: {
      ids: {
        $filter: {
          input: { $cond: [{ $isArray: ['$likedBy'] }, '$likedBy', ['$likedBy']] },
          cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
        },
      },
    },
  },
  {
    $project: {
      _id: 0,
      Comment_left_id: '$_id',
      User_right_id: {
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
  { $unwind: '$User_right_id' },
  { $out: 'comment_likedby_manies' },
], { allowDiskUse: true });
db.getCollection('comment_likedby_manies').createIndex({ Comment_left_id: 1 }, { background: true });
db.getCollection('comment_likedby_manies').createIndex({ User_right_id: 1 }, { background: true });

// ---- Counts: nothing is removed before all of them are right ----
// Post.editors -> User.editedPosts (two-sided: many to many)
stopIf(
  'Post.editors -> User.editedPosts: posts.editors and its copy post_editors_user_editedposts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_editors_user_editedposts and run the script again',
  'posts',
  [
    { $match: { editors: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$editors'] }, '$editors', ['$editors']] },
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
        from: 'post_editors_user_editedposts',
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

// User.followers -> User.following (two-sided: many to many)
stopIf(
  'User.followers -> User.following: users.followers and its copy user_followers_user_followings do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop user_followers_user_followings and run the script again',
  'users',
  [
    { $match: { followers: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$followers'] }, '$followers', ['$followers']] },
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
        from: 'user_followers_user_followings',
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

// User.bookmarks -> Post (one-sided: many to many)
stopIf(
  'User.bookmarks -> Post: users.bookmarks and its copy user_bookmarks_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop user_bookmarks_manies and run the script again',
  'users',
  [
    { $match: { bookmarks: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$bookmarks'] }, '$bookmarks', ['$bookmarks']] },
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
        from: 'user_bookmarks_manies',
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

// Category.posts -> Post.categories (two-sided: many to many)
stopIf(
  'Category.posts -> Post.categories: categories.posts and its copy category_posts_post_categories do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop category_posts_post_categories and run the script again',
  'categories',
  [
    { $match: { posts: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$posts'] }, '$posts', ['$posts']] },
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
        from: 'category_posts_post_categories',
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

// Post.tags -> Tag.posts (two-sided: many to many)
stopIf(
  'Post.tags -> Tag.posts: posts.tags and its copy post_tags_tag_posts do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_tags_tag_posts and run the script again',
  'posts',
  [
    { $match: { tags: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$tags'] }, '$tags', ['$tags']] },
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
        from: 'post_tags_tag_posts',
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

// Post.gallery -> Image (one-sided: many to many)
stopIf(
  'Post.gallery -> Image: posts.gallery and its copy post_gallery_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_gallery_manies and run the script again',
  'posts',
  [
    { $match: { gallery: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$gallery'] }, '$gallery', ['$gallery']] },
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
        from: 'post_gallery_manies',
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

// Post.related -> Post (one-sided: many to many)
stopIf(
  'Post.related -> Post: posts.related and its copy post_related_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop post_related_manies and run the script again',
  'posts',
  [
    { $match: { related: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$related'] }, '$related', ['$related']] },
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
        from: 'post_related_manies',
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

// Comment.likedBy -> User (one-sided: many to many)
stopIf(
  'Comment.likedBy -> User: comments.likedBy and its copy comment_likedby_manies do not hold the same number of links. Nothing has been removed. Is the application still writing? Drop comment_likedby_manies and run the script again',
  'comments',
  [
    { $match: { likedBy: { $exists: true } } },
    {
      $group: {
        _id: null,
        links: {
          $sum: {
            $size: {
              $setUnion: [
                {
                  $filter: {
                    input: { $cond: [{ $isArray: ['$likedBy'] }, '$likedBy', ['$likedBy']] },
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
        from: 'comment_likedby_manies',
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
// Post.author -> User.posts (two-sided: one to many)
db.getCollection('users').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });

// Post.editors -> User.editedPosts (two-sided: many to many)
db.getCollection('posts').updateMany({ editors: { $exists: true } }, { $unset: { editors: 1 } });
db.getCollection('users').updateMany({ editedPosts: { $exists: true } }, { $unset: { editedPosts: 1 } });

// Profile.user -> User.profile (two-sided: one to one)
db.getCollection('users').updateMany({ profile: { $exists: true } }, { $unset: { profile: 1 } });

// Comment.author -> User.comments (two-sided: one to many)
db.getCollection('users').updateMany({ comments: { $exists: true } }, { $unset: { comments: 1 } });

// User.followers -> User.following (two-sided: many to many)
db.getCollection('users').updateMany({ followers: { $exists: true } }, { $unset: { followers: 1 } });
db.getCollection('users').updateMany({ following: { $exists: true } }, { $unset: { following: 1 } });

// User.bookmarks -> Post (one-sided: many to many)
db.getCollection('users').updateMany({ bookmarks: { $exists: true } }, { $unset: { bookmarks: 1 } });

// Category.posts -> Post.categories (two-sided: many to many)
db.getCollection('categories').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });
db.getCollection('posts').updateMany({ categories: { $exists: true } }, { $unset: { categories: 1 } });

// Post.tags -> Tag.posts (two-sided: many to many)
db.getCollection('posts').updateMany({ tags: { $exists: true } }, { $unset: { tags: 1 } });
db.getCollection('tags').updateMany({ posts: { $exists: true } }, { $unset: { posts: 1 } });

// Image.coverOf -> Post.cover (two-sided: one to one)
db.getCollection('posts').updateMany({ cover: { $exists: true } }, { $unset: { cover: 1 } });

// Post.gallery -> Image (one-sided: many to many)
db.getCollection('posts').updateMany({ gallery: { $exists: true } }, { $unset: { gallery: 1 } });

// Post.related -> Post (one-sided: many to many)
db.getCollection('posts').updateMany({ related: { $exists: true } }, { $unset: { related: 1 } });

// Comment.post -> Post.comments (two-sided: one to many)
db.getCollection('posts').updateMany({ comments: { $exists: true } }, { $unset: { comments: 1 } });

// Post.next -> Post.previous (two-sided: one to one)
db.getCollection('posts').updateMany({ previous: { $exists: true } }, { $unset: { previous: 1 } });

// Category.children -> Category.parent (two-sided: one to many)
db.getCollection('categories').updateMany({ children: { $exists: true } }, { $unset: { children: 1 } });

// Comment.likedBy -> User (one-sided: many to many)
db.getCollection('comments').updateMany({ likedBy: { $exists: true } }, { $unset: { likedBy: 1 } });

// Comment.replies -> Comment.replyTo (two-sided: one to many)
db.getCollection('comments').updateMany({ replies: { $exists: true } }, { $unset: { replies: 1 } });
