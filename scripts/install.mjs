// Installs packages beside the agent, in a directory of their own under .cache, once.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Newer ones than the Node that runs this asks for are wanted: others run them. Their scripts only build extras.
const FLAGS = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error'];

const MARKER = 'installed.txt';

/** Whether a directory has been installed, wholly. */
export function isInstalled(directory) {
  return existsSync(join(directory, MARKER));
}

/**
 * @param {string} directory where its node_modules will be
 * @param {readonly string[]} specs as npm takes them
 * @returns {boolean} whether they are there
 */
export function installOnce(directory, specs) {
  const marker = join(directory, MARKER);
  const wanted = specs.join('\n');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return true;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const { status } = spawnSync('npm', ['install', ...FLAGS, '--prefix', directory, ...specs], {
    cwd: directory,
    stdio: 'inherit',
  });
  if (status !== 0) return false;
  writeFileSync(marker, wanted);
  return true;
}
