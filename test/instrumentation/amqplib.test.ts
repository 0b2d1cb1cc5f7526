import { describe, expect, it } from 'vitest';
import { useQueue } from '../support/servers.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';

interface Seen {
  readonly trace: string | null;
  readonly baggage: string | null;
  /** A run that the consumer made. */
  readonly run: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content: readonly number[];
  readonly returned?: unknown;
}

const members = baggage({ metadata: { team: 'search' }, tags: ['a'], project: 'callers' });
const caller = () => ({ 'langsmith-trace': dottedOrder(2), baggage: members });

function expectChild({ run }: Seen, parent: string): void {
  expect(run.slice(0, parent.length + 1)).toBe(`${parent}.`);
  expect(run.split('.')).toHaveLength(parent.split('.').length + 1);
}

const FORMS = ['send', 'publish', 'confirms', 'callbacks', 'callback confirms', 'get', 'redelivered'];

for (const version of ['2', '0.10', '0.8']) {
  describe(`amqplib ${version}`, () => {
    const { ask, app, start } = useQueue('rabbitmq', 'amqplib.mjs', [`amqplib@${version}`]);

    it.each(FORMS)(
      '%s: a message is consumed in the trace of its sender, with its metadata [J183]',
      async (form) => {
        const headers = caller();
        const seen = await ask<Seen>(form, headers);
        expect(seen).toMatchObject({
          trace: headers['langsmith-trace'],
          baggage: linked(headers['langsmith-trace'], members),
          content: [0, 1, 255],
        });
        expectChild(seen, headers['langsmith-trace']);
      },
    );

    it.each(FORMS)(
      '%s: a message without a trace has no headers of the agent, and is consumed in none',
      async (form) => {
        const seen = await ask<Seen>(form);
        expect(seen).toMatchObject({ trace: null, content: [0, 1, 255] });
        expect(Object.keys(seen.headers)).toEqual(
          form === 'publish' || (form.startsWith('c') && form !== 'callback confirms') ? ['mine', 'n'] : [],
        );
        expect(seen.run.split('.')).toHaveLength(1);
      },
    );

    it('a message that was sent in a run is consumed below that run, and messages do not mix [J184]', async () => {
      const callers = Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? undefined : caller()));
      const all = await Promise.all(
        callers.map((headers) => ask<Seen & { sender: string }>('in-run', headers)),
      );
      for (const seen of all) {
        expect(seen.trace).toBe(seen.sender);
        expectChild(seen, seen.sender);
      }
    });

    it('headers and options of the application stay, and frozen ones are not written to [J185]', async () => {
      const headers = caller();
      const trace = headers['langsmith-trace'];
      const ours = { 'langsmith-trace': trace, baggage: linked(trace, members) };
      expect((await ask<Seen>('publish', headers)).headers).toEqual({ mine: 'a', n: 1, ...ours });
      expect((await ask<Seen>('inherited options', headers)).headers).toEqual({ mine: 'a', ...ours });
      expect((await ask<Seen>('other baggage', headers)).headers).toEqual({
        ...ours,
        baggage: `${ours.baggage},a=b`,
      });
    });

    it('headers of a run that do not fit into a frame are left out, and the connection stays open', async () => {
      const long = baggage({ metadata: { long: 'm'.repeat(4000) }, project: 'callers' });
      const headers = { ...caller(), baggage: long };
      const trace = headers['langsmith-trace'];
      const seen = await ask<Seen[]>('frames', headers, await start({ TRACE_AGENT_LOG: 'error' }));
      expect(seen.map((one) => one.headers['langsmith-trace'])).toEqual([trace, undefined, trace, undefined]);
      for (const one of seen) expect(one.headers['baggage'] ?? '').not.toContain('mmm');
    });

    it('a trace that the application has set itself stays [J186]', async () => {
      const seen = await ask<Seen>('own headers', caller());
      expect(seen.headers).toEqual({ 'Langsmith-Trace': 'its own', baggage: 'a=b' });
      expect(seen.trace).toBeNull();
    });

    it('a message that is forwarded with its properties carries the run that forwards it', async () => {
      const headers = caller();
      const seen = await ask<Seen & { sender: string }>('forwarded', headers);
      expect(seen.sender.startsWith(`${headers['langsmith-trace']}.`)).toBe(true);
      expect(seen.headers['langsmith-trace']).toBe(seen.sender);
      expect(seen.trace).toBe(seen.sender);
    });

    it('the promise of get carries the headers, and its context is that of the code that awaits it', async () => {
      const headers = caller();
      const seen = await ask<Seen & { empty: unknown }>('promise get', headers);
      expect(seen.headers['langsmith-trace']).toBe(headers['langsmith-trace']);
      expect(seen.empty).toBe(false);
    });

    it('a consumer that was started in a request is not part of that request [J187]', async () => {
      const seen = await ask<Seen>('consumer', caller());
      expect(seen.trace).toBeNull();
      expect(seen.headers).toEqual({});
    });

    it('a consumer is told of its end, and a get of an empty queue, as without the agent', async () => {
      expect(await ask('cancelled', caller())).toEqual({ told: null });
      expect(await ask('get', caller())).toMatchObject({ empty: false });
    });

    it('prints nothing', () => expect(app().stderr()).toBe(''));
  });
}

for (const [version, form] of [
  ['5', 'cjs'],
  ['5', 'esm'],
  ['4', 'cjs'],
] as const) {
  describe(`amqp-connection-manager ${version}, ${form}`, () => {
    const specs = [`amqp-connection-manager@${version}`, 'amqplib@0.10'];
    const { ask, app } = useQueue('rabbitmq', 'amqp-connection-manager.mjs', specs, { FORM: form });

    it('messages that wait for a connection carry the trace of their own sender, or none [J199]', async () => {
      const found = await ask<[string | null, string | null][]>('waiting', caller());
      expect(found).toHaveLength(8);
      for (const [sender, trace] of found) expect(trace).toBe(sender);
    });

    it('messages of many senders at once do not mix', async () => {
      for (const path of ['send', 'publish']) {
        const callers = Array.from({ length: 24 }, (_, i) => (i % 4 === 3 ? undefined : caller()));
        const all = await Promise.all(callers.map((headers) => ask<Seen>(path, headers)));
        for (const [i, seen] of all.entries()) {
          const trace = callers[i]?.['langsmith-trace'];
          expect(seen.trace).toBe(trace ?? null);
          expect(seen.headers['langsmith-trace']).toBe(trace);
          expect(seen.headers['mine']).toBe(path === 'publish' ? 'a' : undefined);
        }
      }
      for (const seen of await Promise.all(
        [1, 2, 3].map(() => ask<Seen & { sender: string }>('in-run', caller())),
      )) {
        expectChild(seen, seen.sender);
      }
      expect(app().stderr()).toBe('');
    });
  });
}

describe('amqplib, with and without the agent', () => {
  const { ask, start } = useQueue('rabbitmq', 'amqplib.mjs', ['amqplib@2']);

  it('errors and results are the same [J188]', async () => {
    const without = await start({}, 'none');
    for (const path of ['errors', 'consumer throws', 'cancelled']) {
      expect(await ask(path, caller())).toEqual(await ask(path, caller(), without));
    }
    const { headers, ...plain } = await ask<Seen>('publish');
    expect(headers).toEqual((await ask<Seen>('publish', {}, without)).headers);
    expect(plain.returned).toBe(true);
  });

  it.each(['none', '!amqplib'])('TRACE_AGENT_LIBRARIES=%s leaves messages alone [J196]', async (list) => {
    const app = await start({ TRACE_AGENT_LIBRARIES: list });
    expect(await ask('send', caller(), app)).toMatchObject({ headers: {}, trace: null });
  });

  it('after stop(), messages are sent and consumed as without the agent [J189]', async () => {
    const app = await start({});
    expect(await ask('stop', caller(), app)).toMatchObject({ headers: {}, trace: null });
  });
});
