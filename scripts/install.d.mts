export function installOnce(directory: string, specs: readonly string[]): boolean;
