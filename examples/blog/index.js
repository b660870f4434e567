'use strict';

const { KnexAdapter } = require('@keystonejs/adapter-knex');
const {
  CalendarDay,
  Checkbox,
  DateTimeUtc,
  Password,
  Relationship,
  Select,
  Slug,
  Text,
} = require('@keystonejs/fields');
const { Keystone } = require('@keystonejs/keystone');

const keystone = new Keystone({
  adapter: new KnexAdapter({
    knexOptions: { connection: process.env.DATABASE_URL || 'postgres://localhost/blog' },
  }),
  cookieSecret: process.env.COOKIE_SECRET || 'an example, not a secret',
});

keystone.createList('User', {
  fields: {
    name: { type: Text, isRequired: true },
    email: { type: Text, isUnique: true },
    password: { type: Password },
    isAdmin: { type: Checkbox },
    birthday: { type: CalendarDay },
    posts: { type: Relationship, ref: 'Post.author', many: true },
    comments: { type: Relationship, ref: 'Comment.author', many: true },
    bookmarks: { type: Relationship, ref: 'Post', many: true },
    // The post shown first on the author's page.
    pinnedPost: { type: Relationship, ref: 'Post.pinnedBy' },
  },
  labelResolver: (user) => `${user.name} <${user.email}>`,
});

keystone.createList('Category', {
  fields: {
    name: { type: Text, isRequired: true },
    slug: { type: Slug, from: 'name' },
    posts: { type: Relationship, ref: 'Post.categories', many: true },
  },
});

keystone.createList('Post', {
  fields: {
    title: { type: Text, isRequired: true },
    slug: { type: Slug, from: 'title' },
    status: { type: Select, options: 'draft, published, archived', defaultValue: 'draft' },
    body: { type: Text, isMultiline: true },
    posted: { type: DateTimeUtc },
    author: { type: Relationship, ref: 'User.posts', isRequired: true },
    categories: { type: Relationship, ref: 'Category.posts', many: true },
    comments: { type: Relationship, ref: 'Comment.post', many: true },
    pinnedBy: { type: Relationship, ref: 'User.pinnedPost' },
    editedBy: { type: Relationship, ref: 'User' },
  },
});

keystone.createList('Comment', {
  fields: {
    body: { type: Text, isMultiline: true },
    posted: { type: DateTimeUtc },
    post: { type: Relationship, ref: 'Post.comments' },
    author: { type: Relationship, ref: 'User.comments' },
    likedBy: { type: Relationship, ref: 'User', many: true },
  },
  labelResolver: (comment) => comment.body,
});

module.exports = { keystone, apps: [] };
