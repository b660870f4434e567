'use strict';

const { look, partOf } = require('./check');
const { withConnection } = require('./connect');
const { UpgradeError } = require('./error');
const { migrateMongodb } = require('./mongodb/migrate');
const { migratePostgres } = require('./postgres/migrate');

/**
 * The MongoDB script makes indexes and empty join collections that are missing, also where there are no
 * links to move.
 */
const ENGINES = {
  postgresql: { migrate: migratePostgres, isForDoneToo: false },
  mongodb: { migrate: migrateMongodb, isForDoneToo: true },
};

/**
 * Runs a migration on the database of a project: looks at it, asks for consent, runs the statements
 * of the plan, and verifies what has come of them.
 *
 * @param {object} project - as for `check`, and:
 * @param {(before: object, after: object) => object} project.compare - the core's judgement
 * @param {object} options - as `index.d.ts` describes them
 * @returns {Promise<object>} what was done
 * @throws {UpgradeError}
 */
async function apply({ keystone, plan, core, compare }, options) {
  const { onProgress = () => {}, confirm = () => true, signal } = options;
  const statements = plan.statements(options);
  const part = partOf(plan, options.adapter);
  onProgress({ phase: 'connect', title: 'Connecting' });
  return withConnection(keystone, part.name, async (connection) => {
    const inspection = await look(connection, part, core(options), onProgress);
    if (signal && signal.aborted) throw declined();
    const { migrate, isForDoneToo } = ENGINES[part.engine];
    const running = core(Object.assign({}, options, { isRunning: true }));
    const run = () =>
      migrate(connection, { statements, core: running, compare, onProgress, signal });
    if (inspection.isDone) {
      if (isForDoneToo) await run();
      return { isApplied: false, check: inspection };
    }
    if (!inspection.isReady) throw notReady(inspection);
    if (!(await confirm(inspection))) throw declined();
    const { outcome, notices } = await run();
    return { isApplied: true, check: inspection, relationships: outcome.relationships, notices };
  });
}

function notReady({ problems }) {
  const messages = problems.map(({ message }) => message);
  const text = ['The migration cannot be run, and nothing has been changed.', ...messages];
  return new UpgradeError(problems[0].code, text.join('\n  '), problems);
}

function declined() {
  return new UpgradeError('DECLINED', 'Nothing has been changed.');
}

module.exports = { apply };
