'use strict';

const {
  aggregate,
  eachLink,
  having,
  isNothing,
  lookup,
  only,
  partsOf,
  path,
  sidesOf,
  toId,
  union,
} = require('./vocabulary');

/** How many links are shown. */
const EXAMPLES = 5;

/**
 * What a migration that reconciles does to a relationship, by kind: finds each link that is added to the
 * place that is kept, cleared from it, or dropped with the other place.
 *
 * They say beforehand what the repairs of the vocabulary come to, one after the other. The links are
 * counted afterwards, so that a difference would show.
 */
const CHANGES = {
  /** Both arrays are copied. */
  twoSidedManyToMany({ left, right }) {
    const each = (side, isKept) => [
      ...eachLink(side),
      { $project: { ...ends(side, '$_id', '$id'), isKept: { $literal: isKept } } },
    ];
    return aggregate(left.collection, [
      ...each(left, 1),
      { $unionWith: { coll: right.collection, pipeline: each(right, 0) } },
      { $group: { _id: { left: '$left', right: '$right' }, isKept: { $max: '$isKept' } } },
      { $match: { isKept: 0 } },
      { $project: change('added', { left: '$_id.left', right: '$_id.right' }) },
    ]);
  },

  /** A field without an id gets the highest of those whose arrays name its document. */
  twoSidedOneToMany({ left, right }) {
    const [array, kept] = left.many ? [left, right] : [right, left];
    const isAdopted = { $eq: ['$owner', '$gets'] };
    const action = { $cond: [isAdopted, 'added', 'dropped'] };
    const instead = { $cond: [isAdopted, [], [ends(array, '$gets', '$_id')]] };
    return aggregate(array.collection, [
      ...eachLink(array),
      { $group: { _id: '$id', owners: { $addToSet: '$_id' } } },
      lookup(kept, '_id', 'own'),
      { $match: { own: { $ne: [] } } },
      { $project: { owners: 1, has: only('own', idIn(kept, '$$own.')) } },
      { $project: { owners: 1, has: 1, gets: { $ifNull: ['$has', { $max: '$owners' }] } } },
      { $project: { gets: 1, owner: { $setDifference: ['$owners', ['$has']] } } },
      { $unwind: '$owner' },
      { $project: change(action, ends(array, '$owner', '$_id'), instead) },
    ]);
  },

  /**
   * An item that several hold stays with the one that it names, else with the highest. Then a left field
   * without an id gets the highest of the items that name its document and that nobody holds.
   */
  twoSidedOneToOne({ left, right }) {
    const keeper = { $cond: [{ $in: ['$names', '$holders'] }, '$names', { $max: '$holders' }] };
    const row = (own, action) => ({ own, right: '$_id', action, keeper: '$keeper' });
    const isCleared = { $and: ['$exists', { $ne: ['$$this', '$keeper'] }] };
    const isKept = { $eq: ['$names', '$keeper'] };
    const isFree = { $eq: ['$holders', []] };
    const held = row('$$this', { $cond: [isCleared, 'cleared', 'kept'] });
    const named = row('$names', { $cond: [isFree, 'wanted', 'dropped'] });
    const rows = {
      $concatArrays: [
        { $map: { input: '$holders', in: held } },
        { $cond: [{ $or: [isNothing('$names'), isKept] }, [], [named]] },
      ],
    };
    const of = (...actions) => ({
      $filter: { input: '$rows', cond: { $in: ['$$this.action', actions] } },
    });
    const rightOf = (action) => ({ $max: { $map: { input: of(action), in: '$$this.right' } } });
    const isAdopted = { $and: [isNothing('$has'), { $eq: ['$row.right', '$gets'] }] };
    const wasCleared = { $eq: ['$row.action', 'cleared'] };
    const action = { $cond: [wasCleared, 'cleared', { $cond: [isAdopted, 'added', 'dropped'] }] };
    const where = (isIt, it) => ({ $cond: [isIt, [], [it]] });
    const instead = {
      $concatArrays: [
        where(
          { $or: [isNothing('$row.keeper'), isAdopted] },
          { left: '$row.keeper', right: '$row.right' },
        ),
        where({ $or: [isNothing('$gets'), isAdopted] }, { left: '$_id', right: '$gets' }),
      ],
    };
    return aggregate(left.collection, [
      having(left),
      { $project: { _id: idIn(left), holder: '$_id' } },
      { $match: { _id: { $type: 'objectId' } } },
      {
        $unionWith: {
          coll: right.collection,
          pipeline: [{ $project: { names: idIn(right), exists: { $literal: true } } }],
        },
      },
      {
        $group: {
          _id: '$_id',
          holders: { $push: '$holder' },
          names: { $max: '$names' },
          exists: { $max: '$exists' },
        },
      },
      { $project: { holders: 1, names: 1, exists: { $eq: ['$exists', true] }, keeper } },
      { $project: { rows } },
      { $unwind: '$rows' },
      { $group: { _id: '$rows.own', rows: { $push: '$rows' } } },
      { $match: { 'rows.action': { $in: ['cleared', 'wanted', 'dropped'] } } },
      lookup(left, '_id', 'own'),
      { $match: { own: { $ne: [] } } },
      { $project: { rows: 1, has: rightOf('kept'), wanted: rightOf('wanted') } },
      {
        $project: {
          has: 1,
          gets: { $ifNull: ['$has', '$wanted'] },
          row: of('cleared', 'wanted', 'dropped'),
        },
      },
      { $unwind: '$row' },
      { $project: change(action, { left: '$_id', right: '$row.right' }, instead) },
    ]);
  },
};

/** A join collection that holds links already gets those that only an array has. */
function addedToJoin(relationship) {
  const { join } = relationship;
  const { repairs } = partsOf({ direction: 'up', reconcile: true }, relationship);
  const [first, ...others] = repairs.map(({ run }) => run);
  return aggregate(first.aggregate, [
    ...first.pipeline,
    ...union(others),
    { $group: { _id: { left: `$${join.left}`, right: `$${join.right}` } } },
    { $project: change('added', { left: '$_id.left', right: '$_id.right' }) },
  ]);
}

/** What is found of a link. */
function change(action, link, instead = []) {
  return { _id: 0, action, instead, ...link };
}

function ends(side, own, other) {
  return side.isLeft ? { left: own, right: other } : { left: other, right: own };
}

/** The id in a field for one, or null. */
function idIn(side, document) {
  return toId(path(side, document));
}

/**
 * The command that counts what a migration which reconciles does to a relationship of the plan, with some
 * of it; undefined where it is stored once.
 */
function reconciledBy(relationship) {
  const changes = CHANGES[relationship.kind];
  if (!changes && !relationship.isJoined) return undefined;
  const { aggregate: collection, pipeline } = relationship.isJoined
    ? addedToJoin(relationship)
    : changes(sidesOf(relationship, true));
  const group = { _id: null };
  for (const action of ['added', 'cleared', 'dropped']) {
    group[action] = { $sum: { $cond: [{ $eq: ['$action', action] }, 1, 0] } };
  }
  const lostFirst = { $sort: { action: -1, left: 1, right: 1 } };
  return aggregate(collection, [
    ...pipeline,
    { $facet: { count: [{ $group: group }], examples: [lostFirst, { $limit: EXAMPLES }] } },
  ]);
}

module.exports = { reconciledBy };
