'use strict';

const arg = require('arg');
const command = require('./command');
const { UpgradeError } = require('../error');
const { guardProcess } = require('./guard');
const { fail, info } = require('../messages');
const { captureStdout } = require('./stdout');
const { name, version } = require('../../package.json');

const COMMAND = 'upgrade-relationships';

// prettier-ignore
const SPEC = {
  ...command.spec,
  '--help':    Boolean,
  '-h':        '--help',
  '--version': Boolean,
  '-v':        '--version',
};

/** Each chooses what is printed. */
const OUTPUTS = ['--migration', '--rollback', '--diff', '--schema', '--json'];

/** Each connects to the database. */
const RUNS = ['--check', '--apply'];

const SCHEMAS = ['old', 'new'];

/**
 * Runs the command in this process and ends the process.
 *
 * @param {string[]} argv the arguments, with or without the command's name among them
 * @param {{ usage: string }} names the call that the user knows the command by
 * @returns {Promise<void>} never fulfilled before the process ends
 */
async function main(argv, { usage }) {
  const stdout = captureStdout();
  const guard = guardProcess();
  try {
    await guard.exit(await run(argv, { usage, stdout, guard }));
  } catch (error) {
    // An UpgradeError says all that its reader needs; anything else is a bug of ours.
    fail(error instanceof UpgradeError ? error.message : unexpected(error));
    await guard.exit(1);
  }
}

async function run(argv, { usage, stdout, guard }) {
  const args = parse(argv, usage);
  if (args['--version']) {
    await stdout.write(`${version}\n`);
    return 0;
  }
  if (args['--help']) {
    await stdout.write(unindent(command.help({ usage })));
    return 0;
  }
  info(`Command: keystone ${COMMAND} (${name} ${version})`);
  const { exitCode } = await command.exec(args, { guard });
  return exitCode;
}

/** Parses strictly: an option that is ignored could cost a database. */
function parse(argv, usage) {
  const mistake = (text) => new UpgradeError('USAGE', `${text}\n  See ${usage} --help`);

  const args = parseOptions(argv, mistake);
  const [extra] = args._[0] === COMMAND ? args._.slice(1) : args._;
  if (extra !== undefined) {
    throw mistake(`Unexpected argument: ${extra} (pass an entry file with --entry)`);
  }
  checkCombination(args, mistake);
  return args;
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
  if (args['--reconcile'] && !args['--migration'] && !args['--rollback'] && !run) {
    throw mistake('--reconcile goes with --migration, --rollback, --check or --apply');
  }
  if (args['--json'] && args['--adapter'] && !run) {
    throw mistake('--adapter does not go with --json, which always has all adapters');
  }
  if (args['--yes'] && !args['--apply']) throw mistake('--yes goes with --apply');
  if (args['--exit-code'] && run) {
    throw mistake(`--exit-code does not go with ${run}, which has its own exit codes`);
  }
}

function parseOptions(argv, mistake) {
  // `arg` ignores the value in `--json=false`.
  const valued = argv.find((text) => SPEC[text.split('=')[0]] === Boolean && text.includes('='));
  if (valued) throw mistake(`Option takes no value: ${valued}`);

  let args;
  try {
    args = arg(SPEC, { argv });
  } catch (error) {
    throw mistake(error.message.replace(/^./, (first) => first.toUpperCase()));
  }
  const empty = Object.keys(args).find((option) => args[option] === '');
  if (empty) throw mistake(`Option requires argument: ${empty}`);
  return args;
}

/** Takes away the indentation for Keystone's list of commands. */
function unindent(text) {
  return text.replace(/^\n/, '').replace(/^ {4}/gm, '');
}

function unexpected(error) {
  const details = (error && error.stack) || String(error);
  return `Unexpected error. This is a bug; please report it with these lines:\n${details}`;
}

module.exports = { COMMAND, main };
