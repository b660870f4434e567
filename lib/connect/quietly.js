'use strict';

/** What the knex adapter prints when it cannot connect: parts of the connection string among it. */
const PRINTED = [/^Could not connect to database: /, /^If this is the first time/, /^createdb /];

/**
 * Connects without what the adapter prints about a failure, which is told better by its error.
 *
 * @template T
 * @param {() => Promise<T>} connect
 * @returns {Promise<T>}
 */
async function quietly(connect) {
  const { error, warn } = console;
  const filtered = (print) =>
    function (...args) {
      if (!PRINTED.some((pattern) => pattern.test(args[0]))) print.apply(this, args);
    };
  Object.assign(console, { error: filtered(error), warn: filtered(warn) });
  try {
    return await connect();
  } finally {
    Object.assign(console, { error, warn });
  }
}

module.exports = { quietly };
