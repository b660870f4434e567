'use strict';

/**
 * Finds out what a database holds: asks what the core wants to know, until it knows enough.
 *
 * @param {(answers: object) => { questions?: object[], inspection?: object }} core - the core, for
 *   one adapter of one plan
 * @param {(question: object) => Promise<any>} ask - puts a question to the database
 * @param {(done: number) => void} [onAnswer] - told how many answers there are
 * @returns {Promise<object>} the inspection
 */
async function inspect(core, ask, onAnswer = () => {}) {
  const answers = {};
  for (let done = 0; ;) {
    const { questions, inspection } = core(answers);
    if (inspection) return inspection;
    for (const question of questions) {
      answers[question.key] = await ask(question);
      onAnswer((done += 1));
    }
  }
}

module.exports = { inspect };
