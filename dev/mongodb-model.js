'use strict';

// What the migration promises about MongoDB's documents, computed here one document after the other:
// the tests compare it with what the script makes of them.

/** The ids of a relationship's place, or what is there in their stead. */
const elements = (value) => (Array.isArray(value) ? value : [value]).filter((it) => it != null);

/** What a document has at a path, which may be `constructor`. */
const valueOf = (document, path) => (Object.hasOwn(document, path) ? document[path] : undefined);

const isId = (value) => value?._bsontype === 'ObjectID';
const key = (id) => id.toHexString();
const same = (a, b) => isId(a) && isId(b) && a.equals(b);
const highest = (ids) => ids.reduce((a, b) => (key(a) > key(b) ? a : b));

/** `Todo.readers -> User.readPosts`, as the plan calls it. */
const nameOf = ({ left, right }) =>
  right ? `${left.list}.${left.path} -> ${right.list}.${right.path}` : `${left.list}.${left.path}`;

/** What happens to a relationship: which field stays or is copied, and which goes. */
function sidesOf({ left, right, cardinality }) {
  if (cardinality === 'N:N') return { kept: left, dropped: right };
  if (!right) return { kept: left };
  return left.many ? { kept: right, dropped: left } : { kept: left, dropped: right };
}

/** Whether anything happens to it at all. */
const changes = ({ right, join }) => Boolean(right || join);

/**
 * The documents in the new schema.
 *
 * @param {object} collections as `read` of `mongodb.js` gives them
 * @param {object[]} relationships as `relationships()` of `keystone-process.js` gives them
 * @param {{ reconcile?: boolean, toId: (text: string) => object }} options `toId`: makes an ObjectId
 * @returns {{ stops: string[], documents: Record<string, object[]> }} the relationships that stop the
 *   migration, or else what it makes; rows of join collections come without `_id`
 */
function settleUp(collections, relationships, options) {
  const documents = copyOf(collections);
  const stops = [];
  const changed = relationships.filter(changes).map((relationship) => {
    const before = new Before(relationship, collections, options);
    if (before.stops()) stops.push(nameOf(relationship));
    return { relationship, before };
  });
  if (stops.length) return { stops, documents };
  for (const { relationship, before } of changed) before.apply(relationship, documents);
  return { stops, documents };
}

const copyOf = (collections) =>
  Object.fromEntries(
    Object.entries(collections).map(([name, { documents }]) => [
      name,
      documents.map((document) => ({ ...document })),
    ]),
  );

/** A relationship as it is stored before. Links go from a document of the kept side to the other. */
class Before {
  constructor(relationship, collections, { reconcile = false, toId }) {
    const { kept, dropped } = sidesOf(relationship);
    Object.assign(this, { kept, dropped, reconcile, toId });
    this.many = relationship.cardinality === 'N:N';
    this.isOneToOne = relationship.cardinality === '1:1';
    const documents = (side) => (side && collections[side.collection]?.documents) ?? [];
    this.holders = documents(kept);
    this.targets = documents(dropped);
    this.strangers = 0;
    this.fromKept = this.read(this.holders, kept);
    this.fromDropped = dropped
      ? this.read(this.targets, dropped).map(([target, holder]) => [holder, target])
      : [];
  }

  /** The links that a field holds, each once, as pairs of ids. */
  read(documents, { path }) {
    return documents.flatMap((document) => {
      const ids = elements(valueOf(document, path)).flatMap((value) => this.id(value));
      const isStranger = ids.length > 0 && !isId(document._id);
      if (isStranger) this.strangers++;
      const own = isStranger
        ? []
        : ids.filter((id, at) => ids.findIndex((it) => same(it, id)) === at);
      return own.map((id) => [document._id, id]);
    });
  }

  id(value) {
    if (isId(value)) return [value];
    if (this.reconcile && typeof value === 'string' && /^[0-9a-f]{24}$/i.test(value)) {
      return [this.toId(value)];
    }
    this.strangers++;
    return [];
  }

  exists(documents, id) {
    return documents.some((document) => same(document._id, id));
  }

  has(links, [holder, target]) {
    return links.some((link) => same(link[0], holder) && same(link[1], target));
  }

  targetOf(links, holder) {
    return links.find((link) => same(link[0], holder))?.[1];
  }

  /** The links that only the dropped side has, as far as there is a document to hold them. */
  onlyDropped() {
    return this.fromDropped.filter(
      (link) => this.exists(this.holders, link[0]) && !this.has(this.fromKept, link),
    );
  }

  /** The links that only the kept side has, as far as both ends exist. */
  onlyKept() {
    return this.fromKept.filter(
      (link) => this.exists(this.targets, link[1]) && !this.has(this.fromDropped, link),
    );
  }

  /** Whether there is anything to do: what only looks odd in a field that stays is left alone. */
  isPending() {
    const has = (documents, { path }) => documents.some((it) => Object.hasOwn(it, path));
    if (this.many && has(this.holders, this.kept)) return true;
    if (this.dropped && has(this.targets, this.dropped)) return true;
    return this.isOneToOne && this.shared().length > 0;
  }

  /** Whether the data stops a migration that does not reconcile. */
  stops() {
    if (this.reconcile || !this.isPending()) return false;
    if (this.strangers) return true;
    if (!this.dropped) return false;
    if (this.many) return this.onlyDropped().length + this.onlyKept().length > 0;
    if (this.onlyDropped().some(([holder]) => !this.targetOf(this.fromKept, holder))) return true;
    return this.isOneToOne && this.shared().some(({ named }) => !named);
  }

  /** The ids that several documents of a 1:1 hold, and the one that they name themselves. */
  shared() {
    const ids = this.fromKept.map(([, target]) => target);
    return ids
      .filter((id, at) => ids.findIndex((it) => same(it, id)) === at)
      .map((id) => ({
        holders: this.fromKept.filter(([, target]) => same(target, id)).map(([holder]) => holder),
        named: undefined,
        id,
      }))
      .filter(({ holders }) => holders.length > 1)
      .map((it) => {
        const names = this.fromDropped.filter(([, target]) => same(target, it.id));
        const named = it.holders.find((id) => names.some(([holder]) => same(holder, id)));
        return { ...it, named };
      });
  }

  /** Writes what comes after. */
  apply({ join }, documents) {
    if (!join && !this.isPending()) return;
    if (join) {
      const isNew = (link) => !this.has(this.fromKept, link);
      const more = this.reconcile ? this.fromDropped.filter(isNew) : [];
      const rows = [...this.fromKept, ...more];
      documents[join.collection] = rows.map(([near, far]) => ({
        [join.near]: near,
        [join.far]: far,
        // As mongoose begins every document.
        __v: 0,
      }));
      this.remove(documents, this.kept);
    } else {
      this.settle(documents);
    }
    if (this.dropped) this.remove(documents, this.dropped);
  }

  remove(documents, { collection, path }) {
    for (const document of documents[collection] ?? []) delete document[path];
  }

  /** The field of a 1:1 or 1:N that stays. */
  settle(documents) {
    const { path, collection } = this.kept;
    const kept = (documents[collection] ?? []).filter(({ _id }) => isId(_id));
    const set = (id, value) => {
      const document = kept.find(({ _id }) => same(_id, id));
      if (document) document[path] = value;
    };
    if (this.reconcile) {
      for (const document of kept) {
        const [id] = elements(valueOf(document, path)).flatMap((value) => this.id(value));
        if (id) document[path] = id;
      }
    }
    if (this.isOneToOne) {
      for (const { holders, named } of this.shared()) {
        const keeps = named ?? highest(holders);
        for (const holder of holders) if (!same(holder, keeps)) set(holder, null);
      }
    }
    if (!this.reconcile) return;
    const taken = kept.map((document) => valueOf(document, path)).filter(isId);
    for (const document of kept.filter((it) => !isId(valueOf(it, path)))) {
      const known = this.fromDropped
        .filter(([holder]) => same(holder, document._id))
        .map(([, target]) => target)
        .filter((id) => !this.isOneToOne || !taken.some((it) => same(it, id)));
      if (known.length) document[path] = highest(known);
    }
  }
}

/**
 * The documents back in the old schema.
 *
 * @param {object} collections as they are in the new schema
 * @param {object[]} relationships
 * @returns {Record<string, object[]>} documents by collection
 */
function settleDown(collections, relationships) {
  const documents = copyOf(collections);
  for (const relationship of relationships.filter(changes)) {
    const { kept, dropped } = sidesOf(relationship);
    const { join } = relationship;
    const links = join
      ? rowsOf(collections, join).map((row) => [row[join.near], row[join.far]])
      : documents[kept.collection].map((document) => [document._id, valueOf(document, kept.path)]);
    const refill = ({ collection, path, many }, own) => {
      for (const document of documents[collection]) {
        const ids = links
          .filter((link) => same(link[own], document._id))
          .map((link) => link[1 - own]);
        if (many) document[path] = ids;
        else if (ids.length) document[path] = ids[0];
      }
    };
    if (join) refill(kept, 0);
    if (dropped) refill(dropped, 1);
  }
  for (const { join } of relationships) if (join) delete documents[join.collection];
  return documents;
}

/** The rows of a join collection in the order in which they were made. */
function rowsOf(collections, { collection }) {
  const rows = collections[collection]?.documents ?? [];
  return [...rows].sort((a, b) => (key(a._id) < key(b._id) ? -1 : 1));
}

/**
 * Documents in a form that is the same where the migration may choose: rows of join collections by
 * their place among those of the same document, instead of ids; arrays without an order but for the
 * left ones of N:N.
 *
 * @param {Record<string, object[]>} documents by collection
 * @param {object[]} relationships
 * @param {{ ordered?: boolean }} [options] whether the order of left arrays counts
 * @returns {object} collections for `documentsText`
 */
function normalized(documents, relationships, { ordered = true } = {}) {
  const result = Object.fromEntries(
    Object.entries(documents).map(([name, rows]) => [name, rows.map((row) => ({ ...row }))]),
  );
  for (const relationship of relationships.filter(changes)) {
    const { left, right, join } = relationship;
    if (join && result[join.collection]) {
      const places = new Map();
      result[join.collection] = result[join.collection].map(({ _id, ...row }) => {
        const near = key(row[join.near]);
        const place = places.get(near) ?? 0;
        places.set(near, place + 1);
        return ordered ? { ...row, place } : row;
      });
    }
    for (const side of [left, right]) {
      if (!side?.many || (ordered && join && side === left)) continue;
      for (const document of result[side.collection] ?? []) {
        const ids = valueOf(document, side.path);
        if (Array.isArray(ids))
          document[side.path] = [...ids].sort((a, b) => (String(a) < String(b) ? -1 : 1));
      }
    }
  }
  return Object.fromEntries(
    Object.entries(result).map(([name, rows]) => [name, { documents: rows }]),
  );
}

/**
 * What can be read of the new schema: no null, no id of a document that is gone, and the rows of join
 * collections without ids of their own.
 *
 * @param {object} collections as `read` of `mongodb.js` gives them
 * @param {object[]} relationships
 * @returns {object} collections for `documentsText`
 */
function living(collections, relationships) {
  const documents = copyOf(collections);
  const isThere = (collection, id) =>
    (collections[collection]?.documents ?? []).some((it) => same(it._id, id));
  for (const relationship of relationships) {
    const { left, target, join } = relationship;
    if (join) {
      documents[join.collection] = documents[join.collection]
        .filter((row) => isThere(left.collection, row[join.near]) && isThere(target, row[join.far]))
        .map(({ _id, ...row }) => row);
      continue;
    }
    const { kept } = sidesOf(relationship);
    const others = kept === left ? target : left.collection;
    for (const document of documents[kept.collection] ?? []) {
      if (!isThere(others, valueOf(document, kept.path))) delete document[kept.path];
    }
  }
  return Object.fromEntries(
    Object.entries(documents).map(([name, rows]) => [name, { documents: rows }]),
  );
}

/**
 * Original documents as they come back: without nulls, without ids that only the dropped side had
 * for documents that are gone, and arrays that were not there are empty.
 */
function restored(collections, relationships) {
  const documents = copyOf(collections);
  for (const relationship of relationships.filter(changes)) {
    const { kept, dropped } = sidesOf(relationship);
    const holders = collections[kept.collection]?.documents ?? [];
    const isThere = (id) => holders.some(({ _id }) => same(_id, id));
    for (const side of [relationship.join && kept, dropped].filter(Boolean)) {
      for (const document of documents[side.collection] ?? []) {
        const all = elements(valueOf(document, side.path));
        const ids = side === dropped ? all.filter(isThere) : all;
        if (side.many) document[side.path] = ids;
        else if (ids.length === 0) delete document[side.path];
      }
    }
  }
  return documents;
}

module.exports = { changes, living, nameOf, normalized, restored, rowsOf, settleDown, settleUp };
