import * as zlib from 'node:zlib';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { collectorForTest, MULTIPART, multipart, send, sendBatch, wireRun } from './support.ts';

describe('GET /info', () => {
  test('says that multipart and gzip are taken, and zstd where Node has it', async () => {
    const collector = await collectorForTest();
    const answer = await send(`${collector.url}/info`, '', { method: 'GET' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({
      batch_ingest_config: { use_multipart_endpoint: true, size_limit_bytes: expect.any(Number) },
      instance_flags: { gzip_body_enabled: true, zstd_compression_enabled: 'createZstdDecompress' in zlib },
    });
  });
});

describe('POST /runs/batch', () => {
  test('accepts posts and patches', async () => {
    const collector = await collectorForTest();
    const root = wireRun('root');
    const child = wireRun('child', root, 1);
    const { end_time, ...open } = child;
    const answer = await sendBatch(collector.url, {
      post: [root, open],
      patch: [{ ...child, end_time, error: 'boom', outputs: { n: 1 } }],
    });
    expect(answer.status).toBe(202);
    expect(collector.runs()).toMatchObject([
      { id: root.id, name: 'root', project: 'default', dottedOrder: root.dotted_order },
      { id: child.id, parentRunId: root.id, traceId: root.id, error: 'boom', outputs: { n: 1 } },
    ]);
    expect(collector.runs()[1]?.endTime).toBe(Date.parse(String(end_time)));
  });

  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['identity', (text: string) => text],
    ...('zstdCompressSync' in zlib ? [['zstd', zlib.zstdCompressSync] as const] : []),
  ] as const)('takes content encoding %s', async (encoding, encode) => {
    const collector = await collectorForTest();
    const body = encode(JSON.stringify({ post: [wireRun('root')] }));
    const answer = await send(`${collector.url}/runs/batch`, body, {
      headers: { 'content-encoding': encoding },
    });
    expect(answer.status).toBe(202);
    expect(collector.runs()).toHaveLength(1);
  });

  test('accepts a time with microseconds and zone, a number, and no time', async () => {
    const collector = await collectorForTest();
    const time = Date.UTC(2026, 0, 31, 12);
    const times = ['2026-01-31T13:00:00.000999+01:00', '2026-01-31T12:00:00.000999', time];
    const post = times.map((start_time) => ({ ...wireRun('root'), start_time }));
    expect((await sendBatch(collector.url, { post })).status).toBe(202);
    expect(collector.runs().map((run) => run.startTime)).toEqual([time, time, time]);
    const before = Date.now();
    await sendBatch(collector.url, { post: [{ ...wireRun('now'), start_time: undefined }] });
    expect(collector.runs()[3]?.startTime).toBeGreaterThanOrEqual(before);
  });
});

describe('POST /runs/multipart', () => {
  test('puts the parts of a run together, in any order, and lets the others through', async () => {
    const collector = await collectorForTest();
    const run = wireRun('root');
    const answer = await send(
      `${collector.url}/runs/multipart`,
      multipart({
        [`patch.${run.id}.outputs`]: { answer: 42 },
        [`post.${run.id}.inputs`]: { question: 'why' },
        [`post.${run.id}`]: run,
        [`post.${run.id}.extra`]: { metadata: { tier: 'gold' }, runtime: { sdk: 'x' } },
        [`post.${run.id}.events`]: [],
        [`post.${run.id}.serialized`]: {},
        [`patch.${run.id}`]: run,
        [`patch.${run.id}.error`]: null,
        [`patch.${run.id}.extra`]: { metadata: { cached: true } },
        [`attachment.${run.id}.picture`]: 'bytes',
        'feedback.0b6cfd65-7f52-4a6b-a1bd-2b1fbbe4a6c5': { key: 'score', score: 1 },
      }),
      { headers: MULTIPART },
    );
    expect(answer.status).toBe(202);
    const [collected] = collector.runs();
    expect(collected).toMatchObject({ inputs: { question: 'why' }, outputs: { answer: 42 } });
    expect(collected?.metadata).toEqual({ tier: 'gold', cached: true });
    expect(collected?.extra).toMatchObject({ runtime: { sdk: 'x' } });
    expect(collected).not.toHaveProperty('error');
  });

  test('accepts parts with a file name', async () => {
    const collector = await collectorForTest();
    const run = wireRun('root');
    const body = multipart({ [`post.${run.id}`]: run }, '; filename="run.json"');
    expect((await send(`${collector.url}/runs/multipart`, body, { headers: MULTIPART })).status).toBe(202);
    expect(collector.runs()).toMatchObject([{ name: 'root' }]);
  });

  test('accepts a part of many megabytes', async () => {
    const collector = await collectorForTest();
    const run = wireRun('root');
    const text = 'é'.repeat(4 * 1024 * 1024);
    const body = multipart({ [`post.${run.id}`]: run, [`post.${run.id}.inputs`]: { text } });
    const answer = await send(`${collector.url}/runs/multipart`, gzipSync(body), {
      headers: { ...MULTIPART, 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(202);
    const { inputs } = collector.runs()[0] ?? {};
    // A failing toEqual would print all of it.
    expect((inputs as { text?: string } | undefined)?.text === text).toBe(true);
  });
});

describe('POST /runs and PATCH /runs/:id', () => {
  test('merge, the patch first or last', async () => {
    const collector = await collectorForTest();
    for (const order of [
      ['POST', 'PATCH'],
      ['PATCH', 'POST'],
    ]) {
      collector.clear();
      const { end_time, ...run } = wireRun('root');
      for (const method of order) {
        const url = method === 'POST' ? `${collector.url}/runs` : `${collector.url}/runs/${run.id}`;
        const body =
          method === 'POST' ? run : { end_time, name: 'renamed', outputs: { ok: true }, inputs: null };
        expect((await send(url, JSON.stringify(body), { method })).status).toBe(202);
        expect(collector.runs()).toHaveLength(order[0] === method && method === 'PATCH' ? 0 : 1);
      }
      expect(collector.runs()).toMatchObject([
        { name: 'renamed', outputs: { ok: true }, endTime: Date.parse(String(end_time)) },
      ]);
    }
  });

  test('complete a run that has no dotted order', async () => {
    const collector = await collectorForTest();
    const { dotted_order: _order, trace_id: _trace, ...root } = wireRun('root');
    const {
      dotted_order: _childOrder,
      trace_id: _childTrace,
      ...child
    } = wireRun('child', wireRun('root'), 5);
    child.parent_run_id = root.id;
    for (const run of [root, child]) await send(`${collector.url}/runs`, JSON.stringify(run));
    expect(collector.runs()).toMatchObject([
      { traceId: root.id, dottedOrder: `20260131T120000000000Z${root.id}` },
      {
        traceId: root.id,
        dottedOrder: `20260131T120000000000Z${root.id}.20260131T120000005000Z${child.id}`,
      },
    ]);
  });
});

describe('the service', () => {
  test.each([
    ['', undefined],
    ['/gateway', 'gateway'],
    ['/gateway/api/v1', 'gateway'],
    ['/runs', 'runs'],
    ['//gateway/', 'gateway'],
    ['/%E2%82%AC%20and%2Fmore', '€ and/more'],
    ['/%zz', '%zz'],
  ])('of endpoint %j is %j', async (prefix, service) => {
    const collector = await collectorForTest();
    const run = wireRun('root');
    expect((await send(`${collector.url}${prefix}/runs`, JSON.stringify(run))).status).toBe(202);
    const patched = await send(`${collector.url}${prefix}/runs/${run.id}?x=1`, '{}', { method: 'PATCH' });
    expect(patched.status).toBe(202);
    expect((await send(`${collector.url}${prefix}/info`, '', { method: 'GET' })).status).toBe(200);
    expect(collector.runs().map((collected) => collected.service)).toEqual([service]);
  });

  test('goes into the endpoint by urlFor', async () => {
    const collector = await collectorForTest();
    expect(collector.urlFor('a b')).toBe(`${collector.url}/a%20b`);
    await sendBatch(collector.urlFor('a/b c'), { post: [wireRun('root')] });
    expect(collector.runs()[0]?.service).toBe('a/b c');
  });
});
