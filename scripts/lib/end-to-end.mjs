// The whole way on a real PostgreSQL: a project of the old Keystone with data, our migration, the new
// Keystone on the same data, and back.
import keystoneProcess from '../../__test__/support/keystone-process.js';
import postgres from '../../__test__/support/postgres.js';
import scenarios from '../../__test__/support/scenario.js';

const TODOS = `{
  allTodos(orderBy: "name_ASC") {
    name
    author { name } reviewers { name } leadAuthor { name } publisher { name } readers { name }
  }
}`;

const USERS = `{
  allUsers(orderBy: "name_ASC") { name leadPost { name } published { name } readPosts { name } }
}`;

const DATABASE = 'todo';

/** What a query reads, one line an item. */
async function read(session, query) {
  const [items] = Object.values(await session.query(query));
  return items.map((item) => {
    const fields = Object.entries(item).map(([path, value]) => {
      const names = [value ?? []].flat().map((it) => it.name ?? it);
      return `${path}: ${names.sort().join(', ') || '–'}`;
    });
    return `  ${fields.join(' · ')}`;
  });
}

const readAll = async (session) => [
  ...(await read(session, TODOS)),
  ...(await read(session, USERS)),
];

/** The old Keystone's data, by its own API, which writes both sides. */
async function fill(session) {
  const create = async (mutation) =>
    Object.values(await session.query(`mutation { ${mutation} }`))[0].id;
  const [ada, bob] = [
    await create('createUser(data: { name: "Ada" }) { id }'),
    await create('createUser(data: { name: "Bob" }) { id }'),
  ];
  const one = (id) => `{ connect: { id: "${id}" } }`;
  const many = (...ids) => `{ connect: [${ids.map((id) => `{ id: "${id}" }`)}] }`;
  await create(`createTodo(data: { name: "Migrate", author: ${one(ada)}, reviewers: ${many(ada, bob)},
    leadAuthor: ${one(bob)}, publisher: ${one(ada)}, readers: ${many(ada, bob)} }) { id }`);
  await create(`createTodo(data: { name: "Rest", author: ${one(bob)}, leadAuthor: ${one(ada)},
    publisher: ${one(ada)}, readers: ${many(bob)} }) { id }`);
}

/**
 * Shows it, and fails where what is shown is not as promised.
 *
 * @param {object} show
 * @param {(text: string) => void} show.heading prints a heading
 * @param {(heading: string, flags: string[], options: object) => Promise<void>} show.command runs the
 *   command in a project with the same lists, and fails when it ends with another exit code
 * @throws {Error} when a step does not do what it must
 */
export async function endToEnd({ heading, command }) {
  const scenario = scenarios.loadScenario('guide');
  const server = await postgres.startPostgres(postgres.postgresVersions().at(-1));
  const keystones = ['old', 'new'].map((name) => keystoneProcess.startKeystone(name));
  const [old, current] = keystones;
  const print = (lines) => console.log([lines].flat().join('\n'));
  try {
    await server.createDatabase(DATABASE);
    const before = await old.open(scenario, server.url(DATABASE));
    await before.createSchema();
    await fill(before);
    const data = await readAll(before);
    heading('A project with data, as the old Keystone (7.1.0) reads it');
    print(data);

    const env = { DATABASE_URL: server.url(DATABASE) };
    const expectSame = (reader, lines) => {
      if (lines.join() !== data.join()) throw new Error(`${reader} reads\n${lines.join('\n')}`);
      print(`${reader} reads the same.`);
    };

    const [{ id }] = await server.query(DATABASE, `SELECT id FROM "Todo" WHERE name = 'Rest'`);
    await before.createItems({ User: [{ name: 'Cleo', readPosts: [{ where: { id } }] }] });
    await command(
      'A seed through createItems writes only one side: the check finds it',
      ['--check'],
      {
        env,
        exitCode: 2,
      },
    );
    await server.query(DATABASE, `DELETE FROM "User" WHERE name = 'Cleo'`);

    await command('Without that seed it is ready', ['--check'], { env });
    await command('The migration', ['--apply', '--yes'], { env });
    const after = await current.open(scenario, server.url(DATABASE));
    expectSame('The new Keystone (19.3.4)', await readAll(after));
    await command('Once more', ['--apply', '--yes'], { env });

    await command('The way back', ['--rollback', '--apply', '--yes'], { env });
    expectSame('The old Keystone', await readAll(before));
    await Promise.all([before.close(), after.close()]);
  } finally {
    await Promise.all(keystones.map((keystone) => keystone.stop()));
    await server.stop();
  }
}
