/** The last moment that has a four-digit year, as the dotted order needs it. */
const END_OF_YEAR_9999 = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * A time as the SDKs send it, in milliseconds since the epoch: a number of them, or ISO 8601 text. Old Python SDKs
 * leave the time zone out and mean UTC.
 *
 * @returns `undefined` for anything else
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

/** A time in the notation of a dotted order: `20260131T235959123000Z`. */
export function dottedOrderTime(time: number): string {
  return new Date(time).toISOString().replace(/[-:.]/g, '').replace('Z', '000Z');
}
