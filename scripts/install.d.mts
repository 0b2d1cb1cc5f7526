export function installOnce(directory: string, specs: readonly string[]): boolean;
/** Whether the installation into a directory is complete. */
export function isInstalled(directory: string): boolean;
