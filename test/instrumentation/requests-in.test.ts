import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, run, startApp } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

interface Note {
  id: string;
  event: string;
  trace: string | null;
}

let app: App;
beforeAll(async () => {
  app = await startApp(fixture('apps/receiver.mjs'));
});
afterAll(() => app?.stop());

let lastId = 0;
const newId = () => `${++lastId}`;

/** What the application has noted for a request, once `event` is among it. */
async function notesOf(id: string, event: string): Promise<Note[]> {
  for (let tries = 0; tries < 1000; tries++) {
    const all = (await (await fetch(`${app.url}/records`)).json()) as Note[];
    const notes = all.filter((note) => note.id === id);
    if (notes.some((note) => note.event === event)) return notes;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${event} was noted for request ${id}`);
}

function post(path: string, headers: Record<string, string>, base = app.url): Promise<Response> {
  return fetch(`${base}${path}`, { method: 'POST', body: '{"a":1}', headers: { ...headers } });
}

describe('the caller’s run is current', () => {
  it('in the handler, on timers and after awaits, in listeners on req and res', async () => {
    const id = newId();
    const trace = dottedOrder(3);
    await (await post('/', { 'x-id': id, 'langsmith-trace': trace })).text();
    const notes = await notesOf(id, 'res close');
    expect(notes.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['handler', 'second listener', 'timer', 'after await', 'req data', 'req end']),
    );
    expect(notes.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['req close', 'res finish', 'res close']),
    );
    for (const note of notes) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('after body parsing in express', async () => {
    const id = newId();
    const trace = dottedOrder();
    const headers = { 'x-id': id, 'langsmith-trace': trace, 'content-type': 'application/json' };
    expect(await (await post('/express', headers)).json()).toEqual({ a: 1 });
    const notes = await notesOf(id, 'express after await');
    for (const note of notes) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('in for await over the body', async () => {
    const id = newId();
    const trace = dottedOrder();
    await (await post('/iterate', { 'x-id': id, 'langsmith-trace': trace })).text();
    const notes = await notesOf(id, 'after body');
    expect(notes.some(({ event }) => event === 'chunk')).toBe(true);
    for (const note of notes) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('over https', async () => {
    const id = newId();
    const trace = dottedOrder();
    await new Promise<void>((resolve, reject) => {
      const url = `${app.hello['secure']}/`;
      const headers = { 'x-id': id, 'langsmith-trace': trace };
      const call = httpsRequest(url, { method: 'POST', headers, rejectUnauthorized: false }, (response) =>
        response.resume().on('end', resolve),
      );
      call.on('error', reject).end('body');
    });
    const notes = await notesOf(id, 'res close');
    expect(notes.length).toBeGreaterThan(5);
    for (const note of notes) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('in close listeners when the client goes away', async () => {
    const id = newId();
    const trace = dottedOrder();
    const call = httpRequest(`${app.url}/never-ends`, {
      method: 'POST',
      headers: { 'x-id': id, 'langsmith-trace': trace },
    });
    call.on('error', () => {}).write('part');
    await notesOf(id, 'after await');
    call.destroy();
    const notes = await notesOf(id, 'res close');
    for (const note of notes) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it.each([
    [
      'checkContinue',
      'POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n',
      'x',
      'checkContinue data',
    ],
    [
      'checkExpectation',
      'POST / HTTP/1.1\r\nExpect: something\r\nContent-Length: 0\r\n',
      '',
      'checkExpectation',
    ],
    ['upgrade', 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: test\r\n', '', 'upgrade'],
    ['connect', 'CONNECT other:80 HTTP/1.1\r\n', '', 'connect'],
  ])('in a %s handler', async (_name, head, body, last) => {
    const id = newId();
    const trace = dottedOrder();
    const answer = await raw(`${head}Host: x\r\nX-Id: ${id}\r\nLangsmith-Trace: ${trace}\r\n\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 /);
    for (const note of await notesOf(id, last)) expect(note, note.event).toHaveProperty('trace', trace);
  });
});

describe('nothing leaks from one request to the next', () => {
  it('pipelined on one connection, with and without a trace', async () => {
    const traces = [dottedOrder(), null, dottedOrder(), null];
    const ids = traces.map(newId);
    const text = traces
      .map((trace, i) => {
        const header = trace === null ? '' : `langsmith-trace: ${trace}\r\n`;
        const last = i === traces.length - 1 ? 'Connection: close\r\n' : '';
        return `POST / HTTP/1.1\r\nHost: x\r\nX-Id: ${ids[i]}\r\n${header}${last}Content-Length: 2\r\n\r\nab`;
      })
      .join('');
    await raw(text);
    for (const [i, id] of ids.entries()) {
      const notes = await notesOf(id, 'res close');
      expect(notes.length).toBeGreaterThan(6);
      for (const note of notes) expect(note, `${id} ${note.event}`).toHaveProperty('trace', traces[i]);
    }
  });

  it('one after the other on a keep-alive connection', async () => {
    for (const trace of [dottedOrder(), null, dottedOrder()]) {
      const id = newId();
      await (await post('/', { 'x-id': id, ...(trace === null ? {} : { 'langsmith-trace': trace }) })).text();
      for (const note of await notesOf(id, 'res close'))
        expect(note, note.event).toHaveProperty('trace', trace);
    }
  });

  it.each([
    ['a request without a trace, answered', null],
    ['a request with a trace, answered', dottedOrder()],
  ])('to %s in the handler of another', async (_name, trace) => {
    const id = newId();
    const waiting = await fetch(`${app.url}/hold`, {
      headers: { 'x-id': id, ...(trace === null ? {} : { 'langsmith-trace': trace }) },
    });
    await fetch(`${app.url}/release`, { headers: { 'langsmith-trace': dottedOrder() } });
    await waiting.text();
    const notes = await notesOf(id, 'res close');
    expect(notes.map(({ event }) => event)).toContain('res finish');
    for (const note of notes) expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('to a server that was started in a handler', async () => {
    const late = await (
      await fetch(`${app.url}/late`, { headers: { 'langsmith-trace': dottedOrder() } })
    ).text();
    const id = newId();
    await post('/', { 'x-id': id }, late);
    for (const note of await notesOf(id, 'late close'))
      expect(note, note.event).toHaveProperty('trace', null);
    const other = newId();
    const trace = dottedOrder();
    await post('/', { 'x-id': other, 'langsmith-trace': trace }, late);
    for (const note of await notesOf(other, 'late close'))
      expect(note, note.event).toHaveProperty('trace', trace);
  });

  it('between interleaved requests', async () => {
    const calls = Array.from({ length: 40 }, (_, i) => ({
      id: newId(),
      trace: i % 3 === 0 ? null : dottedOrder(),
    }));
    await Promise.all(
      calls.map(async ({ id, trace }) => {
        await (
          await post('/', { 'x-id': id, ...(trace === null ? {} : { 'langsmith-trace': trace }) })
        ).text();
      }),
    );
    for (const { id, trace } of calls) {
      for (const note of await notesOf(id, 'res close'))
        expect(note, note.event).toHaveProperty('trace', trace);
    }
  });
});

describe('an invalid header is treated as absent', () => {
  const trace = dottedOrder();
  it.each([
    ['garbage', ['langsmith-trace: garbage']],
    ['empty', ['langsmith-trace: ']],
    ['not a date', [`langsmith-trace: ${trace.replace('0101T', '1301T')}`]],
    ['an empty segment', [`langsmith-trace: ${trace}.`]],
    ['duplicate', [`langsmith-trace: ${trace}`, `langsmith-trace: ${trace}`]],
    ['duplicate in another case', [`langsmith-trace: ${trace}`, `LangSmith-Trace: ${dottedOrder()}`]],
    ['wrongly encoded', [`langsmith-trace: ${trace}\u00e9`]],
    ['oversized', [`langsmith-trace: ${dottedOrder(270)}.${trace.slice(0, 20)}`]],
  ])('%s', async (_name, lines) => {
    const id = newId();
    const answer = await raw(
      `POST / HTTP/1.1\r\nHost: x\r\nX-Id: ${id}\r\n${lines.join('\r\n')}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200/);
    for (const note of await notesOf(id, 'res close')) expect(note, note.event).toHaveProperty('trace', null);
  });

  it('says nothing of it', () => {
    expect(app.stderr()).toBe('');
  });
});

/** Writes bytes to the server and reads until it closes, or answers once. */
function raw(text: string): Promise<string> {
  const { port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      // A handler of upgrade or connect ends the connection; the others need not.
      if (!text.includes('Connection: close')) setTimeout(end, 200);
    });
    socket.on('end', end).on('error', reject);
  });
}

describe('an emitted request does not take the run of another request', () => {
  it.each([
    ['without headers', '[]'],
    ['with a baggage that is no text', "['baggage', 'a=1', 'Baggage', Symbol('b')]"],
    ['with a trace that came twice', "['langsmith-trace', trace, 'langsmith-trace', trace]"],
    ['with a second trace that is no text', "['langsmith-trace', trace, 'Langsmith-Trace', Symbol('b')]"],
    ['with a name and no value', "['langsmith-trace']"],
  ])('%s', async (_, rawHeaders) => {
    const code = `
      const { createServer } = require('node:http');
      const agent = require('@org/trace-agent');
      const trace = '${dottedOrder(1)}';
      const server = createServer(() => console.log(JSON.stringify(agent.traceHeaders())));
      const request = { rawHeaders: ${rawHeaders}, headers: {} };
      agent.continueTrace({ 'langsmith-trace': trace }, () => server.emit('request', request, {}));`;
    expect(await run(['-e', code], { preload: 'require' })).toMatchObject({ stdout: '{}\n', stderr: '' });
  });
});
