'use strict';

/** What a table may get beside columns, as knex calls it. */
const KEYS = ['index', 'unique', 'primary'];

const COLUMN = { path: 'column', isUnique: false, isIndexed: false, isNotNullable: true };

/**
 * What gives the SQL type of a foreign key to a list, as a `compilingKnex` compiles it: a primary key may be
 * of any field type. Undefined where it is not known, such as that of a list whose primary key no other list
 * can refer to.
 */
function foreignKeyTypes(knex) {
  const table = tableBuilder(knex, 'lists');
  const compile = columnCompiler(knex.client, table);
  return (list) => {
    const first = table._statements.length;
    try {
      list.adapter.getPrimaryKeyAdapter().addToForeignTableSchema(table, COLUMN);
      const { definition } = compile(table._statements[first].builder);
      return (/^(.+) not null$/.exec(definition) || [])[1];
    } catch {
      return undefined;
    }
  };
}

/**
 * The columns that the fields of a knex list add to its table, as knex compiles them, so that any field
 * type and any default comes out as it would be created: a Map by field path. Relationships are left out:
 * which columns they have is for the plan to say. A field whose columns are unknown has none, and
 * `onUnknown` gets its path and the error.
 */
function knexColumns(knex, list, onUnknown) {
  const table = tableBuilder(knex, list.key);
  const compile = columnCompiler(knex.client, table);
  const fields = new Map();
  // Not `list.fields`: a field without a column has no field adapter here.
  for (const fieldAdapter of list.adapter.fieldAdapters) {
    if (fieldAdapter.isRelationship) continue;
    const first = table._statements.length;
    try {
      unattached(fieldAdapter, list.adapter, knex).addToTableSchema(table, []);
      fields.set(fieldAdapter.path, described(table._statements.slice(first), compile));
    } catch (error) {
      onUnknown(fieldAdapter.path, error);
    }
  }
  return fields;
}

/** The table of that name, to which columns can be added. */
function tableBuilder(knex, name) {
  let table;
  knex.schema.createTable(name, (builder) => (table = builder)).toSQL();
  return table;
}

/**
 * A field adapter to call in place of the project's: what it keeps, it keeps to itself. A default
 * such as `knex => knex.fn.now()` gets a knex, which the project's has only once it is connected.
 */
function unattached(fieldAdapter, ownListAdapter, knex) {
  const replacing = (object, name, value) => Object.create(object, { [name]: { value } });
  const parentAdapter = replacing(ownListAdapter.parentAdapter, 'knex', knex);
  const listAdapter = replacing(ownListAdapter, 'parentAdapter', parentAdapter);
  return replacing(fieldAdapter, 'listAdapter', listAdapter);
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

/** What a field has added to a table: `columns` with their definition in SQL, and `keys`. */
function described(statements, compile) {
  const columns = [];
  const keys = [];
  statements.forEach(({ grouping, builder, method, args }) => {
    if (grouping === 'columns') {
      columns.push(compile(builder));
    } else if (KEYS.includes(method)) {
      const [on, options] = args;
      const given = (options && options.indexName) || options;
      const name = typeof given === 'string' ? given : undefined;
      keys.push({ kind: method, columns: [].concat(on), name });
    } else {
      throw new Error(`knex's ${method || grouping} is not understood`);
    }
  });
  return { columns, keys };
}

module.exports = { foreignKeyTypes, knexColumns };
