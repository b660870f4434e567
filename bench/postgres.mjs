// A real PostgreSQL: the migration of a two-sided N:N relationship by the rows of its join tables, each
// of which holds the same links, beside one that copies them, and what other sessions notice.
import { setTimeout } from 'node:timers/promises';
import api from '../index.js';
import { newKeystone } from '../dev/keystones.js';
import postgres from '../dev/postgres.js';
import scenarios from '../dev/scenario.js';
import { inTurns, table, timed, times } from './lib/measure.mjs';

const ROWS = [10_000, 100_000, 1_000_000];
const RUNS = 5;

/** How often another session reads or writes. */
const PAUSE_MS = 1;

const ITEM = 'SELECT id FROM "Post" WHERE id = 1; UPDATE "Post" SET id = id WHERE id = 1';

const modules = newKeystone();
const relationship = (ref) => ({ type: 'Relationship', ref, many: true });
const lists = {
  Post: { fields: { tags: relationship('Tag.posts') } },
  Tag: { fields: { posts: relationship('Post.tags') } },
};
const keystone = scenarios.buildKeystone({ lists }, { modules, adapter: 'knex' });
const plan = api.planUpgrade(keystone, { resolveFrom: [modules] });

/** A thousand posts, as many tags as it takes, and a link for each pair of them, on both sides. */
const fill = (rows) => [
  'INSERT INTO "Post" SELECT generate_series(1, 1000)',
  `INSERT INTO "Tag" SELECT generate_series(1, ${rows / 1000})`,
  'INSERT INTO "Post_tags" SELECT p.id, t.id FROM "Post" p, "Tag" t',
  'INSERT INTO "Tag_posts" SELECT t.id, p.id FROM "Post" p, "Tag" t',
  'VACUUM ANALYZE',
];

const TABLE = '"Post_tags_Tag_posts"';

/** The same end by copying, as one would write it by hand. */
const COPY = `
  BEGIN;
  LOCK TABLE "Post", "Tag", "Post_tags", "Tag_posts" IN ACCESS EXCLUSIVE MODE;
  CREATE TABLE ${TABLE} AS SELECT "Post_id" AS "Post_left_id", "Tag_id" AS "Tag_right_id" FROM "Post_tags";
  ALTER TABLE ${TABLE} ALTER "Post_left_id" SET NOT NULL, ALTER "Tag_right_id" SET NOT NULL;
  CREATE INDEX post_tags_tag_posts_post_left_id_index ON ${TABLE} ("Post_left_id");
  CREATE INDEX post_tags_tag_posts_tag_right_id_index ON ${TABLE} ("Tag_right_id");
  ALTER TABLE ${TABLE}
    ADD CONSTRAINT post_tags_tag_posts_post_left_id_foreign
      FOREIGN KEY ("Post_left_id") REFERENCES "Post" ON DELETE CASCADE,
    ADD CONSTRAINT post_tags_tag_posts_tag_right_id_foreign
      FOREIGN KEY ("Tag_right_id") REFERENCES "Tag" ON DELETE CASCADE;
  DROP TABLE "Post_tags", "Tag_posts";
  COMMIT;`;

/** The least that any check has to do. */
const SCAN = 'SELECT count(*) FROM "Post_tags"';

const isCheck = ({ title }) => /^Checking that both sides/.test(title ?? '');

/** What is measured: statements that are timed one by one. */
const VARIANTS = {
  ours: plan.statements().map((it) => ({ sql: it.sql, kind: isCheck(it) ? 'check' : 'rest' })),
  copying: [{ sql: COPY, kind: 'rest' }],
};

if (!VARIANTS.ours.some(({ kind }) => kind === 'check'))
  throw new Error('No statement is the check');

/** Runs a variant on a copy of the filled database while another session reads and writes. */
async function measure(server, template, statements) {
  await server.createDatabase('run', template);
  const client = await server.connect('run');
  const other = await startOther(server);
  const spent = { check: 0, rest: 0 };
  for (const { sql, kind } of statements) spent[kind] += await timed(() => client.query(sql));
  const waited = await other.stop();
  await client.end();
  await server.dropDatabase('run');
  return { ...spent, waited };
}

/** A session that reads and writes an item of the relationship, over and over. */
async function startOther(server) {
  const client = await server.connect('run');
  let isDone = false;
  let longest = 0;
  const work = async () => {
    while (!isDone) {
      const time = await timed(() => client.query(ITEM));
      longest = Math.max(longest, time);
      await setTimeout(PAUSE_MS);
    }
  };
  const ended = work();
  return {
    /** Ends it and tells how long it was kept waiting at most. */
    stop: async () => {
      isDone = true;
      await ended;
      await client.end();
      return longest;
    },
  };
}

async function measureRows(server, rows) {
  const template = `rows_${rows}`;
  await server.createDatabase(template);
  // One by one: VACUUM does not run among others.
  const statements = [plan.schema('old'), ...fill(rows)];
  for (const statement of statements) await server.query(template, statement);
  const scan = async () => {
    const client = await server.connect(template);
    const time = await timed(() => client.query(SCAN));
    await client.end();
    return time;
  };
  const results = await inTurns(
    {
      ours: () => measure(server, template, VARIANTS.ours),
      copying: () => measure(server, template, VARIANTS.copying),
      scan,
    },
    { runs: RUNS, warmUps: 1 },
  );
  await server.dropDatabase(template);
  return results;
}

const HEAD = [
  'join rows on each side',
  'all but the check, ms',
  'of the fewest rows',
  'the check, ms',
  'one scan of one side, ms',
  'another session waited, ms',
  'copying without a check, ms',
  'another session waited, ms',
];

/** @returns {Promise<string>} the part as Markdown */
export async function bench() {
  const server = await postgres.startPostgres(postgres.postgresVersions().at(-1));
  try {
    const results = [];
    for (const rows of ROWS) results.push(await measureRows(server, rows));
    const [{ ours: first }] = results;
    const cells = results.map(({ ours, copying, scan }, at) => [
      ROWS[at],
      ours.rest,
      times(ours.rest, first.rest),
      ours.check,
      scan,
      ours.waited,
      copying.rest,
      copying.waited,
    ]);
    const [{ server_version: version }] = await server.query(undefined, 'SHOW server_version');
    const about = `A two-sided N:N relationship on PostgreSQL ${version}: both join tables hold the same links. Another session reads and writes an item of its lists all the while, and its longest wait is reported. Copying makes the new table from the old one with its indexes and foreign keys, in a transaction, under the same locks.`;
    return `${about}\n\n${table(HEAD, cells)}`;
  } finally {
    await server.stop();
  }
}
