/**
 * Accesses the headers of a request of node:http before they are written: `{name: [Name, value]}` without a prototype,
 * under the symbol `kOutHeaders` (`_http_outgoing.js`, Node 8 to 26). They are read from that object, because Node's
 * methods validate each name, copy it to lower case, and make an array of all names to list them. They are set by
 * Node's methods: if a request has no headers of the application's, V8 takes three microseconds for the single `Host`
 * that Node sets, but not once it has seen other names.
 */
import type { OutgoingMessage } from 'node:http';
import { isNamed } from '../../headers/names.ts';
import type { HeaderValue } from '../../outgoing-carrier.ts';
import { symbolOf } from '../instrumentation.ts';

type Entry = readonly [name: string, value: unknown];
type Entries = Record<string, Entry>;

interface Lent {
  readonly message: OutgoingMessage;
  readonly name: string;
  /** The header that the application had set under this name. */
  readonly own: Entry | undefined;
}
/** `_header` is `null` until the header is written (`_http_outgoing.js`, Node 8 to 26). */
type Written = OutgoingMessage & { _header?: string | null | undefined };

export interface OutHeaders {
  /** Reads a header in any letter case. `name` is lower case. */
  get(message: OutgoingMessage, name: string): HeaderValue;
  /** Sets a header on the message until `takeBack`. `''` removes the header for that time. */
  lend(message: OutgoingMessage, name: string, value: string): void;
  /** Restores the headers that the message had, whether or not they have been written since. */
  takeBack(message: OutgoingMessage): void;
  /** The size of the lines, in bytes. */
  size(message: OutgoingMessage): number;
  /** The number of lines. */
  count(message: OutgoingMessage): number;
}

/**
 * @param prototype the prototype of `OutgoingMessage`. Node's own methods are called, so that methods with which the
 *   application has replaced them on its request are not called for our headers
 */
export function createOutHeaders(prototype: OutgoingMessage): OutHeaders {
  /** `null` if this version of Node stores the headers in another way; `undefined` until a request has had one. */
  let key: symbol | null | undefined;
  /**
   * The last entry is the newest. Converting a value of the application's to text may run code that makes another
   * request.
   */
  const lent: Lent[] = [];

  /** `undefined` if the headers cannot be accessed; `null` or `undefined` if there are none. */
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

  /** The header that the application has set, with the letter case of its name. */
  function ownHeader(message: OutgoingMessage, name: string): Entry | undefined {
    const entries = entriesOf(message);
    if (entries) return entries[name];
    const value = prototype.getHeader.call(message, name);
    if (value === undefined) return undefined;
    // The type definitions lack this method.
    const { getRawHeaderNames } = prototype as { getRawHeaderNames?(): string[] };
    return [getRawHeaderNames?.call(message).find((one) => isNamed(one, name)) ?? name, value];
  }

  return {
    get,
    lend(message, name, value) {
      const own = ownHeader(message, name);
      if (value !== '') prototype.setHeader.call(message, name, value);
      // Node writes no line for an empty array, and the header keeps its position.
      else if (own !== undefined) prototype.setHeader.call(message, name, []);
      lent.push({ message, name, own });
    },
    takeBack(message) {
      if (lent.length === 0) return;
      const { _header: header } = message as Written;
      // Node throws if a header is changed after it was written.
      (message as Written)._header = null;
      while (lent.at(-1)?.message === message) {
        const { name, own } = lent.pop() as Lent;
        if (own === undefined) prototype.removeHeader.call(message, name);
        else prototype.setHeader.call(message, own[0], own[1] as string);
      }
      (message as Written)._header = header;
    },
    count(message) {
      let count = 0;
      for (const name of prototype.getHeaderNames.call(message)) {
        const value = get(message, name);
        count += Array.isArray(value) ? value.length : 1;
      }
      return count;
    },
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

/**
 * Finds the key without constructing a message, because the application may have replaced any function that this would
 * call.
 */
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
