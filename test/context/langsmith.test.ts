import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CollectedRun, type Collector, checkTrace, startCollector } from '../../src/collector/index.ts';
import { type App, fixture, startApp } from '../support/app.ts';
import { isCampaign } from '../support/campaign.ts';
import { baggage, dottedOrder, linked, runIdOf, traceIdOf } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const OWN_TRACE = dottedOrder();
const bundles = mkdtempSync(join(tmpdir(), 'trace-agent-bundle-'));
afterAll(() => rmSync(bundles, { recursive: true, force: true }));

async function bundle(format: 'cjs' | 'esm'): Promise<string> {
  const outfile = join(bundles, format === 'cjs' ? 'app.cjs' : 'app.mjs');
  const js = "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);";
  await build({
    entryPoints: [fixture('apps/traced.mjs')],
    bundle: true,
    platform: 'node',
    target: 'node18',
    format,
    outfile,
    logLevel: 'error',
    ...(format === 'esm' ? { banner: { js } } : {}),
  });
  return outfile;
}

/** Bundles are left to the campaigns. */
const FORMS = [
  { name: 'ESM', preload: 'import', entry: async () => fixture('apps/traced.mjs') },
  { name: 'CommonJS', preload: 'require', entry: async () => fixture('apps/traced.cjs') },
  { name: 'an esbuild bundle as CommonJS', preload: 'require', entry: () => bundle('cjs') },
  { name: 'an esbuild bundle as ESM', preload: 'import', entry: () => bundle('esm') },
] as const;

describe.each(isCampaign ? FORMS : FORMS.filter(({ name }) => !name.includes('bundle')))(
  'the SDK, $name',
  ({ preload, entry }) => {
    let app: App;
    let collector: Collector;
    let other: Collector;
    let upstream: Upstream;

    beforeAll(async () => {
      [collector, other, upstream] = await Promise.all([startCollector(), startCollector(), startUpstream()]);
      app = await startApp(await entry(), {
        preload,
        env: {
          LANGSMITH_TRACING: 'true',
          LANGSMITH_ENDPOINT: collector.url,
          LANGSMITH_API_KEY: 'test',
          LANGSMITH_PROJECT: 'own-project',
          OTHER_ENDPOINT: other.url,
          UPSTREAM: upstream.url,
          OWN_TRACE,
        },
      });
    });
    afterAll(async () => {
      await app?.stop();
      await Promise.all([collector?.close(), other?.close(), upstream?.close()]);
    });
    beforeEach(() => {
      collector.clear();
      other.clear();
      upstream.arrived.length = 0;
    });

    async function get(path: string, headers: Record<string, string> = {}): Promise<unknown> {
      const response = await fetch(app.url + path, { headers });
      const body = await response.text();
      expect(response.status, body).toBe(200);
      return JSON.parse(body);
    }

    /** The runs of a trace with these names, once they have all ended. */
    async function runs(trace: string, ...names: string[]): Promise<CollectedRun[]> {
      const find = (all: CollectedRun[], name: string) =>
        all.find((run) => run.name === name && run.traceId === traceIdOf(trace) && run.endTime !== undefined);
      const all = await collector.waitForRuns((all) => names.every((name) => find(all, name) !== undefined));
      expect(collector.refused()).toEqual([]);
      return names.map((name) => find(all, name) as CollectedRun);
    }

    /** A run of a request that came without a trace; what was done before it has been sent by then. */
    async function untraced(name: string): Promise<CollectedRun> {
      await get(`/named/${name}`);
      const isIt = (run: CollectedRun) => run.name === name && run.endTime !== undefined;
      const all = await collector.waitForRuns((all) => all.some(isIt));
      return all.find(isIt) as CollectedRun;
    }

    it('a traceable in the handler is a child of the caller’s run', async () => {
      const trace = dottedOrder(2);
      const header = baggage({ metadata: { order: 7, shared: 'theirs' }, tags: ['vip'], project: 'callers' });
      await get('/work', { 'langsmith-trace': trace, baggage: header });
      const [work, inner] = (await runs(trace, 'work', 'inner')) as [CollectedRun, CollectedRun];
      expect(work).toMatchObject({
        traceId: traceIdOf(trace),
        parentRunId: runIdOf(trace),
        project: 'callers',
        inputs: { input: 'secret input' },
        outputs: { done: 'secret input' },
      });
      expect(work.dottedOrder).toMatch(new RegExp(`^${trace.replaceAll('.', '\\.')}\\.[^.]+${work.id}$`));
      expect(work.metadata).toMatchObject({ order: 7, own: 'work', shared: 'mine' });
      expect(work.tags).toEqual(['own']);
      expect(inner).toMatchObject({ traceId: traceIdOf(trace), parentRunId: work.id, project: 'callers' });
      expect(inner.dottedOrder).toBe(`${work.dottedOrder}.${inner.dottedOrder.split('.').at(-1)}`);
      expect(inner.metadata).toMatchObject({ order: 7 });
      expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([inner.dottedOrder]);
    });

    it('two at once are siblings, and the next request is its own trace', async () => {
      const trace = dottedOrder();
      await get('/two', { 'langsmith-trace': trace });
      const ofTrace = (all: CollectedRun[]) =>
        all.filter(({ traceId, endTime }) => traceId === traceIdOf(trace) && endTime !== undefined);
      const all = ofTrace(await collector.waitForRuns((all) => ofTrace(all).length === 4));
      const tops = all.filter(({ name }) => name === 'work');
      expect(tops.map(({ parentRunId }) => parentRunId)).toEqual([runIdOf(trace), runIdOf(trace)]);

      const alone = await untraced('alone');
      expect(alone).toMatchObject({ traceId: alone.id, project: 'own-project' });
      expect(alone.parentRunId).toBeUndefined();
      expect(checkTrace(collector.runs(), alone.id)).toEqual({ ok: true, problems: [] });
    });

    it('getCurrentRunTree(true) finds the caller’s run', async () => {
      expect(await get('/current')).toBeNull();
      const trace = dottedOrder(2);
      const header = baggage({ metadata: { order: 7 }, tags: ['vip'], project: 'callers' });
      expect(await get('/current', { 'langsmith-trace': trace, baggage: `x=1,${header}` })).toEqual({
        id: runIdOf(trace),
        trace_id: traceIdOf(trace),
        dotted_order: trace,
        project_name: 'callers',
        metadata: { order: 7 },
        tags: ['vip'],
        headers: { 'langsmith-trace': trace, baggage: header },
      });
    });

    it('a child made by hand of the current run is a child of the caller’s', async () => {
      const trace = dottedOrder();
      const order = await get('/child-by-hand', {
        'langsmith-trace': trace,
        baggage: baggage({ project: 'callers' }),
      });
      const [child] = await runs(trace, 'child-by-hand');
      expect(child).toMatchObject({ dottedOrder: order, parentRunId: runIdOf(trace), project: 'callers' });
    });

    it('changes to the current run do not affect the caller’s run', async () => {
      const trace = dottedOrder();
      const header = baggage({ metadata: { order: 7 }, tags: ['vip'] });
      const told = await get('/use-current', { 'langsmith-trace': trace, baggage: header });
      expect(told).toEqual([{ order: 7, added: 1 }, ['vip', 'added'], 'parent']);
      await untraced('after-use');
      expect(collector.runs().map(({ name }) => name)).toEqual(['after-use']);
      expect(collector.refused()).toEqual([]);
    });

    it('a tree that the application makes by hand joins the caller’s trace as a whole', async () => {
      const trace = dottedOrder();
      const headers = { 'langsmith-trace': trace };
      const id = traceIdOf(trace);
      expect(await get('/own-tree', headers)).toEqual([id, id, true]);
      expect(await get('/unposted-tree', headers)).toEqual([id, id]);
    });

    it('a root that was made before the request is not the caller’s child', async () => {
      expect(await get('/kept-root')).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(await get('/kept-root', { 'langsmith-trace': dottedOrder() })).toBe(true);
    });

    it('the listeners of a held response do not take the run of the request that answers it', async () => {
      const waiting = await fetch(`${app.url}/hold`);
      await get('/release', { 'langsmith-trace': dottedOrder() });
      await waiting.text();
      await untraced('after-release');
      // The call of the `finish` listener, and that of the last run.
      const sent = upstream.arrived.map(({ headers }) => headers['langsmith-trace'] !== undefined);
      expect(sent).toEqual([false, true]);
    });

    it('disabled tracing stays disabled, and the caller’s trace is relayed', async () => {
      const trace = dottedOrder();
      await get('/disabled', { 'langsmith-trace': trace });
      expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([trace]);
      await get('/disabled');
      expect(upstream.arrived[1]?.headers).not.toHaveProperty('langsmith-trace');
      await untraced('after-disabled');
      expect(collector.runs().map(({ name }) => name)).not.toContain('disabled');
    });

    it('a run that is sampled out is sent to no service, and the caller’s trace is relayed', async () => {
      const trace = dottedOrder();
      await get('/sampled-out', { 'langsmith-trace': trace });
      await get('/sampled-out');
      expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([trace, undefined]);
      await untraced('after-sampled-out');
      expect(collector.runs().map(({ name }) => name)).not.toContain('sampled-out');
    });

    it('a traceable’s own client keeps hiding inputs and outputs', async () => {
      const trace = dottedOrder();
      await get('/hidden', { 'langsmith-trace': trace });
      const [hidden] = await runs(trace, 'hidden');
      expect(hidden).toMatchObject({ traceId: traceIdOf(trace), parentRunId: runIdOf(trace) });
      expect(JSON.stringify(collector.runs())).not.toContain('secret');
    });

    it('a traceable’s own client keeps its address, which gets no headers', async () => {
      const trace = dottedOrder();
      await get('/own-client', { 'langsmith-trace': trace });
      const all = await other.waitForRuns((runs) => runs.some(({ endTime }) => endTime !== undefined));
      expect(all).toMatchObject([{ name: 'own-client', traceId: traceIdOf(trace) }]);
      for (const { headers } of [...other.requests(), ...collector.requests()]) {
        expect(headers).not.toHaveProperty('langsmith-trace');
        expect(headers).not.toHaveProperty('baggage');
      }
    });

    it('a caller’s clock that is ahead does not cause a refused run', async () => {
      const trace = dottedOrder(2, '20991231T235959123456Z');
      await get('/work', { 'langsmith-trace': trace });
      const [work, inner] = (await runs(trace, 'work', 'inner')) as [CollectedRun, CollectedRun];
      expect(work.dottedOrder).toContain(`.20991231T235959123456Z${work.id}`);
      expect(inner.dottedOrder).toContain(`.20991231T235959123456Z${inner.id}`);
      expect([work.startTime, work.endTime]).toEqual(Array(2).fill(Date.parse('2099-12-31T23:59:59.123Z')));
      expect(inner.endTime).toBe(inner.startTime);
    });

    it.each([
      ['/child-by-hand', ['child-by-hand']],
      ['/child-in-traceable', ['outer', 'child-by-hand']],
      ['/langchain', ['chain', 'step']],
      ['/langchain-in-traceable', ['outer', 'chain']],
      ['/langchain-callbacks', ['outer', 'chain']],
      ['/langchain-stream', ['chain']],
      ['/langchain-events', ['chain', 'step']],
      ['/traceable-in-langchain', ['chain', 'work', 'inner']],
    ])('nor one of %s', async (path, names) => {
      const trace = dottedOrder(2, '20991231T235959123456Z');
      await get(path, { 'langsmith-trace': trace });
      let parent = runIdOf(trace);
      for (const run of await runs(trace, ...names)) {
        expect(run).toMatchObject({ traceId: traceIdOf(trace), parentRunId: parent });
        expect(run.dottedOrder).toContain(`.20991231T235959123456Z${run.id}`);
        parent = run.id;
      }
    });

    it('an error stays the application’s', async () => {
      const trace = dottedOrder();
      expect(await get('/error', { 'langsmith-trace': trace })).toBe('failed on purpose');
      const [run] = await runs(trace, 'error');
      expect(run).toMatchObject({ parentRunId: runIdOf(trace) });
      expect(run?.error).toContain('failed on purpose');
    });

    it('a service that links by hand is not changed', async () => {
      const trace = dottedOrder();
      const header = baggage({ metadata: { order: 7 }, project: 'callers' });
      await get('/by-hand', { 'langsmith-trace': trace, baggage: header });
      const [work] = await runs(trace, 'work');
      expect(work).toMatchObject({
        traceId: traceIdOf(trace),
        parentRunId: runIdOf(trace),
        project: 'callers',
      });
      expect(work?.dottedOrder.startsWith(`${trace}.`)).toBe(true);
      expect(work?.dottedOrder.split('.')).toHaveLength(2);
    });

    it('headers that the application has set win, in any letter case', async () => {
      await get('/own-headers');
      const { headers } = upstream.arrived[0] as Upstream['arrived'][0];
      expect(headers).toMatchObject({ 'langsmith-trace': OWN_TRACE, baggage: 'own=1' });
    });

    it('the inbound headers forwarded as they came are replaced by the current run’s', async () => {
      const trace = dottedOrder();
      const current = await get('/forwarded', {
        'langsmith-trace': trace,
        baggage: `vendor=1,${baggage({ project: 'callers', metadata: { stale: 1 } })}`,
      });
      const { headers } = upstream.arrived[0] as Upstream['arrived'][0];
      expect(headers['langsmith-trace']).toBe(current);
      expect(headers['baggage']).toMatch(
        /^langsmith-trace=[^,]*,langsmith-metadata=[^,]*,langsmith-project=callers,vendor=1$/,
      );
    });

    it('replicas that the application forwards are taken away', async () => {
      const trace = dottedOrder();
      const replicas = `langsmith-replicas=${encodeURIComponent('[{"apiUrl":"http://127.0.0.1:1"}]')}`;
      await get('/forwarded-replicas', { 'langsmith-trace': trace, baggage: replicas });
      expect(upstream.arrived).toHaveLength(3);
      for (const { headers } of upstream.arrived) {
        expect(headers['langsmith-trace']).toBe(trace);
        expect(headers).not.toHaveProperty('baggage');
      }
    });

    it('other vendors’ baggage stays, after ours', async () => {
      await get('/others-baggage');
      const { 'langsmith-trace': trace, baggage: sent } = upstream.arrived[0]?.headers ?? {};
      expect(sent).toBe(
        `${linked(trace as string, baggage({ project: 'own-project' }))},vendor=1;p=2, other=3`,
      );
    });

    it('headers follow a run’s metadata and tags as they change', async () => {
      await get('/changed');
      const sent = upstream.arrived.map(({ headers }) =>
        decodeURIComponent(`${headers['baggage']}`.replace(/^langsmith-trace=[^,]*,/, '')),
      );
      expect(sent).toEqual([
        'langsmith-project=own-project',
        'langsmith-metadata={"added":{"deep":1}},langsmith-project=own-project',
        'langsmith-metadata={"added":{"deep":2}},langsmith-tags=late,langsmith-project=own-project',
      ]);
    });

    it('LangChain runs nest under the caller’s run', async () => {
      const trace = dottedOrder(2);
      await get('/langchain', { 'langsmith-trace': trace, baggage: baggage({ project: 'callers' }) });
      const [chain, step] = (await runs(trace, 'chain', 'step')) as [CollectedRun, CollectedRun];
      expect(chain).toMatchObject({
        traceId: traceIdOf(trace),
        parentRunId: runIdOf(trace),
        project: 'callers',
      });
      expect(step).toMatchObject({ traceId: traceIdOf(trace), parentRunId: chain.id, project: 'callers' });
      expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([step.dottedOrder]);
    });

    it.each([
      ['/langchain-variables', ['after-variable']],
      ['/langchain-in-traceable', ['outer', 'chain']],
      ['/langchain-callbacks', ['outer', 'chain']],
      ['/langchain-stream', ['chain']],
      ['/langchain-events', ['chain', 'step']],
      ['/traceable-in-langchain', ['chain', 'work', 'inner']],
    ])('%s', async (path, names) => {
      const trace = dottedOrder();
      await get(path, { 'langsmith-trace': trace });
      let parent = runIdOf(trace);
      for (const run of await runs(trace, ...names)) {
        expect(run).toMatchObject({ traceId: traceIdOf(trace), parentRunId: parent });
        parent = run.id;
      }
    });

    it('prints nothing', () => {
      expect(app.stderr()).toBe('');
    });
  },
);

describe('with tracing off', () => {
  let app: App;
  let collector: Collector;
  let upstream: Upstream;
  beforeAll(async () => {
    [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
    const env = { LANGSMITH_ENDPOINT: collector.url, LANGSMITH_API_KEY: 'test', UPSTREAM: upstream.url };
    app = await startApp(fixture('apps/traced.mjs'), { env });
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([collector?.close(), upstream?.close()]);
  });

  it('nothing is injected, and an inbound trace is relayed', async () => {
    const trace = dottedOrder();
    await (await fetch(`${app.url}/work`)).text();
    await (await fetch(`${app.url}/work`, { headers: { 'langsmith-trace': trace } })).text();
    expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([undefined, trace]);
    expect(collector.runs()).toEqual([]);
  });

  it('code that would make a child of the current run finds none, and a tracer starts a trace of its own', async () => {
    const headers = { 'langsmith-trace': dottedOrder() };
    const ask = async (path: string) => (await fetch(app.url + path, { headers })).text();
    expect(await ask('/current')).toBe('null');
    expect(await ask('/child-by-hand-if-any')).toBe('null');
    await ask('/langchain');
    expect(collector.runs()).toEqual([]);
    // A tracer that is named outright traces, as it does without the agent; and where it would without the agent.
    await ask('/langchain-tracer');
    const all = await collector.waitForRuns((runs) => runs.some(({ endTime }) => endTime !== undefined));
    expect(all).toMatchObject([{ traceId: all[0]?.id }]);
    collector.clear();
  });

  it('a traceable that enables tracing for itself is traced and linked', async () => {
    const trace = dottedOrder();
    await (await fetch(`${app.url}/enabled`, { headers: { 'langsmith-trace': trace } })).text();
    const all = await collector.waitForRuns((runs) => runs.some(({ endTime }) => endTime !== undefined));
    expect(all).toMatchObject([{ name: 'enabled', parentRunId: runIdOf(trace) }]);
    expect(upstream.arrived.at(-1)?.headers['langsmith-trace']).toBe(all[0]?.dottedOrder);
  });
});

describe('an untrusted caller', () => {
  let app: App;
  let collector: Collector;
  let upstream: Upstream;
  beforeAll(async () => {
    [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
    app = await startApp(fixture('apps/traced.mjs'), {
      env: {
        LANGSMITH_TRACING: 'true',
        LANGSMITH_ENDPOINT: collector.url,
        LANGSMITH_API_KEY: 'test',
        LANGSMITH_PROJECT: 'own-project',
        UPSTREAM: upstream.url,
        TRACE_AGENT_TRUST: 'none',
      },
    });
  });
  afterAll(async () => {
    await app?.stop();
    await Promise.all([collector?.close(), upstream?.close()]);
  });

  it('its headers, forwarded as they came, are replaced by the current run’s', async () => {
    const trace = dottedOrder();
    const headers = { 'langsmith-trace': trace, baggage: `vendor=1,${baggage({ project: 'theirs' })}` };
    const current = await (await fetch(`${app.url}/forwarded`, { headers })).json();
    expect(traceIdOf(current as string)).not.toBe(traceIdOf(trace));
    expect(upstream.arrived.map(({ headers }) => [headers['langsmith-trace'], headers['baggage']])).toEqual([
      [current, `${linked(current as string, baggage({ project: 'own-project' }))},vendor=1`],
    ]);
  });

  it.each(['garbage', `${dottedOrder()}, ${dottedOrder()}`])(
    'so is a header that is none: %s',
    async (value) => {
      upstream.arrived.length = 0;
      const headers = { 'langsmith-trace': value, baggage: '' };
      const current = await (await fetch(`${app.url}/forwarded`, { headers })).json();
      expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual([current]);
    },
  );

  it('its run is neither parent nor relayed', async () => {
    upstream.arrived.length = 0;
    const trace = dottedOrder();
    await (await fetch(`${app.url}/disabled`, { headers: { 'langsmith-trace': trace } })).text();
    await (await fetch(`${app.url}/work`, { headers: { 'langsmith-trace': trace } })).text();
    expect(upstream.arrived).toHaveLength(2);
    expect(upstream.arrived[0]?.headers).not.toHaveProperty('langsmith-trace');
    expect(upstream.arrived[1]?.headers['langsmith-trace']).not.toContain(traceIdOf(trace));
  });
});

describe('a service that loads the SDK while it runs', () => {
  let app: App;
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
    app = await startApp(fixture('apps/late-sdk.mjs'), {
      env: { LANGSMITH_TRACING: 'true', LANGSMITH_ENDPOINT: collector.url, LANGSMITH_API_KEY: 'test' },
    });
  });
  afterEach(async () => {
    await app?.stop();
    await collector?.close();
  });

  async function get(path: string, trace: string): Promise<unknown> {
    return (await fetch(app.url + path, { headers: { 'langsmith-trace': trace } })).json();
  }

  it('links a run that was created by hand before', async () => {
    const trace = dottedOrder();
    expect(traceIdOf((await get('/by-hand', trace)) as string)).toBe(traceIdOf(trace));
  });

  it('links, after a thousand requests without it, those of the first that uses it and of one that came before, and no older ones', async () => {
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 101 }, () => get('/relay', dottedOrder())));
    }
    const [held, first] = [dottedOrder(), dottedOrder()];
    const answer = get('/held', held);
    expect(traceIdOf((await get('/first', first)) as string)).toBe(traceIdOf(first));
    const { late, early } = (await answer) as { late: string; early: string };
    expect(traceIdOf(late)).toBe(traceIdOf(held));
    expect(early.split('.')).toHaveLength(1);
  });
});
