/**
 * The headers of a request of node:http until they are written: `{name: [Name, value]}` without a prototype, under the
 * symbol `kOutHeaders` (`_http_outgoing.js`, Node 8 to 26). They are read there: Node's methods check each name anew, copy
 * it to lower case, and make an array of all names to list them. They are set by Node's: where a request has no headers of
 * the application's, V8 takes three microseconds for the one `Host` that Node sets, but not once it has seen other names.
 */
import type { OutgoingMessage } from 'node:http';
import type { HeaderValue } from '../../propagator.ts';
import { symbolOf } from '../instrumentation.ts';

type Entry = readonly [name: string, value: unknown];
type Entries = Record<string, Entry>;

export interface OutHeaders {
  /** In any letter case. `name` is lower case. */
  get(message: OutgoingMessage, name: string): HeaderValue;
  set(message: OutgoingMessage, name: string, value: string): void;
  remove(message: OutgoingMessage, name: string): void;
  /** The bytes of their lines. */
  size(message: OutgoingMessage): number;
}

/**
 * @param prototype that of `OutgoingMessage`: Node's own methods, as what an application has put over them on its
 *   request is not called for ours
 */
export function createOutHeaders(prototype: OutgoingMessage): OutHeaders {
  /** `null` where a version of Node keeps them in another way; `undefined` until a request has had one. */
  let key: symbol | null | undefined;

  /** `undefined` where they cannot be seen; and where there are none. */
  function entriesOf(message: OutgoingMessage): Entries | null | undefined {
    if (key === undefined) key = keyOfEntries(message);
    return key && (message as unknown as Record<symbol, Entries | null>)[key];
  }

  function get(message: OutgoingMessage, name: string): HeaderValue {
    const entries = entriesOf(message);
    const value = entries
      ? (entries[name]?.[1] as HeaderValue | number)
      : prototype.getHeader.call(message, name);
    return typeof value === 'number' ? String(value) : value;
  }

  return {
    get,
    set: (message, name, value) => prototype.setHeader.call(message, name, value),
    remove: (message, name) => prototype.removeHeader.call(message, name),
    size(message) {
      const entries = entriesOf(message);
      let size = 0;
      if (entries) for (const name in entries) size += sizeOfLine(name, entries[name]?.[1]);
      else
        for (const name of prototype.getHeaderNames.call(message))
          size += sizeOfLine(name, get(message, name));
      return size;
    },
  };
}

export function sizeOfLine(name: string, value: unknown): number {
  if (Array.isArray(value)) return value.reduce((size: number, one) => size + sizeOfLine(name, one), 0);
  return name.length + String(value).length + 4;
}

/** Nothing is made to find it out: the application may have put its own over each step of that. */
function keyOfEntries(message: OutgoingMessage): symbol | null | undefined {
  const key = symbolOf(message, 'kOutHeaders');
  if (key === undefined) return null;
  const entries = (message as unknown as Record<symbol, unknown>)[key];
  if (entries === null) return undefined;
  if (typeof entries !== 'object' || Object.getPrototypeOf(entries) !== null) return null;
  const [first] = Object.entries(entries as Entries);
  return first && (isEntry(...first) ? key : null);
}

function isEntry(name: string, entry: unknown): boolean {
  return (
    Array.isArray(entry) &&
    entry.length === 2 &&
    typeof entry[0] === 'string' &&
    entry[0].toLowerCase() === name
  );
}
