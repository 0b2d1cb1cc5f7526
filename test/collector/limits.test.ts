import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RunStore } from '../../src/collector/run-store.ts';
import { sizeOf } from '../../src/collector/size-of.ts';
import { collectorForTest, sendBatch, type WireRun, wireRun } from './support.ts';

const MIB = 1024 * 1024;
const large = (name: string, length = MIB): WireRun => ({
  ...wireRun(name),
  inputs: { text: 'x'.repeat(length) },
});
const operation = (run: WireRun, action: 'post' | 'patch' = 'post') => ({ action, id: run.id, fields: run });

describe('the memory of runs', () => {
  test('is bounded: the oldest traces are removed as a whole, and listeners are notified', async () => {
    const dropped: string[] = [];
    const collector = await collectorForTest({
      maxBytes: 5 * MIB,
      onDropped: (traceIds) => dropped.push(...traceIds),
    });
    const first = large('first');
    const child = wireRun('child', first);
    const roots = [first, ...Array.from({ length: 7 }, (_, i) => large(`root ${i}`))];
    await sendBatch(collector.url, { post: [first, child] });
    for (const root of roots.slice(1)) await sendBatch(collector.url, { post: [root] });
    expect(collector.runs().map(({ name }) => name)).toEqual(['root 3', 'root 4', 'root 5', 'root 6']);
    expect(dropped).toEqual(roots.slice(0, 4).map(({ id }) => id));
  });

  test('counts fields that a patch adds, and counts replaced fields only once', () => {
    const store = new RunStore(undefined, 10 * MIB);
    const [one, other] = [wireRun('one'), wireRun('other')];
    store.apply([operation(one), operation(other)], undefined);
    for (let i = 0; i < 20; i++) {
      const patch = { ...one, outputs: { text: `${i}`.padEnd(4 * MIB) } };
      expect(store.apply([operation(patch, 'patch')], undefined).dropped).toEqual([]);
    }
    const more = { ...other, outputs: { text: ''.padEnd(8 * MIB) } };
    expect(store.apply([operation(more, 'patch')], undefined).dropped).toEqual([one.id]);
    store.clear();
    expect(store.apply([operation(large('after', 9 * MIB))], undefined).dropped).toEqual([]);
  });

  test('is bounded in number too, and by a run that alone is too large', () => {
    const store = new RunStore(3, 2 * MIB);
    const runs = Array.from({ length: 5 }, (_, i) => wireRun(`${i}`));
    for (const run of runs) store.apply([operation(run)], undefined);
    expect(store.runs().map(({ name }) => name)).toEqual(['2', '3', '4']);
    expect(store.apply([operation(large('huge', 3 * MIB))], undefined).dropped).toHaveLength(4);
    expect(store.runs()).toEqual([]);
    expect(store.apply([operation(wireRun('next'))], undefined).dropped).toEqual([]);
  });

  test.each<[string, object, number]>([
    ['a text', { a: 'x'.repeat(1000) }, 1000],
    ['a text beyond Latin-1', { a: '語'.repeat(1000) }, 2000],
    ['numbers', Array(1000).fill(1), 8000],
    ['objects', Array.from({ length: 1000 }, () => ({})), 56_000],
    ['names', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i}`.padStart(20), 1])), 28_000],
  ])('of %s is estimated, rather too high', (_name, value, least) => {
    expect(sizeOf(value)).toBeGreaterThanOrEqual(least);
    expect(sizeOf(value)).toBeLessThan(least * 3 + 200);
  });

  test('of a value that is nested a hundred thousand times is estimated', () => {
    expect(sizeOf(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))).toBeGreaterThan(5_000_000);
  });
});

describe('the record of refused runs', () => {
  test('is cut, and bounded', async () => {
    const collector = await collectorForTest();
    const bad = Array.from({ length: 500 }, () => ({ ...wireRun('n'.repeat(10_000)), start_time: 'x' }));
    const { status, text } = await sendBatch(`${collector.url}/${'s'.repeat(5000)}`, { post: bad });
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(100_000);
    expect(text).toContain('400 more of the same request');
    expect(collector.refused()).toHaveLength(100);
    const [refusal] = collector.refused();
    expect(refusal?.name).toBe(`${'n'.repeat(100)}...`);
    expect(refusal?.service).toBe(`${'s'.repeat(100)}...`);
  });

  test('is forgotten beyond 16 MiB, as requests are', async () => {
    const collector = await collectorForTest();
    const headers = { 'x-large': 'x'.repeat(15_000) };
    const url = `${collector.url}/${'p'.repeat(500)}/info`;
    for (let i = 0; i < 1200; i++) await (await fetch(url, { headers })).text();
    expect(collector.requests().length).toBeGreaterThan(500);
    expect(collector.requests().length).toBeLessThan(1200);
  });
});

describe('a request is applied as a whole or not at all', () => {
  test('if one of its runs cannot be applied', () => {
    const store = new RunStore();
    const [root, child] = [wireRun('root'), wireRun('child')];
    store.apply([operation(root)], undefined);
    const before = structuredClone(store.runs());
    const fails = Object.defineProperty({ ...child }, 'name', {
      enumerable: true,
      get: () => {
        throw new Error('impossible');
      },
    }) as WireRun;
    const patch = operation({ ...root, outputs: { late: true } }, 'patch');
    expect(() => store.apply([patch, operation(wireRun('new')), operation(fails)], undefined)).toThrow(
      'impossible',
    );
    expect(store.runs()).toEqual(before);
    expect(store.runsOf(root.trace_id)).toEqual(before);
    store.apply([patch], undefined);
    expect(store.runs()[0]?.outputs).toEqual({ late: true });
  });

  test.each<[string, object]>([
    ['tags that are objects', { tags: [{ toString: 1, valueOf: 1 }, null, 7] }],
    ['metadata that is none', { extra: { metadata: [1] } }],
    ['a name of another type', { extra: 7, session_id: null }],
  ])('a patch with %s keeps its run in its trace', async (_name, fields) => {
    const collector = await collectorForTest();
    const root = wireRun('root');
    await sendBatch(collector.url, { post: [root] });
    const patch = { id: root.id, trace_id: root.trace_id, dotted_order: root.dotted_order, ...fields };
    expect((await sendBatch(collector.url, { patch: [patch] })).status).toBe(202);
    expect(collector.runsOf(root.trace_id).map(({ id }) => id)).toEqual([root.id]);
  });

  test('a run that a patch moves to another trace is only in that trace', () => {
    const store = new RunStore();
    const run = wireRun('run');
    store.apply([operation(run)], undefined);
    const other = randomUUID();
    store.apply([operation({ ...run, trace_id: other }, 'patch')], undefined);
    expect(store.runsOf(run.trace_id)).toEqual([]);
    expect(store.runsOf(other).map(({ id }) => id)).toEqual([run.id]);
  });
});
