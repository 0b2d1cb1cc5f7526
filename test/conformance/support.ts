import { expect } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { type App, type AppOptions, fixture, startApp } from '../support/app.ts';
import { pairs, valuesOf } from '../support/raw-headers.ts';
import { baggage, dottedOrder, linked } from '../support/trace.ts';
import type { Arrived, Upstream } from '../support/upstream.ts';

export interface Note {
  readonly event: string;
  readonly own: string | null;
  readonly trace: string | null;
}

/** What a case came to. */
export interface Answer {
  readonly value?: unknown;
  readonly thrown?: { readonly name: string; readonly code?: string; readonly message: string };
  /** The dotted order of the run it was in. */
  readonly run: string | null;
  readonly notes: readonly Note[];
}

export interface Context {
  readonly trace?: string;
  readonly baggage?: string;
  /** In a run of the application's own. */
  readonly run?: boolean;
}

/** An application asked for its cases, under the agent and without it. */
export interface Subject {
  readonly withAgent: App;
  readonly without: App;
  /** @param logged lines of the agent's that are as they should be */
  stop(logged?: RegExp): Promise<void>;
}

/**
 * Starts the cases of a file under fixtures/conformance, twice.
 *
 * @param plain what is different without the agent
 */
export async function startSubject(
  file: string,
  options: AppOptions = {},
  plain: AppOptions = { preload: 'none' },
): Promise<Subject> {
  const collector: Collector = await startCollector();
  const start = (extra: AppOptions) =>
    startApp(fixture('conformance/host.mjs'), {
      ...options,
      ...extra,
      args: [fixture(`conformance/${file}`)],
      env: { LANGSMITH_ENDPOINT: collector.url, LANGSMITH_API_KEY: 'test', ...options.env },
    });
  const [withAgent, without] = await Promise.all([start({}), start(plain)]);
  return {
    withAgent,
    without,
    async stop(logged) {
      await Promise.all([withAgent.stop(), without.stop()]);
      await collector.close();
      // Nothing is printed that would not be without the agent: no warning, no line of ours.
      const lines = withAgent
        .stderr()
        .split('\n')
        .filter((line) => !logged?.test(line));
      expect(withoutProcessIds(lines.join('\n'))).toBe(withoutProcessIds(without.stderr()));
    },
  };
}

function withoutProcessIds(stderr: string): string {
  return stderr.replace(/\(node:\d+\)/g, '(node)');
}

/** Has an application do a case in a context. */
export async function ask(app: App, name: string, args: object = {}, context: Context = {}): Promise<Answer> {
  const query = new URLSearchParams({ case: name, args: JSON.stringify(args) });
  if (context.run) query.set('run', '1');
  const headers: Record<string, string> = {};
  if (context.trace) headers['langsmith-trace'] = context.trace;
  if (context.baggage) headers['baggage'] = context.baggage;
  const response = await fetch(`${app.url}/?${query}`, { headers });
  return (await response.json()) as Answer;
}

/** The `baggage` of the run in which a case is done with `run: true`. */
export function baggageOfRun(name: string): string {
  return baggage({ metadata: { case: name }, tags: ['asked'], project: 'cases' });
}

export interface Expected {
  /** What of our headers each request has: both by default; `bare` without metadata and tags. */
  ours?: 'both' | 'bare' | 'none';
  /** The application's own baggage, that stays behind ours. */
  ownBaggage?: string;
  /** Left out of the comparison, where each process has its own. */
  ignore?: readonly string[];
}

export interface Compared {
  /** What the application got, the same with the agent and without. */
  readonly value: unknown;
  readonly thrown: Answer['thrown'];
  /** What arrived without the agent. */
  readonly plain: readonly Arrived[];
  /** What arrived with it: under the caller's run, and in a run of the application's own. */
  readonly relayed: readonly Arrived[];
  readonly traced: readonly Arrived[];
}

/**
 * Has a case done without the agent and with it: with no run, under a caller's run, in a run of its own. What the
 * application saw must be the same, what arrived must be the same but for our headers, and those must be there
 * once, with the values of the right run. Fails where nothing arrived, unless nothing does without the agent.
 */
export async function expectSame(
  subject: Subject,
  upstream: Upstream | undefined,
  name: string,
  args: object = {},
  { ours = 'both', ownBaggage, ignore = [] }: Expected = {},
): Promise<Compared> {
  const context = {
    trace: dottedOrder(2),
    baggage: baggage({ metadata: { u: 'ü' }, tags: ['t'], project: 'p' }),
  };
  const done = async (app: App, where: Context) => {
    upstream?.arrived.splice(0);
    const answer = await ask(app, name, args, where);
    const arrived = upstream?.arrived.splice(0) ?? [];
    return { answer, arrived: arrived.sort((a, b) => a.url.localeCompare(b.url)) };
  };
  const plain = await done(subject.without, context);
  const untraced = await done(subject.withAgent, {});
  const relayed = await done(subject.withAgent, context);
  const traced = await done(subject.withAgent, { run: true });

  for (const { answer, arrived } of [untraced, relayed, traced]) {
    expect(answer.thrown).toEqual(plain.answer.thrown);
    expect(answer.value).toEqual(plain.answer.value);
    expect(answer.notes.map(withoutTrace)).toEqual(plain.answer.notes.map(withoutTrace));
    expect(arrived.map((one) => withoutOurs(one, ignore))).toEqual(
      plain.arrived.map((one) => withoutOurs(one, ignore)),
    );
  }
  expectOurs(plain.arrived, undefined, ownBaggage);
  expectOurs(untraced.arrived, undefined, ownBaggage);
  const both = (trace: string | null, members: string): Ours | undefined =>
    ours === 'none'
      ? undefined
      : { trace: `${trace}`, baggage: ours === 'bare' ? projectOf(members) : linked(trace, members) };
  expectOurs(relayed.arrived, both(context.trace, context.baggage), ownBaggage);
  expectOurs(traced.arrived, both(traced.answer.run, baggageOfRun(name)), ownBaggage);
  for (const note of relayed.answer.notes) expect(note, note.event).toHaveProperty('trace', context.trace);
  for (const note of traced.answer.notes) expect(note, note.event).toHaveProperty('trace', traced.answer.run);
  const { value, thrown } = plain.answer;
  return { value, thrown, plain: plain.arrived, relayed: relayed.arrived, traced: traced.arrived };
}

function projectOf(members: string): string {
  return members
    .split(',')
    .filter((member) => member.startsWith('langsmith-project='))
    .join(',');
}

interface Ours {
  readonly trace: string;
  readonly baggage: string;
}

function expectOurs(
  arrived: readonly Arrived[],
  ours: Ours | undefined,
  ownBaggage: string | undefined,
): void {
  const members = [ours?.baggage, ownBaggage].filter((part) => part !== undefined).join(',');
  for (const { url, rawHeaders } of arrived) {
    expect(valuesOf(rawHeaders, 'langsmith-trace'), url).toEqual(ours === undefined ? [] : [ours.trace]);
    expect(valuesOf(rawHeaders, 'baggage'), url).toEqual(members === '' ? [] : [members]);
  }
}

function withoutTrace({ event, own }: Note): object {
  return { event, own };
}

/** What arrived, in the order and the letter case in which it was written, without our two headers. */
function withoutOurs({ method, url, rawHeaders, body }: Arrived, ignore: readonly string[]): object {
  const left = ['langsmith-trace', 'baggage', ...ignore];
  return {
    method,
    url,
    body,
    headers: pairs(rawHeaders).filter(([name]) => !left.includes(name.toLowerCase())),
  };
}

export { pairs, valuesOf };
