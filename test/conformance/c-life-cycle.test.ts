import { createServer as createHTTPServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dottedOrder } from '../support/trace.ts';
import { type Arrived, startUpstream, type Upstream } from '../support/upstream.ts';
import { ask, type Compared, type Expected, expectSame, type Subject, startSubject } from './support.ts';

let subject: Subject;
let upstream: Upstream;
beforeAll(async () => {
  [subject, upstream] = await Promise.all([startSubject('c-life-cycle.cjs'), startUpstream()]);
});
afterAll(async () => {
  await subject?.stop();
  await upstream?.close();
});

async function same(name: string, path = '/path', expected: Expected = {}): Promise<Compared> {
  const compared = await expectSame(subject, upstream, name, { url: `${upstream.url}${path}` }, expected);
  expect(compared.thrown).toBeUndefined();
  return compared;
}

/** What happened, as `req close`. */
function events({ value }: Compared): string[] {
  return (value as { told: [string, string][] }).told.map(([what, event]) => `${what} ${event}`);
}

it('[C41] the callback runs in the caller’s context', async () => {
  expect((await same('callback')).value).toBe('ended');
});

it('[C42] a response listener likewise', async () => {
  expect((await same('response listener')).value).toBe('ended');
});

it('[C43] data, end, close and error likewise', async () => {
  const all = ['req finish', 'req response', 'res data', 'res end', 'req close'];
  expect(events(await same('all events'))).toEqual(expect.arrayContaining(all));
  expect(events(await same('any end', '/reset'))).toEqual(['req finish', 'req error', 'req close']);
});

it('[C43] for await over the response likewise', async () => {
  expect((await same('for await')).value).toBe('ok');
});

it.each(['not consumed', 'no listener at all'])('[C44] the body needs no consumption: %s', async (name) => {
  expect((await same(name)).relayed).toHaveLength(1);
});

it('[C45] on(‘response’) only', async () => {
  expect((await same('on response only')).value).toBe(200);
});

it.each(['timeout of the options', 'setTimeout', 'AbortSignal.timeout'])('[C46] %s', async (name) => {
  expect(events(await same(name, '/never'))).toContain('req error');
});

it.each(['destroy at once', 'destroy with an error', 'abort at once', 'aborted signal'])(
  '[C47] before the response: %s',
  async (name) => {
    expect(events(await same(name, '/never'))).toContain('req close');
  },
);

it.each(['destroy in response', 'abort in data', 'signal after response'])(
  '[C47] after the response: %s',
  async (name) => {
    expect(events(await same(name, '/partial'))).toContain('res close');
  },
);

it('[C48] ECONNREFUSED surfaces unchanged', async () => {
  const url = `http://127.0.0.1:${await closedPort()}/`;
  const compared = await expectSame(subject, undefined, 'any end', { url });
  expect(events(compared)).toEqual(['req error', 'req close']);
  expect(JSON.stringify(compared.value)).toContain('"code":"ECONNREFUSED"');
});

it('[C49] upgrade', async () => {
  const server = await startTunnel();
  try {
    const compared = await expectSame(subject, server, 'upgrade', { url: server.url });
    expect(compared.value).toEqual({ status: 101, head: 'first' });
    expect(compared.relayed).toHaveLength(1);
  } finally {
    await server.close();
  }
});

it('[C50] CONNECT carries nothing', async () => {
  const server = await startTunnel();
  try {
    const port = Number(new URL(server.url).port);
    const compared = await expectSame(subject, server, 'connect', { port }, { ours: 'none' });
    expect(compared.value).toEqual({ status: 200 });
    expect(compared.relayed).toHaveLength(1);
  } finally {
    await server.close();
  }
});

it.each([
  ['C51', 'parallel keep-alive requests do not mix', 'keep-alive'],
  ['C52', 'a maxSockets queue', 'queued'],
])('[%s] %s', async (_line, _title, name) => {
  upstream.arrived.length = 0;
  const calls = Array.from({ length: 40 }, (_, i) => ({
    path: `/slow?id=${i}`,
    context: i % 4 === 3 ? {} : i % 4 === 2 ? { run: true } : { trace: dottedOrder() },
  }));
  const answers = await Promise.all(
    calls.map(({ path, context }) =>
      ask(subject.withAgent, name, { url: `${upstream.url}${path}` }, context),
    ),
  );
  expect(upstream.arrived).toHaveLength(calls.length);
  for (const [i, { path, context }] of calls.entries()) {
    const arrived = upstream.arrived.find(({ url }) => url === path);
    const wanted = context.run ? answers[i]?.run : context.trace;
    expect(arrived?.headers['langsmith-trace'], path).toBe(wanted);
    if (context.run) expect(wanted).toMatch(/Z/);
  }
});

it('[C53] a piped body is sent', async () => {
  expect((await same('piped')).relayed[0]?.body).toBe('ab');
});

it('[C53] a body piped in another context uses the one of the creation', async () => {
  for (const [creator, feeder] of [
    [dottedOrder(), dottedOrder()],
    [undefined, dottedOrder()],
    [dottedOrder(), undefined],
  ]) {
    upstream.arrived.length = 0;
    const holding = ask(subject.withAgent, 'hold', { url: upstream.url }, creator ? { trace: creator } : {});
    await ask(subject.withAgent, 'feed', {}, feeder ? { trace: feeder } : {});
    expect(await holding).toMatchObject({ value: { status: 200 } });
    expect(upstream.arrived.map(({ body }) => body)).toEqual(['ab']);
    expect(upstream.arrived[0]?.headers['langsmith-trace']).toBe(creator);
  }
});

it('[C54] the listener count is unchanged', async () => {
  const { value } = await same('listeners');
  expect(value).toHaveLength(10);
});

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A server that takes upgrades and CONNECT, and keeps what arrived with them. */
async function startTunnel(): Promise<Upstream> {
  const arrived: Arrived[] = [];
  const server = createHTTPServer();
  for (const [event, head] of [
    ['upgrade', '101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nfirst'],
    ['connect', '200 OK\r\n\r\n'],
  ] as const) {
    server.on(event, ({ method = '', url = '', headers, rawHeaders }, socket) => {
      arrived.push({ method, url, headers, rawHeaders, body: '' });
      socket.on('error', () => {}).end(`HTTP/1.1 ${head}`);
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/upgrade`;
  return { url, arrived, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}
