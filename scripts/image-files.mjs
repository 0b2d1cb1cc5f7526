// Collects the files that deploy/image/Dockerfile copies: `npm run image:files`, into dist/image/context.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The default output folder. */
export const CONTEXT = join(root, 'dist', 'image', 'context');

const MANIFEST = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The folder that is copied into containers. The OpenTelemetry Operator requires the name `autoinstrumentation.js`. */
const FILES = {
  'register.cjs': 'dist/register.cjs',
  'autoinstrumentation.js': 'dist/register.cjs',
  LICENSE: 'LICENSE',
  'THIRD-PARTY-NOTICES': 'dist/THIRD-PARTY-NOTICES',
};

/** Every user may read all files, whatever the umask of this process. */
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
  // Without this file, the `type` of a package.json in a parent folder would decide the module format of the `.js`
  // file.
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
