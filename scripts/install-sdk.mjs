/**
 * Installs a version of the LangSmith SDK beside the package, for tests with versions that are not its dependency.
 *
 *   node scripts/install-sdk.mjs 0.3.87      prints the directory from which `langsmith` is that version
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [version] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version ?? '')) throw new Error('name an exact version');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const directory = join(root, '.cache', 'sdks', version);
if (!existsSync(join(directory, 'node_modules', 'langsmith', 'package.json'))) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--no-save', `langsmith@${version}`];
  const { status, stderr } = spawnSync('npm', args, { cwd: directory, encoding: 'utf8' });
  if (status !== 0) {
    console.error(stderr);
    process.exit(1);
  }
}
console.log(directory);
