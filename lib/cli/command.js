'use strict';

const path = require('path');
const { shouldColor } = require('./colors');
const { UpgradeError } = require('../error');
const { loadEntry } = require('../entry/load-entry');
const { resolveEntry } = require('../entry/resolve-entry');
const { info, warn } = require('../messages');
const { commandOf, extensionOf, placeOf } = require('./migration-file');
const { checkOutFile, writeOutFile } = require('./out-file');
const { captureStdout } = require('./stdout');
const { visible } = require('../visible');

/**
 * The command in the shape of Keystone's own (`bin/commands/*.js` of @keystonejs/keystone).
 */

const DEFAULT_ENTRY = 'index.js';

/** In place of a guard, where the process belongs to someone else. */
const UNGUARDED = { loaded() {}, onSignal: () => () => {} };

/** Each chooses what is printed in place of the summary. */
const OUTPUTS = ['--migration', '--rollback', '--diff', '--schema', '--json'];

/** Each connects to the database. */
const RUNS = ['--check', '--apply'];

/** What --migration prints, by engine. */
const SCRIPTS = { postgresql: 'the SQL', mongodb: 'the mongosh script' };

const spec = {
  '--entry': String,
  '--migration': Boolean,
  '--rollback': Boolean,
  '--format': String,
  '--no-transaction': Boolean,
  '--diff': Boolean,
  '--schema': String,
  '--json': Boolean,
  '--report': String,
  '--check': Boolean,
  '--apply': Boolean,
  '--dry-run': Boolean,
  '--one-way': Boolean,
  '--yes': Boolean,
  '--reconcile': Boolean,
  '--adapter': String,
  '--out': String,
  '--exit-code': Boolean,
  '--no-color': Boolean,
};

/** The help, indented as Keystone's runner expects it. `usage` is the call that it shows. */
const help = ({ exeName, usage = `${exeName} upgrade-relationships` }) => `
    Usage
      $ ${usage} [options]

    Shows what Keystone's "Arcade" release changes in the database for the relationships of
    this project, prints the migration, and runs it. It reads the lists of the project. Only
    --check and --apply connect to the database.

    Options
      --entry <file>    Entry file exporting keystone instance [${DEFAULT_ENTRY}]
      --migration       Print the migration: SQL for PostgreSQL, a mongosh script for MongoDB
      --rollback        Print the rollback to the old schema, as SQL or as a mongosh script
      --format <tool>   With --migration: print a migration file for knex or migrate-mongo, with
                        up and down
      --no-transaction  With --migration or --rollback on PostgreSQL: without BEGIN and COMMIT, for
                        tools that open the transaction
      --diff            Print the unified diff from the old schema to the new
      --schema <which>  Print one schema: old or new
      --json            Print the plan as JSON
      --report <file>   Write a report to look at as well: a page (.html) or Markdown for a pull
                        request (.md). With --check or --apply it shows what they have found
      --reconcile       Where the two stored sides of a relationship disagree, repair them by the
                        rules in the README; without this the migration stops
      --check           Connect and report which schema the database has, how many links it
                        holds, and what prevents the migration. Changes nothing
      --apply           Connect, check, run the migration (with --rollback: the rollback) and
                        verify the result. Asks first
      --dry-run         With --apply: run and verify it on the real database, then take it back,
                        and report how long it took and what it locked
      --one-way         With --apply: migrate although no rollback can be written
      --yes             Do not ask
      --adapter <name>  The adapter to work on, when the project has several
      --out <file>      Write to a file instead of stdout (-), completely or not at all. With
                        --format also a folder, where the file gets the name that the tool gives;
                        the extension (.js, .cjs, .mjs or .ts) decides how it is written
      --exit-code       Exit with 2 when the database has to change
      --no-color        Do not colour the summary
      --help, -h        Show this message
      --version, -v     Show the version

    Without options it prints a summary of all relationships.

    Examples
      $ ${usage}
      $ ${usage} --entry dist/server.js --migration --out migration.sql
      $ ${usage} --migration | psql -v ON_ERROR_STOP=1 "$DATABASE_URL"
      $ ${usage} --migration > migration.js && mongosh "$MONGO_URL" migration.js
      $ ${usage} --migration --format knex --out migrations/
      $ ${usage} --check && ${usage} --apply

    Exit codes
      0  Done; with --check: the database is ready, or already migrated
      1  An error; the message is on stderr, stdout stays empty
      2  With --exit-code: the database has to change; with --check or
         --dry-run: there are problems to resolve
`;

/**
 * Prints the summary, the migration or the plan of a project; checks or migrates its database. `args` are
 * what `arg` makes of `spec`. Keystone's runner passes the rest, but for the guard of the process, and
 * takes `endProcessWithSuccess`: the project may keep the process alive.
 */
async function exec(args, { _cwd = process.cwd(), guard = UNGUARDED } = {}, spinner) {
  const { planUpgrade } = require('../plan');
  if (spinner) spinner.stop();
  const stdout = captureStdout();
  const { file: entry, projectDir } = resolveEntry(args['--entry'] || DEFAULT_ENTRY, _cwd);
  const { '--out': out, '--format': tool } = args;
  const placed = () => (tool ? placeOf(tool, out, _cwd) : path.resolve(_cwd, out));
  const file = out && out !== '-' ? placed() : undefined;
  if (file) checkOutFile('--out', file, entry);
  const reportFile = args['--report'] && path.resolve(_cwd, args['--report']);
  if (reportFile) checkOutFile('--report', reportFile, entry);
  const keystone = await loadEntry(entry, projectDir);
  guard.loaded();
  // Only these need the columns of all fields, which only knex knows.
  const columns = Boolean(args['--schema'] || args['--diff'] || reportFile);
  const plan = planUpgrade(keystone, { columns, resolveFrom: [projectDir] });
  plan.warnings
    .filter(({ code }) => code !== 'NO_WAY_BACK' || args['--rollback'])
    .forEach(({ code, message }) => warn(message, code));

  const which = {
    resolveFrom: [projectDir],
    adapter: args['--adapter'],
    direction: args['--rollback'] ? 'down' : 'up',
    reconcile: Boolean(args['--reconcile']),
  };
  const writeReport = (inspection) => {
    if (!reportFile) return;
    const format = path.extname(reportFile).slice(1);
    write('--report', reportFile, plan.report({ format, inspection, ...which }));
  };
  const running = RUNS.some((option) => args[option])
    ? require('./database-command').runOnDatabase(keystone, which, { args, guard, file })
    : print(plan, args, which, file);
  const { text, exitCode, inspection } = await running.catch((error) => {
    // What stands in the way of a migration is what a report is for.
    try {
      if (error.check) writeReport(error.check);
    } catch ({ message, code }) {
      warn(message, code);
    }
    throw error;
  });
  try {
    writeReport(inspection);
    if (file) write('--out', file, text);
    else await stdout.write(text);
  } catch (error) {
    throw inspection && inspection.isApplied ? reportFailed(error, args) : error;
  }
  if (file && tool) info(`Run it: ${commandOf(tool, file, _cwd)}`);
  const isSummary = ![...OUTPUTS, ...RUNS].some((option) => args[option]);
  const engines = changing(plan, which).map(({ engine }) => engine);
  if (isSummary && engines.length) info(migrationHint(engines));
  return { exitCode, endProcessWithSuccess: exitCode === 0 };
}

/** Writes a file, and says so. */
function write(option, file, text) {
  const isNew = writeOutFile(option, file, text);
  info(`${isNew ? 'Wrote' : 'Replaced'} ${file}`);
}

/** A migration must not look failed because its report could not be written. */
function reportFailed({ code, message }, args) {
  const [what, check] = args['--rollback']
    ? ['The rollback', '--rollback --check']
    : ['The migration', '--check'];
  return new UpgradeError(code, [
    message,
    `${what} succeeded and was verified; only this report could not be written. Run ${check} to see the database.`,
  ]);
}

/** The result of the options that need no connection. */
async function print(plan, args, which, file) {
  const text = render(plan, args, which, file);
  return { text, exitCode: changing(plan, which).length && args['--exit-code'] ? 2 : 0 };
}

function render(plan, args, which, file) {
  const { adapter, direction, reconcile } = which;
  if (args['--json']) return visible(`${JSON.stringify(plan, null, 2)}\n`);
  const format = args['--format'];
  if (format) {
    return plan.migration({ format, extension: extensionOf(file), adapter, reconcile });
  }
  if (args['--migration'] || args['--rollback']) {
    const transaction = !args['--no-transaction'];
    return plan.migration({ direction, transaction, adapter, reconcile });
  }
  if (args['--schema']) return plan.schema(args['--schema'], { adapter });
  const color = shouldColor(file ? {} : process.stdout, args);
  return args['--diff'] ? plan.diff({ adapter, color }) : plan.summary({ adapter, color });
}

/** The adapters whose part is printed, as far as their databases have to change. */
function changing(plan, { adapter }) {
  const isPrinted = ({ name }) => adapter === undefined || name === adapter;
  return plan.outline.adapters.filter((it) => isPrinted(it) && it.hasChanges);
}

function migrationHint(engines) {
  const scripts = Array.from(new Set(engines), (engine) => SCRIPTS[engine]);
  return `Run again with --migration for ${scripts.join(' and ')}.`;
}

module.exports = { OUTPUTS, RUNS, spec, help, exec };
