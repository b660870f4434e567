// In process: each stage from the lists to the text, beside the one thing that Keystone itself does
// with them. Every size has a process of its own, because memory is measured too.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import api from '../index.js';
import native from '../lib/addon.js';
import { newKeystone } from '../dev/keystones.js';
import mongosh from '../dev/mongosh.js';
import { inTurns, median, number, table, timed as timedAsync, times } from './lib/measure.mjs';
import { RELATIONSHIPS, ringKeystone } from './lib/projects.mjs';

const SIZES = [100, 1_000, 10_000];
const ENGINES = { knex: 'PostgreSQL', mongoose: 'MongoDB' };

/** 100,000 relationships. */
const LARGE = 100_000 / RELATIONSHIPS;

const RUNS = { 100: 31, 1_000: 11, 10_000: 3 };

const snapshot = (keystone) =>
  JSON.stringify(api.snapshot(keystone, { resolveFrom: [newKeystone()], columns: false }));
const plan = (json) => native.loadNative().planUpgrade(json);

const timed = (action) => {
  const start = performance.now();
  action();
  return performance.now() - start;
};

/** In a child: the medians of all stages, and how long the texts are that some of them make. */
async function stages(adapter, lists) {
  const keystone = ringKeystone(lists, adapter);
  const json = snapshot(keystone);
  const planned = plan(json);
  const complete = api.planUpgrade(keystone, { resolveFrom: [newKeystone()] });
  complete.schema('old'); // Asks knex for all columns, which is no part of rendering.
  const actions = Object.entries({
    consolidate: () => keystone._consolidateRelationships(),
    snapshot: () => snapshot(keystone),
    plan: () => plan(json),
    migration: () => planned.migration({}),
    rollback: () => planned.migration({ direction: 'down' }),
    'questions of --check': () => planned.inspect({}, false, '{}'),
    summary: () => planned.summary(undefined, false),
    json: () => planned.toJson(),
    schema: () => complete.schema('new'),
    diff: () => complete.diff(),
  });
  const variants = actions.map(([name, action]) => [name, () => timed(action)]);
  const texts = actions
    .map(([name, action]) => [name, action()])
    .filter(([, result]) => typeof result === 'string')
    .map(([name, { length }]) => [name, length]);
  return {
    ms: await inTurns(Object.fromEntries(variants), { runs: RUNS[lists], warmUps: 2 }),
    lengths: Object.fromEntries(texts),
  };
}

/** In a child: the snapshot of a large project, as a file. */
function write(adapter, lists, file) {
  fs.writeFileSync(file, snapshot(ringKeystone(lists, adapter)));
}

/** In a child: the time and the memory that it takes to plan and render a stored snapshot. */
function large(file) {
  const ms = timed(() => plan(fs.readFileSync(file, 'utf8')).migration({}));
  return { ms, bytes: process.resourceUsage().maxRSS * 1024 };
}

/** In a child: the memory of Node at rest. */
const idle = () => ({ bytes: process.resourceUsage().maxRSS * 1024 });

const CHILDREN = { stages, write, large, idle };

/** Runs one of CHILDREN in a process of its own. */
function child(name, ...args) {
  const file = fileURLToPath(import.meta.url);
  const node = ['--max-old-space-size=8192', '--no-deprecation', file, name, ...args.map(String)];
  return JSON.parse(execFileSync(process.execPath, node, { encoding: 'utf8' }) || 'null');
}

function stagesTable(adapter) {
  const results = SIZES.map((lists) => child('stages', adapter, lists));
  const [{ ms: few }, { ms, lengths }, { ms: many }] = results;
  const rows = Object.keys(ms).map((stage) => [
    stage === 'consolidate' ? "Keystone's `_consolidateRelationships`" : stage,
    ...[few, ms, many].map((medians) => medians[stage]),
    times(ms[stage], ms.consolidate),
    times(many[stage], ms[stage] * 10),
    (lengths[stage] ?? NaN) / 1e6,
  ]);
  const head = [
    `${ENGINES[adapter]}, ms at`,
    ...SIZES.map((lists) => `${number(lists)} lists`),
    `of Keystone's at ${number(SIZES[1])}`,
    `per list, ${number(SIZES[2])} to ${number(SIZES[1])}`,
    `MB of text at ${number(SIZES[1])}`,
  ];
  return table(head, rows);
}

function largeTable() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  try {
    const file = path.join(folder, 'snapshot.json');
    child('write', 'knex', LARGE, file);
    // Each in a process of its own, as a user has it.
    const runs = Array.from({ length: 3 }, () => child('large', file));
    const [ms, bytes] = ['ms', 'bytes'].map((key) => median(runs.map((run) => run[key])));
    const { bytes: idle } = child('idle');
    return table(
      [
        `${number(LARGE * RELATIONSHIPS)} relationships, PostgreSQL`,
        'plan and migration',
        'peak memory of the process',
        'of it Node at rest',
      ],
      [
        [
          'from a stored snapshot',
          `${number(ms)} ms`,
          `${number(bytes / 1e6)} MB`,
          `${number(idle / 1e6)} MB`,
        ],
      ],
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** What the shell itself makes of a script, before it runs it: without a database it cannot. */
async function mongoshTable() {
  const rows = [];
  for (const lists of SIZES.slice(0, 2)) {
    const script = api.planUpgrade(ringKeystone(lists, 'mongoose')).migration();
    const ms = (text) => timedAsync(() => mongosh.runMongosh('--nodb', text));
    const { start, whole } = await inTurns(
      { start: () => ms(''), whole: () => ms(script) },
      { runs: 3 },
    );
    rows.push([`${number(lists)} lists`, whole - start, (whole - start) / lists / RELATIONSHIPS]);
  }
  return table(['mongosh compiles the script, ms', 'in all', 'for each relationship'], rows);
}

/** @returns {Promise<string>} the part as Markdown */
export async function bench() {
  const about = `Lists with nine fields and ${RELATIONSHIPS} relationships each, of all kinds. \`snapshot\` includes Keystone's own \`_consolidateRelationships\`, with which the plan is compared.`;
  const tables = [...Object.keys(ENGINES).map(stagesTable), largeTable(), await mongoshTable()];
  return [about, ...tables].join('\n\n');
}

const [name, ...args] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await CHILDREN[name](
    ...args.map((arg) => (/^\d+$/.test(arg) ? Number(arg) : arg)),
  );
  process.stdout.write(JSON.stringify(result ?? null));
}
