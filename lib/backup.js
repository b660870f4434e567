'use strict';

/** What stands in a shell without quotes. */
const PLAIN = /^[\w./:@%+=,-]+$/;

const quote = (text) => (PLAIN.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);

/** A database's name as pg_dump takes it for one: it reads some as options or as connection strings. */
const dbname = (name) =>
  /^-|=|:\/\//.test(name) ? `dbname='${name.replace(/[\\']/g, '\\$&')}'` : name;

const COMMANDS = {
  postgresql: ({ host, port, user, name }) => [
    'pg_dump',
    ...(host ? [`--host=${host}`] : []),
    ...(port ? [`--port=${port}`] : []),
    ...(user ? [`--username=${user}`] : []),
    '--format=custom',
    `--file=${name}.dump`,
    dbname(name),
  ],
  mongodb: ({ host, port, user, authSource, name }) => [
    'mongodump',
    ...(host ? [`--host=${host}`] : []),
    ...(port ? [`--port=${port}`] : []),
    ...(user ? [`--username=${user}`] : []),
    ...(authSource ? [`--authenticationDatabase=${authSource}`] : []),
    `--db=${name}`,
    `--out=${name}-dump`,
  ],
};

/**
 * The command that backs up a database, without the password: it asks for that.
 *
 * @param {{ engine: string, database: object }} inspection
 * @returns {string} for a shell
 */
function backupCommand({ engine, database }) {
  return COMMANDS[engine](database).map(quote).join(' ');
}

module.exports = { backupCommand };
