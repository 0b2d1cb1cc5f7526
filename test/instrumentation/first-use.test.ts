import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

const PRELUDE = `
  const { EventEmitter } = require('node:events');
  const isLoaded = (name) => process.moduleLoadList.includes('NativeModule ' + name);
  const traps = () => ['reusedSocket', '_usingWorkers', '_pendingEncoding'].filter((name) => name in EventEmitter.prototype);
  const keys = Object.keys(new EventEmitter()).length;
`;

async function evaluate(code: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const result = await run(['-e', `${PRELUDE}${code}`], { preload: 'require', env });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(result.stdout);
}

describe("Node's own modules", () => {
  it('are not loaded for an application that does not use them', async () => {
    const loaded = ['http', 'https', 'http2', 'net', 'tls', 'stream', 'internal/deps/undici/undici'];
    const code = `${PRELUDE} console.log(${JSON.stringify(loaded)}.filter(isLoaded))`;
    // Not in this folder: it has libraries that the agent patches, so their files are looked at.
    const options = { preload: 'none', cwd: tmpdir() } as const;
    const without = await run(['-e', code], options);
    const result = await run(['-e', code], {
      ...options,
      nodeOptions: ['--require', join(root, 'dist', 'register.cjs')],
    });
    expect(result).toEqual(without);
    expect(result.stdout).not.toContain('http');
  });

  it('are not loaded to import the preload either', async () => {
    const code = "console.log(process.moduleLoadList.filter((name) => name.includes('cjs-module-lexer')))";
    expect(await run(['-e', code])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  });

  it('are waited for on the prototype of all emitters, where nothing is left after the first', async () => {
    const code = `
      const before = traps();
      require('node:http');
      const loaded = traps();
      require('node:http').createServer();
      const server = traps();
      require('node:http').get('http://127.0.0.1:1').on('error', () => {}).destroy();
      new (require('node:net').Socket)();
      console.log(JSON.stringify([before, loaded, server, traps()]));`;
    const all = ['reusedSocket', '_usingWorkers', '_pendingEncoding'];
    expect(await evaluate(code)).toEqual([all, all, ['reusedSocket', '_pendingEncoding'], []]);
  });

  it.each(['before', 'after'])(
    'are not waited for any more once the agent is stopped, %s their first use',
    async (when) => {
      const code = `
      const { stop } = require('@org/trace-agent');
      if (${JSON.stringify(when)} === 'after') {
        require('node:http').createServer();
        require('node:http').get('http://127.0.0.1:1').on('error', () => {}).destroy();
      }
      stop();
      const { ClientRequest } = require('node:http');
      const { Server, Socket } = require('node:net');
      console.log(JSON.stringify([
        traps(),
        Object.hasOwn(ClientRequest.prototype, 'reusedSocket'),
        Object.hasOwn(Server.prototype, 'emit'),
        ClientRequest.prototype._storeHeader === require('node:http').OutgoingMessage.prototype._storeHeader,
        /agent/.test(Socket.prototype.setNoDelay),
      ]));`;
      expect(await evaluate(code)).toEqual([[], false, false, true, false]);
    },
  );
});

describe('an agent that is stopped', () => {
  it.each([
    ['stays on a sealed prototype', 'Object.seal(EventEmitter.prototype); stop();'],
    [
      'was copied to another class',
      `class Mixed {}
      Object.defineProperties(Mixed.prototype, Object.getOwnPropertyDescriptors(EventEmitter.prototype));
      stop();
      new Mixed().reusedSocket = true;`,
    ],
  ])('installs nothing where its accessor %s', async (_, code) => {
    const rest = `
      http.get('http://127.0.0.1:1').on('error', () => {}).destroy();
      console.log(JSON.stringify(Object.hasOwn(http.ClientRequest.prototype, '_storeHeader')));`;
    const start = "const { stop } = require('@org/trace-agent'); const http = require('node:http');";
    expect(await evaluate(`${start} ${code} ${rest}`)).toBe(false);
  });
});

describe('the first of its kind', () => {
  const trace = dottedOrder();
  const SERVER = `
    const { continueTrace, traceHeaders } = require('@org/trace-agent');
    const trace = ${JSON.stringify(trace)};
    const http = require('node:http');
  `;

  it.each([
    ['a request', 'http.get(url, done)'],
    ['a request with an array of headers', "http.request(url, { headers: ['Host', 'a'] }, done).end()"],
    [
      'a request that waits for 100-continue',
      "http.request(url, { headers: { expect: '100-continue' } }, done).end()",
    ],
    ['an instance of the class', 'const r = new http.ClientRequest(url); r.on("response", done).end()'],
    [
      'a request after another class took the place of its own',
      'http.ClientRequest = class extends http.ClientRequest {}; http.get(url, done)',
    ],
    [
      'a request after a function took the place of its class',
      'http.ClientRequest = function ClientRequest() {}; http.get(url, done)',
    ],
  ])('%s carries its run', async (_, call) => {
    // The server is another process's, so that nothing of this one was used before.
    const { createServer } = await import('node:http');
    const arrived: unknown[] = [];
    const server = createServer((request, response) => {
      arrived.push(request.headers['langsmith-trace']);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as import('node:net').AddressInfo;
    const code = `${SERVER}
      const url = 'http://127.0.0.1:${port}/';
      const done = (response) => response.resume();
      const waiting = traps().includes('reusedSocket');
      continueTrace({ 'langsmith-trace': trace }, () => { ${call} });
      console.log(JSON.stringify({ waiting }));`;
    expect(await evaluate(code)).toEqual({ waiting: true });
    expect(arrived).toEqual([trace]);
    server.close();
  });

  it.each(['request', 'upgrade', 'connect', 'checkContinue'])('%s continues its trace', async (event) => {
    const lines: Record<string, string> = {
      request: 'GET / HTTP/1.1',
      upgrade: 'GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x',
      connect: 'CONNECT a:1 HTTP/1.1',
      checkContinue: 'GET / HTTP/1.1\r\nExpect: 100-continue',
    };
    const head = `${lines[event]}\r\nHost: a\r\nlangsmith-trace: ${trace}\r\n\r\n`;
    const code = `${SERVER}
      const waiting = traps().includes('_usingWorkers');
      const server = http.createServer().listen(0, '127.0.0.1', () => {
        const client = require('node:net').connect(server.address().port, '127.0.0.1');
        client.write(${JSON.stringify(head)});
      });
      server.on('${event}', () => {
        console.log(JSON.stringify({ waiting, headers: traceHeaders() }));
        process.exit();
      });`;
    expect(await evaluate(code)).toEqual({
      waiting: true,
      headers: { 'langsmith-trace': trace },
    });
  });
});

describe("an application's own emitter", () => {
  it('has properties of these names as without the agent', async () => {
    const code = `
      class Pool extends EventEmitter {
        constructor() {
          super();
          this._usingWorkers = false;
          this.reusedSocket = 'mine';
        }
      }
      const one = new Pool();
      const { _usingWorkers } = Object.getOwnPropertyDescriptors(one);
      require('node:http').createServer();
      const other = new Pool();
      console.log(JSON.stringify([Object.keys(one).slice(keys), Object.keys(other).slice(keys), _usingWorkers, one.reusedSocket]));`;
    const names = ['_usingWorkers', 'reusedSocket'];
    const descriptor = { value: false, writable: true, enumerable: true, configurable: true };
    expect(await evaluate(code)).toEqual([names, names, descriptor, 'mine']);
  });

  it('does not take the place of the first of Node', async () => {
    const code = `
      const emitter = new EventEmitter();
      emitter._usingWorkers = true;
      const waiting = traps().includes('_usingWorkers');
      require('node:net').createServer();
      console.log(JSON.stringify([waiting, traps().includes('_usingWorkers')]));`;
    expect(await evaluate(code)).toEqual([true, false]);
  });

  it('may have a prototype that was sealed since', async () => {
    const code = `
      const { continueTrace, traceHeaders } = require('@org/trace-agent');
      const http = require('node:http');
      Object.seal(EventEmitter.prototype);
      const trace = ${JSON.stringify(dottedOrder())};
      const server = http.createServer((request, response) => {
        response.end(JSON.stringify([request.headers['langsmith-trace'] === trace, traceHeaders()['langsmith-trace'] === trace]));
      }).listen(0, '127.0.0.1', () => {
        continueTrace({ 'langsmith-trace': trace }, () => http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (response) => {
          response.on('data', (text) => console.log(String(text)));
          server.close();
        }));
      });`;
    expect(await evaluate(code)).toEqual([true, true]);
  });
});
