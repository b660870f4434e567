'use strict';

// Every scenario that both Keystones can load, on real servers: OLD makes and fills a database, the
// migration takes it to what NEW would have made, NEW reads the same, and the way back restores it.

const fs = require('fs');
const path = require('path');
const { startKeystone } = require('../dev/keystone-process');
const { prove } = require('../dev/postgres-oracle');
const { postgresVersions, startPostgres } = require('../dev/postgres');
const { generations, loadScenario, scenarioNames } = require('../dev/scenario');

const NAMES_MEET = 'names of indexes and foreign keys meet';
const KEYS_DIFFER = 'NEW cannot read a many side whose list has keys of another type';

/** What cannot be compared, by scenario: `postgres-oracle.js` says why, and how little of it is left out. */
const EXCEPTIONS = {
  'list-keys-that-differ-by-case': [NAMES_MEET],
  'long-names': [NAMES_MEET],
  'long-old-names': [NAMES_MEET],
  'mirrored-name-of-an-old-table': [NAMES_MEET],
  'names-that-differ-by-case': [NAMES_MEET],
  'uuid-keys': [KEYS_DIFFER],
};

/** Nothing is related in these, or nothing could be before. */
const WITHOUT_LINKS = ['no-relationships', 'self-many-to-many', 'self-n-n-one-sided'];

const scenarios = scenarioNames()
  .map(loadScenario)
  .filter((scenario) => Array.isArray(scenario.adapters) && scenario.adapters.includes('knex'))
  .filter((scenario) => generations(scenario).length === 2);
const isRefused = ({ folder }) => fs.existsSync(path.join(folder, 'postgresql', 'error.txt'));
const planned = scenarios.filter((scenario) => !isRefused(scenario));

/** Those that differ in kind, of which the scripts are kept as well. */
const ofEachKind = planned.filter(({ scripts }) => scripts);

const versions = postgresVersions();
const newest = versions.at(-1);

/** On an older server the same scripts run: all of them once, and one of each kind everywhere. */
const casesOf = (version) => (version === newest ? planned : ofEachKind);

describe.each(versions)('on PostgreSQL %s', (version) => {
  let tools;

  beforeAll(async () => {
    const server = await startPostgres(version);
    tools = { server, keystones: { old: startKeystone('old'), new: startKeystone('new') } };
  });

  afterAll(async () => {
    if (!tools) return;
    await Promise.all([tools.keystones.old.stop(), tools.keystones.new.stop()]);
    await tools.server.stop();
  });

  const cases = casesOf(version).map((scenario) => [scenario.name, scenario]);
  test.each(cases)('%s', async (name, scenario) => {
    const result = await prove(scenario, { ...tools, seed: 1 });
    expect(result.exceptions).toEqual(EXCEPTIONS[name] ?? []);
    expect(result.links > 0).toBe(!WITHOUT_LINKS.includes(name));
  });

  // What the oracle makes of a fault has nothing to do with the server.
  const describeOnce = version === newest ? describe : () => {};
  describeOnce('is noticed when', () => {
    const guide = loadScenario('guide');
    const cutOut = (script, pattern) => {
      const cut = script.replace(pattern, '');
      if (cut === script) throw new Error(`${pattern} is not in the script`);
      return cut;
    };
    const atTheEnd = (script, sql) => script.replace(/COMMIT;\s*$/, `${sql};\nCOMMIT;\n`);
    const anyRow = (table) => `ctid = (SELECT ctid FROM ${table} LIMIT 1)`;
    const readers = 'public."Todo_readers_User_readPosts"';

    test.each([
      [
        'names are left as they were',
        ({ up }) => ({
          up: cutOut(up, /-- Renaming foreign keys, indexes and NOT NULL[^]*?\nEND\s+\S+;\n/),
        }),
        'The schema after up',
      ],
      [
        'a link is lost on the way up',
        ({ up }) => ({ up: atTheEnd(up, `DELETE FROM ${readers} WHERE ${anyRow(readers)}`) }),
        'What NEW reads',
      ],
      [
        'nothing stops a second run',
        ({ up }) => ({ up, again: 'SELECT' }),
        'Up runs a second time',
      ],
      [
        'the way back leaves something',
        ({ down }) => ({ down: atTheEnd(down, 'CREATE INDEX ON public."Todo" (name)') }),
        'The schema after down',
      ],
      [
        'the way back does not fill a column',
        ({ down }) => ({ down: atTheEnd(down, 'UPDATE public."User" SET "leadPost" = NULL') }),
        'The rows after down',
      ],
    ])('%s', async (name, change, message) => {
      const tamper = (plan) => ({ ...plan, ...change(plan) });
      await expect(prove(guide, { ...tools, seed: 1, tamper })).rejects.toThrow(message);
    });
  });
});

test('every exception is one of a scenario', () => {
  const names = planned.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([...Object.keys(EXCEPTIONS), ...WITHOUT_LINKS]));
  expect(names.length).toBeGreaterThan(30);
  expect(ofEachKind.length).toBeGreaterThanOrEqual(8);
});
