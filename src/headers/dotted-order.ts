/**
 * LangSmith's dotted order: one segment a run, from the root down, joined by `.`.
 * A segment is `YYYYMMDDTHHMMSSffffffZ` (UTC, microseconds) followed by the run's UUID, 58 characters.
 */
const MONTH_AND_DAY =
  '(?:(?:0[13578]|1[02])(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)(?:0[1-9]|[12]\\d|30)|02(?:0[1-9]|1\\d|2[0-8]))';
const LEAP_DAY = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)0229';
// Each digit by itself: for V8 a repetition is a loop that counts, and takes more than twice as long.
const TIME = `(?:[01]\\d|2[0-3])[0-5]\\d[0-5]\\d${'\\d'.repeat(6)}`;
// Of the class `[0-9a-fA-F]` V8 makes a branch, digit or letter, that no processor foresees: two to three times as long.
const HEX = '(?![:-@G-`])[0-f]';
const UUID = [8, 4, 4, 4, 12].map((digits) => HEX.repeat(digits)).join('-');
const SEGMENT = `(?:\\d\\d\\d\\d${MONTH_AND_DAY}|${LEAP_DAY})T${TIME}Z${UUID}`;
const DOTTED_ORDER = new RegExp(`^${SEGMENT}(?:\\.${SEGMENT})*$`);

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
  return typeof value === 'string' && value.length <= MAX_DOTTED_ORDER_LENGTH && DOTTED_ORDER.test(value);
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

/** `20260131T235959123456Z` as `2026-01-31T23:59:59.123456Z`. */
export function toISOTime(time: string): string {
  const date = `${time.slice(0, 4)}-${time.slice(4, 6)}-${time.slice(6, 8)}`;
  return `${date}T${time.slice(9, 11)}:${time.slice(11, 13)}:${time.slice(13, 15)}.${time.slice(15, 21)}Z`;
}
