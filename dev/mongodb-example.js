'use strict';

// Lists with one relationship of each kind that changes on MongoDB, and data for them.

const { driver } = require('./mongodb');

const relationship = (ref, many = false) => ({ type: 'Relationship', ref, many });

const LISTS = {
  lists: {
    Post: {
      fields: {
        name: { type: 'Text' },
        tags: relationship('Tag.posts', true),
        editors: relationship('User', true),
        cover: relationship('User.covered'),
        owner: relationship('User.owned'),
      },
    },
    Tag: { fields: { name: { type: 'Text' }, posts: relationship('Post.tags', true) } },
    User: {
      fields: {
        name: { type: 'Text' },
        covered: { ...relationship('Post.cover'), isIndexed: true },
        owned: relationship('Post.owner', true),
      },
    },
  },
};

/**
 * All relationships between so many posts and as many tags and users, as OLD stores them.
 *
 * @param {number} count
 * @returns {object} collections for `write` of `mongodb.js`
 */
function makeData(count) {
  const { ObjectId } = driver();
  const ids = (prefix) =>
    Array.from(
      { length: count },
      (_, at) => new ObjectId(`${prefix}${String(at).padStart(23, '0')}`),
    );
  const [posts, tags, users] = ['a', 'b', 'c'].map(ids);
  const some = (of, at) => [of[at], of[(at + 2) % count], of[(at + 1) % count]];
  const back = (of, at) => [of[at], of[(at + count - 2) % count], of[(at + count - 1) % count]];
  const indexes = [{ key: { _id: 1 }, name: '_id_' }];
  const covered = { key: { covered: 1 }, name: 'covered_1', background: true };
  return {
    posts: {
      documents: posts.map((_id, at) => ({
        ...{
          _id,
          name: `Post ${at}`,
          tags: some(tags, at),
          editors: some(users, at).reverse(),
        },
        // One is stale: it has been stolen, and is to be released.
        ...{ cover: users[at === 1 ? 0 : at], owner: users[0] },
      })),
      indexes,
    },
    tags: { documents: tags.map((_id, at) => ({ _id, posts: back(posts, at) })), indexes },
    users: {
      documents: users.map((_id, at) => ({
        ...{ _id, name: `User ${at}`, owned: at === 0 ? posts : [] },
        ...(at !== 1 && { covered: posts[at] }),
      })),
      indexes: [...indexes, covered],
    },
  };
}

/** 100,000 links: 100 users are the editors of each of 1,000 posts. */
function makeManyLinks() {
  const { ObjectId } = driver();
  const make = (count) => Array.from({ length: count }, () => new ObjectId());
  const editors = make(100);
  const indexes = [{ key: { _id: 1 }, name: '_id_' }];
  return {
    posts: { documents: make(1000).map((_id) => ({ _id, editors })), indexes },
    tags: { documents: [], indexes },
    users: { documents: editors.map((_id) => ({ _id })), indexes },
  };
}

module.exports = { LISTS, makeData, makeManyLinks };
