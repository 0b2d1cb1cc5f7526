export function muslNode(): { node: string; libraries: Record<string, string> } | string;
