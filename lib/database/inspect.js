'use strict';

/**
 * Finds out what a database holds: asks the questions of the core until it has enough answers.
 *
 * @param {(answers: object) => { questions?: object[], inspection?: object }} core - the core, for
 *   one adapter of one plan
 * @param {(question: object) => Promise<any>} ask - puts a question to the database
 * @param {(done: number, total: number) => void} [onAnswer] - gets the number of answers so far, and of
 *   the questions that are known
 * @returns {Promise<object>} the inspection
 */
async function inspect(core, ask, onAnswer = () => {}) {
  const answers = {};
  for (let done = 0; ;) {
    const { questions, inspection } = core(answers);
    if (inspection) return inspection;
    const total = done + questions.length;
    for (const question of questions) {
      answers[question.key] = await ask(question);
      onAnswer((done += 1), total);
    }
  }
}

module.exports = { inspect };
