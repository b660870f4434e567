'use strict';

const fs = require('fs');
const path = require('path');
const { COMMAND, main } = require('./main');
const command = require('./command');
const { fail } = require('../messages');
const { captureStdout } = require('./stdout');

/**
 * The executable `keystone`. It runs our command itself and leaves all others to the project's own
 * Keystone.
 */

const UPSTREAM = '@keystonejs/keystone';

/** The options that take a value: ours, and the others of Keystone's. */
const VALUED = new Set([
  ...Object.keys(command.spec).filter((option) => command.spec[option] !== Boolean),
  '-o',
  '--port',
  '-p',
  '--app-url',
  '--connect-to',
]);

/** Runs a command of Keystone's command line, with the arguments of `keystone`. */
function dispatch(argv) {
  if (subcommand(argv) === COMMAND) {
    main(argv, { usage: `keystone ${COMMAND}` });
    return;
  }
  const upstream = findUpstream();
  if (!upstream) {
    fail(notFound(argv));
    process.exitCode = 1;
    return;
  }
  const help = asksForHelp(argv) && mergedHelp(upstream);
  if (help) {
    captureStdout()
      .write(help)
      .then(() => process.exit(0));
    return;
  }
  delegate(upstream);
}

/** The first argument that is neither an option nor an option's value. */
function subcommand(argv) {
  return argv.find((text, i) => !text.startsWith('-') && !VALUED.has(argv[i - 1]));
}

/** As in Keystone's own command, `--version` goes before `--help`. */
function asksForHelp(argv) {
  return !argv.includes('--version') && (argv.includes('--help') || argv.includes('-h'));
}

/** The path of the executable of the project's Keystone, if there is one. */
function findUpstream() {
  try {
    const manifest = require.resolve(`${UPSTREAM}/package.json`, { paths: searchPaths() });
    return path.resolve(path.dirname(manifest), require(manifest).bin.keystone);
  } catch {
    return undefined;
  }
}

function searchPaths() {
  return [process.cwd(), path.dirname(process.argv[1]), __dirname];
}

function notFound(argv) {
  return [
    `\`${['keystone', ...argv].join(' ')}\` needs ${UPSTREAM}, which is not installed.`,
    ...searchPaths().map((folder) => `  Looked for it in ${folder}`),
    `  Run this in the project's folder, or install it there: npm install ${UPSTREAM}`,
  ].join('\n');
}

/** Keystone's help with our command in place of its own; undefined when Keystone cannot be loaded. */
function mergedHelp(upstream) {
  try {
    const bin = path.dirname(upstream);
    const folder = path.join(bin, 'commands');
    const commands = {};
    for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.js'))) {
      commands[path.basename(file, '.js')] = require(path.join(folder, file));
    }
    return `${require(path.join(bin, 'command-runner')).help({ ...commands, [COMMAND]: command })}\n`;
  } catch {
    return undefined;
  }
}

/** Becomes Keystone's executable, so that signals, stdin and the exit code are its own. */
function delegate(upstream) {
  process.argv[1] = upstream;
  require('module').runMain();
}

module.exports = { dispatch };
