import { type ChildProcess, spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CollectedRun, type Collector, checkTrace, startCollector } from '../../src/collector/index.ts';
import { formatBaggage } from '../../src/headers/baggage.ts';
import { mergeBaggage } from '../../src/headers/members.ts';
import { formatTraceMember } from '../../src/headers/trace-member.ts';
import { type App, cleanEnv, fixture, root, startApp } from '../support/app.ts';
import { fields } from '../support/fields.ts';
import { dottedOrder, runIdOf, traceIdOf } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

// `npm run test:python` makes the virtual environment and names its interpreter here.
const python = process.env['TRACE_AGENT_PYTHON'];

const TEXT = 'naïve, 日本 = 100%';

describe.runIf(python !== undefined)('the Python SDK', () => {
  let collector: Collector;
  let upstream: Upstream;
  let node: App;
  let asgi: PythonService;
  let flask: PythonService;

  const env = (service: string, project: string) => ({
    LANGSMITH_TRACING: 'true',
    LANGSMITH_ENDPOINT: collector.urlFor(service),
    LANGSMITH_API_KEY: 'test',
    LANGSMITH_PROJECT: project,
  });

  beforeAll(async () => {
    [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
    [node, asgi, flask] = await Promise.all([
      startApp(fixture('apps/calls-python.mjs'), { env: env('node', 'node-project') }),
      startPython('asgi_service.py', env('asgi', 'other-project')),
      startPython('flask_service.py', env('flask', 'other-project')),
    ]);
  });
  afterAll(async () => {
    asgi?.process.kill();
    flask?.process.kill();
    await node?.stop();
    await Promise.all([collector?.close(), upstream?.close()]);
  });
  beforeEach(() => collector.clear());

  /** The ended runs of one whole trace with these names. */
  async function wholeTrace(...names: string[]): Promise<CollectedRun[]> {
    const all = await collector.waitForRuns((runs) =>
      names.every((name) => runs.some((run) => run.name === name && run.endTime)),
    );
    expect(collector.refused()).toEqual([]);
    expect(all.map(({ name }) => name).sort()).toEqual([...names].sort());
    const traceId = all[0]?.traceId ?? '';
    expect(all.every((run) => run.traceId === traceId)).toBe(true);
    expect(checkTrace(all, traceId)).toEqual({ ok: true, problems: [] });
    return names.map((name) => all.find((run) => run.name === name) as CollectedRun);
  }

  it.each<[string, () => string, string[]?]>([
    ['FastAPI with TracingMiddleware', () => `${asgi.url}/fastapi/work`],
    ['Starlette with TracingMiddleware', () => `${asgi.url}/starlette/work`],
    ['tracing_context(parent=request.headers)', () => `${asgi.url}/by-hand/context`],
    ['langsmith_extra={"parent": headers}', () => `${asgi.url}/by-hand/extra`, []],
    ['Flask, tracing_context(parent=headers)', () => `${flask.url}/headers`],
  ])('Node calls %s', async (_name, url, tags = ['node']) => {
    const response = await fetch(`${node.url}/?${new URLSearchParams({ to: url() })}`);
    expect(response.status, await response.text()).toBe(200);
    const [caller, work] = await wholeTrace('node-caller', 'python-work');
    expect(work).toMatchObject({ parentRunId: caller?.id, project: 'node-project' });
    expect(work?.metadata).toMatchObject({ order: '7', text: TEXT });
    // The Python SDK gives a run the tags of a context, and none of a parent that is passed to it.
    expect(work?.tags).toEqual(tags);
  });

  it('Python reads the fields that were written', async () => {
    const sent = fc.sample(fields, 500).map((said, i) => {
      const trace = dottedOrder(1 + (i % 40));
      const ours = `${formatTraceMember(trace)},${formatBaggage(said)}`;
      const baggage = mergeBaggage(ours, 'vendor=1;p=2,other=%20');
      return { said, trace, headers: { 'langsmith-trace': trace, baggage } };
    });
    const lines = sent.map(({ headers }) => `${JSON.stringify(headers)}\n`).join('');
    const answers = (await runPython('read_headers.py', [], {}, lines)).split('\n');
    expect(answers).toHaveLength(sent.length);
    for (const [i, { said, trace }] of sent.entries()) {
      const { metadata, tags, project } = said;
      const read = JSON.parse(answers[i] ?? '');
      // A set, to Python.
      expect(read.tags.sort()).toEqual([...new Set(tags)].sort());
      expect(read).toMatchObject({
        id: runIdOf(trace),
        trace_id: traceIdOf(trace),
        dotted_order: trace,
        metadata,
        project,
      });
    }
  });

  it('Python calls Node', async () => {
    const query = new URLSearchParams({ to: upstream.url });
    const order = await runPython('client.py', [`${node.url}/?${query}`], env('client', 'ignored'));
    const [caller, child] = await wholeTrace('python-caller', 'node-caller');
    expect(caller).toMatchObject({ dottedOrder: order, project: 'python-project' });
    expect(child).toMatchObject({ parentRunId: caller?.id, project: 'python-project' });
    expect(child?.metadata).toMatchObject({ order: '7', text: TEXT });
    // The caller's tags are passed on, and not given to the service's own runs.
    expect(child?.tags).toEqual(['node']);
    expect(upstream.arrived.at(-1)?.headers['langsmith-trace']).toBe(child?.dottedOrder);
  });

  it('Node calls Python, which calls Node', async () => {
    const back = `${node.url}/?${new URLSearchParams({ to: upstream.url, name: 'node-again' })}`;
    const there = `${asgi.url}/fastapi/work?${new URLSearchParams({ onward: back })}`;
    const response = await fetch(`${node.url}/?${new URLSearchParams({ to: there })}`);
    expect(response.status, await response.text()).toBe(200);
    const [first, middle, last] = await wholeTrace('node-caller', 'python-work', 'node-again');
    expect(middle?.parentRunId).toBe(first?.id);
    expect(last).toMatchObject({ parentRunId: middle?.id, project: 'node-project' });
    expect(last?.metadata).toMatchObject({ order: '7', text: TEXT });
  });
});

interface PythonService {
  readonly url: string;
  readonly process: ChildProcess;
}

async function startPython(file: string, env: NodeJS.ProcessEnv): Promise<PythonService> {
  const port = await freePort();
  const child = spawn(`${python}`, [fixture(`python/${file}`)], {
    cwd: root,
    env: cleanEnv({ ...env, PORT: `${port}` }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (child.exitCode !== null) break;
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) return { url, process: child };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill();
  throw new Error(`${file} does not answer\n${stderr}`);
}

function runPython(file: string, args: string[], env: NodeJS.ProcessEnv, input = ''): Promise<string> {
  const child = spawn(`${python}`, [fixture(`python/${file}`), ...args], { cwd: root, env: cleanEnv(env) });
  child.stdin.end(input);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve(output.trim()) : reject(new Error(errors))));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
