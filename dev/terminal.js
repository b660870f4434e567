'use strict';

// The real command on a terminal of its own, which `script` of util-linux makes.

const { spawn } = require('child_process');
const { PRELOAD } = require('./code-cache');
const { bin } = require('./project');

/**
 * Runs the command on a terminal.
 *
 * @param {string} cwd
 * @param {string[]} args
 * @param {object} options
 * @param {object} [options.env] variables to set
 * @param {number} [options.columns] its width
 * @param {Array<[RegExp, string]>} [options.types] what to type, in order, each when the terminal
 *   shows a text
 * @param {(shown: string) => void} [options.onShow] is told all that it has shown, again and again
 * @param {(child: import('child_process').ChildProcess) => void} [options.onStart] gets the terminal
 * @returns {Promise<{ code: number, shown: string }>} all that the terminal has shown
 */
function runOnTerminal(
  cwd,
  args,
  { env, columns = 80, types = [], onShow = () => {}, onStart = () => {} },
) {
  // A shell that stays would end by Ctrl-C as well, and its exit code would hide that of the command.
  const words = [
    `stty cols ${columns};`,
    'exec',
    ...[process.execPath, ...PRELOAD, bin.command, ...args].map((word) => `'${word}'`),
  ];
  const { FORCE_COLOR: _force, ...inherited } = process.env;
  const child = spawn('script', ['-qec', words.join(' '), '/dev/null'], {
    cwd,
    timeout: 600_000, // What waits for something else than is typed must not wait for ever.
    env: { ...inherited, TERM: 'xterm', ...env },
  });
  onStart(child);
  let shown = '';
  const waiting = [...types];
  // Lines are broken between words.
  const isShown = ([pattern]) => pattern.test(shown) || pattern.test(shown.replace(/\s+/g, ' '));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      shown += text;
      onShow(shown);
      if (waiting.length && isShown(waiting[0])) child.stdin.write(waiting.shift()[1]);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown: shown.replaceAll('\r\n', '\n') }));
  });
}

module.exports = { runOnTerminal };
