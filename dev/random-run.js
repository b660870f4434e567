'use strict';

// Random projects through the oracle, for the tests and for `npm run test:random`.

const mongodb = require('./mongodb-oracle');
const postgres = require('./postgres-oracle');
const { randomMongoProject, randomProject, smaller } = require('./random-project');

const ENGINES = {
  mongodb: { ...mongodb, project: randomMongoProject },
  postgres: { ...postgres, project: randomProject },
};

/** How long a failing project is made smaller, in milliseconds. */
const SHRINKING = 60_000;

/**
 * @param {number} [otherwise] by default another one each time
 * @returns {number} the seed of the first project: `SEED`, else `otherwise`
 */
function firstSeed(otherwise = Date.now() % 1_000_000_000) {
  return process.env.SEED ? Number(process.env.SEED) : otherwise;
}

/**
 * Takes the project of a seed through the oracle.
 *
 * @param {'mongodb' | 'postgres'} engine
 * @param {number} seed
 * @param {{ server: object, keystones: object }} tools as for `prove` of that engine
 * @returns {Promise<object>} what `prove` returns
 * @throws {Error} with the seed, the lists and what is left of them when they are made smaller
 */
async function proveRandom(engine, seed, tools) {
  const { prove, project: makeProject } = ENGINES[engine];
  const project = makeProject(seed);
  const run = (candidate) => prove(candidate, { ...tools, seed, canBeEmpty: true });
  try {
    return await run(project);
  } catch (error) {
    const shrunk = await shrink(project, error, run);
    const lists = JSON.stringify(shrunk.project, null, 2);
    throw new Error(
      `Seed ${seed}: ${error.message}\n\nThe project: ${JSON.stringify(project)}\n\nMade smaller: ${lists}\n\n${shrunk.error.message}`,
      { cause: error },
    );
  }
}

/** Leaves out what can be left out while it fails in the same manner. */
async function shrink(project, error, run) {
  const until = Date.now() + SHRINKING;
  const manner = ({ message }) => message.slice(0, 20);
  let smallest = { project, error };
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of smaller(smallest.project)) {
      if (Date.now() > until) return smallest;
      const found = await run(candidate).then(
        () => undefined,
        (reason) => reason,
      );
      if (!found || manner(found) !== manner(error)) continue;
      smallest = { project: candidate, error: found };
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

module.exports = { firstSeed, proveRandom };
