// keystone-upgrade-relationships *: the relationships of Keystone 5 from the old schema to the new schema (Arcade)
// Adapter mongoose, MongoDB. Order of left and right: locale *.
// Made with --reconcile: where the two stored sides disagree, it repairs them.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.4 or later, a standalone server, a replica set or a sharded cluster, and
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

// What an expression gives, as an ObjectId, also if it is a string of 24 hex digits, or else null.
const toId = (value) => ({ $convert: { input: value, to: 'objectId', onError: null, onNull: null } });

// The ids that an expression gives, as an array: of an array, of one id, of null or nothing.
const ids = (value) => ({
  $filter: { input: { $map: { input: items(value), in: toId('$$this') } }, cond: isId('$$this') },
});

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

// The documents that several documents of the kept side hold: with these as `holders`, and as `named`
// those of them that their own field names.
const shared = (kept, dropped) => [
  holding(kept.field),
  { $group: { _id: '$' + kept.field, holders: { $push: '$_id' } } },
  { $match: { 'holders.1': { $exists: true } } },
  lookup(dropped.collection, '_id', 'other'),
  { $match: { other: { $ne: [] } } },
  {
    $project: { holders: 1, named: only('other', { $setIntersection: [ids('$$other.' + dropped.field), '$holders'] }) },
  },
];

// That a field holds ObjectIds and nothing else. `values` is what it holds, as an array.
const onlyIds = (name, from, values) => warn(
  `${name}: documents with something in ${from.collection}.${from.field} that is no ObjectId. Strings of 24 hex digits are taken as ids, everything else is left out`,
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

// That a field for one id holds an ObjectId, or nothing.
const fieldHasId = (name, from) => onlyIds(name, from, ['$' + from.field]);

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

// That one side of an N:N relationship has no links that the other lacks.
const otherSideAgrees = (name, from, to) => warn(
  `${name}: links that only ${from.collection}.${from.field} has, and ${to.collection}.${to.field} has not. They are taken`,
  from.collection,
  [...unreturned(from, to), from.ends],
);

// That the array of the other side has all links of the kept side.
const arrayAgrees = (name, kept, dropped) => warn(
  `${name}: links that only ${kept.collection}.${kept.field} has. The new Keystone shows them from both sides`,
  kept.collection,
  [...unreturned(kept, dropped), kept.ends],
);

// That the field of the other side holds an id where the kept side has a link.
const fieldAgrees = (name, kept, dropped) => warn(
  `${name}: links that only ${kept.collection}.${kept.field} has. The new Keystone shows them from both sides`,
  kept.collection,
  [...unreturned(kept, dropped), { $match: { back: [] } }, kept.ends],
);

// After all repairs: that the kept side has had room for all links of a field.
const nothingLeftOut = (name, from, kept) => warn(
  `${name}: links in ${from.collection}.${from.field} that are left out: ${kept.collection}.${kept.field} holds others`,
  from.collection,
  [...unreturned(from, kept), from.ends],
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
      { $group: { _id: null, n: { $sum: { $size: { $setUnion: [ids('$' + left.field), []] } } } } },
    ],
  },
});

// The ids in an array with their places in it, one document each.
const eachId = (field) => [
  having(field),
  { $project: { ids: ids('$' + field) } },
  { $unwind: { path: '$ids', includeArrayIndex: 'at' } },
];

// The links of both arrays as `near` and `far`, with the place in the left array, or a place
// behind all those of a left array.
const bothArrays = (left, right) => [
  ...eachId(left.field),
  { $project: { _id: 0, near: '$_id', far: '$ids', at: 1 } },
  {
    $unionWith: {
      coll: right.collection,
      pipeline: [
        ...eachId(right.field),
        { $project: { _id: 0, near: '$ids', far: '$_id', at: { $literal: 1000000000 } } },
      ],
    },
  },
];

// Copies the links of both arrays: those of the left array in its order, then those that only the
// right array has.
const copyBothArrays = (left, right, join) => ({
  into: join,
  indexes: [left.inJoin, right.inJoin],
  run: {
    aggregate: left.collection,
    pipeline: [
      ...bothArrays(left, right),
      { $group: { _id: { near: '$near', far: '$far' }, at: { $min: '$at' } } },
      { $sort: { '_id.near': 1, at: 1, '_id.far': 1 } },
      { $project: { _id: 0, [left.inJoin]: '$_id.near', [right.inJoin]: '$_id.far', __v: { $literal: 0 } } },
    ],
  },
  count: {
    aggregate: left.collection,
    pipeline: [
      ...bothArrays(left, right),
      { $group: { _id: { near: '$near', far: '$far' } } },
      { $group: { _id: null, n: { $sum: 1 } } },
    ],
  },
});

// Strings of 24 hex digits become ids.
const stringsBecomeIds = (name, kept) => ({
  says: `${name}: strings in ${kept.collection}.${kept.field} that become ids`,
  collection: kept.collection,
  field: kept.field,
  how: 'merge',
  run: {
    aggregate: kept.collection,
    pipeline: [
      { $match: { [kept.field]: { $type: 'string' } } },
      { $project: { [kept.field]: toId('$' + kept.field) } },
      holding(kept.field),
    ],
  },
});

// Of several documents that hold the same one, all but one: it stays with the one that it names
// itself, or else with the one with the highest id.
const released = (kept, dropped) => [
  ...shared(kept, dropped),
  {
    $project: {
      holders: 1,
      keeps: { $cond: [{ $eq: ['$named', []] }, { $max: '$holders' }, { $arrayElemAt: ['$named', 0] }] },
    },
  },
  { $unwind: '$holders' },
  { $match: { $expr: { $ne: ['$holders', '$keeps'] } } },
  { $project: { _id: '$holders' } },
];

// Of several documents that hold the same one, all but one release it.
const othersRelease = (name, kept, dropped) => ({
  says: `${name}: documents that are released in ${kept.collection}.${kept.field}, because another one holds the same`,
  collection: kept.collection,
  field: kept.field,
  how: 'release',
  run: { aggregate: kept.collection, pipeline: released(kept, dropped) },
});

// Where the kept side holds no id, it takes the one that is `found` for it in a collection.
const adopt = (name, kept, dropped, collection, found) => ({
  says: `${name}: links that ${kept.collection}.${kept.field} adopts from ${dropped.collection}.${dropped.field}`,
  collection: kept.collection,
  field: kept.field,
  how: 'merge',
  run: {
    aggregate: collection,
    pipeline: [
      ...found,
      lookup(kept.collection, '_id', 'own'),
      { $match: { own: { $ne: [] } } },
      { $match: { $expr: { $not: [only('own', isId('$$own.' + kept.field))] } } },
      { $project: { [kept.field]: '$found' } },
    ],
  },
});

// Where the kept side of a 1:N holds no id, it takes what the arrays say; of several the highest id.
const adoptFromArrays = (name, kept, dropped) => adopt(
  name,
  kept,
  dropped,
  dropped.collection,
  [
    having(dropped.field),
    { $project: { ids: ids('$' + dropped.field) } },
    { $unwind: '$ids' },
    { $group: { _id: '$ids', found: { $max: '$_id' } } },
  ],
);

// Where the left side of a 1:1 holds no id, it takes what documents say that nobody holds; of several
// the highest id.
const adoptFromFields = (name, left, right) => adopt(
  name,
  left,
  right,
  left.collection,
  [
    holding(left.field),
    { $project: { _id: '$' + left.field, held: { $literal: 1 } } },
    {
      $unionWith: {
        coll: right.collection,
        pipeline: [
          having(right.field),
          { $project: { names: toId('$' + right.field) } },
          { $match: { names: { $type: 'objectId' } } },
        ],
      },
    },
    { $group: { _id: '$_id', held: { $sum: '$held' }, names: { $max: '$names' } } },
    { $match: { held: 0, names: { $type: 'objectId' } } },
    { $group: { _id: '$names', found: { $max: '$_id' } } },
  ],
);

// Finds a document that several documents of the kept side hold.
const anyShared = (kept, dropped) => ({
  aggregate: kept.collection,
  pipeline: [...shared(kept, dropped), { $limit: 1 }],
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

// Todo.reviewers -> User (one-sided: many to many)
{
  const name = 'Todo.reviewers -> User';
  const left = { collection: 'todos', field: 'reviewers', inJoin: 'Todo_left_id', ends: fromLeft };
  const right = { collection: 'users', inJoin: 'User_right_id' };
  const join = 'todo_reviewers_manies';
  relationships.push({
    ...nothing,
    name,
    pending: [anyWith(left)],
    checks: [
      arrayHasIds(name, left),
      ownersHaveIds(name, left),
      noOddities(name, left),
      targetsExist(name, left, right),
    ],
    copies: [copyArray(left, right, join)],
    guards: [allExistingCopied(name, left, right, join)],
    ensures: [plainIndex(join, left.inJoin), plainIndex(join, right.inJoin), dropIndex(left)],
    removals: [unset(left)],
  });
}

// Todo.leadAuthor -> User.leadPost (two-sided: one to one)
{
  const name = 'Todo.leadAuthor -> User.leadPost';
  const left = { collection: 'todos', field: 'leadAuthor', ends: fromLeft };
  const right = { collection: 'users', field: 'leadPost', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyWith(right), anyShared(left, right)],
    checks: [
      fieldHasId(name, right),
      ownersHaveIds(name, right),
      fieldHasId(name, left),
      ownersHaveIds(name, left),
      fieldAgrees(name, left, right),
    ],
    repairs: [stringsBecomeIds(name, left), othersRelease(name, left, right), adoptFromFields(name, left, right)],
    leftovers: [nothingLeftOut(name, right, left)],
    ensures: [dropIndex(right)],
    removals: [unset(right)],
  });
}

// Todo.publisher -> User.published (two-sided: one to many)
{
  const name = 'Todo.publisher -> User.published';
  const left = { collection: 'todos', field: 'publisher', ends: fromLeft };
  const right = { collection: 'users', field: 'published', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyWith(right)],
    checks: [
      arrayHasIds(name, right),
      ownersHaveIds(name, right),
      fieldHasId(name, left),
      ownersHaveIds(name, left),
      arrayAgrees(name, left, right),
    ],
    repairs: [stringsBecomeIds(name, left), adoptFromArrays(name, left, right)],
    leftovers: [nothingLeftOut(name, right, left)],
    ensures: [dropIndex(right)],
    removals: [unset(right)],
  });
}

// Todo.readers -> User.readPosts (two-sided: many to many)
{
  const name = 'Todo.readers -> User.readPosts';
  const left = { collection: 'todos', field: 'readers', inJoin: 'Todo_left_id', ends: fromLeft };
  const right = { collection: 'users', field: 'readPosts', inJoin: 'User_right_id', ends: fromRight };
  const join = 'todo_readers_user_readposts';
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
      targetsExist(name, right, left),
      otherSideAgrees(name, left, right),
      otherSideAgrees(name, right, left),
    ],
    copies: [copyBothArrays(left, right, join)],
    guards: [allExistingCopied(name, left, right, join), allExistingCopied(name, right, left, join)],
    ensures: [plainIndex(join, left.inJoin), plainIndex(join, right.inJoin), dropIndex(left), dropIndex(right)],
    removals: [unset(left), unset(right)],
  });
}

const migration = {
  direction: 'up',
  server: [4, 4],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: '0770f4654d7183ff',
  collections: ['todo_readers_user_readposts', 'todo_reviewers_manies', 'todos', 'users'],
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
