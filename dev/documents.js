'use strict';

// What the documents show: blocks of code, and the examples that their commands run in.
//
// - ```console: commands after `$ `, each with what it prints. A test runs them, in the order of the
//   document, in a project of their own.
// - ```js that begins with `// <name>`: a file of that project, for the commands after it.
// - ```sh: commands that cannot be run by a test. Their options are checked.
// - `<!-- example: <name> -->`: from here on it is a new project with a new database: see
//   `document-examples.js`.

const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');

/** Every document of the repository that shows commands, in order of name. */
function documentNames() {
  const docs = fs.readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`);
  const examples = fs.readdirSync(path.join(root, 'examples'));
  return [
    'README.md',
    'CONTRIBUTING.md',
    ...docs.filter((name) => name.endsWith('.md')).sort(),
    ...examples.map((name) => `examples/${name}/README.md`),
  ];
}

/**
 * @param {string} name a path in the repository
 * @returns {string} the text of a document
 */
const readDocument = (name) => fs.readFileSync(path.join(root, name), 'utf8');

/**
 * @param {string} name a path in the repository
 * @param {string} text
 */
const writeDocument = (name, text) => fs.writeFileSync(path.join(root, name), text);

const PART = /^<!-- example: (?<example>.+?) -->$|^ *```(?<language>\w*)\n(?<code>[^]*?)^ *```$/gm;

/**
 * The parts of a document that have to do with commands, in order.
 *
 * @param {string} text
 * @returns {Array<{ kind: string, text: string, at: number, line: number }>} `kind`: `example`, whose
 *   text is its name, or the language of a block, whose text is its code; `at`: where the text begins
 */
function partsOf(text) {
  return [...text.matchAll(PART)].map((match) => {
    const { example, language, code } = match.groups;
    const content = example ?? code;
    const at = match.index + match[0].indexOf(content, example ? 0 : match[0].indexOf('\n'));
    const line = text.slice(0, at).split('\n').length;
    return { kind: example ? 'example' : language, text: content, at, line };
  });
}

/**
 * @param {string} code of a ```console block
 * @returns {Array<{ command: string, output: string }>} its commands in order
 */
function commandsOf(code) {
  return code
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      // A backslash goes on in the next line, as in a shell.
      const [command] = /^(?:.*\\\n)*.*\n/.exec(text);
      return { command: command.trimEnd(), output: text.slice(command.length) };
    });
}

/** The name of the file that a ```js block is. */
const fileOf = (code) => /^\/\/ (\S+\.[cm]?[jt]s)\n/.exec(code)?.[1];

/** The calls of this command in lines of shell, each with its arguments, however it is called. */
function callsOf(code) {
  const lines = code.replace(/\\\n/g, ' ').split('\n');
  return lines
    .map((line) => line.replace(/ #.*/, ''))
    .flatMap((line) => line.split(/&&|\|\||[|;`<>]|\$\(|\)/))
    .map((part) =>
      /\b(?:keystone-upgrade-relationships|keystone (?:-- )?upgrade-relationships)( .*)?$/.exec(
        part,
      ),
    )
    .filter((match) => match && !/^\s*(?:\S*npm|yarn|pnpm) (?:install|add)\b/.test(match.input))
    .map(([, rest = '']) => words(rest));
}

/** The words of a part of a line of shell; a closing quote may belong to what is around it. */
function words(text) {
  const found = [...text.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/g)];
  return found.map(([, double, single, bare]) => double ?? single ?? bare);
}

module.exports = {
  documentNames,
  readDocument,
  writeDocument,
  partsOf,
  commandsOf,
  fileOf,
  callsOf,
};
