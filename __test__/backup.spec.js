'use strict';

// The line that backs up a database, as a shell reads it.

const { spawnSync } = require('child_process');
const { backupCommand } = require('../lib/backup');

/** The words that a shell makes of a line, the first of which is the program. */
function words(line) {
  const [program] = line.split(' ');
  const script = `${program}() { printf '%s\\0' ${program} "$@"; }\n${line}`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\0').slice(0, -1);
}

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
  expect(words(backupCommand({ engine: 'mongodb', database }))).toEqual([
    'mongodump',
    '--host=db.example',
    '--port=27018',
    `--username=u ${name}`,
    '--authenticationDatabase=admin',
    `--db=${name}`,
    `--out=${name}-dump`,
  ]);
});

test('MongoDB: what is not known is left out', () => {
  expect(words(backupCommand({ engine: 'mongodb', database: { name: 'blog' } }))).toEqual([
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
  expect(words(backupCommand({ engine: 'postgresql', database }))).toEqual([
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
