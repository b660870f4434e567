'use strict';

const { UpgradeError } = require('./error');
const { loadNative } = require('./addon');
const { backupCommands } = require('./backup');
const { FORMATS, migrationFile, requireEngine } = require('./formats');
const { checkValue, migrationOptions, oneOf, readOptions, text } = require('./options');
const { snapshot } = require('./snapshot');

/** What a plan keeps to itself. */
const OWN = Symbol('own');

/**
 * What has to happen to a project's databases, and why. Made by `planUpgrade`; `index.d.ts` describes all
 * that it has.
 */
class UpgradePlan {
  /** `native` is the Rust side; of a Keystone object `withColumns` makes it anew, with all columns. */
  constructor(native, withColumns) {
    this[OWN] = { native, withColumns };
  }

  /**
   * For this package itself: `{ hasChanges, adapters: { name, hasChanges, engine }[], warnings }`. The steps
   * of a large project take longer to read than to plan.
   */
  get outline() {
    const own = this[OWN];
    if (!own.outline) own.outline = JSON.parse(own.native.outline());
    return own.outline;
  }

  get relationships() {
    return data(this).relationships;
  }

  get adapters() {
    return data(this).adapters;
  }

  get warnings() {
    return this.outline.warnings;
  }

  get hasChanges() {
    return this.outline.hasChanges;
  }

  summary(options) {
    const { color = false, adapter } = readOptions(options, ['color', 'adapter']);
    return calling(() => this[OWN].native.summary(adapter, color));
  }

  migration(options) {
    const wanted = migrationOptions(options);
    const { format, extension = 'js' } = readOptions(options, ['format', 'extension']);
    if (format !== undefined) {
      checkValue('The option format', format, oneOf(...Object.keys(FORMATS)));
      // The file has both, in the tool's own transaction.
      checkValue('With a format, the option direction', options.direction, oneOf(undefined));
      checkValue('With a format, the option transaction', options.transaction, oneOf(undefined));
      const { adapter, reconcile } = wanted;
      return migrationFile(this, { format, extension, adapter, reconcile });
    }
    if (!wanted.transaction) {
      requireEngine(this, wanted.adapter, 'postgresql', 'SQL without a transaction');
    }
    return calling(() => this[OWN].native.migration(wanted));
  }

  statements(options) {
    const wanted = migrationOptions(options);
    return JSON.parse(calling(() => this[OWN].native.statements(wanted)));
  }

  schema(which, options) {
    checkValue('The schema', which, oneOf('old', 'new'));
    const { adapter } = readOptions(options, ['adapter']);
    const native = complete(this);
    return calling(() => native.schema(which, adapter));
  }

  diff(options) {
    const { color = false, adapter } = readOptions(options, ['color', 'adapter']);
    const native = complete(this);
    return calling(() => native.diff(adapter, color));
  }

  report(options) {
    const { format, inspection } = readOptions(options, ['format', 'inspection']);
    checkValue('The option format', format, oneOf('html', 'md'));
    const found = inspection && foundOn(inspection);
    const wanted = migrationOptions(found ? found.check : options);
    const native = complete(this);
    const json = found && JSON.stringify(found);
    return calling(() => native.report(wanted, format, json));
  }

  toJSON() {
    return JSON.parse(this[OWN].native.toJson());
  }
}

/** The Rust side of a plan with the columns of all fields, for which knex is asked only now. */
function complete(plan) {
  const own = plan[OWN];
  if (own.withColumns) {
    own.native = own.withColumns();
    own.withColumns = undefined;
  }
  return own.native;
}

/** What is known of a database, as the core takes it: from what `check` has found or `apply` has done. */
function foundOn(inspection) {
  const { check = inspection, isRehearsed = false, durationMs, lockedMs } = inspection;
  const { relationships, warnings } = check === inspection ? {} : inspection;
  const { backup } = backupCommands(check);
  return { check, isRehearsed, relationships, warnings, durationMs, lockedMs, backup };
}

/** A plan's data, parsed once for all its properties. */
function data(plan) {
  const own = plan[OWN];
  if (!own.data) own.data = plan.toJSON();
  return own.data;
}

/**
 * Plans the upgrade of a project from the relationship schema before the Arcade release to the one
 * since. Computes only: nothing connects, and the Keystone object is left as it was.
 *
 * @param {object} project - a Keystone 5 object with all its lists created, or what `snapshot`
 *   returned for one
 * @param {{ resolveFrom?: string[], columns?: boolean }} [options] - as for `snapshot`; without
 *   `columns`, knex is asked once a schema or diff is, for which the project is looked at again
 * @returns {UpgradePlan}
 * @throws {UpgradeError} with a stable `code` and all `problems` of the project's lists at once
 */
function planUpgrade(project, options) {
  const isSnapshot = project && !project.listsArray && (project.version || project.lists);
  const { columns: atOnce = false } = readOptions(options, ['columns', 'locales', 'resolveFrom']);
  const native = (data) => calling(() => loadNative().planUpgrade(toJson(data)));
  if (isSnapshot) return new UpgradePlan(native(project));
  const take = (columns) => snapshot(project, { ...options, columns });
  return new UpgradePlan(native(take(atOnce)), atOnce ? undefined : () => native(take(true)));
}

/**
 * The unified diff of two SQL texts, such as dumps of a database before and after.
 *
 * @param {string} oldSql
 * @param {string} newSql
 * @param {{ oldName?: string, newName?: string, color?: boolean }} [options] - the names in the
 *   header lines, by default `old schema` and `new schema`; `color` adds ANSI colours
 * @returns {string} empty when they are equal
 */
function diffSchemas(oldSql, newSql, options) {
  checkValue('The old text', oldSql, text);
  checkValue('The new text', newSql, text);
  const names = readOptions(options, ['oldName', 'newName', 'color']);
  const { oldName = 'old schema', newName = 'new schema', color = false } = names;
  return calling(() => loadNative().diffSchemas(oldSql, newSql, oldName, newName, color));
}

/**
 * What the core makes of a database, for a plan: `inspect` asks or concludes, as `lib/database/inspect.js`
 * drives it; `statements` gives those that are left to do, by what was found; `compare` judges what a run has
 * made of a database, by what was found before and after.
 */
function coreOf(plan) {
  const { native } = plan[OWN];
  const json = JSON.stringify;
  const parsed = (f) => JSON.parse(calling(f));
  return {
    inspect: (options) => (answers) => {
      const { isRunning = false } = options;
      return parsed(() => native.inspect(migrationOptions(options), isRunning, json(answers)));
    },
    statements: (options, inspection) =>
      parsed(() => native.statements(migrationOptions(options), json(inspection))),
    compare: (before, after) => parsed(() => loadNative().outcome(json(before), json(after))),
  };
}

/** A snapshot as JSON. One that a caller passes may be anything. */
function toJson(snapshot) {
  try {
    return JSON.stringify(snapshot);
  } catch (error) {
    const [reason] = error.message.split('\n');
    throw new UpgradeError(
      'INVALID_SNAPSHOT',
      `Invalid snapshot: it is not plain data. ${reason}.`,
    );
  }
}

/** Calls into Rust, which throws the problems as JSON, and makes them one error of this realm. */
function calling(f) {
  try {
    return f();
  } catch (error) {
    throw error instanceof UpgradeError ? error : toUpgradeError(error);
  }
}

function toUpgradeError({ message }) {
  // By JavaScript, of a snapshot, or by Node-API, of what comes back.
  if (/^Invalid string length$|napi `?string`?$/.test(message)) {
    return new UpgradeError(
      'TOO_LONG',
      'This is longer than a string of Node can be, which is half a gigabyte. Please report how many lists and relationships the project has.',
    );
  }
  let problems;
  try {
    problems = JSON.parse(message);
  } catch (_) {
    return new UpgradeError(
      'INTERNAL',
      `This is a bug in keystone-upgrade-relationships: ${message}`,
    );
  }
  return new UpgradeError(problems[0].code, problems.map((it) => it.message).join('\n'), problems);
}

module.exports = { UpgradePlan, coreOf, diffSchemas, planUpgrade };
