/**
 * LangSmith's dotted order: one segment a run, from the root down, joined by `.`.
 * A segment is `YYYYMMDDTHHMMSSffffffZ` (UTC, microseconds) followed by the run's UUID, 58 characters.
 */

/**
 * The characters that are allowed in a segment and the `.` behind it, one sign for each place: `d` is a digit, `1`, `2`, `3`
 * or `5` a digit up to that one, `h` a hexadecimal digit, and any other sign itself.
 */
const PLACES = 'dddd1d3dT2d5d5dddddddZhhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh.';
const DIGITS = '0123456789';
const KINDS: readonly (readonly [place: string, signs: string])[] = [
  ['d', DIGITS],
  ...[1, 2, 3, 5].map((last) => [String(last), DIGITS.slice(0, last + 1)] as const),
  ['h', `${DIGITS}abcdefABCDEF`],
  ...[...'TZ-.'].map((sign) => [sign, sign] as const),
];
/** A bit for each kind: of the place, and of the character codes. */
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
 * Whether a `langsmith-trace` value is exactly a dotted order: not another type, another shape, a day that does not
 * exist, more than 16,384 characters, or the `, `-joined value of a header that came twice. Never throws.
 */
export function isDottedOrder(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_DOTTED_ORDER_LENGTH) return false;
  return (value.length + 1) % PLACES.length === 0 && areSegments(value);
}

/**
 * Not by a pattern: V8 makes 44 kB of code of it, which is not in the processor's caches when the next request comes, and
 * which takes a millisecond to compile at the first. Between requests this takes three quarters of the time, though up to
 * twice as much where nothing else runs (Node 20 and 24).
 */
function areSegments(value: string): boolean {
  let missing = 0;
  for (let start = 0; start < value.length; start += PLACES.length) {
    const length = Math.min(PLACES.length, value.length - start);
    for (let i = 0; i < length; i++) {
      // Beyond Latin-1 it is `~undefined`: all bits.
      missing |= (WANTED[i] as number) & ~(GIVEN[value.charCodeAt(start + i)] as number);
    }
    if (missing !== 0 || !isTime(value, start)) return false;
  }
  return true;
}

/** Of what stands where it should: no minute or second is beyond 59 then. */
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

/** The UUID of the first segment: the trace. */
export function traceIdOf(dottedOrder: string): string {
  return dottedOrder.slice(TIME_LENGTH, SEGMENT_LENGTH);
}

/** The UUID of the last segment: the run itself. */
export function runIdOf(dottedOrder: string): string {
  return dottedOrder.slice(-UUID_LENGTH);
}

/** The time of the last segment, in the dotted order's own notation: it sorts as text. */
export function lastTime(dottedOrder: string): string {
  const start = dottedOrder.length - SEGMENT_LENGTH;
  return dottedOrder.slice(start, start + TIME_LENGTH);
}

/** `dottedOrder` with the time of its last segment replaced. */
export function withLastTime(dottedOrder: string, time: string): string {
  const start = dottedOrder.length - SEGMENT_LENGTH;
  return dottedOrder.slice(0, start) + time + dottedOrder.slice(start + TIME_LENGTH);
}

/** The dotted order of the parent, or `undefined` for a root. */
export function parentDottedOrder(dottedOrder: string): string | undefined {
  return dottedOrder.length > SEGMENT_LENGTH ? dottedOrder.slice(0, -(SEGMENT_LENGTH + 1)) : undefined;
}

/** The dotted order of a root. `time` is in milliseconds since 1970. */
export function toDottedOrder(time: number, runId: string): string {
  return `${new Date(time).toISOString().replace(/[-:.]/g, '').slice(0, -1)}001Z${runId}`;
}

/** `20260131T235959123456Z` as `2026-01-31T23:59:59.123456Z`. */
export function toISOTime(time: string): string {
  const date = `${time.slice(0, 4)}-${time.slice(4, 6)}-${time.slice(6, 8)}`;
  return `${date}T${time.slice(9, 11)}:${time.slice(11, 13)}:${time.slice(13, 15)}.${time.slice(15, 21)}Z`;
}
