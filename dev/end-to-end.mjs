// The whole way on a real database: a project of the old Keystone with data, our migration, the new
// Keystone on the same data, and back.
import keystoneProcess from './keystone-process.js';
import mongodb from './mongodb.js';
import postgres from './postgres.js';
import scenarios from './scenario.js';

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

/** How each adapter of Keystone gets a server, and an old database on it. */
const ADAPTERS = {
  knex: {
    start: () => postgres.startPostgres(postgres.postgresVersions().at(-1)),
    async create(server, old) {
      await server.createDatabase(DATABASE);
      const session = await old();
      await session.createSchema();
      return session;
    },
  },
  mongoose: { start: () => mongodb.startMongodb(), create: (_, old) => old() },
};

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
 * @param {'knex' | 'mongoose'} adapter
 * @param {object} show
 * @param {(text: string) => void} show.heading prints a heading
 * @param {(heading: string, flags: string[], options: object) => Promise<void>} show.command runs the
 *   command in a project with the same lists, and fails when it ends with another exit code
 * @throws {Error} when a step does not do what it must
 */
export async function endToEnd(adapter, { heading, command }) {
  const scenario = scenarios.loadScenario('guide');
  const { start, create } = ADAPTERS[adapter];
  const server = await start();
  const [old, current] = ['old', 'new'].map((name) => keystoneProcess.startKeystone(name, adapter));
  const print = (lines) => console.log([lines].flat().join('\n'));
  try {
    const url = server.url(DATABASE);
    const before = await create(server, () => old.open(scenario, url));
    await fill(before);
    const data = await readAll(before);
    heading('A project with data, as the old Keystone (7.1.0) reads it');
    print(data);

    const env = { DATABASE_URL: url };
    const expectSame = (reader, lines) => {
      if (lines.join() !== data.join()) throw new Error(`${reader} reads\n${lines.join('\n')}`);
      print(`${reader} reads the same.`);
    };

    const idOf = async (query, name) =>
      Object.values(await before.query(`{ ${query}(where: { name: "${name}" }) { id } }`))[0][0].id;
    const id = await idOf('allTodos', 'Rest');
    await before.createItems({ User: [{ name: 'Cleo', readPosts: [{ where: { id } }] }] });
    const oneSided = 'A seed through createItems writes only one side: the check finds it';
    await command(oneSided, ['--check'], { env, exitCode: 2 });
    await before.query(`mutation { deleteUser(id: "${await idOf('allUsers', 'Cleo')}") { id } }`);

    await command('Without that seed it is ready', ['--check'], { env });
    await command('The migration', ['--apply', '--yes'], { env });
    const after = await current.open(scenario, url);
    expectSame('The new Keystone (19.3.4)', await readAll(after));
    await command('Once more', ['--apply', '--yes'], { env });

    await after.close();
    await command('The way back', ['--rollback', '--apply', '--yes'], { env });
    expectSame('The old Keystone', await readAll(before));
    await before.close();
  } finally {
    await Promise.all([old, current].map((keystone) => keystone.stop()));
    await server.stop();
  }
}
