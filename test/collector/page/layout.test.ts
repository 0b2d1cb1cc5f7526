import { describe, expect, test } from 'vitest';
import { formatHash, parseHash } from '../../../src/collector/page/model/location.ts';
import { rowsInView, scrollTopFor } from '../../../src/collector/page/model/row-window.ts';
import { COLORS, NO_SERVICE, ServiceMarks } from '../../../src/collector/page/model/service-marks.ts';
import {
  formatDuration,
  formatTick,
  percentAt,
  spanOf,
  ticks,
} from '../../../src/collector/page/model/time-scale.ts';
import { runSummary, START } from './support.ts';

describe('spanOf', () => {
  test('is from the first start to the last end', () => {
    const runs = [runSummary('a', undefined, [0, 100]), runSummary('b', 'a', [-20, 130])];
    expect(spanOf(runs, START + 9999)).toEqual({ start: START - 20, end: START + 130 });
  });

  test('grows while a run has not ended, for five minutes at most', () => {
    const runs = [runSummary('a', undefined, [0]), runSummary('b', 'a', [10, 40])];
    expect(spanOf(runs, START + 1000).end).toBe(START + 1000);
    expect(spanOf(runs, START + 3_600_000).end).toBe(START + 40 + 300_000);
  });

  test('has a width, whatever the runs', () => {
    expect(spanOf([runSummary('a', undefined, [0, 0])], START).end).toBe(START + 1);
    expect(spanOf([], START)).toEqual({ start: START, end: START + 1 });
  });
});

test('percentAt stays within the span', () => {
  const span = { start: 100, end: 300 };
  expect([0, 100, 150, 300, 999].map((time) => percentAt(time, span))).toEqual([0, 0, 25, 100, 100]);
});

test.each([
  [1, 6, [0, 1]],
  [529, 6, [0, 100, 200, 300, 400, 500]],
  [1460, 6, [0, 500, 1000]],
  [90_000, 6, [0, 15_000, 30_000, 45_000, 60_000, 75_000, 90_000]],
  [20 * 86_400_000, 4, [0, 1, 2, 3, 4].map((mark) => mark * 5 * 86_400_000)],
])('the axis of %d ms with %d marks', (duration, most, expected) => {
  expect(ticks(duration, most)).toEqual(expected);
});

test.each([
  [0, '0 ms'],
  [0.4, '0 ms'],
  [482.6, '483 ms'],
  [999.5, '1.00 s'],
  [1203, '1.20 s'],
  [12_345, '12.3 s'],
  [59_940, '59.9 s'],
  [59_960, '1 min'],
  [125_000, '2 min 5 s'],
  [11_400_000, '3 h 10 min'],
  [-12, '-12 ms'],
])('%d is %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('marks of the axis have no zeros after the point', () => {
  expect([0, 100, 1000, 1500, 10_000, 60_000].map(formatTick)).toEqual([
    '0 ms',
    '100 ms',
    '1 s',
    '1.5 s',
    '10 s',
    '1 min',
  ]);
});

describe('ServiceMarks', () => {
  test('gives each service a letter and a colour, which stay', () => {
    const marks = new ServiceMarks();
    const letters = ['payments', 'pricing', 'pr', 'payments', '🫖', 'ps-1', 'ps-2', 'p', 'p-'];
    expect(letters.map((service) => marks.of(service).letter)).toEqual([
      ...['P', 'Pr', 'P2', 'P', '?', 'Ps', 'P3', 'P4', 'P5'],
    ]);
    expect(marks.of('pricing')).toEqual({ letter: 'Pr', color: 1 });
    expect(marks.of(undefined)).toBe(NO_SERVICE);
  });

  test('begins again when the colours are used up, with other letters', () => {
    const marks = new ServiceMarks();
    const all = Array.from({ length: COLORS + 1 }, (_, index) => marks.of(`service-${index}`));
    expect(all.at(-1)?.color).toBe(0);
    expect(new Set(all.map(({ letter }) => letter)).size).toBe(COLORS + 1);
  });
});

describe('rowsInView', () => {
  test('has the rows of the view and some beside it', () => {
    const { start, end } = rowsInView(3200, 640, 32, 5000);
    expect(start).toBeLessThan(100);
    expect(end).toBeGreaterThan(120);
    expect(end - start).toBeLessThan(60);
  });

  test('has no rows that are not there', () => {
    expect(rowsInView(0, 640, 32, 3)).toEqual({ start: 0, end: 3 });
    expect(rowsInView(90_000, 640, 32, 3)).toEqual({ start: 3, end: 3 });
    expect(rowsInView(0, 0, 32, 0)).toEqual({ start: 0, end: 0 });
  });

  test('scrollTopFor scrolls as little as it must', () => {
    expect(scrollTopFor(5, 0, 320, 32)).toBeUndefined();
    expect(scrollTopFor(10, 0, 320, 32)).toBe(32);
    expect(scrollTopFor(2, 320, 320, 32)).toBe(64);
  });
});

test.each([
  ['', {}],
  ['#/t', { traceId: 't' }],
  ['#/t/r', { traceId: 't', runId: 'r' }],
  ['#/a%2Fb/%25', { traceId: 'a/b', runId: '%' }],
])('the hash %j and back', (hash, shown) => {
  expect(parseHash(hash)).toEqual(shown);
  expect(formatHash(shown)).toBe(hash || '#/');
});

test('an unknown hash shows nothing', () => {
  expect(['#', '#t', '#/', '#/a/b/c'].map(parseHash)).toEqual([{}, {}, {}, {}]);
  expect(parseHash('#/%zz')).toEqual({ traceId: '%zz' });
});
