'use strict';

const fs = require('fs');
const path = require('path');

/** What makes a module of code with functions `up` and `down`, by the extension of its file. */
const MODULES = {
  js: commonJs,
  cjs: commonJs,
  mjs: esModule,
  ts: (code, imports) => `// @ts-nocheck\n${esModule(code, imports)}`,
};

function commonJs(code, imports) {
  const lines = imports.map((name) => `const ${name} = require('${name}');`);
  return `${["'use strict';", ...lines, code].join('\n\n')}\nexports.up = up;\nexports.down = down;\n`;
}

function esModule(code, imports) {
  const lines = imports.map((name) => `import * as ${name} from '${name}';`);
  return `${[...lines, code].join('\n\n')}\nexport { up, down };\n`;
}

/**
 * A module of code that has functions `up` and `down`.
 *
 * @param {'js'|'cjs'|'mjs'|'ts'} extension - of its file
 * @param {string} head - lines of comments to begin with
 * @param {string[]} imports - the modules of Node that the code uses, by their own names
 * @param {string[]} parts - the code, with an empty line between two parts
 * @returns {string}
 */
function moduleOf(extension, head, imports, parts) {
  const code = parts.map((part) => `${part.trim()}\n`).join('\n');
  return `${head}\n${MODULES[extension](code, imports)}`;
}

/**
 * The code of one of our modules, without what makes it a module.
 *
 * @param {string} file - relative to this folder
 * @returns {string}
 */
function codeOf(file) {
  const text = fs.readFileSync(path.join(__dirname, file), 'utf8');
  return text.slice(text.indexOf('/**'), text.indexOf('\nmodule.exports'));
}

/**
 * A template literal, which holds its text as it is, lines and all, after an empty line.
 *
 * @param {string} text
 * @returns {string}
 */
function templateLiteral(text) {
  // It would read a carriage return as a line feed.
  return `\`\n${text.replace(/[\\`]|\$(?=\{)/g, '\\$&').replace(/\r/g, '\\r')}\``;
}

module.exports = { EXTENSIONS: Object.keys(MODULES), codeOf, moduleOf, templateLiteral };
