'use strict';

// The oracle: OLD makes a database and fills it, our migration takes it to the new schema and back, as
// a script and by the API. What it must be in between is not computed but made by NEW itself, and read
// through NEW. The schemas that the plan prints are those that OLD and NEW make.

const assert = require('assert');
const { assertSame, assertSamePlans, countLinks, readText } = require('./compare');

/** The fields of `List.path` names that relate lists to themselves and hold many. */
function selfManyFields(scenario) {
  return relationshipFields(scenario)
    .filter(({ list, config }) => config.many && config.ref.split('.')[0] === list)
    .map(({ list, path }) => `${list}.${path}`);
}

function relationshipFields({ lists }) {
  return Object.entries(lists).flatMap(([list, { fields }]) =>
    Object.entries(fields)
      .filter(([, config]) => config.ref)
      .map(([path, config]) => ({ list, path, config })),
  );
}

/** Counted for names of databases. */
let proofs = 0;

/**
 * Takes a project through the whole way.
 *
 * @param {object} scenario as for `buildKeystone` of `scenario.js`, on knex
 * @param {object} tools
 * @param {object} tools.server of `postgres.js`
 * @param {{ old: object, new: object }} tools.keystones of `keystone-process.js`
 * @param {number} tools.seed of the data
 * @param {boolean} [tools.canBeEmpty] whether lists and relationships may get no data
 * @param {(plan: object) => object} [tools.tamper] changes the plan: the oracle has to notice
 * @returns {Promise<{ refused?: object[], impossible?: string, exceptions: string[], links: number }>}
 *   `refused`: the problems for which there is no plan; `impossible`: why OLD cannot make such a
 *   database; `exceptions`: what could not be compared, and why; `links`:
 *   how many links the data had, seen from every field
 * @throws {Error} saying what differs
 */
async function prove(
  scenario,
  { server, keystones, seed, canBeEmpty = false, tamper = (plan) => plan },
) {
  const number = ++proofs;
  const old = `old_${number}`;
  const fresh = `new_${number}`;
  const printed = { old: `printed_old_${number}`, new: `printed_new_${number}` };
  const databases = [old, fresh, ...Object.values(printed)];
  const sessions = [];
  const open = async (generation, database) => {
    const url = database && server.url(database);
    const session = await keystones[generation].open(scenario, url);
    sessions.push(session);
    return session;
  };
  try {
    const planned = await open('new');
    const plan = await planned.plan();
    assertSamePlans(plan, await (await open('old')).plan());
    if (plan.problems) return { refused: plan.problems, exceptions: [], links: 0 };

    await Promise.all(databases.map((database) => server.createDatabase(database)));
    const proof = new Proof({ scenario, server, database: old, plan: tamper(plan) });
    const before = await proof.fill(await open('old', old), { seed, canBeEmpty });
    const made = await open('new', fresh);
    assertNew(await made.createSchema());
    const reference = await server.schemaOf(fresh);
    const { isDone, problems } = await made.check();
    assert.deepEqual([isDone, problems], [true, []], 'The check of what NEW has made');
    for (const [which, expected] of [
      ['old', before.schema],
      ['new', reference],
    ]) {
      await runScript(server, printed[which], `The ${which} schema`, plan.schemas[which]);
      const schema = await server.schemaOf(printed[which]);
      assertSameSchema(`The ${which} schema as the plan prints it`, expected, schema);
    }
    await proof.run(before, reference, () => open('new', old));
    return { exceptions: [...proof.exceptions], links: before.links };
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    return { impossible: error.message, exceptions: [], links: 0 };
  } finally {
    for (const session of sessions) await session.close().catch(() => {});
    await Promise.all(databases.map((database) => server.dropDatabase(database)));
  }
}

/** What NEW may fail at: indexes and foreign keys of join tables whose names meet. */
function assertNew(failures) {
  for (const { message, isList } of failures) {
    assert(!isList && NAMES_MEET.test(message), `NEW could not make the tables: ${message}`);
  }
}

/** Names of one list meet, in lower case and clipped at 63 bytes, so that OLD cannot hold it. */
class Impossible extends Error {}

const NAMES_MEET = /already exists/;

class Proof {
  exceptions = new Set();

  constructor({ scenario, server, database, plan }) {
    Object.assign(this, { scenario, server, database, plan });
    this.selfMany = selfManyFields(scenario);
  }

  /**
   * OLD makes the tables and fills them.
   *
   * @throws {Impossible} when OLD cannot make its own tables
   */
  async fill(session, { seed, canBeEmpty }) {
    const failures = await session.createSchema();
    this.assertPossible(failures);
    const isWhole = !failures.some(({ message }) => NAMES_MEET.test(message));
    await session.fill({ seed, canBeEmpty, canDelete: isWhole });
    const read = await this.readOld(session);
    return { ...(await this.state()), read, session, links: countLinks(read) };
  }

  /** What OLD may fail at: join tables of a list with itself, and their names that meet. */
  assertPossible(failures) {
    const keys = Object.keys(this.scenario.lists).map((key) => key.slice(0, 63));
    // OLD drops a join table before it makes it, even one that it cannot make.
    const dropped = this.selfMany.map((name) => name.replace('.', '_').slice(0, 63));
    const lost = keys.find((key) => dropped.includes(key));
    if (lost) throw new Impossible(`the table of the list ${lost} is dropped as a join table`);
    for (const { message, isList } of failures) {
      if (/specified more than once/.test(message)) continue;
      assert(NAMES_MEET.test(message), `OLD could not make the tables: ${message}`);
      // It gives up the list: the rest of its foreign keys, and all of its join tables.
      const [, table] = /for relation "(.*)" already exists/.exec(message) ?? [];
      if (isList || keys.includes(table)) throw new Impossible(message);
    }
  }

  /** Up, up again, down, up, by scripts, and down and up by the API: each compared with what it must be. */
  async run(before, reference, openNew) {
    const { up, down, reconciling } = this.plan;
    const incomplete = this.incompleteTables(before.schema);

    await this.runScript('up', up);
    const after = await this.state();
    this.assertSchema('The schema after up', reference, after.schema, this.unnamable(incomplete));
    const session = await openNew();
    this.assertRead('What NEW reads', before.read, await this.readNew(session));

    if (this.plan.steps.length) {
      const { error } = await this.server.runScript(this.database, this.plan.again ?? up);
      assert(error, 'Up runs a second time');
      const said = `${error.message}\n${error.hint}`;
      assert(/already/i.test(said), `Up says when it runs a second time: ${said}`);
      this.assertState('after up has been refused', after, await this.state());
    }

    await this.runScript('down', down);
    const back = await this.state();
    this.assertSchema('The schema after down', before.schema, back.schema, incomplete);
    assertSame('The rows after down', before.rows, back.rows);
    this.assertRead('What OLD reads after down', before.read, await this.readOld(before.session));

    // There is nothing to reconcile, so it must change nothing.
    await this.runScript('up, reconciling', reconciling);
    const again = await this.state();
    const excepted = this.unnamable(incomplete);
    this.assertSchema('The schema after up, down, up', after.schema, again.schema, excepted);
    assertSame('The rows after up, down, up', after.rows, again.rows);

    await this.apply('down', session, ['new', 'old']);
    this.assertState('after down by the API', back, await this.state());
    await this.apply('up', session, ['old', 'new']);
    this.assertState('after up by the API', after, await this.state());
  }

  /** Takes the database from the one schema to the other by `check` and `apply`. */
  async apply(direction, session, [from, to]) {
    const changes = this.plan.steps.length > 0;
    const before = await session.check({ direction });
    const wanted = [changes ? from : 'unchanged', changes, []];
    const found = [before.state, before.isReady, before.problems];
    assert.deepEqual(found, wanted, `The check before ${direction}: ${JSON.stringify(found)}`);
    const applied = await session.apply({ direction });
    assert.equal(applied.isApplied, changes, direction);
    for (const it of applied.relationships ?? []) {
      assert.equal(it.after, it.before, `The links of ${it.name} after ${direction}`);
    }
    const after = await session.check({ direction });
    const done = [changes ? to : 'unchanged', true];
    assert.deepEqual([after.state, after.isDone], done, `The check after ${direction}`);
  }

  runScript(name, script) {
    return runScript(this.server, this.database, name, script);
  }

  async state() {
    const { server, database } = this;
    const [schema, rows] = await Promise.all([server.schemaOf(database), server.rowsOf(database)]);
    return { schema, rows };
  }

  async readOld(session) {
    const read = await session.read();
    // OLD fails on these, for want of a table.
    for (const [name, message] of Object.entries(read.failures)) {
      assert(this.selfMany.includes(name), `OLD cannot read ${name}: ${message}`);
    }
    this.completeSelf(read.items);
    return read;
  }

  /** The many side of a list's 1:N to itself, which OLD cannot read, is the reverse of the other. */
  completeSelf(items) {
    for (const name of this.selfMany) {
      const [list, path] = name.split('.');
      const [, other] = this.scenario.lists[list].fields[path].ref.split('.');
      if (!other || this.scenario.lists[list].fields[other].many) continue;
      const entries = Object.entries(items[list]);
      for (const [id, item] of entries) {
        item[path] = entries
          .filter(([, it]) => it[other].includes(id))
          .map(([it]) => it)
          .sort();
      }
    }
  }

  async readNew(session) {
    const read = await session.read();
    for (const [name, message] of Object.entries(read.failures)) {
      // NEW compares the keys of both lists, of whatever types they are. The links are there.
      const isNews = /operator does not exist: (integer = uuid|uuid = integer)/.test(message);
      assert(isNews && this.hasMixedKeys(name), `NEW cannot read ${name}: ${message}`);
      this.exceptions.add('NEW cannot read a many side whose list has keys of another type');
    }
    return read;
  }

  /** Whether the two lists of a field, `List.path`, have primary keys of different types. */
  hasMixedKeys(name) {
    const { lists } = this.scenario;
    const [list, path] = name.split('.');
    const [target] = lists[list].fields[path].ref.split('.');
    return lists[list].fields.id?.type !== lists[target].fields.id?.type;
  }

  /**
   * Join tables that lack an index or a foreign key, because OLD's names for them met, in lower case
   * and clipped at 63 bytes. The way back gives them all, under distinct names.
   */
  incompleteTables(schema) {
    const lines = schema.split('\n');
    const tables = this.plan.steps
      .flatMap(({ step, table, from }) => (step === 'renameJoinTable' ? [from] : [table]))
      .filter((table) => table?.near);
    return tables
      .map(({ name }) => name)
      .filter((name) => lines.some((line) => line.startsWith('relation ') && hasTable(line, name)))
      .filter((name) => lines.filter((line) => isKey(line) && hasTable(line, name)).length < 4);
  }

  /** New join tables whose indexes and foreign keys NEW itself cannot all name. */
  unnamable(incomplete) {
    const warned = this.plan.warnings.filter(({ code }) => code === 'NAME_TAKEN');
    const told = warned.map(({ message }) => message);
    return this.plan.steps
      .flatMap(({ step, from, to, table }) => {
        if (step === 'renameJoinTable') return [{ name: to.name, from: from.name }];
        return step === 'createJoinTable' ? [{ name: table.name }] : [];
      })
      .filter(({ name, from }) => {
        return told.some((it) => it.includes(` on ${name} `)) || incomplete.includes(from);
      })
      .map(({ name }) => name);
  }

  /** Compares schemas but for the indexes and foreign keys of the tables that are excepted. */
  assertSchema(what, expected, found, excepted) {
    if (excepted.length) this.exceptions.add('names of indexes and foreign keys meet');
    const without = (schema) =>
      schema
        .split('\n')
        .filter((line) => !isKey(line) || !excepted.some((name) => hasTable(line, name)))
        .join('\n');
    assertSameSchema(what, without(expected), without(found));
  }

  assertRead(what, expected, found) {
    assertSame(what, readText(expected), readText(found));
  }

  assertState(when, expected, found) {
    assertSame(`The schema ${when}`, expected.schema, found.schema);
    assertSame(`The rows ${when}`, expected.rows, found.rows);
  }
}

async function runScript(server, database, name, script) {
  const { error, notices } = await server.runScript(database, script);
  if (!error) return;
  const details = [error.message, error.detail, error.hint, error.where, ...notices];
  throw new Error(`${name} fails: ${details.filter(Boolean).join('\n')}\n\n${script}`);
}

/** Whether a line of the catalogue is about an index or a foreign key. */
const isKey = (line) => /^index /.test(line) || /^constraint .* FOREIGN KEY /.test(line);

/**
 * Compares catalogues. PostgreSQL 18 numbers names of NOT NULL constraints that meet, in the order in which
 * they are made. Keystone makes several tables at once, so that the order is by chance.
 */
function assertSameSchema(what, expected, found) {
  if (expected !== found) assertSame(what, ...[expected, found].map(withoutNumbers));
}

/** The catalogue without the names of NOT NULL constraints that are numbered or clipped. */
function withoutNumbers(schema) {
  const constraint = /^constraint ("[^"]*"|\S+)(?= on .* NOT NULL )/gm;
  return schema.replace(constraint, (line, quoted) => {
    const name = quoted.replace(/^"|"$/g, '');
    return /_not_null\d+$/.test(name) || Buffer.byteLength(name) > 60 ? 'constraint …' : line;
  });
}

/** Whether a line of the catalogue is about a table, which it names with its schema. */
const hasTable = (line, table) => new RegExp(`\\.("?)${table}\\1(?: |$)`).test(line);

module.exports = { prove };
