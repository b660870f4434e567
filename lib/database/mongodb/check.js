'use strict';

const { inspect } = require('../inspect');
const { STATE, runCheck, serverOf } = require('./runner');
const { serverError } = require('./failure');

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
  // Where it cannot be asked, what is not allowed shows when it is tried.
  const access = () =>
    connection.command({ connectionStatus: 1, showPrivileges: true }).then(
      ({ authInfo }) => authInfo,
      () => null,
    );
  const identify = async () => {
    const { version, versionArray } = await server.buildInfo();
    const { name, user } = connection.place;
    return [
      { name, user, version, versionArray: versionArray.map(Number), access: await access() },
    ];
  };
  return async (question) => {
    if (question.server) return identify();
    if (question.unfinished) return server.all({ find: STATE, filter: { _id: 'state' } });
    if (question.check) return (await runCheck(server, question.check)) || null;
    if (question.optional) return server.all(question.optional).catch(() => []);
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
    const before = 'The database could not be read: ';
    throw serverError('CHECK_FAILED', error, { role: 'read', before });
  }
}

module.exports = { asker, checkMongodb };
