// Lays out what deploy/image/Dockerfile copies: `npm run image:files`, into dist/image/context.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where it lies unless it is told otherwise. */
export const CONTEXT = join(root, 'dist', 'image', 'context');

const MANIFEST = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The folder that is copied into containers; `autoinstrumentation.js` is the name that the operator asks for. */
const FILES = {
  'register.cjs': 'dist/register.cjs',
  'autoinstrumentation.js': 'dist/register.cjs',
  LICENSE: 'LICENSE',
  'THIRD-PARTY-NOTICES': 'dist/THIRD-PARTY-NOTICES',
};

/** Everybody may read all of it, whatever the umask here. */
export function stageImage(context = CONTEXT) {
  rmSync(context, { recursive: true, force: true });
  const files = join(context, 'autoinstrumentation');
  const licenses = join(context, 'licenses');
  const volume = join(context, 'volume');
  for (const directory of [context, files, licenses, volume, join(volume, 'trace-agent')]) {
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o755);
  }
  for (const [name, source] of Object.entries(FILES)) copyFileSync(join(root, source), join(files, name));
  // Else the `type` of a package.json above, wherever it is copied to, would decide what the `.js` is.
  const { name, version } = MANIFEST;
  writeFileSync(
    join(files, 'package.json'),
    `${JSON.stringify({ name, version, type: 'commonjs' }, null, 2)}\n`,
  );
  for (const file of [...Object.keys(FILES), 'package.json']) chmodSync(join(files, file), 0o644);
  copyFileSync(join(root, 'deploy/image/licenses/BUSYBOX'), join(licenses, 'BUSYBOX'));
  chmodSync(join(licenses, 'BUSYBOX'), 0o644);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  readArguments('image:files');
  stageImage();
}
