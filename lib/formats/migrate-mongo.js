'use strict';

/** The code that is the same in each file: how it runs here, and what the mongosh script runs as well. */
const FILES = [
  'migrate-mongo-file.js',
  '../database/mongodb/vocabulary.js',
  '../database/mongodb/runner.js',
];

/** A migration file for migrate-mongo, and for what else takes the same functions. */
module.exports = {
  engine: 'mongodb',
  tool: 'migrate-mongo',
  empty: 'has none of the collections',
  fileName: (timestamp) => `${timestamp}-arcade-relationships`,
  config: 'migrate-mongo-config',
  configOption: '--file',
  command: ['npx', 'migrate-mongo', 'up'],

  code(plan, options) {
    const [up, down] = ['up', 'down'].map((direction) =>
      plan.statements({ ...options, direction }),
    );
    const isShared = (name) => text(up[name]) === text(down[name]);
    const shared = properties(up, isShared).join(',\n  ');
    const way = (name, own) => {
      const more = properties(own, (it) => !isShared(it)).join(', ');
      return `const ${name} = (db) => run({ ...MIGRATION, ${more} }, db);`;
    };
    return [
      { code: `${way('up', up)}\n\n${way('down', down)}` },
      { code: `const MIGRATION = {\n  ${shared},\n};` },
      ...FILES.map((file) => ({ file })),
    ];
  },
};

/** Some properties of an object, as literals. */
function properties(object, isWanted) {
  return Object.keys(object)
    .filter(isWanted)
    .map(
      (name) => `${name}: ${name === 'relationships' ? list(object[name]) : text(object[name])}`,
    );
}

/** Relationships, with a line for each property. */
function list(relationships) {
  const items = relationships.map(
    (it) => `    {\n      ${properties(it, () => true).join(',\n      ')},\n    },\n`,
  );
  return `[\n${items.join('')}  ]`;
}

/** Plain data on one line. */
function text(value) {
  return JSON.stringify(value, null, 1).replace(/\n */g, ' ');
}
