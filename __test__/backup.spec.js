'use strict';

// The lines that back up a database and restore it, as a shell reads them.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { startPostgres } = require('../dev/postgres');
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

/** Files of these names would be options, or in another folder. */
const DUMPS = { '-x': './-x.dump', 'postgres://x': 'postgres:__x.dump' };

test.each([...NAMES, "a='b'", 'postgres://x'])('PostgreSQL: the database %j', (name) => {
  const database = { host: 'db.example', port: 5433, user: `u ${name}`, name };
  expect(words(backupOf({ engine: 'postgresql', database }))).toEqual([
    'pg_dump',
    '--host=db.example',
    '--port=5433',
    `--username=u ${name}`,
    '--format=custom',
    `--file=${DUMPS[name] ?? `${name}.dump`}`,
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
    [
      'pg_restore',
      ...at,
      `--dbname=${CONNECTION_STRINGS[name] ?? name}`,
      DUMPS[name] ?? `${name}.dump`,
    ],
  ]);
});

test.each(NAMES)('MongoDB: the database %j is dropped and restored', (name) => {
  const database = { host: 'db.example', port: 27018, user: 'me', authSource: 'admin', name };
  const at = ['--host=db.example', '--port=27018', '--username=me'];
  at.push('--authenticationDatabase=admin');
  expect(restoreOf({ engine: 'mongodb', database })).toEqual([
    ['mongosh', ...at, name, '--eval', 'db.dropDatabase()'],
    ['mongorestore', ...at, `--db=${name}`, `${name === '-x' ? './' : ''}${name}-dump/${name}`],
  ]);
});

describe('PostgreSQL: run as they stand', () => {
  let server;
  let folder;

  beforeAll(async () => {
    const { stdout } = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' });
    if (!(Number(/ (\d+)/.exec(stdout)?.[1]) >= 15)) {
      throw new Error('pg_dump 15 or later is needed: apt-get install postgresql-client');
    }
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'backup-'));
    server = await startPostgres('15');
  });

  afterAll(async () => {
    await server?.stop();
    fs.rmSync(folder, { recursive: true });
  });

  test.each([...NAMES, 'a=b', 'postgres://x'])('the database %j', (name) => {
    const { hostname: host, port, username, password } = new URL(server.url('postgres'));
    const user = decodeURIComponent(username);
    const env = { ...process.env, PGPASSWORD: decodeURIComponent(password) };
    const shell = (line, more) => {
      const options = { cwd: folder, env: { ...env, ...more }, encoding: 'utf8' };
      const { status, stdout, stderr } = spawnSync('bash', ['-c', line], options);
      expect([line, status, stderr]).toEqual([line, 0, '']);
      return stdout.trim();
    };
    const there = { PGHOST: host, PGPORT: port, PGUSER: user };
    const sql = (text) => shell(`psql -qAtXc "${text}"`, { ...there, PGDATABASE: name });
    shell('createdb -- "$PGDATABASE"', { ...there, PGDATABASE: name });
    sql("CREATE TABLE kept AS SELECT 'link' AS link");
    const { backup, restore } = backupCommands({
      engine: 'postgresql',
      database: { host, port, user, name },
    });
    shell(backup);
    sql('DROP TABLE kept; CREATE TABLE made ()');
    restore.forEach((line) => shell(line));
    expect(sql('SELECT link FROM kept')).toBe('link');
    expect(sql("SELECT to_regclass('made') IS NULL")).toBe('t');
    shell('dropdb -- "$PGDATABASE"', { ...there, PGDATABASE: name });
  });
});
