import { expect, it } from 'vitest';
import { table } from '../../bench/markdown.mjs';
import { drawPanel, panelHeight, ticksFor } from '../../bench/panel.mjs';
import { selfTimes } from '../../bench/self-times.mjs';

it('writes a table as Markdown', () => {
  expect(
    table(
      ['', 'http'],
      [
        ['bare', 1],
        ['agent', '1.02'],
      ],
    ),
  ).toBe('|  | http |\n|---|---|\n| bare | 1 |\n| agent | 1.02 |');
});

it('chooses ticks that enclose the drawn values', () => {
  expect(ticksFor(0.9, 6)).toEqual([0.5, 1, 2, 5, 10]);
  expect(ticksFor(0.1, 1000).at(-1)).toBe(500);
});

it('draws a dot for each sample, further right where it is larger, and none where there is none', () => {
  const point = (median: number) => ({ median, q1: median * 0.9, q3: median * 1.1 });
  const rows = [
    { label: 'a & b', points: [point(1), point(2)] },
    { label: 'peer', points: [point(4), undefined] },
  ];
  const svg = drawPanel({ title: 'A < B', rows }, 10, 20);
  const dots = [...svg.matchAll(/<circle class="series-(\d)" cx="([\d.]+)"/g)].map(([, series, x]) => [
    Number(series),
    Number(x),
  ]);
  expect(dots.map(([series]) => series)).toEqual([0, 1, 0]);
  const [one, two, four] = dots.map(([, x]) => x as number) as [number, number, number];
  expect(two - one).toBeGreaterThan(0);
  // A logarithmic scale.
  expect(four - two).toBeCloseTo(two - one, 0);
  expect(svg).toContain('A &lt; B');
  expect(svg).toContain('a &amp; b');
  expect(panelHeight({ title: '', rows })).toBeGreaterThan(panelHeight({ title: '', rows: [] }));
});

it('adds up the self time of a file, of the time in which the thread was busy', () => {
  const node = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, scriptId: '1', url, lineNumber: 4, columnNumber: 2 },
  });
  const profile = {
    nodes: [
      node(1, '(root)', ''),
      node(2, '(idle)', ''),
      node(3, 'handle', 'file:///app/server.cjs'),
      node(4, 'inject', 'file:///agent/dist/register.cjs'),
      // The same function, called from elsewhere.
      node(5, 'inject', 'file:///agent/dist/register.cjs'),
    ],
    startTime: 0,
    endTime: 1000,
    samples: [2, 3, 4, 5, 3],
    timeDeltas: [500, 60, 5, 15, 20],
  };
  const { busy, share, frames } = selfTimes(profile, ['register.cjs']);
  expect(busy).toBe(100);
  expect(share).toBeCloseTo(0.2);
  expect(frames).toEqual([
    { name: 'handle', where: 'server.cjs:5:3', time: 80, isOurs: false },
    { name: 'inject', where: 'register.cjs:5:3', time: 20, isOurs: true },
  ]);
});
