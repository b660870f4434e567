// `npm run demo`: from a fresh checkout to the databases of two examples, taken there and back.
import mongodb from '../dev/mongodb.js';
import { script } from '../dev/run.mjs';
import { setUp, startInstalls } from '../dev/setup.mjs';

// The server is built from source, which takes minutes, so it begins at once.
const server = startInstalls(mongodb.isServerNeeded() ? ['mongodb/server'] : []);
const packages = startInstalls(['keystones/new', 'keystones/old', 'postgres/18']);

await script(async () => {
  await setUp();
  await packages.finish();
  const { showClosing, showMongodb, showPostgres } = await import('../dev/demo.mjs');
  await showPostgres();
  await server.finish();
  await showMongodb();
  showClosing();
}).finally(() => {
  server.stop();
  packages.stop();
});
