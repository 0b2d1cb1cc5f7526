import type { RunSummary } from './wire.ts';

/**
 * A run that has not ended is drawn up to the present, but for at most this long, because its process may have died.
 */
const MAX_OPEN_MS = 5 * 60_000;

/** The span of time that the waterfall shows, in milliseconds since the epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A span and the width at which it is drawn. */
export interface TimeAxis extends Span {
  /** The width in pixels. */
  readonly width: number;
}

/** @param now the time up to which runs that have not ended are drawn */
export function spanOf(runs: readonly RunSummary[], now: number): Span {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  let open = false;
  for (const run of runs) {
    start = Math.min(start, run.startTime);
    end = Math.max(end, run.endTime ?? run.startTime);
    if (run.endTime === undefined) open = true;
  }
  if (runs.length === 0) return { start: now, end: now + 1 };
  if (open) end = Math.max(end, Math.min(now, end + MAX_OPEN_MS));
  return { start, end: Math.max(end, start + 1) };
}

/** Returns the position of a time within the span, in percent from 0 to 100. */
export function percentAt(time: number, { start, end }: Span): number {
  const percent = ((time - start) / (end - start)) * 100;
  return Math.min(100, Math.max(0, percent));
}

const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 6, 12, 24].map((hours) => hours * 3_600_000),
];
const LONGEST_STEP = 24 * 3_600_000;

/** Returns the marks of the time axis in milliseconds from its start: round numbers, at most `most` of them above 0. */
export function ticks(duration: number, most: number): number[] {
  const wanted = duration / most;
  const step =
    STEPS.find((candidate) => candidate >= wanted) ?? Math.ceil(wanted / LONGEST_STEP) * LONGEST_STEP;
  const marks: number[] = [];
  for (let mark = 0; mark <= duration; mark += step) marks.push(mark);
  return marks;
}

/** Formats a duration with about three digits: `0 ms`, `482 ms`, `1.20 s`, `12.3 s`, `2 min 5 s`, `3 h 10 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 9995) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Formats a mark of the time axis, which is a round number: `1 s` and `1.5 s` instead of `1.00 s` and `1.50 s`. */
export function formatTick(milliseconds: number): string {
  return formatDuration(milliseconds).replace(/\.?0+ s$/, ' s');
}
