// Installs packages that the agent does not depend on, once, each group in its own directory under .cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// Some packages need a newer Node.js than the one that runs this script, because other versions run them, so npm's
// warnings are hidden. Install scripts are skipped, because they build only extras.
const FLAGS = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error'];

const MARKER = 'installed.txt';

/** Whether the installation into a directory is complete. */
export function isInstalled(directory) {
  return existsSync(join(directory, MARKER));
}

/**
 * @param {string} directory the directory that will contain node_modules
 * @param {readonly string[]} specs as npm takes them
 * @returns {boolean} whether the packages are installed
 */
export function installOnce(directory, specs) {
  const marker = join(directory, MARKER);
  const wanted = specs.join('\n');
  const isThere = () => existsSync(marker) && readFileSync(marker, 'utf8') === wanted;
  return isThere() || oneAtATime(directory, () => isThere() || install(directory, specs, marker, wanted));
}

function install(directory, specs, marker, wanted) {
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

/**
 * Calls `fn` while no other process does so for the same directory. Test files run in parallel, and two concurrent
 * installations into one directory break each other.
 */
function oneAtATime(directory, fn) {
  const lock = `${directory}.lock`;
  mkdirSync(dirname(lock), { recursive: true });
  while (!takeLock(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  try {
    return fn();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The lock is a file that contains the id of its process. A lock whose process has ended is removed. */
function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isRunning(lock)) rmSync(lock, { force: true });
  return false;
}

function isRunning(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // An empty file was created a moment ago by a process that has not written its id yet.
    return pid === 0 || process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}
