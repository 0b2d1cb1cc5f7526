/** Computes medians and their confidence intervals. Pure. */

const RESAMPLES = 1000;
const LEVEL = 0.95;

export function quantile(values, p) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Computes the median of samples, their quartiles, and the interval that contains the median with 95 % confidence.
 *
 * @param {readonly (readonly number[])[]} generations the samples of each process. The samples of one process do not
 *   show how much two processes of the same program differ, so the interval comes from resampling processes, and
 *   samples within each.
 */
export function summarize(generations) {
  const all = generations.flat();
  const [low, high] = intervalOfMedian(generations);
  return { median: median(all), q1: quantile(all, 0.25), q3: quantile(all, 0.75), low, high, n: all.length };
}

function intervalOfMedian(generations) {
  const filled = generations.filter((samples) => samples.length > 0);
  const random = createRandom(filled.flat().length + 1);
  const draw = (from) => from.map(() => from[Math.floor(random() * from.length)]);
  const medians = Array.from({ length: RESAMPLES }, () => median(draw(filled).flatMap(draw)));
  return [quantile(medians, (1 - LEVEL) / 2), quantile(medians, (1 + LEVEL) / 2)];
}

/** Divides pairs of samples that were taken at the same time. Both lists have the same order. */
export function pairedRatios(above, below) {
  return pair(above, below, (a, b) => a / b);
}

/** @param {(a: number, b: number) => number} combine */
export function pair(one, other, combine) {
  return one.map((samples, g) => samples.map((value, i) => combine(value, other[g]?.[i] ?? Number.NaN)));
}

/** The mulberry32 generator. The same samples always give the same interval. */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
