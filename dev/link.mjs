// Giving an example what an installation of its own would give it, by links.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './run.mjs';

/** The packages of a node_modules folder, those of scopes with their scope. */
function packages(nodeModules) {
  const visible = (folder) => fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
  return visible(nodeModules).flatMap((name) =>
    name.startsWith('@')
      ? visible(path.join(nodeModules, name)).map((inner) => `${name}/${inner}`)
      : [name],
  );
}

/** Makes a symbolic link; one that is there already is renewed, a real file or folder stays. */
function link(target, at) {
  const there = fs.lstatSync(at, { throwIfNoEntry: false });
  if (there && !there.isSymbolicLink()) return;
  fs.rmSync(at, { force: true });
  fs.mkdirSync(path.dirname(at), { recursive: true });
  fs.symlinkSync(target, at, 'junction');
}

/**
 * Gives a project a node_modules folder of its own with a link for each package and command of another
 * one, so that an installation there later never reaches the shared packages.
 *
 * @param {string} project the project's folder
 * @param {string} nodeModules the other node_modules
 */
export function linkModules(project, nodeModules) {
  for (const name of packages(nodeModules)) {
    link(path.join(nodeModules, name), path.join(project, 'node_modules', name));
  }
  for (const command of fs.readdirSync(path.join(nodeModules, '.bin'))) {
    const name = path.join('.bin', command);
    link(path.join(nodeModules, name), path.join(project, 'node_modules', name));
  }
}

/**
 * Gives a project this very package with its commands, as npm does for `file:` and the path.
 *
 * @param {string} project the project's folder
 */
export function linkPackage(project) {
  const { name, bin } = createRequire(import.meta.url)(path.join(root, 'package.json'));
  const nodeModules = path.join(project, 'node_modules');
  link(root, path.join(nodeModules, name));
  for (const [command, file] of Object.entries(bin)) {
    link(path.join(root, file), path.join(nodeModules, '.bin', command));
  }
}
