import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, fixture, startApp, testNodeMajor } from '../support/app.ts';
import { needPeers, peer } from '../support/peers.ts';
import { dottedOrder, linked } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

interface Note {
  readonly event: string;
  readonly trace: string | null;
  readonly own: string | null;
  readonly detail?: unknown;
}

let withAgent: App;
let without: App;
let upstream: Upstream;
beforeAll(async () => {
  const file = fixture('conformance/f-server.cjs');
  [withAgent, without, upstream] = await Promise.all([
    startApp(file),
    startApp(file, { preload: 'none' }),
    startUpstream(),
  ]);
});
afterAll(async () => {
  await Promise.all([withAgent?.stop(), without?.stop()]);
  await upstream?.close();
  // Nothing is printed that would not be without the agent.
  expect(withAgent?.stderr()).toBe(without?.stderr());
});

let lastId = 0;
const newId = () => `${++lastId}`;

/** What an application has noted for a request, once `last` is among it. */
async function notesOf(app: App, id: string, last: string): Promise<Note[]> {
  for (let tries = 0; tries < 1500; tries++) {
    const notes = (await (await fetch(`${app.url}/notes?id=${id}`)).json()) as Note[];
    if (notes.some(({ event }) => event === last)) return notes;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no ${last} was noted for request ${id}`);
}

/** Sends a request, and waits until it is over. */
type Send = (base: string, id: string, trace: string | null) => Promise<unknown>;

interface Scenario {
  /** Which of the fixture's servers. */
  server?: string;
  send: Send;
  /** The event after which all is noted. */
  last: string;
  /** Those that must be among what is noted. */
  events?: string[];
  /** Whose run it is there, if not that of the header. */
  expected?: string | null;
}

/**
 * Sends a request to the application with the agent and without it: all that it notes must be the same, and in
 * each of its listeners the caller's run the current one, or none.
 */
async function expectCurrent(trace: string | null, scenario: Scenario): Promise<Note[]> {
  const { server = 'plain', send, last, events = [last], expected = trace } = scenario;
  const id = newId();
  const seen: Note[][] = [];
  for (const app of [without, withAgent]) {
    await send(app.hello[server] ?? '', id, trace);
    seen.push(await notesOf(app, id, last));
  }
  const [plain = [], notes = []] = seen;
  const kinds = (all: Note[]) => [
    ...new Set(all.map(({ event, own, detail }) => JSON.stringify([event, own, detail]))),
  ];
  expect(kinds(notes).sort()).toEqual(kinds(plain).sort());
  expect(notes.map(({ event }) => event)).toEqual(expect.arrayContaining(events));
  for (const note of notes) expect(note, note.event).toHaveProperty('trace', expected);
  for (const note of plain) expect(note, note.event).toHaveProperty('trace', null);
  return notes;
}

function headersOf(id: string, trace: string | null): Record<string, string> {
  return { 'x-id': id, ...(trace === null ? {} : { 'langsmith-trace': trace }) };
}

/** A POST in two parts; without keep-alive, so that each is over when it is answered. */
function post(path: string, headers: Record<string, string> = {}): Send {
  return (base, id, trace) =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: false, rejectUnauthorized: false } as const;
      const make = base.startsWith('https') ? httpsRequest : httpRequest;
      const all = { ...headersOf(id, trace), ...headers };
      const call: ClientRequest = make(`${base}${path}`, { ...options, headers: all }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(body));
      });
      call.on('error', reject).write('{"a":');
      setImmediate(() => call.end('1}'));
    });
}

/** Bytes as they are: ID and TRACE are filled in. */
function bytes(text: string): Send {
  return (base, id, trace) =>
    raw(
      base,
      text.replaceAll('ID', id).replace('TRACE', trace === null ? '' : `Langsmith-Trace: ${trace}\r\n`),
    );
}

function raw(base: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

const HEAD = 'Host: x\r\nX-Id: ID\r\nTRACE';
const EVENTS = ['request', 'req data', 'req end', 'req close', 'res finish', 'res close'];

it('[F95] extracts in request', async () => {
  await expectCurrent(dottedOrder(3), { send: post('/events'), last: 'res close', events: EVENTS });
});

// `reusePort` came with Node 22.12 and 23.1.
const SHARED = ['none', 'round robin', ...(testNodeMajor >= 22 ? ['reusePort'] : [])];
describe.each(SHARED)('several servers on one port: %s', (scheduling) => {
  let app: App;
  beforeAll(async () => {
    app = await startApp(fixture('conformance/cluster.cjs'), { env: { SCHEDULING: scheduling } });
  });
  afterAll(() => app?.stop());

  it(`[F95] several servers on one port (${scheduling}): each request is in its caller’s context`, async () => {
    const calls = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? dottedOrder() : null));
    const answers = await Promise.all(
      calls.map(async (trace) => {
        const headers = trace === null ? {} : { 'langsmith-trace': trace };
        return (await (await fetch(app.url, { headers })).json()) as { trace: string | null };
      }),
    );
    expect(answers.map(({ trace }) => trace)).toEqual(calls);
  });
});

it('[F96] https', async () => {
  await expectCurrent(dottedOrder(), {
    server: 'secure',
    send: post('/events'),
    last: 'res close',
    events: EVENTS,
  });
});

it('[F97] checkContinue', async () => {
  const text = `POST / HTTP/1.1\r\n${HEAD}Expect: 100-continue\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody`;
  const events = ['checkContinue', 'req data', 'req end', 'res finish', 'res close'];
  await expectCurrent(dottedOrder(), { server: 'events', send: bytes(text), last: 'res close', events });
});

it('[F98] checkExpectation', async () => {
  const text = `POST / HTTP/1.1\r\n${HEAD}Expect: something\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  await expectCurrent(dottedOrder(), { server: 'events', send: bytes(text), last: 'checkExpectation' });
});

it('[F99] upgrade', async () => {
  const text = `GET / HTTP/1.1\r\n${HEAD}Connection: Upgrade\r\nUpgrade: test\r\n\r\nfirst`;
  const notes = await expectCurrent(dottedOrder(), {
    server: 'events',
    send: bytes(text),
    last: 'upgrade timer',
  });
  expect(notes[0]).toMatchObject({ event: 'upgrade', detail: { head: 'first' } });
});

describe('ws', () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp(fixture('conformance/ws-server.cjs'), { env: { WS: peer('clients', 'ws') } });
  });
  beforeEach((test) => needPeers(test, 'clients'));
  afterAll(() => app?.stop());

  it('[F99] upgrade, by ws: the connection is in its caller’s context and works', async () => {
    for (const trace of [dottedOrder(), null]) {
      const { WebSocket } = (await import(`${peer('clients', 'ws')}/wrapper.mjs`)) as {
        WebSocket: new (
          url: string,
          options: object,
        ) => NodeJS.EventEmitter & { send(text: string): void; close(): void };
      };
      const headers = trace === null ? {} : { 'langsmith-trace': trace };
      const socket = new WebSocket(`${app.url.replace('http', 'ws')}/attached`, { headers });
      const told: string[] = [];
      await new Promise((resolve, reject) => {
        socket.on('message', (data) => {
          told.push(`${data}`);
          if (told.length === 1) socket.send('echo');
          else socket.close();
        });
        socket.on('close', resolve).on('error', reject);
      });
      expect(JSON.parse(told[0] ?? '')).toMatchObject({ connection: trace });
      expect(told[1]).toBe('echo');
    }
  });
});

it('[F100] connect', async () => {
  const text = `CONNECT other:80 HTTP/1.1\r\n${HEAD}\r\n`;
  await expectCurrent(dottedOrder(), {
    server: 'events',
    send: bytes(text),
    last: 'connect timer',
    events: ['connect'],
  });
});

it('[F101] no header gives a clean context', async () => {
  await expectCurrent(null, { send: post('/events'), last: 'res close', events: EVENTS });
});

const TRACE = dottedOrder();
it.each([
  ['garbage', 'garbage'],
  ['empty', ''],
  ['not a date', TRACE.replace('0101T', '1301T')],
  ['an empty segment', `${TRACE}.`],
  ['not a uuid', TRACE.slice(0, -1)],
  ['wrongly encoded', `${TRACE}\u00e9`],
  ['two in one', `${TRACE}, ${TRACE}`],
  ['oversized', `${dottedOrder(200)}.${TRACE.slice(0, 20)}`],
])('[F102] a malformed header is ignored: %s', async (_name, value) => {
  const text = `POST /events HTTP/1.1\r\n${HEAD}langsmith-trace: ${value}\r\nConnection: close\r\nContent-Length: 1\r\n\r\nb`;
  await expectCurrent(null, { send: bytes(text), last: 'res close' });
});

it.each([
  ['the same twice', TRACE, 'langsmith-trace'],
  ['two, in another case', dottedOrder(), 'LangSmith-Trace'],
])('[F103] a duplicate header is ignored: %s', async (_name, second, name) => {
  const lines = `langsmith-trace: ${TRACE}\r\n${name}: ${second}\r\n`;
  const text = `POST /events HTTP/1.1\r\n${HEAD}${lines}Connection: close\r\nContent-Length: 1\r\n\r\nb`;
  await expectCurrent(null, { send: bytes(text), last: 'res close' });
});

it.each([
  ['data', '/events', ['req data', 'req end', 'req close']],
  ['readable', '/readable', ['req readable', 'req end', 'req close']],
  ['a pipe', '/pipe', ['req end']],
])('[F104] data, end and close of the request: %s', async (_name, path, events) => {
  await expectCurrent(dottedOrder(), { send: post(path), last: 'res close', events });
});

it('[F104] a storage of the application’s own keeps its store there, also by enterWith', async () => {
  const notes = await expectCurrent(dottedOrder(), {
    send: post('/own'),
    last: 'res close',
    events: ['timer'],
  });
  expect(notes.find(({ event }) => event === 'timer')?.own).toBe('entered');
});

it('[F105] finish and close of the response', async () => {
  const events = ['res prefinish', 'res finish', 'res close'];
  await expectCurrent(dottedOrder(), { send: post('/events'), last: 'res close', events });
});

it.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])(
  '[F106] after body-parser: %s',
  async (type) => {
    await expectCurrent(dottedOrder(), {
      send: post('/express', { 'content-type': type }),
      last: 'after await',
      events: ['handler', 'after await'],
    });
  },
);

it('[F107] for await', async () => {
  await expectCurrent(dottedOrder(), {
    send: post('/iterate'),
    last: 'after body',
    events: ['chunk', 'after body'],
  });
});

it('[F108] keep-alive and pipelined requests are isolated', async () => {
  const traces = [dottedOrder(), null, dottedOrder(), dottedOrder(), null, null, dottedOrder(), null];
  const ids = traces.map(newId);
  const one = (i: number) => {
    const header = traces[i] === null ? '' : `langsmith-trace: ${traces[i]}\r\n`;
    const last = i === traces.length - 1 ? 'Connection: close\r\n' : '';
    return `POST /events HTTP/1.1\r\nHost: x\r\nX-Id: ${ids[i]}\r\n${header}${last}Content-Length: 2\r\n\r\nab`;
  };
  const base = withAgent.hello['plain'] ?? '';
  const { port } = new URL(base);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    let answers = 0;
    let sent = 0;
    // The first four pipelined, the others each after the answer to the one before.
    for (; sent < 4; sent++) socket.write(one(sent));
    socket.on('data', (chunk) => {
      answers += chunk.toString().split('HTTP/1.1 200').length - 1;
      while (answers >= 4 && sent <= answers && sent < traces.length) socket.write(one(sent++));
    });
    socket.on('end', resolve).on('error', reject);
  });
  for (const [i, id] of ids.entries()) {
    const notes = await notesOf(withAgent, id, 'res close');
    expect(notes.map(({ event }) => event)).toEqual(expect.arrayContaining(EVENTS));
    for (const note of notes) expect(note, `${i} ${note.event}`).toHaveProperty('trace', traces[i]);
  }
});

it('[F109] a client that disconnects early', async () => {
  const leave: Send = (base, id, trace) =>
    new Promise((resolve) => {
      const call = httpRequest(`${base}/never`, {
        method: 'POST',
        agent: false,
        headers: headersOf(id, trace),
      });
      call
        .on('error', () => {})
        .on('close', resolve)
        .write('part');
      const app = base === withAgent.hello['plain'] ? withAgent : without;
      void notesOf(app, id, 'handler').then(() => call.destroy());
    });
  await expectCurrent(dottedOrder(), {
    send: leave,
    last: 'res close',
    events: ['req aborted', 'req error', 'res close'],
  });
});

it.each(['replaced', 'derived'])('[F110] a %s server.emit still works', async (server) => {
  const scenario = { server, send: post('/events'), last: 'res close', events: EVENTS };
  const id = newId();
  for (const app of [without, withAgent]) await scenario.send(app.hello[server] ?? '', id, TRACE);
  const [plain, notes] = [await notesOf(without, id, 'res close'), await notesOf(withAgent, id, 'res close')];
  expect(notes.map(({ event }) => event)).toEqual(plain.map(({ event }) => event));
  expect(notes[0]?.event).toBe('own emit');
  // What runs before the agent’s `emit` is outside of the request.
  for (const note of notes.slice(1)) expect(note, note.event).toHaveProperty('trace', TRACE);
});

async function told(): Promise<{ withAgent: Record<string, never>; plain: Record<string, never> }> {
  const read = async (app: App) => (await (await fetch(`${app.url}/told`)).json()) as Record<string, never>;
  return { withAgent: await read(withAgent), plain: await read(without) };
}

it('[F111] emit’s return value is kept', async () => {
  const { withAgent, plain } = await told();
  expect(withAgent['emitted']).toEqual(plain['emitted']);
  expect(plain['emitted']).toMatchObject({
    none: false,
    some: true,
    request: false,
    own: false,
    error: 'mine',
  });
});

it('[F112] off and removeAllListeners still work, server.listeners are the application’s own', async () => {
  const { withAgent, plain } = await told();
  for (const at of ['before', 'after off', 'after removeAllListeners', 'listening']) {
    expect(withAgent[at], at).toEqual(plain[at]);
  }
  expect(plain['before']).toMatchObject({ same: [0, 1, 2, 2], count: 4 });
  expect(plain['after off']).toMatchObject({ same: [0, 1], count: 2 });
  const notes = await expectCurrent(dottedOrder(), { server: 'listeners', send: post('/'), last: 'first' });
  expect(notes.map(({ event }) => event)).toEqual(['request', 'first']);
});

it('[F113] a ServerResponse built by hand is not touched', async () => {
  const { withAgent, plain } = await told();
  expect(withAgent['byHand']).toEqual(plain['byHand']);
  expect(plain['byHand']).toMatchObject({ returned: true, ends: 1 });
});

it('[F114] no double end', async () => {
  const notes = await expectCurrent(dottedOrder(), { server: 'ends', send: post('/'), last: 'calls' });
  expect(notes.map(({ detail }) => detail)).toEqual([['writeHead', 'write', 'end']]);
});

describe('an application that trusts nobody', () => {
  let app: App;
  beforeAll(async () => {
    app = await startApp(fixture('conformance/f-server.cjs'), { env: { TRACE_AGENT_TRUST: '10.0.0.0/8' } });
  });
  afterAll(() => app?.stop());

  it('[F115] an untrusted peer is ignored', async () => {
    upstream.arrived.length = 0;
    const id = newId();
    // What it says of where it comes from changes nothing.
    const headers = { 'x-to': upstream.url, 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' };
    await post('/relay', headers)(app.hello['plain'] ?? '', id, dottedOrder());
    for (const note of await notesOf(app, id, 'answer'))
      expect(note, note.event).toHaveProperty('trace', null);
    expect(upstream.arrived).toHaveLength(1);
    expect(upstream.arrived[0]?.headers).not.toHaveProperty('langsmith-trace');
  });
});

it('[F116] passes on with no run of its own', async () => {
  upstream.arrived.length = 0;
  const trace = dottedOrder(2);
  const baggage = 'langsmith-project=p,vendor=1,langsmith-replicas=%5B%5D';
  const scenario = { send: post('/relay', { 'x-to': upstream.url, baggage }), last: 'answer' };
  await expectCurrent(trace, scenario);
  const [plain, relayed] = upstream.arrived;
  expect(plain?.headers).not.toHaveProperty('langsmith-trace');
  expect(relayed?.headers).toMatchObject({
    'langsmith-trace': trace,
    baggage: linked(trace, 'langsmith-project=p'),
  });
});

describe('a trace in baggage alone', () => {
  const baggageOf = (value: string) => post('/events', { baggage: value });

  it('[F140] continues the caller’s trace', async () => {
    const trace = dottedOrder(2);
    for (const value of [linked(trace), `vendor=1, langsmith-project=my+shop,${linked(trace)};p=1`]) {
      await expectCurrent(null, {
        send: baggageOf(value),
        last: 'res close',
        events: EVENTS,
        expected: trace,
      });
    }
  });

  it('[F140] gives way to the header', async () => {
    const trace = dottedOrder();
    await expectCurrent(trace, { send: baggageOf(linked(dottedOrder())), last: 'res close', events: EVENTS });
  });

  it('[F140] is ignored if it is not valid or comes twice', async () => {
    const trace = dottedOrder();
    for (const value of [linked('x'), linked(trace.slice(1)), `${linked(trace)},${linked(trace)}`]) {
      await expectCurrent(null, { send: baggageOf(value), last: 'res close', events: EVENTS });
    }
  });
});
