/**
 * Reads and writes undici's own `Request` (`lib/core/request.js`). It is changed in place, so no object of the caller
 * is changed. `addHeader` is not used, because it does not check for an existing header and 6.11.0 lacks it.
 */
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from '../../headers/names.ts';
import { type HeaderValue, MAX_REQUEST_HEADERS, type OutgoingCarrier } from '../../outgoing-carrier.ts';
import type { Destination } from '../../policy/destinations.ts';
import { destinationOf, destinationOfURL, isAbsolute, originOf } from '../../policy/request-names.ts';
import { asHeaderValue, removeFromList, withValue } from '../header-list.ts';

/** The size of the method, ` HTTP/1.1\r\n`, and the `Host` and `Connection` lines that undici adds when it writes. */
const REQUEST_LINE_OVERHEAD = 128;
/**
 * The most headers of the application's own. It leaves room for our two, and for `Host`, `Connection` and a length that
 * undici adds.
 */
const MOST_HEADERS = MAX_REQUEST_HEADERS - 5;

/** undici 5, and Node 18: the headers are one string. */
interface TextRequest extends UndiciRequest {
  headers: string;
}
/** undici 6 to 8, and Node 20 on: the headers are `[name, value, ...]`. A value is a string or an array of strings. */
interface ListRequest extends UndiciRequest {
  headers: unknown[];
}
export interface UndiciRequest {
  readonly origin?: string | URL | null;
  readonly path: string;
  readonly method: string;
  /** The `Host` that the application or an interceptor has set. It is not among the headers. */
  readonly host?: string | null;
  headers?: unknown;
  addHeader?: AddHeader;
}
export type AddHeader = (this: UndiciRequest, name: string, value: string) => unknown;

/** All values that the decision depends on. None of them can contain a line break. */
function destinationKey({ origin, path, host }: UndiciRequest): string {
  const key = host ? `undici ${origin}\n${host}` : `undici ${origin}`;
  return isAbsolute(path) ? `${key}\n\n${originOf(path) ?? ''}` : key;
}

function destination({ origin, path, host }: UndiciRequest): Destination | undefined {
  const connected = originOf(String(origin));
  if (connected === undefined) return undefined;
  return destinationOf(destinationOfURL(new URL(connected)), path, host ?? undefined);
}

/** @returns `undefined` if this version of undici keeps its headers in an unknown form */
export function carrierOf({ headers }: UndiciRequest): OutgoingCarrier<UndiciRequest> | undefined {
  if (Array.isArray(headers)) return listCarrier as OutgoingCarrier<UndiciRequest>;
  return typeof headers === 'string' ? (textCarrier as OutgoingCarrier<UndiciRequest>) : undefined;
}

const listCarrier: OutgoingCarrier<ListRequest> = {
  seam: 'undici',
  destinationKey,
  destination,
  method: ({ method }) => method,
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
    let lines = 0;
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const value = headers[i + 1];
      const count = Array.isArray(value) ? value.length : 1;
      lines += count;
      size += count * (String(headers[i]).length + 4) + String(value).length;
    }
    return lines > MOST_HEADERS ? Number.POSITIVE_INFINITY : size;
  },
  write({ headers }, trace, baggage) {
    if (trace !== undefined) removeFromList(headers, TRACE_HEADER);
    if (trace) headers.push(TRACE_HEADER, trace);
    if (baggage !== undefined) removeFromList(headers, BAGGAGE_HEADER);
    if (baggage) headers.push(BAGGAGE_HEADER, baggage);
  },
};

/** For a message about a request whose headers cannot be read. */
export const unreadableCarrier: OutgoingCarrier<UndiciRequest> = {
  seam: 'undici',
  destinationKey,
  destination,
  method: ({ method }) => method,
  target: ({ path }) => path,
  header: () => undefined,
  size: () => Number.POSITIVE_INFINITY,
  write: () => undefined,
};

const textCarrier: OutgoingCarrier<TextRequest> = {
  seam: 'undici 5',
  destinationKey,
  destination,
  method: ({ method }) => method,
  target: ({ path }) => path,
  header({ headers }, name): HeaderValue {
    const values = linesOf(headers)
      .filter((line) => isNamed(line.slice(0, line.indexOf(':')), name))
      .map((line) => line.slice(line.indexOf(':') + 1).trim());
    return asHeaderValue(values);
  },
  size: ({ headers, path }) =>
    linesOf(headers).length > MOST_HEADERS
      ? Number.POSITIVE_INFINITY
      : headers.length + path.length + REQUEST_LINE_OVERHEAD,
  write(request, trace, baggage) {
    const kept = linesOf(request.headers).filter((line) => {
      const name = line.slice(0, line.indexOf(':'));
      return (
        (trace === undefined || !isNamed(name, TRACE_HEADER)) &&
        (baggage === undefined || !isNamed(name, BAGGAGE_HEADER))
      );
    });
    if (trace) kept.push(`${TRACE_HEADER}: ${trace}`);
    if (baggage) kept.push(`${BAGGAGE_HEADER}: ${baggage}`);
    request.headers = `${kept.join('\r\n')}\r\n`;
  },
};

function linesOf(headers: string): string[] {
  return headers.split('\r\n').filter((line) => line !== '');
}
