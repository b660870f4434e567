'use strict';

// The tables of a project on PostgreSQL before and after Arcade, told from Keystone's own objects
// and not from a plan, and what the statements of a migration make of them. No server is needed; how
// indexes and constraints are named is not looked at.

const { parse } = require('libpg-query');

/** What PostgreSQL keeps of a name. */
const stored = (name) => Buffer.from(name).subarray(0, 63).toString();

/** A schema: tables by name, each a set of columns. Complains about what PostgreSQL refuses. */
class Tables {
  #tables = new Map();

  /** @returns {Record<string, string[]>} plain data, sorted */
  toJSON() {
    const sorted = [...this.#tables].map(([name, columns]) => [name, [...columns].sort()]);
    return Object.fromEntries(sorted.sort());
  }

  columns(table) {
    if (!this.#tables.has(table)) throw new Error(`There is no table ${table}`);
    return this.#tables.get(table);
  }

  create(table, columns = []) {
    if (this.#tables.has(table)) throw new Error(`There already is a table ${table}`);
    this.#tables.set(table, new Set());
    for (const column of columns) this.addColumn(table, column);
  }

  drop(table) {
    this.columns(table);
    this.#tables.delete(table);
  }

  rename(table, name) {
    this.create(name, this.columns(table));
    this.drop(table);
  }

  addColumn(table, column) {
    const columns = this.columns(table);
    if (columns.has(column)) throw new Error(`There already is a column ${table}.${column}`);
    columns.add(column);
  }

  dropColumn(table, column) {
    if (!this.columns(table).delete(column)) throw new Error(`No column ${table}.${column}`);
  }

  renameColumn(table, column, name) {
    this.addColumn(table, name);
    this.dropColumn(table, column);
  }
}

function withLists(keystone) {
  const tables = new Tables();
  for (const { key } of keystone.listsArray) tables.create(stored(key), ['id']);
  return tables;
}

/**
 * What the Keystone before Arcade made: a column or a join table for each side. Of a list related to
 * itself it could not make the join table.
 *
 * @param {object} keystone
 * @returns {Tables}
 */
function oldTables(keystone) {
  const tables = withLists(keystone);
  const fields = keystone.listsArray.flatMap((list) => list.fields);
  for (const { listKey, path, refListKey, config } of fields.filter((it) => it.isRelationship)) {
    if (!config.many) {
      tables.addColumn(stored(listKey), stored(path));
    } else if (listKey !== refListKey) {
      tables.create(stored(`${listKey}_${path}`), [
        stored(`${listKey}_id`),
        stored(`${refListKey}_id`),
      ]);
    }
  }
  return tables;
}

/**
 * What the Keystone since Arcade makes, as it says itself.
 *
 * @param {object} keystone of version 8.0.0 or later
 * @returns {Tables}
 */
function newTables(keystone) {
  const tables = withLists(keystone);
  for (const relationship of keystone._consolidateRelationships()) {
    const { left, cardinality, tableName, columnName, columnNames } = relationship;
    if (cardinality === 'N:N') {
      const { near, far } = columnNames[`${left.listKey}.${left.path}`];
      tables.create(stored(tableName), [stored(near), stored(far)]);
    } else {
      tables.addColumn(stored(tableName), stored(columnName));
    }
  }
  return tables;
}

/** How each statement of a migration changes tables. `relname` adds the check of the schema. */
const CHANGES = {
  RenameStmt(tables, { renameType, relation, subname, newname }, relname) {
    const table = relname(relation);
    if (renameType === 'OBJECT_TABLE') tables.rename(table, newname);
    else tables.renameColumn(table, subname, newname);
  },
  AlterTableStmt(tables, { relation, cmds }, relname) {
    for (const { AlterTableCmd } of cmds) {
      if (AlterTableCmd.subtype !== 'AT_DropColumn') throw new Error(AlterTableCmd.subtype);
      tables.dropColumn(relname(relation), AlterTableCmd.name);
    }
  },
  DropStmt(tables, { objects }, relname) {
    for (const { List } of objects) {
      const [schemaname, table] = List.items.map(({ String: { sval } }) => sval);
      tables.drop(relname({ schemaname, relname: table }));
    }
  },
  CreateStmt(tables, { relation, tableElts }, relname) {
    tables.create(
      relname(relation),
      tableElts.map(({ ColumnDef }) => ColumnDef.colname),
    );
  },
  IndexStmt(tables, { relation, indexParams }, relname) {
    for (const { IndexElem } of indexParams) {
      if (!tables.columns(relname(relation)).has(IndexElem.name)) throw new Error(IndexElem.name);
    }
  },
  LockStmt(tables, { relations }, relname) {
    for (const { RangeVar } of relations) tables.columns(relname(RangeVar));
  },
  // They move nothing: the transaction, its settings, checks and the names of constraints.
  TransactionStmt() {},
  VariableSetStmt() {},
  DoStmt() {},
};

/**
 * Runs a migration's statements on tables.
 *
 * @param {Tables} tables is changed
 * @param {string} sql
 * @param {string} schema the schema that every name has to be qualified with
 * @throws {Error} at a statement that PostgreSQL would refuse, or one that is not known here
 */
async function migrate(tables, sql, schema) {
  const relname = (relation) => {
    if (relation.schemaname !== schema) throw new Error(`${relation.relname} is not in ${schema}`);
    return relation.relname;
  };
  const { stmts = [] } = await parse(sql);
  for (const { stmt } of stmts) {
    const [[kind, statement]] = Object.entries(stmt);
    CHANGES[kind](tables, statement, relname);
  }
}

module.exports = { oldTables, newTables, migrate };
