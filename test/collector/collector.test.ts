import { Agent, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { type CollectedRun, type Refusal, startCollector } from '../../src/collector/index.ts';
import { RunStore } from '../../src/collector/run-store.ts';
import { collectorForTest, send, sendBatch, wireRun } from './support.ts';

describe('waitForRuns', () => {
  test('resolves at once with runs that are there, and later with those that come', async () => {
    const collector = await collectorForTest();
    expect(await collector.waitForRuns((runs) => runs.length === 0)).toEqual([]);
    const waiting = collector.waitForRuns((runs) => runs.length === 2);
    for (const name of ['one', 'two']) await sendBatch(collector.url, { post: [wireRun(name)] });
    expect((await waiting).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  test('rejects with the runs that arrived and the refusals', async () => {
    const collector = await collectorForTest();
    const root = wireRun('root');
    const child = wireRun('child', root, 10);
    await sendBatch(collector.urlFor('gateway'), { post: [root, child], patch: [wireRun('never posted')] });
    await sendBatch(collector.urlFor('gateway'), { post: [wireRun('early', child, 9)] });
    const message = await collector.waitForRuns(() => false, 20).catch((error: Error) => error.message);
    expect(message).toContain('waited 20 ms in vain: 2 runs arrived, 1 refused');
    expect(message).toContain('patched, but never posted: 1');
    expect(message).toMatch(/└─ child +chain +\[gateway\] +100 ms/);
    expect(message).toMatch(/refused: early .* earlier than parent timestamp/);
  });

  test('rejects with the error that the predicate throws', async () => {
    const collector = await collectorForTest();
    const waiting = collector.waitForRuns((runs) => {
      if (runs.length > 0) throw new Error('not those');
      return false;
    });
    const rejection = expect(waiting).rejects.toThrow('not those');
    expect((await sendBatch(collector.url, { post: [wireRun('root')] })).status).toBe(202);
    await rejection;
  });

  test('rejects when the collector is closed', async () => {
    const collector = await collectorForTest();
    const rejection = expect(collector.waitForRuns(() => false)).rejects.toThrow('the collector was closed');
    await collector.close();
    await rejection;
  });
});

describe('the collector', () => {
  test('keeps every request with its headers', async () => {
    const collector = await collectorForTest();
    await send(`${collector.url}/gateway/nothing?x=1`, '', { method: 'GET', headers: { Baggage: 'a=b' } });
    await send(`${collector.url}/runs`, '{');
    expect(collector.requests()).toMatchObject([
      { method: 'GET', path: '/gateway/nothing?x=1', headers: { baggage: 'a=b' } },
      { method: 'POST', path: '/runs' },
    ]);
  });

  test('keeps the newest 10,000 requests', async () => {
    const collector = await collectorForTest();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const get = (path: string) =>
      new Promise((resolve, reject) => {
        request(collector.url + path, { agent }, (response) => response.resume().on('end', resolve))
          .on('error', reject)
          .end();
      });
    await get('/first');
    await Promise.all(Array.from({ length: 10_000 }, () => get('/then')));
    expect(collector.requests()).toHaveLength(10_000);
    expect(collector.requests()[0]?.path).toBe('/then');
    agent.destroy();
  });

  test('forgets everything by clear()', async () => {
    const collector = await collectorForTest();
    await sendBatch(collector.url, { post: [wireRun('root')] });
    await sendBatch(collector.url, { post: [{}] });
    collector.clear();
    expect([collector.runs(), collector.refused(), collector.requests()]).toEqual([[], [], []]);
  });

  test('hands out copies of its lists', async () => {
    const collector = await collectorForTest();
    collector.requests().push({ method: 'GET', path: '/', headers: {} });
    collector.runs().push({} as CollectedRun);
    expect([collector.runs(), collector.requests()]).toEqual([[], []]);
  });

  test('tells of the traces that changed and of refusals', async () => {
    const traces: string[] = [];
    const refusals: Refusal[] = [];
    const collector = await collectorForTest({
      onTraces: (traceIds) => traces.push(...traceIds),
      onRefusal: (refusal) => refusals.push(refusal),
    });
    const root = wireRun('root');
    await sendBatch(collector.url, { post: [root, wireRun('child', root, 1)] });
    await sendBatch(collector.url, { post: [{}] });
    expect(traces).toEqual([root.id]);
    expect(refusals).toEqual([{ reason: 'a run has no id' }]);
  });

  test('closes with connections open, idle or in use, and more than once', async () => {
    const collector = await startCollector();
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => {
      request(`${collector.url}/info`, { agent }, (response) => response.resume().on('end', resolve)).end();
    });
    const broken = new Promise((resolve) => {
      const outgoing = request(`${collector.url}/runs`, { method: 'POST' });
      outgoing.on('error', resolve);
      outgoing.write('{');
    });
    while (collector.requests().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await collector.close();
    await collector.close();
    expect(await broken).toMatchObject({ code: 'ECONNRESET' });
    agent.destroy();
  });

  test('listens where it is told to', async () => {
    const collector = await collectorForTest({ host: '0.0.0.0' });
    expect(collector.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { port } = new URL(collector.url);
    await expect(startCollector({ host: '0.0.0.0', port: Number(port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

describe('the store', () => {
  test('drops the oldest traces whole when it is full', () => {
    const store = new RunStore(4);
    const roots = ['one', 'two', 'three'].map((name) => wireRun(name));
    for (const root of roots) {
      const child = wireRun('child', root, 1);
      for (const run of [root, child]) store.apply([{ action: 'post', id: run.id, fields: run }], undefined);
    }
    expect(store.runs().map(({ name }) => name)).toEqual(['two', 'child', 'three', 'child']);
  });

  test('finds the trace of a run that was patched before it was posted', () => {
    const store = new RunStore(2);
    const root = wireRun('root');
    const child = wireRun('child', root, 1);
    store.apply([{ action: 'patch', id: child.id, fields: { end_time: child.end_time } }], 'billing');
    expect(store.unposted).toBe(1);
    store.apply([{ action: 'post', id: child.id, fields: child }], undefined);
    expect(store.runs()).toMatchObject([{ traceId: root.id, endTime: Date.parse(String(child.end_time)) }]);
    store.apply([{ action: 'post', id: root.id, fields: root }], undefined);
    const next = wireRun('next');
    store.apply([{ action: 'post', id: next.id, fields: next }], undefined);
    expect(store.runs().map(({ name }) => name)).toEqual(['next']);
  });
});
