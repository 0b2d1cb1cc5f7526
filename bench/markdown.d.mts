export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string;
