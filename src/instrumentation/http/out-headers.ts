/**
 * The headers of a request of node:http until they are written: `{name: [Name, value]}` without a prototype, under the
 * symbol `kOutHeaders` (`_http_outgoing.js`, Node 8 to 26). They are read there: Node's methods check each name anew, copy
 * it to lower case, and make an array of all names to list them. They are set by Node's: where a request has no headers of
 * the application's, V8 takes three microseconds for the one `Host` that Node sets, but not once it has seen other names.
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
  /** What the application had there. */
  readonly own: Entry | undefined;
}
/** `null` until it is written (`_http_outgoing.js`, Node 8 to 26). */
type Written = OutgoingMessage & { _header?: string | null | undefined };

export interface OutHeaders {
  /** In any letter case. `name` is lower case. */
  get(message: OutgoingMessage, name: string): HeaderValue;
  /** Has the message carry a header, or none of that name (`''`), until `takeBack`. */
  lend(message: OutgoingMessage, name: string, value: string): void;
  /** Gives a message the headers that it had, whether or not they have been written since. */
  takeBack(message: OutgoingMessage): void;
  /** The bytes of their lines. */
  size(message: OutgoingMessage): number;
  /** How many lines they are. */
  count(message: OutgoingMessage): number;
}

/**
 * @param prototype that of `OutgoingMessage`: Node's own methods, as what an application has put over them on its
 *   request is not called for ours
 */
export function createOutHeaders(prototype: OutgoingMessage): OutHeaders {
  /** `null` where a version of Node keeps them in another way; `undefined` until a request has had one. */
  let key: symbol | null | undefined;
  /** The last is the newest. A value of the application's may make a request of its own while it is written. */
  const lent: Lent[] = [];

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

  /** With its name as the application wrote it. */
  function ownHeader(message: OutgoingMessage, name: string): Entry | undefined {
    const entries = entriesOf(message);
    if (entries) return entries[name];
    const value = prototype.getHeader.call(message, name);
    if (value === undefined) return undefined;
    // Missing in the types.
    const { getRawHeaderNames } = prototype as { getRawHeaderNames?(): string[] };
    return [getRawHeaderNames?.call(message).find((one) => isNamed(one, name)) ?? name, value];
  }

  return {
    get,
    lend(message, name, value) {
      const own = ownHeader(message, name);
      if (value !== '') prototype.setHeader.call(message, name, value);
      // Node writes nothing of it, and it keeps its place.
      else if (own !== undefined) prototype.setHeader.call(message, name, []);
      lent.push({ message, name, own });
    },
    takeBack(message) {
      if (lent.length === 0) return;
      const { _header: header } = message as Written;
      // Node refuses to change what has been written.
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
