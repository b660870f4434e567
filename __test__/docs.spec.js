'use strict';

// What the documents show is what the commands print. docs/relationship-kinds.md is the tool's own output
// on the five cases of Keystone's guide. `UPDATE_EXPECT=1` writes the outputs anew.

const fs = require('fs');
const path = require('path');
const { planUpgrade } = require('..');
const { Examples } = require('../dev/document-examples');
const documents = require('../dev/documents');
const { newKeystone } = require('../dev/keystones');
const { settle } = require('../dev/postgres-data-model');
const { removeProjects } = require('../dev/project');
const { buildKeystone } = require('../dev/scenario');
const { parseArguments } = require('../lib/cli/arguments');
const { spec: OPTIONS } = require('../lib/cli/command');

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

/** The hunks of Keystone's guide; its first has one empty line more, which only its "before" ends with. */
const HUNKS = [
  [
    'One-sided: many to many',
    `@@ -13,18 +13,18 @@
 	title text,
 	content text
 );
-create table "Post_authors"
+create table "Post_authors_many"
 (
-	"Post_id" integer not null
-		constraint post_authors_post_id_foreign
+	"Post_left_id" integer not null
+		constraint post_authors_many_post_left_id_foreign
 			references "Post"
 				on delete cascade,
-	"User_id" integer not null
-		constraint post_authors_user_id_foreign
+	"User_right_id" integer not null
+		constraint post_authors_many_user_right_id_foreign
 			references "User"
 				on delete cascade
 );
-create index post_authors_post_id_index
-	on "Post_authors" ("Post_id");
-create index post_authors_user_id_index
-	on "Post_authors" ("User_id");
+create index post_authors_many_post_left_id_index
+	on "Post_authors_many" ("Post_left_id");
+create index post_authors_many_user_right_id_index
+	on "Post_authors_many" ("User_right_id");
`,
  ],
  [
    'Two-sided: one to many',
    `@@ -18,18 +18,3 @@
 );
 create index post_author_index
 	on "Post" (author);
-create table "User_posts"
-(
-	"User_id" integer not null
-		constraint user_posts_user_id_foreign
-			references "User"
-				on delete cascade,
-	"Post_id" integer not null
-		constraint user_posts_post_id_foreign
-			references "Post"
-				on delete cascade
-);
-create index user_posts_user_id_index
-	on "User_posts" ("User_id");
-create index user_posts_post_id_index
-	on "User_posts" ("Post_id");
`,
  ],
];

test.each(HUNKS)('the diff of %s is that of the guide', (title, hunk) => {
  const [, user, post] = CASES.find((it) => it[0] === title);
  expect(planOn('knex', user, post).diff()).toBe(`--- old schema\n+++ new schema\n${hunk}`);
});

test('Keystone orders sides by their list keys, and not by definition as its early guide has it', () => {
  const [, , , , [, user, post]] = CASES;
  const schema = planOn('knex', user, post).schema('new');
  expect(schema).toContain('create table "Post_authors_User_posts"');
  expect(schema).not.toContain('User_posts_Post_authors');
});

test('docs/how-it-works.md has the folders that there are, and no others', () => {
  const text = documents.readDocument('docs/how-it-works.md');
  const root = path.join(__dirname, '..');
  const named = [...text.matchAll(/\b(?:src|lib|dev|__test__)\/[\w./-]*/g)].map(([name]) => name);
  expect(named.filter((name) => !fs.existsSync(path.join(root, name)))).toEqual([]);
  const folders = ['src', 'lib'].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${folder}/${name}`),
  );
  const has = (folder) =>
    named.some((name) => name === `${folder}.rs` || `${name}/`.startsWith(`${folder}/`));
  expect(folders.filter((folder) => !has(folder))).toEqual([]);
});

test('every export of index.d.ts is explained', () => {
  const lines = documents.readDocument('index.d.ts').split('\n');
  const isOverload = (line) => /^export function (\w+)/.exec(line)?.[1];
  const bare = lines.filter(
    (line, at) =>
      line.startsWith('export ') &&
      lines[at - 1].trim() !== '*/' &&
      !lines[at - 1].trim().endsWith('*/') &&
      !lines
        .slice(0, at)
        .some(
          (before) => isOverload(line) && before.startsWith(`export function ${isOverload(line)}(`),
        ),
  );
  expect(bare).toEqual([]);
});

const NAMES = documents.documentNames();

const partsOf = (name, kind) =>
  documents.partsOf(documents.readDocument(name)).filter((part) => part.kind === kind);

describe('every command in the documents', () => {
  const examples = new Examples();
  afterAll(async () => {
    await examples.stop();
    removeProjects();
  });

  /** The document with what its commands really print. */
  async function printed(text) {
    let example;
    let result = '';
    let end = 0;
    for (const part of documents.partsOf(text)) {
      const file = documents.fileOf(part.text);
      if (part.kind === 'example') example = await examples.open(part.text);
      else if (part.kind === 'js' && file) example.write(file, part.text);
      else if (part.kind === 'console') {
        result += text.slice(end, part.at);
        end = part.at + part.text.length;
        for (const { command } of documents.commandsOf(part.text)) {
          result += `$ ${command}\n${await example.run(command)}`;
        }
      }
    }
    return result + text.slice(end);
  }

  test.each(NAMES.filter((name) => partsOf(name, 'console').length))(
    'of %s prints what is shown',
    async (name) => {
      const text = documents.readDocument(name);
      const result = await printed(text);
      if (process.env.UPDATE_EXPECT === '1') documents.writeDocument(name, result);
      else expect(result).toBe(text);
    },
  );

  const callsIn = (name) =>
    [...partsOf(name, 'sh'), ...partsOf(name, 'yaml')].flatMap(({ text, line }) =>
      documents.callsOf(text).map((call) => ({ line, call })),
    );

  test.each(NAMES.filter((name) => callsIn(name).length))(
    'of %s that cannot be run here has options that exist',
    (name) => {
      for (const { line, call } of callsIn(name)) {
        const parse = () => parseArguments(call, 'keystone-upgrade-relationships');
        expect({ line, call, error: errorOf(parse) }).toEqual({ line, call, error: undefined });
      }
    },
  );
});

/** The links in a part of a picture, as `[left, right]`: `a ─ 1`, or from the other side `1 ─ a` or `1: a`. */
const linksIn = (text) =>
  [...text.matchAll(/([a-z]) ─ (\d)|(\d)(?: ─|:) ([a-z])/g)].map(
    ([, left, right, ownRight, ownLeft]) => [
      (left ?? ownLeft).charCodeAt(0),
      Number(right ?? ownRight),
    ],
  );

test('the pictures of the rules are what the rules make of them', () => {
  const sections = documents
    .readDocument('docs/disagreement.md')
    .split(/^### (?=(?:N:N|1:N|1:1)\b)/m)
    .slice(1);
  const pictures = sections.flatMap((section) =>
    [...section.matchAll(/```text\n(.*result\n[^]*?)```/g)].map(([, text]) => {
      const [head, ...rows] = text.split('\n');
      // Headings are two spaces or more apart.
      const right = /\S {2,}/.exec(head).index + /\S {2,}/.exec(head)[0].length;
      const end = head.indexOf('result');
      const part = (from, to) => linksIn(rows.map((row) => row.slice(from, to)).join('\n'));
      return {
        kind: section.slice(0, 3),
        kept: part(0, right),
        dropped: part(right, end),
        result: part(end, end + 'a ─ 1'.length),
      };
    }),
  );
  expect(pictures.length).toBe(4);
  for (const { kind, kept, dropped, result } of pictures) {
    expect(settle(kind, { kept, dropped }).links).toEqual(result);
  }
});

test('the README is read in one go', () => {
  expect(documents.readDocument('README.md').split('\n').length).toBeLessThanOrEqual(181);
});

test('the examples recommend the call that npm takes no options of', () => {
  const examples = NAMES.filter((name) => name.startsWith('examples/'));
  expect(examples.length).toBeGreaterThan(0);
  for (const name of examples) {
    const text = documents.readDocument(name);
    expect([name, text.includes('npm run --silent keystone')]).toEqual([name, false]);
    expect([name, text]).toEqual([
      name,
      expect.stringMatching(/\nnpm install\nnpx keystone-upgrade-relationships .*\n/),
    ]);
  }
});

/** Options that every command has, and those of npm, which the documents name as well. */
const OF_OTHERS = ['--help', '--version', '--silent', '--no-optional', '--omit=optional'];

test('the options that the documents name exist', () => {
  const named = NAMES.flatMap((name) =>
    [...documents.readDocument(name).matchAll(/`(--[a-z][^`]*)`/g)].map(([, option]) => option),
  );
  const unknown = named
    .filter((option) => !OF_OTHERS.includes(option))
    .flatMap((option) => option.split(' '))
    .filter((word) => word.startsWith('--') && !(word in OPTIONS));
  expect(named.length).toBeGreaterThan(50);
  expect(unknown).toEqual([]);
});

function errorOf(action) {
  try {
    action();
  } catch (error) {
    return error.message;
  }
}
