export interface Summary {
  median: number;
  q1: number;
  q3: number;
  low: number;
  high: number;
  n: number;
}
type Generations = readonly (readonly number[])[];
export function quantile(values: readonly number[], p: number): number;
export function median(values: readonly number[]): number;
export function summarize(generations: Generations): Summary;
export function pairedRatios(above: Generations, below: Generations): number[][];
export function pair(
  one: Generations,
  other: Generations,
  combine: (a: number, b: number) => number,
): number[][];
