// A static BusyBox for linux/amd64 or linux/arm64, from Debian's package busybox-static.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './nodes.mjs';

const HERE = { x64: 'amd64', arm64: 'arm64' }[process.arch];

/** Returns the tools that are required to get it. */
export function toolsFor(architecture) {
  if (architecture === HERE) return ['busybox'];
  return existsSync(binaryFor(architecture)) ? [] : ['apt-get', 'dpkg-deb'];
}

/** @returns {string} its path */
export function staticBusybox(architecture) {
  if (architecture === HERE && existsSync('/bin/busybox')) return '/bin/busybox';
  const path = binaryFor(architecture);
  if (!existsSync(path)) download(directoryFor(architecture), architecture);
  return path;
}

function directoryFor(architecture) {
  return join(root, '.cache', 'busybox', architecture);
}

function binaryFor(architecture) {
  return join(directoryFor(architecture), 'root', 'bin', 'busybox');
}

/** Downloads the package with separate package lists, so that the apt of this machine is not changed. */
function download(directory, architecture) {
  for (const name of ['lists/partial', 'cache/archives/partial', 'root']) {
    mkdirSync(join(directory, name), { recursive: true });
  }
  const options = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State::lists=${join(directory, 'lists')}`,
    `Dir::Cache=${join(directory, 'cache')}`,
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const run = (command, args) =>
    execFileSync(command, args, { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  run('apt-get', [...options, 'update', '-qq']);
  run('apt-get', [...options, 'download', '-qq', `busybox-static:${architecture}`]);
  const archive = readdirSync(directory).find((name) => name.endsWith('.deb'));
  run('dpkg-deb', ['--extract', archive, 'root']);
}
