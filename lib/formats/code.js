'use strict';

const fs = require('fs');
const path = require('path');

/** What makes a module of code with functions `up` and `down`, by the extension of its file. */
const MODULES = {
  js: commonJs,
  cjs: commonJs,
  mjs: esModule,
  ts: (parts) => `// @ts-nocheck\n${esModule(parts)}`,
};

function commonJs(parts) {
  const code = parts.map(({ code, file }) => code || codeOf(file));
  return `${["'use strict';", ...code.map(trim)].join('\n\n')}\n\nexports.up = up;\nexports.down = down;\n`;
}

/** An ES module has no `require`: it imports what our own code loads. */
function esModule(parts) {
  const names = new Set();
  const imported = (_, name) => {
    names.add(name);
    return name;
  };
  const code = parts.map(
    ({ code, file }) => code || codeOf(file).replace(/\brequire\('(\w+)'\)/g, imported),
  );
  const imports = Array.from(names, (name) => `import * as ${name} from '${name}';`);
  return `${[...imports, ...code.map(trim)].join('\n\n')}\n\nexport { up, down };\n`;
}

const trim = (text) => text.trim();

/**
 * A module that has functions `up` and `down`, for a file with an extension: lines of comments to begin
 * with, then parts, each `{ code }` or the `{ file }` of this package that has it.
 */
function moduleOf(extension, head, parts) {
  return `${head}\n${MODULES[extension](parts)}`;
}

/** The code of one of our modules, by its path from here, without what makes it a module. */
function codeOf(file) {
  const text = fs.readFileSync(path.join(__dirname, file), 'utf8');
  return text.slice(text.indexOf('/**'), text.indexOf('\nmodule.exports'));
}

/** A template literal, which holds a text as it is, lines and all, after an empty line. */
function templateLiteral(text) {
  // It would read a carriage return as a line feed.
  return `\`\n${text.replace(/[\\`]|\$(?=\{)/g, '\\$&').replace(/\r/g, '\\r')}\``;
}

module.exports = { EXTENSIONS: Object.keys(MODULES), moduleOf, templateLiteral };
