'use strict';

const path = require('path');
const arg = require('arg');
const { OUTPUTS, RUNS, spec } = require('./command');
const { UpgradeError } = require('../error');
const { FORMATS } = require('../formats');
const { commandLine } = require('../shell');

const COMMAND = 'upgrade-relationships';

const SPEC = {
  ...spec,
  '--help': Boolean,
  '-h': '--help',
  '--version': Boolean,
  '-v': '--version',
};

const SCHEMAS = ['old', 'new'];

const NAMES = Object.keys(FORMATS);

/** The endings of a report's file, which say how it is written. */
const REPORTS = ['.html', '.md'];

/** How npm reads `--apply`: as a row of its own short options. */
const APPLY_TO_NPM = ['all', 'parseable', 'long', 'yes'];

/** Settings of npm's own, which a user may have in an `.npmrc`. */
const SETTINGS_OF_NPM = ['--diff', '--dry-run', '--json'];

/**
 * Parses the command line strictly: an option that is ignored could cost a database. `usage` is the call
 * that the user knows the command by. Throws `USAGE`.
 */
function parseArguments(argv, usage) {
  const mistake = (text) => new UpgradeError('USAGE', [text, `See ${usage} --help`]);

  const args = parseOptions(argv, mistake);
  // An option that npm took may be the cause of another mistake.
  checkNpm(args, argv);
  const [extra] = args._[0] === COMMAND ? args._.slice(1) : args._;
  if (extra !== undefined) {
    const isOutput = OUTPUTS.includes(argv[argv.indexOf(extra) - 1]);
    const option = nearest(`--${extra}`);
    let hint = option ? `did you mean ${option}?` : 'pass an entry file with --entry';
    if (isOutput) hint = `to write to a file, add --out ${extra}`;
    throw mistake(`Unexpected argument: ${extra} (${hint})`);
  }
  checkCombination(args, mistake);
  return args;
}

function parseOptions(argv, mistake) {
  // `arg` ignores the value in `--json=false`.
  const valued = argv.find((text) => SPEC[text.split('=')[0]] === Boolean && text.includes('='));
  if (valued) {
    const [option, value] = valued.split('=');
    const hint = OUTPUTS.includes(option) ? ` (to write to a file: ${option} --out ${value})` : '';
    throw mistake(`Option takes no value: ${valued}${hint}`);
  }

  let args;
  try {
    args = arg(SPEC, { argv });
  } catch (error) {
    const [, unknown] = /^unknown or unexpected option: (\S+)/.exec(error.message) || [];
    const near = unknown && nearest(unknown);
    const hint = near ? `. Did you mean ${near}?` : '';
    throw mistake(error.message.replace(/^./, (first) => first.toUpperCase()) + hint);
  }
  const empty = Object.keys(args).find((option) => args[option] === '');
  if (empty) throw mistake(`Option requires argument: ${empty}`);
  return args;
}

/** The option that a misspelt one is nearest to, if one is near. */
function nearest(option) {
  const [best] = Object.keys(SPEC)
    .map((it) => [distance(option, it), it])
    .filter(([edits, it]) => edits <= it.length / 3)
    .sort(([a], [b]) => a - b);
  return best && best[1];
}

/** How many letters have to be inserted, removed or replaced. */
function distance(from, to) {
  let row = Array.from(to + ' ', (_, at) => at);
  Array.from(from).forEach((letter, above) => {
    const next = [above + 1];
    Array.from(to).forEach((other, at) => {
      next.push(Math.min(next[at] + 1, row[at + 1] + 1, row[at] + (letter === other ? 0 : 1)));
    });
    row = next;
  });
  return row[to.length];
}

/** Refuses options that contradict each other. */
function checkCombination(args, mistake) {
  const run = RUNS.find((option) => args[option]);
  // Beside another option these only choose a direction, or the form of the result.
  const isAside = {
    '--rollback': run || args['--migration'],
    '--json': run,
  };
  const outputs = [...OUTPUTS, ...RUNS].filter((option) => args[option] && !isAside[option]);
  if (outputs.length > 1) {
    throw mistake(`Only one of ${outputs.join(' and ')} can be used at a time`);
  }
  if (args['--schema'] && !SCHEMAS.includes(args['--schema'])) {
    throw mistake(`There is no schema ${args['--schema']}: --schema takes old or new`);
  }
  if (args['--report'] && !REPORTS.includes(path.extname(args['--report']))) {
    throw mistake(`--report takes a file that ends in .html or .md: ${args['--report']}`);
  }
  if (args['--reconcile'] && !args['--migration'] && !args['--rollback'] && !run) {
    throw mistake('--reconcile goes with --migration, --rollback, --check or --apply');
  }
  const { '--format': format, '--no-transaction': hasNone } = args;
  if (format && !FORMATS[format]) {
    throw mistake(`There is no format ${format}: --format takes ${NAMES.join(' or ')}`);
  }
  if (format && args['--rollback']) {
    throw mistake('--rollback does not go with --format: the file has both ways');
  }
  if (format && !args['--migration']) throw mistake('--format goes with --migration');
  if (format && hasNone) {
    throw mistake('--no-transaction does not go with --format: the file fits the tool');
  }
  if (hasNone && (run || !(args['--migration'] || args['--rollback']))) {
    throw mistake('--no-transaction goes with --migration or --rollback');
  }
  if (args['--json'] && args['--adapter'] && !run) {
    throw mistake('--adapter does not go with --json, which always has all adapters');
  }
  const applyOnly = ['--dry-run', '--one-way', '--yes'].find((option) => args[option]);
  if (applyOnly && !args['--apply']) throw mistake(`${applyOnly} goes with --apply`);
  if (args['--exit-code'] && run) {
    throw mistake(`--exit-code does not go with ${run}, which has its own exit codes`);
  }
}

/**
 * Refuses to run when npm took options for its own: `npm run` passes on only what follows `--`. The call
 * that it advises has all options, because without one of them it could do the opposite.
 */
function checkNpm(args, argv) {
  const script = process.env.npm_lifecycle_event;
  if (!script || script === 'npx') return;
  const taken = takenByNpm(args);
  if (!taken.length) return;
  if (areSettings(taken, args, argv)) return;
  const call = args._.includes(COMMAND) ? [COMMAND] : [];
  const received = argv.filter((text) => text !== COMMAND);
  const words = [].concat(...taken.map(wordsOf), received);
  throw new UpgradeError('USAGE', [
    `npm took ${taken.join(' and ')} for an option of its own, so this command did not get it.`,
    'Put `--` before all options:',
    `  npm run ${script} -- ${commandLine([...call, ...words])}`,
  ]);
}

/** The options of the command that npm has, and that the command did not get. */
function takenByNpm(args) {
  return Object.keys(spec).filter((option) => {
    // `npx --yes` and a setting for colours are meant for npm.
    if (args[option] || ['--yes', '--no-color'].includes(option)) return false;
    return ofNpm(option) || (option === '--apply' && APPLY_TO_NPM.every(ofNpm));
  });
}

/** What npm has of an option, if it has it. */
function ofNpm(option) {
  const of = (name) => process.env[`npm_config_${name.replace(/-/g, '_')}`];
  const [, no, name] = /^(?:--(no-)?)?(.*)/.exec(option);
  return no ? of(name) === '' : of(name);
}

/**
 * Whether npm has only settings of its own: whoever puts options after `--` means the others for npm. Not so
 * `--dry-run` beside `--apply`, where a mistake would change the database.
 */
function areSettings(taken, args, argv) {
  if (!argv.some((text) => text.startsWith('-'))) return false;
  if (args['--apply'] && taken.includes('--dry-run')) return false;
  return taken.every((option) => SETTINGS_OF_NPM.includes(option));
}

/** An option that npm took, as it has to be written. */
function wordsOf(option) {
  return spec[option] === Boolean ? [option] : [option, ofNpm(option)];
}

module.exports = { COMMAND, parseArguments };
