/** Services in a chain that sample at rates of their own: first, one without LangSmith, middle, last. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CollectedRun, type Collector, startCollector } from '../../src/collector/index.ts';
import { RemoteRun } from '../../src/context/remote-run.ts';
import { sampleAsCaller, undoSampling } from '../../src/context/sampling.ts';
import { type App, fixture, root, startApp } from '../support/app.ts';
import { isCampaign } from '../support/campaign.ts';
import { installSDK } from '../support/libraries.ts';
import { dottedOrder, runIdOf, traceIdOf } from '../support/trace.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const REQUESTS = 24;
/** Where a trace was left out, this is all that a called service is told. */
const LEFT_OUT = 'langsmith-sampled=false';

const older = isCampaign ? { v03: installSDK('0.3.87'), v01: installSDK('0.1.64') } : undefined;

/** The SDKs of the first, the middle and the last service. */
describe.each([
  ...(older === undefined
    ? []
    : [
        { name: '0.3.87', sdks: [older.v03, older.v03, older.v03] },
        { name: '0.3.87, the newest and 0.1.64', sdks: [older.v03, root, older.v01] },
      ]),
  { name: 'the newest', sdks: [root, root, root] },
])('the SDK, $name', ({ sdks }) => {
  describe.runIf(!sdks.includes(undefined))('a trace that its first service', () => {
    const apps: App[] = [];
    let collector: Collector;
    let upstream: Upstream;
    let first: string;
    let middle: string;
    /** Those that were sent to the middle one by a test. */
    const sent = new Set<string>();
    const made = () => {
      const trace = dottedOrder();
      sent.add(traceIdOf(trace));
      return trace;
    };

    async function start(name: string, next: string, rate?: string, from?: string): Promise<string> {
      const app = await startApp(fixture('apps/sampled.mjs'), {
        preload: 'require',
        env: {
          NAME: name,
          NEXT: next,
          LANGSMITH_TRACING: 'true',
          LANGSMITH_ENDPOINT: collector.url,
          LANGSMITH_API_KEY: 'test',
          ...(rate !== undefined && { SDK_FROM: from, LANGSMITH_TRACING_SAMPLING_RATE: rate }),
        },
      });
      apps.push(app);
      return app.url;
    }

    beforeAll(async () => {
      [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
      const last = await start('last', upstream.url, '1', sdks[2]);
      middle = await start('middle', last, '0.2', sdks[1]);
      const relay = await start('relay', middle);
      first = await start('first', relay, '0.5', sdks[0]);
    });
    afterAll(async () => {
      await Promise.all([...apps.map((app) => app.stop()), collector?.close(), upstream?.close()]);
    });

    it('has sampled is complete, and one that it has not sampled is published by no service', async () => {
      const calls = Array.from({ length: REQUESTS }, async () => (await fetch(first)).text());
      await Promise.all(calls);
      const told = upstream.arrived.map(({ headers }) => ({
        trace: headers['langsmith-trace'] as string | undefined,
        baggage: headers['baggage'] as string | undefined,
      }));
      const sampled = told.filter(({ trace }) => trace !== undefined);
      expect(told).toHaveLength(REQUESTS);
      expect(sampled.length).toBeGreaterThan(0);
      expect(sampled.length).toBeLessThan(REQUESTS);
      const others = told.filter(({ trace }) => trace === undefined).map(({ baggage }) => baggage);
      expect(new Set(others)).toEqual(new Set([LEFT_OUT]));

      const names = ['first', 'first-inner', 'middle', 'middle-inner', 'last', 'last-inner'];
      const isDone = (runs: CollectedRun[]) =>
        runs.filter(({ endTime }) => endTime !== undefined).length === sampled.length * names.length;
      const runs = await collector.waitForRuns(isDone);
      for (const { trace = '' } of sampled) {
        const ids = trace.split('.').map(runIdOf);
        expect(ids.map((id) => runs.find((run) => run.id === id)?.name)).toEqual(names);
      }
      expect(runs).toHaveLength(sampled.length * names.length);
    });

    it('has sampled according to its header is published at a lower rate too, also by LangChain', async () => {
      // LangChain is loaded by its first call, and has a copy of the SDK of its own, which is found then.
      await (await fetch(`${middle}/langchain`, { headers: { 'langsmith-trace': made() } })).text();
      collector.clear();
      for (const path of ['/', '/langchain']) {
        const traces = Array.from({ length: 6 }, made);
        await Promise.all(
          traces.map(async (trace) => {
            await (await fetch(middle + path, { headers: { 'langsmith-trace': trace } })).text();
          }),
        );
        const ofThese = (runs: CollectedRun[]) =>
          runs.filter(
            ({ name, parentRunId, endTime }) =>
              name === 'middle' &&
              endTime !== undefined &&
              traces.some((one) => runIdOf(one) === parentRunId),
          );
        await collector.waitForRuns((runs) => ofThese(runs).length === traces.length);
      }
    });

    it('has left out is published by no run of LangChain', async () => {
      collector.clear();
      upstream.arrived.length = 0;
      for (let i = 0; i < 3; i++) {
        await (await fetch(`${middle}/langchain`, { headers: { baggage: `vendor=1,${LEFT_OUT}` } })).text();
      }
      expect(upstream.arrived.map(({ headers }) => headers['langsmith-trace'])).toEqual(
        Array(3).fill(undefined),
      );
      // A tracer that serves all requests sends again what follows.
      await (await fetch(`${middle}/shared-tracer`, { headers: { baggage: LEFT_OUT } })).text();
      const shared = made();
      await (await fetch(`${middle}/shared-tracer`, { headers: { 'langsmith-trace': shared } })).text();
      await collector.waitForRuns((runs) =>
        runs.some(({ name, traceId }) => name === 'middle' && traceId === traceIdOf(shared)),
      );
      const trace = made();
      await (await fetch(middle, { headers: { 'langsmith-trace': trace } })).text();
      await collector.waitForRuns((runs) =>
        runs.some(({ traceId, endTime }) => traceId === traceIdOf(trace) && endTime !== undefined),
      );
      expect(collector.runs().filter(({ traceId }) => !sent.has(traceId))).toEqual([]);
    });
  });
});

describe('a trace that sends several requests', () => {
  class FakeClient {
    readonly tracingSampleRate = 0.5;
    _shouldSample(_traceId: unknown): boolean {
      return false;
    }
  }
  const client = new FakeClient();
  const trace = dottedOrder();

  const held = new Set<RemoteRun>();

  /** Not in an async function: its frame would keep the request in memory. */
  function takeRequest(isHeld: boolean): WeakRef<RemoteRun> {
    const remote = new RemoteRun(trace, undefined);
    sampleAsCaller({ client }, remote);
    if (isHeld) held.add(remote);
    return new WeakRef(remote);
  }

  async function collect(): Promise<void> {
    // In a turn of its own: `deref` keeps what it gives until the end of the turn.
    await new Promise((resolve) => setTimeout(resolve));
    runInNewContext('gc()');
    await new Promise((resolve) => setTimeout(resolve));
  }

  it('stays sampled while one of them is in memory, and is then forgotten', async () => {
    setFlagsFromString('--expose-gc');
    const first = takeRequest(false);
    takeRequest(true);
    while (first.deref() !== undefined) await collect();
    for (let i = 0; i < 3; i++) await collect();
    expect(client._shouldSample(traceIdOf(trace))).toBe(true);
    held.clear();
    while (client._shouldSample(traceIdOf(trace))) await collect();
    undoSampling();
  });
});

describe('a caller that is not believed', () => {
  it('cannot mark a trace as not sampled', async () => {
    const [collector, upstream] = await Promise.all([startCollector(), startUpstream()]);
    const app = await startApp(fixture('apps/sampled.mjs'), {
      env: {
        NAME: 'edge',
        NEXT: upstream.url,
        SDK_FROM: root,
        LANGSMITH_TRACING: 'true',
        LANGSMITH_ENDPOINT: collector.url,
        LANGSMITH_API_KEY: 'test',
        TRACE_AGENT_TRUST: 'none',
      },
    });
    try {
      await (await fetch(app.url, { headers: { baggage: LEFT_OUT } })).text();
      expect(upstream.arrived[0]?.headers).toHaveProperty('langsmith-trace');
      await collector.waitForRuns((runs) => runs.some(({ name }) => name === 'edge'));
    } finally {
      await Promise.all([app.stop(), collector.close(), upstream.close()]);
    }
  });
});
