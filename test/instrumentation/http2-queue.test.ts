import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp, testNodeMajor } from '../support/app.ts';
import { bundle } from '../support/bundle.ts';
import { type HTTP2Upstream, startHTTP2Upstream } from '../support/http2-upstream.ts';
import { installLibraries } from '../support/libraries.ts';
import { skipAll } from '../support/skip.ts';
import { dottedOrder } from '../support/trace.ts';

/** Node 18 itself warns of TLS to an IP address (DEP0123). */
const WITHOUT_DEPRECATIONS = testNodeMajor === 18 ? ['--no-deprecation'] : [];
const CALLS = 30;
const libraries = installLibraries('http2', [
  'got11@npm:got@11.8.6',
  'got12@npm:got@12.6.1',
  'got13@npm:got@13.0.0',
]);

interface Call {
  readonly id: string;
  readonly trace: string | undefined;
}

/** Every fourth is made where there is no trace. */
function makeCalls(): Call[] {
  return Array.from({ length: CALLS }, (_, i) => ({
    id: `${i}`,
    trace: i % 4 === 3 ? undefined : dottedOrder(),
  }));
}

/** got 14 and undici 7 need Node 20. */
const FORMS = [
  { form: 'a session that is connecting', isTLS: false, isOneSession: true },
  { form: 'a session that is connecting', isTLS: true, isOneSession: true },
  { form: 'a session that is connected', isTLS: false, isOneSession: true },
  { form: 'axios', isTLS: true, isOneSession: true },
  ...(testNodeMajor < 20
    ? []
    : [
        { form: 'got 14', isTLS: true, isOneSession: false },
        { form: 'undici', isTLS: true, isOneSession: false },
      ]),
  ...(libraries === undefined
    ? []
    : ['got 11', 'got 12', 'got 13']
        // Gets no answer over HTTP/2 on Node 18, with the agent or without it.
        .filter((form) => form !== 'got 11' || testNodeMajor >= 20)
        .map((form) => ({ form, isTLS: true, isOneSession: false }))),
];

/** Asks for all calls at once. @returns the events in which the application listened to them */
async function ask(app: App, calls: readonly Call[], form: string, to: string): Promise<Set<string>> {
  const events = new Set<string>();
  await Promise.all(
    calls.map(async ({ id, trace }) => {
      const query = new URLSearchParams({ form, to: `${to}${id}`, of: `${CALLS}` });
      const response = await fetch(`${app.url}/?${query}`, {
        headers: trace ? { 'langsmith-trace': trace } : {},
      });
      const text = await response.text();
      expect(response.status, text).toBe(200);
      // Listeners are in the context of the call as well, not of the one that opened the session.
      const seen = Object.entries(JSON.parse(text) as Record<string, string | null>);
      for (const [event, there] of seen) {
        events.add(event);
        expect(there, `${event} of call ${id}`).toBe(trace ?? null);
      }
    }),
  );
  expect(events.size).toBeGreaterThan(0);
  return events;
}

describe('HTTP/2 requests that wait for a session', () => {
  let app: App;
  let clear: HTTP2Upstream;
  let secure: HTTP2Upstream;
  beforeAll(async () => {
    [clear, secure] = await Promise.all([startHTTP2Upstream(), startHTTP2Upstream({ tls: true })]);
    const PRELOADED = [
      ...(testNodeMajor < 20 ? [] : ['got14']),
      ...(libraries === undefined ? [] : ['got11', 'got12', 'got13']),
    ].join();
    app = await startApp(fixture('apps/http2-queue.mjs'), {
      env: { LIBRARIES: libraries, PRELOADED },
      nodeOptions: WITHOUT_DEPRECATIONS,
    });
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([clear?.close(), secure?.close()]);
  });

  it.each(FORMS)('$form, TLS $isTLS: each carries the trace it was made in, or none', async (each) => {
    const { form, isTLS, isOneSession } = each;
    const upstream = isTLS ? secure : clear;
    upstream.arrived.length = 0;
    const calls = makeCalls();
    await ask(app, calls, form, `${upstream.url}/?id=`);
    expect(upstream.arrived).toHaveLength(CALLS);
    for (const { id, trace } of calls) {
      const arrived = upstream.arrived.find(({ headers }) => headers[':path'] === `/?id=${id}`);
      expect(arrived?.headers['langsmith-trace'], `call ${id}`).toBe(trace);
    }
    if (isOneSession) expect(new Set(upstream.arrived.map(({ connection }) => connection)).size).toBe(1);
  });

  it('[E89] errors of a session that another call ends come in the context of each call', async () => {
    const events = await ask(app, makeCalls(), 'a session that another ends', `${clear.url}/never?id=`);
    expect([...events]).toEqual(expect.arrayContaining(['error', 'close']));
  });

  it('prints nothing', () => {
    expect(app.stderr()).toBe('');
  });
});

/** What arrives of calls by got, whose queue is followed where the agent finds http2-wrapper in time. */
async function arrivedByGot(app: App, upstream: HTTP2Upstream): Promise<(string | undefined)[][]> {
  upstream.arrived.length = 0;
  const calls = makeCalls();
  await ask(app, calls, 'got 14', `${upstream.url}/?id=`);
  expect(upstream.arrived).toHaveLength(CALLS);
  return calls.map(({ id, trace }) => {
    const arrived = upstream.arrived.find(({ headers }) => headers[':path'] === `/?id=${id}`);
    return [trace, arrived?.headers['langsmith-trace'] as string | undefined];
  });
}

describe('no parent beats a wrong one', () => {
  skipAll(testNodeMajor < 20 ? 'got 14 needs Node.js 20' : undefined);

  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-bundle-'));
  let upstream: HTTP2Upstream;
  let app: App | undefined;
  beforeAll(async () => {
    upstream = await startHTTP2Upstream({ tls: true });
  });
  afterEach(() => app?.stop());
  afterAll(async () => {
    await upstream?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('for a library in a bundle: no trace, and one line that says so', async () => {
    app = await startApp(await bundle(fixture('apps/http2-queue.mjs'), directory));
    for (const [, arrived] of await arrivedByGot(app, upstream)) expect(arrived).toBeUndefined();
    expect(app.stderr()).toMatch(
      /^\[trace-agent\] warn: requests of http2-wrapper are sent without a trace, .*\n$/,
    );
  });

  it('a library that is loaded in a handler carries no trace or its own at first, and then its own', async () => {
    app = await startApp(fixture('apps/http2-queue.mjs'), { env: { TRACE_AGENT_LOG: 'error' } });
    for (const [trace, arrived] of await arrivedByGot(app, upstream)) {
      if (arrived !== undefined) expect(arrived).toBe(trace);
    }
    for (const [trace, arrived] of await arrivedByGot(app, upstream)) expect(arrived).toBe(trace);
    expect(app.stderr()).toBe('');
  });
});
