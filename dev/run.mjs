// Running commands quietly, and stages with a line each.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const windows = process.platform === 'win32';

/**
 * Runs a command without input and keeps its output to itself, unless `to` says where it goes.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: object, to?: 'inherit' | number, exitCode?: number, signal?: AbortSignal }} [options]
 *   `to` is where both of its streams go: those of this process, or a file descriptor; `exitCode` is the
 *   one that it has to end with, 0 by default; `signal` ends it, with all that it has started
 * @returns {Promise<string>} its stdout, empty when that goes elsewhere
 * @throws {Error} when it cannot be started or fails; `output` is all it printed
 */
export function run(
  command,
  args,
  { cwd = root, env = {}, to = 'pipe', exitCode = 0, signal } = {},
) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', to, to],
      shell: windows,
      detached: Boolean(signal) && !windows,
    });
    const end = () => (windows ? child.kill() : process.kill(-child.pid));
    signal?.addEventListener('abort', end);
    let stdout = '';
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
    const fail = (reason) => {
      const what = [command, ...args].join(' ').replaceAll(root + path.sep, '');
      reject(Object.assign(new Error(`${what}: ${reason}`), { output }));
    };
    child.on('error', (error) => fail(error.message));
    child.on('close', (code, by) => {
      signal?.removeEventListener('abort', end);
      if (code === exitCode) resolve(stdout);
      else fail(by ? `ended by ${by}` : `exit code ${code}`);
    });
  });
}

/** The path of a development dependency's command. */
export const bin = (name) =>
  path.join(root, 'node_modules', '.bin', windows ? `${name}.cmd` : name);

/**
 * Carries out one stage and prints a line with its name and seconds. A failing stage shows what its
 * command printed and ends the process with exit code 1.
 *
 * @param {string} name
 * @param {() => Promise<string | void>} action resolves to a remark for the line
 */
export async function stage(name, action) {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  try {
    const remark = await action();
    console.error(`✔ ${name} (${seconds()})${remark ? `: ${remark}` : ''}`);
  } catch (error) {
    if (error.output) console.error(error.output.trimEnd());
    console.error(`✖ ${name} (${seconds()}): ${error.message}`);
    process.exitCode = 1;
    throw new StageFailed(name);
  }
}

/** Thrown by {@link stage} after it has reported the failure. */
export class StageFailed extends Error {}

/**
 * Runs a script's main function; a failed stage has said all there is to say.
 *
 * @param {() => Promise<void>} main
 */
export async function script(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StageFailed)) throw error;
  }
}
