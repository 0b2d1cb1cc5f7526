import { describe, expect, it } from 'vitest';
import type { App } from '../support/app.ts';
import { useQueue } from '../support/servers.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';

interface Seen {
  readonly trace: string | null;
  readonly baggage: string | null;
  /** A run that the processor of the job made. */
  readonly run: string;
  readonly metadata: string | null;
  readonly attempt: number;
  readonly result: unknown;
}

const members = baggage({ metadata: { team: 'search' }, tags: ['a'], project: 'callers' });
const caller = () => ({ 'langsmith-trace': dottedOrder(2), baggage: members });

function expectChild(seen: Pick<Seen, 'run'>, parent: string): void {
  expect(seen.run.slice(0, parent.length + 1)).toBe(`${parent}.`);
  expect(seen.run.split('.')).toHaveLength(parent.split('.').length + 1);
}

function expectNone(seen: Seen): void {
  expect(seen).toMatchObject({ trace: null, baggage: null });
  expect(seen.run.split('.')).toHaveLength(1);
}

for (const version of ['6', '5', '4'] as const) {
  describe(`bullmq ${version}`, () => {
    const { ask, app } = useQueue('redis', 'bullmq.mjs', [`bullmq@${version}`, 'ioredis@5']);

    it('a job continues the trace of the request that added it, with its metadata [J176]', async () => {
      const headers = caller();
      const seen = await ask<Seen>('add', headers);
      const trace = headers['langsmith-trace'];
      expect(seen).toMatchObject({ trace, baggage: linked(trace, members) });
      expect(JSON.parse(seen.metadata as string)).toEqual({
        'langsmith-trace': trace,
        baggage: linked(trace, members),
      });
      expectChild(seen, headers['langsmith-trace']);
    });

    it('a job that was added in a run is handled below that run [J176]', async () => {
      const seen = await ask<Seen & { sender: string }>('in-run', caller());
      expect(seen.trace).toBe(seen.sender);
      expectChild(seen, seen.sender);
    });

    it('jobs of different callers do not mix, and a job without a caller has no trace', async () => {
      const callers = Array.from({ length: 24 }, (_, i) => (i % 4 === 3 ? undefined : caller()));
      const all = await Promise.all(callers.map((headers) => ask<Seen>('add', headers)));
      for (const [i, seen] of all.entries()) {
        expect(seen.trace).toBe(callers[i]?.['langsmith-trace'] ?? null);
        if (callers[i] === undefined) expect(seen.metadata).toBeNull();
      }
    });

    it('jobs of addBulk and of a flow continue the trace, with and without options of their own [J177]', async () => {
      for (const path of ['bulk', 'flow']) {
        const headers = caller();
        const all = await ask<Seen[]>(path, headers);
        expect(all.map(({ trace }) => trace)).toEqual(all.map(() => headers['langsmith-trace']));
        for (const seen of await ask<Seen[]>(path)) expectNone(seen);
      }
    });

    it('delayed jobs and retries continue the trace [J178]', async () => {
      const headers = caller();
      const trace = headers['langsmith-trace'];
      expect((await ask<Seen>('delayed', headers)).trace).toBe(trace);
      const [first, second] = await ask<Seen[]>('retried', headers);
      expect([first?.trace, second?.trace]).toEqual([trace, trace]);
      expect([first?.attempt, second?.attempt]).toEqual([0, 1]);
    });

    it('jobs of a scheduler, and repeated jobs, start traces of their own, whoever began them [J179]', async () => {
      const paths = { 4: ['repeated'], 5: ['repeated', 'scheduled'], 6: ['scheduled'] }[version] as string[];
      for (const path of paths) {
        const all = await ask<Seen[]>(path, caller());
        expect(all).toHaveLength(2);
        for (const seen of all) expectNone(seen);
      }
    });

    it('the trace of the application’s own metadata, telemetry or omitContext is left alone [J180]', async () => {
      const own = await ask<Seen>('own metadata', caller());
      expect(own).toMatchObject({ metadata: '{"traceparent":"its own"}', trace: null });
      expectNone(await ask<Seen>('omitted', caller()));
      const seen = await ask<Seen>('own telemetry', caller());
      expect(seen).toMatchObject({ metadata: version === '4' ? null : 'its own', trace: null });
    });

    it('a worker that was started in a request is not part of that request [J181]', async () => {
      expectNone(await ask<Seen>('worker', caller()));
    });

    it('the events of a queue that are asked for in a request are not part of that request', async () => {
      expectNone(await ask<Seen>('queue events', caller()));
    });

    it('a job with the options of another job is handled below the run that passed them on', async () => {
      const seen = await ask<Seen & { sender: string }>('forwarded', caller());
      expect(seen.trace).toBe(seen.sender);
      expectChild(seen, seen.sender);
    });

    it.each(['process', 'thread'])(
      'a processor in a %s continues the trace of the job [J197]',
      async (path) => {
        const headers = caller();
        const seen = await ask<Seen>(path, headers);
        expect(seen.trace).toBe(headers['langsmith-trace']);
        expectChild(seen, headers['langsmith-trace']);
        expectNone(await ask<Seen>(path));
      },
    );

    it('frozen options are not written to, and results and events are as without the agent', async () => {
      expect((await ask<Seen>('options', caller())).result).toBe(3);
      expect(await ask('completed event', caller())).toEqual({ name: 'work', value: { any: 1 } });
    });

    it('prints nothing', () => expect(app().stderr()).toBe(''));
  });
}

describe('bullmq, switched off', () => {
  const { ask, start } = useQueue('redis', 'bullmq.mjs', ['bullmq@6', 'ioredis@5']);
  const others: Record<string, App> = {};

  async function other(name: string, env: NodeJS.ProcessEnv): Promise<App> {
    others[name] ??= await start(env);
    return others[name];
  }

  it.each(['none', '!bullmq'])('TRACE_AGENT_LIBRARIES=%s leaves jobs alone [J196]', async (list) => {
    const app = await other(list, { TRACE_AGENT_LIBRARIES: list });
    const seen = await ask<Seen>('add', caller(), app);
    expect(seen.metadata).toBeNull();
    expect(seen.trace).toBeNull();
  });

  it('errors are the same with and without the agent', async () => {
    const without = await start({}, 'none');
    const found = await ask<{ messages: string[] }>('errors', caller(), await other('errors', {}));
    expect(found.messages).toHaveLength(6);
    expect(found).toEqual(await ask('errors', caller(), without));
    expect(others['errors']?.stderr()).toBe('');
  });

  it('a queue is an internal destination of the settings [J198]', async () => {
    const withoutMetadata = await other('metadata', { TRACE_AGENT_SHARE_METADATA_WITH: 'none' });
    const headers = caller();
    const seen = await ask<Seen>('add', headers, withoutMetadata);
    expect(JSON.parse(seen.metadata as string)).toEqual({ ...headers, baggage: 'langsmith-project=callers' });
    const nothing = await other('nothing', { TRACE_AGENT_PROPAGATE_TO: 'example.com' });
    expect((await ask<Seen>('add', headers, nothing)).metadata).toBeNull();
  });

  it('after stop(), jobs are added and handled as without the agent [J182]', async () => {
    const app = await other('stopped', {});
    const seen = await ask<Seen>('stop', caller(), app);
    expect(seen).toMatchObject({ metadata: null, trace: null });
  });
});
