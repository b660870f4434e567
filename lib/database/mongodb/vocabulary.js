'use strict';

/**
 * The vocabulary of a migration: what it does for each kind of relationship, and the commands for that.
 *
 * Nothing here talks to a server. The functions turn names into commands of MongoDB's own protocol,
 * each with the words that tell people about it. The runner sends them: each list for all relationships
 * before the next list.
 *
 * @typedef {object} Parts what is done for a relationship
 * @property {object[]} pending commands that find something as long as there is anything to do
 * @property {Check[]} checks before anything changes
 * @property {Copy[]} copies of links, into collections of the migration's own
 * @property {object} [expected] in place of copies: the command that says how many links there will be
 * @property {Check[]} counts that the documents hold all links that have been copied back into them
 * @property {Check[]} guards in place of `checks`, where a stopped run continues after its copies
 * @property {object[]} repairs of links that stay where they are: `run` finds the documents to change
 * @property {Check[]} leftovers of the repairs
 * @property {object[]} indexes commands that make them, whether or not there are links
 * @property {object[]} removals of what is no longer needed
 * @property {Side[]} drops the fields that are removed so, whose indexes go before
 * @property {object[]} touched the way back: commands that find something as soon as a document has
 *   been written
 */

/**
 * @typedef {object} Copy
 * @property {string} says
 * @property {object} run makes the collection
 * @property {object} count says in another way how many links it must hold
 * @property {object} links the expression for the links in one of its documents
 * @property {string} [into] up: the join collection that it becomes
 * @property {string[]} [indexes] up: the fields of its indexes
 * @property {Side} [fills] the way back: the field of the documents into which it is merged
 */

/** The migration, by kind of relationship. */
const UP = {
  /** The links of the array move into the join collection. */
  oneSidedManyToMany({ left, right, join }) {
    return {
      pending: [anyWith(left)],
      checks: checksOfArray(left, right),
      copies: [copyArray(left, right, join)],
      guards: [allCopied(left, right, join)],
      indexes: [plainIndexes(join, [left.inJoin, right.inJoin])],
      removals: [unset(left)],
      drops: [left],
    };
  },

  /** The arrays hold the same links. Those of the left one move into the join collection. */
  twoSidedManyToMany({ left, right, join, reconcile }) {
    return {
      pending: [anyWith(left), anyWith(right)],
      checks: [
        ...checksOfArray(left, right),
        ...checksOfArray(right, left),
        otherSideAgrees(left, right),
        otherSideAgrees(right, left),
      ],
      copies: [(reconcile ? copyBothArrays : copyArray)(left, right, join)],
      guards: [allCopied(left, right, join), allCopied(right, left, join)],
      indexes: [plainIndexes(join, [left.inJoin, right.inJoin])],
      removals: [unset(left), unset(right)],
      drops: [left, right],
    };
  },

  /** The fields hold the same links. The left one stays, the right one is removed. */
  twoSidedOneToOne({ left, right, reconcile }) {
    return {
      pending: [anyWith(right), anyShared(left, right)],
      checks: [
        onlyIds(right),
        ownersHaveIds(right),
        onlyIds(left),
        ownersHaveIds(left),
        ...(reconcile ? [] : [nothingLost(right, left), nothingStale(right, left)]),
        fieldAgrees(left, right),
        ...(reconcile ? [] : [sharedAreSettled(left, right), nothingCleared(left, right)]),
      ],
      guards: reconcile ? [] : [nothingLost(right, left)],
      repairs: reconcile
        ? [textBecomesIds(left), clearShared(left, right), adoptFields(left, right)]
        : [clearShared(left, right)],
      leftovers: reconcile ? [nothingLeftOut(right, left)] : [],
      removals: [unset(right)],
      drops: [right],
    };
  },

  /** The array holds the same links as the field of the other side. The array is removed. */
  twoSidedOneToMany({ left, right, reconcile }) {
    const [array, kept] = left.many ? [left, right] : [right, left];
    return {
      pending: [anyWith(array)],
      checks: [
        onlyIds(array),
        ownersHaveIds(array),
        onlyIds(kept),
        ownersHaveIds(kept),
        ...(reconcile ? [] : [nothingLost(array, kept), nothingStale(array, kept)]),
        arrayAgrees(kept, array),
      ],
      guards: reconcile ? [] : [nothingLost(array, kept)],
      repairs: reconcile ? [textBecomesIds(kept), adoptArrays(kept, array)] : [],
      leftovers: reconcile ? [nothingLeftOut(array, kept)] : [],
      removals: [unset(array)],
      drops: [array],
    };
  },
};

/**
 * An N:N whose join collection holds links already, while arrays do, too: Keystone's own script was
 * stopped, or the new Keystone has been running. The collection stays, and what is removed has to be in it.
 */
function joinedAlready({ left, right, join, reconcile }, { drops, guards }) {
  const other = (side) => (side === left ? right : left);
  const missing = (side) => missingInJoin(side, other(side), join);
  const lacking = (side) => joinLacks(side, missing(side), join);
  return {
    checks: [
      joinHoldsIds(left, right, join),
      ...[].concat(...drops.map((side) => checksOfArray(side, other(side)))),
      ...drops.map(lacking),
      ...drops.map((side) => joinHasMore(side, other(side), join)),
    ],
    copies: [],
    expected: joinCount(left, right, join, reconcile ? drops.map(missing) : []),
    guards: reconcile ? [] : guards,
    repairs: reconcile ? drops.map((side) => addToJoin(side, missing(side), join)) : [],
  };
}

/** The way back, by kind of relationship. */
const DOWN = {
  /** The array is filled from the join collection, which is dropped. */
  oneSidedManyToMany({ left, right, join }) {
    return Object.assign(refilled(left, right, join), {
      pending: [named(join)],
      removals: [dropCollection(join)],
    });
  },

  /** Both arrays are filled from the join collection, which is dropped. */
  twoSidedManyToMany({ left, right, join }) {
    const [ofLeft, ofRight] = [refilled(left, right, join), refilled(right, left, join)];
    return {
      pending: [named(join)],
      checks: [...ofLeft.checks, ...ofRight.checks],
      copies: [...ofLeft.copies, ...ofRight.copies],
      counts: [...ofLeft.counts, ...ofRight.counts],
      indexes: [...ofLeft.indexes, ...ofRight.indexes],
      touched: [...ofLeft.touched, ...ofRight.touched],
      removals: [dropCollection(join)],
    };
  },

  /** The right field is filled from the left one, which stays. */
  twoSidedOneToOne({ left, right }) {
    const pending = [anyUnfilled(left, right), anyUnreturned(right, left)];
    return Object.assign(refilled(right, left), { pending });
  },

  /** The array is filled from the field of the other side, which stays. */
  twoSidedOneToMany({ left, right }) {
    const [array, kept] = left.many ? [left, right] : [right, left];
    return Object.assign(refilled(array, kept), { pending: [anyWithout(array)] });
  },
};

/**
 * What is done for a relationship.
 *
 * @param {{ direction: 'up'|'down', reconcile: boolean }} migration
 * @param {{ kind: string, name: string, left: object, right: object, join?: object, isJoined?: boolean }}
 *   relationship - `isJoined`, which the server has to be asked: there are documents in `join` that are not
 *   this migration's
 * @returns {Parts}
 */
function partsOf({ direction, reconcile }, relationship) {
  const { kind, name, join, isJoined } = relationship;
  const sides = Object.assign(
    { join: join && join.collection, reconcile },
    sidesOf(relationship, reconcile),
  );
  const parts = (direction === 'up' ? UP : DOWN)[kind](sides);
  const all = Object.assign({}, parts, isJoined && joinedAlready(sides, parts));
  for (const list of ['pending', 'indexes', 'drops', 'touched']) all[list] = all[list] || [];
  for (const list of SAYING) all[list] = about(name, all[list] || []);
  return all;
}

/** The parts of which each says something. */
const SAYING = ['checks', 'copies', 'counts', 'guards', 'repairs', 'leftovers', 'removals'];

/** Says of which relationship that is. */
function about(name, parts) {
  return parts.map((it) => Object.assign({}, it, { says: `${name}: ${it.says}` }));
}

function sidesOf({ left, right, join }, takesText) {
  const side = (own, isLeft, inJoin) => Object.assign({}, own, { isLeft, inJoin, takesText });
  return {
    left: side(left, true, join && join.left),
    right: side(right, false, join && join.right),
  };
}

/**
 * @typedef {object} Side one side of a relationship
 * @property {string} [collection] of its documents; unknown where a one-sided relationship leads to a
 *   list whose collection is not known
 * @property {string} [field] of its links, where it has one in the old schema
 * @property {boolean} [many] whether the field is an array
 * @property {'plain'|'unique'} [index] the index that Keystone makes of the field
 * @property {boolean} isLeft
 * @property {boolean} takesText `--reconcile`: strings of 24 hex digits count as ids. Without it, as for
 *   both Keystones, only an ObjectId does.
 * @property {string} [inJoin] the field of the join collection for its ids
 *
 * @typedef {object} Check an aggregation that finds what is wrong
 * @property {string} says what is wrong when it finds something, and what to do
 * @property {boolean} stops whether the migration stops then; otherwise it warns
 * @property {string[]} [sums] numbers of what it finds to add up
 * @property {object} run
 */

/** Up: the checks of an array whose links are to be in a join collection. */
function checksOfArray(side, other) {
  const checks = [onlyIds(side), ownersHaveIds(side), noOddities(side)];
  // A one-sided relationship may lead to a list whose collection is not known.
  return other.collection ? [...checks, targetsExist(side, other)] : checks;
}

/** The way back: what fills a field from a join collection, or from the field that was kept. */
function refilled(side, other, join) {
  const from = join || other.collection;
  const links = join ? joinedLinks(side, other) : keptLinks(other);
  const checks = [join ? noneOverwrittenByJoin(side, other, join) : noneOverwritten(side, other)];
  if (side.index === 'unique' && other.field) checks.push(oneIsWithout(side, other));
  const indexesOf = side.index === 'unique' ? uniqueIndexes : plainIndexes;
  return {
    checks,
    copies: [gather(side, from, links)],
    counts: [(side.many ? arraysComplete : fieldsComplete)(side, from, links)],
    indexes: side.index ? [indexesOf(side.collection, [side.field])] : [],
    touched: [anyWith(side)],
  };
}

// Checks. What counts as a link is what both Keystones read: an ObjectId of a document that exists.

/** Checks that what is in a join collection are links. */
function joinHoldsIds(left, right, join) {
  const isWrong = ({ inJoin }) => ({ [inJoin]: { $not: { $type: 'objectId' } } });
  return stop(
    `the collection ${join} holds documents that are not links, because ${left.inJoin} or ${right.inJoin} is not an ObjectId. Correct or remove them`,
    join,
    [{ $match: { $or: [isWrong(left), isWrong(right)] } }],
  );
}

/** Warns about links of a join collection that holds links already and that an array does not have. */
function joinHasMore(side, other, join) {
  const value = path(side, '$$own.');
  const isThere = { $in: [`$${other.inJoin}`, ids(side, '$$own.')] };
  const isRemoved = { $eq: [{ $type: value }, 'missing'] };
  const [left, right] = side.isLeft ? [side, other] : [other, side];
  return warn(
    `${join} holds links that ${place(side)} does not. They stay. The new Keystone may have written them. But if a backup was restored over a migrated database, they are left over from before: then drop the database, and restore it again`,
    join,
    [
      lookup(side, side.inJoin, 'own'),
      { $match: { own: { $ne: [] } } },
      {
        $project: {
          ...{ _id: 0, left: `$${left.inJoin}`, right: `$${right.inJoin}` },
          isThere: only('own', { $or: [isRemoved, isThere] }),
        },
      },
      { $match: { isThere: false } },
      { $project: { isThere: 0 } },
    ],
  );
}

/** Checks that a join collection that holds links already has those of an array. */
function joinLacks(side, missing, join) {
  const says = `${place(side)} holds links that ${join} does not, though ${join} already holds links. Another script has been stopped, or the new Keystone has written them, or a backup was restored over a migrated database: in that case drop the database, and restore it again. `;
  return (side.takesText ? warn : stop)(
    says +
      (side.takesText
        ? 'They are added'
        : `Use --reconcile, which adds the links to ${join}, or remove them from ${place(side)}`),
    missing.aggregate,
    [...missing.pipeline, { $project: { __v: 0 } }],
  );
}

/** Checks that a field holds ObjectIds, and nothing else. */
function onlyIds(side) {
  const isWrong = { $not: [{ $or: [isNothing('$$this'), isId('$$this')] }] };
  const values = side.many ? items(path(side)) : [path(side)];
  const says = `${place(side)} holds something that is not an ObjectId. `;
  return (side.takesText ? warn : stop)(
    says +
      (side.takesText
        ? 'Strings of 24 hex digits are read as ids, everything else is left out'
        : 'No Keystone reads it as a link. Correct or remove it, or use --reconcile, which reads strings of 24 hex digits as ids and leaves out everything else'),
    side.collection,
    [
      having(side),
      { $project: { wrong: { $filter: { input: values, cond: isWrong } } } },
      { $match: { 'wrong.0': { $exists: true } } },
      { $project: { wrong: 1, types: { $map: { input: '$wrong', in: { $type: '$$this' } } } } },
    ],
  );
}

/** Checks that documents with links have an ObjectId as their own `_id`. */
function ownersHaveIds(side) {
  const isThere = { $not: [isNothing('$$this')] };
  return stop(
    `documents of ${side.collection} hold links in ${side.field}, but their own _id is not an ObjectId. No Keystone can follow these links. Give the documents an ObjectId, or remove the links`,
    side.collection,
    [
      { $match: { [side.field]: { $exists: true }, _id: { $not: { $type: 'objectId' } } } },
      {
        $project: {
          type: { $type: '$_id' },
          links: { $filter: { input: items(path(side)), cond: isThere } },
        },
      },
      { $match: { 'links.0': { $exists: true } } },
    ],
  );
}

/** Warns about nulls and duplicates in an array, and a single value in place of one. */
function noOddities(side) {
  const value = path(side);
  const isArray = { $isArray: [value] };
  const isThere = { $not: [isNothing('$$this')] };
  const size = (array) => ({ $size: array });
  const check = warn(
    `${place(side)} holds nulls, duplicates, or a single value in place of an array. Each link is copied once, and nulls are left out`,
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
function targetsExist(side, other) {
  const isCopied = side.isLeft || side.takesText;
  return warn(
    `${place(side)} holds ids of documents that ${other.collection} does not have. No Keystone shows them. ` +
      (isCopied ? 'They are copied unchanged' : 'They are removed with the field'),
    side.collection,
    [
      ...eachLink(side),
      { $group: { _id: '$id', owners: { $push: '$_id' } } },
      lookup(other, '_id', 'other'),
      { $match: { other: [] } },
      { $unwind: '$owners' },
      { $project: { _id: '$owners', id: '$_id' } },
      ends(side),
    ],
  );
}

/**
 * Checks the indexes that contain a field that goes, but for those that the lists ask for. A unique one may
 * refuse documents that differ in this field alone; others are of no use any more.
 *
 * @param {Side} side
 * @param {object[]} indexes as `listIndexes` has them
 */
function indexesStay(side, indexes) {
  const isOfField = (key) => key === side.field || key.startsWith(`${side.field}.`);
  const isConfigured = (it) => isOwnIndex(it, side) && Boolean(side.index);
  const others = indexes.filter((it) => Object.keys(it.key).some(isOfField) && !isConfigured(it));
  return others.map((it) => {
    const isDropped = isOwnIndex(it, side);
    if (isDropped || !it.unique) {
      const example = { $project: { _id: 0, index: { $literal: it.name } } };
      const end = isDropped
        ? 'It is dropped, and the rollback does not make it again'
        : 'Replace it';
      return warn(
        `the index ${it.name} of ${side.collection} contains ${side.field}, which is removed. ${end}`,
        side.collection,
        [{ $limit: 1 }, example],
      );
    }
    // Of an array, each item is a key of the index.
    const rest = Object.keys(it.key).filter((key) => !isOfField(key));
    const keys = rest.map((key, at) => ({ [`key${at}`]: { $ifNull: [`$${key}`, null] } }));
    const each = Object.keys(Object.assign({}, ...keys)).map((key) => `$${key}`);
    const check = stop(
      `the unique index ${it.name} of ${side.collection} contains ${side.field}. Documents that differ in that field alone could not be without it. Drop the index`,
      side.collection,
      [
        without([side.field]),
        ...(it.partialFilterExpression ? [{ $match: it.partialFilterExpression }] : []),
        { $project: Object.assign({ document: '$_id' }, ...keys) },
        ...each.map((item) => ({ $unwind: { path: item, preserveNullAndEmptyArrays: true } })),
        { $group: { _id: each, documents: { $addToSet: '$document' } } },
        { $match: { 'documents.1': { $exists: true } } },
        { $project: { documents: { $size: '$documents' } } },
      ],
    );
    if (it.collation) check.run.collation = it.collation;
    return check;
  });
}

/** Whether an index is of a field alone, as Keystone makes it. It is dropped before the field. */
function isOwnIndex({ key }, side) {
  return Object.keys(key).length === 1 && Number(key[side.field]) === 1;
}

/** Whether it is that of `plainIndexes`, and not one with that key but another name or options. */
function isPlainIndex(index, field) {
  const { v: _v, ns: _ns, key: _key, name, background: _background, ...options } = index;
  const hasNone = Object.keys(options).length === 0 && name === `${field}_1`;
  return hasNone && isOwnIndex(index, { field });
}

/**
 * What a migration writes into documents, but for the state that it keeps.
 *
 * @param {Parts} parts
 * @returns {Change[]}
 *
 * @typedef {object} Change
 * @property {string} collection
 * @property {string} field
 * @property {object} [run] finds the documents, by `_id` and what the field will hold; without it, the
 *   field is removed wherever it is
 */
function changesOf({ drops, repairs, copies }) {
  const changes = drops.map(({ collection, field }) => ({ collection, field }));
  for (const { collection, field, how, run } of repairs.filter((repair) => repair.field)) {
    const cleared = { $project: { [field]: { $literal: null } } };
    const { pipeline } = run;
    const found = how === 'merge' ? run : aggregate(run.aggregate, pipeline.concat(cleared));
    changes.push({ collection, field, run: found });
  }
  for (const { fills, run } of copies.filter((copy) => copy.fills)) {
    const { collection, field, many } = fills;
    const isWithout = { $match: { [field]: { $exists: false } } };
    const empty = { $project: { [field]: { $literal: [] } } };
    if (many) changes.push({ collection, field, run: aggregate(collection, [isWithout, empty]) });
    changes.push({ collection, field, run });
  }
  return changes;
}

/**
 * Checks that the validator of a collection takes documents as they will be.
 *
 * @param {Change} change
 * @param {object} options of the collection, as `listCollections` has them
 * @param {string[]} gone the fields that have been removed before
 */
function validatorTakes(change, { validator, validationLevel, validationAction }, gone) {
  if (!validator || validationLevel === 'off' || validationAction === 'warn') return [];
  const { collection, field, run } = change;
  // Documents that it refuses already may be changed then.
  const isValid = validationLevel === 'moderate' ? [{ $match: validator }] : [];
  const isOwn = { $match: { $expr: { $eq: ['$_id', '$$id'] } } };
  const pipeline = [isOwn, ...isValid];
  const newRoot = { $mergeObjects: [{ $arrayElemAt: ['$own', 0] }, { [field]: `$${field}` }] };
  const willBe = run
    ? [
        ...run.pipeline,
        { $lookup: { from: collection, let: { id: '$_id' }, pipeline, as: 'own' } },
        { $match: { own: { $ne: [] } } },
        { $replaceRoot: { newRoot } },
      ]
    : [
        { $match: { [field]: { $exists: true } } },
        ...(gone.length ? [without(gone)] : []),
        ...isValid,
        without([field]),
      ];
  const after = gone.length ? `, when ${gone.join(' and ')} went before` : '';
  const how = run ? `with ${field} as it will be` : `without ${field}${after}`;
  const check = stop(
    `the validator of ${collection} refuses documents ${how}. Change it with collMod, or set its validationAction to warn until the end`,
    run ? run.aggregate : collection,
    [...willBe, { $match: { $nor: [validator] } }, { $project: { _id: 1 } }],
  );
  return [check];
}

/** Takes fields away. */
function without(fields) {
  return { $project: Object.assign({}, ...fields.map((field) => ({ [field]: 0 }))) };
}

/** N:N: checks that the other array has all links of this one. */
function otherSideAgrees(side, other) {
  const says = `${place(side)} holds links that ${place(other)} does not. `;
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
function nothingLost(side, kept) {
  return stop(
    `links that only ${place(side)} holds would be lost. Add them to ${place(kept)}, or remove them, or use --reconcile, which adds them`,
    side.collection,
    [...unreturned(side, kept), { $match: { isTaken: false } }, ends(side)],
  );
}

/**
 * Warns about links of the side that goes where the kept side holds another id. The old Keystone
 * leaves such stale links behind whenever a link is re-assigned.
 */
function nothingStale(side, kept) {
  return warn(
    `${place(side)} holds links that ${place(kept)} contradicts. The old Keystone leaves such stale links behind. The links in ${place(kept)} are kept`,
    side.collection,
    [...unreturned(side, kept), { $match: { isTaken: true } }, ends(side)],
  );
}

/** 1:N: warns about links of the kept side that the array does not have. */
function arrayAgrees(kept, dropped) {
  const pipeline = [...unreturned(kept, dropped), ends(kept)];
  return warn(onlyKept(kept), kept.collection, pipeline);
}

/** 1:1: warns about links of the kept side to documents whose own field holds no id. */
function fieldAgrees(kept, dropped) {
  const pipeline = [...unreturned(kept, dropped), { $match: { isTaken: false } }, ends(kept)];
  return warn(onlyKept(kept), kept.collection, pipeline);
}

function onlyKept(kept) {
  return `only ${place(kept)} holds these links. The new Keystone shows them from both sides`;
}

/** 1:1: checks that an item to which several documents link names one of them. */
function sharedAreSettled(kept, dropped) {
  return stop(
    `several documents link to the same item in ${place(kept)}, and ${place(dropped)} of that item names none of them. The new Keystone would show the item twice. Keep one of these links, or use --reconcile, which keeps the one of the document with the highest id`,
    kept.collection,
    [...shared(kept, dropped), { $match: { named: [] } }],
  );
}

/** 1:1: warns about the links that `clearShared` will clear. */
function nothingCleared(kept, dropped) {
  return warn(
    `links in ${place(kept)} will be cleared, because another document links to the same item, and the item names that one. The old Keystone leaves such stale links behind`,
    kept.collection,
    [
      ...losers(kept, dropped),
      { $project: { _id: 0, left: '$holders', right: '$_id', kept: '$keeps' } },
    ],
  );
}

/** After the repairs: warns about links for which the kept side had no room. */
function nothingLeftOut(side, kept) {
  return warn(
    `links in ${place(side)} are dropped, because ${place(kept)} contradicts them`,
    side.collection,
    [...unreturned(side, kept), ends(side)],
  );
}

/** Checks that the join collection has every link of an array, as far as the target exists. */
function allCopied(side, other, join) {
  return stop(
    `${place(side)} holds links that ${join} does not, so they were added after the copy. Was the application running? Add them to ${join}, or remove them from ${place(side)}`,
    side.collection,
    [...lacking(side, other, join), ends(side)],
  );
}

/** The way back: checks that an array has no links that the join collection lacks. */
function noneOverwrittenByJoin(side, other, join) {
  const pipeline = [...unjoined(side, other, join), ends(side)];
  return stop(overwritten(side, join), side.collection, pipeline);
}

/** The way back: checks that a field has no links that the kept side lacks. */
function noneOverwritten(side, kept) {
  const pipeline = [...unreturned(side, kept), ends(side)];
  return stop(overwritten(side, place(kept)), side.collection, pipeline);
}

function overwritten(side, source) {
  return `${place(side)} holds links that ${source} does not. They would be overwritten. Is the database in the old schema already?`;
}

/**
 * The way back: checks that at most one document gets no link, where the old Keystone has a unique
 * index. To that, a missing id is a value like any other.
 */
function oneIsWithout(side, kept) {
  const linked = [
    holding(kept),
    { $group: { _id: path(kept) } },
    lookup(side, '_id', 'other'),
    { $match: { other: { $ne: [] } } },
    { $group: { _id: null, n: { $sum: 1 } } },
  ];
  const without = { $subtract: ['$all', { $ifNull: [only('linked', '$$linked.n'), 0] }] };
  const check = stop(
    `documents of ${side.collection} have no link from ${place(kept)}. The unique index of the old Keystone on ${place(side)} has room for one of them only. Link the others, or remove them`,
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
function arraysComplete(side, from, links) {
  const filled = [{ $group: { _id: null, n: { $sum: { $size: ids(side) } } } }];
  const first = { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } };
  return stop(incomplete(side, from), from, [
    ...links,
    { $group: { _id: '$own', kept: { $sum: 1 } } },
    lookup(side, '_id', 'document'),
    { $match: { document: { $ne: [] } } },
    { $group: { _id: null, kept: { $sum: '$kept' } } },
    { $lookup: { from: side.collection, let: {}, pipeline: filled, as: 'filled' } },
    { $project: { _id: 0, kept: 1, filled: first } },
    { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
  ]);
}

/** The way back: checks that the fields have all links, as far as their documents exist. */
function fieldsComplete(side, from, links) {
  const isFilled = only('document', isId(path(side, '$$document.')));
  return stop(incomplete(side, from), from, [
    ...links,
    { $group: { _id: '$own', id: { $max: '$id' } } },
    lookup(side, '_id', 'document'),
    { $match: { document: { $ne: [] } } },
    { $match: { $expr: { $not: [isFilled] } } },
    { $project: { _id: 0, own: '$_id', id: 1 } },
  ]);
}

function incomplete(side, from) {
  return `${place(side)} does not hold all links of ${from}. Nothing has been removed. Is the application running? Stop it, and run this again`;
}

// Copies, repairs and removals.

/**
 * Copies the links of an array into the join collection, each once, in the order of the array. It
 * counts them in another way than it copies them: by the sizes of sets. `__v` is what mongoose, and so
 * Keystone, writes into every document that it makes.
 */
function copyArray(left, right, join) {
  return {
    says: `copying links into ${join}`,
    into: join,
    indexes: [left.inJoin, right.inJoin],
    links: 1,
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
function copyBothArrays(left, right, join) {
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
    says: `copying links into ${join}`,
    into: join,
    indexes: [left.inJoin, right.inJoin],
    links: 1,
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

/** Repairs a join collection that holds links already: it gets those that only an array has. */
function addToJoin(side, missing, join) {
  return {
    says: `adding links to ${join} that only ${place(side)} holds`,
    collection: join,
    how: 'insert',
    run: missing,
  };
}

/** How many different links there are in a join collection and in some more. */
function joinCount(left, right, join, more) {
  const link = { near: `$${left.inJoin}`, far: `$${right.inJoin}` };
  return aggregate(join, [
    ...union(more),
    { $group: { _id: link } },
    { $group: { _id: null, n: { $sum: 1 } } },
  ]);
}

/** The stages that add what other commands find. */
function union(commands) {
  return commands.map((run) => ({ $unionWith: { coll: run.aggregate, pipeline: run.pipeline } }));
}

/** Repairs strings of 24 hex digits: they become ids. */
function textBecomesIds(kept) {
  return {
    says: `turning strings in ${place(kept)} into ids`,
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
function clearShared(kept, dropped) {
  return {
    says: `clearing links in ${place(kept)} whose target is linked elsewhere`,
    collection: kept.collection,
    field: kept.field,
    how: 'clear',
    run: aggregate(kept.collection, [...losers(kept, dropped), { $project: { _id: '$holders' } }]),
  };
}

/** Repairs a 1:N: a field without an id gets what the arrays say, of several the highest id. */
function adoptArrays(kept, dropped) {
  return adopt(kept, dropped, dropped.collection, [
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
function adoptFields(left, right) {
  const names = [
    having(right),
    { $project: { names: toId(path(right)) } },
    { $match: { names: { $type: 'objectId' } } },
  ];
  return adopt(left, right, left.collection, [
    holding(left),
    { $project: { _id: path(left), held: { $literal: 1 } } },
    { $unionWith: { coll: right.collection, pipeline: names } },
    { $group: { _id: '$_id', held: { $sum: '$held' }, names: { $max: '$names' } } },
    { $match: { held: 0, names: { $type: 'objectId' } } },
    { $group: { _id: '$names', found: { $max: '$_id' } } },
  ]);
}

function adopt(kept, dropped, collection, found) {
  const isHeld = only('own', isId(path(kept, '$$own.')));
  return {
    says: `adding links to ${place(kept)} that only ${place(dropped)} holds`,
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

/**
 * The way back: gathers what a field will hold, by the `_id` of its document. An `_id` of the join
 * collection tells the order in which links were copied, and so the order of the left arrays.
 */
function gather(side, from, links) {
  const own = { $group: { _id: '$own', [side.field]: { [side.many ? '$push' : '$max']: '$id' } } };
  const once = side.many ? [] : [{ $group: { _id: '$own' } }];
  return {
    says: `gathering the links of ${place(side)} from ${from}`,
    fills: side,
    run: aggregate(from, [...links, own]),
    count: aggregate(from, [...links, ...once, { $group: { _id: null, n: { $sum: 1 } } }]),
    links: side.many ? { $size: path(side) } : 1,
  };
}

/** The way back: what writes a copy into the documents. The old Keystone gives each an array. */
function fillsOf(side, copy) {
  const isWithout = { [side.field]: { $exists: false } };
  const empty = {
    says: `setting ${place(side)} to an empty array where it is missing`,
    run: update(side.collection, isWithout, { $set: { [side.field]: [] } }),
  };
  const fill = {
    says: `filling ${place(side)}`,
    run: aggregate(copy, [merge(side.collection)]),
  };
  return side.many ? [empty, fill] : [fill];
}

function unset(side) {
  const filter = { [side.field]: { $exists: true } };
  return {
    says: `removing ${place(side)}`,
    run: update(side.collection, filter, { $unset: { [side.field]: 1 } }),
  };
}

function dropCollection(collection) {
  return { says: `dropping the collection ${collection}`, run: { drop: collection } };
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

/**
 * The way back: finds a link of the kept side to an item whose field holds no id yet. An item that names
 * another document is one of the old schema, to which stale links lead.
 */
function anyUnfilled(kept, side) {
  return aggregate(kept.collection, [
    ...unreturned(kept, side),
    { $match: { isTaken: false } },
    { $limit: 1 },
  ]);
}

/** The way back: finds a link of the field to fill that the kept side does not have. */
function anyUnreturned(side, kept) {
  return aggregate(side.collection, [...unreturned(side, kept), { $limit: 1 }]);
}

/** Finds the collections with some names, or the one with a name. */
function named(names) {
  const name = Array.isArray(names) ? { $in: names } : names;
  return { listCollections: 1, filter: { name }, nameOnly: true };
}

/**
 * Indexes as Keystone makes them, one for each field: without `background` they would clash with
 * Keystone's own. Some servers mind the order of the options.
 */
function plainIndexes(collection, fields, options) {
  const indexOf = (field) =>
    Object.assign({ key: { [field]: 1 }, name: `${field}_1` }, options, { background: true });
  return { createIndexes: collection, indexes: fields.map(indexOf) };
}

function uniqueIndexes(collection, fields) {
  return plainIndexes(collection, fields, { unique: true });
}

/** By its name, or by its key. */
function dropIndex(collection, index) {
  return { dropIndexes: collection, index };
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
 * The links of one side that the other does not have, between documents that exist, and whether the
 * other side `isTaken`: it holds other ids in place of them. The links to one document are compared
 * together, since its array may be as long as there are links.
 */
function unreturned(side, other) {
  return [
    ...eachLink(side),
    { $group: { _id: '$id', owners: { $push: '$_id' } } },
    lookup(other, '_id', 'other'),
    { $match: { other: { $ne: [] } } },
    { $project: { owners: 1, back: only('other', ids(other, '$$other.')) } },
    {
      $project: {
        owner: { $setDifference: ['$owners', '$back'] },
        isTaken: { $gt: [{ $size: '$back' }, 0] },
      },
    },
    { $unwind: '$owner' },
    { $project: { _id: '$owner', id: '$_id', isTaken: 1 } },
  ];
}

/** The links of an array that a join collection does not have, as documents of that. */
function missingInJoin(side, other, join) {
  const link = { [side.inJoin]: '$_id', [other.inJoin]: '$id', __v: { $literal: 0 } };
  const pipeline = [...lacking(side, other, join), { $project: Object.assign({ _id: 0 }, link) }];
  return aggregate(side.collection, pipeline);
}

/** The links of an array that a join collection does not have, as far as the target exists. */
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

/** Those of them that lead to documents which exist, as far as that is known. */
function lacking(side, other, join) {
  const living = [lookup(other, 'id', 'other'), { $match: { other: { $ne: [] } } }];
  return [...unjoined(side, other, join), ...(other.collection ? living : [])];
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
  ];
}

/** Right behind a `$match`, so that the index on `_id` gives the order. */
const BY_ID = { $sort: { _id: 1 } };

/** The links of a join collection: `own` id of the owner of the field to fill, `id` of the other side. */
function joinedLinks(side, other) {
  const isId = { $type: 'objectId' };
  return [
    { $match: { [side.inJoin]: isId, [other.inJoin]: isId } },
    BY_ID,
    { $project: { own: `$${side.inJoin}`, id: `$${other.inJoin}` } },
  ];
}

/** The links of a field that was kept, likewise. */
function keptLinks(kept) {
  return [holding(kept), BY_ID, { $project: { own: path(kept), id: '$_id' } }];
}

/** Writes what was found into the documents of a collection that have these `_id`s. */
function merge(collection) {
  return {
    $merge: { into: collection, on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' },
  };
}

/** Adds what was found to a collection. */
function insert(collection) {
  return {
    $merge: { into: collection, whenMatched: 'fail', whenNotMatched: 'insert' },
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

/**
 * The ids in an array, each once, where it occurs first. Looking for the first place of each takes the
 * square of the length. Long arrays become an object with the ids as keys, in that order.
 */
function distinct(array) {
  const size = (of) => ({ $size: of });
  const element = { $arrayElemAt: [array, '$$at'] };
  const isFirst = { $eq: ['$$at', { $indexOfArray: [array, element] }] };
  const places = { $filter: { input: { $range: [0, size(array)] }, as: 'at', cond: isFirst } };
  const byKey = { $map: { input: array, in: [{ $toString: '$$this' }, '$$this'] } };
  const keys = { $objectToArray: { $arrayToObject: byKey } };
  return {
    $switch: {
      branches: [
        { case: { $eq: [size(array), size({ $setUnion: [array, []] })] }, then: array },
        {
          case: { $lte: [size(array), 1000] },
          then: { $map: { input: places, as: 'at', in: element } },
        },
      ],
      default: { $map: { input: keys, in: '$$this.v' } },
    },
  };
}

/** An expression on the only document in an array, which it knows by the name of the array. */
function only(array, value) {
  return { $let: { vars: { [array]: { $arrayElemAt: [`$${array}`, 0] } }, in: value } };
}

module.exports = {
  about,
  aggregate,
  anyWith,
  changesOf,
  dropIndex,
  eachLink,
  fillsOf,
  having,
  ids,
  indexesStay,
  insert,
  isNothing,
  isOwnIndex,
  isPlainIndex,
  lookup,
  merge,
  named,
  only,
  partsOf,
  path,
  plainIndexes,
  sidesOf,
  toId,
  union,
  validatorTakes,
};
