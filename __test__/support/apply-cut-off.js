'use strict';

// A process that runs `apply` of the API on the guide's lists and is cut off before a step:
//   node apply-cut-off.js <address> <up or down> <step> <kill or terminate>
// `kill` kills the process itself, `terminate` has the server end its connection.

const { spawnSync } = require('child_process');
const { apply } = require('../..');
const { newKeystone } = require('./keystones');
const { buildKeystone, loadScenario } = require('./scenario');

const [address, direction, step, how] = process.argv.slice(2);
const modules = newKeystone();
const scenario = { ...loadScenario('guide'), knex: { knexOptions: { connection: address } } };

const TERMINATE = `
  const { Client } = require(${JSON.stringify(require.resolve('pg'))});
  const client = new Client({ connectionString: ${JSON.stringify(address)} });
  client.connect()
    .then(() => client.query(\`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()\`))
    .then(() => client.end());`;

const cutOff = {
  kill: () => process.kill(process.pid, 'SIGKILL'),
  terminate: () => spawnSync(process.execPath, ['-e', TERMINATE], { stdio: 'inherit' }),
};

const onProgress = (progress) => {
  const isThere = step === 'verify' ? progress.phase === 'verify' : progress.step === Number(step);
  if (isThere) cutOff[how]();
};

const keystone = buildKeystone(scenario, { modules, adapter: 'knex' });
apply(keystone, { direction, onProgress, resolveFrom: [modules] }).then(
  () => process.exit(0),
  ({ code, message }) => {
    console.error(`${code}: ${message}`);
    process.exit(1);
  },
);
