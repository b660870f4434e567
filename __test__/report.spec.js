'use strict';

// Reports, by the API and by the command, and their pages in a real browser.

/* global document, getComputedStyle -- what runs within the page */

const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const { HtmlValidate } = require('html-validate');
const { planUpgrade, snapshot } = require('..');
const { launchBrowser } = require('../dev/browser');
const { newKeystone, oldKeystone } = require('../dev/keystones');
const { makeProject, makeScenarioProject, removeProjects, run } = require('../dev/project');
const { buildKeystone, loadScenario } = require('../dev/scenario');

const MODULES = newKeystone();
const ADAPTERS = ['knex', 'mongoose'];

const planOf = (scenario, adapter) =>
  planUpgrade(buildKeystone(scenario, { modules: MODULES, adapter }), { resolveFrom: [MODULES] });

/** What a page says, without its markup. */
const textOf = (page) =>
  page.replace(/<[^>]*>/g, '').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));

/** What a check of the guide's database on PostgreSQL finds, with one relationship that disagrees. */
function inspectionOf(plan, changes) {
  const place = (name, owner, schema, isKept, links) => ({ name, owner, schema, isKept, links });
  const related = (relationship, kind, places, disagreement = null) => ({
    relationship,
    name: plan.relationships[relationship].name,
    kind,
    state: 'old',
    places,
    disagreement,
  });
  return {
    version: 1,
    adapter: 'knex',
    engine: 'postgresql',
    schemaName: 'public',
    steps: [],
    direction: 'up',
    reconcile: false,
    database: { name: 'todo', user: 'me', version: '15.1', host: 'db.example.com', port: 5432 },
    state: 'old',
    isDone: false,
    isReady: true,
    relationships: [
      related(1, 'one-sided-many-to-many', [place('Todo_reviewers', 'left', 'old', true, 7)]),
      related(
        2,
        'two-sided-one-to-one',
        [
          place('Todo.leadAuthor', 'left', 'both', true, 3),
          place('User.leadPost', 'right', 'old', false, 2),
        ],
        changes.disagreement,
      ),
    ],
    locks: [
      { name: 'Todo', bytes: 49152 },
      { name: 'User', bytes: 8388608 },
    ],
    copies: [],
    drops: ['User.leadPost'],
    problems: [],
    warnings: [],
    ...changes.check,
  };
}

/** A project with so many relationships of all kinds as the largest public one has. */
function largeScenario(relationships) {
  const keys = Array.from({ length: 33 }, (_, at) => `CustomerOrderPosition${at}`);
  const lists = Object.fromEntries(keys.map((key) => [key, { fields: {} }]));
  for (let n = 0; n < relationships; n += 1) {
    const [left, right] = [keys[n % 33], keys[(n + 1 + Math.floor(n / 33)) % 33]];
    const many = { left: [1, 4].includes(n % 5), right: [3, 4].includes(n % 5) };
    const isTwoSided = n % 5 > 1;
    lists[left].fields[`toOthers${n}`] = {
      type: 'Relationship',
      ref: isTwoSided ? `${right}.fromOthers${n}` : right,
      many: many.left,
    };
    if (isTwoSided) {
      const ref = `${left}.toOthers${n}`;
      lists[right].fields[`fromOthers${n}`] = { type: 'Relationship', ref, many: many.right };
    }
  }
  return { lists };
}

afterAll(removeProjects);

describe('plan.report', () => {
  test.each(ADAPTERS)('shows every relationship, its statements and the diff (%s)', (adapter) => {
    const plan = planOf(loadScenario('guide'), adapter);
    for (const format of ['html', 'md']) {
      const report = plan.report({ format });
      const plain = format === 'html' ? textOf(report) : report;
      for (const { name } of plan.relationships) expect(plain).toContain(name);
      expect(plain).toContain('4 of 5 relationships change.');
      const [line] = plan.diff().split('\n').slice(-2);
      expect(plain).toContain(line);
    }
  });

  test('has the very statements of the migration', () => {
    const plan = planOf(loadScenario('guide'), 'knex');
    for (const options of [{}, { direction: 'down' }, { reconcile: true }]) {
      const report = plan.report({ format: 'md', ...options });
      for (const { sql } of plan.statements(options)) expect(report).toContain(sql);
    }
  });

  test('goes the way back', () => {
    const report = planOf(loadScenario('guide'), 'knex').report({
      format: 'md',
      direction: 'down',
    });
    expect(report).toContain('from the new schema to the old schema');
    expect(report).toContain('- column created: `User.leadPost`');
    expect(report).toContain('filled from `Todo.leadAuthor`');
    expect(report).toContain('+++ old schema');
  });

  test('says what a check has found', () => {
    const plan = planOf(loadScenario('guide'), 'knex');
    const ready = plan.report({ format: 'md', inspection: inspectionOf(plan, {}) });
    expect(ready).toContain('**Ready.** The database todo is in the old schema.');
    expect(ready).toContain('`User` (8192 kB), `Todo` (48 kB)');
    expect(ready).toContain('`pg_dump --host=db.example.com --port=5432 --username=me');
    expect(ready).toContain(
      '`Todo_reviewers`: join table with `Todo_id` and `User_id`, **renamed**, 7 links',
    );

    const message = 'Todo.leadAuthor -> User.leadPost: the two stored sides disagree.';
    const inspection = inspectionOf(plan, {
      disagreement: { onlyKept: 2, onlyDropped: 1, examples: '(1, 2)' },
      check: { isReady: false, problems: [{ code: 'DISAGREEMENT', message, relationship: 2 }] },
    });
    const page = plan.report({ format: 'html', inspection });
    expect(page).toContain('Not ready: 1 problem');
    expect(page).toContain('<strong class="alarm">sides disagree</strong>');
    expect(page).toMatch(/leadAuthor<\/code> alone has 2 links, .*leadPost<\/code> alone 1\./);
  });

  test('says what a migration has done', () => {
    const plan = planOf(loadScenario('guide'), 'knex');
    const [, , { name }] = plan.relationships;
    const moved = { relationship: 2, name, before: 3, after: 4, explanation: 'repaired' };
    const inspection = {
      isApplied: true,
      check: inspectionOf(plan, {}),
      relationships: [moved],
      notices: [],
    };
    const report = plan.report({ format: 'md', inspection });
    expect(report).toContain('**Done and verified.**');
    expect(report).toContain('3 links before, 4 after: repaired.');
    expect(report).not.toContain('Take a backup first');
  });

  test('has all adapters of a project, or one', () => {
    // Keystone 19 has one adapter.
    const modules = oldKeystone();
    const keystone = buildKeystone(loadScenario('two-adapters'), { modules });
    const plan = planUpgrade(keystone, { resolveFrom: [modules] });
    const names = plan.adapters.map(({ name }) => name);
    const all = plan.report({ format: 'md' });
    for (const name of names) expect(all).toContain(`# Adapter \`${name}\``);
    const one = plan.report({ format: 'md', adapter: names[0] });
    expect(one).not.toContain('# Adapter');
    expect(() => plan.report({ format: 'md', adapter: 'none' })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ADAPTER' }),
    );
  });

  test('refuses what it cannot show', () => {
    const plan = planOf(loadScenario('guide'), 'knex');
    for (const options of [undefined, { format: 'pdf' }, { format: 'md', inspection: {} }]) {
      expect(() => plan.report(options)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    }
  });

  test('says what is wrong with an inspection that is not of this project', () => {
    const plan = planOf(loadScenario('guide'), 'knex');
    const { isDone, ...cut } = inspectionOf(plan, {});
    expect(isDone).toBe(false);
    const name = 'Post.tags';
    for (const [inspection, reason] of [
      [{ ...cut, database: {} }, 'it must be what check or apply has returned'],
      [cut, 'missing field `isDone`'],
      [{ ...cut, isDone, engine: 'mongodb', indexes: {} }, 'the adapter knex is on PostgreSQL'],
      [{ ...cut, isDone, relationships: [{ ...cut.relationships[0], name }] }, `has no ${name}`],
    ]) {
      expect(() => plan.report({ format: 'md', inspection })).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTION',
          message: expect.stringContaining(reason),
        }),
      );
    }
  });
});

describe('--report', () => {
  let project;
  beforeAll(() => {
    project = makeScenarioProject(loadScenario('guide'), 'knex');
  });
  const read = (name) => fs.readFileSync(path.join(project, name), 'utf8');

  test('writes a page beside the summary', async () => {
    const { code, stdout, stderr } = await run(project, ['--report', 'plan.html']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: (await run(project)).stdout });
    expect(stderr).toContain(`Wrote ${path.join(project, 'plan.html')}`);
    expect(read('plan.html')).toMatch(/^<!DOCTYPE html>\n[^]*<\/html>\n$/);
  });

  test('writes Markdown beside a script, in the direction of that', async () => {
    const { code, stdout } = await run(project, ['--rollback', '--report', 'plan.md']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^-- keystone/);
    expect(read('plan.md')).toContain('from the new schema to the old schema');
  });

  test('says which files it writes', async () => {
    const { code, stdout, stderr } = await run(project, ['--report', 'plan.pdf']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('--report takes a file that ends in .html or .md: plan.pdf');
    const inFile = await run(project, ['--report', 'index.js/plan.md']);
    expect(inFile).toMatchObject({ code: 1, stdout: '' });
    expect(inFile.stderr).toContain('Cannot write --report');
    expect(await run(project, ['--report', 'new/plan.md'])).toMatchObject({ code: 0 });
    expect(fs.readFileSync(path.join(project, 'new/plan.md'), 'utf8')).toContain('Todo.author');
  });
});

describe('the page', () => {
  let browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const EVIL = '<img src=x onerror="document.title=\'run\'">';

  /** Reports with what is hard to show, by name. */
  const pages = {
    'the guide': () => planOf(loadScenario('guide'), 'knex').report({ format: 'html' }),
    'the guide on MongoDB': () =>
      planOf(loadScenario('guide'), 'mongoose').report({ format: 'html' }),
    'the guide, disagreeing': () => {
      const plan = planOf(loadScenario('guide'), 'knex');
      const message = `${'a-very-long-word-'.repeat(40)} ${EVIL}`;
      const inspection = inspectionOf(plan, {
        disagreement: { onlyKept: 2, onlyDropped: 1, examples: `(${'x'.repeat(300)}, ${EVIL})` },
        check: { isReady: false, problems: [{ code: 'DISAGREEMENT', message, relationship: 2 }] },
      });
      return plan.report({ format: 'html', inspection });
    },
    'long names': () => planOf(loadScenario('long-names'), 'knex').report({ format: 'html' }),
    '118 relationships': () => planOf(largeScenario(118), 'knex').report({ format: 'html' }),
    'names that are HTML': () => {
      const keystone = buildKeystone(loadScenario('guide'), {
        modules: MODULES,
        adapter: 'mongoose',
      });
      const project = snapshot(keystone, { resolveFrom: [MODULES] });
      project.consolidated = undefined;
      for (const list of project.lists) list.collection = EVIL + list.collection;
      return planUpgrade(project).report({ format: 'html' });
    },
  };

  const open = async (name, options) => {
    const folder = makeProject({ 'report.html': pages[name]() });
    const page = await browser.newPage(options);
    const messages = [];
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) messages.push(request.url());
    });
    await page.goto(pathToFileURL(path.join(folder, 'report.html')).href);
    return { page, messages };
  };

  /** The elements whose content is wider than they are. */
  const overflowing = () =>
    [...document.querySelectorAll('body, body *')]
      .filter((it) => it.clientWidth > 0 && it.scrollWidth > it.clientWidth)
      .map((it) => `${it.tagName}.${it.className}: ${it.textContent.slice(0, 60)}`);

  test.each(Object.keys(pages))(
    '%s: nothing overflows, narrow and wide, light and dark',
    async (name) => {
      for (const [width, colorScheme] of [
        [1280, 'light'],
        [360, 'dark'],
      ]) {
        const viewport = { width, height: 900 };
        const { page, messages } = await open(name, { viewport, colorScheme });
        await page.evaluate(() => {
          document.querySelectorAll('details').forEach((it) => (it.open = true));
        });
        expect(await page.evaluate(overflowing)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        expect(await page.title()).toBe('Relationships: from the old schema to the new schema');
        expect(await page.evaluate(() => document.images.length)).toBe(0);
        expect(messages).toEqual([]);
        await page.close();
      }
    },
  );

  test.each(Object.keys(pages))('%s: valid HTML', async (name) => {
    const validator = new HtmlValidate({
      extends: ['html-validate:standard', 'html-validate:a11y'],
    });
    const { results } = await validator.validateString(pages[name]());
    expect(results.flatMap(({ messages }) => messages)).toEqual([]);
  });

  test('118 relationships take less than 2 MB', () => {
    expect(pages['118 relationships']().length).toBeLessThan(2e6);
    expect(pages['118 relationships']().match(/<article/g)).toHaveLength(118);
  });

  test('every link of the contents leads to a relationship', async () => {
    const { page } = await open('118 relationships');
    const missing = await page.evaluate(() =>
      [...document.querySelectorAll('nav a')].filter(({ hash }) => !document.querySelector(hash)),
    );
    expect(missing).toEqual([]);
    expect(await page.evaluate(() => document.querySelectorAll('nav a').length)).toBe(119);
    await page.close();
  });

  test('is dark where the reader wants it so', async () => {
    const paper = async (colorScheme) => {
      const { page } = await open('the guide', { colorScheme });
      const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.close();
      return color;
    };
    expect(await paper('light')).not.toBe(await paper('dark'));
  });

  test('prints the statements that are folded on the screen', async () => {
    const { page } = await open('the guide');
    const isShown = () =>
      page.evaluate(() => document.querySelector('details:not([open]) pre').checkVisibility());
    expect(await isShown()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await isShown()).toBe(true);
    await page.close();
  });
});
