/** Functions for headers that are a flat list of names and values, shared by all carriers. */
import { isNamed } from '../headers/names.ts';
import type { HeaderValue } from '../outgoing-carrier.ts';

/** Removes a header in place. `list` is `[name, value, ...]`. */
export function removeFromList(list: unknown[], name: string): void {
  for (let i = list.length - 2; i >= 0; i -= 2) if (isNamed(list[i], name)) list.splice(i, 2);
}

/** Converts the values that were found into the form of `OutgoingCarrier.header`. */
export function asHeaderValue(found: readonly string[]): HeaderValue {
  return found.length > 1 ? found : found[0];
}

/**
 * Returns `found` with one more value of the same header, which may itself be several. A header that occurs once makes
 * no array.
 */
export function withValue(found: HeaderValue, value: unknown): HeaderValue {
  if (Array.isArray(value)) return value.reduce(withValue, found);
  const text = String(value);
  return found === undefined ? text : [...(typeof found === 'string' ? [found] : found), text];
}
