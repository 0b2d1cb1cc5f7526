export interface Judged {
  budget: string;
  node: string;
  limit: string;
  verdict: string;
  cells: { of: string; shown: string; verdict: string }[];
}
export function judge(results: { measured: Record<string, unknown> }): Judged[];
