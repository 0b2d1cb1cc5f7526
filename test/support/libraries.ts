import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { installOnce } from '../../scripts/install.mjs';
import { fixture, root } from './app.ts';
import { isCampaign } from './campaign.ts';

/**
 * Installs, once, libraries that the package does not depend on and that are needed in several versions. Only
 * campaigns install them.
 *
 * @param specs as npm takes them, `name@npm:package@version`
 * @returns their directory; `undefined` if they are not installed, after a line about it in a campaign
 */
export function installLibraries(name: string, specs: readonly string[]): string | undefined {
  if (!isCampaign) return undefined;
  const directory = join(root, '.cache', 'libraries', name);
  if (installOnce(directory, specs)) return directory;
  console.warn(`SKIPPED: ${specs.join(', ')} cannot be installed`);
  return undefined;
}

/** Returns the directory from which `langsmith` resolves to that version. */
export function installSDK(version: string): string | undefined {
  return installLibraries(`langsmith-${version}`, [`langsmith@${version}`]);
}

/**
 * Copies an application to a folder beside installed libraries, where it also finds langsmith and the agent. Returns its
 * path.
 */
export function placeApplication(libraries: string, folder: string, file: string): string {
  const app = join(libraries, folder);
  link(join(app, 'node_modules', 'langsmith'), join(root, 'node_modules', 'langsmith'));
  link(join(app, 'node_modules', '@org', 'trace-agent'), root);
  const copy = join(app, basename(file));
  cpSync(fixture(file), copy);
  return copy;
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    symlinkSync(target, path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
}
