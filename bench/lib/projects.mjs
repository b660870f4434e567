// Projects to measure with, as lists of a scenario.
import { newKeystone } from '../../dev/keystones.js';
import scenarios from '../../dev/scenario.js';

const one = (ref) => ({ type: 'Relationship', ref });
const many = (ref) => ({ ...one(ref), many: true });

/** The fields of a list that are no relationships, in a project as it would really be. */
const ORDINARY = {
  name: { type: 'Text' },
  slug: { type: 'Text', isUnique: true },
  summary: { type: 'Text' },
  body: { type: 'Text' },
  email: { type: 'Text', isIndexed: true },
  position: { type: 'Integer' },
  price: { type: 'Float' },
  isPublic: { type: 'Checkbox' },
  publishedOn: { type: 'CalendarDay' },
  publishedAt: { type: 'DateTime' },
};

/**
 * A project of the size of the largest public one: 33 lists with ten ordinary fields each, and 118
 * relationship fields of all five kinds.
 *
 * @returns {object} the lists as a scenario has them
 */
export function large() {
  const COUNT = 33;
  const key = (at) => `Section${String((at + COUNT) % COUNT).padStart(2, '0')}`;
  const sides = [
    [one, one],
    [one, many],
    [many, many],
  ];
  const hasPair = (at) => (at + COUNT) % COUNT < 26;
  const list = (at) => ({
    ...ORDINARY,
    owner: one(key(at + 1)),
    tags: many(key(at + 2)),
    ...(hasPair(at) && { next: sides[at % 3][0](`${key(at + 1)}.previous`) }),
    ...(hasPair(at - 1) && {
      previous: sides[((at + COUNT - 1) % COUNT) % 3][1](`${key(at - 1)}.next`),
    }),
  });
  const lists = Array.from({ length: COUNT }, (_, at) => [key(at), { fields: list(at) }]);
  return Object.fromEntries(lists);
}

/** Relationships for each list of a ring. */
export const RELATIONSHIPS = 5;

/**
 * Lists in a ring, where each is related to the next in all five kinds: nine fields a list.
 *
 * @param {number} count of lists
 * @returns {object} the lists as a scenario has them
 */
export function ring(count) {
  const key = (at) => `List${String((at + count) % count).padStart(5, '0')}`;
  const list = (next, previous) => ({
    fields: {
      name: { type: 'Text' },
      author: one(next),
      reviewers: many(next),
      leadAuthor: one(`${next}.leadPost`),
      publisher: one(`${next}.published`),
      readers: many(`${next}.readPosts`),
      leadPost: one(`${previous}.leadAuthor`),
      published: many(`${previous}.publisher`),
      readPosts: many(`${previous}.readers`),
    },
  });
  const keys = Array.from({ length: count }, (_, at) => key(at));
  return Object.fromEntries(keys.map((own, at) => [own, list(key(at + 1), key(at - 1))]));
}

/**
 * @param {number} count of lists
 * @param {'knex' | 'mongoose'} adapter
 * @returns {object} a real Keystone with them, never connected
 */
export function ringKeystone(count, adapter) {
  return scenarios.buildKeystone({ lists: ring(count) }, { modules: newKeystone(), adapter });
}
