// A copy of the checkout in which faults are made. It is kept, so that what is built there stays warm.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ESLint } from 'eslint';
import { cargoEnv, hostTarget } from './cargo.mjs';
import faults from './faults.js';
import { bin, root, run } from './run.mjs';

const { specFile } = faults;

/** What is not copied: it is linked, built anew or nobody's business. */
const LEFT_OUT = ['.git', 'node_modules', 'target', 'in-use'];

const isLeftOut = (name) => LEFT_OUT.includes(name) || name.endsWith('.node');

/** Faults that only show in a stored text do not count as noticed. */
const WITHOUT_STORED_TEXT = { INSTA_FORCE_PASS: '1', INSTA_UPDATE: 'no', STORED_TEXT: 'ignore' };

/** What cargo has made of this package itself. */
const OWN_BUILD = /^(incremental|(lib)?keystone.upgrade.relationships.*)$/;

/** How long a test may take with a fault, in milliseconds. */
const PATIENCE = 3 * 60 * 1000;

/** What JavaScript that no longer holds together breaks. */
const LINT = { rules: { 'no-undef': 'error' } };

/** A copy of this checkout. */
export class FaultCopy {
  #folder;
  #changed;
  #isBuilt = false;
  #cargoEnv;

  /** @param {number} lane tells the copies of this checkout apart */
  constructor(lane) {
    const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
    const name = createHash('sha256').update(root).digest('hex').slice(0, 12);
    const all = path.join(cache, 'keystone-upgrade-relationships', 'faults');
    this.#folder = path.join(all, lane ? `${name}-${lane}` : name);
  }

  /** Makes the copy the same as the checkout. */
  async prepare() {
    fs.mkdirSync(this.#folder, { recursive: true });
    this.#take();
    synchronize(root, this.#folder);
    const modules = path.join(this.#folder, 'node_modules');
    if (!fs.existsSync(modules))
      fs.symlinkSync(path.join(root, 'node_modules'), modules, 'junction');
    this.#cargoEnv = { ...(await cargoEnv()), CARGO_TARGET_DIR: this.#target };
    if (!fs.existsSync(this.#target)) await this.#takePackages();
  }

  get #target() {
    return path.join(this.#folder, 'target');
  }

  /** The first copy begins with what the checkout has built of other packages. */
  async #takePackages() {
    const others = { filter: (file) => !OWN_BUILD.test(path.basename(file)) };
    const options = { recursive: true, preserveTimestamps: true, ...others };
    for (const folder of ['debug', path.join(await hostTarget(), 'debug')]) {
      const built = path.join(root, 'target', folder);
      if (fs.existsSync(built)) fs.cpSync(built, path.join(this.#target, folder), options);
    }
  }

  /** Two runs in one copy would see each other's faults. */
  #take() {
    const file = path.join(this.#folder, 'in-use');
    const holder = fs.existsSync(file) && Number(fs.readFileSync(file, 'utf8'));
    if (holder && holder !== process.pid && isAlive(holder)) {
      throw new Error(`the process ${holder} makes faults in ${this.#folder} already`);
    }
    fs.writeFileSync(file, String(process.pid));
    process.once('exit', () => fs.rmSync(file, { force: true }));
  }

  /** The tests in Rust do without the addon. */
  async #build() {
    if (this.#isBuilt) return;
    const args = ['build', '--platform', '--no-js', '--dts', 'binding.d.ts'];
    await run(bin('napi'), args, { cwd: this.#folder, env: this.#cargoEnv });
    this.#isBuilt = true;
  }

  /**
   * Puts one fault into the copy, and takes the last one out.
   *
   * @param {import('./faults.js').Fault} [fault] none, to have the product as it is
   * @throws {Error} when the copy with the fault in it does not hold together
   */
  async make(fault) {
    const files = new Set([this.#changed, fault?.file].filter(Boolean));
    for (const file of files) {
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      const isIt = file === fault?.file;
      // A function, because `$` means something in a text.
      const changed = isIt ? text.replace(fault.search, () => fault.replace) : text;
      fs.writeFileSync(path.join(this.#folder, file), changed);
    }
    this.#changed = fault?.file;
    if ([...files].some((file) => isInAddon(file))) this.#isBuilt = false;
    if (fault && isScript(fault.file)) await lint(this.#folder, fault.file);
  }

  /**
   * Runs tests in the copy.
   *
   * @param {string} spec as in a fault
   * @param {string[]} names tests to run, by parts of their names; all when empty
   * @returns {Promise<{ passed: string[], failed: string[] }>} their full names
   * @throws {Error} when they cannot be built or run at all
   */
  async test(spec, names) {
    return spec === 'cargo' ? this.#cargo(names) : this.#jest(spec, names);
  }

  async #jest(spec, names) {
    await this.#build();
    const outputFile = path.join(this.#target, 'jest.json');
    fs.rmSync(outputFile, { force: true });
    const pattern = names.length ? [`--testNamePattern=${names.map(escape).join('|')}`] : [];
    const report = ['--ci', '--json', `--outputFile=${outputFile}`];
    // With a fault, something may be waited for that never comes, also at the end.
    const patience = this.#changed ? [`--testTimeout=${PATIENCE}`, '--forceExit'] : [];
    const args = [specFile(spec), ...report, ...patience, ...pattern];
    const output = await this.#run(bin('jest'), args);
    if (!fs.existsSync(outputFile)) throw Object.assign(new Error('jest did not run'), { output });
    const results = JSON.parse(fs.readFileSync(outputFile, 'utf8'));
    if (results.numRuntimeErrorTestSuites > 0) {
      throw Object.assign(new Error(`${specFile(spec)} cannot be run`), { output });
    }
    const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults);
    const of = (wanted) =>
      tests.filter(({ status }) => status === wanted).map(({ fullName }) => fullName);
    return { passed: of('passed'), failed: of('failed'), output };
  }

  async #cargo(names) {
    const output = await this.#run('cargo', ['test', '--', ...names]);
    if (!/^test result: /m.test(output)) {
      throw Object.assign(new Error('the tests in Rust cannot be built'), { output });
    }
    const of = (wanted) =>
      [...output.matchAll(/^test (\S+).* \.\.\. (\w+)$/gm)]
        .filter(([, , result]) => result === wanted)
        .map(([, name]) => name);
    return { passed: of('ok'), failed: of('FAILED'), output };
  }

  /** All that a command prints, whether it succeeds or not. */
  #run(command, args) {
    const env = { ...WITHOUT_STORED_TEXT, ...this.#cargoEnv };
    return run(command, args, { cwd: this.#folder, env }).catch((error) => {
      if (error.output === undefined) throw error;
      return error.output;
    });
  }
}

/** Makes one folder the same as another, and leaves what is the same alone: cargo goes by dates. */
function synchronize(from, to) {
  fs.mkdirSync(to, { recursive: true });
  const wanted = new Set(fs.readdirSync(from).filter((name) => !isLeftOut(name)));
  for (const name of fs.readdirSync(to)) {
    if (!wanted.has(name) && !isLeftOut(name)) fs.rmSync(path.join(to, name), { recursive: true });
  }
  for (const name of wanted) {
    const [source, copy] = [path.join(from, name), path.join(to, name)];
    const stat = fs.statSync(source);
    if (stat.isDirectory()) {
      synchronize(source, copy);
    } else if (!fs.existsSync(copy) || !fs.readFileSync(copy).equals(fs.readFileSync(source))) {
      fs.writeFileSync(copy, fs.readFileSync(source), { mode: stat.mode });
    }
  }
}

const rust = sources(path.join(root, 'src'));

/** Whether a file is a part of the addon: Rust, or embedded in it. */
export function isInAddon(file) {
  return !isScript(file) || rust.some((text) => text.includes(`/${file}"`));
}

/** The texts of all Rust files below a folder. */
function sources(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
}

/** A name that is not there fails any test at all, which proves nothing. */
async function lint(folder, file) {
  const eslint = new ESLint({ cwd: root, overrideConfig: LINT, ruleFilter: isAboutNames });
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  const [{ messages }] = await eslint.lintText(text, { filePath: path.join(root, file) });
  const broken = messages.filter(({ severity }) => severity === 2);
  if (broken.length) throw new Error(broken.map(({ message }) => message).join('; '));
}

const isScript = (file) => /\.m?js$/.test(file);

const isAboutNames = ({ ruleId }) => ruleId === 'no-undef';

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const escape = (text) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
