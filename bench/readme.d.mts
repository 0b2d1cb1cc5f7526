export function formatCosts(results: unknown): string;
export function formatSummary(results: unknown): string;
