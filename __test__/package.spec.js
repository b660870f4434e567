'use strict';

// What users get: the packed package and its platform packages, installed from a registry by npm and by
// Yarn 1, and run by npx without being installed.

const { execFile } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { npm } = require('../dev/installs');
const { bin, makeProject, removeProjects } = require('../dev/project');
const { startRegistry } = require('../dev/registry');

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
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

/** What the checkout's own command prints in a project. */
const expected = (project, ...args) => run(project, process.execPath, bin.command, ...args);

/** A project with the lists of an example. Keystone itself, a minute to install, is there by a link. */
function makeExample() {
  const { scripts } = require(path.join(example, 'package.json'));
  return makeProject({
    'package.json': JSON.stringify({ name: 'project', private: true, scripts }),
    'index.js': fs.readFileSync(path.join(example, 'index.js'), 'utf8'),
  });
}

let work;
let main;
let registry;
/** The platform packages, packed, by platform. */
const packed = {};

/** Packs a platform package; one that is not of this platform holds something else than its binary. */
function packPlatform(name) {
  const folder = path.join(work, name);
  fs.cpSync(path.join(root, 'npm', name), folder, { recursive: true });
  const addon = path.join(folder, platformManifest(name).main);
  if (name === built) fs.copyFileSync(path.join(root, path.basename(addon)), addon);
  else fs.writeFileSync(addon, 'not for this platform');
  return pack(folder, work);
}

beforeAll(async () => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'packed-'));
  main = pack(root, work);
  for (const name of platforms) packed[name] = packPlatform(name);
  const published = {
    ...manifest,
    optionalDependencies: Object.fromEntries(
      platforms.map((name) => [platformManifest(name).name, manifest.version]),
    ),
  };
  const dependencies = Object.keys(manifest.dependencies).map((name) => {
    const folder = path.join(root, 'node_modules', name);
    return { manifest: require(`${name}/package.json`), ...pack(folder, work) };
  });
  registry = await startRegistry([
    { manifest: published, ...main },
    ...platforms.map((name) => ({ manifest: platformManifest(name), ...packed[name] })),
    ...dependencies,
  ]);
});

afterAll(async () => {
  removeProjects();
  await registry?.stop();
  fs.rmSync(work, { recursive: true, force: true });
});

describe('the tarballs', () => {
  test('the package holds what runs and what describes it, nothing else', () => {
    const described = ['CHANGELOG.md', 'LICENSE', 'README.md', 'index.d.ts', 'package.json'];
    const runs = ['index.js', ...filesIn('bin'), ...filesIn('lib')];
    expect(main.files).toEqual([...described, ...runs, ...filesIn('docs')].sort());
  });

  test('every link of its texts leads to something that is in it', () => {
    const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
    // As GitHub and npm make them of headings.
    const anchorsOf = (file) =>
      [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .replace(/\s/g, '-'),
      );
    const texts = main.files.filter((file) => file.endsWith('.md'));
    const links = texts.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].map(([, link]) => [file, link]),
    );
    expect(links.length).toBeGreaterThan(0);
    const dead = links.filter(([file, link]) => {
      const [to, anchor] = link.split('#');
      const target = to ? path.join(path.dirname(file), to) : file;
      if (!main.files.includes(target)) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  test('the platform package holds its addon', () => {
    const addon = platformManifest(built).main;
    expect(packed[built].files).toEqual(['LICENSE', 'README.md', addon, 'package.json'].sort());
  });
});

describe.each(['npm', 'yarn'])('installed by %s into a project', (manager) => {
  // Caches of their own: theirs would keep an earlier tarball of the same version.
  const install = {
    npm: (project) => {
      const flags = ['--no-audit', '--no-fund', '--cache', path.join(work, 'npm-cache')];
      return run(project, 'npm', 'install', ...flags, '--registry', registry.url, manifest.name);
    },
    yarn: (project) => {
      const flags = ['--non-interactive', '--no-progress', '--cache-folder'];
      const cache = path.join(work, 'yarn-cache');
      return yarn(project, 'add', ...flags, cache, '--registry', registry.url, manifest.name);
    },
  };
  const yarn = (project, ...args) =>
    run(project, path.join(root, 'node_modules/.bin/yarn'), ...args);
  const keystone = {
    npm: (project, ...args) => run(project, 'npm', 'run', '--silent', 'keystone', '--', ...args),
    yarn: (project, ...args) => yarn(project, '--silent', 'keystone', ...args),
  }[manager];

  let project;

  beforeAll(async () => {
    project = makeExample();
    await install[manager](project);
  });

  test('what is installed is for this system and processor', () => {
    const installed = fs
      .readdirSync(path.join(project, 'node_modules'))
      .filter((name) => name.startsWith(`${manifest.name}-`));
    const own = `${manifest.name}-${process.platform}-${process.arch}`;
    expect(installed).toContain(platformManifest(built).name);
    for (const name of installed) expect(name.startsWith(own)).toBe(true);
  });

  test('the API loads the addon of the platform package', async () => {
    const script = `
      const { planUpgrade } = require('${manifest.name}');
      const { hasChanges } = planUpgrade(require('./index').keystone);
      const addons = Object.keys(require.cache).filter((file) => file.includes('${manifest.name}.'));
      console.log(JSON.stringify({ hasChanges, addons }));`;
    const { name, main: addon } = platformManifest(built);
    expect(JSON.parse(await run(project, process.execPath, '-e', script))).toEqual({
      hasChanges: true,
      addons: [path.join(project, 'node_modules', name, addon)],
    });
  });

  test('keystone upgrade-relationships prints the summary', async () => {
    const summary = await keystone(project, 'upgrade-relationships');
    expect(summary).toContain('    * Rename table Todo_reviewers to Todo_reviewers_many\n');
    expect(summary).toBe(await expected(project));
  });

  test('keystone upgrade-relationships --migration prints the migration', async () => {
    const migration = await keystone(project, 'upgrade-relationships', '--migration');
    expect(migration).toContain('DROP TABLE public."User_published";\n');
    expect(migration).toBe(await expected(project, '--migration'));
  });

  test('other subcommands reach Keystone', async () => {
    expect(await keystone(project, '--help')).toMatch(/upgrade-relationships[^]*create-tables/);
    expect(await keystone(project, '--version')).toContain('19.3.4');
  });

  test('the command alone', async () => {
    const name = 'keystone-upgrade-relationships';
    const printed =
      manager === 'npm'
        ? run(project, 'npx', '--no-install', name, '--version')
        : yarn(project, '--silent', name, '--version');
    expect(await printed).toContain(manifest.version);
  });

  test('its types', async () => {
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
    expect(await run(project, process.execPath, tsc, '--project', '.')).toBe('');
  });
});

test('npx runs it in a project that has not installed it', async () => {
  const project = makeExample();
  const flags = ['--yes', '--registry', registry.url, '--cache', path.join(work, 'npx-cache')];
  const summary = await run(project, 'npx', ...flags, manifest.name);
  expect(summary).toContain('    * Rename table Todo_reviewers to Todo_reviewers_many\n');
  expect(summary).toBe(await expected(project));
  expect(fs.existsSync(path.join(project, 'node_modules'))).toBe(false);
});
