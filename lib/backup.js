'use strict';

/** What stands in a shell without quotes. */
const PLAIN = /^[\w./:@%+=,-]+$/;

const quote = (text) => (PLAIN.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);

/** A database's name as pg_dump takes it for one: it reads some as options or as connection strings. */
const dbname = (name) =>
  /^-|=|:\/\//.test(name) ? `dbname='${name.replace(/[\\']/g, '\\$&')}'` : name;

/** A path that no program reads as an option. */
const file = (path) => (path.startsWith('-') ? `./${path}` : path);

const postgres = ({ host, port, user }) => [
  ...(host ? [`--host=${host}`] : []),
  ...(port ? [`--port=${port}`] : []),
  ...(user ? [`--username=${user}`] : []),
];

const mongo = ({ authSource, ...place }) => [
  ...postgres(place),
  ...(authSource ? [`--authenticationDatabase=${authSource}`] : []),
];

/** Without a database in it, an address does not say where the user is of. */
function withAuthSource({ uri, authSource }) {
  if (!uri || !authSource || uri.includes('authSource=')) return uri;
  return `${uri}${uri.endsWith('?') ? '' : '&'}authSource=${encodeURIComponent(authSource)}`;
}

/** The command that backs up a database, and those that put it back in place of what is there then. */
const COMMANDS = {
  postgresql: (database) => {
    const { name } = database;
    const at = postgres(database);
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
    const at = uri ? [`--uri=${uri}`] : mongo(database);
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
 * The commands that back up a database and restore it, without the password: they ask for that.
 *
 * @param {{ engine: string, database: object }} inspection
 * @returns {{ backup: string, restore: string[] }} for a shell
 */
function backupCommands({ engine, database }) {
  const { backup, restore } = COMMANDS[engine](database);
  const line = (words) => words.map(quote).join(' ');
  return { backup: line(backup), restore: restore.map(line) };
}

module.exports = { backupCommands };
