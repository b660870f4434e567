'use strict';

const { hideSecrets } = require('../connect/secrets');
const { UpgradeError } = require('../error');
const { inspect } = require('../inspect');
const { STATE, runCheck, serverOf } = require('../mongodb-runner');

/**
 * Puts a question of the core to a MongoDB database.
 *
 * @param {object} connection
 * @returns {(question: object) => Promise<any>}
 */
function asker(connection) {
  const server = serverOf({
    command: (command) => connection.command(command),
    adminCommand: (command) => connection.adminCommand(command),
    database: connection.place.name,
  });
  const identify = async () => {
    const { version, versionArray } = await server.buildInfo();
    const { name, user } = connection.place;
    return [{ name, user, version, versionArray: versionArray.map(Number) }];
  };
  return async (question) => {
    if (question.server) return identify();
    if (question.unfinished) return server.all({ find: STATE, filter: { _id: 'state' } });
    if (question.check) return (await runCheck(server, question.check)) || null;
    return server.all(question.command);
  };
}

/**
 * Finds out what a MongoDB database holds.
 *
 * @param {object} connection
 * @param {(answers: object) => object} core - as for `inspect`
 * @param {(done: number) => void} onAnswer
 * @returns {Promise<object>} the inspection
 * @throws {UpgradeError} `CHECK_FAILED`
 */
async function checkMongodb(connection, core, onAnswer) {
  try {
    return await inspect(core, asker(connection), onAnswer);
  } catch (error) {
    throw new UpgradeError(
      'CHECK_FAILED',
      hideSecrets(`The database could not be read: ${error.message}`),
    );
  }
}

module.exports = { asker, checkMongodb };
