import { describe, expect, it } from 'vitest';
import { type Preload, run } from './support/app.ts';
import { isCampaign } from './support/campaign.ts';
import { dottedOrder } from './support/trace.ts';

/** Says whether the core has been compiled: the debugger lists all scripts. Node's own are loaded before anything. */
const HEAD = `
  const { Session } = require('node:inspector');
  const http = require('node:http');
  const http2 = require('node:http2');
  const isCompiled = () => {
    const session = new Session();
    let found = false;
    session.connect();
    session.on('Debugger.scriptParsed', ({ params }) => { found ||= params.url === 'trace-agent:core'; });
    session.post('Debugger.enable');
    session.disconnect();
    return found;
  };
  const key = Symbol.for('ls:tracing_async_local_storage');
  const agent = require('@org/trace-agent');
  const before = isCompiled();
`;
const TAIL = `
  setImmediate(() => { console.log(before, isCompiled()); process.exit(0); });
`;

const isCompiledBy = async (code: string, preload: Preload, nodeOptions: string[] = []): Promise<string> => {
  const { stdout, stderr } = await run(['-e', HEAD + code + TAIL], { preload, nodeOptions });
  expect(stderr).toBe('');
  return stdout.trim();
};

// With `--import` in a campaign: both entries load the same file.
describe.each<Preload>(isCampaign ? ['require', 'import'] : ['require'])(
  'by --%s, the core is',
  (preload) => {
    it.each([
      ['nothing is done', ''],
      ['a line is written', 'process.stdout.write("");'],
      ['a file is read', 'require("node:fs").readFileSync("/dev/null");'],
      [
        'a TCP connection is tried',
        'require("node:net").connect({ port: 1, host: "127.0.0.1" }).on("error", () => {});',
      ],
      ['a process is run', 'require("node:child_process").spawnSync(process.execPath, ["-v"]);'],
      ['the agent is asked', 'agent.status(); agent.traceHeaders();'],
      [
        'a name beside the shared key is looked for',
        'globalThis[Symbol.for("ls:other")]; key in globalThis;',
      ],
      ['the agent is stopped', 'agent.stop(); http.createServer(); globalThis[key];'],
    ])('a text where %s', async (_, code) => {
      expect(await isCompiledBy(code, preload)).toBe('false false');
    });

    it.each([
      ['a server', 'http.createServer();'],
      ['a secure server', 'require("node:https").createServer();'],
      ['a server of HTTP/2', 'http2.createServer();'],
      ['a request', 'http.get({ port: 1, host: "127.0.0.1" }).on("error", () => {});'],
      ['a request by fetch', 'fetch("http://127.0.0.1:2").catch(() => {});'],
      ['a session of HTTP/2', 'http2.connect("http://127.0.0.1:1").on("error", () => {});'],
      ['the SDK, which looks for its storage', 'globalThis[key];'],
      ['the SDK, which sets its storage', 'globalThis[key] = {};'],
      ['a trace that is continued by hand', 'agent.continueTrace({}, () => {});'],
    ])('compiled for %s', async (_, code) => {
      expect(await isCompiledBy(code, preload)).toBe('false true');
    });

    it('compiled where strings may not become code', async () => {
      const option = '--disallow-code-generation-from-strings';
      expect(await isCompiledBy('http.createServer();', preload, [option])).toBe('false true');
    });
  },
);

/** A service that relays, and says what arrived behind it. */
const RELAY = `
  const http = require('node:http');
  const text = (response, done) => { let all = ''; response.on('data', (part) => (all += part)).on('end', () => done(all)); };
  const upstream = http.createServer((request, response) => response.end(request.headers['langsmith-trace'] ?? 'none'));
  const service = http.createServer((request, response) => {
    http.get({ port: upstream.address().port, host: '127.0.0.1' }, (answer) => text(answer, (all) => response.end(all)));
  });
  upstream.listen(0, '127.0.0.1', () => service.listen(0, '127.0.0.1', () => {
    const headers = { 'langsmith-trace': process.argv.at(-1) };
    http.get({ port: service.address().port, host: '127.0.0.1', headers }, (answer) => text(answer, (all) => {
      console.log(all);
      process.exit();
    }));
  }));
`;

describe('a replacement by the application of', () => {
  it.each([
    ['nothing', ''],
    [
      'Reflect.apply, before its first server',
      'const { apply } = Reflect; Reflect.apply = (f, self, args) => { if (!Array.isArray(args)) throw new TypeError("no array"); return apply(f, self, args); };',
    ],
    [
      'AsyncLocalStorage, before its first server',
      'const hooks = require("node:async_hooks"); hooks.AsyncLocalStorage = class extends hooks.AsyncLocalStorage { run(store, fn) { if (arguments.length > 2) throw new TypeError("two at most"); return super.run(store, fn); } };',
    ],
    [
      'OutgoingMessage.prototype.setHeader, which counts',
      'const { OutgoingMessage } = require("node:http"); const { setHeader } = OutgoingMessage.prototype; OutgoingMessage.prototype.setHeader = function (name, value) { if (name === "Name") console.log("a header of nobody"); return setHeader.call(this, name, value); };',
    ],
  ])('%s does not affect the agent', async (_, code) => {
    const trace = dottedOrder();
    const result = await run(['-e', code + RELAY, trace], { preload: 'require' });
    expect(result).toEqual({ code: 0, stdout: `${trace}\n`, stderr: '' });
  });

  it('vm.runInThisContext, so that it fails, does not affect the SDK', async () => {
    const code = `
      const key = Symbol.for('ls:tracing_async_local_storage');
      require('node:vm').runInThisContext = () => { throw new Error('on purpose'); };
      console.log(typeof globalThis[key].getStore);
      require('@org/trace-agent').stop();
      console.log(typeof globalThis[key]);`;
    const { stdout, code: exit } = await run(['-e', code], { preload: 'require' });
    expect({ stdout, exit }).toEqual({ stdout: 'function\nobject\n', exit: 0 });
  });
});

it('with TRACE_AGENT_LIBRARIES=none a service’s own HTTP/2 requests carry the trace until the agent is stopped', async () => {
  const code = `
    const http = require('node:http');
    const http2 = require('node:http2');
    const upstream = http2.createServer();
    upstream.on('stream', (stream, headers) => { stream.respond(); stream.end(headers['langsmith-trace'] ?? 'none'); });
    const read = (from) => new Promise((resolve) => { let all = ''; from.on('data', (part) => (all += part)).on('end', () => resolve(all)); });
    upstream.listen(0, '127.0.0.1', () => {
      const session = http2.connect('http://127.0.0.1:' + upstream.address().port);
      const ask = () => read(session.request({ ':path': '/' }).end());
      const service = http.createServer(async (request, response) => {
        const first = await ask();
        require('@org/trace-agent').stop();
        response.end(first + ' ' + (await ask()));
      }).listen(0, '127.0.0.1', () => {
        const headers = { 'langsmith-trace': process.argv.at(-1) };
        http.get({ port: service.address().port, host: '127.0.0.1', headers }, async (answer) => {
          console.log(await read(answer));
          process.exit();
        });
      });
    });`;
  const trace = dottedOrder();
  const options = { preload: 'require', env: { TRACE_AGENT_LIBRARIES: 'none' } } as const;
  const result = await run(['-e', code, trace], options);
  expect(result).toEqual({ stdout: `${trace} none\n`, code: 0, stderr: '' });
});

it('the core is created once if a hook that loads the SDK also loads its Node modules', async () => {
  const code = `
    const http = require('node:http');
    const Module = require('node:module');
    const { _load } = Module;
    let sdk;
    Module._load = function (name) {
      if (sdk === undefined && !name.startsWith('node:')) {
        sdk = null;
        sdk = require('langsmith/traceable');
      }
      return _load.apply(this, arguments);
    };
    const read = (from) => new Promise((resolve) => { let all = ''; from.on('data', (part) => (all += part)).on('end', () => resolve(all)); });
    const get = (server, headers) => new Promise((resolve) => {
      http.get({ port: server.address().port, host: '127.0.0.1', headers }, (answer) => resolve(read(answer)));
    });
    const upstream = http.createServer((request, response) => response.end(request.headers['langsmith-trace'] ?? 'none'));
    const service = http.createServer(async (request, response) => {
      sdk ??= require('langsmith/traceable');
      response.end(await sdk.traceable(() => get(upstream), { name: 'local' })());
    });
    upstream.listen(0, '127.0.0.1', () => service.listen(0, '127.0.0.1', async () => {
      console.log(await get(service, { 'langsmith-trace': process.argv.at(-1) }));
      process.exit();
    }));`;
  const trace = dottedOrder();
  const env = {
    LANGSMITH_TRACING: 'true',
    LANGSMITH_API_KEY: 'test',
    LANGSMITH_ENDPOINT: 'http://127.0.0.1:9',
  };
  const { stdout } = await run(['-e', code, trace], { preload: 'require', env });
  expect(stdout.trim().split('.')).toEqual([trace, expect.stringMatching(/^\d{8}T\d{12}Z/)]);
});

it('the core belongs to the realm in which the preload is evaluated', async () => {
  const code = `
    const vm = require('node:vm');
    const key = Symbol.for('ls:tracing_async_local_storage');
    const file = require.resolve('@org/trace-agent/register');
    for (const previous of [undefined, new (require('node:async_hooks').AsyncLocalStorage)()]) {
      const context = vm.createContext({ process, console });
      const realm = vm.runInContext('globalThis', context);
      if (previous !== undefined) realm[key] = previous;
      const source = require('node:fs').readFileSync(file, 'utf8');
      vm.runInContext('(function (require, module) {' + source + '})', context)(require, {});
      const shared = realm[key];
      console.log(typeof shared.getStore, shared === previous, key in globalThis);
      realm[Symbol.for('@org/trace-agent')].stop();
      console.log(realm[key] === shared, realm[key] === previous, key in globalThis);
    }`;
  const { stdout, stderr } = await run(['-e', code], { preload: 'none' });
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual([
    'function false false',
    // The SDK has taken hold of it by then, and does not look again.
    'true false false',
    'function false false',
    'false true false',
  ]);
});
