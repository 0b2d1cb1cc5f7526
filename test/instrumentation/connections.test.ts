import { beforeAll, describe, expect, it } from 'vitest';
import { fixture, type Preload, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

interface Note {
  readonly kind: string;
  readonly event: string;
  /** The caller that the code belongs to; empty for the listeners of a connection. */
  readonly caller: number | '';
  readonly wanted: string;
  /** What the application's own storage held. */
  readonly own: number | '';
  /** The name of the run that the SDK saw. */
  readonly run: string;
  readonly trace: string;
  /** The dotted order of a run that was made there. */
  readonly child: string;
}

const CALLER = dottedOrder();
const KINDS = [
  ...['tcp', 'host name', 'all addresses', 'own lookup', 'unix socket', 'opened again'],
  ...['tls', 'tls over a socket', 'http, kept alive', 'https, kept alive'],
  ...['http2', 'http2 over a socket of its own'],
];

async function notesOf(opener: 'request' | 'run', preload: Preload): Promise<Note[]> {
  const { code, stdout, stderr } = await run([fixture('apps/connections.cjs'), opener], {
    preload,
    nodeOptions: ['--no-warnings'],
    env: {
      CALLER,
      LANGSMITH_TRACING: 'true',
      LANGSMITH_API_KEY: 'test',
      LANGSMITH_ENDPOINT: 'http://127.0.0.1:9',
    },
  });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Note[];
}

const isListener = ({ caller, event }: Note) => caller === '' && event !== 'awaited by the opener';

// 16 callers over one connection, which the first of them opens; every fourth has no trace.
describe.each(['request', 'run'] as const)('a connection that is opened in a %s', (opener) => {
  let withAgent: Note[];
  let without: Note[];
  beforeAll(async () => {
    [withAgent, without] = await Promise.all([notesOf(opener, 'import'), notesOf(opener, 'none')]);
  });

  it('has no trace: requests of its listeners carry none', () => {
    expect(new Set(withAgent.filter(isListener).map(({ kind }) => kind))).toEqual(new Set(KINDS));
    expect(withAgent.filter((note) => isListener(note) && note.trace !== '')).toEqual([]);
  });

  it('adopts nothing: a run in a listener has the parent that it has without the agent', () => {
    const depthOf = ({ child }: Note) => child.split('.').length;
    for (const note of withAgent.filter(isListener)) {
      expect(depthOf(note), `${note.kind}: ${note.event}`).toBe(note.run === 'opener' ? 3 : 1);
    }
  });

  it('leaves awaited code and HTTP/2 streams in the context of their caller', () => {
    const theirs = withAgent.filter(({ caller }) => caller !== '');
    for (const kind of KINDS) {
      const awaited = theirs.filter((note) => note.kind === kind && note.event === 'awaited');
      expect(awaited.length, kind).toBeGreaterThanOrEqual(15);
    }
    expect(theirs.filter(({ trace, wanted }) => trace !== wanted)).toEqual([]);
  });

  it('gives the SDK and the application’s storages the same values as without the agent', () => {
    // A caller's own code is shown the caller's run, and an HTTP/2 stream keeps the run in which it was made.
    const nameFor = (note: Note) => (isListener(note) ? note.run : '');
    const seen = (notes: Note[]) =>
      notes.map((note) => `${note.kind}: ${note.event} ${note.caller}: ${note.own} ${nameFor(note)}`).sort();
    expect(seen(withAgent)).toEqual(seen(without));
  });
});
