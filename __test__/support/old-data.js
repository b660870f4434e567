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
 * @param {(query: string, variables: object) => Promise<object>} execute runs GraphQL
 * @param {{ seed: number, canDelete: boolean }} options `canDelete`: whether all foreign keys are
 *   there, which take the rows of join tables along
 */
async function fill(keystone, execute, { seed, canDelete }) {
  const random = new Random(seed);
  const relationships = keystone._consolidateRelationships().map(relationshipOf);
  const counts = countItems(keystone, relationships, random);
  for (const relationship of relationships) {
    relationship.links = chooseLinks(relationship, counts, random);
  }
  const data = new Data(keystone, execute, relationships, random);
  await data.seed(counts);
  await data.createDependent(counts);
  await data.connectRest();
  await data.disconnectSome();
  if (canDelete) await data.deleteSome();
}

const isRequired = (field) => !field.many && field.adapter.isNotNullable;
const isSelf = (field) => field.refListKey === field.listKey;

/** What the data has to know of a relationship. The links are pairs of item numbers, left first. */
function relationshipOf({ left, right }) {
  // A list could not be related to itself by a join table: it never came to be.
  const hasNoPlace = isSelf(left) && left.many && (!right || right.many);
  const mostPerLeft = !left.many || (right && !right.many && right.adapter.isUnique) ? 1 : Infinity;
  const mostPerRight =
    (right && !right.many) || (!left.many && left.adapter.isUnique) ? 1 : Infinity;
  // Written on the side with the column alone, since GraphQL would write both.
  const isColumnOnly = Boolean(isSelf(left) && right && left.many !== right.many);
  return { left, right, hasNoPlace, isColumnOnly, mostPerLeft, mostPerRight, links: [] };
}

/** How many items each list gets: enough for the columns that may not be null. */
function countItems(keystone, relationships, random) {
  const counts = {};
  const count = (key) => {
    if (key in counts) return counts[key];
    counts[key] = 0; // Lists that need each other stay empty.
    let most = random.chance(0.1) ? 0 : random.integer(1, MOST_ITEMS);
    for (const { left, right, mostPerLeft, mostPerRight } of relationships) {
      const sides = [
        { field: left, perTarget: mostPerRight },
        { field: right, perTarget: mostPerLeft },
      ];
      for (const { field, perTarget } of sides) {
        if (!field || field.listKey !== key || !isRequired(field)) continue;
        most = Math.min(most, count(field.refListKey) * perTarget || 0);
      }
    }
    return (counts[key] = most);
  };
  for (const list of keystone.listsArray) count(list.key);
  return counts;
}

/** Random pairs that the two columns of a relationship can hold. */
function chooseLinks(relationship, counts, random) {
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
  const density = random.pick([0, 0.2, 0.5, 0.8, 1]);
  for (const l of random.shuffle(lefts)) {
    for (const r of random.shuffle(rights)) if (random.chance(density)) add(l, r);
  }
  return links;
}

/** The items and links as they come to be. */
class Data {
  constructor(keystone, execute, relationships, random) {
    Object.assign(this, { keystone, execute, relationships, random });
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
    return {
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
  isForCreateItems({ listKey, path }) {
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
      if (!relationship.isColumnOnly && this.random.chance(0.5)) continue;
      relationship.links = [];
      const sides = [
        { field: left, own: 0 },
        { field: right, own: 1 },
      ];
      for (const { field, own } of sides) {
        if (!field || (relationship.isColumnOnly && field.many)) continue;
        for (const link of links) {
          const target = {
            where: { [this.label(field.refListKey)]: `${field.refListKey} ${link[1 - own]}` },
          };
          const item = input[field.listKey][link[own]];
          if (field.many) (item[field.path] ??= []).push(target);
          else item[field.path] = target;
        }
      }
    }
    const created = await this.keystone.createItems(input);
    for (const [key, items] of Object.entries(created)) this.ids[key] = items.map(({ id }) => id);
  }

  /** The items of the other lists, each after those that it needs. */
  async createDependent(counts) {
    const create = async (key) => {
      if (this.ids[key]) return;
      this.ids[key] = [];
      const needs = this.relationships.flatMap((relationship) => {
        const { left, right } = relationship;
        return [
          { relationship, field: left, own: 0 },
          { relationship, field: right, own: 1 },
        ].filter(({ field }) => field?.listKey === key && isRequired(field));
      });
      for (const { field } of needs) await create(field.refListKey);
      for (let number = 0; number < counts[key]; number++) {
        const targets = needs.map(({ relationship, field, own }) => {
          const at = relationship.links.findIndex((link) => link[own] === number);
          const [link] = relationship.links.splice(at, 1);
          return { field, id: this.ids[field.refListKey][link[1 - own]] };
        });
        this.ids[key].push(await this.createOne(key, number, targets));
      }
    };
    for (const key of Object.keys(counts)) await create(key);
  }

  async createOne(key, number, targets) {
    const list = this.keystone.lists[key];
    const scalars = this.scalars(key, number);
    if (!this.hasUuid(list)) {
      const connected = targets.map(({ field, id }) => [field.path, { connect: { id } }]);
      const { createMutationName, createInputName } = list.gqlNames;
      const { item } = await this.execute(
        `mutation ($data: ${createInputName}) { item: ${createMutationName}(data: $data) { id } }`,
        { data: { ...scalars, ...Object.fromEntries(connected) } },
      );
      return item.id;
    }
    // GraphQL takes no id, so the other side has to be written as well.
    const columns = targets.map(({ field, id }) => [field.path, id]);
    const { id } = await this.keystone.createItem(key, {
      ...scalars,
      ...Object.fromEntries(columns),
    });
    for (const target of targets) {
      const { refListKey, refFieldPath } = target.field;
      if (!refFieldPath) continue;
      const { adapter, fieldsByPath } = this.keystone.lists[refListKey];
      const isMany = fieldsByPath[refFieldPath].many;
      const others = isMany ? await this.idsOf(refListKey, target.id, refFieldPath) : [];
      await adapter.update(target.id, { [refFieldPath]: isMany ? [...others, id] : id });
    }
    return id;
  }

  async idsOf(key, id, path) {
    const { itemQueryName, whereUniqueInputName } = this.keystone.lists[key].gqlNames;
    const { item } = await this.execute(
      `query ($where: ${whereUniqueInputName}!) { item: ${itemQueryName}(where: $where) { ${path} { id } } }`,
      { where: { id } },
    );
    return item[path].map((other) => other.id);
  }

  /** What is not linked yet is linked by mutations, in any order and from either side. */
  async connectRest() {
    const rest = this.relationships.flatMap((relationship) =>
      relationship.links.map((link) => ({ relationship, link })),
    );
    for (const { relationship, link } of this.random.shuffle(rest)) {
      await this.mutate(relationship, link, 'connect');
    }
  }

  async mutate({ left, right, isColumnOnly }, link, operation) {
    let own = right && this.random.chance(0.5) ? 1 : 0;
    if (isColumnOnly) own = left.many ? 1 : 0;
    const field = own ? right : left;
    const list = this.keystone.lists[field.listKey];
    const id = this.ids[field.listKey][link[own]];
    const target = this.ids[field.refListKey][link[1 - own]];
    if (isColumnOnly) {
      await list.adapter.update(id, { [field.path]: operation === 'connect' ? target : null });
      return;
    }
    const { updateMutationName, updateInputName } = list.gqlNames;
    const change = { [operation]: field.many ? [{ id: target }] : { id: target } };
    await this.execute(
      `mutation ($id: ID!, $data: ${updateInputName}) { ${updateMutationName}(id: $id, data: $data) { id } }`,
      { id, data: { [field.path]: change } },
    );
  }

  /** Undoes one of the links of some relationships that can do without. */
  async disconnectSome() {
    for (const relationship of this.relationships) {
      const { left, right, links } = relationship;
      const isFree = ![left, right].some((field) => field && isRequired(field));
      if (links.length === 0 || !isFree || !this.random.chance(0.2)) continue;
      await this.mutate(relationship, this.random.pick(links), 'disconnect');
    }
  }

  /** Deletes one item of some lists that nothing needs. */
  async deleteSome() {
    const fields = this.relationships.flatMap(({ left, right }) =>
      right ? [left, right] : [left],
    );
    const isNeeded = (key) =>
      fields.some((field) => field.refListKey === key && isRequired(field)) ||
      // OLD cleans up in a join table that is not there.
      fields.some((field) => field.refListKey === key && isSelf(field) && field.many);
    for (const [key, ids] of Object.entries(this.ids)) {
      if (this.keystone.lists[key].isAuxList) continue; // They have no such mutation.
      if (ids.length === 0 || isNeeded(key) || !this.random.chance(0.3)) continue;
      const { deleteMutationName } = this.keystone.lists[key].gqlNames;
      const query = `mutation ($id: ID!) { ${deleteMutationName}(id: $id) { id } }`;
      await this.execute(query, { id: this.random.pick(ids) });
    }
  }
}

module.exports = { fill };
