import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const FORMS = [
  'http agent',
  'axios',
  'got',
  'undici Client',
  'undici Pool',
  'undici BalancedPool',
  'undici Agent',
  'undici RetryAgent',
  'undici fetch',
  'global fetch',
];

// With OpenTelemetry, dd-trace and Sentry 6 of 8 calls over 2 connections of undici carry somebody else's trace.
describe.each([
  ['with the dispatchers of each library', {}],
  ['with an undici dispatcher set as the global one', { GLOBAL_DISPATCHER: '1' }],
])('calls that wait for a connection, %s', (_name, env) => {
  let app: App;
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream();
    app = await startApp(fixture('apps/interleaved.mjs'), { env });
  });
  afterAll(async () => {
    await app?.stop();
    await upstream?.close();
  });

  it.each(FORMS)('%s: each carries the trace it was made in, or none', async (form) => {
    upstream.arrived.length = 0;
    const calls = Array.from({ length: 30 }, (_, i) => ({
      id: `${i}`,
      trace: i % 4 === 3 ? undefined : dottedOrder(),
    }));
    await Promise.all(
      calls.map(async ({ id, trace }) => {
        const query = new URLSearchParams({ form, to: `${upstream.url}/slow?id=${id}` });
        const response = await fetch(`${app.url}/?${query}`, {
          headers: trace ? { 'langsmith-trace': trace } : {},
        });
        expect(response.status, await response.text()).toBe(200);
      }),
    );
    expect(upstream.arrived).toHaveLength(calls.length);
    for (const { id, trace } of calls) {
      const arrived = upstream.arrived.find(({ url }) => url === `/slow?id=${id}`);
      expect(arrived?.headers['langsmith-trace'], `call ${id}`).toBe(trace);
    }
  });
});
