/**
 * Decides whether the agent may start in this runtime. This file runs first, even on versions where the rest of the
 * agent cannot be loaded, so it uses only features that exist from Node 8 on.
 */
import { mainFile } from './main-file.ts';

/** The Node versions on which the seams were measured. */
const OLDEST: readonly [number, number] = [18, 19];
const NEWEST_MAJOR = 26;

/**
 * The name of a package manager's main file: the command (`npm`, `pnpx`), or the file behind it (`npm-cli.js`,
 * `npm-prefix.js`, `pnpm.cjs`, `yarn-4.9.1.cjs`, `yarn-berry.cjs` of Yarn 2). `pn` and `pnx` are pnpm's own short
 * names, from pnpm 11 on.
 */
const PACKAGE_MANAGER =
  /^(npm|npx|pnpm|pnpx|pnx?|yarn|yarnpkg|corepack)(-cli|-prefix|-berry|-\d[\w.+-]*?)?(\.[cm]?js)?$/;

/** The reason why the agent must not start in this process; `undefined` if it may start. */
export function reasonNotToStart(process: Pick<NodeJS.Process, 'versions' | 'argv'>): string | undefined {
  const versions = process.versions as Record<string, string | undefined>;
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return 'this is not Node.js';
  if (versions['electron'] !== undefined) return 'this is Electron';
  if (!isSupported(process.versions.node)) {
    return `Node.js ${process.versions.node} is not one of ${OLDEST.join('.')} to ${NEWEST_MAJOR}`;
  }
  const name = packageManager(mainFile(process));
  return name === undefined ? undefined : `this is the package manager ${name}`;
}

/** The name of the package manager whose main file is `file`, if any. */
export function packageManager(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  return PACKAGE_MANAGER.exec(name)?.[1];
}

function isSupported(version: string): boolean {
  const parts = version.split('.');
  const major = Number(parts[0]);
  const minor = Number(parts[1]);
  return major <= NEWEST_MAJOR && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]));
}
