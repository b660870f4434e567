'use strict';

// docs/relationship-kinds.md is the tool's own output on the five cases of Keystone's guide.
// `UPDATE_EXPECT=1` writes it anew.

const fs = require('fs');
const path = require('path');
const { planUpgrade } = require('..');
const { newKeystone } = require('../dev/keystones');
const { buildKeystone } = require('../dev/scenario');

const FILE = path.join(__dirname, '..', 'docs', 'relationship-kinds.md');

const field = (ref, many) => ({ type: 'Relationship', ref, many });

/** The guide's five cases: the relationship fields of User, which is defined first, and of Post. */
const CASES = [
  ['One-sided: one to many', {}, { author: field('User', false) }],
  ['One-sided: many to many', {}, { authors: field('User', true) }],
  [
    'Two-sided: one to one',
    { post: field('Post.author', false) },
    { author: field('User.post', false) },
  ],
  [
    'Two-sided: one to many',
    { posts: field('Post.author', true) },
    { author: field('User.posts', false) },
  ],
  [
    'Two-sided: many to many',
    { posts: field('Post.authors', true) },
    { authors: field('User.posts', true) },
  ],
];

const INTRODUCTION = `# The five kinds of relationships

What this tool prints for each kind, on PostgreSQL and on MongoDB. The cases are those of Keystone's
guide. Where that names tables by the order of definition, Keystone itself orders the two sides by
\`localeCompare\` of their list keys: \`Post\` comes before \`User\`, although \`User\` is defined first.
`;

const text = { type: 'Text' };

function planOn(adapter, user, post) {
  const scenario = {
    lists: {
      User: { fields: { name: text, ...user } },
      Post: { fields: { title: text, content: text, ...post } },
    },
  };
  const modules = newKeystone();
  return planUpgrade(buildKeystone(scenario, { modules, adapter }), { resolveFrom: [modules] });
}

const block = (language, code) => `\`\`\`${language}\n${code}\`\`\`\n`;

const config = (list, fields) =>
  Object.entries(fields).map(
    ([name, { ref, many }]) =>
      `${list}.${name}: { type: Relationship, ref: '${ref}', many: ${many} }\n`,
  );

function section([title, user, post]) {
  const [sql, mongo] = ['knex', 'mongoose'].map((adapter) => planOn(adapter, user, post));
  const diff = (plan) => (plan.diff() ? block('diff', plan.diff()) : 'No changes.\n');
  return [
    `## ${title}\n`,
    block('js', [...config('User', user), ...config('Post', post)].join('')),
    '### PostgreSQL\n',
    block('text', sql.summary()),
    'Before:\n',
    block('sql', sql.schema('old')),
    'What changes:\n',
    diff(sql),
    '### MongoDB\n',
    block('text', mongo.summary()),
    'What changes:\n',
    diff(mongo),
  ].join('\n');
}

test('docs/relationship-kinds.md is what the tool prints', () => {
  const expected = [INTRODUCTION, ...CASES.map(section)].join('\n');
  if (process.env.UPDATE_EXPECT === '1') {
    fs.mkdirSync(path.dirname(FILE), { recursive: true });
    fs.writeFileSync(FILE, expected);
  }
  expect(fs.readFileSync(FILE, 'utf8')).toBe(expected);
});

test('Keystone orders sides by their list keys, and not by definition as its early guide has it', () => {
  const [, , , , [, user, post]] = CASES;
  const schema = planOn('knex', user, post).schema('new');
  expect(schema).toContain('create table "Post_authors_User_posts"');
  expect(schema).not.toContain('User_posts_Post_authors');
});
