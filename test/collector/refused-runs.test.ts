import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  collectorForTest,
  expectAlive,
  MULTIPART,
  multipart,
  send,
  sendBatch,
  type WireRun,
  wireRun,
} from './support.ts';

describe('a run is refused', () => {
  const root = wireRun('root');
  const child = wireRun('child', root, 10);
  const segments = child.dotted_order.split('.');
  const cases: [string, WireRun | Record<string, unknown>, string][] = [
    [
      'earlier than its parent',
      wireRun('early', child, 9),
      'earlier than parent timestamp 2026-01-31T12:00:00.010',
    ],
    ['with a malformed dotted order', { ...child, dotted_order: 'nonsense' }, 'dotted_order is malformed'],
    ['with an empty dotted order', { ...child, dotted_order: '' }, 'dotted_order is malformed'],
    ['with an empty segment', { ...child, dotted_order: segments.join('..') }, 'dotted_order is malformed'],
    [
      'on a day that does not exist',
      { ...root, dotted_order: root.dotted_order.replace('20260131', '20260230') },
      'dotted_order is malformed',
    ],
    ['with a dotted order that is no string', { ...child, dotted_order: 7 }, 'dotted_order is not a string'],
    ['with another trace id', { ...child, trace_id: randomUUID() }, 'trace_id does not match first part'],
    ['with another id', { ...child, id: randomUUID() }, 'run_id does not match last part'],
    [
      'with another parent',
      { ...child, parent_run_id: randomUUID() },
      'parent_run_id does not match penultimate',
    ],
    [
      'without the parent of its dotted order',
      { ...child, parent_run_id: null },
      'a single part for root runs',
    ],
    [
      'without its parent in the dotted order',
      { ...root, parent_run_id: randomUUID() },
      'at least two parts',
    ],
    ['without a dotted order', { ...child, dotted_order: undefined }, 'there is no dotted_order'],
    ['with an id that is no UUID', { ...child, id: 'seven' }, 'is not a UUID'],
    ['with a parent that is no UUID', { ...child, parent_run_id: {} }, 'is not a UUID'],
    ['with a start that is no time', { ...root, start_time: 'soon' }, 'is no time'],
    ['with a start beyond all dates', { ...root, start_time: 1e300 }, 'is no time'],
  ];

  test.each(cases)('%s', async (_what, run, reason) => {
    for (const action of ['post', 'patch']) {
      const collector = await collectorForTest();
      const answer = await sendBatch(collector.urlFor('gateway'), { [action]: [run] });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text).error).toContain(reason);
      expect(JSON.parse(answer.text).error).toContain(String(run.id));
      expect(collector.refused()).toMatchObject([{ runId: run.id, name: run.name, service: 'gateway' }]);
      expect(collector.refused()[0]?.reason).toContain(reason);
      await expectAlive(collector);
    }
  });

  test('and each endpoint refuses the whole request', async () => {
    const early = wireRun('early', child, 9);
    const post = [root, child, early];
    const parts = Object.fromEntries(post.map((run) => [`post.${run.id}`, run]));
    const requests: [string, string, object][] = [
      ['/runs/batch', JSON.stringify({ post }), {}],
      ['/runs/multipart', multipart(parts), { headers: MULTIPART }],
      ['/runs', JSON.stringify(early), {}],
      [`/runs/${early.id}`, JSON.stringify(early), { method: 'PATCH' }],
    ];
    for (const [path, body, options] of requests) {
      const collector = await collectorForTest();
      const answer = await send(collector.url + path, body, options);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(JSON.parse(answer.text).error).toContain('name:early');
      expect(collector.refused()).toMatchObject([{ runId: early.id, name: 'early' }]);
      await expectAlive(collector);
    }
  });

  test('at the same time as its parent: it is not', async () => {
    const collector = await collectorForTest();
    const twin = wireRun('twin', child, 10);
    expect((await sendBatch(collector.url, { post: [root, child, twin] })).status).toBe(202);
    expect(collector.refused()).toEqual([]);
  });
});
