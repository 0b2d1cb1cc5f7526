import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CollectedRun, type Collector, startCollector } from '../../src/collector/index.ts';
import { type AgentServer, startAgentServer } from '../support/agent-server.ts';
import { cleanEnv, fixture, root, run, testNodeMajor } from '../support/app.ts';
import { installLibraries } from '../support/libraries.ts';
import { dottedOrder, runIdOf } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const PACKAGES = [
  '@langchain/langgraph-cli@1.5.1',
  '@langchain/langgraph-api@1.5.1',
  '@langchain/langgraph@1.7.3',
  '@langchain/langgraph-sdk@1.15.0',
  '@langchain/core@1.4.0',
  'langsmith@0.12.0',
];

const libraries = testNodeMajor < 20 ? undefined : installLibraries('agent-server', PACKAGES);
const why = libraries === undefined ? 'needs a campaign, and Node.js 20.19' : undefined;
let collector: Collector;
let upstream: Upstream;
const servers: AgentServer[] = [];
let ids = 0;

beforeEach((test) => {
  if (why !== undefined) test.skip(why);
});
beforeAll(async () => {
  [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all([collector?.close(), upstream?.close()]);
});

async function start(env: NodeJS.ProcessEnv = {}): Promise<AgentServer> {
  const server = await startAgentServer(libraries as string, {
    LANGSMITH_TRACING: 'true',
    LANGSMITH_API_KEY: 'any',
    LANGSMITH_ENDPOINT: collector.url,
    UPSTREAM: upstream.url,
    ...env,
  });
  servers.push(server);
  return server;
}

async function post(url: string, body: object, trace?: string): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json', ...(trace && { 'langsmith-trace': trace }) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  // The server sends a line feed while the run takes long.
  return { status: response.status, text: (await response.text()).trim() };
}

/** The call of a node that has the path `/who`. */
function called(who: string): Promise<string | undefined> {
  return eventually(() => {
    const request = upstream.arrived.find(({ url }) => url === `/${who}`);
    return request && { trace: request.headers['langsmith-trace'] as string | undefined };
  }).then(({ trace }) => trace);
}

/** The run of a graph that has this input. */
function graphRun(who: string, name = 'caller'): Promise<CollectedRun> {
  return eventually(() =>
    collector
      .runs()
      .find((one) => one.name === name && (one.inputs as { who?: string } | undefined)?.who === who),
  );
}

async function eventually<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('an Agent Server', () => {
  let url: string;
  beforeAll(async () => {
    if (why === undefined) ({ url } = await start());
  });

  const body = (who: string, more: object = {}) => ({ assistant_id: 'caller', input: { who }, ...more });

  async function expectLinked(who: string, trace: string, name = 'caller'): Promise<void> {
    const graph = await graphRun(who, name);
    expect(graph.parentRunId).toBe(runIdOf(trace));
    expect(graph.dottedOrder.startsWith(`${trace}.`)).toBe(true);
    const sent = await called(who);
    expect(sent?.startsWith(`${graph.dottedOrder}.`)).toBe(true);
  }

  const WAYS = [
    'runs/wait',
    'runs/stream',
    'runs',
    'threads/ID/runs/wait',
    'threads/ID/runs/stream',
    'threads/ID/runs',
  ];
  it.each(WAYS)(
    'POST /%s: the graph’s run and the calls of its nodes belong to the trace of the request [J190]',
    async (way) => {
      const calls = [0, 1, 2].map(async () => {
        const [who, trace] = [`who-${ids++}`, dottedOrder(2)];
        const thread = way.includes('ID')
          ? JSON.parse((await post(`${url}/threads`, {})).text).thread_id
          : '';
        const { status } = await post(`${url}/${way.replace('ID', thread)}`, body(who), trace);
        expect(status).toBe(200);
        await expectLinked(who, trace);
      });
      await Promise.all(calls);
    },
  );

  it('each run of a batch, and a graph that a function makes, belong to the trace of the request', async () => {
    const trace = dottedOrder(2);
    const batch = [`who-${ids++}`, `who-${ids++}`];
    await post(
      `${url}/runs/batch`,
      batch.map((who) => body(who)),
      trace,
    );
    for (const who of batch) await expectLinked(who, trace);
    const who = `who-${ids++}`;
    await post(`${url}/runs/wait`, { ...body(who), assistant_id: 'made' }, trace);
    await expectLinked(who, trace, 'made');
  });

  it('a run without a caller is a trace of its own, also between others [J191]', async () => {
    const [plain, traced, trace] = [`who-${ids++}`, `who-${ids++}`, dottedOrder(2)];
    await Promise.all([post(`${url}/runs/wait`, body(plain)), post(`${url}/runs/wait`, body(traced), trace)]);
    const graph = await graphRun(plain);
    expect(graph.dottedOrder.split('.')).toHaveLength(1);
    expect((await called(plain))?.startsWith(`${graph.dottedOrder}.`)).toBe(true);
    await expectLinked(traced, trace);
  });

  it('a thread that is resumed by another request continues the trace of that request [J192]', async () => {
    const who = `who-${ids++}`;
    const [first, second] = [dottedOrder(2), dottedOrder(2)];
    const thread = JSON.parse((await post(`${url}/threads`, {})).text).thread_id;
    const wait = `${url}/threads/${thread}/runs/wait`;
    await post(wait, { assistant_id: 'asks', input: { who } }, first);
    await post(wait, { assistant_id: 'asks', command: { resume: 'this' } }, second);
    expect((await called(`${who}-this`))?.startsWith(`${second}.`)).toBe(true);
    expect((await graphRun(who, 'asks')).parentRunId).toBe(runIdOf(first));
  });

  async function call(way: string, who: string): Promise<{ order: string; result: unknown }> {
    const { stdout, stderr } = await run([fixture('agent-server/client.mjs'), way, who], {
      preload: 'none',
      nodeOptions: ['--import', join(root, 'register.mjs')],
      cwd: libraries as string,
      env: {
        LANGSMITH_TRACING: 'true',
        LANGSMITH_API_KEY: 'any',
        LANGSMITH_ENDPOINT: collector.url,
        SERVER: url,
      },
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  it('the client of the SDK continues the run in which it is called [J193]', async () => {
    const { order, result } = await call('client', 'sdk');
    expect(result).toEqual({ who: 'sdk', answer: 'sdk' });
    await expectLinked('sdk', order);
  });

  it('a RemoteGraph as a node of a graph continues the run in which the graph is called [J194]', async () => {
    const { order, result } = await call('RemoteGraph', 'remote');
    expect(result).toEqual({ who: 'remote', answer: 'remote' });
    const graph = await graphRun('remote');
    expect(graph.dottedOrder.startsWith(`${order}.`)).toBe(true);
    expect((await called('remote'))?.startsWith(`${graph.dottedOrder}.`)).toBe(true);
    const parent = await eventually(() => collector.runs().find(({ id }) => id === graph.parentRunId));
    expect(parent.name).toBe('remote');
  });

  it('a caller in Python is continued', async (test) => {
    // `npm run test:python` makes it.
    const python = join(root, '.cache', 'python', 'bin', 'python');
    if (!existsSync(python)) test.skip('needs the environment that "npm run test:python" makes');
    const { stdout } = await promisify(execFile)(
      python,
      [fixture('python/agent_server_client.py'), url, 'python'],
      {
        env: cleanEnv({
          LANGSMITH_TRACING: 'true',
          LANGSMITH_API_KEY: 'any',
          LANGSMITH_ENDPOINT: collector.url,
        }),
      },
    );
    await expectLinked('python', stdout.trim());
  });

  it('runs that fail answer with their error, and all loops of the server go on', async () => {
    const fail = (trace?: string) => post(`${url}/runs/wait`, { assistant_id: 'fails', input: {} }, trace);
    const plain = await fail();
    expect(plain.text).toContain('its own');
    for (const one of await Promise.all(Array.from({ length: 12 }, () => fail(dottedOrder(2))))) {
      expect(one).toEqual(plain);
    }
    const [who, trace] = [`who-${ids++}`, dottedOrder(2)];
    const { text } = await post(`${url}/runs/wait`, body(who), trace);
    expect(JSON.parse(text)).toEqual({ who, answer: who });
    await expectLinked(who, trace);
  });

  it('a run of a graph that is not there is refused as without the agent', async () => {
    const { status } = await post(
      `${url}/runs/wait`,
      { ...body('any'), assistant_id: 'none' },
      dottedOrder(2),
    );
    expect(status).toBe(404);
  });

  it('after stop(), graphs run as without the agent [J195]', async () => {
    await post(`${url}/runs/wait`, { assistant_id: 'stops', input: {} }, dottedOrder(2));
    const who = `who-${ids++}`;
    await post(`${url}/runs/wait`, body(who), dottedOrder(2));
    expect((await graphRun(who)).dottedOrder.split('.')).toHaveLength(1);
    expect(await called(who)).toBeUndefined();
  });
});

describe('an Agent Server with TRACE_AGENT_TRUST=none', () => {
  it('a caller that is not trusted is not believed', async () => {
    const { url } = await start({ TRACE_AGENT_TRUST: 'none' });
    const who = `who-${ids++}`;
    await post(`${url}/runs/wait`, { assistant_id: 'caller', input: { who } }, dottedOrder(2));
    const graph = await graphRun(who);
    expect(graph.dottedOrder.split('.')).toHaveLength(1);
    expect((await called(who))?.startsWith(`${graph.dottedOrder}.`)).toBe(true);
  });
});

describe('an Agent Server with TRACE_AGENT_LIBRARIES=!@langchain/langgraph-api', () => {
  it('leaves the runs of graphs alone [J196]', async () => {
    const { url } = await start({ TRACE_AGENT_LIBRARIES: '!@langchain/langgraph-api' });
    const who = `who-${ids++}`;
    await post(`${url}/runs/wait`, { assistant_id: 'caller', input: { who } }, dottedOrder(2));
    expect((await graphRun(who)).dottedOrder.split('.')).toHaveLength(1);
  });
});
