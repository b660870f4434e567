'use strict';

/**
 * Scenarios: Keystone projects as data, `__test__/scenarios/<case>/lists.json`.
 *
 * The file holds what a project gives to `new Keystone()` and `createList()`, in Keystone's own
 * shape, with a name wherever that shape wants something that is not data:
 *
 *     {
 *       "description": "What this case is about",
 *       "adapters": ["knex", "mongoose"],
 *       "knex": { "schemaName": "App" },
 *       "lists": { "Todo": { "fields": { "name": { "type": "Text" } }, "plugins": ["byTracking"] } }
 *     }
 *
 * - `adapters`: an array runs the same lists once on each; an object such as
 *   `{ "pg": "knex", "mongo": "mongoose" }` makes one Keystone with several adapters (up to
 *   Keystone 18), of which `defaultAdapter` names the default.
 * - `knex`, `mongoose`, `prisma`: options of that adapter. `mongoose.pluralize` is set on its
 *   mongoose, as projects do.
 * - `keystone`: `"old"` or `"new"` when only that generation can load the lists; both otherwise.
 * - `scripts`: `true` where the scripts are among the expectations, as they are for about a dozen
 *   cases that differ in kind.
 * - `lists`: in the order of their definition. Each field's `type`, each of `plugins`, each of a
 *   Content field's `blocks`, `adapterConfig.configureMongooseSchema`,
 *   `adapterConfig.listAdapterClass` and `knexOptions.wrapIdentifier` are names.
 *
 * Nothing here connects to a database.
 */

const fs = require('fs');
const path = require('path');
const { loader } = require('./keystones');

const SCENARIOS = path.join(__dirname, '..', '__test__', 'scenarios');

/** The folder an adapter's expectations are kept in. */
const FOLDERS = { knex: 'postgresql', mongoose: 'mongodb', prisma: 'prisma' };

/** Where a field type is exported when not by `@keystonejs/fields`: the first package that is there. */
const TYPE_PACKAGES = {
  AuthedRelationship: ['@keystonejs/fields-authed-relationship'],
  AutoIncrement: ['@keystonejs/fields-auto-increment'],
  Content: ['@keystonejs/fields-content', '@keystonejs/field-content'],
  MongoId: ['@keystonejs/fields-mongoid'],
  OEmbed: ['@keystonejs/fields-oembed', '@keystonejs/fields'],
};

const ADAPTERS = {
  knex: ['@keystonejs/adapter-knex', 'KnexAdapter'],
  mongoose: ['@keystonejs/adapter-mongoose', 'MongooseAdapter'],
  prisma: ['@keystonejs/adapter-prisma', 'PrismaAdapter'],
};

/** Field types that a project would write itself. */
const CUSTOM_TYPES = {
  CustomRelationship: (type) => {
    const Relationship = type('Relationship');
    return {
      ...Relationship,
      type: 'CustomRelationship',
      implementation: class CustomRelationship extends Relationship.implementation {},
    };
  },
};

/** Functions for `configureMongooseSchema`, by the name before the colon. */
const SCHEMA_HOOKS = {
  setsCollection: (name) => (schema) => schema.set('collection', name),
  indexes: (path) => (schema) => schema.index({ [path]: 1 }),
  setsCollectionWhenConnected:
    (name) =>
    (schema, { mongoose }) => {
      if (mongoose.connection.db.databaseName) schema.set('collection', name);
    },
};

/** List adapters that a project would write itself, by the name before the colon. */
const LIST_ADAPTERS = {
  setsTable: (name, load) =>
    class extends load('@keystonejs/adapter-knex').KnexListAdapter {
      constructor(...args) {
        super(...args);
        this.tableName = name;
      }
    },
};

/** Functions for `knexOptions.wrapIdentifier`. */
const WRAPPERS = {
  upperCase: (name, wrap) => wrap(name.toUpperCase()),
};

/**
 * The names of all cases.
 *
 * @returns {string[]} folder names, sorted
 */
function scenarioNames() {
  return fs
    .readdirSync(SCENARIOS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * Reads one case.
 *
 * @param {string} name its folder
 * @returns {object} the contents of `lists.json`, with `name` and `folder` (its path)
 */
function loadScenario(name) {
  const folder = path.join(SCENARIOS, name);
  const data = JSON.parse(fs.readFileSync(path.join(folder, 'lists.json'), 'utf8'));
  return { ...data, name, folder };
}

/**
 * The Keystone objects to make of a case.
 *
 * @param {object} scenario
 * @returns {{ adapter: string | undefined, folder: string }[]} `adapter` is the kind to pass to
 *   `buildKeystone` (undefined: all that the case names, in one object); `folder` is where the
 *   expectations are, relative to the case
 */
function targets({ adapters }) {
  if (!Array.isArray(adapters)) return [{ adapter: undefined, folder: '' }];
  return adapters.map((adapter) => ({ adapter, folder: FOLDERS[adapter] }));
}

/**
 * The generations that can load a case; the first is the one to plan with.
 *
 * @param {object} scenario
 * @returns {('new' | 'old')[]}
 */
function generations({ keystone }) {
  return keystone === undefined ? ['new', 'old'] : [keystone];
}

/**
 * A real Keystone object with the lists of a case.
 *
 * @param {object} scenario
 * @param {object} options
 * @param {string} options.modules the `node_modules` folder of a Keystone generation
 * @param {string} [options.adapter] `knex`, `mongoose` or `prisma`; left out when the case names
 *   the adapters of one object itself
 * @returns {object} `keystone`, never connected
 */
function buildKeystone(scenario, { modules, adapter }) {
  const load = loader(modules);
  const { Keystone } = load('@keystonejs/keystone');
  const keystone = new Keystone({
    name: 'Scenario',
    cookieSecret: 'never used',
    ...(adapter === undefined
      ? { adapters: mapValues(scenario.adapters, (kind) => buildAdapter(scenario, kind, load)) }
      : { adapter: buildAdapter(scenario, adapter, load) }),
    ...(adapter === undefined && { defaultAdapter: scenario.defaultAdapter }),
  });
  for (const [key, config] of Object.entries(scenario.lists)) {
    keystone.createList(key, listConfig(config, load));
  }
  return keystone;
}

function buildAdapter(scenario, kind, load) {
  const [packageName, className] = ADAPTERS[kind];
  const { pluralize, ...options } = scenario[kind] || {};
  const { wrapIdentifier } = options.knexOptions || {};
  if (wrapIdentifier) {
    const knexOptions = { ...options.knexOptions, wrapIdentifier: WRAPPERS[wrapIdentifier] };
    options.knexOptions = knexOptions;
  }
  const adapter = new (load(packageName)[className])(options);
  if (pluralize !== undefined) adapter.mongoose.pluralize(pluralize);
  return adapter;
}

function listConfig({ fields, plugins = [], adapterConfig = {}, ...config }, load) {
  return {
    ...config,
    fields: mapValues(fields, (field) => fieldConfig(field, load)),
    plugins: plugins.map((name) => load('@keystonejs/list-plugins')[name]()),
    adapterConfig: {
      ...adapterConfig,
      ...(adapterConfig.configureMongooseSchema && {
        configureMongooseSchema: schemaHook(adapterConfig.configureMongooseSchema),
      }),
      ...(adapterConfig.listAdapterClass && {
        listAdapterClass: listAdapter(adapterConfig.listAdapterClass, load),
      }),
    },
  };
}

function fieldConfig({ type, blocks, ...config }, load) {
  return {
    ...config,
    type: fieldType(type, load),
    ...(blocks && { blocks: blocks.map((name) => contentBlock(name, load)) }),
  };
}

function fieldType(name, load) {
  if (CUSTOM_TYPES[name]) return CUSTOM_TYPES[name]((other) => fieldType(other, load));
  const packages = TYPE_PACKAGES[name] || ['@keystonejs/fields'];
  const installed = packages.find((packageName) => isInstalled(packageName, load));
  const type = installed && load(installed)[name];
  if (!type) throw new Error(`This Keystone has no field type "${name}"`);
  return type;
}

/** Content's own blocks stand alone; the one of OEmbed takes a configuration and brings a list. */
function contentBlock(name, load) {
  const own = fieldType('Content', load).blocks[name];
  return own || [fieldType('OEmbed', load).blocks[name], { adapter: { fetch() {} } }];
}

function schemaHook(text) {
  const [name, argument] = text.split(':');
  return SCHEMA_HOOKS[name](argument);
}

function listAdapter(text, load) {
  const [name, argument] = text.split(':');
  return LIST_ADAPTERS[name](argument, load);
}

function isInstalled(packageName, load) {
  try {
    load.resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

function mapValues(object, convert) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, convert(value)]));
}

module.exports = { FOLDERS, scenarioNames, loadScenario, targets, generations, buildKeystone };
