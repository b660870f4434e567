'use strict';

const { compilingKnex } = require('./knex');

/**
 * The SQL type of a foreign key to each list, as knex itself compiles it: primary keys may be of
 * any field type. knex gets no connection and connects to nothing.
 *
 * @param {object} adapter - a Keystone knex adapter
 * @param {object[]} lists - its lists
 * @param {string[]} directories - where to look for `@keystonejs/adapter-knex`, whose knex is used
 * @returns {Map<string, string>} the type by list key; empty when knex cannot be asked
 */
function foreignKeyTypes(adapter, lists, directories) {
  const knex = lists.length && compilingKnex(adapter, directories);
  if (!knex) {
    return new Map();
  }
  try {
    const column = (at) => `column_${at}`;
    const schema = knex.schema.createTable('lists', (table) =>
      lists.forEach((list, at) =>
        list.adapter.getPrimaryKeyAdapter().addToForeignTableSchema(table, {
          path: column(at),
          isUnique: false,
          isIndexed: false,
          isNotNullable: true,
        }),
      ),
    );
    const [{ sql }] = schema.toSQL();
    const types = new Map();
    let end = 0;
    lists.forEach((list, at) => {
      const start = sql.indexOf(`"${column(at)}" `, end) + column(at).length + 3;
      end = sql.indexOf(' not null', start);
      types.set(list.key, sql.slice(start, end));
    });
    return types;
  } catch {
    return new Map();
  }
}

module.exports = { foreignKeyTypes };
