/**
 * A Node.js service, one in another language that knows nothing of LangSmith, and another Node.js service. `npm run
 * test:languages` installs the services in between and names them here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkTrace } from '../../src/collector/check-trace.ts';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { parseBaggage } from '../../src/headers/baggage.ts';
import { type App, cleanEnv, fixture, root, run, startApp } from '../support/app.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

interface Middle {
  readonly name: string;
  readonly command: [string, ...string[]];
  readonly env: Record<string, string>;
}

const middles = JSON.parse(process.env['TRACE_AGENT_MIDDLES'] ?? '[]') as Middle[];
/** A service that passes nothing on. It shows that the tests can fail. */
const CONTROL: Middle = {
  name: 'Node.js without OpenTelemetry',
  command: [process.execPath, fixture('languages/node/service.cjs')],
  env: {},
};

const PROJECT = '我的 project 🚀 c++';
const FIELDS = {
  metadata: expect.objectContaining({ order: '7', text: 'naïve, "日本" = 50 % + c++ 🎉' }),
  tags: ['c++', 'two words', 'größe'],
  project: PROJECT,
};
/** A Java agent starts slowly on a machine that is busy. */
const START_TIMEOUT = 90_000;

let collector: Collector;
let upstream: Upstream;
let before: App;
let behind: App;

beforeAll(async () => {
  [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
  const start = (service: string, project: string) =>
    startApp(fixture('languages/ends.mjs'), {
      env: {
        LANGSMITH_TRACING: 'true',
        LANGSMITH_ENDPOINT: collector.urlFor(service),
        LANGSMITH_API_KEY: 'test',
        LANGSMITH_PROJECT: project,
      },
    });
  [before, behind] = await Promise.all([start('before', PROJECT), start('behind', 'other')]);
});
afterAll(async () => {
  await Promise.all([before?.stop(), behind?.stop()]);
  await Promise.all([collector?.close(), upstream?.close()]);
});

const link = (base: string, path: string, to: string) => `${base}${path}?${new URLSearchParams({ to })}`;

async function get(url: string): Promise<void> {
  const response = await fetch(url);
  expect(response.status, await response.clone().text()).toBe(200);
}

async function twoRuns() {
  const isDone = (all: { name: string; endTime?: unknown }[]) =>
    ['caller', 'called'].every((name) => all.some((run) => run.name === name && run.endTime));
  const all = await collector.waitForRuns(isDone);
  expect(collector.refused()).toEqual([]);
  expect(all).toHaveLength(2);
  return ['caller', 'called'].map((name) => all.find((run) => run.name === name));
}

/** Starts the service for the tests of a group. */
function during(middle: Middle): () => Service {
  let service: Service;
  beforeAll(async () => {
    service = await startService(middle);
  }, START_TIMEOUT);
  afterAll(() => service?.stop());
  beforeEach(() => {
    collector.clear();
    upstream.arrived.length = 0;
  });
  return () => service;
}

describe.each(middles)('$name', (middle) => {
  const service = during(middle);

  it('stands between two Node.js services, and their runs are one trace', async () => {
    await get(link(before.url, '/call', link(service().url, '/', `${behind.url}/work`)));
    const [caller, called] = await twoRuns();
    expect(called).toMatchObject({ traceId: caller?.traceId, parentRunId: caller?.id, project: PROJECT });
    expect(called?.metadata).toMatchObject(caller?.metadata ?? {});
    expect(called?.metadata).toEqual(FIELDS.metadata);
    expect(checkTrace(collector.runs(), `${caller?.traceId}`)).toEqual({ ok: true, problems: [] });
  });

  it('stands before a Node.js service that passes on what the first one has sent', async () => {
    await get(link(before.url, '/call', link(service().url, '/', link(behind.url, '/relay', upstream.url))));
    const { 'langsmith-trace': trace, baggage } = upstream.arrived[0]?.headers ?? {};
    const [caller] = await collector.waitForRuns((runs) => runs.some(({ endTime }) => endTime !== undefined));
    expect(trace).toBe(caller?.dottedOrder);
    expect(parseBaggage(baggage)).toMatchObject(FIELDS);
  });
});

if (middles.some(({ name }) => name.startsWith('Python'))) {
  it('the demo with its pricing service in Python: every order is one trace', async () => {
    const { code, stdout } = await run([fixture('demo/run.mjs'), '--python'], { preload: 'none' });
    expect(stdout).toContain('opentelemetry-instrument python pricing.py');
    expect(stdout).toContain('With the agent 14 of 14 orders are one whole trace');
    expect(code).toBe(0);
  }, 70_000);
}

describe.runIf(middles.length > 0)(CONTROL.name, () => {
  const service = during(CONTROL);

  it('stands between two Node.js services, and the trace ends', async () => {
    await get(link(before.url, '/call', link(service().url, '/', `${behind.url}/work`)));
    const [caller, called] = await twoRuns();
    expect(called?.traceId).not.toBe(caller?.traceId);
    expect(called).not.toHaveProperty('parentRunId');
  });
});

interface Service {
  readonly url: string;
  stop(): Promise<void>;
}

async function startService({ name, command: [program, ...args], env }: Middle): Promise<Service> {
  const port = await freePort();
  const child = spawn(program, args, {
    cwd: root,
    env: cleanEnv({ ...env, NO_PROXY: '127.0.0.1', PORT: `${port}` }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.once('error', (error) => {
    stderr += error.message;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await Promise.race([whenListening(port, child), ended]);
  if (hasEnded(child)) throw new Error(`${name} has ended\n${stderr}`);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      // OpenTelemetry for Node.js takes SIGTERM and does not end the process.
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function whenListening(port: number, child: ChildProcess): Promise<void> {
  while (!hasEnded(child)) {
    const isListening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isListening) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
