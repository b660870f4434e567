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

/** The states of a database that has been taken a part of the way. */
const PARTLY = ['mixed', 'both', 'new'];

/** How many of the locked tables are shown. */
const LARGEST = 10;

/** A list of names that is longer takes a line for each. */
const LONG = 100;

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/**
 * A table in plain text.
 *
 * @param {string[]} head - the headings; a column of numbers has one that starts with a space
 * @param {string[][]} rows
 * @param {number} width - where a line is longer, each row becomes a block
 * @returns {string} one line a row, the columns two spaces apart
 */
function table(head, rows, width) {
  const isNumber = head.map((heading) => heading.startsWith(' '));
  const all = [head.map((heading) => heading.trim()), ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  const cell = (text, at) => (isNumber[at] ? text.padStart(widths[at]) : text.padEnd(widths[at]));
  const lines = all.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`);
  if (lines.every((line) => line.length <= width + 1)) return lines.join('');
  const named = (text, at) => (all[0][at] ? `  ${all[0][at]}: ${text}\n` : `  ${text}\n`);
  const block = ([title, ...cells]) =>
    `${title}\n${cells.map((text, at) => text && named(text, at + 1)).join('')}`;
  return rows.map(block).join('');
}

/**
 * @param {{ name: string, host?: string, port?: number }} database
 * @returns {string} like `todo on db.example.com:5432`
 */
function describeDatabase({ name, host, port }) {
  if (!host) return name;
  return `${name} on ${host}${port ? `:${port}` : ''}`;
}

/** Breaks lines between words, so that the terminal does not break them elsewhere. */
function wrap(text, width) {
  const wrapLine = (line) => {
    const at = line.lastIndexOf(' ', width);
    const [indent] = /^ */.exec(line);
    if (line.length <= width || at <= indent.length + 1) return line;
    return `${line.slice(0, at)}\n${wrapLine(`${indent}  ${line.slice(at + 1)}`)}`;
  };
  return text.split('\n').map(wrapLine).join('\n');
}

/** `It drops a, b.`, or a line for each where they are many. */
function listed(what, names) {
  const line = `${what} ${names.join(', ')}.`;
  return line.length <= LONG ? line : `${what}:\n${names.map((name) => `  ${name}`).join('\n')}`;
}

/** `1 link`, `2 links`. */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/**
 * The result of a check in words.
 *
 * @param {object} inspection
 * @param {number} [width] - of the terminal that shows it
 * @returns {string}
 */
function checkReport(inspection, width = Infinity) {
  const { database, state, relationships, isReady, problems, warnings } = inspection;
  const left = leftToDo(inspection);
  const names = left.length && state === 'new' ? ', but for names of indexes and constraints' : '';
  const lines = [`The database ${describeDatabase(database)} ${STATES[state]}${names}.\n`];
  if (relationships.length) {
    lines.push(
      table(['Relationship', 'Schema', 'Links'], relationships.map(relationshipRow), width),
    );
  }
  if (left.length) lines.push(left.map((line) => `${line}\n`).join(''));
  const facts = isReady ? factsOf(inspection) : [];
  if (facts.length) lines.push(facts.map((fact) => `${fact}\n`).join(''));
  lines.push(...warned(warnings));
  if (problems.length) lines.push(problems.map(lineOf('✖')).join(''));
  lines.push(`${conclusion(inspection)}\n`);
  return wrap(lines.join('\n'), width);
}

/** A part of a report with the warnings, where there are any. */
const warned = (warnings) => (warnings.length ? [warnings.map(lineOf('⚠')).join('')] : []);

const lineOf =
  (symbol) =>
  ({ code, message }) =>
    `${marked(symbol, message, code)}\n`;

/**
 * @param {object} inspection
 * @returns {string[]} what the migration takes away, and where the links go
 */
function removals({ drops, copies }) {
  const moved = drops.filter((name) => copies.some(({ from }) => from === name));
  const dropped = drops.filter((name) => !moved.includes(name));
  return [
    ...moved.map((name) => {
      const places = copies.filter(({ from }) => from === name).map(({ into }) => into);
      return `It moves the links of ${name} to ${places.join(' and ')}, then removes ${name}.`;
    }),
    ...(dropped.length ? [listed('It drops', dropped)] : []),
  ];
}

/**
 * @param {object} inspection
 * @returns {string[]} of a database that has been taken a part of the way: what is left to do, by
 *   relationship; of another none
 */
function leftToDo({ direction, state, isDone, relationships }) {
  if (isDone || direction === 'down' || !PARTLY.includes(state)) return [];
  const left = relationships.filter(({ remaining }) => remaining.length);
  if (left.length === 0) return [];
  return [
    'Left to do:',
    ...left.map(({ name, remaining }) => `  ${name}: ${remaining.join(', ')}`),
  ];
}

/** What the migration is about to do. */
function factsOf(inspection) {
  const { locks } = inspection;
  return [
    ...removals(inspection),
    ...(locks.length ? [`It locks ${largest(locks)} while it runs.`] : []),
    ...(inspection.copies.length
      ? [`It copies links of ${sourcesOf(inspection).join(', ')}.`]
      : []),
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
    documents === null
      ? collection
      : `${collection} (${counted(documents, 'document')}, ${size(bytes)})`,
  );
  return [...new Set(sources)];
}

function relationshipRow({ name, state, places }) {
  const isShown = SHOWN[state]
    ? ({ schema }) => SHOWN[state].includes(schema)
    : ({ links }) => links !== null;
  const shown = places.filter(isShown);
  const links = shown.map(
    (place) => `${place.name}: ${place.links === null ? 'missing' : place.links}`,
  );
  return [name, state, links.join(', ')];
}

function conclusion({ isDone, isReady, direction, reconcile }) {
  const [, to] = SCHEMAS[direction];
  if (isDone) return 'There is nothing to do.';
  if (isReady) return `Ready: ${applyCall(direction, reconcile)} takes it to ${to}.`;
  return 'Resolve the problems above first.';
}

/**
 * The result of a migration in words.
 *
 * @param {object} applied
 * @param {number} [width] - of the terminal that shows it
 * @returns {string}
 */
function applyReport({ isApplied, check, relationships, warnings }, width = Infinity) {
  const { database, direction } = check;
  const [, to] = SCHEMAS[direction];
  const where = describeDatabase(database);
  if (!isApplied) return `Nothing to do: the database ${where} ${STATES[check.state]}.\n`;
  const done = `Done and verified: the database ${where} is in ${to}.\n`;
  return wrap([linksTable(relationships, width), ...warned(warnings), done].join('\n'), width);
}

function linksTable(relationships, width) {
  const rows = relationships.map(({ name, before, after, explanation }) => [
    name,
    String(before),
    String(after),
    explanation || '',
  ]);
  return table(['Relationship', ' Links before', ' after', ''], rows, width);
}

/**
 * The result of a dry run in words.
 *
 * @param {object} rehearsed
 * @param {number} [width] of the terminal
 * @returns {string}
 */
function dryRunReport(rehearsed, width = Infinity) {
  const { check, relationships, warnings, durationMs, lockedMs, skipped } = rehearsed;
  const { database, direction, reconcile, locks } = check;
  const [, to] = SCHEMAS[direction];
  const facts = [`It took ${seconds(durationMs)}.`];
  if (lockedMs !== undefined) {
    facts.push(`For ${seconds(lockedMs)} it locked ${largest(locks)}.`);
    if (!warnings.some(({ code }) => code === 'SCHEMA_DIFFERS')) {
      const which = direction === 'down' ? 'old' : 'new';
      facts.push(
        `The tables were as in --schema ${which}, names of indexes and constraints included.`,
      );
    }
  }
  if (skipped.length) facts.push(`A dry run leaves out: ${skipped.join(', ')}.`);
  const lines = [
    ...(relationships.length ? [linksTable(relationships, width)] : []),
    ...warned(warnings),
    facts.map((fact) => `${fact}\n`).join(''),
    `The dry run succeeded, and everything has been taken back. ${applyCall(direction, reconcile)} takes the database ${describeDatabase(database)} to ${to}.\n`,
  ];
  return wrap(lines.join('\n'), width);
}

/** The options that run a migration. */
function applyCall(direction, reconcile) {
  const options = [direction === 'down' && '--rollback', '--apply', reconcile && '--reconcile'];
  return options.filter(Boolean).join(' ');
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} seconds`;
}

/** Bytes as PostgreSQL itself shows them. */
function size(bytes) {
  let unit = 0;
  for (; bytes >= 10240 && unit < UNITS.length - 1; unit += 1) bytes /= 1024;
  return `${Math.round(bytes)} ${UNITS[unit]}`;
}

module.exports = {
  SCHEMAS,
  applyReport,
  checkReport,
  describeDatabase,
  dryRunReport,
  leftToDo,
  removals,
  warned,
};
