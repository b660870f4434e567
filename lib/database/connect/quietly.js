'use strict';

const { hideSecrets } = require('../../secrets');

/** What the knex adapter prints when it cannot connect. It holds parts of the address. */
const PRINTED = [/^Could not connect to database: /, /^If this is the first time/, /^createdb /];

/**
 * Connects without the lines that the adapter prints about a failure (its error says more), and without
 * the address in Node's warning of an invalid URL.
 */
async function quietly(connect) {
  const { error, warn } = console;
  const { emitWarning } = process;
  const filtered = (print) =>
    function (...args) {
      if (!PRINTED.some((pattern) => pattern.test(args[0]))) print.apply(this, args);
    };
  Object.assign(console, { error: filtered(error), warn: filtered(warn) });
  process.emitWarning = (warning, ...rest) => {
    const shown = typeof warning === 'string' ? hideSecrets(warning) : warning;
    emitWarning.call(process, shown, ...rest);
  };
  try {
    return await connect();
  } finally {
    Object.assign(console, { error, warn });
    process.emitWarning = emitWarning;
  }
}

module.exports = { quietly };
