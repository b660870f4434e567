'use strict';

// Data that does not agree, or is not as it should be: what stale pointers, seeds and work by hand
// leave in a database before Arcade.

const { changes } = require('./mongodb-model');

const MOST_CHANGES = 3;

/**
 * Changes documents at random.
 *
 * @param {object} collections as `read` of `mongodb.js` gives them
 * @param {object[]} relationships as `relationships()` of `keystone-process.js` gives them
 * @param {{ random: object, newId: () => object }} options `newId`: an ObjectId that nothing has
 * @returns {object} collections for `write` of `mongodb.js`
 */
function disturb(collections, relationships, { random, newId }) {
  // A unique index allows none of it.
  const result = Object.fromEntries(
    Object.entries(collections).map(([name, { documents, indexes }]) => [
      name,
      {
        documents: documents.map((document) => ({ ...document })),
        indexes: indexes.filter(({ unique }) => !unique),
      },
    ]),
  );
  for (const { left, right } of relationships.filter(changes)) {
    if (random.chance(0.4)) continue;
    const [ids, targets] = [left, right ?? left].map((side) => idsOf(result, side));
    const sides = [
      { side: left, others: right ? targets : newIds(newId) },
      ...(right ? [{ side: right, others: ids }] : []),
    ];
    for (let count = random.integer(1, MOST_CHANGES); count > 0; count--) {
      const { side, others } = random.pick(sides);
      const documents = result[side.collection]?.documents ?? [];
      if (documents.length === 0) continue;
      const document = random.pick(documents);
      const value = Object.hasOwn(document, side.path) ? document[side.path] : undefined;
      document[side.path] = changed(value, side, { random, newId, others });
    }
  }
  return result;
}

const idsOf = (collections, { collection }) =>
  (collections[collection]?.documents ?? []).map(({ _id }) => _id);

const newIds = (newId) => [newId(), newId()];

/** Another value for a field. */
function changed(value, { many }, { random, newId, others }) {
  const known = others.length ? random.pick(others) : newId();
  const strange = () => random.pick([newId().toHexString(), 'nobody', 7]);
  if (!many) {
    if (random.chance(0.08)) return strange();
    return random.pick([null, undefined, known, known, newId()]) ?? null;
  }
  const ids = Array.isArray(value) ? value : [];
  if (random.chance(0.06)) return [...ids, strange()];
  return random.pick([
    () => [...ids, ...ids.slice(0, 1)],
    () => [null, ...ids],
    () => [...ids, known],
    () => [...ids, newId()],
    () => ids.slice(1),
    () => known,
    () => null,
    () => [],
  ])();
}

module.exports = { disturb };
