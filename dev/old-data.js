'use strict';

// Data as an application writes it through OLD's own API, in which the two stored sides of every
// relationship agree: `createItems` that names both sides, and GraphQL mutations, which write the
// other side themselves. Nothing is taken over from another item, which OLD does by halves.

const { Random } = require('./random');

const MOST_ITEMS = 5;

/**
 * Fills the tables of a connected OLD.
 *
 * @param {object} keystone
 * @param {(query: string) => Promise<object>} execute runs GraphQL
 * @param {{ seed: number, canBeEmpty: boolean, canDelete: boolean }} options `canBeEmpty`: whether
 *   lists and relationships may get nothing; `canDelete`: whether all foreign keys are there, which
 *   take the rows of join tables along
 */
async function fill(keystone, execute, { seed, canBeEmpty, canDelete }) {
  const random = new Random(seed);
  const relationships = pairsOf(keystone).map(relationshipOf);
  const counts = countItems(keystone, relationships, random, canBeEmpty);
  for (const relationship of relationships) {
    relationship.links = chooseLinks(relationship, counts, random, canBeEmpty);
  }
  const data = new Data(keystone, execute, relationships, random);
  await data.seed(counts);
  await data.createDependent(counts);
  await data.connectRest();
  await data.disconnectSome();
  if (canDelete) await data.deleteSome();
}

const isRequired = (field) => !field.many && field.adapter.isNotNullable;
/** Whether there is a mutation: auxiliary lists have none, and some fields are read-only. */
const isMutable = (field) =>
  !field.getListByKey(field.listKey).isAuxList && Boolean(field.access.public.update);
const isSelf = (field) => field.refListKey === field.listKey;

const isOnMongo = (field) => field.adapter.listAdapter.parentAdapter.name === 'mongoose';

/** The two sides of each relationship, the one that is defined first on the left. Only the last OLD says. */
function pairsOf({ listsArray }) {
  const fields = listsArray.flatMap((list) => list.fields.filter((field) => field.isRelationship));
  const others = new Map(fields.map((field) => [`${field.listKey}.${field.path}`, field]));
  return fields
    .map((left) => ({ left, right: others.get(left.config.ref) }))
    .filter(({ left, right }) => !right || fields.indexOf(left) < fields.indexOf(right));
}

/** What the data has to know of a relationship. */
function relationshipOf({ left, right }) {
  // A list could not be related to itself by a join table: it never came to be.
  const isSelfUnstored = !isOnMongo(left) && isSelf(left);
  const isUnstored = isSelfUnstored && left.many && (!right || right.many);
  // Mongoose takes `constructor` for what every object has, and makes no ids of what is stored there.
  const isUnknown = [left, right].some((it) => it && isOnMongo(it) && it.path in Object.prototype);
  const hasNoPlace = isUnstored || isUnknown;
  const mostPerLeft = !left.many || (right && !right.many && right.adapter.isUnique) ? 1 : Infinity;
  const mostPerRight =
    (right && !right.many) || (!left.many && left.adapter.isUnique) ? 1 : Infinity;
  const lists = [left.getListByKey(left.listKey), left.getListByKey(left.refListKey)];
  return {
    left,
    right,
    hasNoPlace,
    mostPerLeft,
    mostPerRight,
    /** Whether mutations can write it. */
    isForMutations:
      // They write both sides, of which only the column is there.
      !(isSelfUnstored && right && left.many !== right.many) &&
      [left, right].some((field) => field && isMutable(field)) &&
      // They find a path such as `constructor` in every object that does not give it.
      !lists.some((list) => list.fields.some((field) => field.path in Object.prototype)),
    /** Pairs of item numbers, the left one first: those to write, and those that are written. */
    links: [],
    made: [],
  };
}

/** The fields of a relationship that OLD stores something for, with the place of their items in links. */
function storedSides({ left, right, hasNoPlace }) {
  if (hasNoPlace) return [];
  const sides = [
    { field: left, own: 0 },
    { field: right, own: 1 },
  ];
  return sides.filter(({ field }) => field && (isOnMongo(field) || !(isSelf(field) && field.many)));
}

/** How many items each list gets: enough for the columns that may not be null, or not twice. */
function countItems(keystone, relationships, random, canBeEmpty) {
  const counts = {};
  const count = (key) => {
    if (key in counts) return counts[key];
    counts[key] = 0; // Lists that need each other stay empty.
    const least = canBeEmpty ? Number(!random.chance(0.1)) : 3;
    let most = least && random.integer(least, MOST_ITEMS);
    for (const { left, right, mostPerLeft, mostPerRight } of relationships) {
      const sides = [
        { field: left, perTarget: mostPerRight },
        { field: right, perTarget: mostPerLeft },
      ];
      for (const { field, perTarget } of sides) {
        if (!field || field.listKey !== key) continue;
        // For an index of MongoDB an empty field is a value like another.
        if (isOnMongo(field) && field.adapter.isUnique) most = Math.min(most, 1);
        if (!isRequired(field)) continue;
        most = Math.min(most, count(field.refListKey) * perTarget || 0);
      }
    }
    return (counts[key] = most);
  };
  for (const list of keystone.listsArray) count(list.key);
  return counts;
}

/** Random pairs that the two columns of a relationship can hold. */
function chooseLinks(relationship, counts, random, canBeEmpty) {
  const { left, right, hasNoPlace, mostPerLeft, mostPerRight } = relationship;
  if (hasNoPlace) return [];
  const numbers = (count) => Array.from({ length: count }, (_, number) => number);
  const lefts = numbers(counts[left.listKey]);
  const rights = numbers(counts[left.refListKey]);
  const links = [];
  const of = (at, number) => links.filter((link) => link[at] === number).length;
  const add = (l, r) => {
    const isThere = links.some((link) => link[0] === l && link[1] === r);
    if (!isThere && of(0, l) < mostPerLeft && of(1, r) < mostPerRight) links.push([l, r]);
  };
  if (isRequired(left)) {
    for (const l of lefts) for (const r of random.shuffle(rights)) if (!of(0, l)) add(l, r);
  }
  if (right && isRequired(right)) {
    for (const r of rights) for (const l of random.shuffle(lefts)) if (!of(1, r)) add(l, r);
  }
  const density = random.pick(canBeEmpty ? [0, 0.2, 0.5, 0.8, 1] : [0.4, 0.8, 1]);
  for (const l of random.shuffle(lefts)) {
    for (const r of random.shuffle(rights)) if (random.chance(density)) add(l, r);
  }
  return links;
}

/**
 * A value in GraphQL's own notation: among variables, a path such as `constructor` that is not given
 * is taken for the property that every object has.
 */
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, inner]) => `${name}: ${literal(inner)}`);
  return `{ ${entries.join(', ')} }`;
}

/** The items and links as they come to be. */
class Data {
  constructor(keystone, execute, relationships, random) {
    Object.assign(this, { keystone, execute, relationships, random });
    this.isOnMongo = relationships.some(({ left }) => isOnMongo(left));
    /** The ids of each list's items, by number. */
    this.ids = {};
    /** The lists whose items cannot be made before those that they need. */
    this.dependent = new Set(
      relationships
        .flatMap(({ left, right }) => [left, right])
        .filter((field) => field && isRequired(field))
        .map((field) => field.listKey),
    );
  }

  /** The values of an item but its relationships. */
  scalars(key, number) {
    const list = this.keystone.lists[key];
    const label = this.label(key);
    // Of a block's own fields some must have a value, which is JSON.
    const required = list.fields.filter(
      ({ isRelationship, isRequired }) => isRequired && !isRelationship,
    );
    return {
      ...Object.fromEntries(required.map(({ path }) => [path, '{}'])),
      ...(label && { [label]: `${key} ${number}` }),
      // It has no default.
      ...(this.hasUuid(list) && { id: this.random.uuid() }),
    };
  }

  hasUuid(list) {
    return list._fields.id?.type.type === 'Uuid';
  }

  /** The path of a text that tells the items of a list apart. */
  label(key) {
    const fields = Object.entries(this.keystone.lists[key]._fields);
    return fields.find(([, { type }]) => type.type === 'Text')?.[0];
  }

  /** `createItems` knows a relationship by its type; that of a Content field does not say so. */
  isForCreateItems({ listKey, path, config }) {
    // Before 6 it took all of a `ref` for the name of a list.
    const isBefore6 = !this.keystone.getResolvers;
    if (isBefore6 && config.ref.includes('.')) return false;
    return this.keystone.lists[listKey]._fields[path]?.type.isRelationship;
  }

  /** `createItems` for all lists that depend on no other, with both sides of some relationships. */
  async seed(counts) {
    const input = {};
    for (const [key, count] of Object.entries(counts)) {
      if (this.dependent.has(key) || count === 0) continue;
      input[key] = Array.from({ length: count }, (_, number) => this.scalars(key, number));
    }
    for (const relationship of this.relationships) {
      const { left, right, links } = relationship;
      const lists = [left.listKey, left.refListKey];
      if (lists.some((key) => !input[key] || !this.label(key))) continue;
      if ([left, right].some((field) => field && !this.isForCreateItems(field))) continue;
      if (relationship.isForMutations && this.random.chance(0.5)) continue;
      [relationship.links, relationship.made] = [[], links];
      for (const { field, own } of storedSides(relationship)) {
        for (const link of links) {
          const target = {
            where: { [this.label(field.refListKey)]: `${field.refListKey} ${link[1 - own]}` },
          };
          const item = input[field.listKey][link[own]];
          // Every object has a `constructor`, which is not its own.
          const targets = Object.hasOwn(item, field.path) ? item[field.path] : [];
          item[field.path] = field.many ? [...targets, target] : target;
        }
      }
    }
    const created = await this.keystone.createItems(input);
    // It gives the lists in the order in which they came to an end, but what comes goes by a seed.
    for (const key of Object.keys(input)) this.ids[key] = created[key].map(({ id }) => id);
  }

  /** The items of the other lists, each after those that it needs. */
  async createDependent(counts) {
    const create = async (key) => {
      if (this.ids[key]) return;
      this.ids[key] = [];
      const needs = this.relationships.flatMap((relationship) =>
        storedSides(relationship)
          .filter(({ field }) => field.listKey === key && isRequired(field))
          .map((side) => ({ ...side, relationship })),
      );
      for (const { field } of needs) await create(field.refListKey);
      for (let number = 0; number < counts[key]; number++) {
        const targets = needs.map((need) => {
          const { links } = need.relationship;
          const at = links.findIndex((link) => link[need.own] === number);
          const [link] = links.splice(at, 1);
          return { ...need, link, id: this.ids[need.field.refListKey][link[1 - need.own]] };
        });
        this.ids[key].push(await this.createOne(key, number, targets));
        for (const { relationship, link } of targets) relationship.made.push(link);
        // Mutations have written the other side.
        if (!this.hasUuid(this.keystone.lists[key])) continue;
        for (const { relationship, own, link } of targets) {
          const others = storedSides(relationship).filter((side) => side.own !== own);
          for (const side of others) await this.write(relationship, side, link);
        }
      }
    };
    for (const key of Object.keys(counts)) await create(key);
  }

  async createOne(key, number, targets) {
    const list = this.keystone.lists[key];
    const scalars = this.scalars(key, number);
    if (!this.hasUuid(list)) {
      const connected = targets.map(({ field, id }) => [field.path, { connect: { id } }]);
      const data = { ...scalars, ...Object.fromEntries(connected) };
      return (await this.call(list.gqlNames.createMutationName, { data })).id;
    }
    // Mutations take no id.
    const columns = targets.map(({ field, id }) => [field.path, id]);
    return (await this.keystone.createItem(key, { ...scalars, ...Object.fromEntries(columns) })).id;
  }

  /** Writes what one side holds for the item of a link, and nothing else, as `createItems` does. */
  async write({ made }, { field, own }, link) {
    const id = (key, number) => this.ids[key][number];
    const others = made
      .filter((it) => it[own] === link[own])
      .map((it) => id(field.refListKey, it[1 - own]));
    const { adapter } = this.keystone.lists[field.listKey];
    const value = field.many ? others.map(String) : (others[0] ?? null);
    await adapter.update(id(field.listKey, link[own]), { [field.path]: value });
  }

  /** What is not linked yet is linked by mutations, in any order and from either side. */
  async connectRest() {
    const rest = this.relationships.flatMap((relationship) =>
      relationship.links.map((link) => ({ relationship, link })),
    );
    for (const { relationship, link } of this.random.shuffle(rest)) {
      relationship.made.push(link);
      await this.change(relationship, link, 'connect');
    }
  }

  /** Writes a link that has been added to or taken from the ones that are made. */
  async change(relationship, link, operation) {
    const sides = storedSides(relationship);
    if (!relationship.isForMutations) {
      for (const side of sides) await this.write(relationship, side, link);
      return;
    }
    const { field, own } = this.random.pick(sides.filter((side) => isMutable(side.field)));
    const list = this.keystone.lists[field.listKey];
    const id = this.ids[field.listKey][link[own]];
    const target = this.ids[field.refListKey][link[1 - own]];
    const change = { [operation]: field.many ? [{ id: target }] : { id: target } };
    await this.call(list.gqlNames.updateMutationName, { id, data: { [field.path]: change } });
  }

  /** Calls a mutation. */
  async call(mutation, values) {
    const entries = Object.entries(values).map(([name, value]) => `${name}: ${literal(value)}`);
    const { item } = await this.execute(
      `mutation { item: ${mutation}(${entries.join(', ')}) { id } }`,
    );
    return item;
  }

  /** Undoes one of the links of some relationships that can do without. */
  async disconnectSome() {
    for (const relationship of this.relationships) {
      const { made } = relationship;
      const isFree = !storedSides(relationship).some(({ field }) => isRequired(field));
      if (made.length === 0 || !isFree || !this.random.chance(0.2)) continue;
      const [link] = made.splice(this.random.integer(0, made.length - 1), 1);
      await this.change(relationship, link, 'disconnect');
    }
  }

  /** Deletes one item of some lists that nothing needs. */
  async deleteSome() {
    const fields = this.relationships.flatMap(({ left, right }) => [left, right]).filter(Boolean);
    const isNeeded = (key) =>
      this.relationships.some(
        ({ left, isForMutations }) =>
          !isForMutations && [left.listKey, left.refListKey].includes(key),
      ) ||
      fields.some((field) => field.refListKey === key && isRequired(field)) ||
      // OLD cleans up in a join table that is not there.
      fields.some(
        (field) => !isOnMongo(field) && field.refListKey === key && isSelf(field) && field.many,
      );
    // OLD unlinks an item from itself when it is gone already.
    const isOwn = (key, number) =>
      this.relationships.some(
        ({ left, made }) =>
          isSelf(left) &&
          left.listKey === key &&
          made.some(([l, r]) => l === number && r === number),
      );
    for (const [key, ids] of Object.entries(this.ids)) {
      if (this.keystone.lists[key].isAuxList) continue; // They have no such mutation.
      const candidates = ids.filter((_, number) => !isOwn(key, number));
      if (candidates.length === 0 || isNeeded(key) || !this.random.chance(0.3)) continue;
      const { deleteMutationName } = this.keystone.lists[key].gqlNames;
      await this.call(deleteMutationName, { id: this.random.pick(candidates) });
      // There its id may stay in an array, and whoever holds it cannot be deleted any more.
      if (this.isOnMongo) return;
    }
  }
}

module.exports = { fill };
