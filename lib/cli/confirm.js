'use strict';

const readline = require('readline');
const { backupCommands } = require('../backup');
const { UpgradeError } = require('../error');
const { SCHEMAS, describeDatabase, leftToDo, removals, warned } = require('./report');
const { visible } = require('../visible');
const { widthOf, wrap } = require('../wrap');

/**
 * Asks on the terminal whether to run a migration on a database that was inspected. A closed terminal and
 * Ctrl-C mean no. Throws `CONFIRMATION_REQUIRED` when there is no terminal to ask on.
 */
async function confirm(inspection, signal, { dryRun = false }) {
  const { direction, locks } = inspection;
  const { backup, restore } = backupCommands(inspection);
  const [from, to] = SCHEMAS[direction];
  const left = leftToDo(inspection);
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    const where = `the database ${describeDatabase(inspection)}`;
    const what = dryRun
      ? `A dry run works on ${where} while others wait`
      : `--apply changes ${where}`;
    throw new UpgradeError('CONFIRMATION_REQUIRED', [
      `${what}, and there is no terminal to ask on.`,
      `Nothing has been changed. ${dryRun ? 'Run' : 'Once you have a backup, run'} it again with --yes.`,
    ]);
  }
  const facts = [
    `This takes the database ${describeDatabase(inspection)}${left.length ? '' : ` from ${from}`} to ${to}${dryRun ? ', and then takes everything back' : ''}.`,
    ...(dryRun ? [] : [...left, ...removals(inspection)]),
    ...(dryRun && locks.length
      ? ['Until then, other sessions wait for the tables that it locks.']
      : []),
    ...warned(inspection.warnings),
  ];
  const lines = [
    '',
    wrap(visible(facts.join('\n')), widthOf(process.stderr)),
    dryRun ? 'Take a backup first:' : 'Stop the application first, and take a backup:',
    // A command that is broken could not be copied.
    `  ${backup}`,
    'These lines would restore it:',
    ...restore.map((line) => `  ${line}`),
    '',
  ];
  process.stderr.write(visible(lines.join('\n')));
  return /^y(es)?$/i.test((await ask('Run it now? (y/N) ', signal)).trim());
}

/** The answer to a question; empty when there is none. */
function ask(question, signal) {
  const terminal = readline.createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    terminal.on('SIGINT', () => terminal.close());
    signal.addEventListener('abort', () => terminal.close());
    let isAnswered = false;
    terminal.on('close', () => {
      // What comes next would stand beside the question.
      if (!isAnswered) process.stderr.write('\n');
      resolve('');
    });
    terminal.question(question, (answer) => {
      isAnswered = true;
      resolve(answer);
      terminal.close();
    });
  });
}

module.exports = { confirm };
