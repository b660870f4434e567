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

// That every link of a field exists on the kept side, unless that holds another id.
const nothingLost = (name, from, kept) => stop(
  `${name}: links that only ${from.collection}.${from.field} has would be lost. Add them to ${kept.collection}.${kept.field}, or remove them, or use --reconcile, which adopts them`,
  from.collection,
  [...unreturned(from, kept), { $match: { back: [] } }, from.ends],
);

// That the kept side contradicts no link of a field. The kept side decides where it holds an id:
// the old Keystone leaves stale ids on the other one whenever it is re-assigned.
const nothingStale = (name, from, kept) => warn(
  `${name}: links in ${from.collection}.${from.field} that ${kept.collection}.${kept.field} contradicts. The old Keystone leaves such stale links behind. ${kept.collection}.${kept.field} decides`,
  from.collection,
  [...unreturned(from, kept), { $match: { back: { $ne: [] } } }, from.ends],
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

// That a document which several documents of the kept side hold names one of these.
const holdersAreSettled = (name, kept, dropped) => stop(
  `${name}: documents that several documents hold in ${kept.collection}.${kept.field}, and whose own ${dropped.collection}.${dropped.field} names none of these. The new Keystone would show one item twice. Leave each to one holder, or use --reconcile, which leaves it to the one with the highest id`,
  kept.collection,
  [...shared(kept, dropped), { $match: { named: [] } }],
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

// Of several documents that hold the same one, all but one: it stays with the one that it names
// itself, or else with the one with the highest id.
const released = (kept, dropped) => [
  ...shared(kept, dropped),
  { $match: { named: { $ne: [] } } },
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

// That no document has to release the one that it holds.
const noneReleases = (name, kept, dropped) => warn(
  `${name}: documents that release what they hold in ${kept.collection}.${kept.field}, because another one holds the same and is named by it. The old Keystone leaves such stale links behind`,
  kept.collection,
  released(kept, dropped),
);

// Of several documents that hold the same one, all but one release it.
const othersRelease = (name, kept, dropped) => ({
  says: `${name}: documents that are released in ${kept.collection}.${kept.field}, because another one holds the same`,
  collection: kept.collection,
  field: kept.field,
  how: 'release',
  run: { aggregate: kept.collection, pipeline: released(kept, dropped) },
});

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

// Author.books -> Book.authors (two-sided: many to many)
{
  const name = 'Author.books -> Book.authors';
  const left = { collection: '📚 著者', field: 'books', inJoin: 'Author_left_id', ends: fromLeft };
  const right = { collection: 'книги', field: 'authors', inJoin: 'Book_right_id', ends: fromRight };
  const join = 'author_books_book_authors';
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

// Book.shelf -> Shelf.books (two-sided: one to many)
{
  const name = 'Book.shelf -> Shelf.books';
  const left = { collection: 'книги', field: 'shelf', ends: fromLeft };
  const right = { collection: 'étagère', field: 'books', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyWith(right)],
    checks: [
      arrayHasIds(name, right),
      ownersHaveIds(name, right),
      fieldHasId(name, left),
      ownersHaveIds(name, left),
      nothingLost(name, right, left),
      nothingStale(name, right, left),
      arrayAgrees(name, left, right),
    ],
    guards: [nothingLost(name, right, left)],
    ensures: [dropIndex(right)],
    removals: [unset(right)],
  });
}

// Book.cover -> Cover.book (two-sided: one to one)
{
  const name = 'Book.cover -> Cover.book';
  const left = { collection: 'книги', field: 'cover', ends: fromLeft };
  const right = { collection: 'étagère', field: 'book', ends: fromRight };
  relationships.push({
    ...nothing,
    name,
    pending: [anyWith(right), anyShared(left, right)],
    checks: [
      fieldHasId(name, right),
      ownersHaveIds(name, right),
      fieldHasId(name, left),
      ownersHaveIds(name, left),
      nothingLost(name, right, left),
      nothingStale(name, right, left),
      fieldAgrees(name, left, right),
      holdersAreSettled(name, left, right),
      noneReleases(name, left, right),
    ],
    guards: [nothingLost(name, right, left)],
    repairs: [othersRelease(name, left, right)],
    ensures: [dropIndex(right)],
    removals: [unset(right)],
  });
}

// Author.friends -> Author (one-sided: many to many)
{
  const name = 'Author.friends -> Author';
  const left = { collection: '📚 著者', field: 'friends', inJoin: 'Author_left_id', ends: fromLeft };
  const right = { collection: '📚 著者', inJoin: 'Author_right_id' };
  const join = 'author_friends_manies';
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

const migration = {
  direction: 'up',
  server: [4, 0],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: 'f1e3119b57321bc4',
  collections: [
    'author_books_book_authors',
    'author_friends_manies',
    'étagère',
    'étagère',
    'книги',
    '📚 著者',
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
