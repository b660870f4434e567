'use strict';

// The oracle for MongoDB: OLD fills a database, our migration takes it to the new schema and back, as a
// script and by the API.
// Collections, indexes and documents must be those that NEW makes itself of the same items, documents
// to the last detail those of `mongodb-model.js`, and both Keystones must read the same links.

const { assertSame, assertSamePlans, assertThat, countLinks, readText } = require('./compare');
const { documentsText, driver, indexesText } = require('./mongodb');
const { disturb } = require('./mongodb-disturb');
const {
  changes,
  living,
  nameOf,
  normalized,
  restored,
  settleDown,
  settleUp,
} = require('./mongodb-model');
const { runMongosh } = require('./mongosh');
const { Random } = require('./random');

/** Counted for names of databases. */
let proofs = 0;

/**
 * Takes a project through the whole way.
 *
 * @param {object} scenario as for `buildKeystone` of `scenario.js`, on mongoose
 * @param {object} tools
 * @param {object} tools.server of `mongodb.js`
 * @param {object} tools.shell of `mongosh.js`: the first script has a process of its own all the same
 * @param {{ old: object, new: object }} tools.keystones of `keystone-process.js`
 * @param {number} tools.seed of the data
 * @param {boolean} [tools.canBeEmpty] whether lists and relationships may get no data
 * @param {boolean} [tools.isShort] whether no script has a process of its own, and the API does nothing twice
 * @param {boolean} [tools.isEarlierNew] whether NEW is one that indexes neither relationships nor join
 *   collections
 * @param {boolean} [tools.isDisturbed] whether it is also taken through data that does not agree
 * @param {(plan: object) => object} [tools.tamper] changes the plan: the oracle has to notice
 * @returns {Promise<{ refused?: object[], exceptions: string[], links: number,
 *   stopped?: boolean }>} `refused`: the
 *   problems for which there is no plan; `links`: how many links the data had, seen from every field;
 *   `stopped`: whether data that does not agree has stopped it, where there was some
 * @throws {Error} saying what differs
 */
async function prove(scenario, tools) {
  const { server, keystones, isDisturbed = true, tamper = (plan) => plan } = tools;
  const number = ++proofs;
  const names = { old: `old_${number}`, fresh: `new_${number}` };
  const sessions = [];
  const open = async (generation, database) => {
    const url = database && server.url(database);
    const session = await keystones[generation].open(scenario, url);
    sessions.push(session);
    return session;
  };
  try {
    const plan = await (await open('new')).plan();
    if (!tools.isEarlierNew) assertSamePlans(plan, await (await open('old')).plan());
    if (plan.problems) return { refused: plan.problems, exceptions: [], links: 0 };

    const session = await open('new', names.fresh);
    const relationships = await session.relationships();
    const fresh = await server.read(names.fresh);
    const database = names.old;
    const proof = new Proof({
      ...tools,
      scenario,
      database,
      plan: tamper(plan),
      relationships,
      fresh,
      open,
    });
    const links = await proof.fill();
    await session.recreate(names.old, proof.read.items);
    proof.recreated = await server.read(names.fresh);
    await proof.run();
    const stopped = isDisturbed ? await proof.runDisturbed() : undefined;
    return { exceptions: [], links, stopped };
  } finally {
    for (const session of sessions) await session.close().catch(() => {});
    for (const name of Object.values(names)) await server.dropDatabase(name);
  }
}

class Proof {
  constructor(tools) {
    Object.assign(this, tools);
  }

  /** OLD fills the database. Returns how many links there are. */
  async fill() {
    const session = await this.open('old', this.database);
    await session.fill({ seed: this.seed, canBeEmpty: this.canBeEmpty, canDelete: true });
    this.read = await session.read();
    assertReadable('OLD', this.read);
    await session.close();
    this.before = await this.state();
    return countLinks(this.read);
  }

  state() {
    return this.server.read(this.database);
  }

  /** Up, up again, down, down again, up, by scripts and by the API: each compared with what it must be. */
  async run() {
    const { up, down, reconciling, again = up } = this.plan;
    const expected = this.settle(this.before);
    assertThat(expected.stops.length === 0, `The data of OLD disagrees: ${expected.stops}`);

    await this.succeed('up', up, { isOwn: !this.isShort });
    const after = await this.state();
    this.assertDocuments('The documents after up', expected.documents, after);
    // Indexes alone are no reason for a migration.
    const hasChanges = this.relationships.some(changes);
    const expectedIndexes = hasChanges ? this.fresh : this.before;
    this.assertIndexes('The indexes after up', expectedIndexes, after);

    await this.succeed('up, again', again, { isNothing: true });
    assertState('after up has run again', after, await this.state());

    await this.assertRead('new', 'What NEW reads');
    const started = await this.state();
    assertSame('The documents after NEW has started', ...[after, started].map(documentsText));
    this.assertIndexes('The indexes after NEW has started', this.fresh, started);

    const [migrated, recreated] = [started, this.recreated].map((state) =>
      documentsText(living(state, this.relationships)),
    );
    assertSame('The documents that NEW makes itself of the same data', recreated, migrated);

    await this.succeed('down', down);
    const back = await this.state();
    this.assertDocuments('The documents after down', this.restored(), back);
    const restoredIndexes = hasChanges ? this.before : started;
    assertSame('The indexes after down', ...[restoredIndexes, back].map(indexesText));
    await this.succeed('down, again', down, { isNothing: true });
    assertState('after down has run again', back, await this.state());
    await this.assertRead('old', 'What OLD reads after down');
    assertSame('The indexes of OLD', ...[this.before, await this.state()].map(indexesText));

    // There is nothing to reconcile, so it must change nothing.
    await this.succeed('up, reconciling', reconciling);
    const reconciled = await this.state();
    this.assertDocuments('The documents after up, down, up', expected.documents, reconciled);
    // Where lists may be empty, a database does not always say in which schema it is.
    if (this.canBeEmpty) return;
    const runs = this.isShort ? [false] : [false, true];
    for (const isNothing of runs) await this.apply('down', isNothing);
    this.assertDocuments(
      'The documents after down by the API',
      this.restored(),
      await this.state(),
    );
    for (const isNothing of runs) await this.apply('up', isNothing);
    const applied = await this.state();
    this.assertDocuments('The documents after up by the API', expected.documents, applied);
    this.assertIndexes('The indexes after up by the API', expectedIndexes, applied);
  }

  assertIndexes(what, ...states) {
    const isJoin = (name) => this.relationships.some(({ join }) => join?.collection === name);
    const isCompared = ([name]) => !(this.isEarlierNew && isJoin(name));
    const compared = (state) => Object.fromEntries(Object.entries(state).filter(isCompared));
    assertSame(what, ...states.map((state) => indexesText(compared(state))));
  }

  /** The same with data that OLD would not write, or not any more: what the model says, or a stop. */
  async runDisturbed() {
    const random = new Random(this.seed);
    const { before } = this;
    const { ObjectId } = driver();
    const newId = () => new ObjectId(Array.from({ length: 24 }, () => random.hexDigit()).join(''));
    const documents = disturb(before, this.relationships, { random, newId });
    let stopped = false;
    for (const reconcile of [false, true]) {
      await this.server.write(this.database, documents);
      const disturbed = await this.state();
      const expected = this.settle(disturbed, { reconcile });
      const name = reconcile ? 'up, reconciling disturbed data' : 'up, on disturbed data';
      const script = reconcile ? this.plan.reconciling : this.plan.up;
      if (expected.stops.length) {
        const { code, stderr } = await this.script(script);
        const told = expected.stops.some((relationship) => stderr.includes(relationship));
        assertThat(
          code === 1 && told,
          `${name}: stops for ${expected.stops}, not ${code}: ${stderr}`,
        );
        assertState(`${name}, which stops`, disturbed, await this.state());
        stopped = true;
        continue;
      }
      await this.succeed(name, script);
      const after = await this.state();
      const options = { ordered: !reconcile };
      this.assertDocuments(`The documents after ${name}`, expected.documents, after, options);
      await this.succeed('down', this.plan.down);
      const back = settleDown(after, this.relationships);
      this.assertDocuments(`The documents after ${name}, down`, back, await this.state());
    }
    return stopped;
  }

  settle(collections, options) {
    const toId = (text) => driver().ObjectId.createFromHexString(text);
    return settleUp(collections, this.relationships, { ...options, toId });
  }

  restored() {
    return restored(this.before, this.relationships);
  }

  script(script, { isOwn = false } = {}) {
    const url = this.server.url(this.database);
    return isOwn ? runMongosh(url, script) : this.shell.run(url, script);
  }

  async succeed(name, script, { isOwn, isNothing = false } = {}) {
    const { code, signal, stdout, stderr } = await this.script(script, { isOwn });
    const output = `${stdout}${stderr}`;
    assertThat(code === 0, `${name} fails with ${signal ?? code}: ${output}\n\n${script}`);
    const hasChanges = this.relationships.some(changes);
    if (isNothing && hasChanges)
      assertThat(/nothing to do/i.test(stdout), `${name} says: ${output}`);
    return stdout;
  }

  /** The same by `check` and `apply` of the API. */
  async apply(direction, isNothing) {
    const url = this.server.url(this.database);
    const session = await this.keystones.new.open(this.scenario, url, { connects: false });
    const [from, to] = direction === 'up' ? ['old', 'new'] : ['new', 'old'];
    const hasChanges = this.relationships.some(changes);
    const isDone = isNothing || !hasChanges;
    const expect = (when, found, state) => {
      const { state: actual, problems } = found;
      const wanted = hasChanges ? state : 'unchanged';
      const what = `The check ${when} ${direction}`;
      assertThat(actual === wanted, `${what}: ${actual}`);
      assertThat(problems.length === 0, `${what}: ${JSON.stringify(problems)}`);
    };
    const before = await session.check({ direction });
    // Without a document there is nothing of either schema.
    const isEmpty = before.relationships.every(({ places }) => places.every(({ links }) => !links));
    if (!isEmpty) expect('before', before, isDone ? to : from);
    const { isApplied, relationships = [] } = await session.apply({ direction });
    if (!isEmpty) assertThat(isApplied === !isDone, `${direction}: applied ${isApplied}`);
    expect('after', await session.check({ direction }), to);
    for (const it of relationships) {
      assertThat(it.after === it.before || it.explanation, `${direction}: the links of ${it.name}`);
    }
    await session.close();
  }

  assertDocuments(what, expected, found, options) {
    const documents = Object.fromEntries(
      Object.entries(found).map(([name, collection]) => [name, collection.documents]),
    );
    assertSame(
      what,
      ...[expected, documents].map((it) =>
        documentsText(normalized(it, this.relationships, options)),
      ),
    );
    assertSame(what, collectionsText(expected), collectionsText(documents));
  }

  async assertRead(generation, what) {
    const session = await this.open(generation, this.database);
    const read = await session.read();
    await session.close();
    assertReadable(generation, read);
    assertSame(what, readText(this.read), readText(read));
  }
}

function assertReadable(who, { failures }) {
  const messages = Object.entries(failures).map(([field, message]) => `${field}: ${message}`);
  assertThat(messages.length === 0, `${who} cannot read ${messages.join('\n')}`);
}

const collectionsText = (collections) => Object.keys(collections).sort().join('\n');

function assertState(when, expected, found) {
  assertSame(`The documents ${when}`, ...[expected, found].map(documentsText));
  assertSame(`The indexes ${when}`, ...[expected, found].map(indexesText));
}

module.exports = { assertState, nameOf, prove };
