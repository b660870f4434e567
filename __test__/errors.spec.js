'use strict';

// Every code has its section in docs/errors.md, and every section a code.

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

const filesIn = (folder, extension) =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(extension))
    .map((file) => path.join(folder, file));

const all = (text, pattern) => [...text.matchAll(pattern)].map(([, code]) => code);

const thrownIn = (files) =>
  files.flatMap((file) => [
    ...all(read(file), /(?:UpgradeError|serverError)\(\s*'([A-Z_]+)'/g),
    ...all(read(file), /\bcode: '([A-Z_]+)'/g),
  ]);

/** The codes that JavaScript throws or warns with. */
const inLib = thrownIn(filesIn('lib', '.js'));

/** Those of them that the API gives: the others are the command's. */
const inApi = thrownIn([...filesIn('lib/database', '.js'), 'lib/plan.js']);

/** What the core says in capitals beside codes. */
const NO_CODES = ['CARGO_PKG_NAME', 'CARGO_PKG_VERSION'];

/** The codes of the core, without its tests. */
const inCore = filesIn('src', '.rs')
  .filter((file) => !/tests?\.rs$/.test(file))
  .map((file) => read(file).split('#[cfg(test)]')[0])
  .flatMap((text) => [
    ...all(text, /"([A-Z]+(?:_[A-Z]+)+)"/g),
    ...all(text, /(?:finding\(|::new\(|code: )\s*"([A-Z_]+)"/g),
  ])
  .filter((code) => !NO_CODES.includes(code));

/** The codes that types name. */
const inTypes = all(
  read('index.d.ts')
    .split(/(?=export type (?:Problem|Finding|Warning)Code =)/)
    .filter((text) => /^export type (?:Problem|Finding|Warning)Code/.test(text))
    .map((text) => text.split(';')[0])
    .join('\n'),
  /[|=] '([A-Z_]+)'/g,
);

const documented = all(read('docs/errors.md'), /^### ([A-Z_]+)$/gm);

const unique = (codes) => [...new Set(codes)].sort();

test('every code has a section, and every section a code', () => {
  expect(inLib.length).toBeGreaterThan(20);
  expect(inCore.length).toBeGreaterThan(20);
  expect(inTypes.length).toBeGreaterThan(30);
  expect(unique(documented)).toEqual(unique([...inLib, ...inCore, ...inTypes]));
  expect(documented).toEqual([...new Set(documented)]);
});

test('the types name every code that the API gives', () => {
  expect(inApi.length).toBeGreaterThan(10);
  expect(unique([...inCore, ...inApi]).filter((code) => !inTypes.includes(code))).toEqual([]);
});

const sections = read('docs/errors.md')
  .split(/^### /m)
  .slice(1)
  .map((text) => {
    const [, code, example, explanation] = /^(.*)\n\n```text\n([^]*?)```\n\n([^]*)$/.exec(text) ?? [
      text,
    ];
    return { code, example, explanation };
  });

test('every section has an example and says in words what to do', () => {
  for (const { code, example, explanation } of sections) {
    expect(example.split('\n')[0]).toMatch(new RegExp(`^[✖⚠] .* \\[${code}\\]$`));
    expect(explanation.split('\n\n')[0].length).toBeGreaterThan(40);
  }
});

/** The words of a text, without what surrounds them in code. */
const wordsOf = (text) =>
  text
    .replace(/\\n|\\\s*\n\s*/g, ' ')
    .replace(/\\?["'`“”]|[[\](){},;:✖⚠…]/g, ' ')
    .replace(/\.(?= |$)/g, ' ')
    .split(/\s+/)
    .filter(Boolean);

const triples = (words) => words.slice(2).map((_, at) => words.slice(at, at + 3).join(' '));

/** Its message has hardly anything but names. */
const MOSTLY_NAMES = ['SCHEMA_DIFFERS'];

const COMMENT = /^ *(?:\/\/|\*|\/\*).*$/gm;

test('the examples are in the words of today', () => {
  const sources = [...filesIn('lib', '.js'), ...filesIn('src', '.rs')];
  const said = new Set(
    sources.flatMap((file) => triples(wordsOf(read(file).replace(COMMENT, '')))),
  );
  const worded = sections.filter(({ code }) => !MOSTLY_NAMES.includes(code));
  const stale = worded.filter(({ example }) => {
    const words = wordsOf(example.replace(/\[[A-Z_]+\]/, ''));
    const known = new Set(
      triples(words).flatMap((it, at) => (said.has(it) ? [at, at + 1, at + 2] : [])),
    );
    // The others are names, and what a server says.
    return known.size < words.length * 0.4;
  });
  expect(stale).toEqual([]);
});

test.each(unique(inTypes))('%s is a code that something has', (code) => {
  expect([...inLib, ...inCore]).toContain(code);
});
