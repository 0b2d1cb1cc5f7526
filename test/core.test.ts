import { describe, expect, it } from 'vitest';
import { type Preload, run } from './support/app.ts';

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

describe.each<Preload>(['require', 'import'])('by --%s, the core is', (preload) => {
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
    ['a name beside the shared key is looked for', 'globalThis[Symbol.for("ls:other")]; key in globalThis;'],
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
});
