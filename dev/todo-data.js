'use strict';

// Data for the two examples whose lists are those of Keystone's guide, written by the old Keystone.

/**
 * Writes two users and two todos by the old Keystone's own API, which writes both sides.
 *
 * @param {object} session of `keystone-process.js`, connected
 */
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

/** The id of the one item of that name. */
async function idOf(session, query, name) {
  const found = await session.query(`{ ${query}(where: { name: "${name}" }) { id } }`);
  return Object.values(found)[0][0].id;
}

/**
 * Adds a user as the seeds of many projects do: `createItems` writes only the side that the seed names.
 *
 * @param {object} session as for `fill`
 */
async function seedOneSide(session) {
  const id = await idOf(session, 'allTodos', 'Rest');
  await session.createItems({ User: [{ name: 'Cleo', readPosts: [{ where: { id } }] }] });
}

/** Removes what `seedOneSide` has added. */
async function removeSeed(session) {
  const id = await idOf(session, 'allUsers', 'Cleo');
  await session.query(`mutation { deleteUser(id: "${id}") { id } }`);
}

module.exports = { fill, seedOneSide, removeSeed };
