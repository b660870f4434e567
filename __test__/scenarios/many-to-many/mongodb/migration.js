// keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.0 or later, a standalone server, a replica set or a sharded cluster, and
// a user who may read and write this database (the role readWrite). Lists in sharded collections
// need 5.1 for the checks. Join collections that are sharded already are filled where they are.
//
// All checks come first, and tell all that is wrong. Then come the copies and their counts. Until then
// nothing of yours has changed. From then on it only goes forward: the join collections get their
// names, links are repaired, and what is kept elsewhere by now is removed.
// Stopped at any point, by whatever, it can be run again: before the names it starts over, from then
// on it goes on. The collection keystone_upgrade_relationships tells how far it has come, and keeps a
// second run out. In the end it is gone.

// The building blocks: each gives a part of what the server is told, and does nothing by itself.
// What they know of a side of a relationship (left, right, from, to, kept, dropped) is the collection
// of its documents, the field of its links there, by which name the join collection has its ids, and
// the stage that ends a search for its links.

// What an expression gives, as an array: an array by itself, anything else as its only item.
const items = (value) => ({ $cond: [{ $isArray: [value] }, value, [value]] });

// Whether an expression gives an ObjectId: neither Keystone sees anything else as an id.
const isId = (value) => ({ $eq: [{ $type: value }, 'objectId'] });

// Whether an expression gives null, or nothing.
const isNothing = (value) => ({ $in: [{ $type: value }, ['missing', 'null', 'undefined']] });

// The ids that an expression gives, as an array: of an array, of one id, of null or nothing.
const ids = (value) => ({ $filter: { input: items(value), cond: isId('$$this') } });

// The elements of an array, each once, where it occurs first.
const distinct = (array) => ({
  $map: {
    input: {
      $filter: {
        input: { $range: [0, { $size: array }] },
        as: 'at',
        cond: { $eq: ['$$at', { $indexOfArray: [array, { $arrayElemAt: [array, '$$at'] }] }] },
      },
    },
    as: 'at',
    in: { $arrayElemAt: [array, '$$at'] },
  },
});

// An expression on the only document in an array, which it knows by the name of the array.
const only = (array, value) => ({ $let: { vars: { [array]: { $arrayElemAt: ['$' + array, 0] } }, in: value } });

// The stage that leaves the documents that have the field, even if it is null. `$exists` it must be:
// comparisons with null skip arrays that contain one.
const having = (field) => ({ $match: { [field]: { $exists: true } } });

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

// A check that warns.
const warn = (says, collection, pipeline) => ({ says, stops: false, run: { aggregate: collection, pipeline } });

// Finds a document that has the field.
const anyWith = (side) => ({
  find: side.collection,
  filter: { [side.field]: { $exists: true } },
  projection: { _id: 1 },
  limit: 1,
});

// An index on a field, as Keystone makes it: without `background` it would clash with Keystone's.
const plainIndex = (collection, field) => ({
  createIndexes: collection,
  indexes: [{ key: { [field]: 1 }, name: field + '_1', background: true }],
});

// Removes the index on a field.
const dropIndex = (side) => ({ dropIndexes: side.collection, index: { [side.field]: 1 } });

// Removes a field.
const unset = (side) => ({
  update: side.collection,
  updates: [{ q: { [side.field]: { $exists: true } }, u: { $unset: { [side.field]: 1 } }, multi: true }],
});

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

// That a field holds ObjectIds and nothing else. `values` is what it holds, as an array.
const onlyIds = (name, from, values) => stop(
  `${name}: documents with something in ${from.collection}.${from.field} that is no ObjectId. Neither Keystone sees a link there. Correct or remove it, or use --reconcile, which takes strings of 24 hex digits as ids and leaves out everything else`,
  from.collection,
  [
    having(from.field),
    {
      $project: {
        wrong: { $filter: { input: values, cond: { $not: [{ $or: [isNothing('$$this'), isId('$$this')] }] } } },
      },
    },
    { $match: { wrong: { $ne: [] } } },
    { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
  ],
);

// That an array holds ObjectIds and nothing else.
const arrayHasIds = (name, from) => onlyIds(name, from, items('$' + from.field));

// That documents with links have an ObjectId as their own `_id`.
const ownersHaveIds = (name, from) => stop(
  `${name}: documents of ${from.collection} whose own _id is no ObjectId have links in ${from.field}. Neither Keystone can follow them. Give these documents an ObjectId, or remove the links`,
  from.collection,
  [
    { $match: { [from.field]: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
    {
      $project: {
        type: { $type: '$_id' },
        links: { $filter: { input: items('$' + from.field), cond: { $not: [isNothing('$$this')] } } },
      },
    },
    { $match: { links: { $ne: [] } } },
  ],
);

// That an array holds links which are each there once, and nothing else.
const noOddities = (name, from) => ({
  says: `${name}: documents with nulls or duplicates in ${from.collection}.${from.field}, or with a lone value in place of an array. Each link is copied once, nulls are left out`,
  stops: false,
  sums: ['nulls', 'duplicates', 'lone'],
  run: {
    aggregate: from.collection,
    pipeline: [
      having(from.field),
      {
        $project: {
          all: items('$' + from.field),
          lone: { $cond: [{ $or: [{ $isArray: ['$' + from.field] }, isNothing('$' + from.field)] }, 0, 1] },
          array: { $cond: [{ $isArray: ['$' + from.field] }, 1, 0] },
        },
      },
      {
        $project: {
          all: 1,
          lone: 1,
          array: 1,
          links: { $filter: { input: '$all', cond: { $not: [isNothing('$$this')] } } },
        },
      },
      {
        $project: {
          lone: 1,
          nulls: { $multiply: ['$array', { $subtract: [{ $size: '$all' }, { $size: '$links' }] }] },
          duplicates: { $subtract: [{ $size: '$links' }, { $size: { $setUnion: ['$links', []] } }] },
        },
      },
      { $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] } },
    ],
  },
});

// The links of a field to documents that do not exist (any more).
const dangling = (from, to) => [
  ...eachLink(from.field),
  lookup(to.collection, 'id', 'other'),
  { $match: { other: [] } },
  from.ends,
];

// That the documents exist which a field names whose links are copied.
const targetsExist = (name, from, to) => warn(
  `${name}: ids in ${from.collection}.${from.field} of documents that ${to.collection} does not have. No Keystone shows them. They are copied as they are`,
  from.collection,
  dangling(from, to),
);

// That the documents exist which a field names whose links are not copied: the other side has them.
const droppedTargetsExist = (name, from, to) => warn(
  `${name}: ids in ${from.collection}.${from.field} of documents that ${to.collection} does not have. No Keystone shows them. They go with the field`,
  from.collection,
  dangling(from, to),
);

// That one side of an N:N relationship has no links that the other lacks.
const otherSideAgrees = (name, from, to) => stop(
  `${name}: links that only ${from.collection}.${from.field} has, and ${to.collection}.${to.field} has not. Bring both sides into agreement, or use --reconcile, which takes the links of both`,
  from.collection,
  [...unreturned(from, to), from.ends],
);

// The links of an array that a join collection does not have.
const unjoined = (from, to, join) => [
  having(from.field),
  { $project: { ids: ids('$' + from.field) } },
  { $lookup: { from: join, localField: '_id', foreignField: from.inJoin, as: 'rows' } },
  { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.' + to.inJoin } }] } } },
  { $unwind: '$id' },
];

// That every link of an array is in the join collection, as far as the other document exists.
const allExistingCopied = (name, from, to, join) => stop(
  `${name}: links in ${from.collection}.${from.field} that ${join} does not have, so they came after it was made: was the application running? Add them there, or remove them from ${from.collection}.${from.field}`,
  from.collection,
  [...unjoined(from, to, join), lookup(to.collection, 'id', 'other'), { $match: { other: { $ne: [] } } }, from.ends],
);

// Copies the links of an array into the join collection, each once, in the order of the array.
// Counts them in another way than it copies them: by the sizes of sets.
const copyArray = (left, right, join) => ({
  into: join,
  indexes: [left.inJoin, right.inJoin],
  run: {
    aggregate: left.collection,
    pipeline: [
      having(left.field),
      { $project: { ids: ids('$' + left.field) } },
      { $project: { _id: 0, [left.inJoin]: '$_id', [right.inJoin]: distinct('$ids'), __v: { $literal: 0 } } },
      { $unwind: '$' + right.inJoin },
    ],
  },
  count: {
    aggregate: left.collection,
    pipeline: [
      having(left.field),
      { $group: { _id: null, n: { $sum: { $size: { $setDifference: [items('$' + left.field), [null]] } } } } },
    ],
  },
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

// Post.tags -> Tag.posts (two-sided: many to many)
{
  const name = 'Post.tags -> Tag.posts';
  const left = { collection: 'posts', field: 'tags', inJoin: 'Post_left_id', ends: fromLeft };
  const right = { collection: 'tags', field: 'posts', inJoin: 'Tag_right_id', ends: fromRight };
  const join = 'post_tags_tag_posts';
  relationships.push({
    ...nothing,
    name,
    pending: [anyWith(left), anyWith(right)],
    checks: [
      arrayHasIds(name, left),
      ownersHaveIds(name, left),
      noOddities(name, left),
      targetsExist(name, left, right),
      arrayHasIds(name, right),
      ownersHaveIds(name, right),
      noOddities(name, right),
      droppedTargetsExist(name, right, left),
      otherSideAgrees(name, left, right),
      otherSideAgrees(name, right, left),
    ],
    copies: [copyArray(left, right, join)],
    guards: [allExistingCopied(name, left, right, join), allExistingCopied(name, right, left, join)],
    ensures: [plainIndex(join, left.inJoin), plainIndex(join, right.inJoin), dropIndex(left), dropIndex(right)],
    removals: [unset(left), unset(right)],
  });
}

const migration = {
  direction: 'up',
  server: [4, 0],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: 'cb974123cf2a862d',
  collections: ['post_tags_tag_posts', 'posts', 'tags'],
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
