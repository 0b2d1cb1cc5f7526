import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testNodeMajor } from '../support/app.ts';
import { hasPeers, needPeers, peer } from '../support/peers.ts';
import { dottedOrder, linked } from '../support/trace.ts';
import { type Arrived, startUpstream, type Upstream } from '../support/upstream.ts';
import {
  ask,
  baggageOfRun,
  type Compared,
  type Expected,
  expectSame,
  type Subject,
  startSubject,
  valuesOf,
} from './support.ts';

/** By the oldest Node that each runs on. 6.11.0 is the one release whose requests have no `addHeader`. */
const VERSIONS = [
  { version: '5', alias: 'undici5', from: 18 },
  { version: '6', alias: 'undici6', from: 18 },
  { version: '6.11.0', alias: 'undici6.11', from: 18 },
  { version: '7', alias: 'undici7', from: 20 },
  { version: '8', alias: 'undici8', from: 22 },
].filter(({ from }) => testNodeMajor >= from);

describe.each(VERSIONS)('undici $version', ({ version, alias }) => {
  const major = Number.parseInt(version, 10);
  let subject: Subject;
  let upstream: Upstream;
  let secure: Upstream;
  beforeAll(async () => {
    if (!hasPeers('undici')) return;
    const env = { UNDICI: peer('undici', alias) };
    [subject, upstream, secure] = await Promise.all([
      startSubject('d-fetch-undici.cjs', { env }),
      startUpstream(),
      startUpstream({ tls: true }),
    ]);
  });
  beforeEach((test) => needPeers(test, 'undici'));
  afterAll(async () => {
    await subject?.stop();
    await Promise.all([upstream?.close(), secure?.close()]);
  });

  async function same(
    name: string,
    args: object = {},
    expected: Expected = {},
    to = upstream,
  ): Promise<Compared> {
    const compared = await expectSame(subject, to, name, { url: `${to.url}/path`, ...args }, expected);
    expect(compared.thrown).toBeUndefined();
    return compared;
  }

  /** The same, where a request must arrive. */
  async function sent(name: string, args: object = {}, expected: Expected = {}): Promise<Compared> {
    const compared = await same(name, args, expected);
    expect(compared.plain.length).toBeGreaterThan(0);
    return compared;
  }

  describe.each(['global', 'undici'])('%s fetch', (which) => {
    it('[D55] a string', async () => {
      await sent('string', { which });
    });
    it('[D56] a URL', async () => {
      await sent('URL', { which });
    });
    it('[D57] a Request', async () => {
      await sent('Request', { which });
    });

    it('[D58] a Request and init.headers', async () => {
      const { relayed } = await sent('Request and init', { which, headers: { 'x-own': '1' } });
      expect(relayed[0]).toMatchObject({ body: 'body', headers: { 'x-own': '1' } });
      expect(relayed[0]?.headers).not.toHaveProperty('x-lost');
    });

    it('[D59] init with pairs', async () => {
      await sent('init', {
        which,
        headers: [
          ['X-Own', '1'],
          ['x-own', '2'],
        ],
      });
    });
    it('[D59] init with Headers', async () => {
      await sent('init of Headers', { which });
    });

    it('[D60] existing headers are kept', async () => {
      await sent('init', { which, headers: { 'X-Own': '1', Accept: 'text/plain' } });
      await sent('init', { which, headers: { Baggage: 'vendor=1' } }, { ownBaggage: 'vendor=1' });
      for (const name of ['langsmith-trace', 'LangSmith-Trace']) {
        upstream.arrived.length = 0;
        const own = dottedOrder();
        const args = { url: upstream.url, which, headers: { [name]: own, baggage: 'own=1' } };
        await ask(subject.withAgent, 'init', args, { run: true });
        expect(valuesOf(upstream.arrived[0]?.rawHeaders ?? [], 'langsmith-trace')).toEqual([own]);
        expect(valuesOf(upstream.arrived[0]?.rawHeaders ?? [], 'baggage')).toEqual(['own=1']);
      }
    });

    it('[D61] the caller’s Request is not changed', async () => {
      const { value, relayed } = await sent('the caller’s objects', { which });
      expect(value).toEqual({ request: [['x-own', '1']], headers: [['x-own', '1']], same: true });
      expect(relayed).toHaveLength(3);
    });

    it('[D62] a stream as body, duplex', async () => {
      expect((await sent('stream', { which })).relayed[0]?.body).toBe('ab');
      expect((await sent('body', { which })).relayed[0]?.body).toBe('a=%C3%BC');
    });

    it('[D63] a custom dispatcher is kept', async () => {
      const { value } = await sent('own dispatcher', { which });
      expect((value as { seen: unknown[] }).seen).toHaveLength(1);
    });

    it('[D74] AbortError unchanged', async () => {
      const url = `${upstream.url}/never`;
      expect((await same('aborted before', { which, url })).value).toMatchObject({ name: 'AbortError' });
      const partial = { which, url: `${upstream.url}/partial` };
      expect((await same('aborted for a reason', partial)).value).toMatchObject({
        message: expect.any(String),
      });
      expect((await same('aborted body', partial)).value).toMatchObject({ name: 'AbortError' });
    });
  });

  it('[D63] a dispatcher’s class with a dispatch of its own is kept', async () => {
    expect(((await sent('class of a dispatcher')).value as { seen: unknown[] }).seen).toHaveLength(1);
  });

  it.each([false, true])('[D64] ProxyAgent; CONNECT carries nothing, tls %s', async (tls) => {
    const proxy = await startProxy();
    try {
      const to = tls ? secure : upstream;
      const ignore = ['proxy-connection'];
      // undici 8 hands a request in clear to the proxy as it is, so the proxy would read the metadata.
      const ours = !tls && major >= 8 ? 'bare' : 'both';
      const args = { url: `${to.url}/path`, proxy: proxy.url };
      const compared = await same('ProxyAgent', args, { ignore, ours }, to);
      expect(compared.value).toEqual({ status: 200, body: 'ok' });
      expect(compared.relayed).toHaveLength(1);
      const connects = proxy.arrived.filter(({ method }) => method === 'CONNECT');
      if (tls || major < 8) expect(connects).toHaveLength(4);
      for (const { headers } of connects) {
        expect(headers).not.toHaveProperty('langsmith-trace');
        expect(headers).not.toHaveProperty('baggage');
      }
    } finally {
      await proxy.close();
    }
  });

  it('[D64] undici.connect carries nothing', async () => {
    const proxy = await startProxy();
    try {
      const url = `${proxy.url}`;
      const compared = await expectSame(subject, proxy, 'connect', { proxy: url }, { ours: 'none' });
      expect(compared.relayed).toHaveLength(1);
      expect(compared.value).toBe(200);
    } finally {
      await proxy.close();
    }
  });

  it('[D65] MockAgent', async () => {
    const { value, plain } = await same('MockAgent');
    expect(value).toMatchObject({ answers: [{ body: 'mocked' }, { body: 'mocked' }] });
    expect(plain).toEqual([]);
  });

  it('[D66] undici.request', async () => {
    await sent('request', { headers: { 'X-Own': '1' } });
    await sent('request', { headers: ['X-Own', '1', 'x-own', '2'] });
    upstream.arrived.length = 0;
    const args = { url: upstream.url, headers: { Baggage: ['v=1', 'w=2'] } };
    const { run } = await ask(subject.withAgent, 'request', args, { run: true });
    const lines = valuesOf(upstream.arrived[0]?.rawHeaders ?? [], 'baggage');
    expect(lines).toEqual([`${linked(run, baggageOfRun('request'))},v=1,w=2`]);
    expect((await sent('request with a body')).relayed[0]?.body).toBe('body');
  });

  it('[D67] undici.stream', async () => {
    expect((await sent('undici.stream')).value).toBe('ok');
  });

  it('[D68] undici.pipeline', async () => {
    expect((await sent('pipeline')).relayed[0]?.body).toBe('body');
  });

  it('[D69] dispatch', async () => {
    expect((await sent('dispatch')).value).toBe('ok');
  });

  it.each(['Client', 'Pool', 'BalancedPool', 'Agent'])('[D70] %s', async (dispatcher) => {
    await sent('by a dispatcher', { dispatcher });
  });

  it.each([
    ['by a dispatcher', 'Client'],
    ['by a dispatcher', 'Pool'],
    ['by a dispatcher', 'BalancedPool'],
    ['by a dispatcher', 'Agent'],
    ['by fetch of a dispatcher', 'Agent'],
  ])('[D71] a saturated pool: the right context, %s %s', async (name, dispatcher) => {
    upstream.arrived.length = 0;
    const calls = Array.from({ length: 30 }, (_, i) => ({
      path: `/slow?id=${i}`,
      context: i % 4 === 3 ? {} : i % 4 === 2 ? { run: true } : { trace: dottedOrder() },
    }));
    const answers = await Promise.all(
      calls.map(({ path, context }) =>
        ask(subject.withAgent, name, { url: `${upstream.url}${path}`, dispatcher }, context),
      ),
    );
    expect(upstream.arrived).toHaveLength(calls.length);
    for (const [i, { path, context }] of calls.entries()) {
      const arrived = upstream.arrived.find(({ url }) => url === path);
      const wanted = context.run ? answers[i]?.run : context.trace;
      expect(arrived?.headers['langsmith-trace'], path).toBe(wanted);
    }
  });

  // RetryAgent came with undici 6.
  it.runIf(major >= 6)('[D72] RetryAgent', async () => {
    const { relayed } = await sent('RetryAgent', { url: `${upstream.url}/flaky` });
    expect(relayed).toHaveLength(3);
  });

  it.runIf(major >= 6)('[D72] retries of 16 callers of one RetryAgent over one connection', async () => {
    const calls = Array.from({ length: 16 }, (_, i) => ({
      path: `/busy?id=${i}`,
      trace: i % 4 === 3 ? undefined : dottedOrder(),
    }));
    upstream.arrived.length = 0;
    await Promise.all(
      calls.map(({ path, trace }) =>
        ask(
          subject.withAgent,
          'shared RetryAgent',
          { url: `${upstream.url}${path}` },
          trace === undefined ? {} : { trace },
        ),
      ),
    );
    for (const { path, trace } of calls) {
      const sent = upstream.arrived.filter(({ url }) => url === path);
      expect(sent.map(({ headers }) => headers['langsmith-trace'])).toEqual([trace, trace]);
    }
  });

  it('[D74] AbortError unchanged, undici.request', async () => {
    const args = { which: 'request', url: `${upstream.url}/never` };
    expect((await same('aborted before', args)).value).toMatchObject({ name: 'AbortError' });
    const partial = { which: 'request', url: `${upstream.url}/partial` };
    expect((await same('aborted for a reason', partial)).value).toMatchObject({
      message: expect.any(String),
    });
  });

  it('[D75] the path as a full URL', async () => {
    const path = `${upstream.url}/full?u=http://other.example/`;
    // The same request goes to a proxy that cannot be told from the host, so it has no metadata.
    const { relayed } = await sent('full URL as path', { path }, { ours: 'bare' });
    expect(relayed[0]?.url).toBe(path);
  });

  const line = major === 5 ? '[D76] headers as a string' : '[D77] headers as an array';
  it.runIf(version !== '6.11.0')(line, async () => {
    const { value } = await sent('form of the headers');
    expect(value).toMatchObject({ forms: [[major === 5 ? 'string' : 'object', 'function']] });
  });

  it.runIf(version === '6.11.0')('[D78] without addHeader', async () => {
    const { value } = await sent('form of the headers');
    expect(value).toMatchObject({ forms: [['object', 'undefined']] });
  });

  it('[D79] headers of odd length', async () => {
    const { value } = await same('odd headers');
    expect(value).toMatchObject({ message: expect.stringContaining('even') });
  });

  it('[D80] global fetch and undici of npm: once each', async () => {
    expect((await sent('both')).relayed).toHaveLength(3);
  });

  it('[D82] WebSocket', async () => {
    const server = await startPushing();
    try {
      const ignore = ['sec-websocket-key'];
      const classes = testNodeMajor >= 22 ? ['undici', 'global'] : ['undici'];
      for (const which of classes) {
        const compared = await expectSame(
          subject,
          server,
          'WebSocket',
          { which, url: server.url },
          { ignore },
        );
        expect(compared.value).toEqual(['hello']);
        expect(compared.relayed).toHaveLength(1);
      }
    } finally {
      await server.close();
    }
  });

  // EventSource came with undici 6.12.
  it.runIf(major >= 6 && version !== '6.11.0')('[D82] EventSource', async () => {
    const server = await startPushing();
    try {
      const compared = await expectSame(subject, server, 'EventSource', { url: server.url });
      expect(compared.value).toBe('hello');
      expect(compared.relayed).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});

describe('where only one host gets the trace', () => {
  const { alias } = VERSIONS.at(-1) ?? { alias: 'undici6' };
  let subject: Subject;
  let upstream: Upstream;
  beforeAll(async () => {
    if (!hasPeers('undici')) return;
    const env = { UNDICI: peer('undici', alias), TRACE_AGENT_PROPAGATE_TO: '127.0.0.1' };
    [subject, upstream] = await Promise.all([startSubject('d-fetch-undici.cjs', { env }), startUpstream()]);
  });
  beforeEach((test) => needPeers(test, 'undici'));
  afterAll(async () => {
    await subject?.stop();
    await upstream?.close();
  });

  it.each(['global', 'undici'])(
    '[D73] a redirect to another origin is decided anew, %s fetch',
    async (which) => {
      const { port } = new URL(upstream.url);
      const trace = dottedOrder();
      const redirect = (host: string) =>
        `${upstream.url}/redirect?to=${encodeURIComponent(`http://${host}:${port}/there`)}`;
      for (const [host, expected] of [
        ['localhost', undefined],
        ['127.0.0.1', trace],
      ] as const) {
        upstream.arrived.length = 0;
        const { value } = await ask(subject.withAgent, 'string', { which, url: redirect(host) }, { trace });
        expect(value).toEqual({ status: 200, body: 'ok' });
        expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([trace, expected]);
      }
    },
  );
});

/** A proxy that takes CONNECT, and absolute targets. */
async function startProxy(): Promise<Upstream> {
  const arrived: Arrived[] = [];
  const note = ({ method = '', url = '', headers, rawHeaders }: IncomingMessage) =>
    void arrived.push({ method, url, headers, rawHeaders, body: '' });
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    note(request);
    const { host, pathname } = new URL(request.url ?? '');
    const lines = pairsText(request.rawHeaders);
    const [name, port] = host.split(':');
    const onward = connect(Number(port), name, () => {
      onward.write(`${request.method} ${pathname} HTTP/1.1\r\n${lines}\r\n`);
    });
    onward.on('error', () => {}).pipe(response.socket ?? onward);
  });
  server.on('connect', (request, socket: Duplex) => {
    note(request);
    sockets.add(socket);
    const [name, port] = (request.url ?? '').split(':');
    if (port === undefined) {
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
      return;
    }
    const onward = connect(Number(port), name, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    socket.on('error', () => onward.destroy()).on('close', () => onward.destroy());
    onward.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function pairsText(rawHeaders: string[]): string {
  let text = '';
  for (let i = 0; i < rawHeaders.length; i += 2) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return text;
}

/** A server that says hello over a WebSocket, or as an event. */
async function startPushing(): Promise<Upstream> {
  const arrived: Arrived[] = [];
  const note = ({ method = '', url = '', headers, rawHeaders }: IncomingMessage) =>
    void arrived.push({ method, url, headers, rawHeaders, body: '' });
  const server = createServer((request, response) => {
    note(request);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n');
  });
  server.on('upgrade', (request, socket: Duplex) => {
    note(request);
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.write(Buffer.from([0x81, 5, ...Buffer.from('hello')]));
    // The client's close frame is answered with one.
    socket.on('error', () => {}).once('data', () => socket.end(Buffer.from([0x88, 2, 0x03, 0xe8])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
