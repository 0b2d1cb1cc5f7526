import { describe, expect, test } from 'vitest';
import { jsonTokens } from '../../../src/collector/page/model/json-tokens.ts';
import { oneLine, previewText } from '../../../src/collector/page/model/preview-text.ts';
import { summarizeRun, summarizeRuns, summarizeTrace } from '../../../src/collector/page/model/summarize.ts';
import { applyChanges } from '../../../src/collector/page/model/trace-list.ts';
import type { TraceChanges, TraceSummary } from '../../../src/collector/page/model/wire.ts';
import type { CollectedRun } from '../../../src/collector/types.ts';

function collected(id: string, more: Partial<CollectedRun> = {}): CollectedRun {
  return {
    id,
    traceId: 't',
    dottedOrder: `20260131T120000000001Z${id}`,
    name: id,
    runType: 'chain',
    startTime: 1000,
    endTime: 1100,
    metadata: {},
    tags: [],
    ...more,
  };
}

describe('previewText', () => {
  test('names the values on one line', () => {
    const order = { orderId: 'A-1', items: [{ sku: 'TEA\n GREEN', quantity: 2 }], note: '', gift: null };
    expect(previewText(order, 100)).toBe('orderId: A-1, sku: TEA GREEN, quantity: 2');
    expect(previewText('plain', 100)).toBe('plain');
    expect(previewText(undefined, 100)).toBe('');
  });

  test('ends at the limit without looking at the rest', () => {
    const items = { 0: 'x'.repeat(50), 1: 'y'.repeat(50) };
    Object.defineProperty(items, 2, {
      enumerable: true,
      get: () => {
        throw new Error('was read');
      },
    });
    expect(previewText(items, 60)).toHaveLength(60);
    expect(oneLine('z'.repeat(1000), 10)).toBe(`${'z'.repeat(10)}…`);
  });

  test('ends in values that are nested deeply', () => {
    let value: unknown = 'deep';
    for (let depth = 0; depth < 10_000; depth++) value = { value };
    expect(previewText(value, 100)).toBe('');
  });
});

describe('summarizeTrace', () => {
  const root = collected('root', { service: 'gateway', project: 'shop', inputs: { orderId: 'A-1' } });
  const child = collected('child', { parentRunId: 'root', service: 'stock', startTime: 1010, endTime: 1200 });

  test('is about the root, and about all runs', () => {
    expect(summarizeTrace('t', [child, root])).toEqual({
      id: 't',
      name: 'root',
      rootSeen: true,
      project: 'shop',
      services: ['gateway', 'stock'],
      startTime: 1000,
      endTime: 1200,
      runs: 2,
      errors: 0,
      preview: 'orderId: A-1',
      text: expect.stringMatching(/^t shop root .*orderid: a-1 child root$/),
    });
  });

  test('is not over while a run is not, and counts errors', () => {
    const { endTime: _end, ...open } = child;
    const summary = summarizeTrace('t', [{ ...open, error: 'Error: out of stock\n at x' }, root]);
    expect(summary).toMatchObject({ errors: 1, text: expect.stringContaining('error: out of stock at x') });
    expect(summary).not.toHaveProperty('endTime');
  });

  test('has the name of the first run where the root has not arrived', () => {
    expect(summarizeTrace('t', [child])).toMatchObject({ name: 'child', rootSeen: false });
  });

  test('stays small, whatever the runs hold', () => {
    const large = 'x'.repeat(1_000_000);
    const runs = Array.from({ length: 50 }, (_, index) =>
      collected(`${index}`, { name: large, error: large, inputs: { large }, tags: [large] }),
    );
    expect(JSON.stringify(summarizeTrace('t', runs)).length).toBeLessThan(5000);
    expect(JSON.stringify(summarizeRun(runs[0] as CollectedRun)).length).toBeLessThan(5000);
  });
});

describe('summarizeRuns', () => {
  test('sorts by dotted order, and has the first line of the error', () => {
    const runs = [collected('b', { error: '\n TypeError: x\n    at y' }), collected('a', { error: '' })];
    expect(summarizeRuns(runs).map(({ id, error }) => [id, error])).toEqual([
      ['a', 'error'],
      ['b', 'TypeError: x'],
    ]);
  });

  test.each([
    ['001', '001', true],
    ['483', '483', true],
    ['001', '002', false],
    ['002', '002', false],
    ['000', '000', false],
  ])('a start at .%s of a parent at .%s is raised: %s', (own, parent, expected) => {
    const dottedOrder = `20260131T120000000${parent}Za.20260131T120000000${own}Zb`;
    expect(summarizeRun(collected('b', { dottedOrder })).startRaised).toBe(expected);
  });

  test('no start is raised without a parent or a dotted order', () => {
    const raised = (dottedOrder: string) => summarizeRun(collected('b', { dottedOrder })).startRaised;
    expect(['', 'Z.Z', '20260131T120000000001Zb'].map(raised)).toEqual([false, false, false]);
  });
});

test('applyChanges replaces, removes, and sorts by start, newest first', () => {
  const trace = (id: string, startTime: number) => ({ id, startTime }) as TraceSummary;
  const changes = (more: Partial<TraceChanges>): TraceChanges => ({
    reset: false,
    traces: [],
    removed: [],
    total: 0,
    ...more,
  });
  const ids = (list: readonly TraceSummary[]) => list.map(({ id }) => id).join('');
  const list = applyChanges([], changes({ traces: [trace('a', 1), trace('c', 3), trace('b', 2)] }));
  expect(ids(list)).toBe('cba');
  expect(ids(applyChanges(list, changes({ traces: [trace('a', 9)], removed: ['b'] })))).toBe('ac');
  expect(ids(applyChanges(list, changes({ reset: true, traces: [trace('d', 4)] })))).toBe('d');
});

describe('jsonTokens', () => {
  test('names the parts, and shows line breaks in strings', () => {
    const { tokens, hidden } = jsonTokens({ a: 'x\ny\\n', n: -1.5e3, ok: true, no: null }, 1000);
    expect(hidden).toBe(0);
    expect(tokens.map(({ text }) => text).join('')).toBe(
      '{\n  "a": "x\ny\\\\n",\n  "n": -1500,\n  "ok": true,\n  "no": null\n}',
    );
    expect(tokens.filter(({ kind }) => kind !== 'plain')).toEqual([
      { kind: 'key', text: '"a"' },
      { kind: 'string', text: '"x\ny\\\\n"' },
      { kind: 'key', text: '"n"' },
      { kind: 'number', text: '-1500' },
      { kind: 'key', text: '"ok"' },
      { kind: 'word', text: 'true' },
      { kind: 'key', text: '"no"' },
      { kind: 'word', text: 'null' },
    ]);
  });

  test('loses nothing up to the limit, also in the middle of a string', () => {
    const value = { text: 'false "true" 12 - {}'.repeat(20) };
    const { tokens, hidden } = jsonTokens(value, 100);
    const whole = JSON.stringify(value, null, 2);
    expect(tokens.map(({ text }) => text).join('')).toBe(whole.slice(0, 100));
    expect(hidden).toBe(whole.length - 100);
    expect(jsonTokens(undefined, 10)).toEqual({ tokens: [], hidden: 0 });
  });
});
