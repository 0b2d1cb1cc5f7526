import { Client, RunTree } from 'langsmith';
import { traceable } from 'langsmith/traceable';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Collector, checkTrace, formatTrace } from '../../src/collector/index.ts';
import { collectorForTest } from './support.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

function clientOf(collector: Collector, service: string, config: object = {}): Client {
  return new Client({ apiUrl: collector.urlFor(service), apiKey: 'any', autoBatchTracing: true, ...config });
}

/** A root with a child that takes a while and one that fails. */
function traceWith(client: Client) {
  const common = { client, tracingEnabled: true, project_name: 'shop' };
  const search = traceable(async (query: string) => `found ${query}`, {
    ...common,
    name: 'search',
    run_type: 'retriever',
    metadata: { index: 'books' },
    tags: ['fast'],
  });
  const charge = traceable(
    async () => {
      throw new Error('card declined');
    },
    { ...common, name: 'charge', run_type: 'tool' },
  );
  return traceable(
    async (query: string) => {
      const found = await search(query);
      await charge().catch(() => {});
      return { found };
    },
    { ...common, name: 'order' },
  );
}

describe('the unmodified SDK', () => {
  test('sends a trace, which arrives whole', async () => {
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway');
    await traceWith(client)('tea');
    await client.awaitPendingTraceBatches();

    const runs = await collector.waitForRuns((all) => all.length === 3 && all.every((run) => run.endTime));
    const [order, search, charge] = runs;
    expect(checkTrace(runs, order?.traceId ?? '')).toEqual({ ok: true, problems: [] });
    expect(order).toMatchObject({ name: 'order', runType: 'chain', project: 'shop', service: 'gateway' });
    expect(order?.outputs).toEqual({ found: 'found tea' });
    expect(search).toMatchObject({ runType: 'retriever', tags: ['fast'], inputs: { input: 'tea' } });
    expect(search?.metadata).toMatchObject({ index: 'books' });
    expect(search?.parentRunId).toBe(order?.id);
    expect(charge?.error).toContain('card declined');
    expect(collector.refused()).toEqual([]);
  });

  test('asks for /info, then sends multipart, compressed', async () => {
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway');
    for (const query of ['first', 'second']) {
      await traceWith(client)(query);
      await client.awaitPendingTraceBatches();
    }
    await collector.waitForRuns((all) => all.length === 6 && all.every((run) => run.endTime));

    const requests = collector.requests();
    expect(requests[0]).toMatchObject({ method: 'GET', path: '/gateway/info' });
    const ingestions = requests.filter(({ method }) => method === 'POST');
    expect(ingestions.length).toBeGreaterThanOrEqual(2);
    for (const { path, headers } of ingestions) {
      expect(path).toBe('/gateway/runs/multipart');
      expect(headers['content-encoding']).toMatch(/^(gzip|zstd)$/);
    }
  });

  test('is taken without compression and /info too', async () => {
    vi.stubEnv('LANGSMITH_DISABLE_RUN_COMPRESSION', 'true');
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway');
    vi.spyOn(client as unknown as { _getServerInfo(): Promise<unknown> }, '_getServerInfo').mockRejectedValue(
      new Error('not reachable yet'),
    );
    await traceWith(client)('tea');
    await client.awaitPendingTraceBatches();

    await collector.waitForRuns((all) => all.length === 3 && all.every((run) => run.endTime));
    expect(collector.requests().map(({ path }) => path)).not.toContain('/gateway/info');
    for (const { path, headers } of collector.requests()) {
      expect(path).toBe('/gateway/runs/multipart');
      expect(headers).not.toHaveProperty('content-encoding');
    }
  });

  test('sends single runs by POST /runs and PATCH /runs/:id', async () => {
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway', { autoBatchTracing: false });
    await traceWith(client)('tea');

    const runs = await collector.waitForRuns((all) => all.length === 3 && all.every((run) => run.endTime));
    const methods = new Set(collector.requests().map(({ method }) => method));
    expect([...methods].sort()).toEqual(['PATCH', 'POST']);
    expect(checkTrace(runs, runs[0]?.traceId ?? '').problems).toEqual([]);
  });

  test('creates a run without id, trace and dotted order', async () => {
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway');
    await client.createRun({ name: 'bare', run_type: 'chain', inputs: { a: 1 } });
    const [run] = await collector.waitForRuns((all) => all.length === 1);
    expect(run).toMatchObject({ name: 'bare', inputs: { a: 1 } });
    expect(checkTrace(collector.runs(), run?.traceId ?? '').ok).toBe(true);
  });

  test('sends attachments along', async () => {
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway');
    const image: [string, Uint8Array] = ['image/png', Uint8Array.from([137, 80, 13, 10, 45, 45, 0, 255])];
    const blob: [string, Uint8Array] = ['application/octet-stream', Uint8Array.from([0, 13, 10])];
    const run = new RunTree({
      name: 'draw',
      client,
      tracingEnabled: true,
      attachments: { image, blob },
    });
    await run.postRun();
    await run.end({ done: true });
    await run.patchRun();
    await client.awaitPendingTraceBatches();
    const [drawn] = await collector.waitForRuns((all) => all[0]?.endTime !== undefined);
    expect(drawn).toMatchObject({ name: 'draw', outputs: { done: true } });
  });

  test('continues a trace in another service', async () => {
    const collector = await collectorForTest();
    const gateway = clientOf(collector, 'gateway');
    const billing = clientOf(collector, 'billing');
    const caller = new RunTree({
      name: 'order',
      client: gateway,
      tracingEnabled: true,
      project_name: 'shop',
    });
    await caller.postRun();
    const remote = RunTree.fromHeaders(caller.toHeaders(), { name: 'order', client: billing });
    const callee = remote?.createChild({ name: 'bill' });
    await callee?.postRun();
    for (const run of [callee, caller]) {
      await run?.end();
      await run?.patchRun();
    }
    await Promise.all([gateway.awaitPendingTraceBatches(), billing.awaitPendingTraceBatches()]);

    const runs = await collector.waitForRuns((all) => all.length === 2 && all.every((run) => run.endTime));
    expect(checkTrace(runs, caller.trace_id)).toEqual({ ok: true, problems: [] });
    const services = new Map(runs.map((run) => [run.name, run.service]));
    expect(Object.fromEntries(services)).toEqual({ order: 'gateway', bill: 'billing' });
    expect(formatTrace(runs, caller.trace_id)).toMatch(/^└─ bill +chain +\[billing\] +\d+ ms$/m);
  });

  test('is refused a run earlier than its parent, and prints why', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const collector = await collectorForTest();
    const client = clientOf(collector, 'gateway');
    const parent = new RunTree({ name: 'parent', client, tracingEnabled: true });
    const child = parent.createChild({ name: 'early' });
    // As it is when another machine, whose clock is behind, makes the child.
    const [root = '', own = ''] = child.dotted_order.split('.');
    child.dotted_order = `${root}.2020${own.slice(4)}`;
    await child.postRun();
    await client.awaitPendingTraceBatches();

    await vi.waitFor(() => expect(collector.refused()).toHaveLength(1));
    expect(collector.refused()[0]).toMatchObject({ runId: child.id, name: 'early', service: 'gateway' });
    expect(collector.refused()[0]?.reason).toContain('earlier than parent timestamp');
    expect(collector.runs()).toEqual([]);
    await vi.waitFor(() => expect(warn.mock.calls.join('\n')).toContain('name:early'));
  });
});
