/** What a process sends at its end, with TRACE_AGENT_FLUSH and without. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { fixture, type Result, root, run } from '../support/app.ts';

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

const langsmith = (endpoint: string) => ({
  LANGSMITH_TRACING: 'true',
  LANGSMITH_ENDPOINT: endpoint,
  LANGSMITH_API_KEY: 'test',
});
const FLUSH = { TRACE_AGENT_FLUSH: '20000' };

/** Whether the run was sent with its end. */
const isSent = () => collector.runs().some(({ name, endTime }) => name === 'work' && endTime !== undefined);

function end(way: string, env: NodeJS.ProcessEnv, preload: 'require' | 'none' = 'require'): Promise<Result> {
  return run([fixture('apps/ends.cjs'), way], { preload, env: { ...langsmith(collector.url), ...env } });
}

describe('a process that is ended by SIGTERM', () => {
  it('sends its runs first, and ends by the same signal', async () => {
    const { code, stderr } = await end('sigterm', FLUSH);
    expect(code).toBeNull();
    expect(isSent()).toBe(true);
    expect(stderr).toBe('listeners 1 1\n');
  });

  it('ends at once if the setting is off and there is no listener', async () => {
    const { code, stderr } = await end('sigterm', {});
    expect(code).toBeNull();
    expect(isSent()).toBe(false);
    expect(stderr).toBe('listeners 0 0\n');
  });

  it('ends as it does by itself where it listens for the signal', async () => {
    const { code } = await end('sigterm-heard', FLUSH);
    expect(code).toBe(4);
    expect(isSent()).toBe(true);
  });

  it('ends by a listener that does so only where there is no other, as that of signal-exit', async () => {
    const { code, stdout } = await end('sigterm-alone', FLUSH);
    expect(code).toBeNull();
    expect(stdout).toBe('alone\n');
  });

  it('says what was left when the time is over', async () => {
    // It takes what it is sent and never answers.
    const mute = createServer((request) => request.resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
      const { code, stderr } = await end('sigterm', { ...langsmith(url), TRACE_AGENT_FLUSH: '100' });
      expect(code).toBeNull();
      expect(stderr).toMatch(/warn: TRACE_AGENT_FLUSH=100: a LangSmith client has not sent all runs in time/);
    } finally {
      mute.close();
      mute.closeAllConnections();
    }
  });
});

it('a process with nothing else to do sends the runs that its clients hold', async () => {
  expect((await end('manual', {})).code).toBe(0);
  expect(isSent()).toBe(false);
  expect((await end('manual', FLUSH)).code).toBe(0);
  expect(isSent()).toBe(true);
});

it.each([
  ['exit-code', 7],
  ['exit', 5],
])('the exit code of the application stays its own: %s', async (way, expected) => {
  expect((await end(way, FLUSH)).code).toBe(expected);
  expect((await end(way, {})).code).toBe(expected);
});

describe('a handler of AWS Lambda', () => {
  const invoke = (style: string, env: NodeJS.ProcessEnv) =>
    run([fixture('apps/lambda-runtime.cjs')], {
      preload: 'require',
      env: {
        ...langsmith(collector.url),
        AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1',
        LAMBDA_TASK_ROOT: join(root, 'fixtures', 'apps'),
        _HANDLER: 'lambda-handler.handler',
        STYLE: style,
        ...env,
      },
    });

  it.each([
    ['promise', 'done'],
    ['error', 'failed'],
    ['callback', 'done'],
  ])('answers when its runs are sent: %s', async (style, answer) => {
    const { stdout } = await invoke(style, FLUSH);
    expect(JSON.parse(stdout)).toEqual({ answer, name: 'handler', length: 3, other: 'kept' });
    expect(isSent()).toBe(true);
  });

  it('answers at once where the setting is off', async () => {
    const { stdout } = await invoke('promise', {});
    expect(JSON.parse(stdout)).toMatchObject({ answer: 'done' });
    expect(isSent()).toBe(false);
  });
});
