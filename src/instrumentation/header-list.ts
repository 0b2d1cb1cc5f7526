/** Headers as a flat list of names and values, and what all carriers do with one. */
import { isNamed } from '../headers/names.ts';
import type { HeaderValue } from '../outgoing-carrier.ts';

/** In place. `list` is `[name, value, ...]`. */
export function removeFromList(list: unknown[], name: string): void {
  for (let i = list.length - 2; i >= 0; i -= 2) if (isNamed(list[i], name)) list.splice(i, 2);
}

/** A header that was found so many times, as `OutgoingCarrier.header` gives it. */
export function asHeaderValue(found: readonly string[]): HeaderValue {
  return found.length > 1 ? found : found[0];
}

/** `found` and one more value of the same header, which may be several: one that comes once makes no array. */
export function withValue(found: HeaderValue, value: unknown): HeaderValue {
  if (Array.isArray(value)) return value.reduce(withValue, found);
  const text = String(value);
  return found === undefined ? text : [...(typeof found === 'string' ? [found] : found), text];
}
