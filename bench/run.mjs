// `npm run bench`: all parts side by side, which are written to bench/results.md, or the named ones:
// `npm run bench -- process core postgres mongodb`. By hand, on a quiet machine: no test asks for it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, run, script } from '../scripts/lib/run.mjs';
import { installSet, setUp } from '../scripts/lib/setup.mjs';

const PARTS = {
  process: { title: 'The whole process', sets: ['keystones/new'] },
  core: { title: 'In process, stage by stage', sets: ['keystones/new'] },
  postgres: { title: 'On PostgreSQL', sets: ['keystones/new', 'postgres/18'] },
  mongodb: { title: 'On MongoDB', sets: ['keystones/new', 'mongodb/mongosh', 'mongodb/server'] },
};

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
  await setUp();
  for (const name of new Set(names.flatMap((it) => PARTS[it].sets))) await installSet(name);

  const texts = [
    '# What it costs',
    `Medians of runs in turns, written by \`npm run bench\`.\n${await machine()}.`,
  ];
  for (const name of names) {
    const { bench } = await import(`./${name}.mjs`);
    const text = `## ${PARTS[name].title}\n\n${await bench()}`;
    console.log(`\n${text}`);
    texts.push(text);
  }
  if (!wanted.length) {
    fs.writeFileSync(path.join(root, 'bench', 'results.md'), `${texts.join('\n\n')}\n`);
  }
});
process.exit();
