'use strict';

const { UpgradeError } = require('./error');

/**
 * Loads the Rust addon: the file built in this folder, or the package of this platform.
 *
 * @returns {object} what `binding.d.ts` describes
 * @throws {UpgradeError} `ADDON_MISSING` when there is none for this platform
 */
function loadNative() {
  try {
    return require('../binding');
  } catch (error) {
    const { platform, arch, version } = process;
    throw new UpgradeError(
      'ADDON_MISSING',
      `The native part of keystone-upgrade-relationships for ${platform}-${arch} (Node ${version}) cannot be loaded. ` +
        'It comes as an optional dependency: install again without --no-optional or --omit=optional, on the platform that runs it. ' +
        'There are builds for Linux (x64, arm64; glibc), macOS (x64, arm64) and Windows (x64); elsewhere run `npm run build` in a checkout. ' +
        `The loader said: ${error.message.split('\n')[0]}`,
    );
  }
}

module.exports = { loadNative };
