import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { isInstalled } from '../../scripts/install.mjs';
import { root } from './app.ts';

/** Returns the folder of a library that scripts/peers.mjs installs. */
export function peer(group: string, name: string): string {
  return join(root, '.cache', 'peers', group, 'node_modules', name);
}

/** Whether a group is completely installed. */
export function hasPeers(group: string): boolean {
  return isInstalled(join(root, '.cache', 'peers', group));
}

/** Skips a test whose libraries are not installed, with the reason. */
export function needPeers({ skip, task }: TestContext, group: string): void {
  if (hasPeers(group)) return;
  const why = `needs what "node scripts/peers.mjs" installs from npm (${group})`;
  Object.assign(task.meta, { why });
  skip(why);
}
