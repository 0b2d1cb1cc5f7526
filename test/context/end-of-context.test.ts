import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

interface Call {
  readonly kind: string;
  readonly n: string;
  readonly phase: 'open' | 'closed' | 'over';
  readonly form: 'relayed' | 'run';
  /** What the LangChain variable holds. */
  readonly variable: string;
  readonly trace: string | null;
}

const CALLER = dottedOrder();
const COUNT = 16;
/** The trace with which each request came; every fourth has none. */
const TRACES = Array.from({ length: COUNT }, (_, n) =>
  n % 4 === 3 ? null : `${CALLER.slice(0, -4)}${1000 + n}`,
);

// 16 requests of each kind, with a clock that the application sets forward.
describe('work that a request leaves behind', () => {
  let calls: Call[];
  beforeAll(async () => {
    const { code, stdout, stderr } = await run([fixture('apps/end-of-context.cjs')], {
      nodeOptions: ['--require', fixture('preload/move-clock.cjs')],
      env: { CALLER, LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: 'test' },
    });
    expect(code, stderr).toBe(0);
    calls = JSON.parse(stdout);
  });

  function callsOf(kind: string, phase: Call['phase'], form: Call['form']): (string | null)[] {
    const found = calls.filter((call) => call.kind === kind && call.phase === phase && call.form === form);
    expect(found).toHaveLength(COUNT);
    const traces: (string | null)[] = Array(COUNT).fill(null);
    for (const { n, trace } of found) traces[Number(n)] = trace;
    return traces;
  }

  it('a LangChain variable outlives the context of its request', () => {
    const kept = calls.filter(({ kind }) => kind === 'variable');
    expect(kept).toHaveLength(COUNT * 6);
    for (const { n, variable } of kept) expect(variable).toBe(n);
    for (const { kind, variable } of calls) if (kind !== 'variable') expect(variable).toBe('');
  });

  const isRoot = (trace: string | null) => trace !== null && !trace.includes('.');
  const parentsOf = (traces: (string | null)[]) =>
    traces.map((trace) => (trace === null || isRoot(trace) ? null : trace.slice(0, trace.lastIndexOf('.'))));

  it.each([
    ['an HTTP/1 request', 'http'],
    ['a request that its client aborts', 'aborted'],
    ['an upgraded request', 'upgraded'],
    ['a pipelined request', 'pipelined'],
    ['a pipelined request whose connection is lost', 'dropped'],
    ['an HTTP/2 stream', 'stream'],
    ['an HTTP/2 request of the compatibility API', 'compat'],
    ['a promise of continueTrace', 'promise'],
    ['a request in which a LangChain variable is set', 'variable'],
  ])('%s: belongs to the caller until 15 minutes after its end, and to nobody from then on', (_, kind) => {
    for (const phase of ['open', 'closed'] as const) {
      expect(callsOf(kind, phase, 'relayed'), phase).toEqual(TRACES);
      expect(parentsOf(callsOf(kind, phase, 'run')), phase).toEqual(TRACES);
    }
    expect(callsOf(kind, 'over', 'relayed')).toEqual(Array(COUNT).fill(null));
    expect(callsOf(kind, 'over', 'run').every(isRoot)).toBe(true);
  });
});
