// The whole process: what the command costs beside loading the project's entry file, which every
// tool has to do.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { newKeystone } from '../dev/keystones.js';
import project from '../dev/project.js';
import { root } from '../dev/run.mjs';
import { inTurns, table, times } from './lib/measure.mjs';
import { large, ring } from './lib/projects.mjs';

const LISTS = 1_000;

/** An entry file with lists as a scenario has them, written as a project would write them. */
const entryOf = (lists) => `
const { KnexAdapter } = require('@keystonejs/adapter-knex');
const types = require('@keystonejs/fields');
const { Keystone } = require('@keystonejs/keystone');
const keystone = new Keystone({ adapter: new KnexAdapter(), cookieSecret: 'never used' });
const lists = ${JSON.stringify(lists)};
for (const [key, { fields }] of Object.entries(lists)) {
  for (const field of Object.values(fields)) field.type = types[field.type];
  keystone.createList(key, { fields });
}
module.exports = { keystone };
`;

const PROJECTS = [
  {
    name: 'the Todo example (2 lists)',
    entry: () => fs.readFileSync(path.join(root, 'examples/todo-knex/index.js'), 'utf8'),
    runs: 15,
  },
  {
    name: '33 lists, 118 relationship fields',
    entry: () => entryOf(large()),
    runs: 11,
  },
  { name: `${LISTS} lists`, entry: () => entryOf(ring(LISTS)), runs: 7 },
];

/**
 * Runs Node, which must succeed.
 *
 * @returns {{ wall: number, cpu: number }} milliseconds from start to end, and of its threads at work
 */
function node(cwd, args) {
  const script = 'TIMEFORMAT="%R %U %S"; exec 3>&2; { time "$@" > /dev/null 2> /dev/null; } 2>&3';
  const command = ['-c', script, 'bash', process.execPath, ...args];
  const { status, stderr } = spawnSync('bash', command, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: exit code ${status}`);
  const [wall, user, system] = stderr.trim().split(' ').map(Number);
  return { wall: wall * 1000, cpu: (user + system) * 1000 };
}

async function measure({ entry, runs }) {
  const cwd = project.makeProject({ 'index.js': entry() });
  const keystones = path.join(newKeystone(), '@keystonejs/keystone/bin/cli.js');
  const ours = (...options) => node(cwd, [project.bin.command, ...options]);
  const variants = {
    'load the entry file, no more': () => node(cwd, ['-e', "require('./index.js')"]),
    "Keystone's own `upgrade-relationships`": () => node(cwd, [keystones, 'upgrade-relationships']),
    "Keystone's own `--migration`": () =>
      node(cwd, [keystones, 'upgrade-relationships', '--migration']),
    'ours: the summary': () => ours(),
    'ours: `--migration`': () => ours('--migration'),
    'ours: `--diff`': () => ours('--diff'),
  };
  const results = Object.entries(await inTurns(variants, { runs, warmUps: 1 }));
  const [[, load]] = results;
  return results.map(([name, { wall, cpu }]) => [
    name,
    wall,
    times(wall, load.wall),
    cpu,
    times(cpu, load.cpu),
  ]);
}

/** @returns {Promise<string>} the part as Markdown */
export async function bench() {
  const parts = ['From start to end of the process, on PostgreSQL.'];
  try {
    for (const it of PROJECTS) {
      parts.push(
        table([it.name, 'ms', 'of loading alone', 'CPU ms', 'of loading alone'], await measure(it)),
      );
    }
  } finally {
    project.removeProjects();
  }
  return parts.join('\n\n');
}
