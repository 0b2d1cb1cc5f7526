export function missingTools(names: readonly string[]): string[];
export function describeMissing(name: string): string;
