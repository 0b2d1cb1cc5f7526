import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp } from '../support/app.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const trace = dottedOrder();
const header = baggage({ metadata: { user: 'someone' }, tags: ['t'], project: 'p' });
const bare = baggage({ project: 'p' });

let upstream: Upstream;
let app: App | undefined;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
afterEach(async () => {
  await app?.stop();
  upstream.arrived.length = 0;
});

/** What arrives upstream of a traced request that a service passes on under these settings, by one of its clients. */
async function sent(env: NodeJS.ProcessEnv, path = '', form = 'fetch') {
  app = await startApp(fixture('apps/caller.mjs'), { env: { MODULES: 'cjs', ...env } });
  return sentBy(form, path);
}

async function sentBy(form: string, path: string) {
  upstream.arrived.length = 0;
  const query = new URLSearchParams({ form, to: `${upstream.url}${path}` });
  const response = await fetch(`${app?.url}/?${query}`, {
    headers: { 'langsmith-trace': trace, baggage: header },
  });
  expect(response.status, await response.text()).toBe(200);
  return upstream.arrived.map(({ headers }) => [headers['langsmith-trace'], headers['baggage']]);
}

/** One service is started for the settings, and asked to call by each of these. */
const FORMS = ['fetch', 'http.get(URL)', 'flat array of headers'];

async function expectSent(env: NodeJS.ProcessEnv, path: string, expected: unknown): Promise<void> {
  app = await startApp(fixture('apps/caller.mjs'), { env: { MODULES: 'cjs', ...env } });
  for (const form of FORMS) expect(await sentBy(form, path), form).toEqual(expected);
}

const EVERYTHING = [[trace, linked(trace, header)]];
const TRACE = [[trace, bare]];
const NOTHING = [[undefined, undefined]];

describe('destinations', () => {
  it.each([
    ['by default an internal one gets everything', {}, EVERYTHING],
    ['none is propagated to', { TRACE_AGENT_PROPAGATE_TO: 'none' }, NOTHING],
    ['another host is propagated to', { TRACE_AGENT_PROPAGATE_TO: 'api.example.com' }, NOTHING],
    ['this one by address', { TRACE_AGENT_PROPAGATE_TO: '127.0.0.0/8' }, EVERYTHING],
    ['this one excepted', { TRACE_AGENT_PROPAGATE_TO: '*,!127.0.0.1' }, NOTHING],
    ['metadata for none', { TRACE_AGENT_SHARE_METADATA_WITH: 'none' }, TRACE],
    ['metadata for another', { TRACE_AGENT_SHARE_METADATA_WITH: '*.example.com' }, TRACE],
    [
      'too few bytes for metadata',
      { TRACE_AGENT_MAX_HEADER_BYTES: '220' },
      [[trace, linked(trace, `langsmith-tags=t,${bare}`)]],
    ],
    [
      'too few bytes for the trace in baggage',
      { TRACE_AGENT_MAX_HEADER_BYTES: '140' },
      [[trace, `langsmith-tags=t,${bare}`]],
    ],
    ['too few bytes for tags', { TRACE_AGENT_MAX_HEADER_BYTES: '110' }, TRACE],
    ['too few bytes for the project', { TRACE_AGENT_MAX_HEADER_BYTES: '80' }, NOTHING],
  ])('%s', async (_name, env, expected) => {
    await expectSent(env, '', expected);
  });

  it('a port is matched', async () => {
    const { port } = new URL(upstream.url);
    await expectSent({ TRACE_AGENT_PROPAGATE_TO: `127.0.0.1:${port}` }, '', EVERYTHING);
    await app?.stop();
    await expectSent({ TRACE_AGENT_PROPAGATE_TO: `127.0.0.1:${Number(port) + 1}` }, '', NOTHING);
  });

  it('a query string cannot satisfy a host', async () => {
    await expectSent({ TRACE_AGENT_PROPAGATE_TO: 'api.example.com' }, '/?u=http://api.example.com/', NOTHING);
  });

  it('a service on the same host and port as LangSmith gets the trace, and LangSmith’s own address gets nothing', async () => {
    await expectSent({ LANGSMITH_ENDPOINT: `${upstream.url}/api` }, '/svc', EVERYTHING);
    for (const form of FORMS) expect(await sentBy(form, '/api/runs'), form).toEqual(NOTHING);
  });
});

it.each(['fetch', 'axios.get', 'got'])(
  'policy is applied again to a redirect to another host, %s',
  async (form) => {
    const { port } = new URL(upstream.url);
    const env = { TRACE_AGENT_PROPAGATE_TO: '127.0.0.1' };
    const to = encodeURIComponent(`http://localhost:${port}/there`);
    expect(await sent(env, `/redirect?to=${to}`, form)).toEqual([...EVERYTHING, ...NOTHING]);
  },
);

it('the agent logs once that it left out fields for their size', async () => {
  await sent({ TRACE_AGENT_MAX_HEADER_BYTES: '140' });
  await fetch(`${app?.url}/?${new URLSearchParams({ form: 'fetch', to: upstream.url })}`, {
    headers: { 'langsmith-trace': dottedOrder(), baggage: header },
  });
  const lines = app?.stderr().trim().split('\n') ?? [];
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/warn: .*TRACE_AGENT_MAX_HEADER_BYTES=140.* without metadata/);
});

async function counts() {
  return ((await (await fetch(`${app?.url}/status`)).json()) as { counts: unknown }).counts;
}

it('the counters report the agent’s decisions', async () => {
  await sent({});
  expect(await counts()).toEqual({ injected: 0, relayed: 1, extracted: 1, distrusted: 0 });
  await app?.stop();
  await sent({ TRACE_AGENT_TRUST: 'none' });
  expect(await counts()).toEqual({ injected: 0, relayed: 0, extracted: 0, distrusted: 1 });
});

describe('peers', () => {
  it.each([
    ['internal', EVERYTHING],
    ['*', EVERYTHING],
    ['127.0.0.1', EVERYTHING],
    ['none', NOTHING],
    ['10.0.0.0/8', NOTHING],
    ['*,!127.0.0.0/8', NOTHING],
  ])('TRACE_AGENT_TRUST=%s', async (trust, expected) => {
    expect(await sent({ TRACE_AGENT_TRUST: trust })).toEqual(expected);
  });
});
