// `npm run bench`: all parts side by side, or the named ones: `npm run bench -- process core postgres
// mongodb`. What they find is written to bench/results.md. By hand, on a quiet machine: no test asks for it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, run, script } from '../dev/run.mjs';
import { installSet, setUp } from '../dev/setup.mjs';

const PARTS = {
  process: { title: 'The whole process', sets: ['keystones/new'] },
  core: { title: 'In process, stage by stage', sets: ['keystones/new', 'mongodb/mongosh'] },
  postgres: { title: 'On PostgreSQL', sets: ['keystones/new', 'postgres/18'] },
  mongodb: { title: 'On MongoDB', sets: ['keystones/new', 'mongodb/mongosh', 'mongodb/server'] },
};

const FILE = path.join(root, 'bench', 'results.md');
const HEADING = '# What it costs\n\nMedians of runs in turns, written by `npm run bench`.\n';

/** The results that there are, by the titles of their parts. */
function readResults() {
  const text = fs.existsSync(FILE) ? fs.readFileSync(FILE, 'utf8') : '';
  const parts = text.split(/^## /m).slice(1);
  return Object.fromEntries(
    parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n')).trim()]),
  );
}

function writeResults(results) {
  const parts = Object.values(PARTS)
    .filter(({ title }) => results[title])
    .map(({ title }) => `\n## ${title}\n\n${results[title]}\n`);
  fs.writeFileSync(FILE, HEADING + parts.join(''));
}

async function machine() {
  const [{ model }] = os.cpus();
  const rust = (await run('rustc', ['--version'])).split(' ')[1];
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return [
    `${model.trim()}, ${os.availableParallelism()} cores, ${memory} GB`,
    `${os.type()} ${os.release()}, ${process.arch}`,
    `Node ${process.versions.node}, Rust ${rust}`,
    new Date().toISOString().slice(0, 10),
  ].join(' · ');
}

await script(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !(name in PARTS));
  if (unknown) throw new Error(`${unknown}: there are ${Object.keys(PARTS).join(', ')}`);
  const names = wanted.length ? wanted : Object.keys(PARTS);
  await setUp({ isReleased: true });
  for (const name of new Set(names.flatMap((it) => PARTS[it].sets))) await installSet(name);

  const results = readResults();
  const where = await machine();
  for (const name of names) {
    const { bench } = await import(`./${name}.mjs`);
    results[PARTS[name].title] = `${where}.\n\n${await bench()}`;
    console.log(`\n${results[PARTS[name].title]}`);
    writeResults(results);
  }
});
process.exit();
