'use strict';

// The process of `keystone-process.js`: a real Keystone of one generation, told what to do by
// messages.

const { apply, check, planUpgrade, snapshot } = require('..');
const installs = require('./installs');
const { loader } = require('./keystones');
const { fill } = require('./old-data');
const { buildKeystone } = require('./scenario');

const [generation, kind, set] = process.argv.slice(2);
const modules = installs.modules(set);
const load = loader(modules);

const sessions = new Map();

const methods = {
  /** A Keystone with the lists of a scenario, connected to a database when there is a URL. */
  async open({ session, scenario, url, connects }) {
    const options = { ...scenario[kind], ...connections[kind](scenario, url) };
    const isSeveral = scenario.adapters && !Array.isArray(scenario.adapters);
    const which = { modules, adapter: isSeveral ? undefined : kind };
    const keystone = buildKeystone({ ...scenario, [kind]: options }, which);
    const adapter = keystone.adapter ?? Object.values(keystone.adapters)[0];
    // Before 5 it makes them when it connects; here it is told to.
    if (kind === 'knex' && !adapter._createTables) {
      adapter._createTables = adapter.postConnect;
      adapter.postConnect = async () => [];
    }
    sessions.set(session, { keystone, adapter });
    if (url && connects) await keystone.connect();
  },

  /** What the project itself does with its keystone. */
  async connect({ session }) {
    await sessions.get(session).keystone.connect();
  },

  /** Makes the tables. Returns what could not be made. */
  async createSchema({ session }) {
    const { adapter } = sessions.get(session);
    await adapter.knex.raw('CREATE SCHEMA IF NOT EXISTS ??', [adapter.schemaName]);
    // Tables of lists that cannot be made are thrown, and then no join table is tried.
    const failures = await adapter._createTables().then(
      (failed) => failed.map(({ reason }) => ({ message: reason.message, isList: false })),
      (error) => (error.errors ?? [error]).map(({ message }) => ({ message, isList: true })),
    );
    await idle(adapter.knex.client.pool);
    return failures;
  },

  async fill({ session, ...options }) {
    const { keystone } = sessions.get(session);
    await fill(keystone, await executor(sessions.get(session)), options);
  },

  /** OLD: its way of seeding, which writes the side of a link that is named, and no other. */
  async createItems({ session, items }) {
    await sessions.get(session).keystone.createItems(items);
  },

  async query({ session, query }) {
    const execute = await executor(sessions.get(session));
    return execute(query);
  },

  async read({ session }) {
    return readAll(sessions.get(session), await executor(sessions.get(session)));
  },

  snapshot({ session }) {
    return snapshot(sessions.get(session).keystone, { resolveFrom: [modules] });
  },

  /** NEW, connected to MongoDB: where it stores its relationships. */
  relationships({ session }) {
    const { keystone, adapter } = sessions.get(session);
    const collection = (model) => model.collection.collectionName;
    const side = (field) =>
      field && {
        ...{ list: field.listKey, path: field.path, many: Boolean(field.many) },
        collection: collection(keystone.lists[field.listKey].adapter.model),
      };
    return keystone._consolidateRelationships().map((relationship) => {
      const { left, right, cardinality, tableName, columnNames } = relationship;
      const join = columnNames?.[`${left.listKey}.${left.path}`];
      return {
        ...{ left: side(left), right: side(right), cardinality },
        target: collection(keystone.lists[left.refListKey].adapter.model),
        ...(cardinality === 'N:N' && {
          join: { collection: collection(adapter._manyModels[tableName]), ...join },
        }),
      };
    });
  },

  /** NEW, connected to MongoDB: makes the items of another database through its own adapter. */
  async recreate({ session, from, items }) {
    const { keystone, adapter } = sessions.get(session);
    const source = adapter.mongoose.connection.useDb(from);
    for (const list of keystone.listsArray) {
      const { model, realKeys } = list.adapter;
      realKeys.push('_id'); // Or each item would get an id of its own.
      const documents = source.collection(model.collection.collectionName).find();
      for await (const document of documents) {
        await list.adapter.create(itemFrom(list, document, items[list.key][document._id]));
      }
    }
  },

  /** The scripts of the plan, or the problems that it is refused for. */
  plan({ session }) {
    const { keystone } = sessions.get(session);
    try {
      const plan = planUpgrade(keystone, { resolveFrom: [modules] });
      const { adapters, warnings } = plan.toJSON();
      return {
        up: plan.migration(),
        reconciling: plan.migration({ reconcile: true }),
        down: plan.migration({ direction: 'down' }),
        schemas: { old: plan.schema('old'), new: plan.schema('new') },
        steps: adapters[0].steps,
        warnings,
      };
    } catch (error) {
      if (!error.problems) throw error;
      return { problems: error.problems };
    }
  },

  check({ session, options }) {
    return check(sessions.get(session).keystone, { ...options, resolveFrom: [modules] });
  },

  apply({ session, options: { confirms = true, abortsAt, ...options } = {} }) {
    const it = sessions.get(session);
    it.controller = new AbortController();
    if (abortsAt === 'start') it.controller.abort();
    return apply(it.keystone, {
      ...options,
      resolveFrom: [modules],
      confirm: () => confirms,
      onProgress: ({ phase }) => phase === abortsAt && it.controller.abort(),
      signal: it.controller.signal,
    });
  },

  abort({ session }) {
    sessions.get(session).controller.abort();
  },

  async applyUntil({ session, step, options }) {
    const it = sessions.get(session);
    const gate = gateOf(it.adapter);
    it.controller = new AbortController();
    const { signal } = it.controller;
    await new Promise((resolve, reject) => {
      const onProgress = (progress) => {
        if (progress.step !== step && progress.phase !== step) return;
        it.goOn = gate.shut();
        resolve();
      };
      const { keystone } = it;
      it.running = apply(keystone, { ...options, onProgress, signal, resolveFrom: [modules] });
      it.running.then(() => reject(new Error(`never came to ${step}`)), reject);
    });
  },

  goOn({ session }) {
    const { goOn, running } = sessions.get(session);
    goOn();
    return running;
  },

  async close({ session }) {
    const { adapter } = sessions.get(session);
    sessions.delete(session);
    if (adapter.knex) await adapter.knex.destroy();
    if (adapter.mongoose) await adapter.mongoose.disconnect();
  },
};

/** The options of an adapter that connect it. */
const connections = {
  knex: ({ knex }, url) => {
    // One connection: OLD makes tables at the same time, and the order decides which of two names
    // that meet is taken.
    const pool = { min: 0, max: 1 };
    return { knexOptions: { ...knex?.knexOptions, ...(url && { connection: url, pool }) } };
  },
  mongoose: (_, url) => ({ mongoUri: url }),
};

/** What is between an adapter's connections and the server: `shut` returns how to open it again. */
function gateOf(adapter) {
  let open = Promise.resolve();
  const connect = adapter._connect;
  adapter._connect = async function (...args) {
    await connect.apply(this, args);
    const { client } = this.knex;
    const acquire = client.acquireConnection.bind(client);
    client.acquireConnection = async () => {
      const session = await acquire();
      const query = session.query.bind(session);
      session.query = (...statement) => open.then(() => query(...statement));
      return session;
    };
  };
  return {
    shut() {
      let again;
      open = new Promise((resolve) => (again = resolve));
      return again;
    },
  };
}

/** Resolves when a pool is used no more: OLD goes on with other tables after one has failed. */
async function idle(pool) {
  for (let quiet = 0; quiet < 3; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (pool.numUsed() + pool.numPendingAcquires() + pool.numPendingCreates() > 0) quiet = -1;
  }
}

/** How GraphQL is run in a Keystone, without access control. The schema is made once. */
async function executor(session) {
  const { keystone } = session;
  // The first NEW does it as OLD does.
  const make = keystone.createApolloServer ? executorByContext : executorByPreparing;
  session.execute ??= await make(keystone);
  return async (query) => {
    const { data, errors = [] } = await session.execute(query);
    if (errors.length) {
      throw Object.assign(new Error(`${errors[0].message}\n${query}`), { data, errors });
    }
    return data;
  };
}

async function executorByPreparing(keystone) {
  const { GraphQLApp } = load('@keystonejs/app-graphql');
  await keystone.prepare({ apps: [new GraphQLApp()], dev: true });
  return (query) => keystone.executeQuery(query);
}

function executorByContext(keystone) {
  keystone.createApolloServer({ schemaName: 'public', dev: true });
  const context = keystone.createContext({ schemaName: 'public', skipAccessControl: true });
  return (query) => keystone.executeGraphQL({ context, query });
}

/**
 * Every relationship field of every item through GraphQL.
 *
 * @returns {Promise<{ items: Record<string, Record<string, Record<string, string[]>>>,
 *   failures: Record<string, string> }>} ids by list, id and path; the messages of fields that could
 *   not be read, by `List.path`
 */
async function readAll({ keystone, adapter }, execute) {
  const items = {};
  const failures = {};
  for (const list of keystone.listsArray) {
    items[list.key] ??= {};
    // These have no query of their own: they are reached through the lists that brought them.
    if (list.isAuxList) continue;
    const data = await readList(list);
    for (const item of data.items) await collect(list, item);
  }
  return { items, failures };

  /** The items of a list, again without the fields that have failed: NEW gives no item then. */
  async function readList(list) {
    const selection = select(keystone, list, failures);
    const query = `{ items: ${list.gqlNames.listQueryName} { ${selection} } }`;
    try {
      return await execute(query);
    } catch (error) {
      const { errors = [] } = error;
      for (const { message, path } of errors) {
        const field = relationshipFields(list)[/^f(\d+)$/.exec(path?.[2])?.[1]];
        if (!field) throw error;
        failures[nameOf(field)] = message;
      }
      if (errors.length === 0) throw error;
      return readList(list);
    }
  }

  async function collect(list, item) {
    const values = ((items[list.key] ??= {})[item.id] ??= {});
    for (const [at, field] of relationshipFields(list).entries()) {
      const isUnread = nameOf(field) in failures;
      if (!isUnread && !(`f${at}` in item)) continue;
      const related = [item[`f${at}`] ?? []].flat();
      const ids = isUnread ? await stored(adapter, field, item.id) : related.map(({ id }) => id);
      values[field.path] = ids.map(String).sort();
      const target = keystone.lists[field.refListKey];
      if (target.isAuxList) for (const inner of related) await collect(target, inner);
    }
  }
}

/** An item as NEW is to write it: with the links of which it stores the left side, or a field. */
function itemFrom(list, document, links = {}) {
  const { realKeys } = list.adapter;
  const item = Object.fromEntries(Object.entries(document).filter(([it]) => realKeys.includes(it)));
  for (const field of relationshipFields(list)) {
    const { cardinality, left } = field.adapter.rel;
    const ids = links[field.path] ?? [];
    if (realKeys.includes(field.path)) [item[field.path]] = ids;
    else if (cardinality === 'N:N' && left === field) item[field.path] = ids;
  }
  return item;
}

const relationshipFields = (list) => list.fields.filter((field) => field.isRelationship);

const nameOf = ({ listKey, path }) => `${listKey}.${path}`;

/**
 * What to ask of each item of a list, and of the items of auxiliary lists that it leads to, but for
 * the fields that fail.
 */
function select(keystone, list, failures, above = []) {
  const fields = relationshipFields(list).map((field, at) => {
    if (nameOf(field) in failures) return '';
    const target = keystone.lists[field.refListKey];
    const isNew = target.isAuxList && !above.includes(target);
    const inner = isNew ? select(keystone, target, failures, [...above, target]) : 'id';
    return `f${at}: ${field.path} { ${inner} }`;
  });
  return ['id', ...fields].join(' ');
}

/**
 * The ids that NEW's tables hold for a field, asked of the database in its stead.
 *
 * OLD's fields that cannot be read have no table.
 */
async function stored(adapter, field, id) {
  if (generation === 'old') return [];
  const { columnNames, columnName, tableName } = field.adapter.rel;
  const columns = columnNames?.[`${field.listKey}.${field.path}`];
  const isColumn = tableName === field.listKey && columnName === field.path;
  const own = isColumn ? { near: 'id', far: columnName } : { near: columnName, far: 'id' };
  const { near, far } = columns ?? own;
  const rows = await adapter.getQueryBuilder().select(far).from(tableName).where(near, id);
  return rows.map((row) => row[far]);
}

// What a Keystone prints while it works is of no interest.
console.log = console.info = console.warn = () => {};

process.on('message', async ({ id, method, args }) => {
  try {
    process.send({ id, result: (await methods[method](args)) ?? null });
  } catch (error) {
    // Keystone's errors hold those of fields, as an array or by path.
    const { message, stack, code, problems, errors, originalError } = error;
    const inner = [errors && Object.values(errors), originalError].flat().filter(Boolean);
    const stacks = inner.map((it) => it.originalError?.stack ?? it.stack ?? JSON.stringify(it));
    process.send({ id, error: { message, code, problems, stack: [stack, ...stacks].join('\n') } });
  }
});
process.on('disconnect', () => process.exit());
