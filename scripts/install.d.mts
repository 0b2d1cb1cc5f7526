export function installOnce(directory: string, specs: readonly string[]): boolean;
/** Whether a directory has been installed, wholly. */
export function isInstalled(directory: string): boolean;
