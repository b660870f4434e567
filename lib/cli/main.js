'use strict';

const { COMMAND, parseArguments } = require('./arguments');
const command = require('./command');
const { UpgradeError } = require('../error');
const { Guard } = require('./guard');
const { fail, info } = require('../messages');
const { captureStdout } = require('./stdout');
const { name, version } = require('../../package.json');

/**
 * Runs the command in this process and ends the process. `usage` is the call that the user knows it by.
 */
async function main(argv, { usage }) {
  const stdout = captureStdout();
  const guard = new Guard();
  try {
    await guard.exit(await run(argv, { usage, stdout, guard }));
  } catch (error) {
    report(error);
    await guard.exit(1);
  }
}

async function run(argv, { usage, stdout, guard }) {
  const args = parseArguments(argv, usage);
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

/** Takes away the indentation for Keystone's list of commands. */
function unindent(text) {
  return text.replace(/^\n/, '').replace(/^ {4}/gm, '');
}

/** Says what is wrong. Several problems have a mark each, below what they have in common. */
function report(error) {
  if (!(error instanceof UpgradeError)) {
    const details = (error && error.stack) || String(error);
    fail(`Unexpected error. This is a bug; please report it with these lines:\n${details}`);
    return;
  }
  const { code, message, problems } = error;
  const texts = problems.map((problem) => problem.message);
  const heading = message.slice(0, -`\n  ${texts.join('\n  ')}`.length);
  const isHeaded = heading && message === [heading, ...texts].join('\n  ');
  if (!isHeaded && message !== texts.join('\n')) return fail(message, code);
  if (isHeaded) fail(heading);
  problems.forEach((problem) => fail(problem.message, problem.code));
}

module.exports = { COMMAND, main };
