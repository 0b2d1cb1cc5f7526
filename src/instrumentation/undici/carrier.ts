/**
 * How undici's own `Request` (`lib/core/request.js`) is read and written: in place, so nothing of the caller's is
 * touched. `addHeader` is not used: it never looks for what is there, and 6.11.0 lacked it.
 */
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import {
  type Destination,
  destinationOfURL,
  hostBehind,
  isAbsolute,
  originOf,
} from '../../policy/destinations.ts';
import type { HeaderValue, OutgoingCarrier } from '../../propagator.ts';
import { asHeaderValue, removeFromList, withValue } from '../header-list.ts';

/** The method, ` HTTP/1.1\r\n`, and the `Host` and `Connection` lines that undici adds when it writes. */
const REQUEST_LINE_OVERHEAD = 128;

/** undici 5, and Node 18: one string. */
interface TextRequest extends UndiciRequest {
  headers: string;
}
/** undici 6 to 8, and Node 20 on: `[name, value, ...]`, a value being a string or an array of them. */
interface ListRequest extends UndiciRequest {
  headers: unknown[];
}
export interface UndiciRequest {
  readonly origin?: string | URL | null;
  readonly path: string;
  readonly method: string;
  /** The `Host` that the application or an interceptor has set; it is not among the headers. */
  readonly host?: string | null;
  headers?: unknown;
  addHeader?: AddHeader;
}
export type AddHeader = (this: UndiciRequest, name: string, value: string) => unknown;

function destinationKey({ origin, path, host }: UndiciRequest): string {
  const key = host ? `${origin}|${host}` : String(origin);
  return isAbsolute(path) ? `${key}|${originOf(path) ?? ''}` : key;
}

function destination({ origin, path, host }: UndiciRequest): Destination | undefined {
  const connected = originOf(String(origin));
  if (connected === undefined) return undefined;
  const first = destinationOfURL(new URL(connected));
  if (!isAbsolute(path)) return hostBehind(first, host);
  const target = originOf(path);
  return target === undefined ? undefined : { ...destinationOfURL(new URL(target)), via: first };
}

/** @returns `undefined` where this version of undici keeps its headers in a form that is not known */
export function carrierOf({ headers }: UndiciRequest): OutgoingCarrier<UndiciRequest> | undefined {
  if (Array.isArray(headers)) return listCarrier as OutgoingCarrier<UndiciRequest>;
  return typeof headers === 'string' ? (textCarrier as OutgoingCarrier<UndiciRequest>) : undefined;
}

const listCarrier: OutgoingCarrier<ListRequest> = {
  seam: 'undici',
  destinationKey,
  destination,
  target: ({ path }) => path,
  header({ headers }, name): HeaderValue {
    let found: HeaderValue;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      if (isNamed(headers[i], name)) found = withValue(found, headers[i + 1]);
    }
    return found;
  },
  size({ headers, path }) {
    let size = path.length + REQUEST_LINE_OVERHEAD;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const value = headers[i + 1];
      const count = Array.isArray(value) ? value.length : 1;
      size += count * (String(headers[i]).length + 4) + String(value).length;
    }
    return size;
  },
  write({ headers }, trace, baggage) {
    removeFromList(headers, TRACE_HEADER);
    if (trace) headers.push(TRACE_HEADER, trace);
    if (baggage === undefined) return;
    removeFromList(headers, BAGGAGE_HEADER);
    if (baggage !== '') headers.push(BAGGAGE_HEADER, baggage);
  },
};

const textCarrier: OutgoingCarrier<TextRequest> = {
  seam: 'undici 5',
  destinationKey,
  destination,
  target: ({ path }) => path,
  header({ headers }, name): HeaderValue {
    const values = linesOf(headers)
      .filter((line) => isNamed(line.slice(0, line.indexOf(':')), name))
      .map((line) => line.slice(line.indexOf(':') + 1).trim());
    return asHeaderValue(values);
  },
  size: ({ headers, path }) => headers.length + path.length + REQUEST_LINE_OVERHEAD,
  write(request, trace, baggage) {
    const kept = linesOf(request.headers).filter((line) => {
      const name = line.slice(0, line.indexOf(':'));
      return !isNamed(name, TRACE_HEADER) && (baggage === undefined || !isNamed(name, BAGGAGE_HEADER));
    });
    if (trace) kept.push(`${TRACE_HEADER}: ${trace}`);
    if (baggage) kept.push(`${BAGGAGE_HEADER}: ${baggage}`);
    request.headers = `${kept.join('\r\n')}\r\n`;
  },
};

function linesOf(headers: string): string[] {
  return headers.split('\r\n').filter((line) => line !== '');
}
