'use strict';

const { marked } = require('../messages');

const SCHEMAS = {
  up: ['the old schema', 'the new schema'],
  down: ['the new schema', 'the old schema'],
};

/** What is said of a whole database, by its state. */
const STATES = {
  unchanged: 'stores its relationships the same way before and since Arcade',
  old: 'is in the old schema',
  new: 'is in the new schema',
  both: 'has the tables of the old schema and those of the new',
  mixed: 'is partly in the old schema and partly in the new',
  neither: 'has no tables of either schema',
};

/** The schemas whose tables are shown for a relationship, by its state. */
const SHOWN = { old: ['old', 'both'], new: ['new', 'both'], unchanged: ['both'] };

/** How many of the locked tables are shown. */
const LARGEST = 10;

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/**
 * A table in plain text.
 *
 * @param {string[]} head - the headings; a column of numbers has one that starts with a space
 * @param {string[][]} rows
 * @returns {string} one line a row, the columns two spaces apart
 */
function table(head, rows) {
  const isNumber = head.map((heading) => heading.startsWith(' '));
  const all = [head.map((heading) => heading.trim()), ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  const cell = (text, at) => (isNumber[at] ? text.padStart(widths[at]) : text.padEnd(widths[at]));
  return all.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('');
}

/**
 * @param {{ name: string, host?: string, port?: number }} database
 * @returns {string} like `todo on db.example.com:5432`
 */
function describeDatabase({ name, host, port }) {
  if (!host) return name;
  return `${name} on ${host}${port ? `:${port}` : ''}`;
}

/**
 * The result of a check in words.
 *
 * @param {object} inspection
 * @returns {string}
 */
function checkReport(inspection) {
  const { database, state, relationships, isReady, problems, warnings } = inspection;
  const lines = [`The database ${describeDatabase(database)} ${STATES[state]}.\n`];
  if (relationships.length) {
    lines.push(table(['Relationship', 'Schema', 'Links'], relationships.map(relationshipRow)));
  }
  const facts = isReady ? factsOf(inspection) : [];
  if (facts.length) lines.push(facts.map((fact) => `${fact}\n`).join(''));
  if (warnings.length) lines.push(warnings.map(lineOf('⚠')).join(''));
  if (problems.length) lines.push(problems.map(lineOf('✖')).join(''));
  lines.push(`${conclusion(inspection)}\n`);
  return lines.join('\n');
}

const lineOf =
  (symbol) =>
  ({ code, message }) =>
    `${marked(symbol, message, code)}\n`;

/** What the migration is about to do. */
function factsOf(inspection) {
  const { drops, locks } = inspection;
  return [
    ...(drops.length ? [`It drops ${drops.join(', ')}.`] : []),
    ...(locks.length ? [`It locks ${largest(locks)} while it runs.`] : []),
    ...(inspection.copies.length
      ? [`It copies links of ${sourcesOf(inspection).join(', ')}.`]
      : []),
    ...repairs(inspection),
  ];
}

/** The largest tables, with their sizes, and how many more there are: --json lists all. */
function largest(tables) {
  const sorted = [...tables].sort((a, b) => b.bytes - a.bytes);
  const shown = sorted.slice(0, LARGEST).map(({ name, bytes }) => `${name} (${size(bytes)})`);
  const more = tables.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The collections that links are copied from, with their sizes as far as they are known. */
function sourcesOf({ copies }) {
  const sources = copies.map(({ collection, documents, bytes }) =>
    documents === null ? collection : `${collection} (${documents} documents, ${size(bytes)})`,
  );
  return [...new Set(sources)];
}

function relationshipRow({ name, state, places }) {
  const shown = places.filter(({ schema }) => !SHOWN[state] || SHOWN[state].includes(schema));
  const links = shown.map(
    (place) => `${place.name}: ${place.links === null ? 'missing' : place.links}`,
  );
  return [name, state, links.join(', ')];
}

/** What `--reconcile` repairs. */
function repairs({ relationships, problems }) {
  if (problems.length) return [];
  return relationships
    .filter(({ disagreement }) => disagreement)
    .map(({ name, places, disagreement: { onlyKept, onlyDropped } }) => {
      const [kept, dropped] = [true, false].map((isKept) =>
        places.find((it) => it.isKept === isKept),
      );
      return `It repairs ${name}: ${kept.name} alone has ${onlyKept} links, ${dropped.name} alone ${onlyDropped}.`;
    });
}

function conclusion({ isDone, isReady, direction, reconcile }) {
  const [, to] = SCHEMAS[direction];
  if (isDone) return 'There is nothing to do.';
  const options = [direction === 'down' && '--rollback', '--apply', reconcile && '--reconcile'];
  if (isReady) return `Ready: ${options.filter(Boolean).join(' ')} takes it to ${to}.`;
  return 'Resolve the problems above first.';
}

/**
 * The result of a migration in words.
 *
 * @param {object} applied
 * @returns {string}
 */
function applyReport({ isApplied, check, relationships }) {
  const { database, direction } = check;
  const [, to] = SCHEMAS[direction];
  const where = describeDatabase(database);
  if (!isApplied) return `Nothing to do: the database ${where} ${STATES[check.state]}.\n`;
  const rows = relationships.map(({ name, before, after, explanation }) => [
    name,
    String(before),
    String(after),
    explanation || '',
  ]);
  const links = table(['Relationship', ' Links before', ' after', ''], rows);
  return `${links}\nDone and verified: the database ${where} is in ${to}.\n`;
}

/** Bytes as PostgreSQL itself shows them. */
function size(bytes) {
  let unit = 0;
  for (; bytes >= 10240 && unit < UNITS.length - 1; unit += 1) bytes /= 1024;
  return `${Math.round(bytes)} ${UNITS[unit]}`;
}

module.exports = { SCHEMAS, applyReport, checkReport, describeDatabase };
