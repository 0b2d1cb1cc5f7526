/** The last time that has a four-digit year, which the dotted order requires. */
const END_OF_YEAR_9999 = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Parses a time as the SDKs send it: a number of milliseconds since the epoch, or ISO 8601 text. Old Python SDKs omit
 * the time zone and mean UTC.
 *
 * @returns milliseconds since the epoch, or `undefined` for anything else
 */
export function parseTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? parseISOTime(value) : value;
  return typeof time === 'number' && time >= 0 && time <= END_OF_YEAR_9999 ? time : undefined;
}

function parseISOTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text.slice(10));
  return Date.parse(hasZone || text.length === 10 ? text : `${text}Z`);
}

/** Formats a time as in a dotted order: `20260131T235959123000Z`. */
export function dottedOrderTime(time: number): string {
  return new Date(time).toISOString().replace(/[-:.]/g, '').replace('Z', '000Z');
}
