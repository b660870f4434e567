// Installs what tests run against into the cache: `node scripts/install.mjs keystones/new nodes`.
import installs from '../dev/installs.js';

const names = process.argv.slice(2);
for (const name of names) {
  if (!(name in installs.SETS)) {
    console.error(`✖ ${name}: unknown, there are ${Object.keys(installs.SETS).join(', ')}`);
    process.exit(1);
  }
}
for (const name of names) {
  const started = Date.now();
  const how = installs.install(name) ? 'installed' : 'already there';
  console.log(`${name}: ${how} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
