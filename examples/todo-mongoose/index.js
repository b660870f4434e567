'use strict';

const { MongooseAdapter } = require('@keystonejs/adapter-mongoose');
const { Relationship, Text } = require('@keystonejs/fields');
const { Keystone } = require('@keystonejs/keystone');

const keystone = new Keystone({
  adapter: new MongooseAdapter({
    mongoUri: process.env.DATABASE_URL || 'mongodb://localhost/todo',
  }),
  cookieSecret: process.env.COOKIE_SECRET || 'an example, not a secret',
});

keystone.createList('Todo', {
  fields: {
    name: { type: Text },
    // One-sided, to one: nothing changes.
    author: { type: Relationship, ref: 'User' },
    // One-sided, to many.
    reviewers: { type: Relationship, ref: 'User', many: true },
    // Two-sided, one to one.
    leadAuthor: { type: Relationship, ref: 'User.leadPost' },
    // Two-sided, one to many.
    publisher: { type: Relationship, ref: 'User.published' },
    // Two-sided, many to many.
    readers: { type: Relationship, ref: 'User.readPosts', many: true },
  },
});

keystone.createList('User', {
  fields: {
    name: { type: Text },
    leadPost: { type: Relationship, ref: 'Todo.leadAuthor' },
    published: { type: Relationship, ref: 'Todo.publisher', many: true },
    readPosts: { type: Relationship, ref: 'Todo.readers', many: true },
  },
});

module.exports = { keystone, apps: [] };
