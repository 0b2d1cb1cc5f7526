import { describe, expect, test } from 'vitest';
import { lastTime, parentDottedOrder, toISOTime, withLastTime } from '../../src/headers/dotted-order.ts';
import { idsOf } from '../support/dotted-order.ts';
import { dottedOrder } from '../support/trace.ts';

const TIME = '20260131T235959123456Z';
const ROOT_ID = '01943f2e-7c1a-7b3c-8d4e-5f60718293a4';
const CHILD_ID = 'c0ffee00-1111-4222-8333-444455556666';
const ROOT = `${TIME}${ROOT_ID}`;
const CHILD = `20260201T000000000000Z${CHILD_ID}`;

/** One segment at this time. */
const at = (time: string) => time + ROOT_ID;

describe('a dotted order is read', () => {
  test('of one run: the trace is the run', () => {
    expect(idsOf(ROOT)).toEqual({ traceId: ROOT_ID, runId: ROOT_ID });
  });

  test('of two: the first is the trace, the last the run', () => {
    expect(idsOf(`${ROOT}.${CHILD}`)).toEqual({ traceId: ROOT_ID, runId: CHILD_ID });
  });

  test.each([3, 10, 50, 138, 277])('of %i levels', (depth) => {
    const order = dottedOrder(depth);
    expect(order).toHaveLength(59 * depth - 1);
    expect(idsOf(order)).toEqual({ traceId: order.slice(22, 58), runId: order.slice(-36) });
  });

  test.each([
    ['the first moment of a day', '20260101T000000000000Z'],
    ['the last moment of a day', '20261231T235959999999Z'],
    ['the 31st of a long month', '20260731T120000000000Z'],
    ['the 30th of a short month', '20260430T120000000000Z'],
    ['the 29th of February in a leap year', '20280229T120000000000Z'],
    ['the 29th of February in 2000', '20000229T120000000000Z'],
  ])('at %s', (_, time) => {
    expect(idsOf(at(time))?.runId).toBe(ROOT_ID);
  });

  test('with any version of UUID, the nil UUID too', () => {
    const nil = '00000000-0000-0000-0000-000000000000';
    expect(idsOf(TIME + nil)).toEqual({ traceId: nil, runId: nil });
  });
});

describe('a value that is not exactly a dotted order is ignored', () => {
  test.each([undefined, null, 7, 7n, true, Symbol('x'), {}, [ROOT], new String(ROOT), () => ROOT])(
    'another type: %s',
    (value) => {
      expect(idsOf(value)).toBeUndefined();
    },
  );

  test.each([
    ['the empty string', ''],
    ['a word', 'nonsense'],
    ['a UUID alone', ROOT_ID],
    ['a time alone', TIME],
    ['a W3C traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['one character too few', ROOT.slice(0, -1)],
    ['one character too many', `${ROOT}0`],
    ['a space before', ` ${ROOT}`],
    ['a space behind', `${ROOT} `],
    ['a line end behind', `${ROOT}\n`],
    ['a header injected behind', `${ROOT}\r\nx: y`],
    ['a second line that is valid', `nonsense\n${ROOT}`],
    ['a first line that is valid', `${ROOT}\nnonsense`],
    ['a NUL', `${ROOT.slice(0, -1)}\u0000`],
    ['a header that came twice, as Node joins it', `${ROOT}, ${ROOT}`],
    ['a header that came twice, without the space', `${ROOT},${ROOT}`],
    ['an empty segment in front', `.${ROOT}`],
    ['an empty segment in the middle', `${ROOT}..${CHILD}`],
    ['an empty segment behind', `${ROOT}.`],
    ['a broken last segment', `${ROOT}.${CHILD.slice(0, -1)}`],
    ['a broken first segment', `${ROOT.slice(1)}.${CHILD}`],
    ['another separator', `${ROOT}-${CHILD}`],
    ['an id that is no UUID', `${TIME}${'z'.repeat(36)}`],
    ['a UUID without hyphens, padded', `${TIME}${ROOT_ID.replaceAll('-', '')}0000`],
    ['a UUID with misplaced hyphens', `${TIME}01943f2e7-c1a-7b3c-8d4e-5f60718293a4`],
    ['digits of another script', ROOT.replace('2026', '２０２６')],
    ['milliseconds only', at('20260131T235959123Z')],
    ['an ISO time', at('2026-01-31T23:59:59.123456Z')],
    ['no Z', `20260131T2359591234560${ROOT_ID}`],
    ['an offset in place of Z', at('20260131T235959123456+00')],
    // Segments that the SDK splits at `Z`: a lower-case one makes it a run without an id.
    ['a lower-case z', at('20260131T235959123456z')],
    ['a lower-case t', at('20260131t235959123456Z')],
  ])('%s', (_, value) => {
    expect(idsOf(value)).toBeUndefined();
  });

  test.each([
    ['month 0', '20260031T120000000000Z'],
    ['month 13', '20261301T120000000000Z'],
    ['day 0', '20260100T120000000000Z'],
    ['day 32', '20260132T120000000000Z'],
    ['the 31st of April', '20260431T120000000000Z'],
    ['the 30th of February', '20280230T120000000000Z'],
    ['the 29th of February in a common year', '20260229T120000000000Z'],
    ['the 29th of February in 2100', '21000229T120000000000Z'],
    ['hour 24', '20260131T240000000000Z'],
    ['minute 60', '20260131T236000000000Z'],
    ['second 60', '20260131T235960000000Z'],
  ])('%s', (_, time) => {
    expect(idsOf(at(time))).toBeUndefined();
    // In any segment, not in the first alone.
    expect(idsOf(`${ROOT}.${at(time)}.${CHILD}`)).toBeUndefined();
    expect(idsOf(`${ROOT}.${CHILD}.${at(time)}`)).toBeUndefined();
  });

  test('of all characters, an id has only hexadecimal digits: in each place, in each segment', () => {
    const isDigit = /^[0-9a-fA-F]$/;
    for (let code = 0; code <= 0xffff; code++) {
      const found = String.fromCharCode(code);
      // Beyond Latin-1, where V8 compiles another pattern, at every 257th.
      if (code > 0xff && code % 257 !== 0) continue;
      for (const [i, expected] of [...ROOT_ID].entries()) {
        const order = TIME + ROOT_ID.slice(0, i) + found + ROOT_ID.slice(i + 1);
        const isRead = expected === '-' ? found === '-' : isDigit.test(found);
        expect([code, i, idsOf(order) !== undefined]).toEqual([code, i, isRead]);
        expect([code, i, idsOf(`${ROOT}.${order}`) !== undefined]).toEqual([code, i, isRead]);
      }
    }
  });

  test('more than 16,384 characters', () => {
    expect(idsOf(dottedOrder(278))).toBeUndefined();
  });

  test('a hostile value is refused without a long search', () => {
    const started = performance.now();
    for (let i = 0; i < 50; i++) {
      expect(idsOf(`${dottedOrder(277).slice(0, -1)}x`)).toBeUndefined();
      expect(idsOf('0'.repeat(50_000_000 / 50))).toBeUndefined();
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('the parts of a dotted order', () => {
  const order = `${ROOT}.${CHILD}`;

  test('the time of the last segment', () => {
    expect(lastTime(ROOT)).toBe(TIME);
    expect(lastTime(order)).toBe('20260201T000000000000Z');
  });

  test('the time of the last segment replaced, and nothing else', () => {
    const later = '20270101T000000000001Z';
    expect(withLastTime(ROOT, later)).toBe(later + ROOT_ID);
    expect(withLastTime(order, later)).toBe(`${ROOT}.${later}${CHILD_ID}`);
    expect(withLastTime(order, lastTime(order))).toBe(order);
  });

  test('the parent, and none for a root', () => {
    expect(parentDottedOrder(ROOT)).toBeUndefined();
    expect(parentDottedOrder(order)).toBe(ROOT);
    expect(parentDottedOrder(`${order}.${ROOT}`)).toBe(order);
  });

  test('times sort as text', () => {
    const times = ['20260131T235959999999Z', '20260201T000000000000Z', '20260131T235959123456Z'];
    const byDate = [...times].sort((a, b) => toISOTime(a).localeCompare(toISOTime(b)));
    expect([...times].sort()).toEqual(byDate);
  });

  test('a time in ISO 8601, to the microsecond', () => {
    expect(toISOTime(TIME)).toBe('2026-01-31T23:59:59.123456Z');
    expect(new Date(toISOTime(TIME)).toISOString()).toBe('2026-01-31T23:59:59.123Z');
  });
});
