'use strict';

const { hideSecrets } = require('./secrets');

/** What the knex adapter prints when it cannot connect: parts of the connection string among it. */
const PRINTED = [/^Could not connect to database: /, /^If this is the first time/, /^createdb /];

/**
 * Connects without what the adapter prints about a failure, which is told better by its error, and
 * without the connection string in a warning of Node's that it is no good URL.
 *
 * @template T
 * @param {() => Promise<T>} connect
 * @returns {Promise<T>}
 */
async function quietly(connect) {
  const { error, warn } = console;
  const { emitWarning } = process;
  const filtered = (print) =>
    function (...args) {
      if (!PRINTED.some((pattern) => pattern.test(args[0]))) print.apply(this, args);
    };
  Object.assign(console, { error: filtered(error), warn: filtered(warn) });
  process.emitWarning = (warning, ...rest) =>
    emitWarning.call(
      process,
      typeof warning === 'string' ? hideSecrets(warning) : warning,
      ...rest,
    );
  try {
    return await connect();
  } finally {
    Object.assign(console, { error, warn });
    process.emitWarning = emitWarning;
  }
}

module.exports = { quietly };
