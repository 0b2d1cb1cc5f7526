import fc from 'fast-check';
import { RunTree } from 'langsmith';
import { describe, expect, it } from 'vitest';
import { type BaggageFields, formatBaggage, parseBaggage, relayMembers } from '../../src/headers/baggage.ts';
import { joinMembers, mergeBaggage } from '../../src/headers/members.ts';
import { sizeOf } from '../../src/headers/trace-headers.ts';
import { idsOf } from '../support/dotted-order.ts';
import { contentOfSet } from '../support/header-set.ts';
import { baggage, dottedOrder } from '../support/trace.ts';

/** `npm run fuzz` sets it to a million in all. */
const numRuns = Number(process.env['TRACE_AGENT_FUZZ_RUNS'] ?? 300);
const check = (property: fc.IProperty<never> | fc.IProperty<unknown>) =>
  fc.assert(property as fc.IProperty<unknown>, { numRuns });

/** What can come out of Node's parser: Latin-1. */
const latin1 = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

const json = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }), {
  maxKeys: 5,
});
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 80 });
const fields: fc.Arbitrary<BaggageFields> = fc.record(
  { metadata: json, tags: fc.array(name, { maxLength: 5 }), project: name },
  { requiredKeys: [] },
);

/** Real headers with a few characters changed, left out, doubled or put in. */
function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('drop', 'double', 'put'),
    put: fc.string({ maxLength: 2 }),
  });
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([original, edits]) => {
    let result = original;
    for (const { at, kind, put } of edits) {
      const i = at % (result.length + 1);
      const [before, after] = [result.slice(0, i), result.slice(i)];
      if (kind === 'drop') result = before + after.slice(1);
      else if (kind === 'double') result = before + after.slice(0, 1) + after;
      else result = before + put + after;
    }
    return result;
  });
}

/** Members that are almost what they should be. */
const nearMiss = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'langsmith-metadata',
        'langsmith-tags',
        'langsmith-project',
        'langsmith-replicas',
        'langsmith-trace',
        'vendor',
        '',
      ),
      fc.constantFrom('=', '', ' = ', '=='),
      fc.oneof(
        latin1,
        fc.json(),
        fc.json().map(encodeURIComponent),
        fc.constantFrom('%', '%E7%94', '{}', '[]', 'null'),
      ),
      fc.constantFrom('', ';q=1', ' ', ';;'),
    ),
    { maxLength: 6 },
  )
  .map((members) => members.map((parts) => parts.join('')).join(','));

const realBaggage = fc
  .record({
    metadata: fc.dictionary(fc.string(), fc.jsonValue()),
    tags: fc.array(fc.string()),
    project: fc.string(),
  })
  .map(baggage);
const realTrace = fc.integer({ min: 1, max: 6 }).map((depth) => dottedOrder(depth));

describe('arbitrary header values', () => {
  it('parsing arbitrary bytes never throws and returns only valid fields', () => {
    check(
      fc.property(fc.oneof(latin1, mutated(realBaggage), nearMiss), (header) => {
        const { metadata, tags, project, ...others } = parseBaggage(header);
        if (metadata !== undefined) expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
        if (tags !== undefined) expect(tags.every((tag) => typeof tag === 'string' && tag !== '')).toBe(true);
        if (project !== undefined) expect(project.trim()).not.toBe('');
        expect(Object.keys(others).filter((key) => key !== 'address')).toEqual([]);
      }),
    );
  });

  it('a baggage that is passed on has the parsed fields and only characters that a header permits', () => {
    check(
      fc.property(fc.oneof(latin1, mutated(realBaggage), nearMiss), (header) => {
        const { metadata, tags, destination } = relayMembers(header);
        const passedOn = joinMembers(joinMembers(metadata, tags), destination);
        expect(passedOn).toMatch(/^[\x21-\x7e]*$/);
        expect(JSON.stringify(parseBaggage(passedOn))).toBe(JSON.stringify(parseBaggage(header)));
      }),
    );
  });

  it('a dotted order is accepted only if each segment is valid', () => {
    check(
      fc.property(fc.oneof(latin1, mutated(realTrace), fc.anything()), (value) => {
        const parsed = idsOf(value);
        if (parsed === undefined) return;
        const segments = String(value).split('.');
        for (const segment of segments) expect(segment).toMatch(/^\d{8}T\d{12}Z[0-9a-fA-F-]{36}$/);
        expect(parsed).toEqual({ traceId: segments[0]?.slice(22), runId: segments.at(-1)?.slice(22) });
      }),
    );
  });
});

describe('written headers', () => {
  it('any run is written as a valid header value', () => {
    check(
      fc.property(fields, fc.oneof(latin1, nearMiss), (ours, existing) => {
        expect(formatBaggage(ours)).toMatch(/^[\x21-\x7e]*$/);
        expect(formatBaggage(ours)).not.toMatch(/[\s";\\]/);
        expect(() => mergeBaggage(formatBaggage(ours), existing)).not.toThrow();
      }),
    );
  });

  it('this parser and the SDK’s read back equal fields', () => {
    const readable = fc.record({
      metadata: fc.dictionary(
        fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
        fc
          .jsonValue({ stringUnit: 'grapheme' })
          .filter((value) => !JSON.stringify(value).includes('__proto__')),
        { minKeys: 1, maxKeys: 4 },
      ),
      tags: fc.array(
        fc
          .string({ unit: 'grapheme', minLength: 1 })
          .filter((tag) => !tag.includes(',') && tag.trim() !== ''),
        { minLength: 1, maxLength: 4 },
      ),
      project: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
        .filter((text) => text.trim() !== '' && !/\p{Cc}/u.test(text)),
    });
    check(
      fc.property(readable, ({ metadata, tags, project }) => {
        const header = formatBaggage({ metadata, tags, project });
        const expected = JSON.parse(JSON.stringify(metadata));
        expect(parseBaggage(`${header},vendor=1`)).toEqual({
          metadata: expected,
          tags,
          project,
          address: undefined,
        });
        const run = RunTree.fromHeaders({ 'langsmith-trace': dottedOrder(), baggage: `${header},vendor=1` });
        expect(run).toMatchObject({ tags, project_name: project });
        expect(run?.extra?.metadata).toEqual(expected);
      }),
    );
  });

  it('they stay within the limit: metadata is left out first, then the trace in baggage, then tags, then everything', () => {
    check(
      fc.property(
        realTrace,
        fields,
        fc.integer({ min: 77, max: 2000 }),
        fc.boolean(),
        (trace, ours, limit, isLinked) => {
          const { full, bare, fullForms } = contentOfSet(trace, ours, limit, isLinked);
          for (const form of [full, bare, ...fullForms]) {
            if (form !== undefined) expect(sizeOf(form.trace, form.baggage)).toBeLessThanOrEqual(limit);
          }
          expect(full === undefined).toBe(bare === undefined);
          if (full === undefined) return;
          expect(full.trace).toBe(trace);
          const whole = contentOfSet(trace, ours, Number.POSITIVE_INFINITY, isLinked).fullForms.map(
            (form) => form.baggage,
          );
          expect(whole).toContain(full.baggage);
          expect(bare?.baggage).toBe(whole.at(-1));
        },
      ),
    );
  });

  it('other vendors’ members stay after ours, in their order', () => {
    const member = fc.stringMatching(/^[a-z]{1,8}=[a-zA-Z0-9%._-]{0,12}(;[a-z]=[0-9])?$/);
    check(
      fc.property(
        fields,
        fc.array(member, { maxLength: 5 }),
        fc.array(nearMiss, { maxLength: 1 }),
        (ours, others, stale) => {
          const old = stale
            .flatMap((text) => text.split(','))
            .filter((text) => text.startsWith('langsmith-'));
          const merged = mergeBaggage(formatBaggage(ours), [...old, ...others].join(', '));
          const members = merged
            .split(',')
            .map((text) => text.trim())
            .filter((text) => text !== '');
          expect(members.filter((text) => !text.startsWith('langsmith-'))).toEqual(others);
          expect(members.filter((text) => text.startsWith('langsmith-')).join(',')).toBe(formatBaggage(ours));
        },
      ),
    );
  });
});
