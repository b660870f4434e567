'use strict';

const { UpgradeError } = require('../error');
const { name, version } = require('../../package.json');
const { moduleOf } = require('./code');

/**
 * The migration files of tools, by the name of the format: for which `engine` and `tool`, what the tool calls
 * a file and its own configuration, both without extension, the words of the `command` that runs the file and
 * of the option for another configuration, and the parts of its `code`, with functions `up` and `down`.
 */
const FORMATS = { knex: require('./knex'), 'migrate-mongo': require('./migrate-mongo') };

const ENGINES = { postgresql: 'PostgreSQL', mongodb: 'MongoDB' };

/**
 * Makes sure that the adapter that is worked on is on an engine, because `what` is only for that one.
 * Throws `INVALID_OPTION`, `ADAPTER_REQUIRED`, `UNKNOWN_ADAPTER`.
 */
function requireEngine(plan, adapter, engine, what) {
  plan.statements({ adapter }); // It knows which adapter this is, or says why not.
  const other = plan.outline.adapters.find(
    (it) => (adapter === undefined || it.name === adapter) && it.engine !== engine,
  );
  if (!other) return;
  const [wanted, found] = [engine, other.engine].map((it) => ENGINES[it]);
  throw new UpgradeError(
    'INVALID_OPTION',
    `${what} is for ${wanted}, and the adapter ${other.name} is on ${found}.`,
  );
}

/** A migration file for a tool, with both ways: `up` and `down`. Throws as `requireEngine`. */
function migrationFile(plan, { format, extension, adapter, reconcile }) {
  const { engine, tool, empty, code } = FORMATS[format];
  requireEngine(plan, adapter, engine, `The format ${format}`);
  const head = `// ${name} ${version}: a migration for ${tool}. \`up\` takes the relationships of Keystone 5 from
// the old schema to the new (Arcade), and \`down\` takes them back. Take a backup first, and stop the
// application until the end. On a database that is there already, or ${empty}, it
// says so and changes nothing.
/* eslint-disable */`;
  return moduleOf(extension, head, code(plan, { adapter, reconcile }));
}

module.exports = { FORMATS, migrationFile, requireEngine };
