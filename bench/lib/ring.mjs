// Projects of any size: lists in a ring, where each is related to the next in all five kinds. A list
// has nine fields, and there are five relationships for each list.
import { newKeystone } from '../../dev/keystones.js';
import scenarios from '../../dev/scenario.js';

/** Relationships for each list of a ring. */
export const RELATIONSHIPS = 5;

/**
 * @param {number} count of lists
 * @returns {object} the lists as a scenario has them
 */
export function ring(count) {
  const key = (at) => `List${String((at + count) % count).padStart(5, '0')}`;
  const one = (ref) => ({ type: 'Relationship', ref });
  const many = (ref) => ({ ...one(ref), many: true });
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
