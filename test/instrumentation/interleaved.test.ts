import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp } from '../support/app.ts';
import { bundle } from '../support/bundle.ts';
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
  ['with the dispatchers of each library', {}, false],
  ['with an undici dispatcher set as the global one', { GLOBAL_DISPATCHER: '1' }, false],
  ['in a bundle', {}, true],
])('calls that wait for a connection, %s', (_name, env, isBundled) => {
  let app: App;
  let upstream: Upstream;
  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-bundle-'));
  beforeAll(async () => {
    upstream = await startUpstream();
    const file = fixture('apps/interleaved.mjs');
    app = await startApp(isBundled ? await bundle(file, directory) : file, { env });
  });
  afterAll(async () => {
    await app?.stop();
    await upstream?.close();
    rmSync(directory, { recursive: true, force: true });
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
      // An undici in a bundle may not be found: then no parent beats a wrong one.
      const isUndici = form.startsWith('undici');
      if (isBundled && isUndici && arrived?.headers['langsmith-trace'] === undefined) continue;
      expect(arrived?.headers['langsmith-trace'], `call ${id}`).toBe(trace);
    }
  });
});
