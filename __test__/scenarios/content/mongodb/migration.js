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

// _ContentType_Page_text.from -> Page.text (two-sided: one to one)
stopIf(
  '_ContentType_Page_text.from -> Page.text: links that only pages.text has would be lost. Nothing has been changed. Add them to _contenttype_page_texts.from, or remove them, then run the script again',
  'pages',
  [
    { $match: { text: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$text'] }, '$text', ['$text']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: '_contenttype_page_texts', localField: 'id', foreignField: '_id', as: 'other' },
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
  '_ContentType_Page_text.from -> Page.text: pages.text has links that _contenttype_page_texts.from contradicts. The new Keystone reads _contenttype_page_texts.from; stale links like these are left by the old one',
  'pages',
  [
    { $match: { text: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$text'] }, '$text', ['$text']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: '_contenttype_page_texts', localField: 'id', foreignField: '_id', as: 'other' },
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
  '_ContentType_Page_text.from -> Page.text: several documents hold the same id in _contenttype_page_texts.from, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  '_contenttype_page_texts',
  [
    { $match: { from: { $ne: null } } },
    { $group: { _id: '$from', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// _ContentType_Page_aside.from -> Page.aside (two-sided: one to one)
stopIf(
  '_ContentType_Page_aside.from -> Page.aside: links that only pages.aside has would be lost. Nothing has been changed. Add them to _contenttype_page_asides.from, or remove them, then run the script again',
  'pages',
  [
    { $match: { aside: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$aside'] }, '$aside', ['$aside']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: '_contenttype_page_asides', localField: 'id', foreignField: '_id', as: 'other' },
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
  '_ContentType_Page_aside.from -> Page.aside: pages.aside has links that _contenttype_page_asides.from contradicts. The new Keystone reads _contenttype_page_asides.from; stale links like these are left by the old one',
  'pages',
  [
    { $match: { aside: { $exists: true } } },
    {
      $project: {
        id: {
          $filter: {
            input: { $cond: [{ $isArray: ['$aside'] }, '$aside', ['$aside']] },
            cond: { $ne: [{ $ifNull: ['$$this', null] }, null] },
          },
        },
      },
    },
    { $unwind: '$id' },
    {
      $lookup: { from: '_contenttype_page_asides', localField: 'id', foreignField: '_id', as: 'other' },
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
  '_ContentType_Page_aside.from -> Page.aside: several documents hold the same id in _contenttype_page_asides.from, and the new Keystone would show one item twice. Nothing has been changed. Leave each id to one document, then run the script again',
  '_contenttype_page_asides',
  [
    { $match: { from: { $ne: null } } },
    { $group: { _id: '$from', holders: { $sum: 1 } } },
    { $match: { holders: { $gt: 1 } } },
    { $facet: { count: [{ $count: 'n' }], examples: [{ $limit: 5 }] } },
    { $match: { examples: { $ne: [] } } },
  ]
);

// ---- Removals ----
// _ContentType_Post_body.from -> Post.body (two-sided: one to one)
db.getCollection('posts').updateMany({ body: { $exists: true } }, { $unset: { body: 1 } });

// _ContentType_Page_text.from -> Page.text (two-sided: one to one)
db.getCollection('pages').updateMany({ text: { $exists: true } }, { $unset: { text: 1 } });

// _ContentType_Page_aside.from -> Page.aside (two-sided: one to one)
db.getCollection('pages').updateMany({ aside: { $exists: true } }, { $unset: { aside: 1 } });
