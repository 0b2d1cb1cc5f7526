import { expect, it } from 'vitest';
import { run } from '../support/app.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';

/** Another agent's wrapper, or a mock: it sees each connection that is asked for. */
const SOURCE = `
  const http2 = require('node:http2');
  const own = http2.connect;
  const asked = [];
  http2.connect = (...args) => {
    asked.push(String(args[0]));
    return own(...args);
  };
  const { continueTrace } = require('@org/trace-agent');
  const server = http2.createServer((request, response) => {
    console.log(request.headers['langsmith-trace'] ?? null);
    response.end();
  });
  server.listen(0, '127.0.0.1', () => {
    const url = 'http://127.0.0.1:' + server.address().port;
    continueTrace({ 'langsmith-trace': process.argv[1] }, () => {
      const session = http2.connect(url);
      session.request({ ':path': '/' }).resume().on('close', () => {
        console.log(asked.length, asked[0] === url);
        session.close();
        server.close();
      });
    });
  });`;

it('where http2.connect is wrapped, only the application calls it, and its sessions carry the trace', async () => {
  const trace = dottedOrder();
  const result = await run(['-e', SOURCE, trace], { preload: 'require' });
  expect(result).toEqual({ code: 0, stderr: '', stdout: `${trace}\n1 true\n` });
});

const OTHER_HOST = `
  const http2 = require('node:http2');
  const { once } = require('node:events');
  const { continueTrace } = require('@org/trace-agent');
  const [trace, baggage] = process.argv.slice(1);
  const server = http2.createServer((request, response) => {
    console.log(request.headers.baggage);
    response.end();
  });
  server.listen(0, '127.0.0.1', async () => {
    const { port } = server.address();
    for (const host of ['127.0.0.1', 'localhost']) {
      const session = http2.connect('http://orders.internal:' + port, { host });
      for (const when of ['connecting', 'connected']) {
        if (when === 'connected' && session.connecting) await once(session, 'connect');
        await continueTrace({ 'langsmith-trace': trace, baggage }, () =>
          once(session.request({ ':path': '/' }).resume(), 'close'));
      }
      session.close();
    }
    server.close();
  });`;

it('in clear text, policy must also permit the host that connect was given', async () => {
  const bare = baggage({ project: 'p' });
  const full = baggage({ metadata: { user: 'someone' }, project: 'p' });
  const options = { preload: 'require' } as const;
  const trace = dottedOrder();
  const args = ['-e', OTHER_HOST, trace, full];
  const env = { TRACE_AGENT_SHARE_METADATA_WITH: 'internal,!127.0.0.0/8,!localhost' };
  const withheld = await run(args, { ...options, env });
  expect(withheld).toEqual({ code: 0, stderr: '', stdout: `${bare}\n`.repeat(4) });
  const shared = await run(args, options);
  // While it connects to an address, nobody knows which.
  const everything = `${linked(trace, full)}\n`;
  expect(shared).toEqual({ code: 0, stderr: '', stdout: `${bare}\n${everything.repeat(3)}` });
});
