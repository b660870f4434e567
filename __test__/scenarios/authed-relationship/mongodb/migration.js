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

// Post.author -> User.posts (two-sided: one to many)
{
  const name = 'Post.author -> User.posts';
  const left = { collection: 'posts', field: 'author', ends: fromLeft };
  const right = { collection: 'users', field: 'posts', ends: fromRight };
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

const migration = {
  direction: 'up',
  server: [4, 0],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: 'e70dc079a1d01615',
  collections: ['posts', 'users'],
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
