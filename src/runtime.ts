/**
 * Where the agent starts. Everything this file uses exists from Node 8 on: it is the first to run, also where
 * nothing else of the agent would even load.
 */

/** Node versions on which the seams were measured. */
const OLDEST: readonly [number, number] = [18, 19];
const NEWEST_MAJOR = 26;

/** Why the agent must leave this process alone; `undefined` where it may start. */
export function reasonNotToStart(process: NodeJS.Process): string | undefined {
  const versions = process.versions as Record<string, string | undefined>;
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return 'this is not Node.js';
  if (!isSupported(process.versions.node)) {
    return `Node.js ${process.versions.node} is not one of ${OLDEST.join('.')} to ${NEWEST_MAJOR}`;
  }
  return undefined;
}

function isSupported(version: string): boolean {
  const parts = version.split('.');
  const major = Number(parts[0]);
  const minor = Number(parts[1]);
  return major <= NEWEST_MAJOR && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]));
}
