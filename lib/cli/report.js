'use strict';

const { marked } = require('../messages');
const { wrap } = require('../wrap');

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

/** The states of a database that has been taken part of the way. */
const PARTLY = ['mixed', 'both', 'new'];

/** How many of the locked tables are shown. */
const LARGEST = 10;

/** A list of names that is longer takes a line for each. */
const LONG = 100;

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Blocks of lines, an empty line between them. Those without lines are left out. */
function blocks(all, width) {
  const texts = all.filter((lines) => lines.length).map((lines) => `${lines.join('\n')}\n`);
  return wrap(texts.join('\n'), width);
}

/**
 * The lines of a table, the columns two spaces apart: of numbers those whose heading starts with a space.
 * Where a line is longer than the width, each row becomes a line for each cell.
 */
function table(head, rows, width) {
  if (rows.length === 0) return [];
  const isNumber = head.map((heading) => heading.startsWith(' '));
  const names = head.map((heading) => heading.trim());
  const all = [names, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  const cell = (text, at) => (isNumber[at] ? text.padStart(widths[at]) : text.padEnd(widths[at]));
  const lines = all.map((row) => row.map(cell).join('  ').trimEnd());
  if (lines.every((line) => line.length <= width)) return lines;
  const named = (text, at) => (at && text ? `  ${names[at] ? `${names[at]}: ` : ''}${text}` : text);
  return [].concat(...rows.map((row) => row.map(named).filter(Boolean)));
}

/** Like `todo on db.example.com:5432`, with the PostgreSQL schema where that is not the usual one. */
function describeDatabase({ database: { name, host, port }, schemaName = 'public' }) {
  const named = schemaName === 'public' ? name : `${name} (schema ${schemaName})`;
  return host ? `${named} on ${host}${port ? `:${port}` : ''}` : named;
}

/** `It drops a, b.`, or a line for each where they are many. */
function listed(what, names) {
  const line = `${what} ${names.join(', ')}.`;
  return line.length <= LONG ? line : `${what}:\n${names.map((name) => `  ${name}`).join('\n')}`;
}

/** The result of a check in words, for a terminal of some width. */
function checkReport(inspection, width = Infinity) {
  const { state, relationships, isReady, problems, warnings } = inspection;
  const left = leftToDo(inspection);
  const names = left.length && state === 'new' ? ', but for names of indexes and constraints' : '';
  return blocks(
    [
      [`The database ${describeDatabase(inspection)} ${STATES[state]}${names}.`],
      table(['Relationship', 'Schema', 'Links'], relationships.map(relationshipRow), width),
      left,
      isReady ? factsOf(inspection) : [],
      warned(warnings),
      problems.map(lineOf('✖')),
      [conclusion(inspection)],
    ],
    width,
  );
}

const lineOf =
  (symbol) =>
  ({ code, message }) =>
    marked(symbol, message, code);

/** A line for each warning. */
const warned = (warnings) => warnings.map(lineOf('⚠'));

/** What the migration takes away, and where the links go. */
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

/** What is left to do, by relationship, in a database that has been taken part of the way. */
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
  const { locks, copies } = inspection;
  const facts = removals(inspection);
  if (locks.length) facts.push(`It locks ${largest(locks)} while it runs.`);
  if (copies.length) facts.push(`It copies links of ${sourcesOf(copies)}.`);
  return facts;
}

/** The largest tables, with their sizes, and how many more there are: --json lists all. */
function largest(tables) {
  const sorted = [...tables].sort((a, b) => b.bytes - a.bytes);
  const shown = sorted.slice(0, LARGEST).map(({ name, bytes }) => `${name} (${size(bytes)})`);
  const more = tables.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The collections that links are copied from, with their sizes as far as they are known. */
function sourcesOf(copies) {
  const sources = copies.map(({ collection, documents, bytes }) =>
    documents === null
      ? collection
      : `${collection} (${documents} document${documents === 1 ? '' : 's'}, ${size(bytes)})`,
  );
  return [...new Set(sources)].join(', ');
}

function relationshipRow({ name, state, places }) {
  const isShown = SHOWN[state]
    ? ({ schema }) => SHOWN[state].includes(schema)
    : ({ links }) => links !== null;
  const text = (place) => `${place.name}: ${place.links === null ? 'missing' : place.links}`;
  return [name, state, places.filter(isShown).map(text).join(', ')];
}

function conclusion({ isDone, isReady, direction, reconcile }) {
  const [, to] = SCHEMAS[direction];
  if (isDone) return 'There is nothing to do.';
  if (isReady) return `Ready: ${applyCall(direction, reconcile)} takes it to ${to}.`;
  return 'Resolve the problems above first.';
}

/** The result of a migration in words, likewise. */
function applyReport({ isApplied, check, relationships, warnings }, width = Infinity) {
  const { direction, state } = check;
  const where = describeDatabase(check);
  if (!isApplied) return `Nothing to do: the database ${where} ${STATES[state]}.\n`;
  const done = `Done and verified: the database ${where} is in ${SCHEMAS[direction][1]}.`;
  return blocks([linksTable(relationships, width), warned(warnings), [done]], width);
}

function linksTable(relationships, width) {
  const row = ({ name, before, after, explanation }) => [name, before, after, explanation || ''];
  const rows = relationships.map((it) => row(it).map(String));
  return table(['Relationship', ' Links before', ' after', ''], rows, width);
}

/** The result of a dry run in words, likewise. */
function dryRunReport(rehearsed, width = Infinity) {
  const { check, relationships, warnings, durationMs, lockedMs, skipped } = rehearsed;
  const { direction, reconcile, locks } = check;
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
  const done = `The dry run succeeded, and everything has been taken back. ${applyCall(direction, reconcile)} takes the database ${describeDatabase(check)} to ${to}.`;
  return blocks([linksTable(relationships, width), warned(warnings), facts, [done]], width);
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
