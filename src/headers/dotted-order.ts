/**
 * LangSmith's dotted order. It has one segment for each run, from the root down, joined by `.`.
 * A segment is `YYYYMMDDTHHMMSSffffffZ` (UTC, microseconds) followed by the run's UUID, 58 characters.
 */

/**
 * The characters that are allowed in a segment and the `.` after it, one for each place. `d` stands for a digit, `1`,
 * `2`, `3` and `5` for a digit up to that one, `h` for a hexadecimal digit, and any other character for itself.
 */
const PLACES = 'dddd1d3dT2d5d5dddddddZhhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh.';
const DIGITS = '0123456789';
const KINDS: readonly (readonly [place: string, signs: string])[] = [
  ['d', DIGITS],
  ...[1, 2, 3, 5].map((last) => [String(last), DIGITS.slice(0, last + 1)] as const),
  ['h', `${DIGITS}abcdefABCDEF`],
  ...[...'TZ-.'].map((sign) => [sign, sign] as const),
];
/** One bit for each kind: the kind that a place wants, and the kinds that a character code belongs to. */
const WANTED = new Uint16Array(PLACES.length);
const GIVEN = new Uint16Array(256);
for (const [kind, [place, signs]] of KINDS.entries()) {
  for (let i = 0; i < PLACES.length; i++) if (PLACES[i] === place) WANTED[i] = 1 << kind;
  for (const sign of signs) GIVEN[sign.charCodeAt(0)] = (GIVEN[sign.charCodeAt(0)] as number) | (1 << kind);
}
const LONGEST_MONTHS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const ZERO = '0'.charCodeAt(0);
const TIME_LENGTH = 22;
const UUID_LENGTH = 36;
const SEGMENT_LENGTH = TIME_LENGTH + UUID_LENGTH;

/** 277 levels. Node refuses more than 16 KiB of headers unless told otherwise. */
export const MAX_DOTTED_ORDER_LENGTH = 16_384;

/**
 * Whether a `langsmith-trace` value is a valid dotted order. A value of another type or shape, a day that does not exist,
 * more than 16,384 characters, and the `, `-joined value of a header that came twice are not. Never throws.
 */
export function isDottedOrder(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_DOTTED_ORDER_LENGTH) return false;
  return (value.length + 1) % PLACES.length === 0 && areSegments(value);
}

/**
 * Checks the places by a table instead of a regular expression. V8 compiles the expression to 44 kB of code, which takes a
 * millisecond and has left the processor's caches by the next request. docs/performance.md has the figures.
 */
function areSegments(value: string): boolean {
  let missing = 0;
  for (let start = 0; start < value.length; start += PLACES.length) {
    const length = Math.min(PLACES.length, value.length - start);
    for (let i = 0; i < length; i++) {
      // For a character beyond Latin-1, `~undefined` has all bits set.
      missing |= (WANTED[i] as number) & ~(GIVEN[value.charCodeAt(start + i)] as number);
    }
    if (missing !== 0 || !isTime(value, start)) return false;
  }
  return true;
}

/** Whether the time exists. The table has already checked the digits of the minute and the second. */
function isTime(value: string, start: number): boolean {
  const month = twoDigits(value, start + 4);
  const day = twoDigits(value, start + 6);
  if (month < 1 || month > 12 || day < 1 || day > (LONGEST_MONTHS[month] as number)) return false;
  if (twoDigits(value, start + 9) > 23) return false;
  if (month !== 2 || day !== 29) return true;
  const year = twoDigits(value, start + 2);
  return (year === 0 ? twoDigits(value, start) : year) % 4 === 0;
}

function twoDigits(value: string, at: number): number {
  return (value.charCodeAt(at) - ZERO) * 10 + value.charCodeAt(at + 1) - ZERO;
}

/** The UUID of the first segment, which is the id of the trace. */
export function traceIdOf(dottedOrder: string): string {
  return dottedOrder.slice(TIME_LENGTH, SEGMENT_LENGTH);
}

/** The UUID of the last segment, which is the id of the run. */
export function runIdOf(dottedOrder: string): string {
  return dottedOrder.slice(-UUID_LENGTH);
}

/** The time of the last segment, in the notation of the dotted order, which sorts as text. */
export function lastTime(dottedOrder: string): string {
  const start = dottedOrder.length - SEGMENT_LENGTH;
  return dottedOrder.slice(start, start + TIME_LENGTH);
}

/** Replaces the time of the last segment. */
export function withLastTime(dottedOrder: string, time: string): string {
  const start = dottedOrder.length - SEGMENT_LENGTH;
  return dottedOrder.slice(0, start) + time + dottedOrder.slice(start + TIME_LENGTH);
}

/** The dotted order of the parent, or `undefined` for a root. */
export function parentDottedOrder(dottedOrder: string): string | undefined {
  return dottedOrder.length > SEGMENT_LENGTH ? dottedOrder.slice(0, -(SEGMENT_LENGTH + 1)) : undefined;
}

/** Makes the dotted order of a root. `time` is in milliseconds since 1970. */
export function toDottedOrder(time: number, runId: string): string {
  return `${new Date(time).toISOString().replace(/[-:.]/g, '').slice(0, -1)}001Z${runId}`;
}

/** Converts `20260131T235959123456Z` to `2026-01-31T23:59:59.123456Z`. */
export function toISOTime(time: string): string {
  const date = `${time.slice(0, 4)}-${time.slice(4, 6)}-${time.slice(6, 8)}`;
  return `${date}T${time.slice(9, 11)}:${time.slice(11, 13)}:${time.slice(13, 15)}.${time.slice(15, 21)}Z`;
}
