import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root, run, testNodeMajor } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

describe('an SDK of MCP that is installed', () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-mcp-')));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const sdk = join(scratch, 'node_modules', '@modelcontextprotocol', 'sdk');
  mkdirSync(join(sdk, 'dist', 'esm', 'shared'), { recursive: true });
  writeFileSync(join(sdk, 'package.json'), '{ "type": "module", "exports": { "./*": "./dist/esm/*" } }');
  writeFileSync(
    join(sdk, 'dist', 'esm', 'shared', 'protocol.js'),
    `console.log('loaded');
    export class Protocol { transport; request(request) { return request; } _onrequest() {} }`,
  );
  const trace = dottedOrder();
  const evaluate = (source: string, env: NodeJS.ProcessEnv = {}) => {
    const prelude = `
      const agent = globalThis[Symbol.for('@org/trace-agent')];
      const inTrace = (fn) => agent.continueTrace('${trace}', undefined, fn);`;
    const args = ['--input-type=module', '-e', prelude + source];
    const nodeOptions = ['--require', join(root, 'dist', 'register.cjs')];
    return run(args, { preload: 'none', nodeOptions, cwd: scratch, env });
  };

  it('[I168] is not loaded by the agent, and nothing is printed', async () => {
    const result = await evaluate(`
      process.stdin; (await import('node:http')).createServer().listen(0).close();
      for (let i = 0; i < 40; i++) inTrace(() => {});`);
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.skipIf(testNodeMajor < 20)('[I168] is found when it is imported, early or late', async () => {
    const source = `
      for (let i = 0; i < 40; i++) inTrace(() => {});
      const { get } = Object.getOwnPropertyDescriptor(process, 'stdin');
      const { Protocol } = await import('@modelcontextprotocol/sdk/shared/protocol.js');
      const { request } = Protocol.prototype;
      for (let i = 0; i < 40; i++) inTrace(() => {});
      console.log(Protocol.prototype.request !== request, Object.getOwnPropertyDescriptor(process, 'stdin').get !== get);`;
    expect(await evaluate(source)).toEqual({ code: 0, stdout: 'loaded\ntrue true\n', stderr: '' });
  });

  it.skipIf(testNodeMajor < 20)('[I168] is found by the first use of stdin', async () => {
    const source = `
      const { Protocol } = await import('@modelcontextprotocol/sdk/shared/protocol.js');
      const { request } = Protocol.prototype;
      process.stdin;
      console.log(Protocol.prototype.request !== request, process.stdin.listenerCount('data'));
      agent.stop();
      console.log(Protocol.prototype.request === request);`;
    expect(await evaluate(source)).toEqual({ code: 0, stdout: 'loaded\ntrue 0\ntrue\n', stderr: '' });
  });

  it('[I167] `process.stdin` is put back by `stop()`, and untouched with TRACE_AGENT_LIBRARIES=none', async () => {
    const source = `
      const getter = () => Object.getOwnPropertyDescriptor(process, 'stdin').get;
      const before = getter();
      agent.stop();
      console.log(getter() === before);`;
    expect((await evaluate(source)).stdout).toBe('false\n');
    expect((await evaluate(source, { TRACE_AGENT_LIBRARIES: 'none' })).stdout).toBe('true\n');
  });
});
