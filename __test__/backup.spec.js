'use strict';

// The lines that back up a database and restore it, as a shell reads them.

const { spawnSync } = require('child_process');
const { backupCommands } = require('../lib/backup');
const { toolAddress } = require('../lib/database/connect/address');

/** The words that a shell makes of a line, the first of which is the program. */
function words(line) {
  const [program] = line.split(' ');
  const script = `${program}() { printf '%s\\0' ${program} "$@"; }\n${line}`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\0').slice(0, -1);
}

const backupOf = (inspection) => backupCommands(inspection).backup;
const restoreOf = (inspection) => backupCommands(inspection).restore.map(words);

const NAMES = [
  'blog',
  'my blog',
  "it's",
  '$(id)',
  '`id`',
  'a;b',
  'a"b',
  'a&b|c',
  '-x',
  'ü',
  '*',
  '~',
];

test.each(NAMES)('MongoDB: the database %j', (name) => {
  const database = {
    host: 'db.example',
    port: 27018,
    user: `u ${name}`,
    authSource: 'admin',
    name,
  };
  expect(words(backupOf({ engine: 'mongodb', database }))).toEqual([
    'mongodump',
    '--host=db.example',
    '--port=27018',
    `--username=u ${name}`,
    '--authenticationDatabase=admin',
    `--db=${name}`,
    `--out=${name}-dump`,
  ]);
});

describe('MongoDB: an address that needs more than a host and a port', () => {
  const SRV = 'mongodb+srv://me:se%40cret@cluster.example.net/blog?retryWrites=true&w=majority';
  const SET =
    'mongodb://me:secret@a:1,b:2/blog?replicaSet=rs&authSource=admin&tlsCertificateKeyFilePassword=secret';

  test.each([
    [SRV, {}, 'mongodb+srv://me@cluster.example.net/', '?authSource=admin'],
    [SET, {}, 'mongodb://me@a:1,b:2/', '?replicaSet=rs&authSource=admin'],
    ['mongodb://a:1/blog?tls=true', {}, 'mongodb://a:1/', '?tls=true&authSource=admin'],
    ['mongodb://a:1/blog', { ssl: true }, 'mongodb://a:1/', '?ssl=true&authSource=admin'],
  ])('%s', (address, settings, head, query) => {
    const uri = toolAddress(address, settings);
    const database = { name: 'blog', uri, authSource: 'admin', host: 'a', port: 1, user: 'me' };
    const inspection = { engine: 'mongodb', database };
    const at = `--uri=${head}${query}`;
    const backup = ['mongodump', at, '--db=blog', '--out=blog-dump'];
    expect(words(backupOf(inspection))).toEqual(backup);
    expect(restoreOf(inspection)).toEqual([
      ['mongosh', `${head}blog${query}`, '--eval', 'db.dropDatabase()'],
      ['mongorestore', at, '--db=blog', 'blog-dump/blog'],
    ]);
  });

  test.each(['mongodb://me:secret@a:1/blog?authSource=admin', 'mongodb://me:a@b@c/blog'])(
    '%s does not, or cannot be read',
    (address) => expect(toolAddress(address, {})).toBe(undefined),
  );
});

test('MongoDB: what is not known is left out', () => {
  expect(words(backupOf({ engine: 'mongodb', database: { name: 'blog' } }))).toEqual([
    'mongodump',
    '--db=blog',
    '--out=blog-dump',
  ]);
});

const CONNECTION_STRINGS = {
  '-x': "dbname='-x'",
  "a='b'": "dbname='a=\\'b\\''",
  'postgres://x': "dbname='postgres://x'",
};

test.each([...NAMES, "a='b'", 'postgres://x'])('PostgreSQL: the database %j', (name) => {
  const database = { host: 'db.example', port: 5433, user: `u ${name}`, name };
  expect(words(backupOf({ engine: 'postgresql', database }))).toEqual([
    'pg_dump',
    '--host=db.example',
    '--port=5433',
    `--username=u ${name}`,
    '--format=custom',
    `--file=${name}.dump`,
    // pg_dump would read these as something else.
    CONNECTION_STRINGS[name] ?? name,
  ]);
});

test.each(NAMES)('PostgreSQL: the database %j is made anew and restored', (name) => {
  const database = { host: 'db.example', port: 5433, user: 'me', name };
  const at = ['--host=db.example', '--port=5433', '--username=me'];
  expect(restoreOf({ engine: 'postgresql', database })).toEqual([
    ['dropdb', ...at, '--', name],
    ['createdb', ...at, '--', name],
    ['pg_restore', ...at, `--dbname=${CONNECTION_STRINGS[name] ?? name}`, `${name}.dump`],
  ]);
});

test.each(NAMES)('MongoDB: the database %j is dropped and restored', (name) => {
  const database = { host: 'db.example', port: 27018, user: 'me', authSource: 'admin', name };
  const at = ['--host=db.example', '--port=27018', '--username=me'];
  at.push('--authenticationDatabase=admin');
  expect(restoreOf({ engine: 'mongodb', database })).toEqual([
    ['mongosh', ...at, name, '--eval', 'db.dropDatabase()'],
    ['mongorestore', ...at, `--db=${name}`, `${name}-dump/${name}`],
  ]);
});
