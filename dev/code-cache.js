'use strict';

// A Keystone is 2,200 modules: to find and compile them takes longer than most of what a test does with
// it. So where each is, and what V8 has made of its code, is kept in a file beside the install. All else
// loads as it always does: the project, its hooks, and this package.

const fs = require('fs');
const Module = require('module');
const path = require('path');
const vm = require('vm');

/** Where `installs.js` puts a set. */
const INSTALL = /^.*[\\/]keystone-upgrade-relationships[\\/]\w+[\\/]\w+-[0-9a-f]{12}(?=[\\/])/;

/** The install whose file is written when the process ends. */
const WRITTEN = process.env.WRITE_CODE_CACHE;

/** Code that V8 has kept cannot import by itself. */
const IMPORT = /\bimport\s*\(/;

/** How far Node's wrapper moves the first line. */
const WRAPPER = Module.wrapper[0].length;

/** What one version of Node compiles is of no use to another. */
const fileOf = (install) => path.join(install, `code-${process.version}-${process.arch}`);

/** What is kept of one install. */
class Cache {
  /** By file, where its source and its code are in what was read. */
  #places = new Map();
  #sources = new Map();
  /** By folder and request, what is found. */
  #found = new Map();
  #scripts = new Map();
  #isWritten;
  #read;

  constructor(install) {
    this.#isWritten = install === WRITTEN;
    if (this.#isWritten) process.once('exit', () => this.#write(fileOf(install)));
    else if (fs.existsSync(fileOf(install))) this.#open(fileOf(install));
  }

  #open(file) {
    this.#read = fs.readFileSync(file);
    let at = 4 + this.#read.readUInt32LE();
    const { modules, found } = JSON.parse(this.#read.toString('utf8', 4, at));
    this.#found = new Map(found);
    for (const [name, source, code] of modules) {
      const middle = at + source;
      this.#places.set(name, { source: [at, middle], code: [middle, middle + code] });
      at = middle + code;
    }
  }

  /** Whole or not at all: other processes read it meanwhile. */
  #write(file) {
    const modules = [...this.#scripts].map(([name, { content, script }]) => {
      return { name, source: Buffer.from(content), code: script.createCachedData() };
    });
    const lengths = modules.map(({ name, source, code }) => [name, source.length, code.length]);
    const head = Buffer.from(JSON.stringify({ modules: lengths, found: [...this.#found] }));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(head.length);
    const parts = modules.flatMap(({ source, code }) => [source, code]);
    fs.writeFileSync(`${file}.${process.pid}`, Buffer.concat([size, head, ...parts]));
    fs.renameSync(`${file}.${process.pid}`, file);
  }

  /** What a folder finds by a request; `find` looks for it. */
  resolve(folder, request, find) {
    const key = `${folder}\0${request}`;
    const found = this.#found.get(key) ?? find();
    if (this.#isWritten) this.#found.set(key, found);
    return found;
  }

  source(filename) {
    const place = this.#places.get(filename);
    if (place && !this.#sources.has(filename)) {
      this.#sources.set(filename, this.#read.toString('utf8', ...place.source));
    }
    return this.#sources.get(filename);
  }

  /** The script of a module; none where its code is not kept, or a hook has changed it. */
  script(content, filename) {
    const isKept = this.#isWritten ? !IMPORT.test(content) : content === this.source(filename);
    if (!isKept) return undefined;
    const place = this.#places.get(filename);
    const script = new vm.Script(Module.wrap(content.replace(/^#!.*/, '')), {
      filename,
      columnOffset: -WRAPPER,
      cachedData: place && this.#read.subarray(...place.code),
    });
    if (this.#isWritten) this.#scripts.set(filename, { content, script });
    return script;
  }
}

const caches = new Map();

/** The cache of the install that a file is in. */
function cacheOf(file) {
  const [install] = INSTALL.exec(file) ?? [];
  if (install && !caches.has(install)) caches.set(install, new Cache(install));
  return caches.get(install);
}

/** What a module's code is called with as `require`. */
function requireOf(module) {
  const require = (request) => module.require(request);
  const resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  resolve.paths = (request) => Module._resolveLookupPaths(request, module);
  const { _cache: cache, _extensions: extensions } = Module;
  return Object.assign(require, { resolve, main: process.mainModule, cache, extensions });
}

/** From now on, modules of the installs are loaded by what is kept of them. */
function hook() {
  const { _extensions: extensions, _resolveFilename: resolveFilename } = Module;
  Module._resolveFilename = function (request, parent, isMain, options) {
    const find = () => resolveFilename.call(this, request, parent, isMain, options);
    const cache = !options && parent?.filename && cacheOf(parent.filename);
    return cache ? cache.resolve(path.dirname(parent.filename), request, find) : find();
  };

  const load = extensions['.js'];
  extensions['.js'] = function (module, filename) {
    const source = cacheOf(filename)?.source(filename);
    if (source === undefined) load.call(this, module, filename);
    else module._compile(source, filename);
  };

  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename, format) {
    const script = format === 'module' ? undefined : cacheOf(filename)?.script(content, filename);
    if (!script) return compile.call(this, content, filename, format);
    const run = script.runInThisContext();
    return run.call(this.exports, this.exports, requireOf(this), this, filename, this.path);
  };
}

/** The options of a Node that loads so. */
const PRELOAD = ['--require', path.join(__dirname, 'code-cache-preload.js')];

module.exports = { PRELOAD, fileOf, hook };
