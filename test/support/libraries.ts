import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './app.ts';

/**
 * Installs libraries that the package does not depend on, of which several versions are needed, once.
 *
 * @param specs as npm takes them, `name@npm:package@version`
 * @returns their directory; `undefined`, and a line that says so, where they cannot be had
 */
export function installLibraries(name: string, specs: readonly string[]): string | undefined {
  const directory = join(root, '.cache', 'libraries', name);
  const marker = join(directory, 'installed.txt');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === specs.join('\n')) return directory;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const options = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', ['install', ...options, '--prefix', directory, ...specs], {
    cwd: directory,
    encoding: 'utf8',
  });
  if (status !== 0) {
    console.warn(`SKIPPED: ${specs.join(', ')} cannot be installed\n${stderr}`);
    return undefined;
  }
  writeFileSync(marker, specs.join('\n'));
  return directory;
}
