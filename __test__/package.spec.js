'use strict';

// What users get: the packed package and its platform package, installed by npm and by Yarn 1.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { npm } = require('../dev/installs');
const { bin, makeProject, removeProjects } = require('../dev/project');

const root = path.join(__dirname, '..');
const example = path.join(root, 'examples', 'todo-knex');
const manifest = require('../package.json');
const platforms = fs.readdirSync(path.join(root, 'npm'));
const platformManifest = (name) => require(`../npm/${name}/package.json`);

/** The platform whose addon has been built here. */
const built = platforms.find((name) => fs.existsSync(path.join(root, platformManifest(name).main)));

/** Packs a folder into another one and tells the tarball and the files in it. */
function pack(folder, into) {
  const printed = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', into], folder);
  const [{ filename, files }] = JSON.parse(printed);
  return { tarball: path.join(into, filename), files: files.map((file) => file.path).sort() };
}

/** The files below a folder of the checkout. */
const filesIn = (folder) =>
  fs
    .readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));

/** Runs a command in a project; its stdout, and all its output in the error when it fails. */
function run(cwd, command, ...args) {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout}`);
  }
}

/** What the checkout's own command prints in a project. */
const expected = (project, ...args) => run(project, process.execPath, bin.command, ...args);

let work;
let main;
let platform;

beforeAll(() => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'packed-'));
  main = pack(root, work);
  const folder = path.join(work, built);
  fs.cpSync(path.join(root, 'npm', built), folder, { recursive: true });
  const addon = platformManifest(built).main;
  fs.copyFileSync(path.join(root, addon), path.join(folder, addon));
  platform = pack(folder, work);
});

afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

describe('the tarballs', () => {
  test('the package holds what runs and what describes it, nothing else', () => {
    const described = ['CHANGELOG.md', 'LICENSE', 'README.md', 'index.d.ts', 'package.json'];
    const runs = ['index.js', ...filesIn('bin'), ...filesIn('lib')];
    expect(main.files).toEqual([...described, ...runs].sort());
  });

  test('the platform package holds its addon', () => {
    const addon = platformManifest(built).main;
    expect(platform.files).toEqual(['LICENSE', 'README.md', addon, 'package.json'].sort());
  });
});

describe.each(['npm', 'yarn'])('installed by %s into a project', (manager) => {
  /** Installs both tarballs. Keystone itself, a minute for either of them, is there by a link. */
  const install = {
    npm: (project) => {
      npm(['install', '--no-audit', '--no-fund', main.tarball, platform.tarball], project);
    },
    yarn: (project) => {
      // A cache of its own: Yarn's would keep an earlier tarball of the same version.
      const cache = path.join(work, 'yarn-cache');
      const flags = ['--non-interactive', '--no-progress', '--cache-folder', cache];
      yarn(project, 'add', ...flags, main.tarball, platform.tarball);
    },
  };
  const yarn = (project, ...args) =>
    run(project, path.join(root, 'node_modules/.bin/yarn'), ...args);
  const keystone = {
    npm: (project, ...args) => run(project, 'npm', 'run', '--silent', 'keystone', '--', ...args),
    yarn: (project, ...args) => yarn(project, '--silent', 'keystone', ...args),
  }[manager];

  let project;

  beforeAll(() => {
    const { scripts } = require(path.join(example, 'package.json'));
    project = makeProject({
      'package.json': JSON.stringify({ name: 'project', private: true, scripts }),
      'index.js': fs.readFileSync(path.join(example, 'index.js'), 'utf8'),
    });
    install[manager](project);
  });

  afterAll(removeProjects);

  test('the API loads the addon of the platform package', () => {
    const script = `
      const { planUpgrade } = require('${manifest.name}');
      const { hasChanges } = planUpgrade(require('./index').keystone);
      const addons = Object.keys(require.cache).filter((file) => file.includes('${manifest.name}.'));
      console.log(JSON.stringify({ hasChanges, addons }));`;
    const { name, main: addon } = platformManifest(built);
    expect(JSON.parse(run(project, process.execPath, '-e', script))).toEqual({
      hasChanges: true,
      addons: [path.join(project, 'node_modules', name, addon)],
    });
  });

  test('keystone upgrade-relationships prints the summary', () => {
    const summary = keystone(project, 'upgrade-relationships');
    expect(summary).toContain('    * Rename table Todo_reviewers to Todo_reviewers_many\n');
    expect(summary).toBe(expected(project));
  });

  test('keystone upgrade-relationships --migration prints the migration', () => {
    const migration = keystone(project, 'upgrade-relationships', '--migration');
    expect(migration).toContain('DROP TABLE public."User_published";\n');
    expect(migration).toBe(expected(project, '--migration'));
  });

  test('other subcommands reach Keystone', () => {
    expect(keystone(project, '--help')).toMatch(/upgrade-relationships[^]*create-tables/);
    expect(keystone(project, '--version')).toContain('19.3.4');
  });

  test('the command alone', () => {
    const name = 'keystone-upgrade-relationships';
    const printed =
      manager === 'npm'
        ? run(project, 'npx', '--no-install', name, '--version')
        : yarn(project, '--silent', name, '--version');
    expect(printed).toContain(manifest.version);
  });

  test('its types', () => {
    const compilerOptions = { noEmit: true, strict: true, module: 'node16', types: [] };
    const files = {
      'tsconfig.json': JSON.stringify({ compilerOptions, files: ['types.ts'] }),
      'types.ts': `import { planUpgrade, UpgradePlan } from '${manifest.name}';
                   declare const keystone: Parameters<typeof planUpgrade>[0];
                   const plan: UpgradePlan = planUpgrade(keystone);
                   export const text: string = plan.summary();`,
    };
    for (const name of Object.keys(files)) {
      fs.writeFileSync(path.join(project, name), files[name]);
    }
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    expect(run(project, process.execPath, tsc, '--project', '.')).toBe('');
  });
});
