'use strict';

const fs = require('fs');
const { UpgradeError } = require('./error');

const PACKAGE = 'keystone-upgrade-relationships';

/** The platforms that a release has a binary for, as their packages are named. */
const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
];

const SUPPORTED =
  'There are binaries for Linux (x64 and arm64, with glibc 2.17 or later or with musl), macOS and Windows (x64 and arm64), for Node 10.16 or later.';

/**
 * Loads the Rust addon, which `binding.d.ts` describes: the file built in this folder, or the package of
 * this platform. Throws `ADDON_MISSING`.
 */
function loadNative() {
  const platform = thisPlatform();
  const built = `../${PACKAGE}.${platform}.node`;
  const installed = `${PACKAGE}-${platform}`;
  try {
    return require(fs.existsSync(`${__dirname}/${built}`) ? built : installed);
  } catch (error) {
    throw missing(platform, installed, error);
  }
}

/** The name of the platform that this process runs on. */
function thisPlatform() {
  const { platform, arch } = process;
  const abi = { linux: libc, win32: () => 'msvc' }[platform];
  return [platform, arch, abi && abi()].filter(Boolean).join('-');
}

/**
 * The C library that is loaded into this process. A machine may have both, and so may `node_modules`:
 * npm 6 and Yarn 1 install the packages of both.
 */
function libc() {
  try {
    // What is a link on one system is the file on another: Alpine has the first, Void Linux the last.
    return /\/(?:ld-musl-|libc\.musl-|libc\.so$)/m.test(fs.readFileSync('/proc/self/maps', 'utf8'))
      ? 'musl'
      : 'gnu';
  } catch (_) {
    return 'gnu'; // Without /proc it is not known, and few systems have another.
  }
}

function missing(platform, installed, error) {
  const [reason] = error.message.split('\n');
  const advice = PLATFORMS.includes(platform)
    ? `Yours is in the package ${installed}, an optional dependency: install again on the machine that runs it, without --no-optional and --omit=optional.`
    : 'On another platform, run `npm run build` in a checkout.';
  const where = `${platform} with Node ${process.versions.node}`;
  return new UpgradeError('ADDON_MISSING', [
    `No binary of ${PACKAGE} could be loaded on ${where}: ${reason}`,
    SUPPORTED,
    advice,
  ]);
}

module.exports = { PLATFORMS, loadNative };
