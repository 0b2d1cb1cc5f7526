import { join } from 'node:path';
import { installOnce } from '../../scripts/install.mjs';
import { root } from './app.ts';
import { isCampaign } from './campaign.ts';

/**
 * Installs libraries that the package does not depend on, of which several versions are needed, once. Only campaigns do.
 *
 * @param specs as npm takes them, `name@npm:package@version`
 * @returns their directory; `undefined` where they are not installed, and in a campaign a line that says so
 */
export function installLibraries(name: string, specs: readonly string[]): string | undefined {
  if (!isCampaign) return undefined;
  const directory = join(root, '.cache', 'libraries', name);
  if (installOnce(directory, specs)) return directory;
  console.warn(`SKIPPED: ${specs.join(', ')} cannot be installed`);
  return undefined;
}

/** The directory from which `langsmith` is that version. */
export function installSDK(version: string): string | undefined {
  return installLibraries(`langsmith-${version}`, [`langsmith@${version}`]);
}
