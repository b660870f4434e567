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
// _ContentType_Post_body.from -> Post.body (two-sided: one to one)
stopIf(
  '_ContentType_Post_body.from -> Post.body: links that only posts.body has would be lost. Nothing has been changed. Add them to _contenttype_post_bodies.from, or remove them, then run the script again',
  'posts',
  [
    { $match: { body: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$body'] }, '$body', ['$body']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: '_contenttype_post_bodies', localField: 'id', foreignField: '_id', as: 'other' },
    },
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
  '_ContentType_Post_body.from -> Post.body: posts.body has links that _contenttype_post_bodies.from contradicts. The new Keystone reads _contenttype_post_bodies.from; stale links like these are left by the old one',
  'posts',
  [
    { $match: { body: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$body'] }, '$body', ['$body']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: '_contenttype_post_bodies', localField: 'id', foreignField: '_id', as: 'other' },
    },
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
  '_ContentType_Post_body.from -> Post.body: several documents hold the same id in _contenttype_post_bodies.from, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  '_contenttype_post_bodies',
  [
    { $match: { from: { $ne: null } } },
    { $group: { _id: '$from', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// _Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds (two-sided: one to many)
stopIf(
  '_Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds: links that only _contenttype_post_bodies.oEmbeds has would be lost. Nothing has been changed. Add them to _block_post_oembeds.from, or remove them, then run the script again',
  '_contenttype_post_bodies',
  [
    { $match: { oEmbeds: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$oEmbeds'] }, '$oEmbeds', ['$oEmbeds']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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
  '_Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds: _contenttype_post_bodies.oEmbeds has links that _block_post_oembeds.from contradicts. The new Keystone reads _block_post_oembeds.from; stale links like these are left by the old one',
  '_contenttype_post_bodies',
  [
    { $match: { oEmbeds: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$oEmbeds'] }, '$oEmbeds', ['$oEmbeds']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
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

// ---- Removals ----
// _ContentType_Post_body.from -> Post.body (two-sided: one to one)
db.getCollection('posts').updateMany({ body: { $exists: true } }, { $unset: { body: 1 } });

// _Block_Post_oEmbed.from -> _ContentType_Post_body.oEmbeds (two-sided: one to many)
db.getCollection('_contenttype_post_bodies').updateMany({ oEmbeds: { $exists: true } }, { $unset: { oEmbeds: 1 } });
