// Makes an application of fixtures/matrix in a form: CommonJS, ESM, or one bundle, beside the library it is to find.
import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { root } from './library.mjs';

const FORMATS = {
  cjs: { format: 'cjs', packages: 'external', outExtension: '.cjs' },
  esm: { format: 'esm', packages: 'external', outExtension: '.mjs' },
  bundle: { format: 'cjs', packages: 'bundle', outExtension: '.bundle.cjs' },
};
const made = new Map();
const copied = new Map();

/** @returns the path of the file to start; made once a directory */
export function buildApp({ kind, external = [] }, app, form, directory) {
  const key = `${directory}|${app}|${form}`;
  if (!made.has(key))
    made.set(key, form === 'next' ? buildNext(directory) : make({ kind, external }, app, form, directory));
  return made.get(key);
}

async function make({ kind, external }, app, form, directory) {
  const { format, packages, outExtension } = FORMATS[form];
  const outfile = join(directory, `${app}${outExtension}`);
  await build({
    // A copy: imports are looked up from where the file is.
    entryPoints: [join(await copyOfFixtures(directory), `${kind}s`, `${app}.mjs`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node18',
    logLevel: 'silent',
    format,
    packages,
    external,
  });
  return outfile;
}

function copyOfFixtures(directory) {
  if (!copied.has(directory)) {
    const copy = join(directory, 'fixtures');
    const copying = rm(copy, { recursive: true, force: true })
      .then(() => cp(join(root, 'fixtures', 'matrix'), copy, { recursive: true }))
      .then(() => copy);
    copied.set(directory, copying);
  }
  return copied.get(directory);
}

async function buildNext(directory) {
  await cp(join(root, 'fixtures', 'matrix', 'services', 'next'), directory, { recursive: true });
  const next = join(directory, 'node_modules', 'next', 'dist', 'bin', 'next');
  await promisify(execFile)(process.execPath, [next, 'build'], {
    cwd: directory,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    timeout: 300_000,
  });
  return next;
}
