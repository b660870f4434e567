'use strict';

// What the README promises about two stored sides, computed here without SQL from the rows that the
// old Keystone left behind: the tests compare it with what the migration makes of them.

const relationship = (ref, many = false) => ({ type: 'Relationship', ref, many });

/** Two lists with a relationship of each kind that is stored twice before Arcade. */
const KINDS = {
  lists: {
    Todo: {
      fields: {
        name: { type: 'Text' },
        leadAuthor: relationship('User.leadPost'),
        publisher: relationship('User.published'),
        team: relationship('User.task', true),
        readers: relationship('User.readPosts', true),
      },
    },
    User: {
      fields: {
        name: { type: 'Text' },
        leadPost: relationship('Todo.leadAuthor'),
        published: relationship('Todo.publisher', true),
        task: relationship('Todo.team'),
        readPosts: relationship('Todo.readers', true),
        above: relationship('User.below'),
        below: relationship('User.above'),
      },
    },
  },
};

/** A place: its table, the column of the holder's id and that of the target's. */
const place = (name, table, holder, target) => ({ name, table, holder, target });

/**
 * Where each is stored. A link goes from its holder, whose side is kept, to its target. `reversed`
 * means that the holder is the right side.
 */
const RELATIONSHIPS = [
  {
    name: 'Todo.leadAuthor -> User.leadPost',
    kind: '1:1',
    kept: place('Todo.leadAuthor', 'Todo', 'id', 'leadAuthor'),
    dropped: place('User.leadPost', 'User', 'leadPost', 'id'),
    fields: [
      ['Todo', 'leadAuthor'],
      ['User', 'leadPost'],
    ],
  },
  {
    name: 'Todo.publisher -> User.published',
    kind: '1:N',
    kept: place('Todo.publisher', 'Todo', 'id', 'publisher'),
    dropped: place('User_published', 'User_published', 'Todo_id', 'User_id'),
    fields: [
      ['Todo', 'publisher'],
      ['User', 'published'],
    ],
  },
  {
    name: 'Todo.team -> User.task',
    kind: '1:N',
    reversed: true,
    kept: place('User.task', 'User', 'id', 'task'),
    dropped: place('Todo_team', 'Todo_team', 'User_id', 'Todo_id'),
    fields: [
      ['User', 'task'],
      ['Todo', 'team'],
    ],
  },
  {
    name: 'Todo.readers -> User.readPosts',
    kind: 'N:N',
    kept: place('Todo_readers', 'Todo_readers', 'Todo_id', 'User_id'),
    dropped: place('User_readPosts', 'User_readPosts', 'Todo_id', 'User_id'),
    fields: [
      ['Todo', 'readers'],
      ['User', 'readPosts'],
    ],
  },
  {
    name: 'User.above -> User.below',
    kind: '1:1',
    kept: place('User.above', 'User', 'id', 'above'),
    dropped: place('User.below', 'User', 'below', 'id'),
    fields: [
      ['User', 'above'],
      ['User', 'below'],
    ],
  },
];

const unique = (links) => [...new Map(links.map((link) => [String(link), link])).values()];
const without = (links, others) => {
  const there = new Set(others.map(String));
  return links.filter((link) => !there.has(String(link)));
};
const sorted = (links) => [...links].sort(([a, b], [c, d]) => a - c || b - d);

/**
 * Reads both stored sides of every relationship.
 *
 * @param {(sql: string) => Promise<object[]>} query
 * @returns {Promise<Record<string, { kept: number[][], dropped: number[][] }>>} links as
 *   `[holder, target]`, by relationship
 */
async function readStored(query) {
  const read = async ({ table, holder, target }) => {
    const rows = await query(`SELECT "${holder}" AS holder, "${target}" AS target FROM "${table}"`);
    const links = rows.map((row) => [row.holder, row.target]);
    return sorted(links.filter((link) => !link.includes(null)));
  };
  const stored = {};
  for (const { name, kept, dropped } of RELATIONSHIPS) {
    stored[name] = { kept: await read(kept), dropped: await read(dropped) };
  }
  return stored;
}

/**
 * How far two sides disagree.
 *
 * @param {{ kept: number[][], dropped: number[][] }} sides
 * @returns {{ onlyKept: number[][], onlyDropped: number[][] }} links, each once
 */
function disagreement({ kept, dropped }) {
  return { onlyKept: unique(without(kept, dropped)), onlyDropped: unique(without(dropped, kept)) };
}

/**
 * The links after the repair, by the rules of the README, one link after the other.
 *
 * @param {string} kind
 * @param {{ kept: number[][], dropped: number[][] }} sides
 * @returns {{ links: number[][], adopted: number, released: number, leftOut: number }}
 */
function settle(kind, { kept, dropped }) {
  if (kind === 'N:N') {
    const { onlyDropped } = disagreement({ kept, dropped });
    const links = sorted([...kept, ...onlyDropped]);
    return { links, adopted: onlyDropped.length, released: 0, leftOut: 0 };
  }
  const target = new Map(kept);
  let released = 0;
  if (kind === '1:1') {
    const named = new Map(dropped.map(([holder, of]) => [of, holder]));
    for (const wanted of new Set(target.values())) {
      const holders = [...target.keys()].filter((holder) => target.get(holder) === wanted);
      const keeps = holders.includes(named.get(wanted)) ? named.get(wanted) : Math.max(...holders);
      for (const holder of holders.filter((each) => each !== keeps)) {
        target.delete(holder);
        released += 1;
      }
    }
  }
  const taken = new Set(kind === '1:1' ? target.values() : []);
  const empty = new Set(dropped.map(([holder]) => holder).filter((holder) => !target.has(holder)));
  for (const holder of empty) {
    const known = dropped.filter(([from, to]) => from === holder && !taken.has(to));
    if (known.length > 0) target.set(holder, Math.max(...known.map(([, to]) => to)));
  }
  const adopted = [...empty].filter((holder) => target.has(holder)).length;
  const links = sorted([...target]);
  return { links, adopted, released, leftOut: unique(without(dropped, links)).length };
}

/**
 * The links that a repair has lost although nothing stood against keeping them, and those that it
 * has made up: both are none whatever the rule for choosing is.
 *
 * @param {string} kind
 * @param {{ kept: number[][], dropped: number[][] }} before
 * @param {number[][]} after
 * @returns {{ lost: number[][], invented: number[][], doubled: number[][] }}
 */
function injustice(kind, { kept, dropped }, after) {
  const known = unique([...kept, ...dropped]);
  const holders = new Set(after.map(([holder]) => holder));
  const targets = new Set(after.map(([, target]) => target));
  const isFree = ([holder, target]) =>
    kind === 'N:N' || (!holders.has(holder) && (kind === '1:N' || !targets.has(target)));
  const repeats = (links, end) =>
    links.filter((link, index) => links.findIndex((other) => other[end] === link[end]) !== index);
  return {
    lost: without(known, after).filter(isFree),
    invented: without(after, known),
    doubled: [
      ...(kind === 'N:N' ? [] : repeats(after, 0)),
      ...(kind === '1:1' ? repeats(after, 1) : []),
    ],
  };
}

/** What a Keystone is asked to read every relationship from both of its sides. */
const READ_ALL = `{
  ${Object.entries(KINDS.lists)
    .map(([list, { fields }]) => {
      const relations = Object.keys(fields).filter((path) => path !== 'name');
      return `all${list}s { id name ${relations.map((path) => `${path} { id }`).join(' ')} }`;
    })
    .join('\n  ')}
}`;

/**
 * What a Keystone answers to `READ_ALL`, as links.
 *
 * @param {object} data
 * @returns {Record<string, { fromHolder: number[][], fromTarget: number[][] }>} `[holder, target]`,
 *   by relationship, as seen from each side
 */
function linksRead(data) {
  const from = ([list, path]) =>
    data[`all${list}s`].flatMap((item) =>
      [item[path] ?? []].flat().map(({ id }) => [Number(item.id), Number(id)]),
    );
  return Object.fromEntries(
    RELATIONSHIPS.map(({ name, fields: [holder, target] }) => [
      name,
      {
        fromHolder: sorted(from(holder)),
        fromTarget: sorted(from(target).map(([of, at]) => [at, of])),
      },
    ]),
  );
}

module.exports = {
  KINDS,
  READ_ALL,
  RELATIONSHIPS,
  disagreement,
  injustice,
  linksRead,
  readStored,
  settle,
};
