export function formatCosts(results: object): string;
export function writeReadme(results: object): void;
