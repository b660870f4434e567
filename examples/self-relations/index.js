'use strict';

const { KnexAdapter } = require('@keystonejs/adapter-knex');
const { Relationship, Text } = require('@keystonejs/fields');
const { Keystone } = require('@keystonejs/keystone');

const keystone = new Keystone({
  adapter: new KnexAdapter({
    knexOptions: { connection: process.env.DATABASE_URL || 'postgres://localhost/people' },
  }),
  cookieSecret: process.env.COOKIE_SECRET || 'an example, not a secret',
});

keystone.createList('Person', {
  fields: {
    name: { type: Text },
    // One-sided.
    emergencyContact: { type: Relationship, ref: 'Person' },
    colleagues: { type: Relationship, ref: 'Person', many: true },
    // Two-sided, one to one: a couple is a relationship of two fields.
    partner: { type: Relationship, ref: 'Person.partnerOf' },
    partnerOf: { type: Relationship, ref: 'Person.partner' },
    // Two-sided, one to many.
    parent: { type: Relationship, ref: 'Person.children' },
    children: { type: Relationship, ref: 'Person.parent', many: true },
    // Two-sided, many to many.
    friends: { type: Relationship, ref: 'Person.friendOf', many: true },
    friendOf: { type: Relationship, ref: 'Person.friends', many: true },
  },
});

module.exports = { keystone, apps: [] };
