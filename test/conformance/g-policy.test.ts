import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fixture, run, startApp } from '../support/app.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { ask, expectSame, type Subject, startSubject } from './support.ts';

const trace = dottedOrder();
const full = baggage({ metadata: { user: 'u' }, tags: ['t'], project: 'p' });
const bare = baggage({ project: 'p' });
const CALLS = ['fetch', 'http', 'flat array', 'axios'];

let upstream: Upstream;
let subject: Subject | undefined;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream?.close());

/** What arrives under these settings of the caller's headers, by the way to call. */
async function sent(env: NodeJS.ProcessEnv, path = '/'): Promise<Record<string, unknown>> {
  const app = await startApp(fixture('conformance/host.mjs'), {
    args: [fixture('conformance/g-policy.cjs')],
    env,
  });
  const result: Record<string, unknown> = {};
  for (const name of CALLS) {
    upstream.arrived.length = 0;
    const answer = await ask(app, name, { url: `${upstream.url}${path}` }, { trace, baggage: full });
    expect(answer.value, name).toMatchObject({ status: 200 });
    result[name] = upstream.arrived.map(({ headers }) => [headers['langsmith-trace'], headers['baggage']]);
  }
  await app.stop();
  return result;
}

const each = (...headers: (string | undefined)[]) =>
  Object.fromEntries(CALLS.map((name) => [name, [headers]]));
const port = () => new URL(upstream.url).port;

it.each([
  ['by default', () => ({}), each(trace, linked(trace, full))],
  ['none', () => ({ TRACE_AGENT_PROPAGATE_TO: 'none' }), each(undefined, undefined)],
  ['another host', () => ({ TRACE_AGENT_PROPAGATE_TO: '*.example.com' }), each(undefined, undefined)],
  ['this host', () => ({ TRACE_AGENT_PROPAGATE_TO: '127.0.0.1' }), each(trace, linked(trace, full))],
  [
    'this port',
    () => ({ TRACE_AGENT_PROPAGATE_TO: `127.0.0.1:${port()}` }),
    each(trace, linked(trace, full)),
  ],
  ['another port', () => ({ TRACE_AGENT_PROPAGATE_TO: '127.0.0.1:1' }), each(undefined, undefined)],
  ['this host denied', () => ({ TRACE_AGENT_PROPAGATE_TO: '*,!127.0.0.0/8' }), each(undefined, undefined)],
  ['metadata denied', () => ({ TRACE_AGENT_SHARE_METADATA_WITH: 'none' }), each(trace, bare)],
])('[G117] allow and deny: %s', async (_name, env, expected) => {
  expect(await sent(env())).toEqual(expected);
});

it('[G141] a destination that gets no metadata gets the trace in its header alone', async () => {
  const shared = await sent({});
  const withheld = await sent({ TRACE_AGENT_SHARE_METADATA_WITH: 'none' });
  const off = await sent({ TRACE_AGENT_TRACE_IN_BAGGAGE: 'false' });
  expect({ shared, withheld, off }).toEqual({
    shared: each(trace, linked(trace, full)),
    withheld: each(trace, bare),
    off: each(trace, full),
  });
});

it('[G118] a query string cannot satisfy a host', async () => {
  const path = '/?u=http://api.example.com/&api.example.com';
  expect(await sent({ TRACE_AGENT_PROPAGATE_TO: 'api.example.com' }, path)).toEqual(
    each(undefined, undefined),
  );
  // Nor can it have one denied.
  expect(await sent({ TRACE_AGENT_PROPAGATE_TO: '*,!api.example.com' }, path)).toEqual(
    each(trace, linked(trace, full)),
  );
});

describe('an application that may tell nobody', () => {
  beforeAll(async () => {
    subject = await startSubject('g-policy.cjs', { env: { TRACE_AGENT_PROPAGATE_TO: 'none' } });
  });
  afterAll(() => subject?.stop());

  it.each(CALLS)('[G119] denied, behaviour is kept: %s', async (name) => {
    const args = { url: `${upstream.url}/path?q=1` };
    const compared = await expectSame(subject as Subject, upstream, name, args, { ours: 'none' });
    expect(compared.relayed).toHaveLength(1);
  });
});

it('[G120] LangSmith’s own traffic is left out, retries included', async () => {
  const api = await startFailingAPI();
  const env = { LANGSMITH_ENDPOINT: api.url, LANGSMITH_API_KEY: 'test', LANGSMITH_TRACING: 'true' };
  const app = await startApp(fixture('conformance/host.mjs'), {
    args: [fixture('conformance/g-policy.cjs')],
    env,
  });
  try {
    upstream.arrived.length = 0;
    for (const name of CALLS) {
      const answer = await ask(app, name, { url: upstream.url }, { run: true });
      expect(answer.value, name).toMatchObject({ status: 200 });
      expect(upstream.arrived.pop()?.headers['langsmith-trace']).toBe(answer.run);
    }
    // The first one is sent anew.
    const posts = () => api.arrived.filter(({ method }) => method === 'POST').length;
    await expect.poll(posts, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    for (const { url, headers } of api.arrived) {
      expect(headers, url).not.toHaveProperty('langsmith-trace');
      expect(headers, url).not.toHaveProperty('baggage');
    }
  } finally {
    await app.stop();
    api.server.closeAllConnections();
    api.server.close();
  }
});

/** An API that refuses the first runs that it is sent. */
async function startFailingAPI() {
  const arrived: IncomingMessage[] = [];
  let refused = 0;
  const server = createServer((request, response) => {
    arrived.push(request);
    request.resume().on('end', () => {
      response.writeHead(request.method === 'POST' && refused++ === 0 ? 503 : 200).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, arrived, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('an application in which the agent fails', () => {
  let broken: Subject;
  beforeAll(async () => {
    broken = await startSubject('g-policy.cjs');
  });
  afterEach(() => {
    upstream.arrived.length = 0;
  });
  afterAll(() => broken?.stop(/^\[trace-agent\] (warn|error): .*failed on purpose/));

  it.each(CALLS)('[G121] an internal error: the request proceeds, %s', async (name) => {
    const args = { url: `${upstream.url}/path` };
    const plain = await ask(broken.without, name, args);
    const answer = await ask(broken.withAgent, `broken, ${name}`, args, { run: true });
    expect(answer.thrown).toBeUndefined();
    expect(answer.value).toEqual(plain.value);
    const [expected, arrived] = upstream.arrived;
    expect(arrived).toEqual(expected);
    expect(broken.withAgent.stderr()).toMatch(/^\[trace-agent\] .*failed on purpose/);
  });
});

it('[G122] disabling restores the originals', async () => {
  const remember = ['--require', fixture('preload/remember-builtins.cjs')];
  const lifecycle = async (action: string, env: NodeJS.ProcessEnv) => {
    const options = { preload: 'both', nodeOptions: remember, env } as const;
    const { code, stdout, stderr } = await run([fixture('apps/lifecycle.cjs'), action], options);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as { changed: string[]; left: string[] };
  };
  const stopped = await lifecycle('stop', {});
  expect(stopped.changed.length).toBeGreaterThan(4);
  expect(stopped.left).toEqual([]);
  expect((await lifecycle('', { TRACE_AGENT_ENABLED: 'false' })).changed).toEqual([]);
});

describe('an application with no run', () => {
  let plain: Subject;
  beforeAll(async () => {
    plain = await startSubject('g-policy.cjs');
  });
  afterAll(() => plain?.stop());

  it.each(CALLS)('[G123] no active run: nothing is added, %s', async (name) => {
    upstream.arrived.length = 0;
    const args = { url: `${upstream.url}/path` };
    // Also after a request that had one.
    await ask(plain.withAgent, name, args, { trace });
    for (const app of [plain.without, plain.withAgent]) await ask(app, name, args);
    const [traced, expected, arrived] = upstream.arrived;
    expect(traced?.headers['langsmith-trace']).toBe(trace);
    expect(arrived).toEqual(expected);
  });
});
