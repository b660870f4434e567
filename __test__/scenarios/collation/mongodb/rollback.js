// keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.2 or later, a standalone server, a replica set or a sharded cluster, and
// a user who may read and write this database (the role readWrite). Lists in sharded collections
// need 5.1 for the checks. Join collections that are sharded already are filled where they are.
//
// All checks come first, and tell all that is wrong. Then the links are copied into the documents of
// the lists again, and counted there. After that the join collections are removed.
// Stopped at any point, by whatever, it can be run again: before the removals it starts over, from
// then on it goes on. The collection keystone_upgrade_relationships tells how far it has come, and
// keeps a second run out. In the end it is gone.

// The building blocks: each gives a part of what the server is told, and does nothing by itself.
// What they know of a side of a relationship (left, right, from, to, kept, dropped) is the collection
// of its documents, the field of its links there, by which name the join collection has its ids, and
// the stage that ends a search for its links.

// What an expression gives, as an array: an array by itself, anything else as its only item.
const items = (value) => ({ $cond: [{ $isArray: [value] }, value, [value]] });

// Whether an expression gives an ObjectId: neither Keystone sees anything else as an id.
const isId = (value) => ({ $eq: [{ $type: value }, 'objectId'] });

// The ids that an expression gives, as an array: of an array, of one id, of null or nothing.
const ids = (value) => ({ $filter: { input: items(value), cond: isId('$$this') } });

// An expression on the only document in an array, which it knows by the name of the array.
const only = (array, value) => ({ $let: { vars: { [array]: { $arrayElemAt: ['$' + array, 0] } }, in: value } });

// The stage that leaves the documents that have the field, even if it is null. `$exists` it must be:
// comparisons with null skip arrays that contain one.
const having = (field) => ({ $match: { [field]: { $exists: true } } });

// The stage that leaves the documents whose field holds an id, where the field is for one id.
const holding = (field) => ({ $match: { [field]: { $type: 'objectId' } } });

// The stage that looks up the document whose `_id` a field holds, as the only item of an array.
const lookup = (collection, field, array) => ({
  $lookup: { from: collection, localField: field, foreignField: '_id', as: array },
});

// The stage that names both ends of a link that a field of the left side holds.
const fromLeft = { $project: { _id: 0, left: '$_id', right: '$id' } };

// The stage that names both ends of a link that a field of the right side holds.
const fromRight = { $project: { _id: 0, left: '$id', right: '$_id' } };

// A check that stops the migration when it finds something.
const stop = (says, collection, pipeline) => ({ says, stops: true, run: { aggregate: collection, pipeline } });

// Finds the collection with that name.
const collectionNamed = (name) => ({ listCollections: 1, filter: { name }, nameOnly: true });

// The links of a field, one document each: `_id` of its own document, `id` of the other.
const eachLink = (field) => [having(field), { $project: { id: ids('$' + field) } }, { $unwind: '$id' }];

// The links of one side that the other does not have, between documents that exist, with
// `back`: the ids that the other side holds in place of it.
const unreturned = (from, to) => [
  ...eachLink(from.field),
  lookup(to.collection, 'id', 'other'),
  { $match: { other: { $ne: [] } } },
  { $project: { id: 1, back: only('other', ids('$$other.' + to.field)) } },
  { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
];

// The links of an array that a join collection does not have.
const unjoined = (from, to, join) => [
  having(from.field),
  { $project: { ids: ids('$' + from.field) } },
  { $lookup: { from: join, localField: '_id', foreignField: from.inJoin, as: 'rows' } },
  { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.' + to.inJoin } }] } } },
  { $unwind: '$id' },
];

// On the way back: that an array has no links that the join collection lacks.
const noArrayOverwritten = (name, from, to, join) => stop(
  `${name}: ${from.collection}.${from.field} holds links that ${join} does not have. They would be overwritten: is the database in the old schema already?`,
  from.collection,
  [...unjoined(from, to, join), from.ends],
);

// On the way back: that a field has no links that the kept side lacks.
const noFieldOverwritten = (name, from, kept) => stop(
  `${name}: ${from.collection}.${from.field} holds links that ${kept.collection}.${kept.field} does not have. They would be overwritten: is the database in the old schema already?`,
  from.collection,
  [...unreturned(from, kept), from.ends],
);

// The links of a join collection, one document each: `own` id of the owner of a field to fill,
// `id` of the other side.
const joined = (own, other) => [
  { $match: { [own.inJoin]: { $type: 'objectId' }, [other.inJoin]: { $type: 'objectId' } } },
  { $project: { own: '$' + own.inJoin, id: '$' + other.inJoin } },
];

// The links of a field that was kept, as `own` id of the owner of the field to fill and as `id`.
const held = (kept) => [holding(kept.field), { $project: { own: '$' + kept.field, id: '$_id' } }];

// Gives documents without the array an empty one, as the old Keystone does.
const defaultToEmpty = (side) => ({
  run: {
    update: side.collection,
    updates: [{ q: { [side.field]: { $exists: false } }, u: { $set: { [side.field]: [] } }, multi: true }],
  },
});

// Fills a field with what is `gathered` of the links of a collection. An `_id` tells the order in which
// links were copied, and so that of the left arrays.
const refill = (collection, links, side, gathered) => ({
  run: {
    aggregate: collection,
    pipeline: [
      ...links,
      { $sort: { _id: 1 } },
      { $group: { _id: '$own', [side.field]: gathered } },
      { $merge: { into: side.collection, on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
    ],
  },
});

// Fills an array.
const refillArray = (collection, links, side) => refill(collection, links, side, { $push: '$id' });

// Fills a field that is for one id.
const refillField = (collection, links, side) => refill(collection, links, side, { $max: '$id' });

// That the arrays have all links, as far as their documents exist. By number: an array may be long,
// and looking each link up in it would take its square.
const allInArrays = (name, collection, links, side) => stop(
  `${name}: ${side.collection}.${side.field} does not hold all links of ${collection}. Nothing has been removed. Is the application running? Run it again`,
  collection,
  [
    ...links,
    lookup(side.collection, 'own', 'document'),
    { $match: { document: { $ne: [] } } },
    { $group: { _id: null, kept: { $sum: 1 } } },
    {
      $lookup: {
        from: side.collection,
        let: {},
        pipeline: [{ $group: { _id: null, n: { $sum: { $size: { $ifNull: [items('$' + side.field), []] } } } } }],
        as: 'filled',
      },
    },
    {
      $project: {
        _id: 0,
        kept: 1,
        filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } },
      },
    },
    { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
  ],
);

// That the fields have all links, as far as their documents exist.
const allInFields = (name, collection, links, side) => stop(
  `${name}: ${side.collection}.${side.field} does not hold all links of ${collection}. Nothing has been removed. Is the application running? Run it again`,
  collection,
  [
    ...links,
    lookup(side.collection, 'own', 'document'),
    { $match: { document: { $ne: [] } } },
    { $match: { $expr: { $not: [only('document', isId('$$document.' + side.field))] } } },
    { $project: { own: 1, id: 1 } },
  ],
);

// On the way back: finds a link of the kept side that the field to fill does not have yet.
const anyUnfilled = (kept, side) => ({
  aggregate: kept.collection,
  pipeline: [...unreturned(kept, side), kept.ends, { $limit: 1 }],
});

// What is to do for a relationship. Each list is done for all of them before the next one:
const nothing = {
  pending: [], // they find something as long as there is anything to do
  checks: [], // before anything changes: those that stop must find nothing, others warn
  copies: [], // of links, to where they will be
  counts: [], // checks of the copies
  guards: [], // checks in place of the first ones, where a stopped run goes on from here
  repairs: [], // of links that stay where they are
  leftovers: [], // checks for what the repairs have left out
  ensures: [], // indexes, made or removed whether or not there are links
  removals: [], // of what is no longer needed
};
const relationships = [];

// Post.tags -> PostTag.posts (two-sided: many to many)
{
  const name = 'Post.tags -> PostTag.posts';
  const left = { collection: 'posts', field: 'tags', inJoin: 'Post_left_id', ends: fromLeft };
  const right = { collection: 'posttags', field: 'posts', inJoin: 'PostTag_right_id', ends: fromRight };
  const join = 'post_tags_posttag_posts';
  relationships.push({
    ...nothing,
    name,
    pending: [collectionNamed(join)],
    checks: [noArrayOverwritten(name, left, right, join), noArrayOverwritten(name, right, left, join)],
    copies: [
      defaultToEmpty(left),
      refillArray(join, joined(left, right), left),
      defaultToEmpty(right),
      refillArray(join, joined(right, left), right),
    ],
    counts: [allInArrays(name, join, joined(left, right), left), allInArrays(name, join, joined(right, left), right)],
    removals: [{ drop: join }],
  });
}

// Post_x.tags -> PostTag.underscores (two-sided: many to many)
{
  const name = 'Post_x.tags -> PostTag.underscores';
  const left = { collection: 'post_xes', field: 'tags', inJoin: 'Post_x_left_id', ends: fromLeft };
  const right = { collection: 'posttags', field: 'underscores', inJoin: 'PostTag_right_id', ends: fromRight };
  const join = 'post_x_tags_posttag_underscores';
  relationships.push({
    ...nothing,
    name,
    pending: [collectionNamed(join)],
    checks: [noArrayOverwritten(name, left, right, join), noArrayOverwritten(name, right, left, join)],
    copies: [
      defaultToEmpty(left),
      refillArray(join, joined(left, right), left),
      defaultToEmpty(right),
      refillArray(join, joined(right, left), right),
    ],
    counts: [allInArrays(name, join, joined(left, right), left), allInArrays(name, join, joined(right, left), right)],
    removals: [{ drop: join }],
  });
}

// Post1.tag -> PostTag.digit (two-sided: one to one)
{
  const name = 'Post1.tag -> PostTag.digit';
  const left = { collection: 'post1', field: 'tag', ends: fromLeft };
  const right = { collection: 'posttags', field: 'digit', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyUnfilled(left, right)],
    checks: [noFieldOverwritten(name, right, left)],
    copies: [refillField(left.collection, held(left), right)],
    counts: [allInFields(name, left.collection, held(left), right)],
  });
}

// Post_x.digits -> Post1.underscores (two-sided: many to many)
{
  const name = 'Post_x.digits -> Post1.underscores';
  const left = { collection: 'post_xes', field: 'digits', inJoin: 'Post_x_left_id', ends: fromLeft };
  const right = { collection: 'post1', field: 'underscores', inJoin: 'Post1_right_id', ends: fromRight };
  const join = 'post_x_digits_post1_underscores';
  relationships.push({
    ...nothing,
    name,
    pending: [collectionNamed(join)],
    checks: [noArrayOverwritten(name, left, right, join), noArrayOverwritten(name, right, left, join)],
    copies: [
      defaultToEmpty(left),
      refillArray(join, joined(left, right), left),
      defaultToEmpty(right),
      refillArray(join, joined(right, left), right),
    ],
    counts: [allInArrays(name, join, joined(left, right), left), allInArrays(name, join, joined(right, left), right)],
    removals: [{ drop: join }],
  });
}

// banana.zebras -> Zebra.bananas (two-sided: many to many)
{
  const name = 'banana.zebras -> Zebra.bananas';
  const left = { collection: 'bananas', field: 'zebras', inJoin: 'banana_left_id', ends: fromLeft };
  const right = { collection: 'zebras', field: 'bananas', inJoin: 'Zebra_right_id', ends: fromRight };
  const join = 'banana_zebras_zebra_bananas';
  relationships.push({
    ...nothing,
    name,
    pending: [collectionNamed(join)],
    checks: [noArrayOverwritten(name, left, right, join), noArrayOverwritten(name, right, left, join)],
    copies: [
      defaultToEmpty(left),
      refillArray(join, joined(left, right), left),
      defaultToEmpty(right),
      refillArray(join, joined(right, left), right),
    ],
    counts: [allInArrays(name, join, joined(left, right), left), allInArrays(name, join, joined(right, left), right)],
    removals: [{ drop: join }],
  });
}

// apple.zebra -> Zebra.apple (two-sided: one to one)
{
  const name = 'apple.zebra -> Zebra.apple';
  const left = { collection: 'apples', field: 'zebra', ends: fromLeft };
  const right = { collection: 'zebras', field: 'apple', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyUnfilled(left, right)],
    checks: [noFieldOverwritten(name, right, left)],
    copies: [refillField(left.collection, held(left), right)],
    counts: [allInFields(name, left.collection, held(left), right)],
  });
}

// banana.cherry -> Cherry.banana (two-sided: one to one)
{
  const name = 'banana.cherry -> Cherry.banana';
  const left = { collection: 'bananas', field: 'cherry', ends: fromLeft };
  const right = { collection: 'cherries', field: 'banana', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyUnfilled(left, right)],
    checks: [noFieldOverwritten(name, right, left)],
    copies: [refillField(left.collection, held(left), right)],
    counts: [allInFields(name, left.collection, held(left), right)],
  });
}

const migration = {
  direction: 'down',
  server: [4, 2],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: 'a0cd57b2baf390bd',
  collections: [
    'apples',
    'banana_zebras_zebra_bananas',
    'bananas',
    'cherries',
    'post1',
    'post_tags_posttag_posts',
    'post_x_digits_post1_underscores',
    'post_x_tags_posttag_underscores',
    'post_xes',
    'posts',
    'posttags',
    'zebras',
  ],
  relationships,
};

// Up to here nothing has been sent. From here on it is the same in every script: what sends the
// above, in that order. It begins with the call of `migrate` at the end.

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
