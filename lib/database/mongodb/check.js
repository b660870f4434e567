'use strict';

const { inspect } = require('../inspect');
const { serverError } = require('./failure');
const { reconciledBy } = require('./reconciled');
const runner = require('./runner');
const { aggregate, anyWith, having, ids, named, partsOf } = require('./vocabulary');

/**
 * Puts the questions of the core to a MongoDB database, `{ call: [name, ...arguments] }` each. Where
 * there is no answer, that is null.
 */
function asker(connection) {
  const questions = questionsOf(connection);
  return async ({ call: [name, ...values] }) => {
    const answer = await questions[name](...values);
    return answer === undefined ? null : answer;
  };
}

function questionsOf(connection) {
  const { shell } = connection;
  const server = runner.serverOf(shell);
  let isWrong = false;
  // The checks are asked in the order in which the fields are removed: see `checksOfWrites`.
  const gone = {};
  /** What is in a join collection may be what an earlier run has left. */
  const asFound = async (migration, relationship) =>
    (await runner.stateOf(server))
      ? relationship
      : runner.withJoined(server, migration, relationship);
  return {
    /** Who and where we are. */
    async server() {
      const { name, user } = connection.place;
      const { version } = await server.buildInfo();
      // Where the server does not answer, what is not allowed shows when it is tried.
      const access = await shell.command({ connectionStatus: 1, showPrivileges: true }).then(
        ({ authInfo }) => authInfo,
        () => null,
      );
      return { name, user, version, access, silence: connection.silence };
    },

    /** Who migrates this database meanwhile. */
    atWork: () => runner.atWorkNow(server),

    /** How far a migration that did not end has come. */
    async unfinished(migration) {
      const state = await runner.stateOf(server);
      const found = await runner.unfinishedRun(server, state, migration);
      const isOwn = state && runner.isOf(state, migration);
      return state && { isResumed: isOwn && runner.isResumed(state), found };
    },

    async wrongServer(migration) {
      const message = await runner.wrongServer(server, migration);
      isWrong = Boolean(message);
      return message;
    },

    wrongDatabase: (migration) => runner.wrongDatabase(server, migration),

    async collections() {
      return (await server.all({ listCollections: 1, nameOnly: true })).map(({ name }) => name);
    },

    /** The links in a place, if that is in the database. */
    async links(place, takesText) {
      const { isThere, count } = linksIn({ takesText, ...place });
      if (!(await server.first(isThere))) return null;
      return (await server.first(count)) || { links: 0 };
    },

    isPending: (migration, relationship) =>
      runner.isPending(server, migration, relationship, isWrong),

    /** How many links are to be copied. */
    async expected(migration, relationship) {
      const { copies, expected } = partsOf(migration, await asFound(migration, relationship));
      const [count] = [expected].concat(copies.map((copy) => copy.count)).filter(Boolean);
      return count && ((await server.first(count)) || { n: 0 }).n;
    },

    /** What a migration that reconciles does where the two sides disagree. */
    async reconciled(migration, relationship) {
      const command = reconciledBy(await asFound(migration, relationship));
      if (!command) return undefined;
      const { count, examples } = await server.first(command);
      return { added: 0, cleared: 0, dropped: 0, ...count[0], examples };
    },

    /** What the checks before a migration find. */
    async checks(migration, relationship) {
      const parts = partsOf(migration, await asFound(migration, relationship));
      const all = parts.checks.concat(
        await runner.checksOfWrites(server, relationship.name, parts, gone),
      );
      const found = [];
      for (const check of all) {
        const message = await runner.runCheck(server, check);
        if (message) found.push({ message, stops: check.stops });
      }
      return found;
    },

    indexes: (migration) => runner.indexClashes(server, migration),

    /** How much there is to read of a collection, where it may be asked. */
    size: (collection) => server.first(sizeOf(collection)).catch(() => null),
  };
}

/**
 * The questions about a place for links, a side or `{ join: { collection, left, right } }`: whether it is
 * there, and how many links it holds, each once, and for single ids also how many items they lead to.
 */
function linksIn(place) {
  if (place.join) {
    const { collection, left, right } = place.join;
    const link = { near: `$${left}`, far: `$${right}` };
    return {
      isThere: named(collection),
      count: aggregate(collection, [
        { $group: { _id: link } },
        { $group: { _id: null, links: { $sum: 1 } } },
      ]),
    };
  }
  const size = { $size: { $setUnion: [ids(place), []] } };
  return {
    isThere: anyWith(place),
    count: aggregate(
      place.collection,
      place.many
        ? [having(place), { $group: { _id: null, links: { $sum: size } } }]
        : [
            having(place),
            { $project: { ids: ids(place) } },
            { $unwind: '$ids' },
            { $group: { _id: '$ids', n: { $sum: 1 } } },
            { $group: { _id: null, links: { $sum: '$n' }, targets: { $sum: 1 } } },
          ],
    ),
  };
}

/** Asks the server what it knows of a collection without reading it, on all shards. */
function sizeOf(collection) {
  const sum = (field) => ({ $sum: `$storageStats.${field}` });
  return aggregate(collection, [
    { $collStats: { storageStats: {} } },
    { $group: { _id: null, documents: sum('count'), bytes: sum('size') } },
  ]);
}

/** Finds out what a MongoDB database holds. Throws `CHECK_FAILED`. */
async function checkMongodb(connection, core, onAnswer) {
  try {
    return await inspect(core, asker(connection), onAnswer);
  } catch (error) {
    const before = 'The database could not be read: ';
    throw serverError('CHECK_FAILED', error, { role: 'read', before });
  }
}

module.exports = { asker, checkMongodb };
