import { describe, expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

interface Note {
  readonly n: string;
  /** The trace that was current where the request was made; empty for none. */
  readonly wanted: string;
  readonly path: string;
  readonly event: string;
  /** The trace of the context in which its listener ran; empty for none. */
  readonly trace: string;
}

const CALLER = dottedOrder();
const callerOf = (n: number) => (n % 4 === 3 ? '' : `${CALLER.slice(0, -4)}${1000 + n}`);

// 16 callers over two sockets; every fourth has no trace, every third is in a run.
describe('requests that share sockets', () => {
  it.each([
    ['http', 'pool'],
    ['https', 'pool'],
    ['http', 'own queue'],
    ['https', 'asynchronous connection'],
  ])(
    'over %s, in an agent with %s: each listener runs with the trace of its own request',
    async (protocol, queue) => {
      const { code, stdout, stderr } = await run([fixture('apps/client-events.cjs'), protocol, queue], {
        nodeOptions: ['--no-warnings'],
        env: { CALLER, LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: 'test' },
      });
      expect(code, stderr).toBe(0);
      const notes: Note[] = JSON.parse(stdout);
      expect(notes.filter(({ wanted, trace }) => wanted !== trace)).toEqual([]);
      for (const { n, wanted } of notes) {
        const caller = n === 'early' ? '' : callerOf(Number(n));
        if (Number(n) % 3 !== 0) expect(wanted).toBe(caller);
        else expect(wanted).toMatch(caller === '' ? /^[^.]+$/ : new RegExp(`^${caller}\\.[^.]+$`));
      }
      const counted = new Map<string, number>();
      for (const { path, event, n } of notes) {
        if (n !== 'early') counted.set(`${path} ${event}`, (counted.get(`${path} ${event}`) ?? 0) + 1);
      }
      for (const event of EVENTS) expect(counted.get(event), event).toBeGreaterThanOrEqual(16);
      expect(notes.filter(({ n }) => n === 'early').map(({ event }) => event)).toContain('response end');
    },
  );
});

/** Each comes once for each of the callers, or more often. */
const EVENTS = [
  ...[
    'socket',
    'finish',
    'end callback',
    'response',
    'response data',
    'response end',
    'response close',
    'close',
  ].flatMap((event) => ['plain', 'large', 'expecting', 'paused'].map((path) => `${path} ${event}`)),
  'large write callback',
  'expecting continue',
  'cut response aborted',
  'cut response error',
  'cut close',
  'refused error',
  'refused close',
  'silent timeout',
  'silent error',
  'aborted abort',
  'aborted close',
  'upgraded upgrade',
  'upgraded upgraded data',
  'upgraded upgraded close',
  'tunnel connect',
  'plain call out',
  'refused call out',
  'paused response pause',
  'paused response resume',
];
