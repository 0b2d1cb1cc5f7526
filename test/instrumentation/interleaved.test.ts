import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp } from '../support/app.ts';
import { bundle } from '../support/bundle.ts';
import { isCampaign } from '../support/campaign.ts';
import { skipAll } from '../support/skip.ts';
import { dottedOrder } from '../support/trace.ts';
import { UNDICI_7, UNDICI_8 } from '../support/undici.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** The contexts that call at once; of every four, one has no trace. A connection or two is shared by all of them. */
const CONTEXTS = isCampaign ? 30 : 8;
const FORMS = [
  'http agent',
  'axios',
  'got',
  'undici Client',
  'undici Pool',
  'undici BalancedPool',
  'undici Agent',
  'undici RetryAgent',
  'undici Pool, composed before',
  'undici Pool, dispatch bound before',
  'undici fetch',
  'global fetch',
];

// With OpenTelemetry, dd-trace and Sentry 6 of 8 calls over 2 connections of undici carry somebody else's trace.
describe.each([
  ['with the dispatchers of each library', {}, false, UNDICI_7],
  ['with those of undici 8', {}, false, UNDICI_8],
  ['with an undici dispatcher set as the global one', { GLOBAL_DISPATCHER: '1' }, false, UNDICI_7],
  ['with a bounded one of Node’s own class', { GLOBAL_BOUNDED: '1' }, false, UNDICI_7],
  ['in a bundle', {}, true, UNDICI_7],
])('calls that wait for a connection, %s', (_name, env, isBundled, undici) => {
  skipAll(undici.whyNot);

  let app: App;
  let upstream: Upstream;
  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-bundle-'));
  beforeAll(async () => {
    if (undici.whyNot !== undefined) return;
    upstream = await startUpstream();
    const file = fixture('apps/interleaved.mjs');
    app = await startApp(isBundled ? await bundle(file, directory) : file, {
      env: { ...env, UPSTREAM: upstream.url },
      nodeOptions: [
        ...undici.nodeOptions,
        ...('GLOBAL_BOUNDED' in env ? ['--require', fixture('preload/load-fetch.cjs')] : []),
      ],
    });
  });
  afterAll(async () => {
    await app?.stop();
    await upstream?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Calls a path in all contexts at once, and looks at all that arrives. */
  async function callInterleaved(form: string, pathFor: (id: string) => string, hops: number): Promise<void> {
    upstream.arrived.length = 0;
    const calls = Array.from({ length: CONTEXTS }, (_, i) => ({
      id: `${i}`,
      trace: i % 4 === 3 ? undefined : dottedOrder(),
    }));
    await Promise.all(
      calls.map(async ({ id, trace }) => {
        const query = new URLSearchParams({ form, to: `${upstream.url}${pathFor(id)}` });
        const response = await fetch(`${app.url}/?${query}`, {
          headers: trace ? { 'langsmith-trace': trace } : {},
        });
        expect(response.status, await response.text()).toBe(200);
      }),
    );
    expect(upstream.arrived).toHaveLength(calls.length * hops);
    for (const { id, trace } of calls) {
      const arrived = upstream.arrived.filter(
        ({ url }) => new URL(url, 'http://x').searchParams.get('id') === id,
      );
      expect(arrived, `call ${id}`).toHaveLength(hops);
      for (const { headers, url } of arrived) {
        // An undici in a bundle may not be found: then no parent beats a wrong one.
        if (isBundled && form.startsWith('undici') && headers['langsmith-trace'] === undefined) continue;
        expect(headers['langsmith-trace'], url).toBe(trace);
      }
    }
  }

  it.each(FORMS)('%s: each carries the trace it was made in, or none', async (form) => {
    await callInterleaved(form, (id) => `/slow?id=${id}`, 1);
  });

  // Undici calls back in the context in which the connection was opened: 11 of 12 of these carried another's trace.
  it.each([
    ['axios', 'redirect'],
    ['got', 'redirect'],
    ['got', 'busy'],
    ['global fetch', 'redirect'],
    ['undici fetch', 'redirect'],
    ['undici redirect', 'redirect'],
    ['undici retry', 'busy'],
    ['undici retry', 'reset-once'],
    ['undici RetryAgent', 'busy'],
    ['undici RetryAgent', 'reset-once'],
  ])('%s after /%s: the next hop carries it too', async (form, first) => {
    const pathFor = (id: string) => {
      const to = encodeURIComponent(`${upstream.url}/slow?id=${id}`);
      return first === 'redirect' ? `/redirect?id=${id}&to=${to}` : `/${first}?id=${id}`;
    };
    await callInterleaved(form, pathFor, 2);
  });
});
