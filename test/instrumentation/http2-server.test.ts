import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startApp } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

interface Note {
  id: string;
  event: string;
  trace: string | null;
  isSame?: boolean;
}

const REQUEST = [
  'handler',
  'timer',
  'after await',
  'req data',
  'req end',
  'req close',
  'res finish',
  'res close',
];
/** Not `finish`: Node leaves it out where the stream closes first, which happens with a busy client. */
const STREAM = ['stream', 'stream data', 'stream end', 'stream close'];
const EVENTS: Record<string, string[]> = {
  compatible: REQUEST,
  streams: [...STREAM, 'timer', 'after await'],
  both: [...REQUEST, ...STREAM],
  secure: REQUEST,
  replaced: REQUEST,
};

let app: App;
const sessions = new Map<string, ClientHttp2Session>();
beforeAll(async () => {
  app = await startApp(fixture('apps/http2-receiver.mjs'));
});
afterAll(async () => {
  for (const session of sessions.values()) session.destroy();
  await app?.stop();
});

/** One session for each server: all requests share it. */
function sessionTo(server: string): ClientHttp2Session {
  const known = sessions.get(server);
  if (known !== undefined) return known;
  const session = connect(app.hello[server] ?? '', { rejectUnauthorized: false });
  session.on('error', () => {});
  sessions.set(server, session);
  return session;
}

let lastId = 0;
const newId = () => `${++lastId}`;

function send(server: string, headers: OutgoingHttpHeaders): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    const stream = sessionTo(server).request({ ':method': 'POST', ...headers });
    stream.on('response', (response) => {
      status = response[':status'];
    });
    stream.on('error', reject);
    stream.on('close', () => resolve(status));
    stream.resume().end('body');
  });
}

/** What the application has noted for a request, once all these events are among it. */
async function notesOf(id: string, events: readonly string[]): Promise<Note[]> {
  let notes: Note[] = [];
  for (let tries = 0; tries < 1000; tries++) {
    const all = (await (await fetch(`${app.url}/records`)).json()) as Note[];
    notes = all.filter((note) => note.id === id);
    if (events.every((event) => notes.some((note) => note.event === event))) return notes;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not all of ${events} were noted for ${id}: ${notes.map(({ event }) => event)}`);
}

async function counts(): Promise<{ extracted: number; distrusted: number }> {
  return (await (await fetch(app.url)).json()) as { extracted: number; distrusted: number };
}

describe('the caller’s run is current over HTTP/2', () => {
  it.each([
    ['[E90] in request handlers and listeners on req and res', 'compatible'],
    ['[E91] in stream handlers and listeners on the stream', 'streams'],
    ['[E92] in both', 'both'],
    ['on a secure server', 'secure'],
    ['[F110] where server.emit was replaced', 'replaced'],
  ])('%s', async (_name, server) => {
    const id = newId();
    const trace = dottedOrder(3);
    const before = await counts();
    expect(await send(server, { 'x-id': id, 'langsmith-trace': trace })).toBe(200);
    for (const note of await notesOf(id, EVENTS[server] ?? [])) {
      expect(note, note.event).toHaveProperty('trace', trace);
    }
    expect((await counts()).extracted).toBe(before.extracted + 1);
  });

  it('on a secure server with allowHTTP1, over HTTP/1', async () => {
    const id = newId();
    const trace = dottedOrder();
    await new Promise<void>((resolve, reject) => {
      const headers = { 'x-id': id, 'langsmith-trace': trace };
      const options = { method: 'POST', headers, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
      const call = httpsRequest(`${app.hello['secure']}/`, options, (response) => {
        expect(response.httpVersion).toBe('1.1');
        response.resume().on('end', resolve);
      });
      call.on('error', reject).end('body');
    });
    for (const note of await notesOf(id, REQUEST)) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it.each([
    ['checkContinue', { expect: '100-continue' }, ['checkContinue', ...REQUEST]],
    ['connect', { ':method': 'CONNECT', ':authority': 'other:80' }, ['connect']],
  ])('in a %s handler', async (_name, headers, events) => {
    const id = newId();
    const trace = dottedOrder();
    expect(await send('compatible', { 'x-id': id, 'langsmith-trace': trace, ...headers })).toBe(200);
    for (const note of await notesOf(id, events)) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it.each([
    ['compatible', ['req aborted', 'req close', 'res close']],
    ['streams', ['stream aborted', 'stream close']],
  ])('[F109] in close and aborted listeners when the client goes away, %s', async (server, events) => {
    const id = newId();
    const trace = dottedOrder();
    const headers = { 'x-id': id, 'langsmith-trace': trace, ':path': '/never-ends', ':method': 'POST' };
    const stream = sessionTo(server).request(headers);
    stream.on('error', () => {});
    stream.write('x');
    await notesOf(id, ['after await']);
    stream.close(8);
    for (const note of await notesOf(id, events)) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('[E93] and what a handler throws is what the process gets', async () => {
    const id = newId();
    const trace = dottedOrder();
    const headers = { 'x-id': id, 'langsmith-trace': trace, ':path': '/throws' };
    sessionTo('compatible')
      .request(headers)
      .on('error', () => {})
      .end();
    const notes = await notesOf(id, ['handler', 'uncaught']);
    expect(notes.find(({ event }) => event === 'uncaught')).toHaveProperty('isSame', true);
  });
});

describe('nothing leaks between the requests of one session', () => {
  it.each(['compatible', 'streams', 'both'])('%s, with and without a trace', async (server) => {
    const calls = Array.from({ length: 12 }, (_, i) => ({
      id: newId(),
      trace: i % 3 ? dottedOrder() : null,
    }));
    await Promise.all(
      calls.map(({ id, trace }) =>
        send(server, { 'x-id': id, ...(trace === null ? {} : { 'langsmith-trace': trace }) }),
      ),
    );
    for (const { id, trace } of calls) {
      for (const note of await notesOf(id, EVENTS[server] ?? [])) {
        expect(note, `${id} ${note.event}`).toHaveProperty('trace', trace);
      }
    }
  });
});

describe('a header that is not trusted', () => {
  it.each(['compatible', 'streams', 'both'])('[F103] twice, %s', async (server) => {
    const id = newId();
    // A list is sent as two fields.
    expect(await send(server, { 'x-id': id, 'langsmith-trace': [dottedOrder(), dottedOrder()] })).toBe(200);
    for (const note of await notesOf(id, EVENTS[server] ?? [])) expect(note.trace, note.event).toBeNull();
  });

  it('[F102] malformed', async () => {
    const id = newId();
    expect(await send('both', { 'x-id': id, 'langsmith-trace': 'nonsense' })).toBe(200);
    for (const note of await notesOf(id, EVENTS['both'] ?? [])) expect(note.trace, note.event).toBeNull();
  });

  it('[F115] from a peer that is not trusted, counted once', async () => {
    const strict = await startApp(fixture('apps/http2-receiver.mjs'), { env: { TRACE_AGENT_TRUST: 'none' } });
    const session = connect(strict.hello['both'] ?? '');
    try {
      await new Promise((resolve) => {
        const stream = session.request({ ':method': 'POST', 'langsmith-trace': dottedOrder() });
        stream.on('close', resolve).resume().end('body');
      });
      const seen = (await (await fetch(strict.url)).json()) as object;
      expect(seen).toMatchObject({ extracted: 0, distrusted: 1 });
      const notes = (await (await fetch(`${strict.url}/records`)).json()) as Note[];
      expect(notes.length).toBeGreaterThan(0);
      for (const { trace } of notes) expect(trace).toBeNull();
    } finally {
      session.destroy();
      await strict.stop();
    }
  });
});

it('prints nothing', () => {
  expect(app.stderr()).toBe('');
});
