'use strict';

// Every case of `__test__/scenarios` through the real Keystone, compared with its expected output.
// `UPDATE_EXPECT=1` writes that output anew; read what it changed before committing it.
//
// Plan, summary and diff are kept for every case, scripts only for those with `"scripts": true`.
// What a script has to be whatever it says (it parses, it is clean, it has the plan's statements, it
// is the same again) is tested for all of them.

const fs = require('fs');
const os = require('os');
const path = require('path');
const vm = require('vm');
const { spawnSync } = require('child_process');
const { parse, parsePlPgSQL } = require('libpg-query');
const { planUpgrade, snapshot } = require('..');
const { partsOf } = require('../lib/database/mongodb/vocabulary');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { patched } = require('../dev/patch');
const {
  buildKeystone,
  generations,
  loadScenario,
  scenarioNames,
  targets,
} = require('../dev/scenario');

const UPDATE = process.env.UPDATE_EXPECT === '1';
/** A fault made on purpose has to be noticed by what happens, not by how it is written. */
const compareText = process.env.STORED_TEXT === 'ignore' ? test.skip : test;
const MODULES = { new: newKeystone(), old: oldKeystone() };
const RESOLVE = { new: { resolveFrom: [MODULES.new] }, old: { resolveFrom: [MODULES.old] } };

/** What every script for mongosh has in common. */
const COMMON = ['vocabulary', 'runner']
  .map((name) => path.join(__dirname, `../lib/database/mongodb/${name}.js`))
  .map((file) => /\/\*\*[^]*?(?=\nmodule\.exports)/.exec(fs.readFileSync(file, 'utf8'))[0])
  .join('\n');

const clone = (value) => JSON.parse(JSON.stringify(value));
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** What the plan does not say about the lists but about the process and Keystone that loaded them. */
const ORIGIN = ['keystone', 'locale'];

/** A script or report without the versions and the locale that it was made with, and without style. */
const anytime = (script) =>
  script
    .replace(
      /^(-- |\/\/ )keystone-upgrade-relationships [\w.-]+/,
      '$1keystone-upgrade-relationships *',
    )
    .replace(
      /keystone-upgrade-relationships \d[\w.-]+( · Keystone [\w.-]+)?/g,
      'keystone-upgrade-relationships *',
    )
    .replace(/\blocale [\w-]+/g, 'locale *')
    // The stylesheet is a file of its own.
    .replace(/(<style>\n)[^]*?(<\/style>)/, '$1$2');

/** Files with a migration or a rollback. */
const IS_SCRIPT = /(^|\/)(migration|rollback|reconcile)\.(sql|js)$/;

/** Migration files of tools. */
const IS_FILE = /(^|\/)(knex|migrate-mongo)\.js$/;

/** Files with a report. */
const IS_REPORT = /(^|\/)report\.(html|md)$/;

/** Files that tell things in the order of definition, or name the first of two by it. */
const IN_ORDER = ['plan.json', 'error.txt', 'schema.diff', 'report.html', 'report.md'];

/** A mistake as text: the code and message of the error, then each problem with its place. */
function errorText({ code, message, problems }) {
  const place = ({ list, field }) => [list, field].filter(Boolean).join('.') || '-';
  const lines = problems.map((problem) => `${problem.code} ${place(problem)}: ${problem.message}`);
  return [code, message, '', ...lines, ''].join('\n');
}

/**
 * All output for a Keystone object or a snapshot.
 *
 * @param {object} project
 * @param {'new' | 'old'} generation whose packages the Keystone object is made of
 * @returns {Record<string, string>} contents by file name; `error.txt` alone when it is refused
 */
function outputs(project, generation) {
  let plan;
  try {
    plan = planUpgrade(project, RESOLVE[generation]);
  } catch (error) {
    if (!Array.isArray(error.problems)) throw error;
    return { 'error.txt': errorText(error) };
  }
  const facts = Object.entries(clone(plan.toJSON())).filter(([key]) => !ORIGIN.includes(key));
  const files = { 'summary.txt': plan.summary(), 'plan.json': json(Object.fromEntries(facts)) };
  const [only, ...others] = plan.adapters;
  if (others.length === 0) return { ...files, ...scripts(plan, only) };
  for (const adapter of plan.adapters) {
    const { name } = adapter;
    files[`${name}/summary.txt`] = plan.summary({ adapter: name });
    Object.entries(scripts(plan, adapter)).forEach(([file, text]) => {
      files[`${name}/${file}`] = text;
    });
  }
  return files;
}

/** The scripts for an adapter and the diff of its schemas, by file name. */
function scripts(plan, { name: adapter, engine }) {
  const files = { 'schema.diff': plan.diff({ adapter }) };
  for (const format of ['html', 'md']) {
    files[`report.${format}`] = anytime(plan.report({ format, adapter }));
  }
  const format = engine === 'postgresql' ? 'knex' : 'migrate-mongo';
  files[`${format}.js`] = withoutCommon(anytime(plan.migration({ adapter, format })));
  for (const [name, options] of Object.entries(SCRIPTS)) {
    const script = anytime(plan.migration({ adapter, ...options }));
    if (engine === 'postgresql') files[`${name}.sql`] = script;
    else files[`${name}.js`] = withoutCommon(script);
  }
  return files;
}

/** The scripts of a plan, by the names of their files. */
const SCRIPTS = {
  migration: {},
  reconcile: { reconcile: true },
  rollback: { direction: 'down' },
};

/** JavaScript that parses, without what is the same in all for MongoDB. */
function withoutCommon(script) {
  expect(() => new vm.Script(script)).not.toThrow();
  return script.replace(`\n${COMMON}`, '');
}

/** Expects that a script is its statements in order, and comments. */
function expectInOrder(script, statements) {
  const rest = statements.reduce((text, { sql }) => {
    const at = text.indexOf(sql);
    if (at < 0) throw new Error(`The script lacks, or has too early: ${sql}`);
    expect(text.slice(0, at)).toMatch(ONLY_COMMENTS);
    return text.slice(at + sql.length);
  }, script);
  expect(rest).toMatch(ONLY_COMMENTS);
}

const ONLY_COMMENTS = /^(;|\s|--.*\n)*$/;

/** The data that a script for mongosh holds for the runner. */
function migrationOf(script) {
  const [data] = script.split(`\n${COMMON}`);
  const migration = vm.runInNewContext(`${data}; typeof migration === 'object' && migration`);
  return migration ? clone(migration) : expect.objectContaining({ relationships: [] });
}

/** The contents of all files below a folder but `lists.json`, by name with `/`. */
function readFiles(folder, prefix = '') {
  const files = {};
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = prefix + entry.name;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) Object.assign(files, readFiles(full, `${name}/`));
    else if (entry.name !== 'lists.json') files[name] = fs.readFileSync(full, 'utf8');
  }
  return files;
}

/** Whether a file is among the expectations of a case. The guide alone has reports and files for tools. */
function isKept(file, { name, scripts = false }) {
  if (IS_REPORT.test(file) || IS_FILE.test(file)) return name === 'guide';
  if (!IS_SCRIPT.test(file)) return true;
  return scripts && (name === 'guide' || !path.basename(file).startsWith('reconcile'));
}

/** Makes the expectations below a case what was found, and nothing else. */
function writeFiles(folder, files) {
  for (const entry of fs.readdirSync(folder)) {
    if (entry !== 'lists.json') fs.rmSync(path.join(folder, entry), { recursive: true });
  }
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

/** What Keystone's own getters remember of themselves when they are read. */
const MEMOS = ['_isNotNullable'];

/**
 * The own data of everything that can be reached from an object, as lines `place: value`: two of
 * them differ when anything was added, removed or changed between.
 */
function digest(root) {
  const lines = [];
  const seen = new Map([[root, 'keystone']]);
  // A Map can be iterated over while it grows: a queue that never visits an object twice.
  for (const [object, place] of seen) {
    for (const [key, value] of entriesOf(object)) {
      const inner = `${place}.${key}`;
      if (value === null || typeof value !== 'object') {
        lines.push(`${inner}: ${typeof value} ${String(value)}`);
      } else if (seen.has(value)) {
        lines.push(`${inner}: same as ${seen.get(value)}`);
      } else {
        seen.set(value, inner);
      }
    }
  }
  return lines;
}

/** The own data properties of an object, and the contents of a Map or Set. */
function entriesOf(object) {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(object))
    .filter(([key, descriptor]) => 'value' in descriptor && !MEMOS.includes(key))
    .map(([key, descriptor]) => [key, descriptor.value]);
  const tag = Object.prototype.toString.call(object);
  const isCollection = tag === '[object Map]' || tag === '[object Set]';
  return isCollection ? [...properties, ...Object.entries([...object.entries()])] : properties;
}

/** The lines of a script but comments, in an order of their own. */
// The comma after a row of VALUES says only that another follows.
const sortedLines = (text) =>
  text
    .split('\n')
    .filter((line) => !/^(--|\/\/|$)/.test(line))
    .map((line) => line.replace(/,$/, ''))
    .sort();

describe.each(scenarioNames())('scenario %s', (name) => {
  const scenario = loadScenario(name);
  const [generation, ...otherGenerations] = generations(scenario);

  const build = (adapter, changes = {}) =>
    buildKeystone({ ...scenario, ...changes }, { modules: MODULES[generation], adapter });

  const planned = (project) => outputs(project, generation);

  compareText('has exactly the expected files', () => {
    const files = {};
    for (const { adapter, folder } of targets(scenario)) {
      for (const [file, text] of Object.entries(planned(build(adapter)))) {
        if (isKept(file, scenario)) files[path.posix.join(folder, file)] = text;
      }
    }
    if (UPDATE) writeFiles(scenario.folder, files);
    expect(readFiles(scenario.folder)).toStrictEqual(files);
  });

  describe.each(targets(scenario))('on $adapter', ({ adapter }) => {
    test('is planned from its snapshot, once and again, to the same bytes', () => {
      const keystone = build(adapter);
      const first = planned(keystone);
      expect(outputs(clone(snapshot(keystone, RESOLVE[generation])))).toStrictEqual(first);
      expect(planned(keystone)).toStrictEqual(first);
    });

    test('leaves the keystone object as it was', () => {
      const keystone = build(adapter);
      const before = digest(keystone);
      planned(keystone);
      expect(digest(keystone)).toStrictEqual(before);
    });

    test('does not depend on the order in which lists are defined', () => {
      const lists = Object.fromEntries(Object.entries(scenario.lists).reverse());
      const expected = planned(build(adapter));
      const found = planned(build(adapter, { lists }));
      expect(Object.keys(found).sort()).toStrictEqual(Object.keys(expected).sort());
      for (const file of Object.keys(expected).filter(
        (name) => !IN_ORDER.includes(path.basename(name)),
      )) {
        expect(sortedLines(found[file])).toStrictEqual(sortedLines(expected[file]));
      }
    });

    test('has the statements of its scripts, and no others', () => {
      const keystone = build(adapter);
      let plan;
      try {
        plan = planUpgrade(keystone, RESOLVE[generation]);
      } catch (error) {
        return expect(error.problems.length).toBeGreaterThan(0); // There is neither.
      }
      for (const { name, engine } of plan.adapters) {
        for (const options of Object.values(SCRIPTS)) {
          const which = { ...options, adapter: name };
          const script = plan.migration(which);
          const statements = plan.statements(which);
          if (engine === 'postgresql') expectInOrder(script, statements);
          else expect(migrationOf(script)).toEqual(statements);
        }
      }
    });

    for (const other of otherGenerations) {
      test(`gives the same bytes when the ${other} Keystone loads it`, () => {
        const keystone = buildKeystone(scenario, { modules: MODULES[other], adapter });
        expect(outputs(keystone, other)).toStrictEqual(planned(build(adapter)));
      });
    }
  });
});

describe('the migrations of the scenarios', () => {
  /** All of them for PostgreSQL, by a name for a file. */
  const sql = () => {
    const files = {};
    for (const scenario of scenarioNames().map(loadScenario)) {
      const [generation] = generations(scenario);
      for (const { adapter } of targets(scenario)) {
        const keystone = buildKeystone(scenario, { modules: MODULES[generation], adapter });
        for (const [file, text] of Object.entries(outputs(keystone, generation))) {
          const name = [scenario.name, ...file.split('/')].join('-');
          if (path.extname(file) === '.sql') files[name] = text;
        }
      }
    }
    expect(Object.keys(files).length).toBeGreaterThan(100);
    return files;
  };

  test('are clean to the linter squawk, but for the rules that they name', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'scenarios-'));
    try {
      const files = Object.entries(sql()).map(([name, text]) => {
        fs.writeFileSync(path.join(folder, name), text);
        return path.join(folder, name);
      });
      const squawk = path.join(__dirname, '..', 'node_modules', '.bin', 'squawk');
      const { status, stdout, stderr } = spawnSync(squawk, files, { encoding: 'utf8' });
      expect({ status, output: stdout + stderr }).toEqual({
        status: 0,
        output: expect.stringContaining(`0 issues in ${files.length} files`),
      });
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  test('parse as PostgreSQL', async () => {
    for (const [name, text] of Object.entries(sql())) {
      try {
        await parseAll(text);
      } catch (error) {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      }
    }
  });
});

/** Parses a script, and the bodies of its blocks. */
async function parseAll(sql) {
  const { stmts = [] } = await parse(sql);
  for (const block of stmts.map(({ stmt }) => stmt.DoStmt).filter(Boolean)) {
    const { DefElem } = block.args.find((argument) => argument.DefElem.defname === 'as');
    const quote = '$a_block_of_the_migration$';
    await parsePlPgSQL(`DO ${quote}${DefElem.arg.String.sval}${quote}`);
  }
}

test('patch makes the new schema of the old one by the diff, in all scenarios', () => {
  let changed = 0;
  for (const scenario of scenarioNames().map(loadScenario)) {
    const [generation] = generations(scenario);
    for (const target of targets(scenario)) {
      const folder = path.join(scenario.folder, target.folder);
      if (fs.existsSync(path.join(folder, 'error.txt'))) continue;
      const keystone = buildKeystone(scenario, {
        modules: MODULES[generation],
        adapter: target.adapter,
      });
      const plan = planUpgrade(keystone, RESOLVE[generation]);
      for (const { name: adapter } of plan.adapters) {
        const [before, after] = ['old', 'new'].map((which) => plan.schema(which, { adapter }));
        const diff = plan.diff({ adapter });
        expect(diff === '').toBe(before === after);
        expect(patched(before, diff)).toBe(after);
        if (diff) changed += 1;
      }
    }
  }
  expect(changed).toBeGreaterThan(50);
});

test('a script for mongosh has its statements, whatever the names are', () => {
  const keystone = buildKeystone(loadScenario('guide'), {
    modules: MODULES.new,
    adapter: 'mongoose',
  });
  const odd = 'it\'s `${db}`, "quoted"\\\n\u2028';
  const paths = { readers: '__proto__', readPosts: odd };
  const { consolidated, ...own } = snapshot(keystone, RESOLVE.new);
  expect(consolidated.length).toBeGreaterThan(0);
  const renamed = JSON.parse(JSON.stringify(own), (key, value) => {
    if (key === 'collection' && value === 'todos') return odd;
    const isNamed = ['path', 'ref', 'model'].includes(key);
    return isNamed ? value.replace(/readers|readPosts/g, (path) => paths[path]) : value;
  });
  const plan = planUpgrade(renamed);
  for (const options of [{}, { reconcile: true }, { direction: 'down' }]) {
    const found = migrationOf(plan.migration(options));
    expect(found).toEqual(plan.statements(options));
    const parts = found.relationships.map((relationship) => partsOf(found, relationship));
    const text = JSON.stringify(parts);
    for (const path of Object.values(paths)) expect(text).toContain(`${JSON.stringify(path)}:`);
    expect(text).toContain(`"aggregate":${JSON.stringify(odd)}`);
  }
});

const ODD_NAMES = [
  "x'; DROP TABLE evil; --",
  'x"; DROP TABLE evil; --',
  'x\nDROP TABLE evil; --',
  'x*/ DROP TABLE evil; --',
  'x\nevil()//',
  'x\u2028evil()//',
  'x`${evil()}`',
  "x');evil();('",
  'x\\',
  'x$$',
  '$body$',
  '%',
  '%s',
  'x\r\n? $1 :name \\` ${x}',
];

/** What the migration file of a plan for Knex sends to the server, up and down. */
async function sentByKnex(plan) {
  const sent = [];
  const exports = {};
  vm.runInNewContext(plan.migration({ format: 'knex' }), { exports });
  const connection = { on() {}, removeListener() {}, query: async (sql) => void sent.push(sql) };
  const client = { acquireConnection: async () => connection };
  const knex = { transaction: (use) => use({ client }) };
  await exports.up(knex);
  await exports.down(knex);
  return sent;
}

test.each(ODD_NAMES)('the name %j never becomes a statement', async (odd) => {
  const renamed = (adapter) => {
    const keystone = buildKeystone(loadScenario('guide'), { modules: MODULES.new, adapter });
    const { consolidated, ...own } = snapshot(keystone, RESOLVE.new);
    expect(consolidated.length).toBeGreaterThan(0);
    const named = ['key', 'path', 'ref', 'collection', 'model', 'tableName', 'name'];
    const rename = (text) => text.replace(/Todo|todos|readers/g, odd.replace(/\$/g, '$$$$'));
    return planUpgrade(
      JSON.parse(JSON.stringify(own), (key, value) =>
        named.includes(key) ? rename(value) : value,
      ),
    );
  };
  const sql = renamed('knex');
  const texts = Object.values(SCRIPTS).map((options) => sql.migration(options));
  for (const text of [...texts, sql.schema('old'), sql.schema('new')]) {
    await parseAll(text);
    const { stmts } = await parse(text);
    const dropped = stmts.map(({ stmt }) => stmt.DropStmt).filter(Boolean);
    expect(JSON.stringify(dropped)).not.toContain('"sval":"evil"');
  }

  const mongo = renamed('mongoose');
  for (const which of ['old', 'new']) {
    const calls = [];
    const call = (name) => () => calls.push(name);
    const db = {
      createCollection: call('createCollection'),
      getCollection: () => ({ createIndex: call('createIndex') }),
    };
    vm.runInNewContext(mongo.schema(which), { db, evil: call('evil') });
    expect(calls).not.toContain('evil');
    expect(calls).toContain('createCollection');
  }

  expect(await sentByKnex(sql)).toEqual(
    ['up', 'down'].map((direction) => `\n${sql.migration({ direction, transaction: false })}`),
  );
  const text = `${mongo.migration({ format: 'migrate-mongo' })}; MIGRATION`;
  const { direction: _up, server: _server, ...shared } = mongo.statements();
  expect(clone(vm.runInNewContext(text, { exports: {}, require }))).toEqual(shared);
});

test('the digest of a keystone object shows what a careless look at it would change', () => {
  const keystone = buildKeystone(loadScenario('guide'), {
    modules: MODULES.new,
    adapter: 'mongoose',
  });
  const before = digest(keystone);
  expect(before.length).toBeGreaterThan(500);
  keystone.lists.Todo.adapter.realKeys.push('author');
  keystone.lists.User.adapter.schema.add({ extra: String });
  keystone.adapter.mongoose.model('Todo', keystone.lists.Todo.adapter.schema, null, true);
  const added = digest(keystone).filter((line) => !before.includes(line));
  expect(added).toEqual(
    expect.arrayContaining([
      'keystone.lists.Todo.adapter.realKeys.0: string author',
      expect.stringMatching(/^keystone\.lists\.User\.adapter\.schema\.paths\.extra\./),
      expect.stringMatching(/^keystone\.adapter\.mongoose\.models\.Todo|modelSchemas/),
    ]),
  );
});

describe("the guide's example", () => {
  const plan = (adapter) =>
    planUpgrade(
      buildKeystone(loadScenario('guide'), { modules: MODULES.new, adapter }),
      RESOLVE.new,
    );

  test('has the summary of the guide on PostgreSQL', () => {
    expect(plan('knex').summary()).toBe(`One-sided: one to many
  Todo.author -> User
    * No action required
One-sided: many to many
  Todo.reviewers -> User
    * Rename table Todo_reviewers to Todo_reviewers_many
    * Rename column Todo_id to Todo_left_id
    * Rename column User_id to User_right_id
Two-sided: one to one
  Todo.leadAuthor -> User.leadPost
    * Delete column User.leadPost
Two-sided: one to many
  Todo.publisher -> User.published
    * Drop table User_published
Two-sided: many to many
  Todo.readers -> User.readPosts
    * Drop table User_readPosts
    * Rename table Todo_readers to Todo_readers_User_readPosts
    * Rename column Todo_id to Todo_left_id
    * Rename column User_id to User_right_id
`);
  });

  test('has the summary of the guide on MongoDB', () => {
    expect(plan('mongoose').summary()).toBe(`One-sided: one to many
  Todo.author -> User
    * No action required
One-sided: many to many
  Todo.reviewers -> User
    * Create a collection todo_reviewers_manies with fields Todo_left_id and User_right_id
    * Move the data from todos.reviewers into todo_reviewers_manies
    * Delete todos.reviewers
Two-sided: one to one
  Todo.leadAuthor -> User.leadPost
    * Delete users.leadPost
Two-sided: one to many
  Todo.publisher -> User.published
    * Delete users.published
Two-sided: many to many
  Todo.readers -> User.readPosts
    * Create a collection todo_readers_user_readposts with fields Todo_left_id and User_right_id
    * Move the data from todos.readers into todo_readers_user_readposts
    * Delete todos.readers
    * Delete users.readPosts
`);
  });

  test.each([
    'ALTER TABLE public."Todo_reviewers" RENAME TO "Todo_reviewers_many";',
    'ALTER TABLE public."Todo_reviewers_many" RENAME COLUMN "Todo_id" TO "Todo_left_id";',
    'ALTER TABLE public."Todo_reviewers_many" RENAME COLUMN "User_id" TO "User_right_id";',
    'ALTER TABLE public."User" DROP COLUMN "leadPost";',
    'DROP TABLE public."User_published";',
    'DROP TABLE public."User_readPosts";',
    'ALTER TABLE public."Todo_readers" RENAME TO "Todo_readers_User_readPosts";',
    'ALTER TABLE public."Todo_readers_User_readPosts" RENAME COLUMN "Todo_id" TO "Todo_left_id";',
    'ALTER TABLE public."Todo_readers_User_readPosts" RENAME COLUMN "User_id" TO "User_right_id";',
  ])('has the statement of the guide: %s', (statement) => {
    expect(plan('knex').migration().split('\n')).toContain(statement);
  });
});
