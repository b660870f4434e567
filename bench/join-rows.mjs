// `npm run bench:postgres`: how long the migration of a two-sided N:N relationship takes, by the rows
// of its join tables, on an embedded PostgreSQL. Both sides hold the same links.
import { planUpgrade } from '../index.js';
import keystones from '../__test__/support/keystones.js';
import postgres from '../__test__/support/postgres.js';
import scenarios from '../__test__/support/scenario.js';

const ROWS = [10_000, 100_000, 1_000_000];

const modules = keystones.newKeystone();
const relationship = (ref) => ({ type: 'Relationship', ref, many: true });
const lists = {
  Post: { fields: { tags: relationship('Tag.posts') } },
  Tag: { fields: { posts: relationship('Post.tags') } },
};
const keystone = scenarios.buildKeystone({ lists }, { modules, adapter: 'knex' });
const plan = planUpgrade(keystone, { resolveFrom: [modules] });

/** A thousand posts, as many tags as it takes, and a link for each pair of them, on both sides. */
const fill = (rows) => `
  INSERT INTO "Post" SELECT generate_series(1, 1000);
  INSERT INTO "Tag" SELECT generate_series(1, ${rows / 1000});
  INSERT INTO "Post_tags" SELECT p.id, t.id FROM "Post" p, "Tag" t;
  INSERT INTO "Tag_posts" SELECT t.id, p.id FROM "Post" p, "Tag" t;
  ANALYZE;`;

/** Runs a script statement by statement; returns the milliseconds of the checks and of the rest. */
async function measure(client, script) {
  const times = { check: 0, rest: 0 };
  for (const part of script.split(/\n(?=-- )/)) {
    const start = performance.now();
    await client.query(part);
    times[part.startsWith('-- Check') ? 'check' : 'rest'] += performance.now() - start;
  }
  return times;
}

const server = await postgres.startPostgres(postgres.postgresVersions().at(-1));
try {
  console.log('| join rows, each side | check, ms | all else, ms | way back, ms |');
  console.log('| -------------------: | --------: | -----------: | -----------: |');
  for (const rows of ROWS) {
    const database = `rows_${rows}`;
    await server.createDatabase(database);
    const client = await server.connect(database);
    await client.query(plan.schema('old'));
    await client.query(fill(rows));
    const up = await measure(client, plan.migration());
    const down = await measure(client, plan.migration({ direction: 'down' }));
    const cells = [rows, up.check, up.rest, down.check + down.rest];
    console.log(`| ${cells.map((cell) => Math.round(cell)).join(' | ')} |`);
    await client.end();
    await server.dropDatabase(database);
  }
} finally {
  await server.stop();
}
process.exit();
