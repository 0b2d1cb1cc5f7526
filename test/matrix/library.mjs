// The library of a row: installed once, in a directory of its own under .cache/matrix.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const INSTALL_TIMEOUT_MS = 600_000;
const installing = new Map();

/** @returns `{directory, version, engines}` of the row's first package; once for all rows with the same packages */
export function libraryOf({ packages }) {
  const key = packages.join(',').replaceAll('/', '__') || 'none';
  if (!installing.has(key)) installing.set(key, install(join(root, '.cache', 'matrix', key), packages));
  return installing.get(key);
}

async function install(directory, packages) {
  // A package of its own: what is resolved from here is not resolved as the agent's.
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
  if (packages.length === 0) return { directory };
  const marker = join(directory, 'node_modules', '.installed');
  if (!existsSync(marker)) {
    const options = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    await promisify(execFile)('npm', ['install', ...options, '--prefix', directory, ...packages], {
      timeout: INSTALL_TIMEOUT_MS,
    });
    await writeFile(marker, packages.join('\n'));
  }
  const name = packages[0].slice(0, packages[0].lastIndexOf('@'));
  const path = join(directory, 'node_modules', name, 'package.json');
  const { version, engines } = JSON.parse(await readFile(path, 'utf8'));
  return { directory, version, engines: engines?.node };
}

/** @returns why the row does not exist on this version of Node, if so */
export function whyNotOn({ major, version }, { from, notOn }, { engines }) {
  if (notOn?.[major] !== undefined) return notOn[major];
  // The last alternative of a range such as `^14.18.0 || >=16.10.0` names the oldest that goes on for ever.
  const oldest = from === undefined ? />=\s*([\d.]+)[^>]*$/.exec(engines ?? '')?.[1] : String(from);
  if (oldest === undefined || compareVersions(version, oldest) >= 0) return undefined;
  return `needs Node ${oldest}`;
}

export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
