'use strict';

const { compilingKnex } = require('./knex');

const COLUMN = { path: 'column', isUnique: false, isIndexed: false, isNotNullable: true };

/**
 * The SQL type of a foreign key to each list, as knex itself compiles it: primary keys may be of
 * any field type. knex gets no connection and connects to nothing.
 *
 * @param {object} adapter - a Keystone knex adapter
 * @param {object[]} lists - its lists
 * @param {string[]} directories - where to look for `@keystonejs/adapter-knex`, where the adapter's own
 *   is not found
 * @returns {Map<string, string>} the type by list key; without unknown ones, such as that
 *   of a list whose primary key no other list can refer to
 */
function foreignKeyTypes(adapter, lists, directories) {
  const knex = lists.length && compilingKnex(adapter, directories);
  const types = new Map();
  if (!knex) return types;
  lists.forEach((list) => {
    const type = foreignKeyType(knex, list);
    if (type) types.set(list.key, type);
  });
  return types;
}

function foreignKeyType(knex, list) {
  try {
    const schema = knex.schema.createTable('lists', (table) =>
      list.adapter.getPrimaryKeyAdapter().addToForeignTableSchema(table, COLUMN),
    );
    const [{ sql }] = schema.toSQL();
    const match = /^create table "lists" \("column" (.+) not null\)$/.exec(sql);
    return match ? match[1] : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { foreignKeyTypes };
