import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, startBoth } from '../support/app.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

interface Shape {
  metadata: object;
  tags: string[];
  baggage?: number;
}
const { shapes } = (await import('../../fixtures/apps/large-run.mjs' as string)) as {
  shapes: Record<string, Shape>;
};

let upstream: Upstream;
let withAgent: App;
let without: App;
beforeAll(async () => {
  upstream = await startUpstream();
  [withAgent, without] = await startBoth(fixture('apps/large-run.mjs'));
});
afterAll(async () => {
  await Promise.all([withAgent?.stop(), without?.stop()]);
  await upstream?.close();
});

async function call(app: App, shape: string, client: string) {
  upstream.arrived.length = 0;
  const query = new URLSearchParams({ shape, client, to: upstream.url });
  const response = await fetch(`${app.url}/?${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { status: number; trace: string };
}

const ALL = ['langsmith-trace', 'langsmith-metadata', 'langsmith-tags', 'langsmith-project'];
const WITHOUT_METADATA = ALL.filter((name) => name !== 'langsmith-metadata');

describe.each(['fetch', 'http'])('a server that takes 16 KiB of headers, %s, a run with', (client) => {
  it.each<[string, string[]]>([
    ['metadata of 100 kB', WITHOUT_METADATA],
    ['10,000 tags', ALL.slice(3)],
    ['300 levels', []],
    ['100 levels', ALL.slice(2)],
    ['CJK and emoji', ALL],
    ['much of CJK and emoji', WITHOUT_METADATA],
    ['7 kB of others’ baggage', WITHOUT_METADATA],
    ['all at once', ALL.slice(3)],
  ])('%s', async (name, expected) => {
    const shape = shapes[name] as Shape;
    expect((await call(without, name, client)).status).toBe(200);
    const { status, trace } = await call(withAgent, name, client);
    expect(status).toBe(200);
    const { 'langsmith-trace': sent, baggage = '' } = upstream.arrived[0]?.headers ?? {};
    expect(sent).toBe(expected.length > 0 ? trace : undefined);
    const members = String(baggage)
      .split(',')
      .filter((member) => member !== '')
      .map((member) => [member.slice(0, member.indexOf('=')), member.slice(member.indexOf('=') + 1)]);
    const own = shape.baggage === undefined ? [] : [['vendor', 'v'.repeat(shape.baggage - 7)]];
    // Each is there whole, or not at all.
    const whole: Record<string, unknown> = {
      'langsmith-trace': trace,
      'langsmith-metadata': JSON.stringify(shape.metadata),
      'langsmith-tags': shape.tags.join(','),
      'langsmith-project': 'p',
    };
    expect(members.map(([key, value = '']) => [key, decodeURIComponent(value)])).toEqual([
      ...expected.map((key) => [key, whole[key]]),
      ...own,
    ]);
  });
});

it('the agent logs once for each kind of field that it leaves out, however many requests', async () => {
  for (let i = 0; i < 3; i++) await call(withAgent, 'metadata of 100 kB', 'fetch');
  const lines = withAgent.stderr().trim().split('\n');
  expect(lines.map((line) => line.replace(/^.*: /, ''))).toEqual([
    ...new Set(lines.map((l) => l.replace(/^.*: /, ''))),
  ]);
  expect(lines.filter((line) => line.endsWith('without metadata'))).toHaveLength(1);
  expect(lines.filter((line) => line.endsWith('without metadata and tags'))).toHaveLength(1);
  expect(lines.filter((line) => line.endsWith('without the trace in baggage'))).toHaveLength(1);
  expect(lines.filter((line) => line.endsWith('they are not sent'))).toHaveLength(1);
  expect(lines).toHaveLength(5);
});
