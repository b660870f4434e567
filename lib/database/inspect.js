'use strict';

/**
 * Finds out what a database holds: asks the questions of the core (for one adapter of one plan) until it
 * has enough answers. `onAnswer` gets the number of answers so far, and of the questions that are known.
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
