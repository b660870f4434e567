// A server for MongoDB's protocol: links per second of our statements beside a loop that inserts link
// by link, as Keystone's own script does, and beside one that inserts in batches.
import os from 'node:os';
import api from '../index.js';
import runner from '../lib/database/mongodb/runner.js';
import vocabulary from '../lib/database/mongodb/vocabulary.js';
import { newKeystone } from '../dev/keystones.js';
import mongodb from '../dev/mongodb.js';
import shell from '../dev/mongosh.js';
import scenarios from '../dev/scenario.js';
import { inTurns, median, number, table, timed, times } from './lib/measure.mjs';

const LINKS = [1_000, 10_000, 100_000];
const RUNS = { 1_000: 3, 10_000: 1, 100_000: 1 };
const LINKS_PER_DOCUMENT = 10;

/** All in one document. The server that stands in takes the square for the last. */
const LONG = mongodb.isServerNeeded() ? [1_000, 10_000] : [1_000, 10_000, 50_000];

const DATABASE = 'bench';
const relationship = (ref) => ({ type: 'Relationship', ref, many: true });

/** The lists of an N:N relationship with one side, and with two. */
const LISTS = {
  'one-sided': { Post: { fields: { tags: relationship('Tag') } }, Tag: { fields: {} } },
  'two-sided': {
    Post: { fields: { tags: relationship('Tag.posts') } },
    Tag: { fields: { posts: relationship('Post.tags') } },
  },
};

const planOf = (lists) => {
  const modules = newKeystone();
  const keystone = scenarios.buildKeystone({ lists }, { modules, adapter: 'mongoose' });
  return api.planUpgrade(keystone, { resolveFrom: [modules] });
};
const plans = Object.fromEntries(
  Object.entries(LISTS).map(([kind, lists]) => [kind, planOf(lists)]),
);

/** Posts with ten tags each, and the same links in the tags. */
async function fill(database, links) {
  const { ObjectId } = mongodb.driver();
  const count = links / LINKS_PER_DOCUMENT;
  const ids = (length) => Array.from({ length }, () => new ObjectId());
  const [posts, tags] = [ids(count), ids(count)];
  const at = (list, from, step) => list[(from + step + count) % count];
  const steps = Array.from({ length: LINKS_PER_DOCUMENT }, (_, step) => step);
  const documents = (own, others, field, sign) =>
    own.map((_id, from) => ({ _id, [field]: steps.map((step) => at(others, from, sign * step)) }));
  await database.dropDatabase();
  await database.collection('posts').insertMany(documents(posts, tags, 'tags', 1));
  await database.collection('tags').insertMany(documents(tags, posts, 'posts', -1));
}

/** One post with so many tags, of which each has that post. */
async function fillOne(database, links) {
  const { ObjectId } = mongodb.driver();
  const _id = new ObjectId();
  const tags = Array.from({ length: links }, () => new ObjectId());
  await database.dropDatabase();
  await database.collection('posts').insertOne({ _id, tags });
  await database.collection('tags').insertMany(tags.map((tag) => ({ _id: tag, posts: [_id] })));
}

/** The loop of Keystone's own script, with the shell's function that there is today. */
const LOOP = `
db.getCollection('posts').find({}).forEach(function (doc) {
  (doc.tags || []).forEach(function (itemId) {
    db.getCollection('post_tags_manies').insertOne({ Post_left_id: doc._id, Tag_right_id: itemId });
  });
});
db.getCollection('posts').updateMany({}, { $unset: { tags: 1 } });`;

const BATCHES = `
let batch = [];
const target = db.getCollection('post_tags_manies');
const flush = () => { if (batch.length) target.insertMany(batch); batch = []; };
db.getCollection('posts').find({}).forEach(function (doc) {
  (doc.tags || []).forEach(function (itemId) {
    batch.push({ Post_left_id: doc._id, Tag_right_id: itemId });
    if (batch.length === 1000) flush();
  });
});
flush();
db.getCollection('posts').updateMany({}, { $unset: { tags: 1 } });`;

/** The milliseconds of a script within mongosh, whose own start takes more than a second. */
async function inShell(server, script) {
  const told = "print('took ' + (Date.now() - startedAt))";
  // Ours ends with a promise, for which mongosh waits.
  const isOurs = script.includes('\nmigrate(');
  const ended = isOurs ? script.replace(/;\s*$/, `.then(() => ${told});`) : `${script}\n${told};`;
  const clocked = `const startedAt = Date.now();\n${ended}`;
  const { code, stdout, stderr } = await shell.runMongosh(server.url(DATABASE), clocked);
  const took = /^took (\d+)$/m.exec(stdout);
  if (code !== 0 || !took) throw new Error(`mongosh: exit code ${code}\n${stdout}${stderr}`);
  return Number(took[1]);
}

const statements = plans['one-sided'].statements();
const [{ run: copy }] = vocabulary.partsOf(statements, statements.relationships[0]).copies;
const COPY = { ...copy, pipeline: [...copy.pipeline, { $out: 'post_tags_manies' }], cursor: {} };

const measures = (server) => ({
  'our copy statement alone': (database) => timed(() => database.command(COPY)),
  'our whole script, one-sided': () => inShell(server, plans['one-sided'].migration()),
  'our whole script, two-sided': () => inShell(server, plans['two-sided'].migration()),
  'an `insertOne` for each link, as Keystone’s own script': () => inShell(server, LOOP),
  '`insertMany` by 1 000': () => inShell(server, BATCHES),
});

/** What part of the script a command belongs to. */
function partOf(command) {
  const last = command.pipeline?.at(-1) ?? {};
  if (last.$out) return 'the copy ($out)';
  if (last.$facet) return 'the checks';
  if (command.createIndexes) return 'the indexes';
  if (command.renameCollection) return 'the rename';
  if (command.aggregate) return 'the counts';
  if (command.dropIndexes) return 'the removal of the old arrays';
  if (command.update && !command.update.startsWith('keystone_'))
    return 'the removal of the old arrays';
  return 'lock, state and looks';
}

/** The milliseconds of each part of the script, told by the commands that it sends. */
async function parts(database, kind, direction = 'up') {
  const spent = {};
  const send = (on) => async (command) => {
    const part = partOf(command);
    const time = timed(async () => (answer = await on.command(command)));
    let answer;
    spent[part] = (spent[part] ?? 0) + (await time);
    return answer;
  };
  await runner.migrate(plans[kind].statements({ direction }), {
    command: send(database),
    adminCommand: send(database.admin()),
    database: database.databaseName,
    process: { host: os.hostname(), pid: process.pid },
    isAlive: () => true,
    report() {},
  });
  return spent;
}

async function ratesTable(server, database) {
  const results = [];
  for (const links of LINKS) {
    const variants = Object.entries(measures(server)).map(([name, measure]) => [
      name,
      async () => {
        await fill(database, links);
        return measure(database);
      },
    ]);
    const result = await inTurns(Object.fromEntries(variants), { runs: RUNS[links] });
    results.push(Object.values(result).map((time) => (links / time) * 1000));
  }
  const names = Object.keys(measures(server));
  const loop = names.findIndex((name) => name.startsWith('an `insertOne`'));
  const last = results.at(-1);
  return table(
    ['links per second at', ...LINKS.map((links) => `${number(links)} links`), 'of the loop'],
    names.map((name, at) => [name, ...results.map((it) => it[at]), times(last[at], last[loop])]),
  );
}

/** The milliseconds there and back, and how many times those of the first the last are. */
async function longTable(database) {
  const UNWIND = '`$unwind` of the array, which nothing can do without';
  const ways = Object.keys(plans).flatMap((kind) => [`${kind}, up`, `${kind}, down`]);
  const spent = Object.fromEntries([...ways, UNWIND].map((way) => [way, []]));
  for (const links of LONG) {
    for (const kind of Object.keys(plans)) {
      await fillOne(database, links);
      if (kind === 'one-sided') {
        const pipeline = [{ $unwind: '$tags' }, { $group: { _id: null, n: { $sum: 1 } } }];
        const unwind = () => database.collection('posts').aggregate(pipeline).toArray();
        spent[UNWIND].push(await timed(unwind));
      }
      for (const direction of ['up', 'down']) {
        spent[`${kind}, ${direction}`].push(await timed(() => parts(database, kind, direction)));
      }
    }
  }
  return table(
    ['one document with', ...LONG.map((links) => `${number(links)} links, ms`), 'of the first'],
    [...ways, UNWIND].map((way) => [way, ...spent[way], times(spent[way].at(-1), spent[way][0])]),
  );
}

async function partsTable(database) {
  const links = LINKS.at(-1);
  const byKind = {};
  for (const kind of Object.keys(plans)) {
    const runs = [];
    for (let run = 0; run < RUNS[links]; run++) {
      await fill(database, links);
      runs.push(await parts(database, kind));
    }
    byKind[kind] = (part) => median(runs.map((run) => run[part] ?? 0));
    byKind[kind].names = Object.keys(runs[0]);
  }
  const kinds = Object.keys(byKind);
  const names = [...new Set(kinds.flatMap((kind) => byKind[kind].names))];
  return table(
    [`where the script's time goes at ${number(links)} links, ms`, ...kinds],
    names.map((name) => [name, ...kinds.map((kind) => byKind[kind](name))]),
  );
}

/** @returns {Promise<string>} the part as Markdown */
export async function bench() {
  const server = await mongodb.startMongodb();
  try {
    const database = server.database(DATABASE);
    const { version, modules = [] } = await database.admin().buildInfo();
    const about = `Documents with ${LINKS_PER_DOCUMENT} links each. Scripts run in mongosh, timed from their first to their last statement. The server reports ${[version, ...modules].join(', ')}.`;
    const caveat =
      "Unless `MONGODB_URL` names another or there is a `mongod`, the server is SecantusDB. Its `renameCollection` copies the data once more, also at the end of `$out`; MongoDB's own changes a name. Its `$unwind` copies the whole array for each of its items; MongoDB's own does not, so 50 000 links in one document, which take it 25 times as long as 10 000, are measured on a MongoDB alone.";
    const sections = [
      about,
      await ratesTable(server, database),
      await partsTable(database),
      await longTable(database),
      caveat,
    ];
    return sections.join('\n\n');
  } finally {
    await server.stop();
  }
}
