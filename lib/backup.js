'use strict';

const { commandLine } = require('./shell');

/** A database's name as pg_dump takes it for one: it reads some as options or as connection strings. */
const dbname = (name) =>
  /^-|=|:\/\//.test(name) ? `dbname='${name.replace(/[\\']/g, '\\$&')}'` : name;

/** A path that no program reads as an option. */
const file = (path) => (path.startsWith('-') ? `./${path}` : path);

/** The options for the server and the user. PostgreSQL has no `authSource`. */
const serverOptions = ({ host, port, user, authSource }) => [
  ...(host ? [`--host=${host}`] : []),
  ...(port ? [`--port=${port}`] : []),
  ...(user ? [`--username=${user}`] : []),
  ...(authSource ? [`--authenticationDatabase=${authSource}`] : []),
];

/** Adds the database that the user belongs to, which an address without a database does not say. */
function withAuthSource({ uri, authSource }) {
  if (!uri || !authSource || uri.includes('authSource=')) return uri;
  return `${uri}${uri.endsWith('?') ? '' : '&'}authSource=${encodeURIComponent(authSource)}`;
}

/** By engine: the command that backs up a database, and those that replace the database by the backup. */
const COMMANDS = {
  postgresql: (database) => {
    const { name } = database;
    const at = serverOptions(database);
    const dump = file(`${name.replace(/\//g, '_')}.dump`);
    return {
      backup: ['pg_dump', ...at, '--format=custom', `--file=${dump}`, dbname(name)],
      restore: [
        ['dropdb', ...at, '--', name],
        ['createdb', ...at, '--', name],
        ['pg_restore', ...at, `--dbname=${dbname(name)}`, dump],
      ],
    };
  },
  mongodb: (database) => {
    const { name } = database;
    const uri = withAuthSource(database);
    const at = uri ? [`--uri=${uri}`] : serverOptions(database);
    const shell = uri ? [uri.replace('/?', `/${encodeURIComponent(name)}?`)] : [...at, name];
    // What the migration has made must not stay beside what is restored.
    return {
      backup: ['mongodump', ...at, `--db=${name}`, `--out=${name}-dump`],
      restore: [
        ['mongosh', ...shell, '--eval', 'db.dropDatabase()'],
        ['mongorestore', ...at, `--db=${name}`, file(`${name}-dump/${name}`)],
      ],
    };
  },
};

/**
 * The command that backs up an inspected database and those that restore it, as lines for a shell. They are
 * without the password and ask for it.
 */
function backupCommands({ engine, database }) {
  const { backup, restore } = COMMANDS[engine](database);
  return { backup: commandLine(backup), restore: restore.map(commandLine) };
}

module.exports = { backupCommands };
