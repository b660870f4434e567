// What cargo is told wherever the tests build something, so that what it has built is used again.
import { run } from './run.mjs';

let host;

/**
 * The variables: for the machine by name, as napi names it, since cargo keeps what is built so apart
 * from what is not; and without what only a debugger looks at.
 *
 * @returns {Promise<Record<string, string>>}
 */
export async function cargoEnv() {
  return { CARGO_BUILD_TARGET: await hostTarget(), CARGO_PROFILE_DEV_DEBUG: '0' };
}

/** @returns {Promise<string>} what Rust calls this machine */
export async function hostTarget() {
  host ??= /^host: (.+)$/m.exec(await run('rustc', ['--version', '--verbose']))[1];
  return host;
}
