'use strict';

// A registry of npm's for packed packages, to install them as users do.

const { createHash } = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');

/**
 * Serves packages, each in one version.
 *
 * @param {{ manifest: object, tarball: string }[]} packages what their `package.json` says, and the path
 *   of what `npm pack` has made
 * @returns {Promise<{ url: string, requests: string[], stop: () => Promise<void> }>} `requests`: the
 *   paths that were asked for
 */
async function startRegistry(packages) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const wanted = decodeURIComponent(request.url.slice(1));
    requests.push(wanted);
    const file = packages.find(({ tarball }) => wanted === `-/${path.basename(tarball)}`);
    if (file) return response.end(fs.readFileSync(file.tarball));
    const described = packages.find(({ manifest }) => wanted === manifest.name);
    response.writeHead(described ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(described ? packument(described, url) : {}));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { url, requests, stop };
}

/** What a registry says of a package. */
function packument({ manifest, tarball }, url) {
  const { name, version } = manifest;
  const hash = (algorithm, encoding) =>
    createHash(algorithm).update(fs.readFileSync(tarball)).digest(encoding);
  const dist = {
    tarball: `${url}/-/${path.basename(tarball)}`,
    shasum: hash('sha1', 'hex'),
    integrity: `sha512-${hash('sha512', 'base64')}`,
  };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
}

module.exports = { startRegistry };
