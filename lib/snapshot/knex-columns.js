'use strict';

const { compilingKnex } = require('./knex');

/** What knex calls them in its builder, by what they are. */
const KEYS = { index: 'index', unique: 'unique', primary: 'primary' };

/**
 * The columns that the fields of knex lists add to their tables, as knex itself compiles them, so
 * that any field type and any default comes out as it would be created. knex gets no connection.
 *
 * Relationships are left out: which columns they have is for the plan to say.
 *
 * @param {object} adapter - a Keystone knex adapter
 * @param {object[]} lists - its lists
 * @param {string[]} directories - where to look for `@keystonejs/adapter-knex`, whose knex is used
 * @param {(list: string, field: string, error: Error) => void} onUnknown - for a field whose columns
 *   are unknown, which then has none
 * @returns {Map<string, Map<string, { columns: object[], keys: object[] }>>} by list key and field
 *   path; `columns` are `{ name, definition }` with the definition in SQL, `keys` are
 *   `{ kind, columns, name? }`
 * @throws {Error} when knex is not found
 */
function knexColumns(adapter, lists, directories, onUnknown) {
  const db = compilingKnex(adapter, directories);
  if (!db) throw new Error('@keystonejs/adapter-knex and its knex were not found');
  const byList = new Map();
  lists.forEach((list) => {
    let table;
    db.schema
      .createTable(list.key, (builder) => {
        table = builder;
      })
      .toSQL();
    // Not `list.fields`: a field without a column has no field adapter here.
    const compile = columnCompiler(db.client, table);
    const fields = new Map();
    list.adapter.fieldAdapters
      .filter((fieldAdapter) => !fieldAdapter.isRelationship)
      .forEach((fieldAdapter) => {
        const first = table._statements.length;
        try {
          unattached(fieldAdapter, list.adapter, db).addToTableSchema(table, []);
          fields.set(fieldAdapter.path, described(table._statements.slice(first), compile));
        } catch (error) {
          onUnknown(list.key, fieldAdapter.path, error);
        }
      });
    byList.set(list.key, fields);
  });
  return byList;
}

/**
 * A field adapter to call in place of the project's: what it keeps, it keeps to itself. A default
 * such as `knex => knex.fn.now()` gets a knex, which the project's has only once it is connected.
 */
function unattached(fieldAdapter, ownListAdapter, knex) {
  const parentAdapter = Object.create(ownListAdapter.parentAdapter, {
    knex: { value: knex },
  });
  const listAdapter = Object.create(ownListAdapter, {
    parentAdapter: { value: parentAdapter },
  });
  return Object.create(fieldAdapter, { listAdapter: { value: listAdapter } });
}

/** What compiles the columns of a table, one after the other, to what knex would execute. */
function columnCompiler(client, table) {
  const compiler = client.tableCompiler(table);
  // When it executes a statement, knex takes each question mark for a binding, even within a string.
  let bindings = 0;
  const bind = (match, escapes) => (escapes.length % 2 ? '?' : `${escapes}$${++bindings}`);
  return (builder) => {
    const [name] = builder._args;
    const compiled = client.columnCompiler(compiler, builder).compileColumn();
    const definition = compiled.slice(`"${name}" `.length);
    return { name, definition: definition.replace(/(\\*)\?/g, bind) };
  };
}

/** What a field has added to a table, as plain data. */
function described(statements, compile) {
  const columns = [];
  const keys = [];
  statements.forEach(({ grouping, builder, method, args }) => {
    if (grouping === 'columns') {
      columns.push(compile(builder));
    } else if (KEYS[method]) {
      const [on, options] = args;
      const name = options && options.indexName ? options.indexName : options;
      keys.push({
        kind: KEYS[method],
        columns: [].concat(on),
        name: typeof name === 'string' ? name : undefined,
      });
    } else {
      throw new Error(`knex's ${method || grouping} is not understood`);
    }
  });
  return { columns, keys };
}

module.exports = { knexColumns };
