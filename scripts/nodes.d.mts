export const SUPPORTED: Readonly<Record<string, string>>;
export const BROKEN_HOOKS: Readonly<Record<string, string>>;
export const UNSUPPORTED: Readonly<Record<string, string>>;
export function binary(major: number | string): string;
export function installNodes(majors: readonly (number | string)[]): string | undefined;
