import { join } from 'node:path';
import { installOnce } from '../../scripts/install.mjs';
import { root } from './app.ts';

/**
 * Installs libraries that the package does not depend on, of which several versions are needed, once.
 *
 * @param specs as npm takes them, `name@npm:package@version`
 * @returns their directory; `undefined`, and a line that says so, where they cannot be had
 */
export function installLibraries(name: string, specs: readonly string[]): string | undefined {
  const directory = join(root, '.cache', 'libraries', name);
  if (installOnce(directory, specs)) return directory;
  console.warn(`SKIPPED: ${specs.join(', ')} cannot be installed`);
  return undefined;
}

/** The directory from which `langsmith` is that version. */
export function installSDK(version: string): string | undefined {
  return installLibraries(`langsmith-${version}`, [`langsmith@${version}`]);
}
