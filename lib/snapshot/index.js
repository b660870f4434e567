'use strict';

const { projectAdapters } = require('./adapters');
const { UpgradeError } = require('../error');
const { readOptions } = require('../options');
const { isIndexedByNew, ownIndexes } = require('./mongoose-indexes');
const { configuredSchema, mongooseNames } = require('./mongoose-names');
const { compilingKnex } = require('./knex');
const { foreignKeyTypes, knexColumns } = require('./knex-columns');
const { nearestPackage } = require('../nearest-package');
const { classFolders, resolveFrom } = require('../resolve');

/** The version of the snapshot's shape; `src/snapshot.rs` reads this one. */
const VERSION = 1;

/** What a relationship on knex may be. */
const OPTIONS = ['isUnique', 'isIndexed', 'isNotNullable'];

/** The locale of most servers. */
const USUAL = 'en-US';

/** Together with others that order Latin letters differently, the most widely used first. */
const LOCALES = [USUAL, ...'es pl sv nb da cs hu fi hr sk tr vi lt lv et is cy sq az'.split(' ')];

/**
 * Serializes the lists of a Keystone 5 object to plain, versioned JSON data: all that planning
 * needs. Nothing connects, and the object is left as it was.
 *
 * @param {object} keystone - the project's `Keystone` object, all lists created
 * @param {{ resolveFrom?: string[], columns?: boolean }} [options] - `resolveFrom`: directories from
 *   which the project's packages can be found, by default the working directory; `columns`: whether
 *   to ask knex for the columns of all fields, which only schema and diff need (by default true). For this
 *   package alone there is `locales`: the snapshot then has the orders of all `LOCALES`
 * @returns {object} the snapshot; `index.d.ts` describes it
 * @throws {UpgradeError} `NOT_KEYSTONE` when it is not a Keystone 5 object, `INVALID_OPTION`
 */
function snapshot(keystone, options) {
  if (!keystone || !Array.isArray(keystone.listsArray)) throw notKeystone('has no `listsArray`');
  if (!keystone.listsArray.every(isList)) throw notKeystone('has a `listsArray` of something else');
  const given = readOptions(options, ['columns', 'locales', 'resolveFrom']);
  const { resolveFrom: directories = [process.cwd()], columns = true } = given;
  const lists = keystone.listsArray;
  const named = projectAdapters(keystone);
  const adapters = named.map(({ adapter }) => adapter);
  const own = consolidate(keystone);
  const warnings = [];
  const describers = adapters.map((adapter) =>
    describer(
      adapter,
      lists.filter((list) => list.adapter.parentAdapter === adapter),
      { own, directories, columns, warnings },
    ),
  );

  const listRanks = ranks(lists.map((list) => list.key));
  const fields = [].concat(...lists.map((list) => list.fields));
  const pathRanks = ranks(fields.filter((it) => it.isRelationship).map((field) => field.path));
  const describeRelationship = (field, describe) => {
    // `many` may be any truthy value; both Keystones look at the config.
    const { ref, many } = field.config;
    const rank = pathRanks[field.path];
    return { ref, many: Boolean(many), rank, ...describe.relationship(field) };
  };
  const describeField = (field, describe) => ({
    path: field.path,
    type: typeName(field),
    ...(field.isRelationship && { relationship: describeRelationship(field, describe) }),
    ...describe.field(field),
  });
  const { locale } = new Intl.Collator().resolvedOptions();
  return {
    version: VERSION,
    keystone: keystoneVersion(keystone, directories),
    locale,
    adapters: named.map(({ name, adapter }, at) => ({
      name,
      ...describeAdapter(adapter),
      ...describers[at].adapter,
    })),
    lists: lists.map((list) => {
      const adapter = adapters.indexOf(list.adapter.parentAdapter);
      const describe = describers[adapter];
      return {
        key: list.key,
        adapter,
        rank: listRanks[list.key],
        ...describe.list(list),
        fields: list.fields.map((field) => describeField(field, describe)),
      };
    }),
    orders: orders(
      (given.locales ? LOCALES : [USUAL]).filter((other) => other !== locale),
      listRanks,
      pathRanks,
    ),
    consolidated: own.consolidated,
    consolidationError: own.error,
    warnings,
  };
}

const isList = (it) =>
  Boolean(it && it.key && it.adapter && it.adapter.parentAdapter && Array.isArray(it.fields));

function notKeystone(what) {
  return new UpgradeError(
    'NOT_KEYSTONE',
    `This is not a Keystone 5 object: it ${what}. Pass the object that \`new Keystone(…)\` of @keystonejs/keystone returned.`,
  );
}

/** What only the adapter's kind can tell of itself, of a list, a field and a relationship. */
function describer(adapter, lists, context) {
  if (adapter.name === 'knex') return knexDescriber(adapter, lists, context);
  if (adapter.name === 'mongoose') return mongooseDescriber(adapter, lists, context);
  const nothing = () => ({});
  return { adapter: {}, list: nothing, field: nothing, relationship: nothing };
}

function knexDescriber(adapter, lists, { directories, columns, warnings }) {
  const knex = compilingKnex(adapter, directories);
  const foreignKeyType = knex && foreignKeyTypes(knex);
  const warn = (message, where) => warnings.push({ code: 'COLUMNS_UNKNOWN', message, ...where });
  const columnsOf = (list) =>
    knexColumns(knex, list, (field, { message }) =>
      warn(
        `The columns of ${list.key}.${field} are unknown (${message}). The schemas and the diff are without them.`,
        { list: list.key, field },
      ),
    );
  let byList;
  try {
    if (columns && !knex) throw new Error('@keystonejs/adapter-knex and its knex were not found');
    byList = columns && new Map(lists.map((list) => [list.key, columnsOf(list)]));
  } catch ({ message }) {
    warn(
      `The columns of this project are unknown (${message}). Its schemas and its diff show those of relationships only.`,
    );
  }
  return {
    adapter: { hasColumns: Boolean(byList) },
    list: (list) => ({
      tableName: list.adapter.tableName,
      foreignKeyType: foreignKeyType && foreignKeyType(list),
    }),
    field: (field) => byList && byList.get(field.listKey).get(field.path),
    relationship: ({ adapter: own }) =>
      // `isNotNullable` is a getter that keeps its result: let it keep that on a copy, which does not
      // make a prototype of the project's object, as that would be slow.
      flags(Object.assign(Object.create(Object.getPrototypeOf(own)), own), OPTIONS),
  };
}

function mongooseDescriber(adapter, lists, { own: { rels, consolidated } }) {
  // Once for each list: it runs code of the project.
  const schemas = new Map(lists.map((it) => [it.key, configuredSchema(it.adapter, rels)]));
  const indexed = new Map(
    lists.map(({ key, fields }) => [key, ownIndexes(schemas.get(key).schema, fields)]),
  );
  const names = mongooseNames(adapter, ({ key }) => schemas.get(key));
  const isNew = Boolean(consolidated);
  return {
    adapter: {},
    list: names.collection,
    field: (field) => flags(field.adapter, ['isIndexed', 'isUnique']),
    relationship: (field) =>
      field.config.many
        ? { joinCollection: names.joinCollection(field) }
        : { isIndexedByNew: isIndexedByNew(field, indexed.get(field.listKey), isNew) || undefined },
  };
}

/** Those of some properties that an object has set, each as `true`. */
function flags(object, names) {
  const set = {};
  for (const name of names) if (object[name]) set[name] = true;
  return set;
}

function describeAdapter(adapter) {
  const { knexOptions } = adapter.config || {};
  return {
    kind: String(adapter.name),
    client: adapter.client && String(adapter.client.name || adapter.client),
    schemaName: adapter.schemaName,
    wrapsIdentifiers: Boolean(knexOptions && knexOptions.wrapIdentifier),
  };
}

/**
 * What the loaded Keystone says of the relationships itself. It names tables and columns from 8.0.0
 * on, and has the method from 5.4.3 on.
 */
function consolidate(keystone) {
  if (typeof keystone._consolidateRelationships !== 'function') return { rels: [] };
  let rels;
  try {
    // Early versions return nothing: they only looked for mistakes.
    rels = keystone._consolidateRelationships() || [];
  } catch (error) {
    return { rels: [], error: error.message };
  }
  if (!rels.length || !rels.every((rel) => rel.cardinality)) return { rels };
  const name = (field) => `${field.listKey}.${field.path}`;
  const consolidated = rels.map((rel) => {
    const { cardinality, tableName, columnName, columnNames = {} } = rel;
    const left = name(rel.left);
    const right = rel.right && name(rel.right);
    const { near, far } = columnNames[left] || {};
    return { left, right, cardinality, tableName, columnName, near, far };
  });
  return { rels, consolidated };
}

/**
 * The version of Keystone's own package, whatever its scope: that of the base class, as a project may
 * export a class that it derives.
 */
function keystoneVersion(keystone, directories) {
  const packages = classFolders(keystone)
    .map((folder) => nearestPackage(folder, ({ version }) => Boolean(version)))
    .filter((found) => found && /^(@[^/]+\/)?keystone$/.test(found.json.name));
  if (packages.length) return packages.pop().json.version;
  const file = resolveFrom('@keystonejs/keystone/package.json', directories);
  return file ? require(file).version : null;
}

/**
 * The position of each name in the order of `localeCompare`, which is how Keystone orders the two
 * sides of a relationship. It depends on the locale of this process, so it has to be asked here.
 */
function ranks(names, locale) {
  const { compare } = new Intl.Collator(locale); // `localeCompare` is defined by this, and is slower
  const sorted = Array.from(new Set(names)).sort(compare);
  const byName = Object.create(null);
  let rank = 0;
  sorted.forEach((name, at) => {
    if (at > 0 && compare(sorted[at - 1], name) !== 0) rank += 1;
    byName[name] = rank;
  });
  return byName;
}

/**
 * Orders of list keys and field paths under other locales than that of this process, as far as they
 * are not the same.
 */
function orders(locales, lists, paths) {
  const under = (locale, known) => ranks(Object.keys(known), locale);
  const differ = (known, others) => Object.keys(known).some((name) => others[name] !== known[name]);
  return locales
    .map((locale) => ({ locale, lists: under(locale, lists), paths: under(locale, paths) }))
    .filter((other) => differ(lists, other.lists) || differ(paths, other.paths));
}

function typeName(field) {
  const type = field.config && field.config.type;
  // Keystone's own primary keys have no type in their config, nor have the fields of some versions. A
  // bundler may have added a number to the name of the class.
  return String(
    (type && type.type) || field.constructor.name.replace(/(Implementation|\$\d+)$/, ''),
  );
}

module.exports = { snapshot };
