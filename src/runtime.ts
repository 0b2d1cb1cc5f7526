/**
 * Where the agent starts. Everything this file uses exists from Node 8 on: it is the first to run, also where
 * nothing else of the agent would even load.
 */
import { mainFile } from './main-file.ts';

/** Node versions on which the seams were measured. */
const OLDEST: readonly [number, number] = [18, 19];
const NEWEST_MAJOR = 26;

/**
 * What the main file of a package manager is called: as a command (`npm`, `pnpx`), and as the file behind it
 * (`npm-cli.js`, `npm-prefix.js`, `pnpm.cjs`, `yarn-4.9.1.cjs`, `yarn-berry.cjs` of Yarn 2). `pn` and `pnx`
 * are pnpm's own short names, from pnpm 11 on.
 */
const PACKAGE_MANAGER =
  /^(npm|npx|pnpm|pnpx|pnx?|yarn|yarnpkg|corepack)(-cli|-prefix|-berry|-\d[\w.+-]*?)?(\.[cm]?js)?$/;

/** Why the agent must leave this process alone; `undefined` where it may start. */
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

/** The package manager whose main file this is, if any. */
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
