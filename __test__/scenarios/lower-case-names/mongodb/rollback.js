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
  plan: '396862511e069565',
  relationships: [
    // person.posts -> post.author (two-sided: one to many)
    {
      name: 'person.posts -> post.author',
      // finds something as long as there is anything to do
      pending: [
        { find: 'people', filter: { posts: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'person.posts -> post.author: people.posts holds links that posts.author does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'people',
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
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'people', updates: [{ q: { posts: { $exists: false } }, u: { $set: { posts: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', posts: { $push: '$id' } } },
              { $merge: { into: 'people', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'person.posts -> post.author: people.posts does not hold all links of posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'posts',
            pipeline: [
              { $match: { author: { $type: 'objectId' } } },
              { $project: { own: '$author', id: '$_id' } },
              { $lookup: { from: 'people', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'people',
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
    // post.tags -> tag.posts (two-sided: many to many)
    {
      name: 'post.tags -> tag.posts',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_tags_tag_posts' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'post.tags -> tag.posts: posts.tags holds links that post_tags_tag_posts does not have. They would be overwritten: is the database in the old schema already?',
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
              { $lookup: { from: 'post_tags_tag_posts', localField: '_id', foreignField: 'post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.tag_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
        {
          says: 'post.tags -> tag.posts: tags.posts holds links that post_tags_tag_posts does not have. They would be overwritten: is the database in the old schema already?',
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
              { $lookup: { from: 'post_tags_tag_posts', localField: '_id', foreignField: 'tag_right_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.post_left_id' } }] } } },
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
              { $match: { post_left_id: { $type: 'objectId' }, tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$post_left_id', id: '$tag_right_id' } },
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
              { $match: { tag_right_id: { $type: 'objectId' }, post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$tag_right_id', id: '$post_left_id' } },
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
          says: 'post.tags -> tag.posts: posts.tags does not hold all links of post_tags_tag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { post_left_id: { $type: 'objectId' }, tag_right_id: { $type: 'objectId' } } },
              { $project: { own: '$post_left_id', id: '$tag_right_id' } },
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
          says: 'post.tags -> tag.posts: tags.posts does not hold all links of post_tags_tag_posts. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_tags_tag_posts',
            pipeline: [
              { $match: { tag_right_id: { $type: 'objectId' }, post_left_id: { $type: 'objectId' } } },
              { $project: { own: '$tag_right_id', id: '$post_left_id' } },
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
    // post.editors -> person (one-sided: many to many)
    {
      name: 'post.editors -> person',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'post_editors_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'post.editors -> person: posts.editors holds links that post_editors_manies does not have. They would be overwritten: is the database in the old schema already?',
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
              { $lookup: { from: 'post_editors_manies', localField: '_id', foreignField: 'post_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.person_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'posts', updates: [{ q: { editors: { $exists: false } }, u: { $set: { editors: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'post_editors_manies',
            pipeline: [
              { $match: { post_left_id: { $type: 'objectId' }, person_right_id: { $type: 'objectId' } } },
              { $project: { own: '$post_left_id', id: '$person_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', editors: { $push: '$id' } } },
              { $merge: { into: 'posts', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'post.editors -> person: posts.editors does not hold all links of post_editors_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'post_editors_manies',
            pipeline: [
              { $match: { post_left_id: { $type: 'objectId' }, person_right_id: { $type: 'objectId' } } },
              { $project: { own: '$post_left_id', id: '$person_right_id' } },
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
      ],
      repairs: [],
      leftovers: [],
      guards: [],
      ensures: [],
      removals: [
        { drop: 'post_editors_manies' },
      ],
    },
    // passport.person -> person.passport (two-sided: one to one)
    {
      name: 'passport.person -> person.passport',
      // finds something as long as there is anything to do
      pending: [
        {
          aggregate: 'passports',
          pipeline: [
            { $match: { person: { $exists: true } } },
            {
              $project: {
                id: {
                  $filter: { input: { $cond: [{ $isArray: ['$person'] }, '$person', ['$person']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                },
              },
            },
            { $unwind: '$id' },
            { $lookup: { from: 'people', localField: 'id', foreignField: '_id', as: 'other' } },
            { $match: { other: { $ne: [] } } },
            {
              $project: {
                id: 1,
                back: {
                  $let: {
                    vars: { other: { $arrayElemAt: ['$other', 0] } },
                    in: {
                      $filter: {
                        input: { $cond: [{ $isArray: ['$$other.passport'] }, '$$other.passport', ['$$other.passport']] },
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
          says: 'passport.person -> person.passport: people.passport holds links that passports.person does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'people',
            pipeline: [
              { $match: { passport: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$passport'] }, '$passport', ['$passport']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'passports', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.person'] }, '$$other.person', ['$$other.person']] },
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
            aggregate: 'passports',
            pipeline: [
              { $match: { person: { $type: 'objectId' } } },
              { $project: { own: '$person', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', passport: { $max: '$id' } } },
              { $merge: { into: 'people', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'passport.person -> person.passport: people.passport does not hold all links of passports. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'passports',
            pipeline: [
              { $match: { person: { $type: 'objectId' } } },
              { $project: { own: '$person', id: '$_id' } },
              { $lookup: { from: 'people', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              {
                $match: {
                  $expr: {
                    $not: [
                      {
                        $let: { vars: { document: { $arrayElemAt: ['$document', 0] } }, in: { $eq: [{ $type: '$$document.passport' }, 'objectId'] } },
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
