'use strict';

// Random projects: valid lists for both generations, with names and options as hostile as GraphQL and
// Keystone allow.

const { Random } = require('./random');

const MOST_LISTS = 12;
const MOST_BYTES = 63;

/** Names that are each other's beginnings, differ by case, or look like what Keystone appends. */
const LIST_NAMES = [
  ...['Post', 'post', 'POST', 'Posts', 'PostTag', 'Post_tag', 'Post_tags', 'Post_tags_Tag'],
  ...['Tag', 'tag', 'Tags', 'Tag_posts', 'User', 'user', 'User_', 'User1', 'User_1', 'User__1'],
  ...['A', 'a', 'A_b', 'A_b_many', 'aB', 'Ab', 'AB', 'B', 'b_', 'B1', 'b1', 'X9', 'X_9'],
  ...['Post_left', 'Post_left_id', 'Tag_right', 'Tag_right_id', 'Post_id', 'left', 'right', 'many'],
  ...['order', 'group', 'select', 'table', 'Table', 'primary', 'end', 'Index', 'index', 'null'],
  ...['Category', 'Zebra', 'zebra', 'Comment', 'Image', 'Setting', 'Person', 'Order', 'Row'],
];

/** Paths: among them names of lists, columns, SQL's words and variables that a script might use. */
const PATHS = [
  ...['tags', 'Tags', 'TAGS', 'tag', 'tags_Tag', 'tags_many', 'tags_many_many', 'posts', 'Post'],
  ...['Post_id', 'Tag_id', 'Post_left_id', 'Tag_right_id', 'left_id', 'right_id', 'User', 'user'],
  ...['a', 'A', 'b', 'ab', 'aB', 'a_b', 'a__b', 'a1', 'a_1', 'f0', 'id_', 'ID', 'left', 'right'],
  ...[
    'order',
    'group',
    'select',
    'where',
    'from',
    'default',
    'references',
    'unique',
    'user_',
    'end',
  ],
  ...[
    'author',
    'parent',
    'children',
    'next',
    'previous',
    'friends',
    'owner',
    'boss',
    'many',
    'one',
  ],
  ...[
    'found',
    'missing',
    'kept',
    'dropped',
    'item',
    'holder',
    'target',
    'links',
    'position',
    'link',
  ],
  ...[
    'adopted',
    'released',
    'candidate',
    'difference',
    'tab',
    'col',
    'kind',
    'xmin_',
    'oid',
    'text',
  ],
];

const SCHEMAS = ['App', 'my schema', 'order', 'a"b', "it's", 'dash-ed', '$1', 'Ünï'];

/** Names of GraphQL's and Keystone's own types, and beginnings that GraphQL keeps for itself. */
const RESERVED =
  /^(?:__.*|_.*Meta|id|AND|OR|label|Query|Mutation|Subscription|Upload|ID|String|Int|Float|Boolean|JSON)$/;

/** What GraphQL's filters and orders append to a path. */
const FILTER = /^_(?:every|some|none|is_null|not|in|not_in|lte?|gte?|i|ASC|DESC)$/;

/**
 * A project with 1 to 12 lists.
 *
 * @param {number} seed
 * @returns {object} a scenario as for `buildKeystone` of `scenario.js`
 */
function randomProject(seed) {
  const random = new Random(seed);
  const lists = randomLists(random);
  const keys = Object.keys(lists);
  const most = random.chance(0.03) ? 0 : random.integer(1, Math.max(3, keys.length * 2));
  for (let count = 0; count < most; count++) addRelationship(lists, keys, random);
  const schemaName = random.chance(0.2) ? random.pick(SCHEMAS) : undefined;
  return {
    description: `Random project ${seed}`,
    adapters: ['knex'],
    ...(schemaName && { knex: { schemaName } }),
    lists: shuffleFields(lists, random),
  };
}

function randomLists(random) {
  const count = random.pick([1, 2, 2, 3, 3, 4, 5, 6, 8, random.integer(1, MOST_LISTS)]);
  const withUuids = random.chance(0.25);
  const lists = {};
  // OLD cannot write links where it finds `<list key>_id` clipped.
  for (const name of names(LIST_NAMES, random, MOST_BYTES - '_id'.length)) {
    const at = Object.keys(lists).length;
    if (at === count) break;
    if (RESERVED.test(name) || name.startsWith('_') || name in lists) continue;
    lists[name] = {
      // Whatever the key is, the names of GraphQL are their own.
      ...{ singular: `One ${at}`, plural: `Many ${at}` },
      ...{ itemQueryName: `One${at}`, listQueryName: `Many${at}` },
      fields: {
        ...(withUuids && random.chance(0.5) && { id: { type: 'Uuid' } }),
        label: { type: 'Text' },
      },
    };
  }
  return lists;
}

/** Endless names: those of the pool first, most of them. */
function* names(pool, random, most = MOST_BYTES) {
  for (const name of random.shuffle(pool)) {
    yield random.chance(0.06) ? longName(name, random, most) : name;
  }
  for (;;) yield longName(random.pick(pool), random, most);
}

/** A name that, or whose tables and indexes, come near to what PostgreSQL keeps of a name. */
function longName(name, random, most) {
  const length = random.pick([20, 25, 28, 30, 45, 50, 56, 58, most - 1, most]);
  const filler = random.pick(['x', 'Ab', '_1', 'Word']);
  return name + filler.repeat(MOST_BYTES).slice(0, Math.max(1, length - name.length));
}

function addRelationship(lists, keys, random) {
  const from = random.pick(keys);
  const to = random.chance(0.2) ? from : random.pick(keys);
  const path = freePath(from, lists[from].fields, random, keys);
  const field = { type: 'Relationship', ref: to, ...(random.chance(0.5) && { many: true }) };
  lists[from].fields[path] = field;
  if (random.chance(0.65)) {
    const other = freePath(to, lists[to].fields, random, keys);
    lists[to].fields[other] = {
      ...{ type: 'Relationship', ref: `${from}.${path}` },
      ...(random.chance(0.5) && { many: true }),
    };
    field.ref = `${to}.${other}`;
    addOptions(lists, to, lists[to].fields[other], random);
  }
  addOptions(lists, from, field, random);
}

function addOptions(lists, list, field, random) {
  if (random.chance(0.15)) field.isUnique = true;
  if (random.chance(0.15)) field.isIndexed = random.chance(0.5);
  // A list that needs itself would stay empty, and so would lists in a circle: few do.
  const isSelf = field.ref.split('.')[0] === list;
  if (!field.many && !isSelf && random.chance(0.1)) field.knexOptions = { isNotNullable: true };
}

/** A path that no other of the list, nor a filter that GraphQL makes of one, has. */
function freePath(list, fields, random, keys) {
  for (const name of pathNames(list, random, keys)) {
    const paths = Object.keys(fields);
    const meets = (a, b) => a === b || (a.startsWith(b) && FILTER.test(a.slice(b.length)));
    const isFree = !paths.some((path) => meets(path, name) || meets(name, path));
    if (isFree && !RESERVED.test(name) && /^[A-Za-z]/.test(name)) return name;
  }
}

function* pathNames(list, random, keys) {
  // With the list's key before it, it is the name of another list, and perhaps of a join table.
  const isEnd = (key) => key.startsWith(`${list}_`);
  const ends = keys.filter(isEnd).map((key) => key.slice(list.length + 1));
  if (random.chance(0.3)) yield* random.shuffle(ends);
  yield* names([...PATHS, ...random.shuffle(keys).slice(0, 3)], random);
}

function shuffleFields(lists, random) {
  const shuffled = ({ fields, ...list }) => ({
    ...list,
    fields: Object.fromEntries(random.shuffle(Object.entries(fields))),
  });
  return Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, shuffled(list)]));
}

const MOST_BYTES_ON_MONGODB = 45;

/** Collections that no list would get by itself, and that no shell reaches by `db.` and the name. */
const COLLECTIONS = ['my.posts', 'with-dashes', '_leading', 'stats', `it's "odd"`, 'ü ñ'];

/**
 * The same for MongoDB, which tells no case apart in the names of collections, and knows options of
 * its own.
 *
 * @param {number} seed
 * @returns {object} as of `randomProject`
 */
function randomMongoProject(seed) {
  const random = new Random(seed);
  let project = { ...copy(randomProject(seed)), adapters: ['mongoose'] };
  delete project.knex;
  const seen = new Set();
  // One of two names that meet goes; few stay, which has to be refused.
  const isUsable = (name) => {
    const plain = name.toLowerCase().replace(/s$/, '');
    const isNew = !seen.has(plain) || random.chance(0.02);
    seen.add(plain);
    return isNew && name.length <= MOST_BYTES_ON_MONGODB;
  };
  for (const [at, key] of Object.keys(project.lists).entries()) {
    if (!isUsable(key) && at > 0) project = withoutList(project, key);
  }
  for (const [key, { fields }] of Object.entries(project.lists)) {
    for (const [path, { ref }] of Object.entries(fields)) {
      if (ref && !isUsable(`${key}.${path}`)) project = withoutField(project, key, path);
    }
  }
  for (const { fields } of Object.values(project.lists)) {
    delete fields.id;
    for (const field of Object.values(fields)) {
      delete field.knexOptions;
      // An empty field is a value too, so that of such a list there is one item at most.
      if (!random.chance(0.2)) delete field.isUnique;
    }
  }
  const collections = random.shuffle(COLLECTIONS);
  for (const list of Object.values(project.lists)) {
    if (collections.length === 0 || !random.chance(0.15)) continue;
    list.adapterConfig = { mongooseSchemaOptions: { collection: collections.pop() } };
  }
  return { ...project, ...(random.chance(0.1) && { mongoose: { pluralize: null } }) };
}

const copy = (project) => JSON.parse(JSON.stringify(project));

/** A project without a list, and without the fields that refer to it. */
function withoutList(project, key) {
  const without = copy(project);
  delete without.lists[key];
  for (const { fields } of Object.values(without.lists)) {
    for (const [path, { ref }] of Object.entries(fields)) {
      if (ref?.split('.')[0] === key) delete fields[path];
    }
  }
  return without;
}

/** A project without a field, and without its other side. */
function withoutField(project, key, path) {
  const without = copy(project);
  const { ref } = without.lists[key]?.fields[path] ?? {};
  delete without.lists[key]?.fields[path];
  const [list, other] = ref?.split('.') ?? [];
  if (other) delete without.lists[list]?.fields[other];
  return without;
}

/**
 * Smaller projects that might show the same: one without each list, and one without each
 * relationship, option and adapter option.
 *
 * @param {object} project
 * @returns {Generator<object>}
 */
function* smaller(project) {
  for (const key of Object.keys(project.lists)) yield withoutList(project, key);
  for (const [key, { fields, adapterConfig }] of Object.entries(project.lists)) {
    for (const [path, field] of Object.entries(fields)) {
      if (path === 'label') continue;
      yield withoutField(project, key, path);
      for (const option of ['isUnique', 'isIndexed', 'knexOptions']) {
        if (!(option in field)) continue;
        const plain = copy(project);
        delete plain.lists[key].fields[path][option];
        yield plain;
      }
    }
    if (!adapterConfig) continue;
    const plain = copy(project);
    delete plain.lists[key].adapterConfig;
    yield plain;
  }
  for (const adapter of ['knex', 'mongoose']) {
    const { [adapter]: options, ...plain } = project;
    if (options) yield plain;
  }
}

module.exports = { randomMongoProject, randomProject, smaller };
