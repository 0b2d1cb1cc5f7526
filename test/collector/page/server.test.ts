import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TraceChanges } from '../../../src/collector/page/model/wire.ts';
import { TraceFeed } from '../../../src/collector/page/trace-feed.ts';
import { collectorForTest, sendBatch, type WireRun, wireRun } from '../support.ts';

/** The events of `GET /page/events`, one at a time. */
async function openEvents(url: string) {
  const request = get(`${url}/page/events`);
  opened.add(request);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks = response.setEncoding('utf8').iterator();
  let text = '';
  return {
    response,
    async next(): Promise<TraceChanges> {
      while (!text.includes('\n\n')) text += (await chunks.next()).value;
      const [event = ''] = text.split('\n\n', 1);
      text = text.slice(event.length + 2);
      const [, data = ''] = /^event: traces\ndata: (.*)$/.exec(event) ?? [];
      return JSON.parse(data);
    },
  };
}

const opened = new Set<ReturnType<typeof get>>();
afterEach(() => {
  for (const request of opened) request.destroy();
});

const ids = ({ traces }: TraceChanges) => traces.map(({ id }) => id);

describe('the page', () => {
  test('may only use its own script and style, and send requests only to its own server', async () => {
    const { url } = await collectorForTest();
    const response = await fetch(`${url}/`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');

    const hashes = ['script', 'style'].map((element) => {
      const [, text = ''] = new RegExp(`<${element}[^>]*>([^]*?)</${element}>`).exec(html) ?? [];
      expect(text.length).toBeGreaterThan(1000);
      return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    });
    const directives = response.headers.get('content-security-policy')?.split('; ');
    expect(directives).toEqual([
      "default-src 'none'",
      `script-src ${hashes[0]}`,
      `style-src ${hashes[1]}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(html.match(/<script|<style|<link/g)).toEqual(['<link', '<style', '<script']);
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:)/);
  });

  test.each(['/', '/page/events', '/page/traces/t'])(
    '%s is not stored, sniffed or given to other sites',
    async (path) => {
      const { url } = await collectorForTest();
      const { headers, body } = await fetch(`${url}${path}`);
      await body?.cancel();
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test('its requests are not in the list of collected requests', async () => {
    const collector = await collectorForTest();
    for (const path of ['/', '/page/traces/t', '/favicon.ico']) await fetch(collector.url + path);
    expect(collector.requests().map(({ path }) => path)).toEqual(['/favicon.ico']);
  });
});

describe('the data of a trace', () => {
  test('returns the runs without large fields, and a single run with all fields', async () => {
    const { url } = await collectorForTest();
    const root: WireRun = { ...wireRun('root'), inputs: { x: 'y'.repeat(100_000) } };
    const events = [{ name: 'new_token', time: '2026-01-31T12:00:00Z' }];
    const child: WireRun = { ...wireRun('child', root, 1), error: 'Error: no\n    at x', events };
    await sendBatch(`${url}/gateway`, { post: [child, root] });

    const text = await (await fetch(`${url}/page/traces/${root.trace_id}`)).text();
    expect(text.length).toBeLessThan(5000);
    expect(JSON.parse(text).runs).toMatchObject([
      { id: root.id, name: 'root', service: 'gateway' },
      { id: child.id, name: 'child', parentRunId: root.id, error: 'Error: no' },
    ]);

    const run = await (await fetch(`${url}/page/traces/${root.trace_id}/runs/${child.id}`)).json();
    expect(run).toMatchObject({ error: 'Error: no\n    at x', events, dottedOrder: child.dotted_order });
  });

  test('is not found for a trace or a run that is not there', async () => {
    const { url } = await collectorForTest();
    const root = wireRun('root');
    await sendBatch(url, { post: [root] });
    const statuses = ['x', `${root.id}/runs/x`, `${root.id}/runs/${root.id}`].map(async (path) => {
      const response = await fetch(`${url}/page/traces/${path}`);
      return response.status;
    });
    expect(await Promise.all(statuses)).toEqual([404, 404, 200]);
  });
});

describe('the list of traces, as events', () => {
  test('has all traces first, then those that changed', async () => {
    const { url } = await collectorForTest();
    const [first, second] = [wireRun('first'), wireRun('second')];
    await sendBatch(`${url}/gateway`, { post: [first] });
    const events = await openEvents(url);
    expect(events.response.headers['content-type']).toBe('text/event-stream');
    expect(await events.next()).toMatchObject({
      reset: true,
      total: 1,
      traces: [{ id: first.id, name: 'first', services: ['gateway'], runs: 1 }],
    });

    await sendBatch(url, { post: [second] });
    expect(await events.next()).toMatchObject({ reset: false, total: 2, traces: [{ id: second.id }] });
    await sendBatch(url, { post: [wireRun('child', first, 1)] });
    expect(await events.next()).toMatchObject({ traces: [{ id: first.id, runs: 2 }], removed: [] });
  });

  test('sends simultaneous changes to each page as one event', async () => {
    const { url } = await collectorForTest();
    const pages = await Promise.all([openEvents(url), openEvents(url)]);
    for (const page of pages) expect(ids(await page.next())).toEqual([]);
    const runs = Array.from({ length: 20 }, (_, index) => wireRun(`run ${index}`));
    await sendBatch(url, { post: runs });
    for (const page of pages) expect(ids(await page.next())).toEqual(runs.map(({ id }) => id));
  });

  test('has the newest 2,000 traces, and removes the others', async () => {
    const { url } = await collectorForTest();
    const runs = Array.from({ length: 2003 }, (_, index) => wireRun(`run ${index}`));
    await sendBatch(url, { post: runs.slice(0, 2001) });
    const events = await openEvents(url);
    const first = await events.next();
    expect(first).toMatchObject({ total: 2001 });
    expect(ids(first)).toEqual(runs.slice(1, 2001).map(({ id }) => id));
    await sendBatch(url, { post: runs.slice(2001) });
    const { removed, total, ...second } = await events.next();
    expect({ removed, total }).toEqual({ removed: [runs[1]?.id, runs[2]?.id], total: 2003 });
    expect(second.traces).toHaveLength(2);
  });

  test('is empty once the collector has forgotten its runs', async () => {
    const collector = await collectorForTest();
    await sendBatch(collector.url, { post: [wireRun('root')] });
    const events = await openEvents(collector.url);
    expect(await events.next()).toMatchObject({ total: 1 });
    collector.clear();
    expect(await events.next()).toEqual({ reset: true, traces: [], removed: [], total: 0 });
  });

  test('a page that is open does not keep the collector from closing', async () => {
    const collector = await collectorForTest();
    const events = await openEvents(collector.url);
    await events.next();
    const closed = new Promise((resolve) => events.response.on('error', resolve));
    await collector.close();
    await closed;
  });

  test('a page that reads slowly gets the whole list once it has caught up', async () => {
    const traceIds = ['a', 'b', 'c'];
    const run = { name: 'run', dottedOrder: '', runType: '', startTime: 1, metadata: {}, tags: [] };
    const feed = new TraceFeed({
      traces: new Map(traceIds.map((id) => [id, id])),
      runsOf: (traceId) => [{ ...run, id: traceId, traceId }],
    });
    let readSlowly = () => {};
    const openPage = (onWritten: (done: () => void) => void) => {
      const written: string[][] = [];
      const page = new Writable({
        highWaterMark: 1,
        write(chunk, _encoding, done) {
          written.push(ids(JSON.parse(String(chunk).split('data: ')[1] ?? '')));
          onWritten(done);
        },
      });
      feed.connect(page as ServerResponse);
      return written;
    };
    const slow = openPage((done) => {
      readSlowly = done;
    });
    const fast = openPage(setImmediate);
    await vi.waitFor(() => expect(fast).toEqual([traceIds]));
    feed.changed(['a']);
    feed.changed(['b']);
    await vi.waitFor(() => expect(fast).toEqual([traceIds, ['a', 'b']]));
    expect(slow).toEqual([traceIds]);
    readSlowly();
    await vi.waitFor(() => expect(slow).toEqual([traceIds, traceIds]));
    feed.close();
  });
});
