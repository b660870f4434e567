// keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema
// Adapter mongoose, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump), and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.2 or later, standalone, as a replica set or sharded, and a user with the role
// readWrite on this database. Lists in sharded collections need 5.1 for the checks. A join collection
// that is sharded already is filled in place.
//
// First come all checks, which report everything that is wrong. Then the links are copied back into the
// documents of the lists, and counted there. After that the join collections are dropped.
// If it stops at any point, run it again: it starts over before the removals, and continues after them.
// The collection keystone_upgrade_relationships records how far it has come, and keeps a second run out.
// It is gone in the end.

const migration = {
  direction: 'down',
  reconcile: false,
  server: [4, 2],
  // Differs where the lists do: a run that was stopped is only continued by its own.
  plan: '4530cf16ed2618e0',
  // One of these has to be there, or this is the wrong database.
  collections: [
    'user_friends_manies',
    'users',
  ],
  relationships: [
    {
      kind: 'oneSidedManyToMany',
      name: 'User.friends -> User',
      left: { collection: 'users', field: 'friends', many: true },
      right: { collection: 'users' },
      join: { collection: 'user_friends_manies', left: 'User_left_id', right: 'User_right_id' },
    },
  ],
};

// From here on, every script is the same. Nothing is sent before the call of `migrate` at the end.

/**
 * The vocabulary of a migration: what it does for each kind of relationship, and the commands for that.
 *
 * Nothing here talks to a server. The functions turn names into commands of MongoDB's own protocol,
 * each with the words that tell people about it; the runner sends them.
 *
 * `takesText` of a side is `--reconcile`: strings of 24 hex digits count as ids there. Without it, as
 * for both Keystones, only an ObjectId does.
 *
 * @typedef {object} Side one side of a relationship
 * @property {string} [collection] of its documents; unknown where a one-sided relationship leads to a
 *   list whose collection is not known
 * @property {string} [field] of its links, where it has one in the old schema
 * @property {boolean} [many] whether the field is an array
 * @property {'plain'|'unique'} [index] the index that Keystone makes of the field
 * @property {boolean} isLeft
 * @property {boolean} takesText
 * @property {string} [inJoin] the field of the join collection for its ids
 *
 * @typedef {object} Check an aggregation that finds what is wrong
 * @property {string} says what is wrong when it finds something, and what to do
 * @property {boolean} stops whether the migration stops then; otherwise it warns
 * @property {string[]} [sums] numbers of what it finds to add up
 * @property {object} run
 *
 * @typedef {object} Parts what is done for a relationship. Each list is done for all relationships
 *   before the next one.
 * @property {object[]} pending commands that find something as long as there is anything to do
 * @property {Check[]} vacant that the join collection to be filled is empty, before the first copy
 * @property {Check[]} checks before anything changes
 * @property {object[]} copies of links, to where they will be. With `into`, the result of `run` becomes
 *   that collection, with indexes on two fields, and `count` says in another way how many it must be.
 * @property {Check[]} counts that the copies are complete
 * @property {Check[]} guards in place of `checks`, where a stopped run goes on after its copies
 * @property {object[]} repairs of links that stay where they are: `run` finds the documents to change
 * @property {Check[]} leftovers of the repairs
 * @property {object[]} indexes commands that make and drop them, whether or not there are links
 * @property {object[]} removals of what is no longer needed
 */

/**
 * @param {{ direction: 'up'|'down', reconcile: boolean }} migration
 * @param {{ kind: string, name: string, left: object, right: object, join?: object }} relationship
 * @returns {Parts}
 */
function partsOf({ direction, reconcile }, { kind, name, left, right, join }) {
  const side = (own, isLeft, inJoin) =>
    Object.assign({}, own, { isLeft, inJoin, takesText: reconcile });
  const none = { pending: [], vacant: [], checks: [], copies: [], counts: [] };
  Object.assign(none, { guards: [], repairs: [], leftovers: [], indexes: [], removals: [] });
  const parts = (direction === 'up' ? UP : DOWN)[kind]({
    name,
    left: side(left, true, join && join.left),
    right: side(right, false, join && join.right),
    join: join && join.collection,
    reconcile,
  });
  return Object.assign(none, parts);
}

/** The migration, by kind of relationship. */
const UP = {
  /** The links of the array move into the join collection. */
  oneSidedManyToMany({ name, left, right, join }) {
    return {
      pending: [anyWith(left)],
      vacant: [joinIsEmpty(name, join)],
      checks: checksOfArray(name, left, right),
      copies: [copyArray(name, left, right, join)],
      guards: [allCopied(name, left, right, join)],
      indexes: [plainIndex(join, left.inJoin), plainIndex(join, right.inJoin), dropIndex(left)],
      removals: [unset(name, left)],
    };
  },

  /** The arrays hold the same links. Those of the left one move into the join collection. */
  twoSidedManyToMany({ name, left, right, join, reconcile }) {
    return {
      pending: [anyWith(left), anyWith(right)],
      vacant: [joinIsEmpty(name, join)],
      checks: [
        ...checksOfArray(name, left, right),
        ...checksOfArray(name, right, left),
        otherSideAgrees(name, left, right),
        otherSideAgrees(name, right, left),
      ],
      copies: [(reconcile ? copyBothArrays : copyArray)(name, left, right, join)],
      guards: [allCopied(name, left, right, join), allCopied(name, right, left, join)],
      indexes: [
        plainIndex(join, left.inJoin),
        plainIndex(join, right.inJoin),
        dropIndex(left),
        dropIndex(right),
      ],
      removals: [unset(name, left), unset(name, right)],
    };
  },

  /** The fields hold the same links. The left one stays, the right one is removed. */
  twoSidedOneToOne({ name, left, right, reconcile }) {
    return {
      pending: [anyWith(right), anyShared(left, right)],
      checks: [
        onlyIds(name, right),
        ownersHaveIds(name, right),
        onlyIds(name, left),
        ownersHaveIds(name, left),
        ...(reconcile ? [] : [nothingLost(name, right, left), nothingStale(name, right, left)]),
        fieldAgrees(name, left, right),
        ...(reconcile
          ? []
          : [sharedAreSettled(name, left, right), nothingCleared(name, left, right)]),
      ],
      guards: reconcile ? [] : [nothingLost(name, right, left)],
      repairs: reconcile
        ? [
            textBecomesIds(name, left),
            clearShared(name, left, right),
            adoptFields(name, left, right),
          ]
        : [clearShared(name, left, right)],
      leftovers: reconcile ? [nothingLeftOut(name, right, left)] : [],
      indexes: [dropIndex(right)],
      removals: [unset(name, right)],
    };
  },

  /** The array holds the same links as the field of the other side. The array is removed. */
  twoSidedOneToMany({ name, left, right, reconcile }) {
    const [array, kept] = left.many ? [left, right] : [right, left];
    return {
      pending: [anyWith(array)],
      checks: [
        onlyIds(name, array),
        ownersHaveIds(name, array),
        onlyIds(name, kept),
        ownersHaveIds(name, kept),
        ...(reconcile ? [] : [nothingLost(name, array, kept), nothingStale(name, array, kept)]),
        arrayAgrees(name, kept, array),
      ],
      guards: reconcile ? [] : [nothingLost(name, array, kept)],
      repairs: reconcile ? [textBecomesIds(name, kept), adoptArrays(name, kept, array)] : [],
      leftovers: reconcile ? [nothingLeftOut(name, array, kept)] : [],
      indexes: [dropIndex(array)],
      removals: [unset(name, array)],
    };
  },
};

/** The way back, by kind of relationship. */
const DOWN = {
  /** The array is filled from the join collection, which is dropped. */
  oneSidedManyToMany({ name, left, right, join }) {
    const { checks, copies, counts, indexes } = refilled(name, left, right, join);
    const removals = [dropCollection(name, join)];
    return { pending: [named(join)], checks, copies, counts, indexes, removals };
  },

  /** Both arrays are filled from the join collection, which is dropped. */
  twoSidedManyToMany({ name, left, right, join }) {
    const [ofLeft, ofRight] = [
      refilled(name, left, right, join),
      refilled(name, right, left, join),
    ];
    return {
      pending: [named(join)],
      checks: [...ofLeft.checks, ...ofRight.checks],
      copies: [...ofLeft.copies, ...ofRight.copies],
      counts: [...ofLeft.counts, ...ofRight.counts],
      indexes: [...ofLeft.indexes, ...ofRight.indexes],
      removals: [dropCollection(name, join)],
    };
  },

  /** The right field is filled from the left one, which stays. */
  twoSidedOneToOne({ name, left, right }) {
    return Object.assign(refilled(name, right, left), { pending: [anyUnfilled(left, right)] });
  },

  /** The array is filled from the field of the other side, which stays. */
  twoSidedOneToMany({ name, left, right }) {
    const [array, kept] = left.many ? [left, right] : [right, left];
    return Object.assign(refilled(name, array, kept), { pending: [anyWithout(array)] });
  },
};

/** Up: the checks of an array whose links are to be in a join collection. */
function checksOfArray(name, side, other) {
  const checks = [onlyIds(name, side), ownersHaveIds(name, side), noOddities(name, side)];
  // A one-sided relationship may lead to a list whose collection is not known.
  return other.collection ? [...checks, targetsExist(name, side, other)] : checks;
}

/** The way back: what fills a field from a join collection, or from the field that was kept. */
function refilled(name, side, other, join) {
  const from = join || other.collection;
  const links = join ? joinedLinks(side, other) : keptLinks(other);
  const checks = [
    join ? noneOverwrittenByJoin(name, side, other, join) : noneOverwritten(name, side, other),
  ];
  if (side.index === 'unique' && other.field) checks.push(oneIsWithout(name, side, other));
  const fill = refill(name, side, from, links);
  const indexOf = side.index === 'unique' ? uniqueIndex : plainIndex;
  return {
    checks,
    copies: side.many ? [defaultToEmpty(name, side), fill] : [fill],
    counts: [(side.many ? arraysComplete : fieldsComplete)(name, side, from, links)],
    indexes: side.index ? [indexOf(side.collection, side.field)] : [],
  };
}

// Checks. What counts as a link is what both Keystones read: an ObjectId of a document that exists.

/** Checks that nobody has filled the join collection: nothing may be mixed with what is there. */
function joinIsEmpty(name, join) {
  const says = `${name}: the collection ${join} already holds documents, and documents still have links in the old place. An earlier migration by other means, or a new Keystone, has written them. Compare the two, and empty one of them`;
  return stop(says, join, []);
}

/** Checks that a field holds ObjectIds, and nothing else. */
function onlyIds(name, side) {
  const isWrong = { $not: [{ $or: [isNothing('$$this'), isId('$$this')] }] };
  const values = side.many ? items(path(side)) : [path(side)];
  const says = `${name}: ${place(side)} holds something that is not an ObjectId. `;
  return (side.takesText ? warn : stop)(
    says +
      (side.takesText
        ? 'Strings of 24 hex digits are read as ids, everything else is left out'
        : 'No Keystone reads it as a link. Correct or remove it, or use --reconcile, which reads strings of 24 hex digits as ids and leaves out everything else'),
    side.collection,
    [
      having(side),
      { $project: { wrong: { $filter: { input: values, cond: isWrong } } } },
      { $match: { wrong: { $ne: [] } } },
      { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
    ],
  );
}

/** Checks that documents with links have an ObjectId as their own `_id`. */
function ownersHaveIds(name, side) {
  const isThere = { $not: [isNothing('$$this')] };
  return stop(
    `${name}: documents of ${side.collection} hold links in ${side.field}, but their own _id is not an ObjectId. No Keystone can follow these links. Give the documents an ObjectId, or remove the links`,
    side.collection,
    [
      { $match: { [side.field]: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
      {
        $project: {
          type: { $type: '$_id' },
          links: { $filter: { input: items(path(side)), cond: isThere } },
        },
      },
      { $match: { links: { $ne: [] } } },
    ],
  );
}

/** Warns about nulls and duplicates in an array, and a single value in place of one. */
function noOddities(name, side) {
  const value = path(side);
  const isArray = { $isArray: [value] };
  const isThere = { $not: [isNothing('$$this')] };
  const size = (array) => ({ $size: array });
  const check = warn(
    `${name}: ${place(side)} holds nulls, duplicates, or a single value in place of an array. Each link is copied once, and nulls are left out`,
    side.collection,
    [
      having(side),
      {
        $project: {
          all: items(value),
          lone: { $cond: [{ $or: [isArray, isNothing(value)] }, 0, 1] },
          array: { $cond: [isArray, 1, 0] },
        },
      },
      {
        $project: {
          all: 1,
          lone: 1,
          array: 1,
          links: { $filter: { input: '$all', cond: isThere } },
        },
      },
      {
        $project: {
          lone: 1,
          nulls: { $multiply: ['$array', { $subtract: [size('$all'), size('$links')] }] },
          duplicates: { $subtract: [size('$links'), size({ $setUnion: ['$links', []] })] },
        },
      },
      {
        $match: { $or: [{ lone: { $gt: 0 } }, { nulls: { $gt: 0 } }, { duplicates: { $gt: 0 } }] },
      },
    ],
  );
  return Object.assign(check, { sums: ['nulls', 'duplicates', 'lone'] });
}

/** Warns about ids of documents that do not exist. They are copied unchanged, or removed with the field. */
function targetsExist(name, side, other) {
  const isCopied = side.isLeft || side.takesText;
  return warn(
    `${name}: ${place(side)} holds ids of documents that ${other.collection} does not have. No Keystone shows them. ` +
      (isCopied ? 'They are copied unchanged' : 'They are removed with the field'),
    side.collection,
    [...eachLink(side), lookup(other, 'id', 'other'), { $match: { other: [] } }, ends(side)],
  );
}

/** N:N: checks that the other array has all links of this one. */
function otherSideAgrees(name, side, other) {
  const says = `${name}: ${place(side)} holds links that ${place(other)} does not. `;
  return (side.takesText ? warn : stop)(
    says +
      (side.takesText
        ? 'They are copied'
        : 'Make both sides agree, or use --reconcile, which copies the links of both'),
    side.collection,
    [...unreturned(side, other), ends(side)],
  );
}

/** Checks that the kept side has every link of the side that goes, unless it holds another id there. */
function nothingLost(name, side, kept) {
  return stop(
    `${name}: links that only ${place(side)} holds would be lost. Add them to ${place(kept)}, or remove them, or use --reconcile, which adds them`,
    side.collection,
    [...unreturned(side, kept), { $match: { back: [] } }, ends(side)],
  );
}

/**
 * Warns about links of the side that goes where the kept side holds another id. The old Keystone
 * leaves such stale links behind whenever a link is re-assigned.
 */
function nothingStale(name, side, kept) {
  return warn(
    `${name}: ${place(side)} holds links that ${place(kept)} contradicts. The old Keystone leaves such stale links behind. The links in ${place(kept)} are kept`,
    side.collection,
    [...unreturned(side, kept), { $match: { back: { $ne: [] } } }, ends(side)],
  );
}

/** 1:N: warns about links of the kept side that the array does not have. */
function arrayAgrees(name, kept, dropped) {
  const pipeline = [...unreturned(kept, dropped), ends(kept)];
  return warn(onlyKept(name, kept), kept.collection, pipeline);
}

/** 1:1: warns about links of the kept side to documents whose own field holds no id. */
function fieldAgrees(name, kept, dropped) {
  const pipeline = [...unreturned(kept, dropped), { $match: { back: [] } }, ends(kept)];
  return warn(onlyKept(name, kept), kept.collection, pipeline);
}

function onlyKept(name, kept) {
  return `${name}: only ${place(kept)} holds these links. The new Keystone shows them from both sides`;
}

/** 1:1: checks that an item to which several documents link names one of them. */
function sharedAreSettled(name, kept, dropped) {
  return stop(
    `${name}: several documents link to the same item in ${place(kept)}, and ${place(dropped)} of that item names none of them. The new Keystone would show the item twice. Keep one of these links, or use --reconcile, which keeps the one of the document with the highest id`,
    kept.collection,
    [...shared(kept, dropped), { $match: { named: [] } }],
  );
}

/** 1:1: warns about the links that `clearShared` will clear. */
function nothingCleared(name, kept, dropped) {
  return warn(
    `${name}: links in ${place(kept)} will be cleared, because another document links to the same item, and the item names that one. The old Keystone leaves such stale links behind`,
    kept.collection,
    losers(kept, dropped),
  );
}

/** After the repairs: warns about links for which the kept side had no room. */
function nothingLeftOut(name, side, kept) {
  return warn(
    `${name}: links in ${place(side)} are dropped, because ${place(kept)} contradicts them`,
    side.collection,
    [...unreturned(side, kept), ends(side)],
  );
}

/** Checks that the join collection has every link of an array, as far as the target exists. */
function allCopied(name, side, other, join) {
  const living = [lookup(other, 'id', 'other'), { $match: { other: { $ne: [] } } }];
  return stop(
    `${name}: ${place(side)} holds links that ${join} does not, so they were added after the copy. Was the application running? Add them to ${join}, or remove them from ${place(side)}`,
    side.collection,
    [...unjoined(side, other, join), ...(other.collection ? living : []), ends(side)],
  );
}

/** The way back: checks that an array has no links that the join collection lacks. */
function noneOverwrittenByJoin(name, side, other, join) {
  const pipeline = [...unjoined(side, other, join), ends(side)];
  return stop(overwritten(name, side, join), side.collection, pipeline);
}

/** The way back: checks that a field has no links that the kept side lacks. */
function noneOverwritten(name, side, kept) {
  const pipeline = [...unreturned(side, kept), ends(side)];
  return stop(overwritten(name, side, place(kept)), side.collection, pipeline);
}

function overwritten(name, side, source) {
  return `${name}: ${place(side)} holds links that ${source} does not. They would be overwritten. Is the database in the old schema already?`;
}

/**
 * The way back: checks that at most one document gets no link, where the old Keystone has a unique
 * index. To that, a missing id is a value like any other.
 */
function oneIsWithout(name, side, kept) {
  const linked = [
    holding(kept),
    { $group: { _id: path(kept) } },
    lookup(side, '_id', 'other'),
    { $match: { other: { $ne: [] } } },
    { $group: { _id: null, n: { $sum: 1 } } },
  ];
  const without = { $subtract: ['$all', { $ifNull: [only('linked', '$$linked.n'), 0] }] };
  const check = stop(
    `${name}: documents of ${side.collection} have no link from ${place(kept)}. The unique index of the old Keystone on ${place(side)} has room for one of them only. Link the others, or remove them`,
    side.collection,
    [
      { $group: { _id: null, all: { $sum: 1 } } },
      { $lookup: { from: kept.collection, let: {}, pipeline: linked, as: 'linked' } },
      { $project: { _id: 0, without } },
      { $match: { without: { $gt: 1 } } },
    ],
  );
  return Object.assign(check, { sums: ['without'] });
}

/**
 * The way back: checks that the arrays have all links, as far as their documents exist. It counts: an
 * array may be long, and looking each link up in it would take its square.
 */
function arraysComplete(name, side, from, links) {
  const size = { $size: { $ifNull: [items(path(side)), []] } };
  const filled = [{ $group: { _id: null, n: { $sum: size } } }];
  const first = { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } };
  return stop(incomplete(name, side, from), from, [
    ...links,
    lookup(side, 'own', 'document'),
    { $match: { document: { $ne: [] } } },
    { $group: { _id: null, kept: { $sum: 1 } } },
    { $lookup: { from: side.collection, let: {}, pipeline: filled, as: 'filled' } },
    { $project: { _id: 0, kept: 1, filled: first } },
    { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
  ]);
}

/** The way back: checks that the fields have all links, as far as their documents exist. */
function fieldsComplete(name, side, from, links) {
  const isFilled = only('document', isId(path(side, '$$document.')));
  return stop(incomplete(name, side, from), from, [
    ...links,
    lookup(side, 'own', 'document'),
    { $match: { document: { $ne: [] } } },
    { $match: { $expr: { $not: [isFilled] } } },
    { $project: { own: 1, id: 1 } },
  ]);
}

function incomplete(name, side, from) {
  return `${name}: ${place(side)} does not hold all links of ${from}. Nothing has been removed. Is the application running? Stop it, and run this again`;
}

// Copies, repairs and removals.

/**
 * Copies the links of an array into the join collection, each once, in the order of the array. It
 * counts them in another way than it copies them: by the sizes of sets. `__v` is what mongoose, and so
 * Keystone, writes into every document that it makes.
 */
function copyArray(name, left, right, join) {
  return {
    says: `${name}: copying links into ${join}`,
    into: join,
    indexes: [left.inJoin, right.inJoin],
    run: aggregate(left.collection, [
      having(left),
      { $project: { ids: ids(left) } },
      {
        $project: {
          _id: 0,
          [left.inJoin]: '$_id',
          [right.inJoin]: distinct('$ids'),
          __v: { $literal: 0 },
        },
      },
      { $unwind: `$${right.inJoin}` },
    ]),
    count: aggregate(left.collection, [
      having(left),
      { $group: { _id: null, n: { $sum: { $size: { $setUnion: [ids(left), []] } } } } },
    ]),
  };
}

/**
 * Copies the links of both arrays: those of the left one in its order, then those that only the right
 * one has.
 */
function copyBothArrays(name, left, right, join) {
  const each = (side, link) => [
    having(side),
    { $project: { ids: ids(side) } },
    { $unwind: { path: '$ids', includeArrayIndex: 'at' } },
    { $project: Object.assign({ _id: 0 }, link) },
  ];
  // Behind all places in a left array: more than a document has room for.
  const behind = { $literal: 1000000000 };
  const both = [
    ...each(left, { near: '$_id', far: '$ids', at: 1 }),
    {
      $unionWith: {
        coll: right.collection,
        pipeline: each(right, { near: '$ids', far: '$_id', at: behind }),
      },
    },
  ];
  const link = { near: '$near', far: '$far' };
  return {
    says: `${name}: copying links into ${join}`,
    into: join,
    indexes: [left.inJoin, right.inJoin],
    run: aggregate(left.collection, [
      ...both,
      { $group: { _id: link, at: { $min: '$at' } } },
      { $sort: { '_id.near': 1, at: 1, '_id.far': 1 } },
      {
        $project: {
          _id: 0,
          [left.inJoin]: '$_id.near',
          [right.inJoin]: '$_id.far',
          __v: { $literal: 0 },
        },
      },
    ]),
    count: aggregate(left.collection, [
      ...both,
      { $group: { _id: link } },
      { $group: { _id: null, n: { $sum: 1 } } },
    ]),
  };
}

/** Repairs strings of 24 hex digits: they become ids. */
function textBecomesIds(name, kept) {
  return {
    says: `${name}: turning strings in ${place(kept)} into ids`,
    collection: kept.collection,
    field: kept.field,
    how: 'merge',
    run: aggregate(kept.collection, [
      { $match: { [kept.field]: { $type: 'string' } } },
      { $project: { [kept.field]: toId(path(kept)) } },
      holding(kept),
    ]),
  };
}

/** Repairs an item to which several documents link: all but one of the links are cleared. */
function clearShared(name, kept, dropped) {
  return {
    says: `${name}: clearing links in ${place(kept)} whose target is linked elsewhere`,
    collection: kept.collection,
    field: kept.field,
    how: 'clear',
    run: aggregate(kept.collection, losers(kept, dropped)),
  };
}

/** Repairs a 1:N: a field without an id gets what the arrays say, of several the highest id. */
function adoptArrays(name, kept, dropped) {
  return adopt(name, kept, dropped, dropped.collection, [
    having(dropped),
    { $project: { ids: ids(dropped) } },
    { $unwind: '$ids' },
    { $group: { _id: '$ids', found: { $max: '$_id' } } },
  ]);
}

/**
 * Repairs a 1:1: a left field without an id gets what items say to which nobody links, of several the
 * highest id.
 */
function adoptFields(name, left, right) {
  const names = [
    having(right),
    { $project: { names: toId(path(right)) } },
    { $match: { names: { $type: 'objectId' } } },
  ];
  return adopt(name, left, right, left.collection, [
    holding(left),
    { $project: { _id: path(left), held: { $literal: 1 } } },
    { $unionWith: { coll: right.collection, pipeline: names } },
    { $group: { _id: '$_id', held: { $sum: '$held' }, names: { $max: '$names' } } },
    { $match: { held: 0, names: { $type: 'objectId' } } },
    { $group: { _id: '$names', found: { $max: '$_id' } } },
  ]);
}

function adopt(name, kept, dropped, collection, found) {
  const isHeld = only('own', isId(path(kept, '$$own.')));
  return {
    says: `${name}: adding links to ${place(kept)} that only ${place(dropped)} holds`,
    collection: kept.collection,
    field: kept.field,
    how: 'merge',
    run: aggregate(collection, [
      ...found,
      lookup(kept, '_id', 'own'),
      { $match: { own: { $ne: [] } } },
      { $match: { $expr: { $not: [isHeld] } } },
      { $project: { [kept.field]: '$found' } },
    ]),
  };
}

/** The way back: gives documents without the array an empty one, as the old Keystone does. */
function defaultToEmpty(name, side) {
  return {
    says: `${name}: setting ${place(side)} to an empty array where it is missing`,
    run: update(
      side.collection,
      { [side.field]: { $exists: false } },
      { $set: { [side.field]: [] } },
    ),
  };
}

/**
 * The way back: fills a field. An `_id` of the join collection tells the order in which links were
 * copied, and so the order of the left arrays.
 */
function refill(name, side, from, links) {
  const gathered = side.many ? { $push: '$id' } : { $max: '$id' };
  return {
    says: `${name}: filling ${place(side)} from ${from}`,
    run: aggregate(from, [
      ...links,
      { $sort: { _id: 1 } },
      { $group: { _id: '$own', [side.field]: gathered } },
      merge(side.collection),
    ]),
  };
}

function unset(name, side) {
  const filter = { [side.field]: { $exists: true } };
  return {
    says: `${name}: removing ${place(side)}`,
    run: update(side.collection, filter, { $unset: { [side.field]: 1 } }),
  };
}

function dropCollection(name, collection) {
  return { says: `${name}: dropping the collection ${collection}`, run: { drop: collection } };
}

// Commands.

function stop(says, collection, pipeline) {
  return { says, stops: true, run: aggregate(collection, pipeline) };
}

function warn(says, collection, pipeline) {
  return { says, stops: false, run: aggregate(collection, pipeline) };
}

function aggregate(collection, pipeline) {
  return { aggregate: collection, pipeline };
}

function update(collection, filter, change) {
  return { update: collection, updates: [{ q: filter, u: change, multi: true }] };
}

/** Finds a document that has the field. */
function anyWith(side) {
  const filter = { [side.field]: { $exists: true } };
  return { find: side.collection, filter, projection: { _id: 1 }, limit: 1 };
}

/** Finds a document that does not have the field. */
function anyWithout(side) {
  const filter = { [side.field]: { $exists: false } };
  return { find: side.collection, filter, projection: { _id: 1 }, limit: 1 };
}

/** 1:1: finds an item to which several documents link. */
function anyShared(kept, dropped) {
  return aggregate(kept.collection, [...shared(kept, dropped), { $limit: 1 }]);
}

/** The way back: finds a link of the kept side that the field to fill does not have yet. */
function anyUnfilled(kept, side) {
  return aggregate(kept.collection, [...unreturned(kept, side), ends(kept), { $limit: 1 }]);
}

/** Finds the collections with some names, or the one with a name. */
function named(names) {
  const name = Array.isArray(names) ? { $in: names } : names;
  return { listCollections: 1, filter: { name }, nameOnly: true };
}

/** An index as Keystone makes it: without `background` it would clash with Keystone's own. */
function plainIndex(collection, field) {
  const index = { key: { [field]: 1 }, name: `${field}_1`, background: true };
  return { createIndexes: collection, indexes: [index] };
}

/** Some servers mind the order of the options. */
function uniqueIndex(collection, field) {
  const index = { key: { [field]: 1 }, name: `${field}_1`, unique: true, background: true };
  return { createIndexes: collection, indexes: [index] };
}

function dropIndex(side) {
  return { dropIndexes: side.collection, index: { [side.field]: 1 } };
}

/**
 * The questions about a place for links: whether it is there, and how many links it holds, each once,
 * and for single ids also how many items they lead to.
 *
 * @param {Side} place - or `{ join: { collection, left, right } }`
 */
function linksIn(place) {
  const count = (collection, pipeline) => aggregate(collection, pipeline);
  if (place.join) {
    const { collection, left, right } = place.join;
    const link = { near: `$${left}`, far: `$${right}` };
    return {
      isThere: named(collection),
      count: count(collection, [
        { $group: { _id: link } },
        { $group: { _id: null, links: { $sum: 1 } } },
      ]),
    };
  }
  const size = { $size: { $setDifference: [items(path(place)), [null]] } };
  return {
    isThere: anyWith(place),
    count: count(
      place.collection,
      place.many
        ? [having(place), { $group: { _id: null, links: { $sum: size } } }]
        : [
            holding(place),
            { $group: { _id: path(place), n: { $sum: 1 } } },
            { $group: { _id: null, links: { $sum: '$n' }, targets: { $sum: 1 } } },
          ],
    ),
  };
}

/** Asks the server what it knows of a collection without reading it, on all shards. */
function sizeOf(collection) {
  const sum = (field) => ({ $sum: `$storageStats.${field}` });
  return aggregate(collection, [
    { $collStats: { storageStats: {} } },
    { $group: { _id: null, documents: sum('count'), bytes: sum('size') } },
  ]);
}

// Stages of pipelines.

/**
 * Leaves the documents that have the field, even if it is null. It has to be `$exists`: comparisons
 * with null skip arrays that contain one.
 */
function having(side) {
  return { $match: { [side.field]: { $exists: true } } };
}

/** Leaves the documents whose field, which is for one id, holds one. */
function holding(side) {
  return { $match: { [side.field]: { $type: 'objectId' } } };
}

/** The links of a field, one document each: `_id` of its own document, `id` of the other. */
function eachLink(side) {
  return [having(side), { $project: { id: ids(side) } }, { $unwind: '$id' }];
}

/** Looks up the document of a side whose `_id` a field holds, as the only item of an array. */
function lookup(side, field, array) {
  return {
    $lookup: { from: side.collection, localField: field, foreignField: '_id', as: array },
  };
}

/** Names both ends of a link that was found in a field of a side. */
function ends(side) {
  const [left, right] = side.isLeft ? ['$_id', '$id'] : ['$id', '$_id'];
  return { $project: { _id: 0, left, right } };
}

/**
 * The links of one side that the other does not have, between documents that exist, with `back`: the
 * ids that the other side holds in place of it.
 */
function unreturned(side, other) {
  return [
    ...eachLink(side),
    lookup(other, 'id', 'other'),
    { $match: { other: { $ne: [] } } },
    { $project: { id: 1, back: only('other', ids(other, '$$other.')) } },
    { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
  ];
}

/** The links of an array that a join collection does not have. */
function unjoined(side, other, join) {
  const joined = { $map: { input: '$rows', in: `$$this.${other.inJoin}` } };
  return [
    having(side),
    { $project: { ids: ids(side) } },
    { $lookup: { from: join, localField: '_id', foreignField: side.inJoin, as: 'rows' } },
    { $project: { id: { $setDifference: ['$ids', joined] } } },
    { $unwind: '$id' },
  ];
}

/**
 * 1:1: the items to which several documents link, with these as `holders`, and as `named` those of
 * them that the item's own field names.
 */
function shared(kept, dropped) {
  const named = { $setIntersection: [ids(dropped, '$$other.'), '$holders'] };
  return [
    holding(kept),
    { $group: { _id: path(kept), holders: { $push: '$_id' } } },
    { $match: { 'holders.1': { $exists: true } } },
    lookup(dropped, '_id', 'other'),
    { $match: { other: { $ne: [] } } },
    { $project: { holders: 1, named: only('other', named) } },
  ];
}

/**
 * 1:1: of several documents that link to the same item, all but one. The item stays with the document
 * that it names, or else with the one with the highest id.
 */
function losers(kept, dropped) {
  // Without --reconcile there is nothing to go by where none is named, and the checks have stopped.
  const settled = [{ $match: { named: { $ne: [] } } }];
  const keeps = {
    $cond: [{ $eq: ['$named', []] }, { $max: '$holders' }, { $arrayElemAt: ['$named', 0] }],
  };
  return [
    ...shared(kept, dropped),
    ...(kept.takesText ? [] : settled),
    { $project: { holders: 1, keeps } },
    { $unwind: '$holders' },
    { $match: { $expr: { $ne: ['$holders', '$keeps'] } } },
    { $project: { _id: '$holders' } },
  ];
}

/** The links of a join collection: `own` id of the owner of the field to fill, `id` of the other side. */
function joinedLinks(side, other) {
  const isId = { $type: 'objectId' };
  return [
    { $match: { [side.inJoin]: isId, [other.inJoin]: isId } },
    { $project: { own: `$${side.inJoin}`, id: `$${other.inJoin}` } },
  ];
}

/** The links of a field that was kept, likewise. */
function keptLinks(kept) {
  return [holding(kept), { $project: { own: path(kept), id: '$_id' } }];
}

/** Writes what was found into the documents of a collection that have these `_id`s. */
function merge(collection) {
  return {
    $merge: { into: collection, on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' },
  };
}

// Expressions.

/** A field as people call it. */
function place(side) {
  return `${side.collection}.${side.field}`;
}

/** A field of the document, or of another one. */
function path(side, document = '$') {
  return document + side.field;
}

/** The ids in a field, as an array: of an array, of one id, of null or nothing. */
function ids(side, document) {
  const values = items(path(side, document));
  const input = side.takesText ? { $map: { input: values, in: toId('$$this') } } : values;
  return { $filter: { input, cond: isId('$$this') } };
}

/** A value as an array: an array by itself, anything else as its only item. */
function items(value) {
  return { $cond: [{ $isArray: [value] }, value, [value]] };
}

/** No Keystone reads anything else as an id. */
function isId(value) {
  return { $eq: [{ $type: value }, 'objectId'] };
}

function isNothing(value) {
  return { $in: [{ $type: value }, ['missing', 'null', 'undefined']] };
}

/** A value as an id, also if it is a string of 24 hex digits, or else null. */
function toId(value) {
  return { $convert: { input: value, to: 'objectId', onError: null, onNull: null } };
}

/** The elements of an array, each once, where it occurs first. */
function distinct(array) {
  const element = { $arrayElemAt: [array, '$$at'] };
  const isFirst = { $eq: ['$$at', { $indexOfArray: [array, element] }] };
  const places = { $filter: { input: { $range: [0, { $size: array }] }, as: 'at', cond: isFirst } };
  return { $map: { input: places, as: 'at', in: element } };
}

/** An expression on the only document in an array, which it knows by the name of the array. */
function only(array, value) {
  return { $let: { vars: { [array]: { $arrayElemAt: [`$${array}`, 0] } }, in: value } };
}

/** The collection that says who is migrating, and how far the migration has come. It is gone in the end. */
const STATE = 'keystone_upgrade_relationships';

/** Every write is there to stay before the next one is sent. */
const DURABLE = { w: 'majority', j: true };

/** How often a run says that it is alive, and after which silence it counts as dead. */
const BEAT_MS = 10 * 1000;
const DEAD_MS = 60 * 1000;

/** How many documents are updated at a time where the server has to be told which. */
const BATCH = 50000;

/** The tokens of the runs that are at work in this process. */
const atWork = new Set();

/**
 * Runs a migration.
 *
 * All checks come first, then all copies, all counts, the repairs and the removals. A state document
 * says how far it has come, so that it can be run again after a stop at any point: before the removals
 * it starts over, after that it continues.
 *
 * @param {object} migration what to do, as the plan has it: which relationships, in which direction
 * @param {object} shell how it is done
 * @param {function(object): Promise<object>} shell.command sends a command to the database
 * @param {function(object): Promise<object>} shell.adminCommand sends one to the `admin` database
 * @param {string} shell.database the name of the database
 * @param {{ host: string, pid: number }} shell.process who runs it
 * @param {function(number): boolean} shell.isAlive whether a process of this host exists
 * @param {function(object): void} shell.report gets each step: `{ phase, text, isWarning? }`, and for
 *   links that are being copied or have been `{ relationship, done, rate }`, the rate per second
 * @param {number} [shell.beatMs] how often it says that it is alive, and how far a copy is
 * @returns {Promise<boolean>} whether there was anything to do
 * @throws {Error} with what is wrong and what to do
 */
async function migrate(migration, shell) {
  const server = serverOf(shell);
  const say = (phase, text, more) => shell.report(Object.assign({ phase, text }, more));
  refuse(await wrongVersion(server, migration));
  refuse(await wrongDatabase(server, migration));

  const lock = await takeLock(server, shell);
  let isDone = false;
  try {
    const state = await stateOf(server);
    const unfinished = unfinishedRun(state, migration);
    if (unfinished && unfinished.stops) refuse(unfinished.message);
    const run = { migration, server: lock.guarded, say, lock };
    if (state && state.phase === 'removing') {
      say('resume', 'Continuing where an earlier run stopped, with the removals');
      await finish(Object.assign(run, { isResumed: true }));
    } else {
      run.pending = await findPending(run, state ? state.names : []);
      if (run.pending.length === 0 && !state) {
        await makeIndexes(run);
        say('done', `Nothing to do: ${nothingLeft(migration)}`);
        isDone = true;
        return false;
      }
      try {
        await start(run, state);
      } catch (error) {
        if (migration.direction === 'up') await startOver(run);
        throw error;
      }
      await finish(run);
    }
    isDone = true;
    say('done', 'Done');
    return true;
  } finally {
    await lock.release(isDone);
  }
}

function refuse(message) {
  if (message) throw new Error(message);
}

function schemas({ direction }) {
  return direction === 'up' ? ['old', 'new'] : ['new', 'old'];
}

function nothingLeft(migration) {
  const [from, to] = schemas(migration);
  return `no document has links of the ${from} schema. The database is in the ${to} schema`;
}

/** The relationships that have something to do, and those that an earlier run has begun with. */
async function findPending({ migration, server }, begun) {
  const pending = [];
  for (const relationship of migration.relationships) {
    const isBegun = begun.includes(relationship.name);
    if (isBegun || (await isPending(server, migration, relationship))) pending.push(relationship);
  }
  return pending;
}

/** Whether there is anything to do for a relationship. */
async function isPending(server, migration, relationship) {
  for (const command of partsOf(migration, relationship).pending) {
    if (await server.first(command)) return true;
  }
  return false;
}

/** Checks, copies and counts: everything that can be done over. */
async function start(run, state) {
  const { migration, pending, server, say, lock } = run;
  const sharded = new Set();
  for (const { join } of pending) {
    if (join && (await server.isSharded(join.collection))) sharded.add(join.collection);
  }
  // They are filled where they are, so what they hold may be an earlier run's.
  run.filled = new Set(state ? sharded : []);
  const isOwn = ({ join }) => join && run.filled.has(join.collection);
  await runChecks(run, pending, 'Nothing has been changed', (parts, it) =>
    (isOwn(it) ? [] : parts.vacant).concat(parts.checks),
  );

  const { direction, plan } = migration;
  const names = pending.map(({ name }) => name);
  await setState(server, { direction, plan, names, phase: 'copying' });
  await dropStaging(server);
  const all = [];
  for (const relationship of pending) {
    const { name } = relationship;
    for (const copy of partsOf(migration, relationship).copies) {
      say('copy', copy.says);
      if (!copy.into) {
        await server.write(copy.run);
        continue;
      }
      const { into } = copy;
      const place = sharded.has(into) ? into : staging(lock.token, all.length);
      const made = { name, copy, place, into, began: Date.now() };
      all.push(made);
      if (place === into) run.filled.add(into);
      lock.onBeat = () => tellProgress(run, made);
      await fill(server, made);
      lock.onBeat = undefined;
      made.ended = Date.now();
    }
  }
  for (const made of all) await requireWhole(run, made);
  await runChecks(run, pending, 'Nothing has been removed', (parts) => parts.counts);
  const copies = all.filter(({ place, into }) => place !== into);
  await setState(server, {
    copies: copies.map(({ place, into }) => ({ place, into })),
    phase: 'removing',
  });
}

function setState(server, fields) {
  const update = { q: { _id: 'state' }, u: { $set: fields }, upsert: true };
  return server.write({ update: STATE, updates: [update] });
}

function stateOf(server) {
  return server.first({ find: STATE, filter: { _id: 'state' } });
}

/** Leaves the database as it was before `start`, as far as it can be reached. */
async function startOver({ server, filled = [] }) {
  try {
    await dropStaging(server);
    for (const collection of filled) {
      await server.write({ delete: collection, deletes: [{ q: {}, limit: 0 }] });
    }
    await server.write({ delete: STATE, deletes: [{ q: { _id: 'state' }, limit: 0 }] });
  } catch (_) {
    // The next run does it.
  }
}

/** Makes a join collection with its indexes. */
async function fill(server, { copy, place, into }) {
  if (place === into) {
    // `$out` cannot write to a sharded collection.
    await server.write({ delete: into, deletes: [{ q: {}, limit: 0 }] });
    const insert = { $merge: { into, whenMatched: 'fail', whenNotMatched: 'insert' } };
    await server.write(extended(copy.run, insert));
  } else {
    // The server makes it whole or not at all.
    await server.write(extended(copy.run, { $out: place }));
  }
  const indexes = copy.indexes.map((field) => plainIndex(place, field).indexes[0]);
  await server.write({ createIndexes: place, indexes });
}

async function requireWhole({ server, say }, made) {
  const { name, copy, place, into } = made;
  const group = { $group: { _id: null, n: { $sum: 1 } } };
  const numberOf = async (run) => Number(((await server.first(run)) || { n: 0 }).n);
  const expected = await numberOf(copy.count);
  const copied = await numberOf(aggregate(place, [group]));
  if (expected !== copied) {
    throw new Error(
      `${name}: ${copied} of ${expected} links were copied into ${into}. Nothing has been removed. Is the application running? Stop it, and run this again`,
    );
  }
  sayCopied(say, made, copied);
}

/** Says how far a copy is, as far as the server knows without counting. */
async function tellProgress({ server, say, lock }, made) {
  // What `$out` writes to has a name of the server's own until it is whole.
  const filter = { $or: [{ name: made.place }, { name: { $regex: '^tmp\\.agg_out\\.' } }] };
  let done = 0;
  for (const it of await server.all({ listCollections: 1, filter, nameOnly: true })) {
    done += Number(await server.estimate(it.name));
  }
  // Meanwhile it may have come to its end.
  if (lock.onBeat && done > 0) sayCopied(say, made, done);
}

function sayCopied(say, { name: relationship, into, began, ended = Date.now() }, done) {
  // Of a few, a rate says nothing.
  const rate = done < 1000 ? undefined : Math.round(done / (Math.max(ended - began, 1) / 1000));
  say('count', `${relationship}: copied links into ${into}`, { relationship, done, rate });
}

/** From here on it can only continue: repairs and removals, each of which may run again. */
async function finish(run) {
  const { migration, server, say } = run;
  const state = await stateOf(server);
  const relationships = migration.relationships.filter(({ name }) => state.names.includes(name));
  for (const { place, into } of state.copies) {
    // A copy that is not there has its final name already.
    if (!(await server.first(named(place)))) continue;
    if (await server.first({ find: into, limit: 1 })) {
      throw new Error(
        `The collection ${into} has been filled while the links were copied, so the copy cannot take its name. Is the new Keystone running? Stop it, empty the collection, and run this again`,
      );
    }
    await server.rename(place, into);
  }
  if (run.isResumed) await runChecks(run, relationships, undefined, (parts) => parts.guards);
  for (const relationship of relationships) {
    for (const it of partsOf(migration, relationship).repairs) await repair(run, it);
  }
  await runChecks(run, relationships, undefined, (parts) => parts.leftovers);
  say('index', `Making the indexes of the ${schemas(migration)[1]} schema`);
  await makeIndexes(run);
  for (const relationship of relationships) {
    for (const removal of partsOf(migration, relationship).removals) {
      say('remove', removal.says);
      await server.write(removal.run);
    }
  }
  await dropStaging(server);
}

/** Makes and drops indexes, of all relationships: also of those that have no links yet. */
async function makeIndexes({ migration, server }) {
  for (const relationship of migration.relationships) {
    for (const command of partsOf(migration, relationship).indexes) await server.write(command);
  }
}

/** Does a repair, until its aggregation finds nothing more. */
async function repair({ server, say }, { says, collection, field, how, run }) {
  const count = extended(run, { $group: { _id: null, n: { $sum: 1 } } });
  const found = await server.first(count);
  if (!found) return;
  say('repair', `${says}: ${found.n}`);
  if (how === 'merge') {
    await server.write(extended(run, merge(collection)));
  } else {
    const some = extended(run, { $limit: BATCH });
    for (let ids; (ids = (await server.all(some)).map(({ _id }) => _id)).length > 0;) {
      const u = { $set: { [field]: null } };
      const updates = [{ q: { _id: { $in: ids } }, u, multi: true }];
      await server.write({ update: collection, updates });
    }
  }
  const left = await server.first(count);
  if (left) {
    throw new Error(
      `${says}: ${left.n} are left. Is the application running? Stop it, and run this again`,
    );
  }
}

/** Runs some checks of relationships, all of them, so that one run says everything that is wrong. */
async function runChecks({ migration, server, say }, relationships, consequence, checksOf) {
  const wrong = [];
  for (const relationship of relationships) {
    const checks = checksOf(partsOf(migration, relationship), relationship);
    if (checks.length > 0) say('check', `Checking ${relationship.name}`);
    for (const check of checks) {
      const text = await runCheck(server, check);
      if (text && check.stops) wrong.push(text);
      else if (text) say('check', text, { isWarning: true });
    }
  }
  if (wrong.length > 0) throw new Error(wrong.concat(consequence || []).join('\n'));
}

/** What a check finds, in words, or nothing. */
async function runCheck(server, { says, run, sums = [] }) {
  const found = await server.first(extended(run, summary(sums)));
  if (found.examples.length === 0) return undefined;
  const examples = found.examples.map((example) => JSON.stringify(example)).join(', ');
  return `${says}. Found: ${numbers(found.count[0])}, such as ${examples}`;
}

/** The stage that counts what a check finds, adds up some fields, and keeps the first five. */
function summary(sums) {
  const group = { _id: null, n: { $sum: 1 } };
  for (const field of sums) group[field] = { $sum: `$${field}` };
  const count = [{ $group: group }, { $project: { _id: 0 } }];
  return { $facet: { count, examples: [{ $limit: 5 }] } };
}

/** `3 (nulls: 2, duplicates: 1)`. */
function numbers(count) {
  const parts = Object.keys(count)
    .filter((key) => key !== 'n' && Number(count[key]) > 0)
    .map((key) => `${key}: ${count[key]}`);
  return count.n + (parts.length > 0 ? ` (${parts.join(', ')})` : '');
}

/** What to say of a migration that was stopped half-way, and whether it stops this one. */
function unfinishedRun(state, { direction, plan }) {
  // The copies on the way up are thrown away. The way back, though, has written into documents.
  if (!state || (state.direction === 'up' && state.phase === 'copying')) return undefined;
  const what = state.direction === 'up' ? 'migration' : 'rollback';
  const isSame = state.direction === direction && state.plan === plan;
  const others = state.direction === direction && !isSame ? ', with other lists than these' : '';
  const message = `A ${what} was stopped half-way${others}. Run that ${what} again${isSame ? '' : ' first'}. It continues where it stopped`;
  return { message, stops: !isSame };
}

/** In a wrong database there is nothing to do, which would look as if all were well. */
async function wrongDatabase(server, { collections }) {
  if (collections.length === 0 || (await server.first(named(collections)))) return undefined;
  const some = collections.slice(0, 5).join(', ');
  return `The database ${server.database} has no collection of these relationships, such as ${some}. Is this the right database? In a new one there is nothing to migrate`;
}

async function wrongVersion(server, { server: needed }) {
  const { version, versionArray } = await server.buildInfo();
  const [major, minor] = versionArray.map(Number);
  const isEnough = major > needed[0] || (major === needed[0] && minor >= needed[1]);
  if (isEnough) return undefined;
  return `This needs MongoDB ${needed.join('.')} or later, and the server is ${version}`;
}

/** Collections that are being made, until they are whole. Each run has its own. */
function staging(token, number) {
  return STATE + '.' + token + '.' + number;
}

async function dropStaging(server) {
  const left = await server.all({
    listCollections: 1,
    filter: { name: { $regex: '^' + STATE + '\\.' } },
    nameOnly: true,
  });
  for (const { name } of left) await server.write({ drop: name });
}

function extended(command, stage) {
  return Object.assign({}, command, { pipeline: command.pipeline.concat(stage) });
}

/**
 * Takes the lock: one run at a time. A dead holder's is taken over: at once when it was a process of
 * this host, else when it has been silent for a minute.
 */
async function takeLock(server, shell) {
  const { host, pid } = shell.process;
  const token = Math.random().toString(36).slice(2, 10);
  const now = await server.now();
  const holder = { host, pid, token, since: now, at: now };
  const taken = await server.insert(Object.assign({ _id: 'lock' }, holder));
  if (!taken) {
    const other = await server.first({ find: STATE, filter: { _id: 'lock' } });
    // One of this very process has ended if it is not known here, however it did.
    const isAtWork = (it) => (it.pid === pid ? atWork.has(it.token) : shell.isAlive(it.pid));
    const isDead = other && (now - other.at > DEAD_MS || (other.host === host && !isAtWork(other)));
    const q = { _id: 'lock', token: other && other.token };
    const update = { update: STATE, updates: [{ q, u: { $set: holder } }] };
    if (!isDead || (await server.write(update)).n !== 1) {
      const who = other
        ? `: process ${other.pid} on ${other.host}, since ${new Date(other.since).toISOString()}`
        : '';
      throw new Error(
        `Another run is at work${who}. Wait until it ends. After a crash on another host, wait a minute`,
      );
    }
  }
  atWork.add(token);
  const own = { _id: 'lock', token };
  const beat = async () => {
    const u = { $set: { at: await server.now() } };
    const { n } = await server.write({ update: STATE, updates: [{ q: own, u }] });
    if (n !== 1) throw new Error('Another run has taken over, so this one has stopped');
  };
  const lock = { token, release };
  const onTimer = async () => {
    await beat();
    if (lock.onBeat) await lock.onBeat();
  };
  // A beat that fails will show in the next command.
  const timer = setInterval(() => void onTimer().catch(() => {}), shell.beatMs || BEAT_MS);
  if (timer.unref) timer.unref();
  const guarded = (send) => async (first, second) => {
    await beat();
    return send(first, second);
  };
  const { write, rename } = server;
  lock.guarded = Object.assign({}, server, { write: guarded(write), rename: guarded(rename) });
  return lock;

  async function release(isDone) {
    clearInterval(timer);
    atWork.delete(token);
    try {
      await server.write({ delete: STATE, deletes: [{ q: isDone ? {} : own, limit: 0 }] });
      if (!(await server.first({ find: STATE, limit: 1 }))) await server.write({ drop: STATE });
    } catch (_) {
      // The connection is gone: the next run sees that this one is dead.
    }
  }
}

/** What the rest needs of a server, in terms of commands. */
function serverOf({ command, adminCommand, database }) {
  const checked = (result) => {
    const error = (result.writeErrors || [])[0] || result.writeConcernError;
    if (error) throw Object.assign(new Error(error.errmsg), { code: error.code });
    return result;
  };
  const read = (run) => command(run.aggregate ? aggregation(run) : run);
  const first = async (run) => (await read(run)).cursor.firstBatch[0];
  const isMongos = async () => (await adminCommand({ isMaster: 1 })).msg === 'isdbgrid';
  return {
    database,
    first,
    all: async (run) => (await read(run)).cursor.firstBatch,
    estimate: async (collection) => (await command({ count: collection })).n,
    buildInfo: () => adminCommand({ buildInfo: 1 }),
    now: async () => (await adminCommand({ isMaster: 1 })).localTime,
    /** Whether the document was not there yet. */
    async insert(document) {
      try {
        checked(await command({ insert: STATE, documents: [document], writeConcern: DURABLE }));
        return true;
      } catch (error) {
        if (error.code === 11000) return false;
        throw error;
      }
    },
    async write(run) {
      const options = { writeConcern: DURABLE };
      try {
        const whole = run.aggregate ? aggregation(run) : run;
        return checked(await command(Object.assign({}, whole, options)));
      } catch (error) {
        // What is to be removed is not there.
        const isGone = error.code === 26 || error.code === 27;
        if (isGone && (run.drop || run.dropIndexes)) return { ok: 1 };
        throw error;
      }
    },
    async rename(from, to) {
      const names = { renameCollection: database + '.' + from, to: database + '.' + to };
      checked(
        await adminCommand(Object.assign(names, { dropTarget: true, writeConcern: DURABLE })),
      );
    },
    async isSharded(collection) {
      if (!(await isMongos()) || !(await first(named(collection)))) return false;
      return Boolean((await command({ collStats: collection })).sharded);
    },
  };
}

/** An aggregation as the server takes it: all that it gives in one answer. */
function aggregation(run) {
  return Object.assign({}, run, { cursor: { batchSize: BATCH }, allowDiskUse: true });
}

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
    const count = done === undefined ? '' : `: ${done}${rate ? ` (${rate}/s)` : ''}`;
    print((isWarning ? 'Warning: ' : '') + text + count);
  },
});
