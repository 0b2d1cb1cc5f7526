import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture, type Preload, root, run, startApp, testNodeMajor } from './support/app.ts';
import { dottedOrder } from './support/trace.ts';
import { startUpstream } from './support/upstream.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const remember = ['--require', fixture('preload/remember-builtins.cjs')];
const scratch = mkdtempSync(join(tmpdir(), 'trace-agent-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function lifecycle(preload: Preload, action = '', env: NodeJS.ProcessEnv = {}) {
  const result = await run([fixture('apps/lifecycle.cjs'), action], { preload, env, nodeOptions: remember });
  expect(result.code, result.stderr).toBe(0);
  return { ...JSON.parse(result.stdout), stderr: result.stderr };
}

describe('start', () => {
  it.each(['import', 'require', 'both'] as const)('by %s, and says so', async (preload) => {
    const { status, changed, handles, headers, stderr } = await lifecycle(preload);
    expect(status).toMatchObject({
      running: true,
      version,
      config: {
        propagateTo: '*',
        shareMetadataWith: 'internal',
        trust: 'internal',
        traceInBaggage: true,
        maxHeaderBytes: 8192,
        flush: 0,
        log: 'warn',
      },
      instrumentation: ['libraries', 'http-server', 'http-client', 'http2-client', 'undici'],
      counts: { injected: 0, relayed: 0, extracted: 0, distrusted: 0 },
    });
    expect(changed.sort()).toEqual([
      'ClientRequest.prototype._storeHeader',
      'ClientRequest.prototype.reusedSocket',
      'globalThis.Symbol(@org/trace-agent)',
      'globalThis.Symbol(ls:tracing_async_local_storage)',
      'net.Server.prototype.emit',
      'undici:request:create',
    ]);
    // The ESM loader may still be reading or closing a file.
    const kept = handles.filter((name: string) => !['CloseReq', 'FSReqPromise'].includes(name));
    expect({ kept, headers, stderr }).toEqual({ kept: [], headers: {}, stderr: '' });
  });

  it('does nothing at all with TRACE_AGENT_ENABLED=false', async () => {
    const { status, changed, stderr } = await lifecycle('both', '', { TRACE_AGENT_ENABLED: 'false' });
    expect(status).toEqual({ running: false, version, reason: 'TRACE_AGENT_ENABLED is false' });
    expect({ changed, stderr }).toEqual({ changed: [], stderr: '' });
  });

  it('starts no agent by the import of the API alone', async () => {
    const { status, changed } = await lifecycle('none');
    expect({ status, changed }).toEqual({
      status: { running: false, version, reason: 'not started' },
      changed: [],
    });
  });

  it('starts once where the agent is present twice', async () => {
    const copy = join(scratch, 'copy.cjs');
    copyFileSync(join(root, 'dist/register.cjs'), copy);
    const upstream = await startUpstream();
    const app = await startApp(fixture('apps/caller.mjs'), {
      preload: 'both',
      nodeOptions: ['--require', copy],
      env: { MODULES: 'cjs', TRACE_AGENT_LOG: 'info' },
    });
    const trace = dottedOrder();
    const headers = { 'langsmith-trace': trace };
    for (const form of ['fetch', 'http.get(URL)', 'axios.get']) {
      await fetch(`${app.url}/?${new URLSearchParams({ form, to: upstream.url })}`, { headers });
    }
    expect(upstream.arrived.map((request) => request.headers['langsmith-trace'])).toEqual([
      trace,
      trace,
      trace,
    ]);
    expect(app.stderr().match(/ started on /g)).toHaveLength(1);
    expect(app.stderr()).toContain(`version ${version} is running already`);
    await app.stop();
    await upstream.close();
  });

  it('works as one file, copied alone', async () => {
    const directory = mkdtempSync(join(scratch, 'alone-'));
    copyFileSync(join(root, 'dist/register.cjs'), join(directory, 'agent.cjs'));
    writeFileSync(
      join(directory, 'app.cjs'),
      "console.log(Reflect.ownKeys(globalThis).includes(Symbol.for('@org/trace-agent')))",
    );
    const options = { preload: 'none', cwd: directory, nodeOptions: ['--require', './agent.cjs'] } as const;
    expect(await run(['app.cjs'], options)).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' });
  });
});

describe('stop', () => {
  it('puts everything back', async () => {
    const { afterwards, left } = await lifecycle('require', 'stop');
    expect(afterwards).toEqual({ running: false, version, reason: 'stopped' });
    expect(left).toEqual([]);
  });

  it('restores the parts of undici that were patched after the start', async (test) => {
    if (testNodeMajor < 20) test.skip('undici 7 needs Node.js 20');
    const result = await run([fixture('apps/undici-restored.cjs'), dottedOrder()], { preload: 'require' });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const { during, after } = JSON.parse(result.stdout);
    expect(during).toEqual(
      expect.arrayContaining([
        'DispatcherBase.dispatch',
        'FixedQueue.push',
        'FixedQueue.shift',
        'Request.onError',
      ]),
    );
    expect(after).toEqual([]);
  });

  it('can be followed by a start with other settings, said in code', async () => {
    const { afterwards } = await lifecycle('require', 'restart');
    expect(afterwards).toMatchObject({ running: true, config: { trust: 'none', log: 'silent' } });
  });
});

describe('the application', () => {
  it.each([
    ['ends by itself', 'setTimeout(() => {}, 5)', 0],
    ['ends with its own code', 'process.exitCode = 7', 7],
    ['dies of its own error', "throw new Error('its own')", 1],
    ['exits at once', 'process.exit(3)', 3],
  ])('%s', async (_name, source, code) => {
    const withAgent = await run(['-e', source], { preload: 'require' });
    const without = await run(['-e', source], { preload: 'none' });
    expect(withAgent.code).toBe(code);
    expect(withAgent).toEqual(without);
  });

  it('gets the same errors', async () => {
    const port = await freePort();
    const source = `
      const http = require('node:http');
      const note = (error) => console.log(error.name, error.code, error.message, Object.keys(error).join());
      const { continueTrace } = require('@org/trace-agent');
      continueTrace({ 'langsmith-trace': '${dottedOrder()}' }, async () => {
        for (const bad of [() => http.get('not a url'), () => http.get({ headers: { 'bad name': 1 } }),
          () => http.get({ headers: ['a'], port: ${port} }), () => http.get({ path: 'a b' }), () => http.request(5)]) {
          try { bad().on('error', note) } catch (error) { note(error) }
        }
        http.get('http://127.0.0.1:${port}').on('error', note);
        await fetch('http://127.0.0.1:${port}').catch((error) => note(error.cause));
        await fetch('http://127.0.0.1:${port}', { signal: AbortSignal.abort() }).catch(note);
        await fetch('http://127.0.0.1:${port}', { headers: { 'bad name': '1' } }).catch(note);
      });`;
    const withAgent = await run(['-e', source], { preload: 'require' });
    expect(withAgent).toEqual(await run(['-e', source], { preload: 'none' }));
    expect(withAgent.stdout.trim().split('\n')).toHaveLength(9);
  });

  it('sees the same of requests, responses and servers: properties, symbols, listeners', async () => {
    const withAgent = await run([fixture('apps/unchanged.cjs')], { preload: 'require' });
    expect(withAgent).toEqual(await run([fixture('apps/unchanged.cjs')], { preload: 'none' }));
    expect(JSON.parse(withAgent.stdout)).toHaveProperty('reusedSocket.enumerable', true);
  });

  it('sees the same result of events without listeners, also if other code has replaced `emit` before', async () => {
    const app = fixture('apps/events.cjs');
    const before = ['--require', fixture('preload/note-events.cjs')];
    for (const [args, nodeOptions] of [
      [[app], []],
      [[app, '--watch'], []],
      [[app, '--watch-late'], []],
      [[app], before],
    ] as const) {
      const withAgent = await run(args, { preload: 'require', nodeOptions });
      expect(withAgent).toEqual(await run(args, { preload: 'none', nodeOptions }));
      const { told, noted } = JSON.parse(withAgent.stdout);
      expect(told).toEqual([...TOLD_OF_EVENTS, ...TOLD_OF_EVENTS]);
      if (args.length + nodeOptions.length > 1)
        expect(noted).toEqual(expect.arrayContaining(['ServerResponse close', 'IncomingMessage readable']));
    }
  });

  it('gets one warning about a bad setting, which names the value that is used instead', async () => {
    const env = {
      TRACE_AGENT_MAX_HEADER_BYTES: '8k',
      TRACE_AGENT_TRUST: '10.0.0.0/99',
      TRACE_AGENT_LOG: 'loud',
      TRACE_AGENT_ENABLED: 'maybe',
    };
    const { stderr, status } = await lifecycle('both', '', env);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const [name, value] of Object.entries(env)) {
      expect(lines.filter((line: string) => line.includes(name) && line.includes(`"${value}"`))).toHaveLength(
        1,
      );
    }
    expect(status.config).toMatchObject({ maxHeaderBytes: 8192, trust: 'none', log: 'warn' });
  });
});

const TOLD_OF_EVENTS = [false, false, false, 'nobody hears it', 'monitor: one looks', 'one looks'];

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
