import { describe, expect, test } from 'vitest';
import type { BaggageFields } from '../../src/headers/baggage.ts';
import { formatBaggage, parseBaggage } from '../../src/headers/baggage.ts';
import { sizeOf } from '../../src/headers/trace-headers.ts';
import { contentOfSet } from '../support/header-set.ts';
import { dottedOrder } from '../support/trace.ts';

const TRACE = dottedOrder(3);
const FIELDS = {
  metadata: { 用户: '田中', text: ',;=% "' },
  tags: ['生产', 'b'],
  project: 'プロジェクト 🚀',
} satisfies BaggageFields;
const { metadata, tags, project } = FIELDS;
const NO_LIMIT = 1_000_000;

/** The bytes that these headers take in an HTTP/1.1 request. */
function bytes(trace: string, baggage: string): number {
  const lines = `langsmith-trace: ${trace}\r\n${baggage === '' ? '' : `baggage: ${baggage}\r\n`}`;
  return Buffer.byteLength(lines);
}

const FULL = formatBaggage(FIELDS);
const WITHOUT_METADATA = formatBaggage({ tags, project });
const BARE = formatBaggage({ project });

describe('within the limit', () => {
  test('full has everything, bare the trace and the project alone', () => {
    const [full, withoutMetadata, bare] = [FULL, WITHOUT_METADATA, BARE].map((baggage) => ({
      trace: TRACE,
      baggage,
    }));
    expect(contentOfSet(TRACE, FIELDS, NO_LIMIT)).toEqual({
      full,
      bare,
      fullForms: [full, withoutMetadata, bare],
      bareForms: [bare],
      dropped: 'nothing',
    });
  });

  test('no form occurs twice', () => {
    expect(contentOfSet(TRACE, { tags, project }, NO_LIMIT).fullForms).toHaveLength(2);
    expect(contentOfSet(TRACE, { metadata, project }, NO_LIMIT).fullForms).toHaveLength(2);
    expect(contentOfSet(TRACE, { project }, NO_LIMIT).fullForms).toHaveLength(1);
  });

  test('bare keeps the address of an addressed run', () => {
    const address = 'lrn:agents/a/environments/local';
    const { full, bare } = contentOfSet(TRACE, { metadata, tags, address }, NO_LIMIT);
    expect(parseBaggage(bare?.baggage)).toMatchObject({ address, metadata: undefined, tags: undefined });
    expect(parseBaggage(full?.baggage)).toEqual({ metadata, tags, project: undefined, address });
  });

  test('a run without fields has no baggage, and the missing line is not counted', () => {
    const { full, bare, dropped } = contentOfSet(dottedOrder(1), {}, 77);
    expect(full).toEqual({ trace: expect.any(String), baggage: '' });
    expect(bare).toEqual(full);
    expect(dropped).toBe('nothing');
  });
});

describe('each step, to the byte', () => {
  test.each([
    ['everything', FULL, 'nothing', WITHOUT_METADATA, 'metadata'],
    ['without metadata', WITHOUT_METADATA, 'metadata', BARE, 'metadata and tags'],
    ['without tags', BARE, 'metadata and tags', undefined, 'everything'],
  ])('%s goes where it just fits, and not with a byte less', (_, fits, dropped, next, droppedNext) => {
    const limit = bytes(TRACE, fits);
    const just = contentOfSet(TRACE, FIELDS, limit);
    expect(just.full).toEqual({ trace: TRACE, baggage: fits });
    expect(just.dropped).toBe(dropped);
    const less = contentOfSet(TRACE, FIELDS, limit - 1);
    expect(less.full).toEqual(next === undefined ? undefined : { trace: TRACE, baggage: next });
    expect(less.dropped).toBe(droppedNext);
  });

  test('the trace never goes without its project', () => {
    for (let limit = bytes(TRACE, BARE) - 1; limit >= 0; limit -= 7) {
      expect(contentOfSet(TRACE, FIELDS, limit)).toEqual({
        full: undefined,
        bare: undefined,
        fullForms: [],
        bareForms: [],
        dropped: 'everything',
      });
    }
  });

  test('a trace alone needs 77 bytes', () => {
    const trace = dottedOrder(1);
    expect(contentOfSet(trace, {}, 77).full).toEqual({ trace, baggage: '' });
    expect(contentOfSet(trace, {}, 76).full).toBeUndefined();
  });

  test('large metadata goes, small tags stay', () => {
    const { full, bare, dropped } = contentOfSet(
      TRACE,
      { ...FIELDS, metadata: { x: '用'.repeat(3000) } },
      8192,
    );
    expect(full?.baggage).toBe(WITHOUT_METADATA);
    expect(bare?.baggage).toBe(BARE);
    expect(dropped).toBe('metadata');
  });

  test('large tags go, and small metadata went before them', () => {
    const { full, dropped } = contentOfSet(TRACE, { ...FIELDS, tags: ['t'.repeat(9000)] }, 8192);
    expect(full?.baggage).toBe(BARE);
    expect(dropped).toBe('metadata and tags');
  });

  test('a trace too deep is not sent', () => {
    expect(contentOfSet(dottedOrder(138), {}, 8192).full).toBeDefined();
    expect(contentOfSet(dottedOrder(139), {}, 8192).dropped).toBe('everything');
  });
});

describe('the trace in baggage', () => {
  const LINK = `langsmith-trace=${TRACE}`;
  const contentAt = (limit: number) => contentOfSet(TRACE, FIELDS, limit, true);

  test('stands before the fields, and not in the bare form', () => {
    const { fullForms, bare, dropped } = contentAt(NO_LIMIT);
    expect(fullForms.map(({ baggage }) => baggage)).toEqual([
      `${LINK},${FULL}`,
      `${LINK},${WITHOUT_METADATA}`,
      WITHOUT_METADATA,
      BARE,
    ]);
    expect([bare?.baggage, dropped]).toEqual([BARE, 'nothing']);
  });

  // langsmith 0.3.87 would then use no project, where it uses the project of its service if there is no baggage.
  test('is never alone: a run without fields has no baggage', () => {
    const { full, bare } = contentOfSet(TRACE, {}, NO_LIMIT, true);
    expect([full?.baggage, bare?.baggage]).toEqual(['', '']);
    const { fullForms } = contentOfSet(TRACE, { metadata }, NO_LIMIT, true);
    expect(fullForms.map(({ baggage }) => baggage)).toEqual([`${LINK},${formatBaggage({ metadata })}`, '']);
  });

  test.each([
    ['everything', `${LINK},${FULL}`, 'nothing', `${LINK},${WITHOUT_METADATA}`],
    ['the trace without metadata', `${LINK},${WITHOUT_METADATA}`, 'metadata', WITHOUT_METADATA],
    ['tags without the trace', WITHOUT_METADATA, 'metadata and the trace in baggage', BARE],
    ['the project', BARE, 'metadata and tags', undefined],
  ])('goes after metadata and before tags, to the byte: %s', (_, fits, dropped, next) => {
    const limit = bytes(TRACE, fits);
    expect(contentAt(limit)).toMatchObject({ full: { trace: TRACE, baggage: fits }, dropped });
    expect(contentAt(limit - 1).full?.baggage).toBe(next);
  });
});

test('at every limit the headers fit and each member is whole', () => {
  const whole: Record<string, unknown> = { metadata, tags, project };
  for (let limit = 0; limit < bytes(TRACE, FULL) + 10; limit++) {
    const { full, bare, fullForms, bareForms } = contentOfSet(TRACE, FIELDS, limit);
    expect([fullForms[0], fullForms.at(-1), bareForms]).toEqual([
      full,
      bare,
      bare === undefined ? [] : [bare],
    ]);
    for (const headers of fullForms) {
      expect(sizeOf(headers.trace, headers.baggage)).toBe(bytes(headers.trace, headers.baggage));
      expect(sizeOf(headers.trace, headers.baggage)).toBeLessThanOrEqual(limit);
      expect(headers.trace).toBe(TRACE);
      for (const [name, value] of Object.entries(parseBaggage(headers.baggage))) {
        if (value !== undefined) expect(value).toEqual(whole[name]);
      }
    }
  }
});

describe('the project stays or nothing is sent', () => {
  // The SDK sends such names. Without them the runs downstream land in another project than their parent.
  test.each([
    ['of 513 characters', 'p'.repeat(513)],
    ['with a tab', 'a\tb'],
  ])('a project %s', (_, name) => {
    const { bare } = contentOfSet(TRACE, { project: name }, NO_LIMIT);
    expect(bare).toEqual({ trace: TRACE, baggage: `langsmith-project=${encodeURIComponent(name)}` });
  });
});

test('fields that cannot be written do not prevent the trace', () => {
  const fields = { metadata: { n: 1n }, tags: ['\ud800'], project: 'p' };
  expect(contentOfSet(TRACE, fields, NO_LIMIT).full).toEqual({
    trace: TRACE,
    baggage: 'langsmith-project=p',
  });
});
