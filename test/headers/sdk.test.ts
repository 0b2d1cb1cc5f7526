/** Both headers against the real SDK: what either side writes, the other reads as it was meant. */
import { RunTree } from 'langsmith';
import { describe, expect, test } from 'vitest';
import { formatBaggage, parseBaggage } from '../../src/headers/baggage.ts';
import { parentDottedOrder } from '../../src/headers/dotted-order.ts';
import { mergeBaggage } from '../../src/headers/members.ts';
import { formatTraceMember } from '../../src/headers/trace-member.ts';
import { idsOf } from '../support/dotted-order.ts';
import { dottedOrder } from '../support/trace.ts';

interface Fields {
  metadata?: Record<string, unknown>;
  tags?: string[];
  project: string;
}

const CASES: [string, Fields][] = [
  ['nothing but a project', { project: 'default' }],
  ['CJK', { project: '项目 プロジェクト', metadata: { 用户: '田中さん' }, tags: ['生产', '테스트'] }],
  ['emoji', { project: '🚀', metadata: { '👩‍👩‍👧': '🎉🏳️‍🌈' }, tags: ['🎉 party'] }],
  ['quotes', { project: `"it's"`, metadata: { said: `"yes" 'no' \`maybe\` \\` }, tags: [`"q"`, `'q'`] }],
  [
    'what baggage reserves',
    {
      project: 'a,b;c=d e',
      metadata: { 'k,;=% ': ',;=% ', next: 'x,langsmith-project=evil' },
      tags: ['k=v;p'],
    },
  ],
  ['percent signs', { project: '100%', metadata: { p: '%zz %20 %' }, tags: ['50%', '%2C'] }],
  ['spaces around', { project: ' padded ', metadata: { ' k ': ' v ' }, tags: [' t '] }],
  [
    'URL characters',
    { project: 'a/b?c#d&e+f', metadata: { url: 'https://a@b/?c=d&e#f' }, tags: ['a+b', '~!*()'] },
  ],
  [
    'control characters',
    { project: 'p', metadata: { t: 'a\tb\r\nx: y\u0000\u007f\u2028' }, tags: ['a\r\nb'] },
  ],
  [
    'nested objects',
    { project: 'p', metadata: { a: { b: [1, '2', null, true, { c: {} }] }, n: -1.5e-7, zero: 0, no: false } },
  ],
  [
    'names of Object.prototype',
    { project: 'constructor', metadata: { constructor: 'x', toString: 1 }, tags: ['__proto__'] },
  ],
  ['a lone surrogate in metadata', { project: 'p', metadata: { half: '\ud83d' } }],
];

describe.each(CASES)('%s', (_, { metadata, tags, project }) => {
  const fields = { metadata, tags, project };
  const run = () =>
    new RunTree({
      name: 'run',
      project_name: project,
      ...(metadata === undefined ? {} : { metadata }),
      ...(tags === undefined ? {} : { tags }),
    });

  test('is read as the SDK wrote it', () => {
    const { baggage } = run().toHeaders();
    expect(parseBaggage(baggage)).toEqual({ ...fields, address: undefined });
  });

  test('is written byte for byte as the SDK writes it', () => {
    expect(formatBaggage(fields)).toBe(run().toHeaders().baggage);
  });

  test('is read back from what we write, by us and by the SDK', () => {
    const baggage = formatBaggage(fields);
    expect(parseBaggage(baggage)).toEqual({ ...fields, address: undefined });
    expectReadBySDK(baggage);
  });

  test('is read by the SDK with the members of other vendors behind it', () => {
    expectReadBySDK(
      mergeBaggage(formatBaggage(fields), 'sentry-release=1%2C2, userId=Am%C3%A9lie;p=1 , flag'),
    );
  });

  function expectReadBySDK(baggage: string) {
    expectRead(baggage);
    expectRead(`${formatTraceMember(dottedOrder(2))},${baggage}`);
  }

  function expectRead(baggage: string) {
    const trace = dottedOrder();
    const read = RunTree.fromHeaders({ 'langsmith-trace': trace, baggage });
    expect(read?.dotted_order).toBe(trace);
    expect(read?.project_name).toBe(project);
    expect(read?.tags ?? []).toEqual(tags ?? []);
    expect(read?.extra?.metadata).toEqual(metadata ?? {});
    expect(read?.replicas ?? []).toEqual([]);
  }
});

describe('the dotted order of a real run', () => {
  test.each([1, 2, 3, 10, 50])('%i deep is read, and is read by the SDK as we read it', (depth) => {
    let run = new RunTree({ name: 'root', project_name: 'p' });
    const root = run;
    let parent: RunTree | undefined;
    for (let level = 1; level < depth; level++) {
      parent = run;
      run = run.createChild({ name: `level ${level}` });
    }
    const trace = run.toHeaders()['langsmith-trace'];
    expect(idsOf(trace)).toEqual({ traceId: root.id, runId: run.id });
    expect(parentDottedOrder(trace)).toBe(parent?.dotted_order);
    const read = RunTree.fromHeaders({ 'langsmith-trace': trace });
    expect(idsOf(trace)).toEqual({ traceId: read?.trace_id, runId: read?.id });
  });

  test('a child carries the metadata of its ancestors, and all of it is read', () => {
    const child = new RunTree({
      name: 'root',
      project_name: 'p',
      metadata: { 上: 1 },
      tags: ['root'],
    }).createChild({
      name: 'child',
      metadata: { 下: '🎉' },
      tags: ['child'],
    });
    const { metadata, tags } = parseBaggage(child.toHeaders().baggage);
    expect(metadata).toMatchObject({ 上: 1, 下: '🎉' });
    expect(tags).toEqual(child.tags);
  });
});

describe('a tag with a comma is two tags', () => {
  test('for the agent as for the SDK, because the format has no escape for it', () => {
    const run = new RunTree({ name: 'run', project_name: 'p', tags: ['a,b', 'c'] });
    expect(parseBaggage(run.toHeaders().baggage).tags).toEqual(['a', 'b', 'c']);
    expect(formatBaggage({ tags: ['a,b', 'c'], project: 'p' })).toBe(run.toHeaders().baggage);
  });
});

describe('a header that the SDK throws on is safe for it once we have read and written it', () => {
  test.each([
    ['bad JSON', 'langsmith-metadata=%7Bnope,langsmith-project=p'],
    ['a bad percent sequence', 'langsmith-metadata=%7B%zz,langsmith-project=p'],
    ['a bad percent sequence in a foreign member', 'other=%zz,langsmith-project=p'],
    ['a raw = in JSON', 'langsmith-metadata={"a":"b=c"},langsmith-project=p'],
    ['a raw comma in JSON', 'langsmith-metadata={"a":1,"b":2},langsmith-project=p'],
    ['replicas that are no array', 'langsmith-replicas=%7B%7D,langsmith-project=p'],
  ])('%s', (_, baggage) => {
    const headers = { 'langsmith-trace': dottedOrder() };
    expect(() => RunTree.fromHeaders({ ...headers, baggage })).toThrow();
    const written = formatBaggage(parseBaggage(baggage));
    expect(RunTree.fromHeaders({ ...headers, baggage: written })?.project_name).toBe('p');
  });
});
