import { describe, expect, it } from 'vitest';
import { median, pair, pairedRatios, quantile, summarize } from '../../bench/statistics.mjs';

describe('quantile', () => {
  it('interpolates between two samples, in any order of the samples', () => {
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
    expect(quantile([4, 1, 3, 2], 1)).toBe(4);
    expect(median([10, 2, 3])).toBe(3);
  });

  it('sorts as numbers', () => {
    expect(median([100, 9, 20])).toBe(20);
  });

  it('of no samples is NaN', () => {
    expect(median([])).toBeNaN();
  });
});

describe('summarize', () => {
  const steady = [1, 1.01, 0.99, 1.02, 0.98];

  it('gives median, quartiles and count of all samples', () => {
    expect(
      summarize([
        [1, 2],
        [3, 4, 5],
      ]),
    ).toMatchObject({ median: 3, q1: 2, q3: 4, n: 5 });
  });

  it('gives the same interval for the same samples, with the median in it', () => {
    const summary = summarize([steady, steady]);
    expect(summarize([steady, steady])).toEqual(summary);
    expect(summary.low).toBeLessThanOrEqual(summary.median);
    expect(summary.high).toBeGreaterThanOrEqual(summary.median);
    expect(summary.low).toBeGreaterThanOrEqual(0.98);
    expect(summary.high).toBeLessThanOrEqual(1.02);
  });

  it('is less certain where processes differ than where samples of each do', () => {
    const other = steady.map((sample) => sample + 0.2);
    const differing = summarize([steady, other]);
    expect(differing.low).toBeLessThan(1.03);
    expect(differing.high).toBeGreaterThan(1.17);
  });

  it('leaves out a process without samples', () => {
    expect(summarize([[], [2, 2]])).toMatchObject({ median: 2, low: 2, high: 2, n: 2 });
  });
});

describe('pairs', () => {
  it('are of the samples that were taken at the same time', () => {
    expect(pairedRatios([[2, 6], [8]], [[1, 2], [4]])).toEqual([[2, 3], [2]]);
    expect(pair([[2]], [[5]], (a, b) => a - b)).toEqual([[-3]]);
  });
});
